"""From interest to contract: the firm's consent, the offer, the meeting, what became of it [C46]."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, Options, TextField
from renkei.cases.actions.matching import ask_firm, offer_to, record_meeting, record_outcome
from renkei.cases.models import Match, Outcome
from renkei.cases.models.case import Case
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import due
from renkei.desk.cases.acts.act import choice
from renkei.desk.cases.acts.disclosing import NeedAct
from renkei.plan.queries import provisions_on


class MatchAct(NeedAct):
    """What the deeds on one candidate share."""

    subject_model = Match
    template = "desk/cases/match_act.html"


class MatchConsentForm(MatchAct):
    """Ask the firm whether this body may know it."""

    slug, heading, button = "match-consent", _("会社に同意を聞く"), _("会社に聞く")
    done = _("会社に聞きました。状況の画面とメールで返事を待ちます。")
    say = _("機関が書いた「できること」を、会社がそのまま読みます。")

    classes = forms.MultipleChoiceField(
        label=_("見せるもの"), choices=DisclosureClass.choices, widget=Checks, initial=["summary"],
        error_messages={"required": _("見せるものを選んでください。"), "invalid_choice": _("選び直してください。")},
    )  # fmt: skip
    purpose = TextField(label=_("何のために見せるか"), max_length=200, required=False)

    def prepare(self) -> None:
        """The purpose is the need, in the words the firm has confirmed."""
        self.fields["purpose"].initial = self.subject.need.public_title or self.subject.need.title

    def run(self) -> Any:
        """Ask."""
        return ask_firm(self.subject, by=self.actor, classes=self.cleaned_data["classes"], purpose=self.cleaned_data["purpose"])


class MatchOfferForm(MatchAct):
    """Ask the body for its service, with what the firm has consented to."""

    slug, heading, button = "match-offer", _("支援を頼む"), _("頼む")
    done = _("頼みました。5分のあいだは取り消せます。")
    say = _("会社が同意した区分だけを見せます。")

    service = choice(_("頼む支援"))
    ask = TextField(label=_("お願いしたいこと"), rows=3, max_length=1000)
    due_on = JapaneseDateField(label=_("返事の期限"), earliest_today=True)

    def prepare(self) -> None:
        """Offer what the plan says this body does; what it said it can do is the first wording."""
        provisions = provisions_on().filter(body_id=self.subject.body_id).select_related("service")
        own = [(one.service_id, one.service.name) for one in provisions]
        self.pick("service").choices = own
        if len(own) == 1:
            self.fields["service"].initial = own[0][0]
        asked = self.subject.asked
        self.fields["ask"].initial = (asked.offer if asked else "") or self.subject.need.title
        self.fields["due_on"].initial = due("offer_answer")

    def run(self) -> Any:
        """Send it."""
        data = self.cleaned_data
        return offer_to(self.subject, by=self.actor, service=data["service"], ask=data["ask"], due_on=data["due_on"])


class MeetingForm(MatchAct):
    """Write down when firm and body meet, and later what came out."""

    slug, heading, button = "match-meeting", _("面談を記録する"), _("記録する")
    done = _("面談を記録しました。")

    met_on = JapaneseDateField(label=_("面談の日"))
    text = TextField(label=_("面談の結果"), rows=4, max_length=1000, required=False, help_text=_("会ってから書けます。"))

    def prepare(self) -> None:
        """Start from what stands."""
        self.initial = {"met_on": self.subject.met_on, "text": self.subject.met_text}

    def run(self) -> Any:
        """Save it."""
        return record_meeting(self.subject, by=self.actor, met_on=self.cleaned_data["met_on"], text=self.cleaned_data["text"])


class OutcomeForm(MatchAct):
    """Write down what became of it."""

    slug, heading, button = "match-outcome", _("どうなったか"), _("記録する")
    done = _("結果を記録しました。")

    outcome = choice(_("結果"), Outcome.choices, widget=Options)
    text = TextField(label=_("内容・理由"), rows=3, max_length=400, required=False, help_text=_("契約に至らなかったときは、理由を書いてください。"))
    happened_on = JapaneseDateField(label=_("いつのこと"), latest_today=True, required=False, help_text=_("空なら今日です。"))

    def prepare(self) -> None:
        """Start from what stands."""
        self.initial = {"outcome": self.subject.outcome, "text": self.subject.outcome_text, "happened_on": self.subject.outcome_on}

    def run(self) -> Any:
        """Save it."""
        data = self.cleaned_data
        return record_outcome(self.subject, by=self.actor, outcome=data["outcome"], text=data["text"], happened_on=data["happened_on"])


def open_match_acts(match: Match, *, is_open: bool, actor: Actor, case: Case) -> list[type[NeedAct]]:
    """Return the deeds a candidate's row offers: before the firm's consent it is asked, afterwards work begins."""
    from renkei.desk.cases.acts.disclosing import ReplyForm  # noqa: PLC0415  only for the row
    from renkei.desk.cases.acts.secrecy import MatchNdaForm  # noqa: PLC0415  only for the row

    after: list[type[NeedAct]] = [MatchOfferForm, MatchNdaForm, MeetingForm, OutcomeForm]
    acts = [ReplyForm, *(after if is_open else [MatchConsentForm, OutcomeForm])]
    return [one for one in acts if one.allowed(actor, case, match)]
