"""What a body answers, on screen, by its mail link or by telephone; and what becomes of its support afterwards."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.accounts.queries import is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.offers import close_offer, move_support
from renkei.cases.actions.passing import lock_request, require_waiting, send_again
from renkei.cases.actions.waiting import first_step, look_step, move_on, must_choose, sooner, waiting_step
from renkei.cases.models import AnsweredHow, Case, Passage, Support, Verb, log_step
from renkei.cases.rules import answers_for, require, runs_case, works_on
from renkei.cases.states import AT_WORK, OPEN_SUPPORTS, SUPPORT_STEPS, DisclosureClass, SupportState, check_step
from renkei.cases.steps import NextStep, due, fit, fit_name, put_next_step, require_open_body, save_case
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer on its way into the support."""

    by: Actor
    how: AnsweredHow
    name: str
    text: str
    happened_on: dt.date | None = None
    recorded: bool = False


@transaction.atomic
def accept(
    support: Support, *, by: Actor, person: uuid.UUID | None = None, text: str = "", answered_by: str = ""
) -> Support:
    """Say yes. With ``takes_over`` the body becomes the holder [C32]; its first step has a date from now on.

    A late yes after the deadline still counts; when another body has become the holder meanwhile, it stays so.
    """
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("返事は、お願いを受けた機関だけができます。"))
    _require_unanswered(locked)
    return _accept(case, locked, _answer(by, answered_by, text, locked), person=person)


@transaction.atomic
def decline(support: Support, *, by: Actor, reason: str, text: str = "", answered_by: str = "") -> Support:
    """Say no, with a reason of the plan. The case returns to its holder, who is told at once and chooses the next."""
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("返事は、お願いを受けた機関だけができます。"))
    _require_unanswered(locked)
    return _decline(case, locked, _answer(by, answered_by, text, locked), reason=reason)


@transaction.atomic
def record_answer(
    support: Support,
    *,
    by: Actor,
    answer: str,
    answered_by: str,
    reason: str = "",
    text: str = "",
    happened_on: dt.date | None = None,
) -> Support:
    """Write down what a body said on the telephone. The body is told by mail and can correct it."""
    case, locked = lock_request(support)
    require(runs_case(by, case))
    _require_unanswered(locked)
    if not fit_name(answered_by, "answered_by"):
        raise Refused(_("電話で返事をした方のお名前を入れてください。"), "answerer_missing", field="answered_by")
    day = happened_on or clock.today()
    first = locked.offered_at.astimezone(clock.JST).date() if locked.offered_at else day
    if not first <= day <= clock.today():
        raise Refused(_("依頼した日から今日までの日を入れてください。"), "wrong_day", field="happened_on")
    said = _Answer(by, AnsweredHow.PHONE, fit_name(answered_by, "answered_by"), fit(text, 1000, "text"), day, True)
    if answer == "accept":
        _accept(case, locked, said, person=None)
    elif answer == "decline":
        _decline(case, locked, said, reason=reason)
    else:
        raise Refused(_("引き受けるか断るかを選んでください。"), "unknown_answer", field="answer")
    mails.tell_body(
        locked.body, locked, by=by, purpose="recorded", subject=written("お電話の返事を記録しました"),
        words=written("%(name)s様から、お電話で「%(answer)s」とのお返事をいただき、代わりに記録しました。"
                "違うときは、連携の画面の「依頼」で直せます。")
        % {"name": locked.answered_by, "answer": written(SupportState(locked.state).label)},
    )  # fmt: skip
    return locked


@transaction.atomic
def correct_answer(support: Support, *, by: Actor, answer: str, reason: str = "", text: str = "") -> Support:
    """Correct an answer that was recorded on the body's behalf; only the body itself can."""
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("記録を直せるのは、その機関だけです。"))
    if locked.answered_how != AnsweredHow.PHONE:
        raise Refused(_("直せるのは、電話の返事を代わりに記録したものだけです。"), "not_recorded")
    before, said = locked.state, _answer(by, by.name, text, locked)
    if answer == "accept":
        _accept(case, locked, said, person=None)
    elif answer == "decline":
        _decline(case, locked, said, reason=reason)
    else:
        raise Refused(_("引き受けるか断るかを選んでください。"), "unknown_answer", field="answer")
    log_step(case, Verb.CORRECTED, by=by, subject=locked, before=before, after=locked.state,
             about_body=locked.body_id, service=locked.service_id)
    return locked


