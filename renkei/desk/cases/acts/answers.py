"""Answers from the desk's side: written down for a body after a call, and answers to a body's question."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Seg, TextField
from renkei.cases.actions.answers import answer_question, record_answer
from renkei.cases.models import Support
from renkei.cases.models.case import Case
from renkei.cases.rules import runs_case
from renkei.cases.states import SupportState
from renkei.desk.cases.acts.act import ActForm, choice
from renkei.plan.queries import content_now


class RecordAnswerForm(ActForm):
    """Write down what a body said on the telephone; it is told and can correct it."""

    slug, heading, button = "answer-record", _("電話の答えを記録する"), _("記録する")
    done = _("答えを記録しました。相手の機関に知らせます。違っていれば、相手が直せます。")
    rule = "offers of cases the body runs"
    say = _("相手の機関に知らせます。違っていれば、相手が直せます。")
    subject_model = Support
    template = "desk/cases/support_act.html"

    answer = choice(_("答え"), [("accept", _("引き受ける")), ("decline", _("断る"))], widget=Seg)
    answered_by = TextField(label=_("答えた方のお名前"), max_length=100)
    reason = choice(_("断る理由"), required=False)
    text = TextField(label=_("言われたこと"), rows=3, max_length=1000, required=False)
    happened_on = JapaneseDateField(label=_("いつ聞いたか"), latest_today=True, required=False, help_text=_("空なら今日です。"))

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while the body's answer is missing; a body answers for itself on its own page."""
        waits = subject.state in {SupportState.OFFERED, SupportState.EXPIRED} and subject.has_left
        return runs_case(actor, case) and waits and subject.body_id != actor.body

    def prepare(self) -> None:
        """Offer the plan's reasons."""
        self.pick("reason").choices = [(t.code, t.name) for t in content_now().vocabulary("decline_reasons")]

    def clean(self) -> dict[str, Any]:
        """A decline needs its reason."""
        data = super().clean() or {}
        if data.get("answer") == "decline" and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("理由を1つ選んでください。次を探す手がかりになります。"))
        return data

    def run(self) -> Any:
        """Record it."""
        data = self.cleaned_data
        return record_answer(
            self.subject, by=self.actor, answer=data["answer"], answered_by=data["answered_by"], reason=data["reason"],
            text=data["text"], happened_on=data["happened_on"],
        )  # fmt: skip


class AnswerQuestionForm(ActForm):
    """Answer what a body asked before it decides."""

    slug, heading, button = "question-answer", _("機関の質問に答える"), _("答えを送る")
    done = _("答えを送りました。")
    rule = "questions to cases the body runs"
    subject_model = Support
    template = "desk/cases/question.html"

    text = TextField(label=_("答え"), rows=4, max_length=1000)

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Who runs the case, while the question waits."""
        return runs_case(actor, case) and bool(subject.question) and subject.question_answered_at is None

    def run(self) -> Any:
        """Send it."""
        return answer_question(self.subject, by=self.actor, text=self.cleaned_data["text"])
