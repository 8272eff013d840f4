"""Routes that fall behind: shown to the holder each day, until somebody asks, finishes, or plans anew."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, Q, QuerySet, UUIDField, Value
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.cases.models import Case, RouteStep, RouteVersion, Support
from renkei.cases.queries.route_page import late_words
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Ask
from renkei.cases.states import AT_WORK, SupportState

MOST = 10
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class LateRoute:
    """A case whose route is behind, and what about it."""

    case: Case
    words: str


def late_routes(actor: Actor, body: str) -> list[LateRoute]:
    """Return the open cases that ``body`` holds whose route is late or met a no; one query where it holds none with a route.

    Asked one after the other, by ids: joined, the policies of all tables took PostgreSQL far longer to plan than to answer.
    """
    held = RouteVersion.objects.visible_to(actor).filter(number=F("route__version"), route__case__holder_id=body)
    held = held.exclude(route__case__state="closed").order_by("route__case__arrived_at")
    standing: dict[uuid.UUID, uuid.UUID] = dict(held.values_list("pk", "route__case_id"))
    if not standing:
        return []
    rows = _touched(actor, standing)
    supports = _supports(actor, {standing[one.version_id] for one in rows})
    found: dict[uuid.UUID, str] = {}
    for one in rows:
        if words := _words(one, supports.get((one.need_id, one.service_id, one.body_id))):
            found.setdefault(standing[one.version_id], words)
    first = dict(islice(found.items(), MOST))
    cases = Case.objects.visible_to(actor).prefetch_related("company").in_bulk(first)
    return [LateRoute(cases[case], words) for case, words in first.items() if case in cases]


def _touched(actor: Actor, standing: dict[uuid.UUID, uuid.UUID]) -> list[RouteStep]:
    """Return the steps of versions (with their cases) whose day has gone by, and all of a case that met a no, in the versions' order."""
    today = clock.today()
    refused = set(Support.objects.visible_to(actor).filter(case__in=standing.values(), state__in=IN_VAIN).values_list("case_id", flat=True))
    late = Q(begins_on__lt=today) | Q(ends_on__lt=today) | Q(version__in=[one for one, case in standing.items() if case in refused])
    place = Func(Value(list(standing), ArrayField(UUIDField())), F("version"), function="array_position", output_field=IntegerField())
    steps = RouteStep.objects.visible_to(actor).filter(late, version__in=standing).select_related("service", "body")
    return list(steps.order_by(place, "order")[:_MOST_STEPS])


@dataclass(frozen=True, slots=True)
class LateStep:
    """A step whose day has gone by, with the support it became; ``day`` is the day it missed."""

    step: RouteStep
    support: Support | None
    day: dt.date
    is_begun: bool

    @property
    def is_at_body(self) -> bool:
        """Tell whether the body that took it has to move; else it is the case's holder."""
        return self.is_begun and self.support is not None


def late_cases() -> list[uuid.UUID]:
    """Return the open cases with a step of the route that stands whose day has gone by; for the worker."""
    today = clock.today()
    rows = _standing_steps().filter(Q(begins_on__lt=today) | Q(ends_on__lt=today))
    return list(dict.fromkeys(rows.order_by("version__route__case__arrived_at").values_list("version__route__case_id", flat=True)))


def late_steps(cases: Iterable[uuid.UUID]) -> list[LateStep]:
    """Return the steps of open cases that are late today, in their order; for the worker. What met a no is late no more."""
    today = clock.today()
    rows = list(
        _standing_steps().filter(Q(begins_on__lt=today) | Q(ends_on__lt=today), version__route__case__in=set(cases))
        .select_related("service", "body", "version__route").order_by("order")
    )  # fmt: skip
    supports = _supports(SYSTEM, {one.version.route.case_id for one in rows}) if rows else {}
    found = []
    for one in rows:
        support = supports.get((one.need_id, one.service_id, one.body_id))
        state = SupportState(support.state) if support else SupportState.PROPOSED
        day = one.ends_on if one.ends_on is not None and one.ends_on < today else one.begins_on
        if day is not None and late_words(one, state, today):
            found.append(LateStep(one, support, day, is_begun=state in AT_WORK))
    return found


def _standing_steps() -> QuerySet[RouteStep]:
    return RouteStep.objects.visible_to(SYSTEM).filter(
        version__number=F("version__route__version"), version__route__case__in=Case.objects.open()
    )


def _supports(actor: Actor, cases: set[uuid.UUID]) -> dict[Ask, Support]:
    rows = Support.objects.visible_to(actor).filter(case__in=cases).exclude(state__in=GONE).order_by("made_at")
    return {(one.need_id, one.service_id, one.body_id): one for one in rows}


def _words(step: RouteStep, support: Support | None) -> str:
    state = SupportState(support.state) if support else SupportState.PROPOSED
    what = _("次の案を選んでください") if state in IN_VAIN else late_words(step, state, clock.today())
    return f"{step.service.short}（{step.body.short}）：{what}" if what else ""
