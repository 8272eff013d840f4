"""A month of somebody: the lines, the attempts, and what they add up to. Counted from the records, typed nowhere [C88]."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass

from renkei.base.actor import Actor
from renkei.research.models import Activity, Bridge, BridgeState, BridgeStep
from renkei.research.rules import kind_name, kinds, next_month


@dataclass(frozen=True, slots=True)
class KindSum:
    """How often and how long (minutes) one kind of thing was done."""

    code: str
    name: str
    count: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Month:
    """What one person did for a body in a month, as far as the reader sees it."""

    first: dt.date
    lines: list[Activity]
    kinds: list[KindSum]
    begun: int
    came: int
    failed: int
    cases: int
    bridges: list[Bridge]

    @property
    def minutes(self) -> int:
        """Return how long all of it took, in minutes."""
        return sum(one.minutes for one in self.kinds)

    @property
    def counted(self) -> dict[str, int]:
        """Return the numbers as data: to be frozen with a report."""
        by_kind = {f"kind:{one.code}": one.count for one in self.kinds if one.count}
        return by_kind | {
            "lines": len(self.lines), "minutes": self.minutes, "cases": self.cases, "begun": self.begun, "came": self.came, "failed": self.failed,
        }  # fmt: skip


def month_of(actor: Actor, person: uuid.UUID, body: str, first: dt.date) -> Month:
    """Return the month that begins on ``first`` of a person in a body, the oldest line first."""
    end = next_month(first)
    seen = Activity.objects.visible_to(actor).standing().filter(person_id=person, body_id=body, day__gte=first, day__lt=end)
    lines = list(seen.select_related("case__company", "company").order_by("day", "written_at"))
    steps = BridgeStep.objects.visible_to(actor).filter(person_id=person, body_id=body, on__gte=first, on__lt=end)
    states = Counter(steps.values_list("state", flat=True))
    bridges = list(Bridge.objects.visible_to(actor).filter(pk__in=steps.values("bridge_id")).select_related("need", "to_body", "case__company").order_by("tried_on", "id"))
    return Month(
        first, lines, _kinds(lines), begun=states[BridgeState.TRIED], came=states[BridgeState.CAME], failed=states[BridgeState.FAILED],
        cases=len({one.case_id for one in lines if one.case_id} | {one.case_id for one in bridges}), bridges=bridges,
    )  # fmt: skip


def _kinds(lines: list[Activity]) -> list[KindSum]:
    """Return the plan's kinds in order, then those the plan no longer knows."""
    known = [one.code for one in kinds()]
    codes = [*known, *sorted({one.kind for one in lines} - set(known))]
    found = []
    for code in codes:
        own = [one for one in lines if one.kind == code]
        found.append(KindSum(code, kind_name(code), len(own), sum(one.minutes for one in own)))
    return found
