"""A need climbs the ladder and comes down again with a result [C37, C93-C95]. Who takes it up above is the row above's to write."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.disclosable import lock_need, lock_open
from renkei.cases.models import Case, Escalation, Need, RungEnd, RungNumber, Verb, log_step
from renkei.cases.queries.ladder import in_vain, rung_name, rung_of
from renkei.cases.states import OPEN_SUPPORTS, NeedState
from renkei.cases.steps import NextStep, due, fit, put_next_step, save_case
from renkei.plan.queries import content_now


@transaction.atomic
def climb(need: Need, *, by: Actor, reason: str, nobody_offers: bool = False, step: NextStep | None = None, proposed: bool = False) -> Escalation:
    """Take a need from the desk to the meetings: bodies here were asked in vain, and nobody is being asked or at work.

    ``nobody_offers`` climbs without anybody asked, the ``reason`` says why nobody here could be. ``step`` is what happens
    next, else somebody finds a meeting. Refused: ``need_over``, ``on_rung``, ``still_asking``, ``nobody_tried``,
    ``reason_empty``, ``too_long``, ``not_allowed``, ``case_closed``.
    """
    case = lock_open(need.case, by=by)
    locked = lock_need(need)
    words = fit(reason, 400, "reason")
    if not words:
        raise Refused(_("なぜ会議に上げるのかを書いてください。"), "reason_empty", field="reason")
    tried = _tried(locked, nobody_offers=nobody_offers)
    desk = _open(case, locked, RungNumber.DESK, words, by=by, tried=tried, proposed=proposed)
    _end(desk, RungEnd.HIGHER)
    found = _open(case, locked, RungNumber.MEETING, words, by=by, tried=tried, below=desk, proposed=proposed)
    log_step(case, Verb.CLIMBED, by=by, subject=found, before=str(RungNumber.DESK.value), after=str(RungNumber.MEETING.value))
    record(by, "need.climb", found, locked, case, reason=words, tried=tried)
    put_next_step(case, step or NextStep(what=written("どの会議に諮るかを決める"), on=due("first_answer"), kind="choose"))
    save_case(case)
    return found


@transaction.atomic
def end_rung(escalation: Escalation, *, by: Actor, end: RungEnd, words: str, step: NextStep | None = None) -> Escalation:
    """Write down what came of a rung. ``HIGHER`` opens the rung above at once, so that nothing lies between two.

    Called for a meeting's decision or an answer from outside: whoever may write those down. Twice changes nothing.
    Refused: ``words_empty``, ``top``, ``too_long``, ``case_closed``.
    """
    case = Case.objects.select_for_update().get(pk=escalation.case_id)
    locked = Escalation.objects.select_for_update(of=("self",)).get(pk=escalation.pk)
    if not locked.is_open:
        return locked
    told = fit(words, 1000, "words")
    if not told:
        raise Refused(_("どうなったかを書いてください。"), "words_empty", field="words")
    if end == RungEnd.HIGHER and locked.rung == RungNumber.OUTSIDE:
        raise Refused(_("これより上の段はありません。"), "top", field="end")
    _end(locked, end, told)
    log_step(case, Verb.RUNG_ENDED, by=by, subject=locked, before=str(locked.rung), after=end.value)
    record(by, "need.end_rung", locked, case, end=end, words=told)
    if end == RungEnd.HIGHER:
        above = _open(case, lock_need(locked.need), RungNumber(locked.rung + 1), told, by=by, tried=locked.tried, below=locked)
        log_step(case, Verb.CLIMBED, by=by, subject=above, before=str(locked.rung), after=str(above.rung))
    put_next_step(case, step or _after(case, end))
    save_case(case)
    mails.tell_holder(case, by=by, subject=written("段階的対応の結果が出ました"), words=told)
    return locked


def wait_for(escalation: Escalation, step: NextStep, *, by: Actor) -> None:
    """Let the case of a rung wait for what takes it up there, or move on after that came to nothing; a case that has ended stays."""
    let_wait(escalation.case_id, step, by=by)


def let_wait(case_id: UUID, step: NextStep, *, by: Actor) -> None:
    """Give a case the step a meeting gives it; one that has ended stays."""
    case = Case.objects.select_for_update().get(pk=case_id)
    if not case.is_open:
        return
    put_next_step(case, step)
    save_case(case)
    log_step(case, Verb.NEXT_STEP, by=by, after=step.kind, about_body=case.next_body_id)


def stop_climbing(case: Case, needs: Iterable[Need] | None, *, by: Actor) -> None:
    """Let needs (all of a case that ends when None) climb no further: they are settled, dropped, or the case is over."""
    rungs = Escalation.objects.open().filter(case=case)
    for one in rungs if needs is None else rungs.filter(need__in=list(needs)):
        _end(one, RungEnd.DROPPED, written("課題が片づいた"))
        log_step(case, Verb.RUNG_ENDED, by=by, subject=one, before=str(one.rung), after=RungEnd.DROPPED.value)
        record(by, "need.end_rung", one, case, end=RungEnd.DROPPED)


def _tried(need: Need, *, nobody_offers: bool) -> list[dict[str, str]]:
    supports = list(need.supports.order_by("offered_at", "id"))
    if need.state != NeedState.OPEN:
        raise Refused(_("片づいた課題です。上げるときは、対応中に戻してください。"), "need_over")
    standing = need.escalations.filter(ended_at__isnull=True).first()
    if standing is not None:
        raise Refused(_("この課題は、いま「%(rung)s」の段にあります。") % {"rung": rung_name(content_now(), standing.rung)}, "on_rung")
    if any(one.state in OPEN_SUPPORTS for one in supports):
        raise Refused(_("この課題は、まだ返事を待っているか、対応中の機関があります。"), "still_asking")
    tried = in_vain(supports)
    if not tried and not nobody_offers:
        raise Refused(
            _("この課題は、まだどの機関にも頼んでいません。先に頼むか、頼める機関がないことに印を付けてください。"),
            "nobody_tried", field="nobody_offers",
        )  # fmt: skip
    return tried


def _open(
    case: Case, need: Need, rung: RungNumber, reason: str, *, by: Actor, tried: list[dict[str, str]],
    below: Escalation | None = None, proposed: bool = False,
) -> Escalation:  # fmt: skip
    return Escalation.objects.create(
        case=case, need=need, rung=rung, reason=reason[:400], tried=tried, is_proposed=proposed,
        below=below, below_rung=below.rung if below else None, below_end=below.end if below else None,
        opened_on=clock.today(), opened_at=clock.now(), opened_body_id=by.body or case.holder_id, opened_by_id=by.person,
    )  # fmt: skip


def _end(rung: Escalation, end: RungEnd, words: str = "") -> None:
    rung.end, rung.end_words = end, words
    rung.ended_on, rung.ended_at = clock.today(), clock.now()
    rung.save(update_fields=["end", "end_words", "ended_on", "ended_at"])


def _after(case: Case, end: RungEnd) -> NextStep:
    """Return what happens next: help is asked for, the firm is told, or the lead outside takes the case over."""
    if end == RungEnd.HELPED:
        return NextStep(what=written("見つかった支援を頼む"), on=due("first_answer"), kind="choose")
    if end == RungEnd.DROPPED:
        return NextStep(what=written("会社に結果を伝える"), on=due("first_answer"), kind="answer")
    outside = rung_of(content_now(), RungNumber.OUTSIDE)
    leads = outside is not None and outside.lead == case.holder_id
    what = written("地域の外に頼む先を決める") if leads else written("地域の外に頼む機関に引き継ぐ")
    return NextStep(what=what, on=due("first_answer"), kind="choose")
