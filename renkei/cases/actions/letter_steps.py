"""Circulation (供覧) and approval (決裁) of letters by named people, in order or together."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.accounts.queries import answering_for, is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.letters import decide, lock_letter, move_letter, rule_of, void_steps
from renkei.cases.models import Letter, LetterState, LetterStep, StepKind, StepState
from renkei.cases.nudges import settle_row
from renkei.cases.steps import fit
from renkei.plan.content import LetterRule

MOST_PEOPLE = 12


@transaction.atomic
def ask_decision(
    letter: Letter, *, by: Actor, approvers: Sequence[uuid.UUID], readers: Sequence[uuid.UUID] = ()
) -> Letter:
    """Send a letter round: approvers in the plan's order or together, readers at once.

    The plan says how many approve and in which role; more may be named. Refused: ``locked``, ``already_asked``,
    ``too_few``, ``too_many``, ``twice``, ``not_a_member``, ``wrong_role``, ``own_draft``, ``nobody``, ``not_allowed``.
    """
    locked = lock_letter(letter, by=by)
    if locked.is_locked:
        raise Refused(_("決裁された文書は回せません。"), "locked")
    if locked.state == LetterState.ASKED:
        raise Refused(_("もう回しています。画面を開き直してください。"), "already_asked")
    rule = rule_of(locked.kind)
    _check_people(locked, rule, approvers, readers)
    locked.round += 1
    move_letter(locked, LetterState.ASKED)
    locked.save()
    for place, person in enumerate(approvers):
        role = rule.steps[place] if place < len(rule.steps) else ""
        state = StepState.WAITING if rule.together or place == 0 else StepState.QUEUED
        _step(locked, place, StepKind.APPROVE, person, role=role, state=state, by=by)
    for place, person in enumerate(readers):
        _step(locked, len(approvers) + place, StepKind.READ, person, by=by)
    record(by, "letter.ask", locked, approvers=list(approvers), readers=list(readers), round=locked.round)
    return locked


@transaction.atomic
def circulate_letter(letter: Letter, *, by: Actor, readers: Sequence[uuid.UUID]) -> Letter:
    """Show a decided letter to more colleagues. Who has it already is left out. Refused: ``nobody``, ``not_a_member``."""
    locked = lock_letter(letter, by=by)
    if not readers:
        raise Refused(_("見てもらう人を選んでください。"), "nobody", field="readers")
    if locked.state != LetterState.DECIDED:
        raise Refused(_("決裁の前は、決裁と一緒に回してください。"), "not_decided")
    _check_members(locked, readers, "readers")
    have = set(locked.steps.filter(kind=StepKind.READ, state__in=[StepState.WAITING, StepState.DONE]).values_list("person_id", flat=True))
    for person in readers:
        if person not in have:
            _step(locked, locked.steps.count(), StepKind.READ, person, by=by)
    record(by, "letter.circulate", locked, readers=list(readers))
    return locked


@transaction.atomic
def approve_step(step: LetterStep, *, by: Actor) -> Letter:
    """Say yes. After the last yes the letter is numbered and dated. A second press changes nothing.

    Who stands in for somebody away decides in the same place, under the own name (代決), as in every act of an approver.
    Refused: ``not_yours``, ``not_your_turn``; of a substitute also ``own_draft``, ``twice``.
    """
    letter, locked = _lock(step, by, StepKind.APPROVE)
    if locked.state == StepState.DONE:
        return letter
    _require_waiting(letter, locked)
    _end(locked, StepState.DONE)
    record(by, "letter.approve", letter, locked)
    left = letter.steps.filter(round=letter.round, kind=StepKind.APPROVE, state__in=[StepState.QUEUED, StepState.WAITING])
    if not left.exists():
        mails.letter_answered(letter, by=by, subject=written("文書が決裁されました"))
        return decide(letter, by=by)
    if not left.filter(state=StepState.WAITING).exists():
        following = left.order_by("place")[0]
        following.state, following.asked_at = StepState.WAITING, clock.now()
        following.save()
        following.letter = letter
        mails.letter_waits(following, by=by)
    return letter


@transaction.atomic
def send_back(step: LetterStep, *, by: Actor, reason: str) -> Letter:
    """Say no, with the reason; the writer changes the letter and asks again.

    Refused: ``reason_empty``, ``too_long``, ``not_yours``, ``not_your_turn``.
    """
    letter, locked = _lock(step, by, StepKind.APPROVE)
    _require_waiting(letter, locked)
    words = fit(reason, 400, "reason")
    if not words:
        raise Refused(_("差し戻す理由を書いてください。何を直せばよいかが伝わります。"), "reason_empty", field="reason")
    locked.reason = words
    _end(locked, StepState.RETURNED)
    void_steps(letter)
    move_letter(letter, LetterState.RETURNED)
    letter.save()
    record(by, "letter.return", letter, locked, reason=words)
    mails.letter_answered(letter, by=by, subject=written("文書が差し戻されました"))
    return letter


@transaction.atomic
def pass_step(step: LetterStep, *, by: Actor, to: uuid.UUID) -> LetterStep:
    """Let a substitute decide instead, in the same place; who passed it on stays on record.

    Refused: ``not_yours``, ``not_your_turn``, ``not_a_member``, ``own_draft``, ``twice``.
    """
    letter, locked = _lock(step, by, StepKind.APPROVE)
    _require_waiting(letter, locked)
    _check_members(letter, [to], "to")
    new = _put_in_place(letter, locked, to, by=by)
    record(by, "letter.pass", letter, locked, new, to=to)
    return new


@transaction.atomic
def read_step(step: LetterStep, *, by: Actor) -> LetterStep:
    """Mark a letter as seen (供覧). A second press changes nothing. Refused: ``not_yours``, ``not_your_turn``."""
    letter, locked = _lock(step, by, StepKind.READ)
    if locked.state == StepState.DONE:
        return locked
    _require_waiting(letter, locked)
    _end(locked, StepState.DONE)
    record(by, "letter.read", letter, locked)
    return locked


def _check_people(letter: Letter, rule: LetterRule, approvers: Sequence[uuid.UUID], readers: Sequence[uuid.UUID]) -> None:
    if len(approvers) < len(rule.steps):
        raise Refused(_("決裁する人を%(n)s人選んでください。") % {"n": len(rule.steps)}, "too_few", field="approvers")
    if not approvers:
        raise Refused(_("決裁する人を選んでください。"), "nobody", field="approvers")
    if len(approvers) + len(readers) > MOST_PEOPLE:
        raise Refused(_("回せるのは%(n)s人までです。") % {"n": MOST_PEOPLE}, "too_many", field="readers")
    if len(set(approvers)) < len(approvers):
        raise Refused(_("同じ人が2回入っています。"), "twice", field="approvers")
    _check_members(letter, approvers, "approvers")
    _check_members(letter, readers, "readers")
    _check_own(letter, rule, approvers, "approvers")
    for role, person in zip(rule.steps, approvers, strict=False):
        if role and not Membership.objects.current().filter(person_id=person, body_id=letter.author_body_id, role=role).exists():
            raise Refused(_("決まりの役割の人を、順に選んでください。"), "wrong_role", field="approvers")


def _check_members(letter: Letter, people: Sequence[uuid.UUID], field: str) -> None:
    if not all(is_member(person, letter.author_body_id) for person in people):
        raise Refused(_("自分の機関の人を選んでください。"), "not_a_member", field=field)


def _check_own(letter: Letter, rule: LetterRule, people: Sequence[uuid.UUID], field: str) -> None:
    if letter.author_id in people and not rule.own_draft:
        raise Refused(_("起案した人は、自分の文書を決裁できません。ほかの人を選んでください。"), "own_draft", field=field)


def _step(
    letter: Letter, place: int, kind: StepKind, person: uuid.UUID, *, by: Actor, role: str = "", state: StepState = StepState.WAITING
) -> LetterStep:
    made = LetterStep.objects.create(letter=letter, body_id=letter.author_body_id, round=letter.round, place=place, kind=kind,
                                     role=role, person_id=person, state=state, asked_at=clock.now())
    if kind == StepKind.APPROVE and state == StepState.WAITING:
        mails.letter_waits(made, by=by)
    return made


def _lock(step: LetterStep, by: Actor, kind: StepKind) -> tuple[Letter, LetterStep]:
    letter = lock_letter(step.letter, by=by)
    locked = LetterStep.objects.select_for_update().get(pk=step.pk)
    locked.letter = letter
    if locked.kind == kind == StepKind.APPROVE and locked.person_id in answering_for(by.person, letter.author_body_id):
        locked = _stand_in(letter, locked, by)
    if locked.person_id != by.person or locked.kind != kind:
        raise Refused(_("これは、名前のある人だけができます。"), "not_yours")
    return letter, locked


def _stand_in(letter: Letter, step: LetterStep, by: Actor) -> LetterStep:
    """Put the acting substitute in the place of an approver who is away; a second press finds the place taken already."""
    assert by.person is not None  # noqa: S101  somebody stands in
    mine = letter.steps.filter(round=step.round, place=step.place, kind=StepKind.APPROVE, person_id=by.person)
    if step.state == StepState.PASSED and (found := mine.first()) is not None:
        found.letter = letter
        return found
    _require_waiting(letter, step)
    new = _put_in_place(letter, step, by.person, by=by)
    new.letter = letter
    record(by, "letter.stand_in", letter, step, new, instead_of=step.person_id)
    return new


def _put_in_place(letter: Letter, step: LetterStep, person: uuid.UUID, *, by: Actor) -> LetterStep:
    _check_own(letter, rule_of(letter.kind), [person], "to")
    if letter.steps.filter(round=letter.round, kind=StepKind.APPROVE, person_id=person).exclude(state=StepState.PASSED).exists():
        raise Refused(_("この人は、もう決裁の順に入っています。"), "twice", field="to")
    _end(step, StepState.PASSED)
    return _step(letter, step.place, StepKind.APPROVE, person, role=step.role, by=by)


def _require_waiting(letter: Letter, step: LetterStep) -> None:
    stale = step.kind == StepKind.APPROVE and (letter.state != LetterState.ASKED or step.round != letter.round)
    if stale or step.state != StepState.WAITING:
        raise Refused(_("いまは順番ではないか、もう終わっています。画面を開き直してください。"), "not_your_turn")


def _end(step: LetterStep, state: StepState) -> None:
    step.state, step.done_at = state, clock.now()
    step.save()
    settle_row(step.letter.case_id, step.pk, "decide")
