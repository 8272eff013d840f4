"""Deeds on many chosen cases: choose, say what, look at the summary, do it, read what became of each."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, TextField
from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.cases.actions.bulk import MOST_CASES, Assign, Close, Order, Remind, Step, do_all, try_all
from renkei.cases.models import Case
from renkei.cases.queries.finding import as_id
from renkei.cases.states import NeedState
from renkei.desk.cases.acts.act import choice
from renkei.desk.colleagues import people_choices
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now


class BulkForm(forms.Form):
    """What is to be done to all of them."""

    use_required_attribute = False
    heading: ClassVar[Any] = ""
    button: ClassVar[Any] = ""

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        self.prepare(actor)

    def prepare(self, actor: Actor) -> None:
        """Fill the choices."""

    def order(self) -> Order:
        """Return what was asked for."""
        raise NotImplementedError

    def offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        """Set the choices of a field."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = choices


class AssignForm(BulkForm):
    """Name one person of one's own body."""

    heading, button = _("担当の人を決める"), _("担当を決める")
    person = choice(_("担当の人"))

    def prepare(self, actor: Actor) -> None:
        """Offer the people of the body."""
        self.offer("person", people_choices(str(actor.body), actor))

    def order(self) -> Order:
        """Return whom."""
        return Assign(uuid.UUID(self.cleaned_data["person"]))


class StepForm(BulkForm):
    """One day for all, or so many business days more for each."""

    heading, button = _("次の一手の日を決める"), _("次の一手を決める")
    what = TextField(label=_("次にすること（空なら、それぞれいまのまま）"), max_length=200, required=False)
    on = JapaneseDateField(label=_("同じ日にする"), required=False, earliest_today=True)
    later = forms.IntegerField(label=_("または、それぞれ何営業日延ばすか"), required=False, min_value=1, max_value=60, error_messages={
        "invalid": _("数字で入れてください。"), "min_value": _("1から60までの数を入れてください。"), "max_value": _("1から60までの数を入れてください。")})

    def clean(self) -> dict[str, Any]:
        """One of the two, not both."""
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("on")) == bool(cleaned.get("later")):
            self.add_error("on", say("同じ日か、延ばす営業日の、どちらか一方を入れてください。"))
        return cleaned

    def order(self) -> Order:
        """Return when."""
        return Step(self.cleaned_data["what"], self.cleaned_data["on"], self.cleaned_data["later"] or 0)


class CloseForm(BulkForm):
    """One reason and one word for all."""

    heading, button = _("案件を終える"), _("終える")
    reason = choice(_("終える理由"))
    words = TextField(label=_("どう終わったか"), rows=3, max_length=1000)
    result = choice(_("結果"), required=False)
    needs = choice(_("片づいていない課題"), [("", _("あれば終えない")), (NeedState.SETTLED, _("解決にする")), (NeedState.DROPPED, _("取りやめにする"))], required=False)
    answer = TextField(label=_("会社への言葉（空なら決まった文）"), rows=3, max_length=4000, required=False)

    def prepare(self, actor: Actor) -> None:
        """Offer the plan's reasons and results."""
        del actor
        content = content_now()
        self.offer("reason", [(one.code, one.name) for one in content.vocabulary("close_reasons") if one.code != "merged"])
        self.offer("result", [("", _("まだ分からない")), *((one.code, one.name) for one in content.vocabulary("results"))])

    def order(self) -> Order:
        """Return how."""
        return Close(**self.cleaned_data)


class RemindForm(BulkForm):
    """One word for all that owe an answer."""

    heading, button = _("返事をうながす"), _("うながす")
    words = TextField(label=_("添える言葉（空でもよい）"), rows=2, max_length=200, required=False, help_text=_(
        "返事を待っている機関の知らせに出て、その日の1通のメールに入ります。依頼やうながしから2営業日たっていないところと、質問への答えを待っているところには送りません。"))

    def order(self) -> Order:
        """Return the word."""
        return Remind(self.cleaned_data["words"])


DEEDS: dict[str, type[BulkForm]] = {"assign": AssignForm, "step": StepForm, "close": CloseForm, "remind": RemindForm}


@require_POST
def bulk(request: StaffRequest, body: str) -> HttpResponse:
    """Go from the chosen rows to the words, to the summary, to the deed; nothing changes before the last."""
    form_class = DEEDS.get(request.POST.get("deed", ""))
    if form_class is None:
        raise Http404
    chosen = _chosen(request)
    context: dict[str, Any] = {"body": body, "cases": chosen, "deed": request.POST["deed"], "form_class": form_class, "most": MOST_CASES}
    stage = request.POST.get("stage", "")
    form = form_class(request.POST if stage else None, actor=request.actor)
    context |= {"form": form, "heading": form_class.heading}
    if not chosen or len(chosen) > MOST_CASES or not stage or not form.is_valid():
        return render(request, "desk/cases/bulk.html", context)
    try:
        if stage == "do":
            outcomes = do_all(chosen, form.order(), by=request.actor, versions=_versions(request))
            return render(request, "desk/cases/bulk_done.html", context | _parted(outcomes))
        outcomes = try_all(chosen, form.order(), by=request.actor)
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return render(request, "desk/cases/bulk.html", context)
    kept = [(name, value) for name, value in request.POST.items() if name in form.fields]
    return render(request, "desk/cases/bulk_check.html", context | _parted(outcomes) | {"kept": kept, "button": form_class.button})


def _chosen(request: StaffRequest) -> list[Case]:
    """Return the chosen cases the actor may see; ``every`` takes all rows of the page."""
    names = request.POST.getlist("row" if "every" in request.POST else "case")
    ids = {key for one in names[: MOST_CASES + 1] if (key := as_id(one))}
    seen = Case.objects.visible_to(request.actor).filter(pk__in=ids).select_related("company", "holder", "holder_person")
    return list(seen.order_by("next_on", "number"))


def _versions(request: StaffRequest) -> dict[uuid.UUID, int]:
    pairs = (one.partition(":") for one in request.POST.getlist("version"))
    return {key: number for one, _mark, version in pairs if (key := as_id(one)) and (number := whole_number(version)) is not None}


def _parted(outcomes: list[Any]) -> dict[str, Any]:
    good = [one for one in outcomes if not one.problem]
    told = list(dict.fromkeys(name for one in good for name in one.told))
    return {"good": [one.case for one in good], "bad": [one for one in outcomes if one.problem], "told": told,
            "told_of": {one.case.pk: "、".join(one.told) for one in good}}  # fmt: skip
