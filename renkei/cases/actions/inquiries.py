"""What a body answers to a need without a name, and what the worker makes of it.

The body never learns whose need it is, so its login cannot touch the case: it writes its own answer, and the worker, a
minute later at most, tells the holder, writes the step and moves the case on. The same way the questions leave: in
nobody's name, so that no mail leads to the holder.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.disclosable import check_giveaways, lock_open
from renkei.cases.actions.holding import bring_forward
from renkei.cases.models import Asked, Case, Inquiry, InquiryAnswer, Match, Verb, log_step
from renkei.cases.rules import require
from renkei.cases.steps import NextStep, due, fit, fit_name, save_case
from renkei.plan.queries import content_now


@transaction.atomic
def show_interest(asked: Asked, *, by: Actor, offer: str, who: str = "", conditions: str = "") -> Asked:
    """Say that the body could help: with what, who, on which conditions. The firm reads these words when it is asked.

    Refused: ``offer_empty``, ``too_long``, ``ended``, ``answered``, ``not_allowed``.
    """
    locked = lock_asked(asked, by=by)
    words = fit(offer, 1000, "offer")
    if not words:
        raise Refused(_("何ができそうかを、ひとことで書いてください。"), "offer_empty", field="offer")
    locked.offer, locked.who = words, fit_name(who, "who")
    locked.conditions = fit(conditions, 500, "conditions")
    return save_answer(locked, InquiryAnswer.INTERESTED, by=by)


@transaction.atomic
def show_no_interest(asked: Asked, *, by: Actor, reason: str) -> Asked:
    """Say no, with a reason of the plan. Refused: ``unknown_reason``, ``ended``, ``answered``, ``not_allowed``."""
    locked = lock_asked(asked, by=by)
    if reason not in {term.code for term in content_now().vocabulary("decline_reasons")}:
        raise Refused(_("理由を1つ選んでください。"), "unknown_reason", field="reason")
    locked.reason = reason
    return save_answer(locked, InquiryAnswer.NOT_INTERESTED, by=by)


@transaction.atomic
def ask_about(asked: Asked, *, by: Actor, question: str) -> Asked:
    """Ask before answering. Refused: ``question_empty``, ``too_long``, ``ended``, ``answered``, ``not_allowed``."""
    locked = lock_asked(asked, by=by)
    words = fit(question, 1000, "question")
    if not words:
        raise Refused(_("聞きたいことを書いてください。"), "question_empty", field="question")
    locked.question, locked.reply, locked.replied_on = words, "", None
    return save_answer(locked, InquiryAnswer.QUESTION, by=by)


@transaction.atomic
def reply_to_question(match: Match, *, by: Actor, text: str, sure: bool = False) -> Match:
    """Answer a body's question, still without a name. The body is told by the worker.

    Refused: ``text_empty``, ``giveaway``, ``no_question``, ``not_allowed``, ``case_closed``.
    """
    case = lock_open(match.case, by=by)
    asked = Asked.objects.select_for_update(of=("self",)).filter(match=match).first()
    if asked is None or not asked.is_asking:
        raise Refused(_("答えを待っている質問はありません。"), "no_question")
    words = fit(text, 1000, "text")
    if not words:
        raise Refused(_("答えを書いてください。"), "text_empty", field="text")
    check_giveaways(words, case, by=by, sure=sure)
    asked.reply, asked.replied_on, asked.told_on = words, clock.today(), None  # told anew
    asked.save()
    log_step(case, Verb.INTEREST, by=by, subject=match, before="question", after="replied", about_body=match.body_id)
    record(by, "inquiry.reply", asked, match, case, text=words)
    if case.next_kind == "answer":
        bring_forward(case, NextStep(what=written("名を伏せた尋ねへの返事を見る"), on=_due_of(asked), kind="wait"))
        save_case(case)
    return match


def tell_body(asked_id: uuid.UUID, *, by: Actor) -> bool:
    """Tell a body that it is asked, or that its question is answered. For the worker; twice tells once."""
    asked = _waiting(asked_id)
    if asked is None or asked.told_on is not None:
        return False
    asked.told_on = clock.today()
    asked.save(update_fields=["told_on"])
    mails.inquiry(asked, by=by, again=False)
    record(by, "inquiry.tell", asked)
    return True


def remind_body(asked_id: uuid.UUID, *, by: Actor) -> bool:
    """Ask a body once more, never after an answer and never while its question waits. For the worker."""
    asked = _waiting(asked_id)
    if asked is None or asked.reminded_on is not None or (asked.answer and asked.replied_on is None):
        return False
    asked.reminded_on = clock.today()
    asked.save(update_fields=["reminded_on"])
    mails.inquiry(asked, by=by, again=True)
    record(by, "inquiry.remind", asked)
    return True


def take_up(asked_id: uuid.UUID, *, by: Actor) -> bool:
    """Bring an answer into its case: the step, the holder's next step, its mail. For the worker; twice does it once."""
    match = Match.objects.filter(asked_id=asked_id).first()
    if match is None:
        return False
    case = Case.objects.select_for_update().get(pk=match.case_id)  # the case's row always first
    asked = Asked.objects.select_for_update(of=("self",)).select_related("body", "answered_by").get(pk=asked_id)
    if not asked.answer or asked.taken_up_at is not None:
        return False
    asked.taken_up_at = clock.now()
    asked.save(update_fields=["taken_up_at"])
    person = asked.answered_by
    who = staff(person.pk, asked.body_id, person.name) if person else by
    log_step(case, Verb.INTEREST, by=who, subject=match, after=asked.answer, reason=asked.reason, about_body=asked.body_id)
    record(by, "inquiry.take_up", asked, match, case, answer=asked.answer)
    if case.is_open:
        _move_on(case, asked, by=by)
    return True