@transaction.atomic
def ask(support: Support, *, by: Actor, question: str, answered_by: str = "") -> Support:
    """Ask back before answering. The deadline rests until the holder has answered; a second question joins the first."""
    case, locked = lock_request(support)
    require(answers_for(by, locked), _("質問は、お願いを受けた機関だけができます。"))
    require_waiting(locked)
    _answer(by, answered_by, "", locked)  # a question is signed like an answer
    words = fit(question, 1000, "question")
    if not words:
        raise Refused(_("聞きたいことを書いてください。"), "question_empty", field="question")
    before = f"{locked.question}\n" if locked.is_asking else ""
    locked.question, locked.question_answered_at = fit(before + words, 1000, "question"), None
    locked.save()
    log_step(case, Verb.ASKED, by=by, subject=locked, about_body=locked.body_id, service=locked.service_id)
    record(by, "support.ask", locked, case, question=words)
    put_next_step(case, waiting_step(case) or look_step(case))
    save_case(case)
    mails.tell_holder(case, by=by, subject=written("質問が届きました"), purpose="question", about=locked.pk,
                      words=written("%(body)sから質問が届きました。案件の画面で答えてください。") % {"body": locked.body.name})
    return locked


@transaction.atomic
def answer_question(support: Support, *, by: Actor, text: str) -> Support:
    """Answer a body's question (summary class: it reads nothing wider). Its deadline and reminders start anew."""
    case, locked = lock_request(support)
    require(runs_case(by, case))
    require_waiting(locked)
    if not locked.is_asking:
        raise Refused(_("答えを待っている質問はありません。"), "no_question")
    words = fit(text, 1000, "text")
    if not words:
        raise Refused(_("質問への答えを書いてください。"), "answer_empty", field="text")
    Passage.objects.create(case=case, support=locked, need=locked.need, klass=DisclosureClass.SUMMARY, text=words,
                           author_body_id=by.body or case.holder_id, written_at=clock.now())
    locked.question_answered_at = clock.now()
    locked.due_on = max(locked.due_on or clock.today(), due("offer_answer"))
    locked.reminded_at = locked.told_at = None
    locked.save()
    log_step(case, Verb.ASKED, by=by, subject=locked, after="answered", about_body=locked.body_id,
             service=locked.service_id)
    record(by, "support.answer_question", locked, case, text=words)
    put_next_step(case, waiting_step(case) or look_step(case))
    save_case(case)
    send_again(locked, by=by, words=written("ご質問にお答えしました。%(day)s月%(d)s日までにお返事をお願いします。")
                % {"day": locked.due_on.month, "d": locked.due_on.day})
    return locked


@transaction.atomic
def start_work(support: Support, *, by: Actor, next_step: NextStep | None = None) -> Support:
    """The body has begun. Without a next step of its own, it looks again before the case would count as idle."""
    case, locked = lock_request(support)
    require(works_on(by, locked))
    check_step(SUPPORT_STEPS, SupportState(locked.state), SupportState.UNDER_WAY)
    locked.started_on = locked.started_on or clock.today()
    locked.done_on = None
    move_support(locked, SupportState.UNDER_WAY, Verb.STARTED, by=by, case=case)
    what = written("%(body)sの支援の進み具合を確かめる") % {"body": locked.body.short}
    if next_step is not None or not must_choose(case, locked):
        look = NextStep(what=what, on=due("idle"), body=locked.body_id, person=locked.person_id)
        put_next_step(case, next_step or sooner(case, look))
    save_case(case)
    return locked


@transaction.atomic
def finish_support(
    support: Support, *, by: Actor, text: str, done_on: dt.date | None = None, helped: bool | None = None
) -> Support:
    """The support is over: what was done, on which day, and whether it helped. The holder looks at what comes next."""
    case, locked = lock_request(support)
    require(works_on(by, locked))
    words, day = fit(text, 2000, "text"), done_on or clock.today()
    if not words:
        raise Refused(_("したことを、ひとことで書いてください。"), "text_empty", field="text")
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を入れてください。"), "future", field="done_on")
    check_step(SUPPORT_STEPS, SupportState(locked.state), SupportState.DONE)
    before, locked.state = locked.state, SupportState.DONE
    locked.done_on, locked.done_text, locked.helped = day, words, helped
    locked.save()
    log_step(case, Verb.DONE, by=by, subject=locked, before=before, after=locked.state, about_body=locked.body_id,
             service=locked.service_id, happened_on=day)
    record(by, "support.done", locked, case, helped=helped, done_on=day)
    others = case.supports.filter(state__in=OPEN_SUPPORTS)
    if others.exists():
        move_on(case, locked)
    else:
        put_next_step(case, look_step(case))
        save_case(case)
        mails.tell_holder(case, by=by, subject=written("支援が終わりました"),
                          words=written("%(body)sの支援が終わりました。会社に結果を聞き、次を決めるか、案件を終えてください。")
                          % {"body": locked.body.name})
    mails.tell_company(case, by=by, subject=written("支援が終わりました"),
                       words=written("%(body)sの支援が1つ終わりました。") % {"body": locked.body.name})
    return locked


