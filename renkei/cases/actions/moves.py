"""A whole caseload changes hands: one pack a case; nothing moves before the successor accepts, and nothing is lost when nobody does (P1)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.holding import Pack, draft_pack, offer_handover
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Case, Handover, Move, MovePack, MoveReason, Support, Verb, log_step
from renkei.cases.queries.colleagues import Share, colleagues, words_of
from renkei.cases.queries.moves import ASKED, caseload
from renkei.cases.rules import gives_pack, require, takes_pack
from renkei.cases.states import PACK_STEPS, HandoverState, PackState, check_step
from renkei.cases.steps import NextStep, fit, put_next_step, require_open, save_case
from renkei.plan.models import Body

ONLY_GIVER = "担当替えを決められるのは、本人と、その機関の管理者だけです。"


@dataclass(frozen=True, slots=True)
class Successor:
    """Who gets a case: a person of a body, or (without a person) the body's queue."""

    body: str
    person: uuid.UUID | None = None


@transaction.atomic
def open_move(membership: Membership, *, on: dt.date, by: Actor, reason: str = MoveReason.LEAVES) -> Move:
    """Draft a pack for every open case that names the person, each with a proposed successor; ``on`` is the last day.

    Opening it again, for the same day or another, goes on with the same move. Refused: ``not_allowed``, ``wrong_reason``, ``on_before_start``.
    """
    body, person = membership.body, membership.person
    require(gives_pack(by, body.pk, person.pk), _(ONLY_GIVER))
    if reason not in MoveReason.values:
        raise Refused(_("担当替えの理由を選んでください。"), "wrong_reason", field="reason")
    if on < membership.since:
        raise Refused(_("着任した日より後の日を入れてください。"), "on_before_start", field="on")
    Membership.objects.select_for_update().get(pk=membership.pk)  # two who open it at once get one move
    ahead = {"body": body, "person": person, "cancelled_at": None}
    move = Move.objects.filter(**ahead, on__gte=clock.today()).first() or Move.objects.filter(**ahead, on=on).first()
    if move is None:
        move = Move.objects.create(body=body, person=person, on=on, reason=reason, opened_at=clock.now(), opened_by_id=by.person)
        record(by, "move.open", move, person=person.pk, on=on, reason=reason)
    elif (move.on, move.reason) != (on, reason):
        move.on, move.reason = on, reason
        move.save(update_fields=["on", "reason"])
        record(by, "move.shift", move, person=person.pk, on=on, reason=reason)
    _draft(move, by=by)
    return move


@transaction.atomic
def add_new_cases(move: Move, *, by: Actor) -> int:
    """Draft packs for cases that came to name the person after the move was opened; returns how many."""
    locked = _lock_move(move, by)
    return _draft(locked, by=by)


@transaction.atomic
def choose_successor(packs: Iterable[MovePack], to: Successor, *, by: Actor) -> int:
    """Choose who gets these cases; those that wait for an answer stay as they are. Returns how many were changed.

    Refused: ``not_a_member`` (also of who leaves before the first day), ``body_closed``, ``not_holder``.
    """
    changed = 0
    for pack in _lock_packs(packs):
        require(gives_pack(by, pack.body_id, pack.from_person_id), _(ONLY_GIVER))
        if pack.state not in {PackState.DRAFT, PackState.DECLINED, PackState.GIVEN} or not _is_free(pack):
            continue
        _check_successor(pack, to)
        if (pack.to_body_id, pack.to_person_id) != (to.body, to.person):
            pack.to_body_id, pack.to_person_id, pack.version = to.body, to.person, pack.version + 1
            pack.save()
            record(by, "pack.choose", pack, pack.case, body=to.body, person=to.person)
            changed += 1
    return changed


