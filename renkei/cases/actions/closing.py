"""A case ends, comes back, and the firm says what it was worth. Nothing ends without a message."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.offers import close_offer
from renkei.cases.actions.talk import answer_firm
from renkei.cases.models import Case, Message, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.states import OPEN_SUPPORTS, CaseState, DisclosureClass, HandoverState, NeedState
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case, set_state
from renkei.plan.queries import content_now

WITHOUT_QUESTION = {"spam", "merged"}  # nobody is asked how a sales call was handled


@transaction.atomic
def close_case(
    case: Case, *, by: Actor, reason: str, words: str, result: str = "", answer_to_company: str = ""
) -> Case:
    """Close the case with a reason and words; open supports forbid it. Where the plan wants two, the second confirms."""
    locked = lock_case(case)
    require(runs_case(by, locked) or by.is_staff and locked.received_by_id == by.body and locked.holder_id == by.body)
    require_open(locked)
    content = content_now()
    if reason not in {term.code for term in content.vocabulary("close_reasons")}:
        raise Refused(_("終える理由を一覧から選んでください。"), "unknown_reason", field="reason")
    if result and result not in {term.code for term in content.vocabulary("results")}:
        raise Refused(_("結果を一覧から選んでください。"), "unknown_result", field="result")
    said = fit(words, 2000, "words")
    if not said:
        raise Refused(_("終えるまでのいきさつを、ひとことで書いてください。"), "words_empty", field="words")
    _require_nothing_open(locked)
    locked.close_reason, locked.close_words, locked.result = reason, said, result
    answer = fit(answer_to_company, 2000, "answer_to_company")
    if content.needs_second_person("close") and not by.is_system:
        return _ask_second(locked, by=by, answer=answer)
    return _close(locked, by=by, answer=answer)


@transaction.atomic
def confirm_close(case: Case, *, by: Actor) -> Case:
    """Let another person confirm what the first one asked for."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    if locked.close_asked_at is None:
        raise Refused(_("終了の確認は頼まれていません。"), "close_not_asked")
    if locked.close_asked_by_id == by.person:
        raise Refused(_("終了を頼んだ人とは別の人が確かめてください。"), "same_person")
    _require_nothing_open(locked)
    return _close(locked, by=by, answer="")


@transaction.atomic
def reopen_case(case: Case, *, by: Actor, reason: str) -> Case:
    """Take a closed case up again: the holder is the one it had, with a dated next step."""
    locked = lock_case(case)
    require(runs_case(by, locked) or locked.received_by_id == by.body)
    said = fit(reason, 400, "reason")
    if not said:
        raise Refused(_("再開する理由を書いてください。"), "reason_empty", field="reason")
    if locked.merged_into_id is not None:
        raise Refused(_("ほかの案件にまとめてあります。まとめるのを取り消してください。"), "merged")
    before = set_state(locked, CaseState.ACTIVE)
    if before != CaseState.CLOSED:
        raise Refused(_("この案件は終わっていません。"), "not_closed")
    locked.closed_at, locked.close_reason, locked.close_asked_at, locked.close_asked_by = None, "", None, None
    put_next_step(locked, NextStep(what=_("再開した理由を確かめ、次を決める"), on=due("first_answer"),
                                   person=locked.holder_person_id))
    save_case(locked)
    log_step(locked, Verb.REOPENED, by=by, before=before, after=locked.state, reason=said[:40])
    record(by, "case.reopen", locked, reason=said)
    mails.tell_company(locked, by=by, subject=_("ご相談を再開しました"), words=_("ご相談への対応を再開しました。"))
    return locked


@transaction.atomic
def give_feedback(case: Case, *, by: Actor, result: str, satisfaction: int, words: str = "") -> Case:
    """Let the firm say after the end how it went (again later: the newest word counts, every one stays on record)."""
    require(by.kind is ActorKind.LINK and not by.body, _("会社の方だけが答えられます。"))
    if case.is_open:
        raise Refused(_("まだ対応中です。終わってからお聞かせください。"), "still_open")
    if result not in {term.code for term in content_now().vocabulary("results")}:
        raise Refused(_("結果を一覧から選んでください。"), "unknown_result", field="result")
    if not 1 <= satisfaction <= 5:
        raise Refused(_("満足の度合いを1から5までで選んでください。"), "satisfaction", field="satisfaction")
    locked = lock_case(case)
    before, locked.result, locked.satisfaction = locked.result, result, satisfaction
    save_case(locked)
    _company_message(locked, words, by=by)
    log_step(locked, Verb.FEEDBACK, by=by, before=before, after=result)
    record(by, "case.feedback", locked, result=result, satisfaction=satisfaction)
    return locked


