"""What was missing: asked for where a need goes outside the region, where it is given up, and by hand [C33]."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Seg, Suggest, TextField, YenField
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.models import Gap, GapKind, Need
from renkei.cases.models.case import Case
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.plan.queries import content_now

MOST_SUGGESTED = 100
UNSOLVED = "not_possible"  # the reason of an end that says: it could not be done


class GapForm(ActForm):
    """Say what was missing."""

    slug, heading, button = "gap", _("足りなかったものを記録する"), _("記録する")
    done = _("足りなかったものを記録しました。年度の一覧に並びます。")
    say = _("すべての機関が読みます。会社の名前や、分かる言葉は書かないでください。")
    rule = "cases the body runs or took"
    subject_model = Need

    kind = choice(_("何が足りなかったか"), GapKind.choices, widget=Seg)
    what = TextField(label=_("足りなかったもの"), max_length=100, error_messages={"required": _("足りなかったものを、ひとことで書いてください。")},
                     help_text=_("例：2メートルを超える部品が入る恒温槽。前に書かれたものは一覧から選べます。"))  # fmt: skip
    tech_field = choice(_("技術分野"), required=False, widget=forms.Select)
    words = TextField(label=_("どう足りなかったか"), rows=3, max_length=400, required=False)
    yen = YenField(label=_("おおよその費用"), required=False, help_text=_("分かれば。例：1,200万円"))
    sure = forms.BooleanField(label=_("知らせを読んで確かめた。このままでよい（知らせが出たときだけ）"), required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs or took the case, also once it is closed."""
        return subject is not None and Case.objects.inside(actor).filter(pk=case.pk).exists()

    def prepare(self) -> None:
        """Offer what was missing before, the most felt first, and the plan's fields."""
        said = Gap.objects.visible_to(self.actor).values("what").annotate(n=Count("pk")).order_by("-n", "what")
        self.fields["what"].widget = Suggest([one["what"] for one in said[:MOST_SUGGESTED]])
        self.pick("tech_field").choices = [("", _("選ばない")), *((one.code, one.name) for one in content_now().vocabulary("tech_fields"))]
        self.fields["tech_field"].initial = next(iter([*self.subject.tech_fields, *self.case.tech_fields]), "")

    def run(self) -> Any:
        """Write it down."""
        data = self.cleaned_data
        missing = Missing(data["kind"], data["what"], data["tech_field"], data["words"], data["yen"])
        return record_gap(self.subject, missing, by=self.actor, sure=data["sure"])


def gap_page(actor: Actor, case: Case, needs: list[Need]) -> str:
    """Return the address that asks what was missing for the first of ``needs`` without a gap; nothing when all have one."""
    without = next((one for one in needs if not one.gaps.exists()), None)
    return reverse("desk-case-gap", kwargs={"body": actor.body, "case": case.pk, "subject": without.pk}) if without is not None else ""
