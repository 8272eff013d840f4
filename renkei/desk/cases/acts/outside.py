"""Deeds on the third rung: ask somebody outside the region, write down what they said and what came of it [C36, C95]."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Checks, JapaneseDateField, Seg, TextField
from renkei.cases.actions.outside import answer_outside, ask_outside, end_outside, give_up_outside
from renkei.cases.models import Candidate, Escalation, Need, OutsideRequest, RungNumber
from renkei.cases.models.case import Case
from renkei.cases.queries.ladder import reachable, rung_of
from renkei.cases.states import DisclosureClass
from renkei.cases.steps import due
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.plan.queries import content_now


def leads_outside(actor: Actor, case: Case) -> bool:
    """Tell whether the actor's body leads outside the region and holds the case."""
    outside = rung_of(content_now(), RungNumber.OUTSIDE)
    return outside is not None and actor.is_staff and actor.body == outside.lead == case.holder_id


def uuid_of(text: str) -> uuid.UUID | None:
    """Return the id a text gives; None for anything else."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


class OutsideAskForm(ActForm):
    """Ask a member of a network, once the firm has said yes to the person."""

    slug, heading, button = "outside-ask", _("地域の外に頼む"), _("会社に確かめて頼む")
    done = _("会社に、この相手に見せてよいかを聞いています。会社がよいと言うと、相手にリンクが届きます。")
    say = _("会社が「よい」と言うまで、相手には何も届きません。")
    rule = "cases the body holds and leads outside the region"
    subject_model = Need

    member = choice(_("だれに"), widget=forms.Select)
    name = TextField(label=_("相手のお名前"), max_length=100, error_messages={"required": _("お名前を入れてください。")})
    email = TextField(label=_("メールアドレス"), max_length=254, error_messages={"required": _("メールアドレスを入れてください。")})
    ask = TextField(label=_("お願いしたいこと"), rows=4, max_length=1000)
    classes = forms.MultipleChoiceField(label=_("見せるもの"), widget=Checks, choices=DisclosureClass.choices, initial=["summary"],
                                        error_messages={"required": _("見せるものに印を付けてください。")})  # fmt: skip
    due_on = JapaneseDateField(label=_("返事の期限"), earliest_today=True)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who leads outside, for a need that is there."""
        return case.is_open and leads_outside(actor, case) and Escalation.objects.open().filter(need=subject, rung=RungNumber.OUTSIDE).exists()

    def prepare(self) -> None:
        """Offer whom the networks of today reach."""
        found = reachable(str(self.actor.body))
        self.pick("member").choices = [(f"{net.code}|{one.code}", f"{one.name}（{net.name}）") for net, one in found]
        self.fields["due_on"].initial = due("company_answer")
        self.fields["ask"].initial = self.subject.public_summary or self.subject.title

    def hint(self, given: QueryDict) -> None:
        """Start from somebody a body named in answer to a call."""
        wanted = [key for key in [uuid_of(given.get("candidate", ""))] if key]
        seen = Candidate.objects.visible_to(self.actor).filter(asked__inquiry__circulation__need=self.subject, pk__in=wanted)
        for one in seen.select_related("asked__body"):
            self.initial.update(name=one.name, email=one.contact if "@" in one.contact else "")
            told = {"body": one.asked.body.short, "who": one, "contact": one.contact, "note": one.note}
            self.say = gettext("%(body)sの心当たり：%(who)s　%(contact)s　%(note)s") % told  # type: ignore[assignment, misc]  # of this page alone
            member = next((f"{net.code}|{each.code}" for net, each in reachable(str(self.actor.body)) if each.name == one.organisation), None)
            self.initial.update({"member": member} if member else {})

    def run(self) -> Any:
        """Ask."""
        data = dict(self.cleaned_data)
        network, _sep, member = data.pop("member").partition("|")
        return ask_outside(self.subject, by=self.actor, network=network, member=member, **data)


class OutsideAct(ActForm):
    """What the deeds on one request share."""

    rule = "cases the body holds and leads outside the region"
    subject_model = OutsideRequest

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who leads outside, while the case is open."""
        return case.is_open and subject is not None and leads_outside(actor, case)


class OutsideAnswerForm(OutsideAct):
    """Write down what they said."""

    slug, heading, button = "outside-answer", _("地域の外からの返事"), _("記録する")
    done = _("返事を記録しました。")

    accepts = choice(_("返事"), [("yes", _("引き受ける")), ("no", _("引き受けられない"))], widget=Seg)
    words = TextField(label=_("内容・理由"), rows=3, max_length=1000)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """While the answer is to come."""
        return super().allowed(actor, case, subject) and subject.is_waiting

    def run(self) -> Any:
        """Write it down."""
        return answer_outside(self.subject, by=self.actor, accepts=self.cleaned_data["accepts"] == "yes", words=self.cleaned_data["words"])


class OutsideEndForm(OutsideAct):
    """Write down what came of it."""

    slug, heading, button = "outside-end", _("地域の外の支援の結果"), _("記録する")
    done = _("結果を記録しました。")

    result = TextField(label=_("結果"), rows=4, max_length=1000)
    helped = choice(_("会社の役に立ちましたか"), [("yes", _("役に立った")), ("no", _("立たなかった"))], widget=Seg)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Once they accepted, until the end."""
        return super().allowed(actor, case, subject) and subject.answer == "accepted" and subject.ended_on is None

    def run(self) -> Any:
        """Write it down."""
        return end_outside(self.subject, by=self.actor, result=self.cleaned_data["result"], helped=self.cleaned_data["helped"] == "yes")


class GiveUpForm(ActForm):
    """End the search outside without help."""

    slug, heading, button = "outside-give-up", _("地域の外に求めるのをやめる"), _("やめる")
    done = _("地域の外に求めるのをやめました。会社に結果を伝えてください。")
    rule = "cases the body holds and leads outside the region"
    subject_model = Need

    words = TextField(label=_("どうなったか"), rows=3, max_length=1000)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """As asking."""
        return OutsideAskForm.allowed(actor, case, subject)

    def run(self) -> Any:
        """End it."""
        return give_up_outside(self.subject, by=self.actor, words=self.cleaned_data["words"])
