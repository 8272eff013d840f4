"""The specialists the plan places in bodies: speciality, term, load, and what must be handed over when a term ends [C42]."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import models
from django.db.models import Count

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case
from renkei.plan.queries import content_now
from renkei.research.models import Activity
from renkei.research.rules import first_of

SOON = dt.timedelta(days=90)
MONTHS = 3  # whole months behind us over which activities are counted


@dataclass(frozen=True, slots=True)
class Post:
    """A person in a post of the plan. ``held`` and ``a_month`` are None where the reader does not see the body's work.

    ``a_month`` is lines of the log a month, of the last three whole months.
    """

    membership: Membership
    name: str
    held: int | None
    a_month: float | None
    ends_soon: bool
    cases: list[Case]

    @property
    def days_left(self) -> int | None:
        """Return how many days the term still has, today not counted; None without an end."""
        until = self.membership.until
        return (until - clock.today()).days if until else None


def posts(actor: Actor, *, sees_all: bool) -> list[Post]:
    """Return everybody in a post of the plan, by body, the actor's own first; the load of the actor's own body, of all with ``sees_all``."""
    names = {one.code: one.name for one in content_now().vocabulary("posts")}
    members = list(Membership.objects.current().filter(role__in=names).order_by("body__order", "person__kana"))
    open_ones = Case.objects.visible_to(actor).open().filter(holder_person__in=[one.person_id for one in members])
    held = {(body, person): n for body, person, n in open_ones.values_list("holder_id", "holder_person_id").annotate(n=Count("pk")).order_by()}
    first = first_of(clock.today())
    begin = _months_before(first, MONTHS)
    lines = Activity.objects.visible_to(actor).standing().filter(day__gte=begin, day__lt=first)
    logged = {(body, person): n for body, person, n in lines.values_list("body_id", "person_id").annotate(n=Count("pk")).order_by()}
    ending = {(one.body_id, one.person_id) for one in members if one.until and one.until <= clock.today() + SOON}
    to_hand = _to_hand(open_ones, ending)
    found = []
    for one in members:
        key = (one.body_id, one.person_id)
        sees = sees_all or one.body_id == actor.body
        found.append(Post(
            one, names[one.role], held.get(key, 0) if sees else None, round(logged.get(key, 0) / MONTHS, 1) if sees else None,
            key in ending, to_hand.get(key, []) if sees else [],
        ))  # fmt: skip
    return sorted(found, key=lambda one: one.membership.body_id != actor.body)


def _to_hand(open_ones: models.QuerySet[Case], ending: set[tuple[str, uuid.UUID]]) -> dict[tuple[str, uuid.UUID], list[Case]]:
    """Return the open cases of whose term ends soon, the next step first."""
    found: dict[tuple[str, uuid.UUID], list[Case]] = {}
    if not ending:
        return found
    for case in open_ones.filter(holder_person__in=[person for _body, person in ending]).select_related("company").order_by("next_on", "number"):
        if case.holder_person_id is not None and (case.holder_id, case.holder_person_id) in ending:
            found.setdefault((case.holder_id, case.holder_person_id), []).append(case)
    return found


def _months_before(first: dt.date, count: int) -> dt.date:
    month = first.year * 12 + first.month - 1 - count
    return dt.date(month // 12, month % 12 + 1, 1)