@transaction.atomic
def found_another_way(case: Case, *, by: Actor, words: str = "") -> Case:
    """Let the firm say that it needs no more: offers not yet answered are withdrawn, the holder closes or asks."""
    require(by.kind is ActorKind.LINK and not by.body, _("会社の方だけが伝えられます。"))
    require_open(case)
    _company_message(case, _("ほかの方法が見つかりました。") + words, by=by)
    answer_firm(case, by=by, what=_("会社がほかの方法を見つけた。依頼を取りやめ、終えてよいか確かめる"))
    log_step(case, Verb.COMPANY_WROTE, by=by, reason="other_way")
    record(by, "case.other_way", case)
    case.refresh_from_db()
    return case


@transaction.atomic
def did_not_help(case: Case, *, by: Actor, words: str) -> Case:
    """Let the firm say that what was done did not help; the holder has to answer by the clock."""
    require(by.kind is ActorKind.LINK and not by.body, _("会社の方だけが伝えられます。"))
    if not fit(words, 4000, "words"):
        raise Refused(_("何が足りなかったかを、ひとことで書いてください。"), "words_empty", field="words")
    _company_message(case, words, by=by)
    locked = lock_case(case)
    if not locked.is_open:
        before = set_state(locked, CaseState.ACTIVE)
        locked.closed_at, locked.close_reason = None, ""
        put_next_step(locked, NextStep(what=_("会社の「役に立たなかった」に答える"), on=due("first_answer"), kind="answer"))
        save_case(locked)
        log_step(locked, Verb.REOPENED, by=by, before=before, after=locked.state, reason="did_not_help")
    answer_firm(locked, by=by, what=_("会社の「役に立たなかった」に答える"))
    log_step(locked, Verb.COMPANY_WROTE, by=by, reason="did_not_help")
    record(by, "case.did_not_help", locked)
    case.refresh_from_db()
    return case


def _require_nothing_open(case: Case) -> None:
    if case.supports.filter(state__in=OPEN_SUPPORTS).exists():
        raise Refused(_("まだ終わっていない支援があります。先に終えるか、取りやめてください。"), "open_supports")
    if case.handovers.filter(state=HandoverState.OFFERED).exists():
        raise Refused(_("引継ぎの返事を待っています。先に取り消してください。"), "handover_open")


def _ask_second(case: Case, *, by: Actor, answer: str) -> Case:
    case.close_asked_at, case.close_asked_by_id = clock.now(), by.person
    reason, case.close_reason = case.close_reason, ""  # an open case has no reason yet; it stands in the words
    case.close_words = f"{reason}\n{case.close_words}\n{answer}".strip()
    put_next_step(case, NextStep(what=_("もう一人が確かめて、案件を終える"), on=due("first_answer"), kind="choose"))
    save_case(case)
    log_step(case, Verb.CLOSE_ASKED, by=by, reason=reason)
    record(by, "case.close_ask", case, reason=reason)
    return case


def _close(case: Case, *, by: Actor, answer: str) -> Case:
    if case.close_asked_at is not None and not case.close_reason:
        case.close_reason, _line, rest = case.close_words.partition("\n")
        case.close_words = rest
    state = NeedState.SETTLED if case.close_reason in {"solved", "partly"} else NeedState.DROPPED
    for need in case.needs.filter(state=NeedState.OPEN):
        need.state = state
        need.save(update_fields=["state"])
        log_step(case, Verb.NEED_SETTLED, by=by, subject=need, before=NeedState.OPEN, after=state)
    before = set_state(case, CaseState.CLOSED)
    case.closed_at = clock.now()
    save_case(case)
    if answer:
        Message.objects.create(case=case, klass=DisclosureClass.TECHNICAL, text=answer, from_company=False,
                               author_name=by.name[:100], author_body_id=by.body or case.holder_id, author_id=by.person,
                               kind="answer", sent_at=clock.now())
    log_step(case, Verb.CLOSED, by=by, before=before, after=case.state, reason=case.close_reason)
    record(by, "case.close", case, reason=case.close_reason, result=case.result)
    if case.close_reason not in WITHOUT_QUESTION:
        words = _("ご相談への対応を終えました。結果とご満足の度合いを、「状況」のページでお聞かせください。")
        mails.tell_company(case, by=by, subject=_("対応を終えました"), words=words)
    for support in case.supports.all():
        close_offer(support)
    return case


def _company_message(case: Case, text: str, *, by: Actor) -> None:
    if clean := fit(text, 4000, "words"):
        Message.objects.create(case=case, klass=DisclosureClass.TECHNICAL, text=clean, from_company=True,
                               author_name=by.name[:100], kind="message", sent_at=clock.now())
