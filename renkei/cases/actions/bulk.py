"""One deed on many chosen cases: first tried and taken back, so that the summary says what will happen; then done.

Each case stands alone, through the action people use one by one: what cannot be done there is told in words, and the
others go on. A case that somebody else saved since the summary was shown is left as it is.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.holding import set_next_step, take_case
from renkei.cases.actions.reminding import remind_bodies
from renkei.cases.models import Case
from renkei.cases.rules import signed
from renkei.cases.steps import NextStep
from renkei.plan.queries import add_business_days

MOST_CASES = 300


@dataclass(frozen=True, slots=True)
class Assign:
    """Name the person who has the cases in hand."""

    person: uuid.UUID


@dataclass(frozen=True, slots=True)
class Step:
    """Say when each goes on: on one day, or ``later`` business days after its own (after today when that has passed)."""

    what: str = ""
    on: dt.date | None = None
    later: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """End them all for one reason."""

    reason: str
    words: str
    result: str = ""
    answer: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind the bodies that owe an answer, with a word."""

    words: str = ""


Order = Assign | Step | Close | Remind


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became (or would become) of one case: ``problem`` says in words why nothing did, ``told`` who is written to."""

    case: Case
    problem: str = ""
    told: tuple[str, ...] = ()


class _TakeBack(Exception):  # noqa: N818  no fault: ends a trial
    """Rolls a trial back."""


def try_all(cases: Sequence[Case], order: Order, *, by: Actor) -> list[Outcome]:
    """Return what would become of each case, with nothing changed. Refused: ``nobody``, ``too_many``, ``not_allowed``."""
    _check(cases, by)
    return [_try(case, order, by) for case in cases]


def do_all(cases: Sequence[Case], order: Order, *, by: Actor, versions: Mapping[uuid.UUID, int]) -> list[Outcome]:
    """Do it to each case that still stands as the summary showed it (``versions``). Refused: as for ``try_all``."""
    _check(cases, by)
    outcomes = [_do(case, order, by, versions.get(case.pk)) for case in cases]
    done = [one.case for one in outcomes if not one.problem]
    if done:
        record(by, "case.bulk", *done, order=str(order), left=len(outcomes) - len(done))
    return outcomes


def _check(cases: Sequence[Case], by: Actor) -> None:
    signed(by)
    if not cases:
        raise Refused(_("案件を選んでください。"), "nobody")
    if len(cases) > MOST_CASES:
        raise Refused(_("一度に変えられるのは%(n)s件までです。") % {"n": MOST_CASES}, "too_many")


def _try(case: Case, order: Order, by: Actor) -> Outcome:
    told: tuple[str, ...] = ()
    try:
        with transaction.atomic():
            told = _act(order)(case, by)
            raise _TakeBack  # noqa: TRY301  leaves the block so that it is rolled back
    except _TakeBack:
        return Outcome(case, told=told)
    except Refused as refusal:
        return Outcome(case, refusal.message)


def _do(case: Case, order: Order, by: Actor, version: int | None) -> Outcome:
    try:
        with transaction.atomic():
            locked = Case.objects.select_for_update().get(pk=case.pk)
            if version is None or locked.version != version:
                raise Refused(_("確かめたあとに変わりました。案件を開いて確かめてください。"), "changed_meanwhile")  # noqa: TRY301  one way out
            told = _act(order)(case, by)
    except Refused as refusal:
        return Outcome(case, refusal.message)
    return Outcome(case, told=told)


def _act(order: Order) -> Callable[[Case, Actor], tuple[str, ...]]:
    """Return the act; it answers with the names of the bodies that are written to."""
    if isinstance(order, Remind):
        return lambda case, by: tuple(dict.fromkeys(one.short for one in remind_bodies(case, by=by, words=order.words)))
    return _nobody(_change(order))


def _nobody(act: Callable[[Case, Actor], Case]) -> Callable[[Case, Actor], tuple[str, ...]]:
    def acting(case: Case, by: Actor) -> tuple[str, ...]:
        act(case, by)
        return ()

    return acting


def _change(order: Assign | Step | Close) -> Callable[[Case, Actor], Case]:
    if isinstance(order, Assign):
        return lambda case, by: take_case(case, by=by, person=order.person)
    if isinstance(order, Step):
        return lambda case, by: set_next_step(case, _step(case, order), by=by)
    return lambda case, by: close_case(case, by=by, reason=order.reason, words=order.words, result=order.result,
                                       answer_to_company=order.answer, needs=order.needs)


def _step(case: Case, order: Step) -> NextStep:
    start = max(case.next_on or clock.today(), clock.today())
    return NextStep(
        what=order.what or case.next_step, on=order.on or add_business_days(start, order.later), kind=case.next_kind or "work",
        at=None, phone=case.next_phone, body=case.next_body_id, person=case.next_person_id,
    )  # fmt: skip
