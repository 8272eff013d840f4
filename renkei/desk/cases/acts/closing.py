"""Ending a case and taking it up again; two cases made one, one made two, each with its way back."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, Seg, TextField
from renkei.cases.actions.closing import close_case, confirm_close, give_feedback, reopen_case, return_close
from renkei.cases.actions.merging import merge_cases, split_case, unmerge, unsplit
from renkei.cases.actions.projects import record_project
from renkei.cases.models import Case, RegionalProject
from renkei.cases.models.regrouping import Regrouping
from renkei.cases.rules import runs_case
from renkei.cases.states import NeedState
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.desk.cases.acts.gaps import UNSOLVED, gap_page
from renkei.plan.models import Body, Field
from renkei.plan.queries import content_now


class CloseForm(ActForm):
    """End the case: reason, words, result, and what the firm is told."""

    slug, heading, button = "close", _("案件を終える"), _("案件を終える")
    done = _("案件を終えました。会社に結果と満足度をたずねます。")
    template = "desk/cases/close.html"

    reason = choice(_("終える理由"))
    words = TextField(label=_("終わり方"), rows=3, max_length=1000, help_text=_("あとで読む人のために、ひとことで。"))
    result = choice(_("結果"), widget=Seg, required=False)
    needs = choice(
        _("残っている課題"), [("settled", _("解決した")), ("dropped", _("取りやめた"))], widget=Seg, required=False
    )
    answer_to_company = TextField(
        label=_("会社への最後の言葉"), rows=4, max_length=2000, required=False,
        help_text=_("会社の状況の画面に、この文のまま出ます。"),
    )  # fmt: skip

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Offer the plan's reasons and results; merging has its own page."""
        content = content_now()
        self.pick("reason").choices = [(t.code, t.name) for t in content.vocabulary("close_reasons") if t.code != "merged"]
        self.pick("result").choices = [(t.code, t.name) for t in content.vocabulary("results")]
        if not self.case.needs.filter(state=NeedState.OPEN).exists():
            del self.fields["needs"]

    def run(self) -> Any:
        """Close it, or ask a second person when the plan says so."""
        data = self.cleaned_data
        if content_now().needs_second_person("close"):
            self.done = _("終わりの確認を、もう一人に頼みました。確かめるまでは進行中です。")  # type: ignore[misc]  # this time
        return close_case(
            self.case, by=self.actor, reason=data["reason"], words=data["words"], result=data["result"],
            answer_to_company=data["answer_to_company"], needs=data.get("needs", ""),
        )  # fmt: skip


    def after(self, result: Any) -> str:
        """Ask what was missing where it could not be done; else as always."""
        asked = gap_page(self.actor, self.case, list(self.case.needs.all())) if self.cleaned_data["reason"] == UNSOLVED else ""
        return asked or super().after(result)


class ConfirmCloseForm(ActForm):
    """The second person confirms the end."""

    slug, heading, button = "close-confirm", _("案件の終わりを確かめる"), _("確かめて終える")
    done = _("案件を終えました。")
    rule = "cases the body runs, by somebody other than who asked"

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Somebody else of those who run the case, while it waits to be confirmed."""
        return super().allowed(actor, case, subject) and case.is_open and case.close_asked_at is not None

    def run(self) -> Any:
        """Confirm it."""
        return confirm_close(self.case, by=self.actor)


class ReturnCloseForm(ActForm):
    """The second person does not confirm: the case goes on."""

    slug, heading, button = "close-return", _("終えずに続ける"), _("続ける")
    done = _("終えずに続けます。次の一手を決めてください。")

    reason = TextField(label=_("続ける理由"), rows=3, max_length=1000)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while the end waits to be confirmed."""
        return super().allowed(actor, case, subject) and case.is_open and case.close_asked_at is not None

    def run(self) -> Any:
        """Go on."""
        return return_close(self.case, by=self.actor, reason=self.cleaned_data["reason"])


