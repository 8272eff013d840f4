"""A case ends with a reason and a word to the firm, and can be taken up again. Nothing ends without a message."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases import mails
from renkei.cases.actions.disclosable import stop_asking
from renkei.cases.actions.escalation import stop_climbing
from renkei.cases.actions.follow_ups import end_follow_ups, plan_follow_ups
from renkei.cases.actions.holding import write_note
from renkei.cases.actions.listing import bring_in_line
from renkei.cases.actions.talk import hear_company, put_message
from renkei.cases.models import Case, Ended, Message, Need, Verb, log_step
from renkei.cases.rules import require, runs_case, speaks_for_company
from renkei.cases.states import OPEN_SUPPORTS, CaseState, DisclosureClass, HandoverState, NeedState
from renkei.cases.steps import (
    NextStep,
    due,
    fit,
    forget_who_left,
    lock_case,
    put_next_step,
    require_open,
    save_case,
    set_state,
)
from renkei.plan.queries import content_now

SPAM, NOT_OURS = "spam", "not_ours"
ASIDE = {SPAM, NOT_OURS}  # nothing was begun: its needs fall with it
CLOSE_ACT = "close"
MOST_WORDS = 1000


@transaction.atomic
def close_case(
    case: Case, *, by: Actor, reason: str, words: str, result: str = "", answer_to_company: str = "", needs: str = ""
) -> Case:
    """End a case, or ask a second person to when the plan wants one.

    ``needs`` (settled or dropped) ends the needs that are still open; without it they refuse. The firm reads
    ``answer_to_company`` on its status page (a plain sentence when left out) and is asked for result and satisfaction.
    Refused: ``unknown_reason``, ``unknown_result``, ``words_missing``, ``answer_missing``, ``open_supports``,
    ``open_handover``, ``open_needs``, ``not_allowed``, ``case_closed``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    _check_close(locked, reason, words, result, answer_to_company)
    locked.close_reason, locked.result = reason, result
    locked.close_words = fit(words, MOST_WORDS, "words")
    locked.close_answer = fit(answer_to_company, 4000, "answer_to_company")
    _end_needs(locked, NeedState.DROPPED if reason in ASIDE else needs, by=by)
    if content_now().needs_second_person(CLOSE_ACT) and not by.is_system:
        return _ask_second_person(locked, by=by)
    return _close(locked, by=by)


@transaction.atomic
def confirm_close(case: Case, *, by: Actor) -> Case:
    """A second person confirms the end. What was begun meanwhile has to end first.

    Refused: ``not_asked``, ``same_person``, ``open_supports``, ``open_handover``, ``open_needs``, ``not_allowed``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    _require_asked(locked)
    if locked.close_asked_by_id == by.person:
        raise Refused(_("終了を頼んだ人とは別の人が確かめてください。"), "same_person")
    _check_open_work(locked)
    _end_needs(locked, "", by=by)
    return _close(locked, by=by)


@transaction.atomic
def return_close(case: Case, *, by: Actor, reason: str) -> Case:
    """Do not confirm: the case goes on, with the reason on record and a next step. Refused: ``reason_empty``."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    _require_asked(locked)
    words = fit(reason, 1000, "reason")
    if not words:
        raise Refused(_("終えずに続ける理由を書いてください。"), "reason_empty", field="reason")
    _note(locked, words, Verb.NEXT_STEP, by=by)
    _forget_close(locked)
    put_next_step(locked, NextStep(what=written("終えずに続けることになったので、次を決める"), on=due("first_answer"), kind="choose"))
    save_case(locked)
    record(by, "case.return_close", locked, reason=reason)
    return locked