@transaction.atomic
def write_pack(pack: MovePack, words: Pack, *, by: Actor, version: int | None = None) -> MovePack:
    """Edit what a successor will read. Refused: ``pack_empty``, ``too_long``, ``changed_meanwhile``, ``wrong_state``."""
    locked = _lock_packs([pack])[0]
    require(gives_pack(by, locked.body_id, locked.from_person_id), _(ONLY_GIVER))
    if version is not None and locked.version != version:
        raise Refused(_("ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。"), "changed_meanwhile")
    if locked.state == PackState.ACCEPTED:
        raise Refused(_("もう引き受けられた案件です。"), "wrong_state")
    if not words.state.strip():
        raise Refused(_("いまの状態を書いてください。引き継ぐ人が最初に読みます。"), "pack_empty", field="state")
    new = (fit(words.state, 2000, "state"), fit(words.promises, 2000, "promises"), fit(words.open_points, 2000, "open_points"))
    if new == (locked.pack_state, locked.pack_promises, locked.pack_open):
        return locked
    locked.pack_state, locked.pack_promises, locked.pack_open = new
    locked.version += 1
    locked.save()
    record(by, "pack.write", locked, locked.case, words="\n".join(new))
    return locked


@transaction.atomic
def send_packs(packs: Iterable[MovePack], *, by: Actor) -> int:
    """Ask the successors, each once by mail for all cases; another body is asked with a handover a case (consent rules hold).

    All or nothing: a refusal names the case and leaves everything as it was. Returns how many were sent; what was sent
    before is passed over. Refused: ``not_a_member``, ``pack_empty``, and what ``offer_handover`` refuses.
    """
    told: dict[tuple[Move, str, uuid.UUID | None], int] = {}
    sent = 0
    for pack in _lock_packs(packs):
        require(gives_pack(by, pack.body_id, pack.from_person_id), _(ONLY_GIVER))
        if not _is_free(pack) or not pack.case.is_open:
            continue
        try:
            _send(pack, by=by)
            sent += 1
        except Refused as refusal:
            raise Refused(f"{pack.case.number}：{refusal.message}", refusal.code, field=f"to-{pack.pk}") from refusal
        if pack.state == PackState.OFFERED:
            key = (pack.move, pack.to_body_id, pack.to_person_id)
            told[key] = told.get(key, 0) + 1
    for (move, body, person), count in told.items():
        mails.packs_offered(move, body, person, count, by=by)
    return sent


@transaction.atomic
def recall_packs(packs: Iterable[MovePack], *, by: Actor) -> int:
    """Take back what nobody has accepted yet: the packs are drafts again. Returns how many."""
    count = 0
    for pack in _lock_packs(packs):
        require(gives_pack(by, pack.body_id, pack.from_person_id), _(ONLY_GIVER))
        if pack.state != PackState.OFFERED:
            continue
        _step(pack, PackState.DRAFT)
        pack.offered_at = None
        pack.save()
        log_step(pack.case, Verb.PACK_OFFERED, by=by, subject=pack, before=PackState.OFFERED, after=PackState.DRAFT,
                 reason="recalled", about_body=pack.to_body_id)
        record(by, "pack.recall", pack, pack.case)
        count += 1
    return count


@transaction.atomic
def accept_packs(packs: Iterable[MovePack], *, by: Actor) -> int:
    """Take these cases: from now on the person holds them, with the same next step on the same day. Returns how many.

    Who stands in for a successor that is away answers in their place: the cases are the successor's all the same.
    Refused: ``not_allowed``, ``wrong_state`` (answered or taken back meanwhile), ``case_closed``.
    """
    taken = _lock_packs(packs)
    for pack in taken:
        require(takes_pack(by, pack), _("返事は、引き継ぐ人か、その不在の間の代わりの人だけができます。"))
        check_step(PACK_STEPS, PackState(pack.state), PackState.ACCEPTED)
        require_open(pack.case)
        person = pack.to_person_id or by.person
        if person is None or not is_member(person, pack.to_body_id):
            raise Refused(_("いまこの機関にいる人だけが、引き受けられます。"), "not_a_member")
        _change_hands(pack, person, by=by)
        pack.to_person_id = person
        _answer(pack, PackState.ACCEPTED, by=by)
        log_step(pack.case, Verb.PACK_ACCEPTED, by=by, subject=pack, before=str(pack.from_person_id), after=str(person),
                 about_body=pack.to_body_id)
        record(by, "pack.accept", pack, pack.case, person=person)
    for move, count in _per_move(taken):
        mails.packs_answered(move, count, by=by, said=written("引き受けました"))
    return len(taken)


