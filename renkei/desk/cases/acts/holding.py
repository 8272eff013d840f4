"""Who moves next: the next step, who takes the case, and handing it over with its pack."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, JapaneseTimeField, PhoneField, Seg, TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.holding import (
    Pack,
    accept_handover,
    decline_handover,
    draft_pack,
    offer_handover,
    recall_handover,
    set_next_step,
    take_case,
)
from renkei.cases.actions.intake import refer_to_desk
from renkei.cases.models import Handover
from renkei.cases.models.case import Case
from renkei.cases.rules import receives, runs_case
from renkei.cases.states import HandoverState
from renkei.cases.steps import NextStep, due
from renkei.desk.cases.acts.act import ActForm, choice, people_of, person_id
from renkei.desk.colleagues import body_choices
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk

KINDS = [
    ("work", _("作業")), ("call", _("電話をかける")), ("visit", _("訪問・来所")), ("answer", _("会社に答える")),
    ("choose", _("決める")), ("wait", _("返事を待つ")),
]  # fmt: skip


class NextStepForm(ActForm):
    """Set the next step: what, when, who."""

    slug, heading, button = "next-step", _("次の一手を変える"), _("保存する")
    done = _("次の一手を保存しました。")
    template = "desk/cases/next_step.html"

    next_step = TextField(label=_("次にすること"), max_length=200)
    kind = choice(_("種類"), KINDS, widget=Seg, initial="work")
    next_on = JapaneseDateField(
        label=_("いつ"), earliest_today=True, error_messages={"required": _("日を入れてください。")}
    )
    next_time = JapaneseTimeField(label=_("時刻"), required=False, help_text=_("例：10時、13時30分"))
    next_phone = PhoneField(label=_("電話番号"), required=False, help_text=_("電話をかけるときに要ります。"))
    person = choice(_("動く人"), widget=forms.Select, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Start from what stands, a day gone by left out."""
        case = self.case
        self.pick("person").choices = people_of(case, self.actor, nobody=_("決めない"))
        self.initial = {
            "next_step": case.next_step, "kind": case.next_kind if case.next_kind in dict(KINDS) else "work",
            "next_on": None if case.is_late else case.next_on, "next_time": None if case.is_late else case.next_time,
            "next_phone": case.next_phone or case_phone(case), "version": case.version,
            "person": str(case.next_person_id or case.holder_person_id or ""),
        }  # fmt: skip

    def run(self) -> Any:
        """Save it, unless somebody saved in between."""
        data = self.cleaned_data
        step = NextStep(
            what=data["next_step"], on=data["next_on"], kind=data["kind"], at=data["next_time"],
            phone=data["next_phone"], person=person_id(data["person"]),
        )  # fmt: skip
        return set_next_step(self.case, step, by=self.actor, version=data["version"])


class TakeForm(ActForm):
    """Name the person who has the case in hand."""

    slug, heading, button = "take", _("担当を決める"), _("担当にする")
    done = _("担当を決めました。")
    rule = "cases the body holds"

    person = choice(_("担当"), widget=forms.Select)
    was = forms.CharField(required=False, widget=forms.HiddenInput)  # who had it when this was shown

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """The holder's own people."""
        del subject
        return case.is_open and case.holder_id == actor.body

    def prepare(self) -> None:
        """Propose whoever asks."""
        self.pick("person").choices = people_of(self.case, self.actor)
        self.fields["person"].initial = str(self.actor.person)
        self.fields["was"].initial = str(self.case.holder_person_id or "")

    def refuse(self, refusal: Refused) -> None:
        """Who was too late sees who has it now, and may press again."""
        super().refuse(refusal)
        if refusal.code == "taken_meanwhile":
            self.case.refresh_from_db()
            self.data = {**dict(self.data.items()), "was": str(self.case.holder_person_id or "")}

    def run(self) -> Any:
        """Take it."""
        person = person_id(self.cleaned_data["person"])
        if person is None:
            raise Refused(str(_("担当を選んでください。")), "no_person", field="person")
        was = self.cleaned_data["was"] if "was" in self.data else None
        return take_case(self.case, by=self.actor, person=person, was=was)


class ReferForm(ActForm):
    """Send a consultation one's body kept to the front desk."""

    slug, heading, button = "refer", _("窓口に回す"), _("窓口に回す")
    done = _("窓口に回しました。ここからは窓口が主担当です。")
    rule = "cases the body holds and the desk has not got"
    say = _("窓口が主担当になり、原文も窓口が読めるようになります。")

    note = TextField(label=_("窓口へのひとこと"), rows=3, max_length=400, required=False)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """A holder that is not the desk."""
        del subject
        return case.is_open and case.holder_id == actor.body and not is_front_desk(actor.body)

    def run(self) -> Any:
        """Refer it."""
        return refer_to_desk(self.case, by=self.actor, note=self.cleaned_data["note"])