@transaction.atomic
def reopen_case(case: Case, *, by: Actor, reason: str) -> Case:
    """Take a closed case up again; its holder holds it, with a next step.

    Refused: ``reason_empty``, ``merged``, ``not_closed``, ``not_allowed``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    words = fit(reason, 1000, "reason")
    if not words:
        raise Refused(_("再開する理由を書いてください。"), "reason_empty", field="reason")
    before = _reopen(locked, by=by)
    _note(locked, words, Verb.REOPENED, by=by, before=before, after=locked.state)
    mails.tell_company(locked, by=by, subject=written("ご相談を再開しました"),
                       words=written("%(body)sが、ご相談をもう一度進めます。") % {"body": locked.holder.name})
    return locked


@transaction.atomic
def give_feedback(case: Case, *, by: Actor, result: str, satisfaction: int | None, words: str = "") -> Case:
    """Take down the result and how content the firm is: by itself on its page, or heard by staff.

    Refused: ``not_closed``, ``merged``, ``unknown_result``, ``unknown_satisfaction``, ``not_allowed``.
    """
    locked = lock_case(case)
    require(speaks_for_company(by, locked) or runs_case(by, locked))
    if locked.is_open:
        raise Refused(_("結果は、相談が終わってからうかがいます。"), "not_closed")
    if locked.merged_into_id is not None:
        raise Refused(_("ほかの案件にまとめられています。まとめ先の案件の結果を聞かせてください。"), "merged")
    _check_result(result, needed=True)
    if satisfaction is not None and satisfaction not in range(1, 6):
        raise Refused(_("満足度を1から5で選んでください。"), "unknown_satisfaction", field="satisfaction")
    before, locked.result, locked.satisfaction = locked.result, result, satisfaction
    text = fit(words, 4000, "words")
    if text and speaks_for_company(by, locked):
        put_message(locked, text, by=by, kind="feedback")
    elif text:
        write_note(locked, text, by=by)
    log_step(locked, Verb.FEEDBACK, by=by, before=before, after=result, reason=str(satisfaction or ""))
    record(by, "case.feedback", locked, result=result, satisfaction=satisfaction)
    save_case(locked)
    bring_in_line(locked, by=by)
    return locked


@transaction.atomic
def found_another_way(case: Case, *, by: Actor, words: str) -> Message:
    """The firm says it needs no more help here. The holder winds up what runs and closes; nothing stops by itself."""
    locked = _company_speaks(case, by)
    require_open(locked)
    message = put_message(locked, words or written("ほかの方法で解決しました。"), by=by, kind="other_way")
    hear_company(locked, by=by, what=written("会社がほかの方法を見つけた。頼んだことを止め、案件を終える"))
    return message


@transaction.atomic
def did_not_help(case: Case, *, by: Actor, words: str) -> Message:
    """The firm says the help did not solve it. A closed case opens again; the holder answers by the clock."""
    locked = _company_speaks(case, by)
    if not locked.is_open:
        before = _reopen(locked, by=by)
        log_step(locked, Verb.REOPENED, by=by, before=before, after=locked.state, reason="did_not_help")
    message = put_message(locked, words or written("まだ解決していません。"), by=by, kind="did_not_help")
    hear_company(locked, by=by, what=written("解決していないとの連絡を読んで答える"))
    return message


def _company_speaks(case: Case, by: Actor) -> Case:
    locked = lock_case(case)
    if not speaks_for_company(by, locked):
        raise Refused(_("これは、会社の方だけが、届いたリンクか会社のアカウントからできます。"), "not_company")
    return locked


def _check_close(case: Case, reason: str, words: str, result: str, answer: str) -> None:
    if reason not in {term.code for term in content_now().vocabulary("close_reasons")}:
        raise Refused(_("終える理由を選んでください。"), "unknown_reason", field="reason")
    _check_result(result, needed=False)
    if not clean_text(words):
        raise Refused(_("どう終わったかを、ひとことで書いてください。"), "words_missing", field="words")
    if reason == NOT_OURS and not clean_text(answer):
        raise Refused(_("会社への回答を書いてください。どこに相談すればよいかを伝えます。"), "answer_missing",
                      field="answer_to_company")
    _check_open_work(case)


def _check_result(result: str, *, needed: bool) -> None:
    if (needed or result) and result not in {term.code for term in content_now().vocabulary("results")}:
        raise Refused(_("結果を選んでください。"), "unknown_result", field="result")


def _check_open_work(case: Case) -> None:
    count = case.supports.filter(state__in=OPEN_SUPPORTS).count()
    if count:
        raise Refused(_("終わっていない支援が%(n)s件あります。終えるか取りやめてから、案件を終えてください。")
                      % {"n": count}, "open_supports")
    if case.handovers.filter(state=HandoverState.OFFERED).exists():
        raise Refused(_("引継ぎの返事を待っています。取り消してから、案件を終えてください。"), "open_handover")


def _end_needs(case: Case, state: str, *, by: Actor) -> None:
    open_ones = list(Need.objects.select_for_update(of=("self",)).filter(case=case, state=NeedState.OPEN))
    if open_ones and state not in {NeedState.SETTLED, NeedState.DROPPED}:
        raise Refused(_("片づいていない課題が%(n)s件あります。「解決」か「取りやめ」を選んでください。")
                      % {"n": len(open_ones)}, "open_needs", field="needs")
    for need in open_ones:
        before, need.state = need.state, NeedState(state)
        need.save()
        log_step(case, Verb.NEED_SETTLED, by=by, subject=need, before=before, after=state)
    stop_asking(case, case.circulations.filter(ended_at__isnull=True), by=by)
    stop_climbing(case, None, by=by)


def _ask_second_person(case: Case, *, by: Actor) -> Case:
    case.close_asked_at, case.close_asked_by_id = clock.now(), by.person
    put_next_step(case, NextStep(what=written("終えてよいか、別の人が確かめる"), on=due("first_answer"), kind="confirm"))
    save_case(case)
    log_step(case, Verb.CLOSE_ASKED, by=by, after=case.close_reason)
    record(by, "case.ask_close", case, reason=case.close_reason, result=case.result)
    mails.tell_holder(case, by=by, subject=written("終了の確認をお願いします"), purpose=mails.SECOND,
                      words=written("案件を終えてよいか、終了を頼んだ人とは別の人が、案件の画面で確かめてください。"))
    return case


def _require_asked(case: Case) -> None:
    if case.close_asked_at is None:
        raise Refused(_("終了の確認は頼まれていません。画面を開き直してください。"), "not_asked")


def _close(case: Case, *, by: Actor) -> Case:
    before = set_state(case, CaseState.CLOSED)
    case.closed_at = clock.now()
    case.next_kind = case.next_step = case.next_phone = ""
    case.next_on = case.next_time = None
    answer = case.close_answer or written("ご相談を終えました。ありがとうございました。")
    put_message(case, answer, by=by, kind="closing", klass=DisclosureClass.SUMMARY)
    save_case(case)
    log_step(case, Verb.CLOSED, by=by, before=before, after=case.state, reason=case.close_reason)
    record(by, "case.close", case, reason=case.close_reason, result=case.result)
    bring_in_line(case, by=by)
    if case.close_reason not in ASIDE:
        plan_follow_ups(case, by=by)
    if case.close_reason == SPAM:
        return case
    words = written("ご相談を終えました。お知らせと、結果をうかがう短い質問が、状況のページにあります。")
    mails.tell_company(case, by=by, subject=written("ご相談を終えました"), words=words)
    return case


def _reopen(case: Case, *, by: Actor) -> str:
    if case.merged_into_id is not None:
        raise Refused(_("ほかの案件にまとめられています。まとめ先の案件を使うか、分け直してください。"), "merged")
    if case.is_open:
        raise Refused(_("この案件は終わっていません。画面を開き直してください。"), "not_closed")
    before = set_state(case, CaseState.ACTIVE)
    _forget_close(case)
    forget_who_left(case)
    put_next_step(case, NextStep(what=written("再開した相談の、次の一手を決める"), on=due("first_answer"), kind="choose"))
    save_case(case)
    end_follow_ups(case, Ended.REOPENED, by=by)
    bring_in_line(case, by=by)
    record(by, "case.reopen", case)
    return before


def _forget_close(case: Case) -> None:
    case.closed_at = case.close_asked_at = case.close_asked_by = None
    case.close_reason = case.close_words = case.close_answer = ""


def _note(case: Case, words: str, verb: Verb, *, by: Actor, before: str = "", after: str = "") -> None:
    note = write_note(case, words, by=by)
    log_step(case, verb, by=by, subject=note, before=before, after=after)