class FeedbackForm(ActForm):
    """Write down what the firm said about the result, when it was asked by telephone."""

    slug, heading, button = "feedback", _("会社に聞いた結果を書く"), _("記録する")
    done = _("会社に聞いた結果を記録しました。")

    result = choice(_("結果"), widget=Seg)
    satisfaction = choice(
        _("満足度"),
        [("5", _("5 とても満足")), ("4", "4"), ("3", "3"), ("2", "2"), ("1", _("1 とても不満")), ("", _("聞いていない"))],
        widget=Seg, required=False,
    )  # fmt: skip
    words = TextField(label=_("会社の言葉"), rows=3, max_length=4000, required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs a closed case."""
        return super().allowed(actor, case, subject) and not case.is_open and case.merged_into_id is None

    def prepare(self) -> None:
        """Offer the plan's results."""
        self.pick("result").choices = [(t.code, t.name) for t in content_now().vocabulary("results")]
        self.initial = {"result": self.case.result, "satisfaction": str(self.case.satisfaction or "")}

    def run(self) -> Any:
        """Write it down."""
        data = self.cleaned_data
        satisfaction = int(data["satisfaction"]) if data["satisfaction"] else None
        return give_feedback(self.case, by=self.actor, result=data["result"], satisfaction=satisfaction, words=data["words"])


class ReopenForm(ActForm):
    """Take a closed case up again, with the reason."""

    slug, heading, button = "reopen", _("案件を再開する"), _("再開する")
    done = _("案件を再開しました。次の一手を決めてください。")

    reason = TextField(label=_("再開する理由"), rows=3, max_length=400)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs a closed case that was not merged away."""
        return super().allowed(actor, case, subject) and not case.is_open and case.merged_into_id is None

    def run(self) -> Any:
        """Reopen it."""
        return reopen_case(self.case, by=self.actor, reason=self.cleaned_data["reason"])


class MergeForm(ActForm):
    """Put another case of the same firm into this one; it can be undone."""

    slug, heading, button = "merge", _("ほかの案件をまとめる"), _("この案件にまとめる")
    done = _("まとめました。まとめた番号とリンクは、そのまま使えます。「分け直す」で元に戻せます。")
    say = _("進行中の課題がこの案件に移ります。番号とリンクはそのまま使え、あとで分け直せます。")

    other = choice(_("まとめる案件"))
    number = TextField(label=_("または受付番号"), max_length=30, required=False, help_text=_("例：県 8-0098"))

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Offer the firm's other open cases."""
        others = Case.objects.visible_to(self.actor).open().exclude(pk=self.case.pk)
        self.others = others.filter(company_id=self.case.company_id) if self.case.company_id else others.none()
        self.pick("other").choices = [(str(c.pk), f"{c.number}　{c.title}") for c in self.others[:20]]
        self.pick("other").required = False

    def clean(self) -> dict[str, Any]:
        """Find the other case by the choice or by its number, among what one may see."""
        data = super().clean() or {}
        visible = Case.objects.visible_to(self.actor).open().exclude(pk=self.case.pk)
        number = " ".join((data.get("number") or "").split())
        found = visible.filter(number=number).first() if number else None
        if not number and data.get("other"):
            found = visible.filter(pk=uuid.UUID(data["other"])).first()
        if number and found is None:
            self.add_error("number", _("その番号の進行中の案件は見つかりません。番号を確かめてください。"))
        elif found is None and not self.errors:
            self.add_error("other", _("まとめる案件を選ぶか、受付番号を入れてください。"))
        data["found"] = found
        return data

    def run(self) -> Any:
        """Merge it."""
        return merge_cases(self.case, self.cleaned_data["found"], by=self.actor)


class UnmergeForm(ActForm):
    """Undo a merge: the case stands by itself again."""

    slug, heading, button = "unmerge", _("分け直す"), _("分け直す")
    done = _("分け直しました。もとの案件に戻りました。")

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs a case that was merged away."""
        return super().allowed(actor, case, subject) and case.merged_into_id is not None

    def run(self) -> Any:
        """Undo it."""
        return unmerge(self.case, by=self.actor)


class SplitForm(ActForm):
    """Make a case of its own from some needs; it can be undone."""

    slug, heading, button = "split", _("案件を分ける"), _("新しい案件に分ける")
    done = _("新しい案件に分けました。「元に戻す」で戻せます。")
    say = _("選んだ課題と支援が、新しい番号の案件になります。")

    needs = forms.MultipleChoiceField(
        label=_("分ける課題"), widget=Checks,
        error_messages={"required": _("分ける課題を選んでください。"), "invalid_choice": _("選び直してください。")},
    )  # fmt: skip
    title = TextField(label=_("新しい案件の件名"), max_length=100)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case with more than one need."""
        return super().allowed(actor, case, subject) and case.is_open and case.needs.count() > 1

    def prepare(self) -> None:
        """Offer the needs that are open."""
        self.open_needs = {str(one.pk): one for one in self.case.needs.exclude(state=NeedState.DROPPED)}
        field = self.fields["needs"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(key, one.title) for key, one in self.open_needs.items()]

    def run(self) -> Any:
        """Split it."""
        chosen = [self.open_needs[key] for key in self.cleaned_data["needs"]]
        return split_case(self.case, needs=chosen, title=self.cleaned_data["title"], by=self.actor)

    def after(self, result: Any) -> str:
        """Go to the new case."""
        return reverse("desk-case", kwargs={"body": self.actor.body, "case": result.pk})


class UnsplitForm(ActForm):
    """Undo a split: the needs go back where they came from."""

    slug, heading, button = "unsplit", _("元の案件に戻す"), _("元に戻す")
    done = _("元の案件に戻しました。")
    rule = "cases the body runs that were split off"

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case that was split off."""
        return super().allowed(actor, case, subject) and case.is_open and was_split(case)

    def run(self) -> Any:
        """Undo it."""
        return unsplit(self.case, by=self.actor)


def was_split(case: Case) -> bool:
    """Tell whether the case was split off another."""
    return Regrouping.objects.filter(case=case, kind="split", undone_at__isnull=True).exists()


class ProjectForm(ActForm):
    """Record the firm's approved plan (地域経済牽引事業): the unit of the plan's targets."""

    slug, heading, button = "project", _("地域経済牽引事業を記録する"), _("記録する")
    done = _("地域経済牽引事業を記録しました。")
    say = _("承認日の年度に、1件と数えます。")

    number = TextField(label=_("承認番号"), max_length=60)
    approved_on = JapaneseDateField(label=_("承認日"), latest_today=True)
    title = TextField(label=_("事業名"), max_length=200)
    field_code = choice(_("分野"), widget=Seg)
    bodies = forms.ModelMultipleChoiceField(
        label=_("支援した機関"), queryset=Body.objects.none(), widget=Checks,
        error_messages={"required": _("支援した機関を選んでください。"), "invalid_choice": _("選び直してください。")},
    )  # fmt: skip

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case of a registered firm."""
        del subject
        return runs_case(actor, case) and case.company_id is not None

    def prepare(self) -> None:
        """Offer fields and bodies; those that supported the case are ticked."""
        self.pick("field_code").choices = [(one.pk, one.name) for one in Field.objects.order_by("code")]
        field = self.fields["bodies"]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101  narrows the declared type
        field.queryset = Body.objects.all()
        self.initial = {"bodies": list(self.case.supports.filter(state="done").values_list("body", flat=True))}

    def run(self) -> RegionalProject:
        """Record it."""
        data = self.cleaned_data
        return record_project(
            self.case, number=data["number"], approved_on=data["approved_on"], title=data["title"],
            field=Field.objects.get(pk=data["field_code"]), bodies=list(data["bodies"]), by=self.actor,
        )  # fmt: skip