def _move_on(case: Case, asked: Asked, *, by: Actor) -> None:
    """Put the holder's next step; a no moves nothing until the day on which all answers are looked at."""
    if asked.answer == InquiryAnswer.INTERESTED:
        words = written("%(body)sに関心あり。会社に同意を聞く") % {"body": asked.body.short}
        step = NextStep(what=words, on=due("first_answer"), kind="choose")
    elif asked.answer == InquiryAnswer.QUESTION:
        words = written("名を伏せた尋ねに、%(body)sから質問。答える") % {"body": asked.body.short}
        step = NextStep(what=words, on=due("first_answer"), kind="answer")
    elif asked.answer == InquiryAnswer.KNOWS:
        words = written("%(body)sに心当たりあり。だれに頼むかを決める") % {"body": asked.body.short}
        step = NextStep(what=words, on=due("first_answer"), kind="choose")
    else:
        return
    bring_forward(case, step)
    save_case(case)
    mails.tell_holder(case, by=by, purpose="interest", subject=written("名を伏せた尋ねに返事がありました"), words=written(
        "%(body)sから「%(answer)s」の返事がありました。案件の画面で確かめてください。")
        % {"body": asked.body.name, "answer": written(InquiryAnswer(asked.answer).label)})


def lock_asked(asked: Asked, *, by: Actor) -> Asked:
    """Return the question, locked, if the actor's body still has to answer it."""
    require(by.is_staff and by.body == asked.body_id, _("返事は、尋ねられた機関だけができます。"))
    locked = Asked.objects.select_for_update(of=("self",)).select_related("inquiry").get(pk=asked.pk)
    if not Inquiry.objects.open().filter(pk=locked.inquiry_id).exists():
        raise Refused(_("この尋ねは終わりました。ありがとうございました。"), "ended")
    if locked.answer not in {"", InquiryAnswer.QUESTION}:
        raise Refused(_("返事はもう届いています。変えるときは、窓口にお電話ください。"), "answered")
    return locked


def save_answer(asked: Asked, answer: InquiryAnswer, *, by: Actor) -> Asked:
    """Write the answer of a locked question; the worker brings it into its case."""
    asked.answer, asked.answered_at, asked.answered_by_id, asked.taken_up_at = answer, clock.now(), by.person, None
    asked.save()
    record(by, "inquiry.answer", asked, answer=answer, offer=asked.offer, reason=asked.reason, question=asked.question)
    return asked


def _waiting(asked_id: uuid.UUID) -> Asked | None:
    """Return the question, locked, while its inquiry lasts and no final answer has come."""
    rows = Asked.objects.select_for_update(of=("self",)).select_related("inquiry", "body")
    asked = rows.filter(pk=asked_id, inquiry__ended_at__isnull=True).first()
    return asked if asked is not None and asked.answer in {"", InquiryAnswer.QUESTION} else None


def _due_of(asked: Asked) -> dt.date:
    return asked.inquiry.due_on