class HandoverForm(ActForm):
    """Offer the case to another body, with a pack the system drafted and the giver edits."""

    slug, heading, button = "handover", _("引継ぎを頼む"), _("引継ぎを頼む")
    done = _("引継ぎを頼みました。相手が引き受けるまでは、いまの主担当のままです。")
    say = _("相手が引き受けるまで、主担当は変わりません。")

    to_body = choice(_("引き継ぐ相手"), widget=forms.Select)
    state = TextField(label=_("いまの状態"), rows=4, max_length=2000)
    promises = TextField(label=_("会社と約束したこと"), rows=3, max_length=2000, required=False)
    open_points = TextField(label=_("残っていること"), rows=3, max_length=2000, required=False)
    papers = forms.MultipleChoiceField(label=_("渡す書類"), widget=Checks, required=False)
    reason = TextField(label=_("引き継ぐ理由"), max_length=200)
    due_on = JapaneseDateField(label=_("返事の期限"), earliest_today=True)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case that is not on offer already."""
        offered = case.handovers.filter(state=HandoverState.OFFERED).exists()
        return super().allowed(actor, case, subject) and case.is_open and not offered

    def prepare(self) -> None:
        """Draft the pack."""
        bodies = Body.objects.filter(closed_on__isnull=True).exclude(pk=self.case.holder_id)
        self.pick("to_body").choices = [("", _("選んでください")), *body_choices(bodies)]
        pack = draft_pack(self.case, self.actor)
        self.initial = {
            "state": pack.state, "promises": pack.promises, "open_points": pack.open_points,
            "papers": list(pack.files), "due_on": due("handover_answer"),
        }  # fmt: skip
        self.names = list(pack.files)
        field = self.fields["papers"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(name, name) for name in self.names]
        if not self.names:
            del self.fields["papers"]

    def run(self) -> Any:
        """Offer it."""
        data = self.cleaned_data
        pack = Pack(
            state=data["state"], promises=data["promises"], open_points=data["open_points"], files=data.get("papers", [])
        )
        body = Body.objects.get(pk=data["to_body"])
        if is_front_desk(body.pk):
            self.done = _("窓口が引き継ぎました。")  # type: ignore[misc]  # the desk never refuses: it holds at once
        return offer_handover(
            self.case, to_body=body, by=self.actor, pack=pack, reason=data["reason"], due_on=data["due_on"]
        )


class HandoverAnswer(ActForm):
    """What both answers share."""

    rule = "handovers offered to the body"
    subject_model = Handover
    template = "desk/cases/handover_answer.html"

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """The body it was offered to, while it waits."""
        del case
        return receives(actor, subject) and subject.state == HandoverState.OFFERED


class AcceptHandoverForm(HandoverAnswer):
    """Take a case over: from now on this body holds it."""

    slug, heading, button = "handover-accept", _("引継ぎを引き受ける"), _("引き受ける")
    done = _("引き受けました。主担当になりました。")
    say = _("この機関が主担当になり、会社に伝わります。")

    next_step = TextField(label=_("次にすること"), max_length=200)
    next_on = JapaneseDateField(label=_("いつ"), earliest_today=True)

    def prepare(self) -> None:
        """Propose to call the firm."""
        self.initial = {"next_step": _("会社にあいさつし、引継ぎの内容を確かめる"), "next_on": due("first_answer")}

    def run(self) -> Any:
        """Accept."""
        data = self.cleaned_data
        step = NextStep(what=data["next_step"], on=data["next_on"], body=str(self.actor.body), person=self.actor.person)
        return accept_handover(self.subject, by=self.actor, next_step=step)


class DeclineHandoverForm(HandoverAnswer):
    """Decline a handover, with the reason."""

    slug, heading, button = "handover-decline", _("引継ぎを断る"), _("断る")
    done = _("断りました。主担当はいまのままです。")

    reason = TextField(label=_("断る理由"), rows=3, max_length=400)

    def run(self) -> Any:
        """Decline."""
        return decline_handover(self.subject, by=self.actor, reason=self.cleaned_data["reason"])

    def after(self, result: Any) -> str:
        """Go back to the requests: the case may be out of sight now."""
        del result
        return reverse("desk-requests", kwargs={"body": self.actor.body})


class RecallHandoverForm(ActForm):
    """Take a handover back that nobody has answered yet."""

    slug, heading, button = "handover-recall", _("引継ぎの頼みを取り消す"), _("取り消す")
    done = _("引継ぎの頼みを取り消しました。")
    subject_model = Handover

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while it waits."""
        return runs_case(actor, case) and subject.state == HandoverState.OFFERED

    def run(self) -> Any:
        """Recall it."""
        return recall_handover(self.subject, by=self.actor)


def case_phone(case: Case) -> str:
    """Return the telephone number the firm is reached at, as far as it was given."""
    said = case.consultations.order_by("-consulted_at").values_list("phone", flat=True)
    return next((phone for phone in said if phone), case.company.phone if case.company else "")

