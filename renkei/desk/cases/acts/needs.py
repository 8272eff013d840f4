"""Needs of a case and the supports' progress."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Seg, TextField
from renkei.cases.actions.answers import finish_support, start_work, withdraw_support
from renkei.cases.actions.offers import recall
from renkei.cases.actions.triage import add_need, change_need, settle_need
from renkei.cases.models import Need, Support
from renkei.cases.models.case import Case
from renkei.cases.queries.ladder import in_vain
from renkei.cases.rules import runs_case, works_on
from renkei.cases.states import AT_WORK, NeedState, SupportState
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.desk.cases.acts.gaps import gap_page
from renkei.plan.models import Stage


class NeedForm(ActForm):
    """Add a need: one problem at one stage."""

    slug, heading, button = "need-add", _("課題を足す"), _("課題を足す")
    done = _("課題を足しました。")

    title = TextField(label=_("課題"), max_length=100, help_text=_("例：落下・振動・高温でも狂わないか"))
    stage = choice(_("段階"), widget=Seg)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Offer the plan's stages."""
        self.pick("stage").choices = [(one.pk, one.name) for one in Stage.objects.all()]

    def run(self) -> Any:
        """Add it."""
        return add_need(self.case, title=self.cleaned_data["title"], stage=self.cleaned_data["stage"], by=self.actor)


class ChangeNeedForm(NeedForm):
    """Change a need, also to an earlier stage."""

    slug, heading, button = "need", _("課題を直す"), _("保存する")
    done = _("課題を直しました。")
    say = _("段階は前にも戻せます。")
    subject_model = Need

    def prepare(self) -> None:
        """Start from what stands."""
        super().prepare()
        self.initial = {"title": self.subject.title, "stage": self.subject.stage_id}

    def run(self) -> Any:
        """Save it."""
        return change_need(self.subject, title=self.cleaned_data["title"], stage=self.cleaned_data["stage"], by=self.actor)


class SettleNeedForm(ActForm):
    """Settle or drop a need, or take it up again."""

    slug, heading, button = "need-settle", _("課題を片づける"), _("保存する")
    done = _("課題の状態を変えました。")
    subject_model = Need

    state = choice(_("状態"), widget=Seg)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs an open case."""
        return super().allowed(actor, case, subject) and case.is_open

    def prepare(self) -> None:
        """Offer the states it can go to."""
        self.pick("state").choices = [pair for pair in NeedState.choices if pair[0] != self.subject.state]

    def run(self) -> Any:
        """Change it."""
        return settle_need(self.subject, state=NeedState(self.cleaned_data["state"]), by=self.actor)

    def after(self, result: Any) -> str:
        """Ask what was missing for a need given up after bodies declined or it climbed; else as always."""
        given_up = self.cleaned_data["state"] == NeedState.DROPPED
        hard = given_up and (self.subject.escalations.exists() or bool(in_vain(self.subject.supports.all())))
        return (gap_page(self.actor, self.case, [self.subject]) if hard else "") or super().after(result)


class SupportAct(ActForm):
    """What the deeds on a support share."""

    rule = "supports of one's own body or of cases it runs"
    subject_model = Support
    template = "desk/cases/support_act.html"
    from_states: set[SupportState] = set()

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """The body at work or who runs the case, while the state lets it."""
        del case
        return works_on(actor, subject) and subject.state in cls.from_states


class StartForm(SupportAct):
    """Write down that the work has begun."""

    slug, heading, button = "support-start", _("支援を始める"), _("始める")
    done = _("支援を始めました。")
    from_states = {SupportState.ACCEPTED}

    def run(self) -> Any:
        """Start it."""
        return start_work(self.subject, by=self.actor)


class FinishForm(SupportAct):
    """Write down what came out, and end the support."""

    slug, heading, button = "support-finish", _("支援を終える"), _("終える")
    done = _("支援を終えました。")
    from_states = set(AT_WORK)

    text = TextField(label=_("したことと結果"), rows=4, max_length=2000)
    done_on = JapaneseDateField(label=_("終えた日"), latest_today=True, required=False, help_text=_("空なら今日です。"))
    helped = choice(
        _("会社の役に立ちましたか"), [("yes", _("役に立った")), ("no", _("立たなかった")), ("", _("まだ分からない"))],
        widget=Seg, required=False,
    )  # fmt: skip

    def run(self) -> Any:
        """Finish it."""
        data = self.cleaned_data
        helped = {"yes": True, "no": False}.get(data["helped"])
        return finish_support(self.subject, by=self.actor, text=data["text"], done_on=data["done_on"], helped=helped)


class WithdrawForm(SupportAct):
    """End a support that will not go on."""

    slug, heading, button = "support-withdraw", _("支援を取りやめる"), _("取りやめる")
    done = _("支援を取りやめました。")
    say = _("取りやめたことは、相手の機関に伝わります。")
    from_states = {SupportState.PROPOSED, SupportState.OFFERED, *AT_WORK}

    reason = TextField(label=_("取りやめる理由"), rows=3, max_length=400)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case; the body itself once it is at work."""
        own = subject.state in AT_WORK and works_on(actor, subject)
        return (runs_case(actor, case) or own) and subject.state in cls.from_states

    def run(self) -> Any:
        """Withdraw it."""
        return withdraw_support(self.subject, by=self.actor, reason=self.cleaned_data["reason"])


class RecallForm(SupportAct):
    """Take an offer back: within the window nobody has seen it, later it is an incident."""

    slug, heading, button = "support-recall", _("依頼を取り消す"), _("依頼を取り消す")
    done = _("依頼を取り消しました。")
    rule = "offers of cases the body runs"
    from_states = {SupportState.OFFERED}

    reason = TextField(
        label=_("取り消す理由"), rows=3, max_length=400, required=False,
        help_text=_("もう相手に届いているときは、開示の事故として記録します。理由を書いてください。"),
    )  # fmt: skip

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case."""
        return runs_case(actor, case) and subject.state in cls.from_states

    def run(self) -> Any:
        """Recall it."""
        return recall(self.subject, by=self.actor, reason=self.cleaned_data["reason"])

