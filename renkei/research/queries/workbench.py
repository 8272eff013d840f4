"""The coordinators' workbench: queues of needs as the plan divides them, over the cases and supports there are [C43].

A queue takes rows from ``SOURCES``: needs today, applications for funds and joint research once their modules stand.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Prefetch

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Need, Support
from renkei.cases.states import OPEN_SUPPORTS, NeedState, SupportState
from renkei.plan.content import Queue
from renkei.plan.queries import content_now
from renkei.research.models import Bridge

MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a queue: which need of which case, who holds it, how long it has been there, what happens next and when."""

    case: Case
    need: Need | None
    title: str
    state: str
    since: dt.datetime
    bridges: int = 0

    @property
    def age(self) -> int:
        """Return its age in days; the first day is 1."""
        return (clock.today() - self.since.astimezone(clock.JST).date()).days + 1


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue with its first rows and how many there are."""

    queue: Queue
    rows: list[Row]
    count: int

    @property
    def more(self) -> int:
        """Return how many are not shown."""
        return self.count - len(self.rows)


Source = Callable[[Actor, list[Queue]], Iterable[tuple[str, Row]]]


def workbench(actor: Actor, person: uuid.UUID | None = None) -> list[Lane]:
    """Return the queues of the plan for the actor's body, what is due first at the top; ``person`` leaves that person's alone."""
    queues = content_now().queues
    rows: dict[str, list[Row]] = {one.code: [] for one in queues}
    for source in SOURCES:
        for code, row in source(actor, queues):
            if person is None or person in {row.case.holder_person_id, row.case.next_person_id}:
                rows[code].append(row)
    found = []
    for one in queues:
        own = sorted(rows[one.code], key=lambda row: (row.case.next_on or dt.date.max, row.since, row.title))
        found.append(Lane(one, own[:MOST_ROWS], len(own)))
    return found


def of_needs(actor: Actor, queues: list[Queue]) -> Iterable[tuple[str, Row]]:
    """Yield the open needs of cases the actor's body holds, and those it is asked about or works on, each in its queues.

    A need is in a queue by its stage, or by a service that is being asked for or given: so it may stand in two.
    """
    body = str(actor.body)
    asked = Support.objects.visible_to(actor).filter(state__in=OPEN_SUPPORTS)
    own = Case.objects.visible_to(actor).held_by(body).values("pk")
    needs = Need.objects.visible_to(actor).filter(state=NeedState.OPEN).exclude(case__state="closed")
    needs = needs.filter(case__in=own) | needs.filter(pk__in=asked.filter(body_id=body).exclude(state=SupportState.PROPOSED).values("need_id"))
    shown = needs.select_related("case__company", "case__holder", "case__holder_person", "case__next_body", "case__next_person")
    shown = shown.prefetch_related(Prefetch("supports", asked, to_attr="live"), Prefetch("bridges", Bridge.objects.visible_to(actor), to_attr="tries"))
    for need in shown.order_by("case__next_on", "pk").distinct():
        live: list[Support] = need.live  # type: ignore[attr-defined]  # prefetched
        services = {one.service_id for one in live}
        row = Row(need.case, need, need.title, _state(live), need.added_at, bridges=len(need.tries))  # type: ignore[attr-defined]  # prefetched
        for queue in queues:
            if need.stage_id in queue.stages or services & set(queue.services):
                yield queue.code, row


def _state(supports: list[Support]) -> str:
    """Return how far a need is: the furthest of what is asked or at work; nothing where nobody is asked."""
    order = [SupportState.UNDER_WAY, SupportState.ACCEPTED, SupportState.OFFERED, SupportState.PROPOSED]
    states = {one.state for one in supports}
    return next((str(one.label) for one in order if one in states), "")


SOURCES: tuple[Source, ...] = (of_needs,)