@transaction.atomic
def withdraw_support(support: Support, *, by: Actor, reason: str) -> Support:
    """Stop a support, whatever its state; a body that knows of it is told why. The holder looks at what comes next."""
    case, locked = lock_request(support)
    require(works_on(by, locked))
    words = fit(reason, 400, "reason")
    if not words:
        raise Refused(_("取りやめる理由を書いてください。"), "reason_empty", field="reason")
    check_step(SUPPORT_STEPS, SupportState(locked.state), SupportState.WITHDRAWN)
    planned = locked.state == SupportState.PROPOSED
    told = not planned and locked.has_left
    locked.done_text = words
    if not told:
        locked.leaves_at = None  # it never reaches the body: withdrawn inside the window is as if never asked
    move_support(locked, SupportState.WITHDRAWN, Verb.WITHDRAWN, by=by, case=case)
    if case.supports.filter(state__in=AT_WORK).exists():
        move_on(case, locked)
    elif not planned:  # nobody was asked: what the case waits for, such as the first answer to the firm, stands
        put_next_step(case, waiting_step(case) or look_step(case))
        save_case(case)
    if told and by.body != locked.body_id:
        mails.tell_body(locked.body, locked, by=by, purpose="withdrawn", subject=written("お願いを取りやめました"),
                        words=written("このお願いは取りやめになりました。わけは、連携の画面の「依頼」にあります。"))
    if by.body == locked.body_id and by.body != case.holder_id:
        mails.tell_holder(case, by=by, subject=written("支援が取りやめになりました"),
                          words=written("%(body)sが支援を取りやめました。次を決めてください。") % {"body": locked.body.name})
    close_offer(locked)
    return locked


def _answer(by: Actor, answered_by: str, text: str, support: Support) -> _Answer:
    """Read who answers: the member of staff, or the name typed on the page of a link sent to a shared mailbox."""
    how = AnsweredHow.LINK if by.kind is ActorKind.LINK else AnsweredHow.SCREEN
    name = fit_name(answered_by, "answered_by") or by.name
    if not name:
        raise Refused(_("%(body)sのどなたのお返事か、お名前を入れてください。") % {"body": support.body.short},
                      "answerer_missing", field="answered_by")
    return _Answer(by, how, name[:100], fit(text, 1000, "text"))


def _require_unanswered(support: Support) -> None:
    """Refuse a second answer; a late one after the deadline still counts."""
    if support.state == SupportState.ACCEPTED:
        raise Refused(_("先に%(name)sさんが引き受けました。画面を開き直してください。") % {"name": support.answered_by or support.body.short}, "wrong_state")
    if SupportState(support.state) not in {SupportState.OFFERED, SupportState.EXPIRED}:
        raise Refused(_("この依頼は、いまは返事を待っていません。画面を開き直してください。"), "wrong_state")


def _write_answer(case: Case, support: Support, said: _Answer, after: SupportState, verb: Verb) -> str:
    before = SupportState(support.state)
    check_step(SUPPORT_STEPS, before, after)
    others = Support.objects.filter(need=support.need_id, service=support.service_id, body=support.body_id)
    if after == SupportState.ACCEPTED and others.exclude(pk=support.pk).filter(state__in=OPEN_SUPPORTS).exists():
        raise Refused(_("同じお願いが、もう1件動いています。そちらで答えてください。"), "already_asked")
    support.state, support.answered_at = after, clock.now()
    support.answered_by, support.answered_how, support.answer_text = said.name, said.how, said.text
    support.recorded_by_id = said.by.person if said.recorded else None
    support.save()
    log_step(case, verb, by=said.by, subject=support, before=before, after=after, reason=support.decline_reason,
             about_body=support.body_id, service=support.service_id, happened_on=said.happened_on)
    record(said.by, f"support.{verb}", support, case, before=before, after=after, reason=support.decline_reason)
    return before


