"""The people of the simulated quarter: they are away and others stand in, they leave alone or many at once, and others come."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bench.region import join
from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Absence, Membership
from renkei.base.actor import Actor, staff
from renkei.cases.actions.leaving import leave_body
from renkei.cases.actions.moves import Successor, accept_packs, choose_successor, decline_pack, send_packs
from renkei.cases.models import Move, MovePack
from renkei.cases.states import PackState
from renkei.plan.queries import add_business_days

if TYPE_CHECKING:
    from bench.simulate import Quarter

NOTICE = 4  # business days between the news of a move and the last day


def begin_day(run: Quarter, today: dt.date) -> None:
    """See who is gone, who has come, and who is away today."""
    for body, person, last in [one for one in run.leaving if one[2] < today]:
        run.leaving.remove((body, person, last))
        run.people[body].append(join(run, body, today))
    run.away = {one.person_id: one.substitute_id for one in Absence.objects.on(today)}


def at_work(run: Quarter, person: uuid.UUID | None, body: str) -> Actor:
    """Return who acts for a person of a body today: whoever stands in, and anybody of the body when nobody does."""
    for _turn in run.people[body]:
        if person in run.away:
            person = run.away[person]
    if person is None or person in run.away or not _belongs(run, person, body):
        return run.staff_of(body)
    return staff(person, body, "職員")


def _belongs(run: Quarter, person: uuid.UUID, body: str) -> bool:
    return any(one.pk == person for one in run.people[body]) or any(row[:2] == (body, person) for row in run.leaving)


def go_away(run: Quarter, today: dt.date) -> None:
    """Some enter an absence, for today or for a day to come, mostly with somebody who stands in."""
    for body, people in run.people.items():
        for person in people:
            if len(people) == 1 or run.rnd.random() > run.plot.away_a_day:
                continue
            since = add_business_days(today, run.rnd.choice((0, 1, 3)))
            until = add_business_days(since, run.rnd.randrange(5))
            substitute = run.rnd.choice([one.pk for one in people if one.pk != person.pk])
            member = Membership.objects.get(person=person, body_id=body)
            run.act("absence", lambda member=member, since=since, until=until, substitute=substitute: enter_absence(
                member, since=since, until=until, by=staff(member.person_id, member.body_id, "職員"), substitute=substitute))


def leave_some(run: Quarter, today: dt.date, *, many: bool) -> None:
    """People are told that they leave, a few each week and many at once on the day of moves: successors are asked."""
    last = add_business_days(today, NOTICE)
    for body, people in run.people.items():
        for person in list(people[1:]):
            if run.rnd.random() < (run.plot.moves_at_once if many else run.plot.leaves_a_week):
                people.remove(person)
                run.leaving.append((body, person.pk, last))
                _give(run, body, person, last)


def _give(run: Quarter, body: str, person: Any, last: dt.date) -> None:
    admin = staff(run.people[body][0].pk, body, "管理者")
    member = Membership.objects.get(person=person, body_id=body)
    move = run.act("move", lambda: leave_body(member, last, by=admin))
    if move is not None:
        run.act("packs sent", lambda: send_packs(list(move.packs.all()), by=admin))


def answer_packs(run: Quarter) -> None:
    """Successors take all they are asked for; some first say no to one, which goes to the administrator; some never answer."""
    asked: dict[tuple[str, Any], list[MovePack]] = defaultdict(list)
    for pack in MovePack.objects.filter(state=PackState.OFFERED).select_related("to_person").order_by("case__number", "body__order"):
        asked[pack.to_body_id, pack.to_person_id].append(pack)
    for (body, person), packs in asked.items():
        to = packs[0].to_person
        silent = to is not None and random.Random(to.name).random() < run.plot.never_answers
        if silent or run.rnd.random() < 0.5:
            continue
        by = staff(person, body, "職員") if person else run.staff_of(body)
        if run.rnd.random() < 0.2:
            _decline(run, packs.pop(), by)
        if packs:
            run.act("packs accepted", lambda packs=packs, by=by: accept_packs(packs, by=by))


def _decline(run: Quarter, pack: MovePack, by: Actor) -> None:
    run.act("pack declined", lambda: decline_pack(pack, by=by, reason="手がいっぱいです"))
    admin = staff(run.people[pack.body_id][0].pk, pack.body_id, "管理者")
    if admin.person != by.person and admin.person is not None:
        to = Successor(pack.body_id, admin.person)
        run.act("another chosen", lambda: choose_successor([pack], to, by=admin))
        run.act("packs sent", lambda: send_packs([pack], by=admin))


def told() -> str:
    """Return how many moved, were away, and what became of the packs, in a line to read."""
    moves, absences = Move.objects.all(), Absence.objects.all()
    packs = {str(state.label): MovePack.objects.filter(state=state).count() for state in PackState}
    said = ", ".join(f"{label} {count}" for label, count in packs.items() if count)
    return (f"moves {moves.count()} (lapsed {moves.filter(lapsed_at__isnull=False).count()}), packs: {said or 0};"
            f" absences {absences.count()}, with a substitute {absences.filter(substitute__isnull=False).count()}")  # fmt: skip