@transaction.atomic
def decline_pack(pack: MovePack, *, by: Actor, reason: str) -> MovePack:
    """Say no, with the reason: the giver chooses somebody else. Refused: ``reason_empty``, ``wrong_state``, ``not_allowed``."""
    locked = _lock_packs([pack])[0]
    require(takes_pack(by, locked), _("返事は、引き継ぐ人か、その不在の間の代わりの人だけができます。"))
    check_step(PACK_STEPS, PackState(locked.state), PackState.DECLINED)
    locked.answer_text = fit(reason, 400, "reason")
    if not locked.answer_text:
        raise Refused(_("断る理由を書いてください。次の人を探す手がかりになります。"), "reason_empty", field="reason")
    _answer(locked, PackState.DECLINED, by=by)
    log_step(locked.case, Verb.PACK_DECLINED, by=by, subject=locked, before=PackState.OFFERED, after=PackState.DECLINED,
             about_body=locked.to_body_id)
    record(by, "pack.decline", locked, locked.case)
    mails.packs_answered(locked.move, 1, by=by, said=written("断りました"))
    return locked


@transaction.atomic
def cancel_move(move: Move, *, by: Actor) -> Move:
    """Drop the move: what waits for an answer is taken back, what was accepted stays with the successor."""
    locked = _lock_move(move, by)
    recall_packs(list(locked.packs.filter(state=PackState.OFFERED)), by=by)
    locked.cancelled_at = clock.now()
    locked.save(update_fields=["cancelled_at"])
    record(by, "move.cancel", locked)
    return locked


def _draft(move: Move, *, by: Actor) -> int:
    known = set(move.packs.values_list("case_id", flat=True))
    fresh = [case for case in caseload(move.body_id, move.person_id, by) if case.pk not in known]
    share = Share(colleagues(move.body_id, by, on=move.first_day, without=move.person_id))
    for case in fresh:
        best = share.next_for(words_of(case))
        words = draft_pack(case, by)
        MovePack.objects.create(
            move=move, case=case, body_id=move.body_id, from_person_id=move.person_id, to_body_id=move.body_id,
            to_person_id=best.person if best else None, pack_state=words.state, pack_promises=words.promises,
            pack_open=words.open_points, pack_files=list(words.files),
        )  # fmt: skip
    return len(fresh)


def _send(pack: MovePack, *, by: Actor) -> None:
    _check_successor(pack, Successor(pack.to_body_id, pack.to_person_id))
    if not pack.pack_state.strip():
        raise Refused(_("いまの状態を書いてください。引き継ぐ人が最初に読みます。"), "pack_empty")
    words = Pack(pack.pack_state, pack.pack_promises, pack.pack_open, pack.pack_files)
    pack.offered_at, pack.answer_text, pack.answered_at, pack.answered_by_id = clock.now(), "", None, None
    pack.version += 1
    if pack.to_body_id == pack.body_id:
        before = _step(pack, PackState.OFFERED)
        pack.save()
        log_step(pack.case, Verb.PACK_OFFERED, by=by, subject=pack, before=before, after=PackState.OFFERED,
                 about_body=pack.to_body_id)
        record(by, "pack.offer", pack, pack.case, person=pack.to_person_id)
        return
    _step(pack, PackState.GIVEN)
    pack.handover = offer_handover(pack.case, to_body=Body.objects.get(pk=pack.to_body_id), by=by, pack=words,
                                   to_person=pack.to_person_id, reason=pack.move.get_reason_display())
    if pack.handover.state == HandoverState.OFFERED:  # taken by the front desk at once, the case may be out of sight
        pack.save()
        record(by, "pack.give", pack, pack.case, to=pack.to_body_id)


def _change_hands(pack: MovePack, person: uuid.UUID, *, by: Actor) -> None:
    """Put ``person`` wherever the giver stood, or had stood before the case fell into the queue."""
    stood: dict[str, object] = pack.kept_step
    supports = Support.objects.filter(case_id=pack.case_id, body_id=pack.body_id, state__in=ASKED)
    fallen = set(stood.get("supports", []))  # type: ignore[call-overload]  # a list of ids, written by the queue's act
    for support in supports:
        if support.person_id == pack.from_person_id or (support.person_id is None and str(support.pk) in fallen):
            pass_on(support, by=by, person=person)
    case = Case.objects.get(pk=pack.case_id)  # locked above; passing supports on has written it
    is_holder = case.holder_id == pack.body_id and case.holder_person_id in {pack.from_person_id, None}
    if is_holder and (case.holder_person_id or stood.get("held")):
        case.holder_person_id = person
        mails.tell_company(case, by=by, subject=written("担当者が替わりました"), words=written(
            "%(body)sの担当者が、%(name)sに替わりました。これまでのことは引き継いでいます。")
            % {"body": case.holder.name, "name": Person.objects.get(pk=person).name})
    if case.next_body_id == pack.body_id:
        _move_step(case, pack, person)
    save_case(case)
    pack.case = case