def _accept(case: Case, support: Support, said: _Answer, *, person: uuid.UUID | None) -> Support:
    if person is not None and not is_member(person, support.body_id):
        raise Refused(_("%(body)sの人を選んでください。") % {"body": support.body.short}, "not_a_member", field="person")
    require_open_body(support.body, "answer")
    own = said.by.person if said.by.is_staff and said.by.body == support.body_id else None
    asked = support.person_id if support.person_id is not None and is_member(support.person_id, support.body_id) else None
    support.person_id = person or asked or own  # who was asked may have left since: a late or corrected yes names nobody who is gone (P1)
    support.decline_reason = ""
    # Another body became the holder while this answer was late: the support counts, the holder stays (P1).
    support.takes_over = support.takes_over and case.holder_id == support.takes_over_from_id
    _write_answer(case, support, said, SupportState.ACCEPTED, Verb.ACCEPTED)
    giver = case.holder
    if support.takes_over and case.holder_id != support.body_id:
        _take_over(case, support, said)
    if not must_choose(case, support):
        put_next_step(case, first_step(case, support))
    save_case(case)
    _meet_company(support)
    words = written("%(body)sが引き受けました。") % {"body": support.body.name}
    mails.tell_body(giver, support, by=said.by, purpose="accepted", subject=written("引き受けました"), words=words)
    mails.tell_company(case, by=said.by, subject=written("支援する機関が決まりました"), words=words + written(
        "%(body)sからご連絡します。") % {"body": support.body.name})
    close_offer(support)
    return support


def _decline(case: Case, support: Support, said: _Answer, *, reason: str) -> Support:
    if reason not in {term.code for term in content_now().vocabulary("decline_reasons")}:
        raise Refused(_("理由を1つ選んでください。窓口が次を探す手がかりになります。"), "no_reason", field="reason")
    if reason == "other" and not said.text:
        raise Refused(_("「その他」のときは、わけをひとことで書いてください。"), "other_needs_text", field="text")
    check_step(SUPPORT_STEPS, SupportState(support.state), SupportState.DECLINED)
    support.decline_reason = reason
    before = _write_answer(case, support, said, SupportState.DECLINED, Verb.DECLINED)
    if support.takes_over and case.holder_id == support.body_id:
        _give_back(case, support, said)
    late = before == SupportState.EXPIRED  # the firm was told then, and the holder may have chosen again since
    if not late:
        put_next_step(case, NextStep(what=written("%(body)sの辞退を受けて、次に頼む機関を決める") % {"body": support.body.short},
                                     on=due("first_answer"), kind="choose", body=case.holder_id))
    save_case(case)
    word = content_now().word("decline_reasons", reason)
    mails.tell_holder(case, by=said.by, subject=written("辞退の返事がありました"), purpose="declined", about=support.pk, words=written(
        "%(body)sから、引き受けられないとのお返事です（%(reason)s）。次の候補は、案件の画面に出ています。")
        % {"body": support.body.name, "reason": word})
    if not late:
        mails.tell_company(case, by=said.by, subject=written("次の機関を探しています"), words=written(
            "お願いした機関では引き受けられなかったため、%(holder)sが次の機関を探しています。決まりしだいお知らせします。")
            % {"holder": case.holder.name})
    close_offer(support)
    return support


def _take_over(case: Case, support: Support, said: _Answer) -> None:
    """Let the accepting body hold the case; the giver holds it until this very moment (P1)."""
    before = case.holder_id
    case.holder, case.holder_person_id, case.holder_since = support.body, support.person_id, clock.today()
    log_step(case, Verb.HANDOVER_ACCEPTED, by=said.by, before=before, after=support.body_id,
             about_body=support.body_id, happened_on=said.happened_on)


def _give_back(case: Case, support: Support, said: _Answer) -> None:
    """Return the case to whoever asked: the yes that moved it was recorded wrongly."""
    case.holder, case.holder_person, case.holder_since = support.takes_over_from or case.holder, None, clock.today()
    log_step(case, Verb.HOLDER_BACK, by=said.by, before=support.body_id, after=case.holder_id,
             about_body=support.body_id)


def _meet_company(support: Support) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_meet_company(%s, %s, %s)", [support.case_id, support.body_id, clock.today()])
