"""A body with several people and a caseload, for the tests of who moves."""

from __future__ import annotations

import datetime as dt

from renkei.accounts.models import Membership, Person
from renkei.base.actor import Actor, staff
from renkei.cases.models import Case
from tests.cases.making import arrived, said
from tests.world import DESK, World

SINCE = dt.date(2024, 4, 1)


def join(body: str, name: str, *, admin: bool = False, specialities: tuple[str, ...] = (), until: dt.date | None = None) -> Membership:
    """One more person of a body; ``name`` is one word and makes the address."""
    person = Person.objects.create_user(f"{name}@people.example", "hibari-secret-1", name=f"{name} 一", kana=name)
    return Membership.objects.create(person=person, body_id=body, role="staff", is_admin=admin, since=SINCE,
                                     specialities=list(specialities), until=until)


def acts(membership: Membership) -> Actor:
    return staff(membership.person_id, membership.body_id, membership.person.name)


def member(world: World, body: str = DESK) -> Membership:
    return Membership.objects.get(person=world.people[body], body_id=body)


def held(world: World, *memberships: Membership, each: int = 1, **more: object) -> list[Case]:
    """Cases the desk holds, ``each`` for every one of these people."""
    made = []
    for one in memberships:
        for _turn in range(each):
            case = arrived(world, **more).case
            Case.objects.filter(pk=case.pk).update(holder_person=one.person, next_person=one.person)
            made.append(Case.objects.get(pk=case.pk))
    return made


__all__ = ["SINCE", "acts", "held", "join", "member", "said"]