def _move_step(case: Case, pack: MovePack, person: uuid.UUID) -> None:
    kept = pack.kept_step
    if kept.get("what") and case.next_kind == "choose" and case.next_person_id is None:
        on = max(dt.date.fromisoformat(kept["on"]), clock.today())
        at = dt.time.fromisoformat(kept["at"]) if kept.get("at") else None
        put_next_step(case, NextStep(kept["what"], on, kept["kind"], at, kept["phone"], case.holder_id, person))
    elif case.next_person_id == pack.from_person_id or (case.next_person_id is None and kept.get("moves")):
        case.next_person_id = person


def _check_successor(pack: MovePack, to: Successor) -> None:
    body = Body.objects.filter(pk=to.body).first()
    if body is None or body.closed_on is not None:
        raise Refused(_("この機関は選べません。ほかの機関を選んでください。"), "body_closed", field="to")
    if pack.body_id not in {to.body, pack.case.holder_id}:
        raise Refused(_("主担当ではない案件です。同じ機関の人を選んでください。"), "not_holder", field="to")
    day = pack.move.first_day
    if to.person is not None and (to.person == pack.from_person_id or not is_member(to.person, to.body, day)):
        raise Refused(_("%(on)s月%(d)s日にその機関にいる人を選んでください。") % {"on": day.month, "d": day.day}, "not_a_member", field="to")


def _is_free(pack: MovePack) -> bool:
    """Tell whether the pack waits for its giver: not sent, declined, or given to a body that did not take it."""
    if pack.state in {PackState.DRAFT, PackState.DECLINED}:
        return True
    if pack.state != PackState.GIVEN or pack.handover_id is None:
        return False
    state = Handover.objects.filter(pk=pack.handover_id).values_list("state", flat=True).first()
    return state in {HandoverState.DECLINED, HandoverState.RECALLED}


def _step(pack: MovePack, after: PackState) -> str:
    before = PackState(pack.state)
    check_step(PACK_STEPS, before, after)
    pack.state = after
    return before.value


def _answer(pack: MovePack, after: PackState, *, by: Actor) -> None:
    pack.state, pack.answered_at, pack.answered_by_id = after, clock.now(), by.person
    pack.version += 1
    pack.save()


def _lock_move(move: Move, by: Actor) -> Move:
    locked = Move.objects.select_for_update().get(pk=move.pk)
    require(gives_pack(by, locked.body_id, locked.person_id), _(ONLY_GIVER))
    if locked.cancelled_at is not None:
        raise Refused(_("この担当替えは取りやめになっています。"), "cancelled")
    return locked


def _lock_packs(packs: Iterable[MovePack]) -> list[MovePack]:
    """Lock the cases, then the packs, each in the order of their ids; a pack out of sight is left out.

    Refused ``no_consent`` when nothing is left: the firm has closed the case, or the move was cancelled.
    """
    ids = [one.pk for one in packs]
    about = MovePack.objects.filter(pk__in=ids).values_list("case_id", flat=True)
    cases = {one.pk: one for one in Case.objects.select_for_update().filter(pk__in=list(about)).order_by("pk")}
    rows = list(MovePack.objects.select_for_update().filter(pk__in=ids, case__in=cases).order_by("pk"))
    moves = Move.objects.filter(cancelled_at__isnull=True).in_bulk({one.move_id for one in rows})
    rows = [one for one in rows if one.move_id in moves]
    if ids and not rows:
        raise Refused(_("この担当替えは、もう開けません。画面を開き直してください。"), "gone")
    for one in rows:
        one.case, one.move = cases[one.case_id], moves[one.move_id]
    return rows


def _per_move(packs: list[MovePack]) -> list[tuple[Move, int]]:
    counts: dict[uuid.UUID, int] = {}
    for one in packs:
        counts[one.move_id] = counts.get(one.move_id, 0) + 1
    moves = {one.move_id: one.move for one in packs}
    return [(moves[key], count) for key, count in counts.items()]
