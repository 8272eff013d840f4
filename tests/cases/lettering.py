"""Letters and the people who decide on them, for tests."""

from __future__ import annotations

from typing import Any

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.cases.actions.letters import Text, draft_letter
from renkei.cases.models import Case, Letter
from renkei.plan.models import PlanVersion
from tests.world import CONTENT, DESK, World


def colleague(name: str, body: str = DESK, role: str = "staff") -> Actor:
    """One more person of a body; the name makes the address."""
    person = Person.objects.create_user(f"{name}@{body}.example", "hibari-secret-1", name=f"{name} 一郎", kana=name)
    Membership.objects.create(person=person, body_id=body, role=role, since=clock.today())
    return staff(person.pk, body, person.name)


def letters_plan(*rows: dict[str, Any]) -> None:
    """Let the plan say how letters are numbered and decided."""
    PlanVersion.objects.create(plan_id="hibari-plan", number=2 + PlanVersion.objects.count(), content={**CONTENT, "letters": list(rows)},
                               published_at=clock.now())


def letter(world: World, case: Case, kind: str = "reply", by: Actor | None = None, klass: str = "", **values: str) -> Letter:
    return draft_letter(Case.objects.get(pk=case.pk), kind, Text(values, klass), by=by or world.desk)


def people(*actors: Actor) -> list[Any]:
    return [actor.person for actor in actors]
