"""Routes that fall behind: shown to the holder each day, until somebody asks, finishes, or plans anew."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, IntegerField, Q, QuerySet, UUIDField, Value
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.cases.models import Case, RouteStep, RouteVersion, Support
from renkei.cases.queries.route_meetings import NEWS_WORDS, MeetingNews, councils, meeting_news
from renkei.cases.queries.route_page import late_words
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Ask
from renkei.cases.states import AT_WORK, SupportState
from renkei.matching.schedule import Council

MOST = 10
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class LateRoute:
    """A case whose route is behind, and what about it."""

    case: Case
    words: str


def late_routes(actor: Actor, body: str) -> list[LateRoute]:
    """Return the open cases that ``body`` holds whose route is late, met a no or waits for another meeting; one query where it holds none with a route.

    Asked one after the other, by ids: joined, the policies of all tables took PostgreSQL far longer to plan than to answer.
    """
    held = RouteVersion.objects.visible_to(actor).filter(number=F("route__version"), route__case__holder_id=body)
    held = held.exclude(route__case__state="closed").order_by("route__case__arrived_at")
    standing: dict[uuid.UUID, uuid.UUID] = dict(held.values_list("pk", "route__case_id"))
    if not standing:
        return []
    meeting = councils(actor)
    rows = _touched(actor, standing, meeting)
    supports = _supports(actor, {standing[one.version_id] for one in rows})
    found: dict[uuid.UUID, str] = {}
    for one in rows:
        if words := _words(one, supports.get((one.need_id, one.service_id, one.body_id)), meeting):
            found.setdefault(standing[one.version_id], words)
    first = dict(islice(found.items(), MOST))
    cases = Case.objects.visible_to(actor).prefetch_related("company").in_bulk(first)
    return [LateRoute(cases[case], words) for case, words in first.items() if case in cases]


def _touched(actor: Actor, standing: dict[uuid.UUID, uuid.UUID], meeting: Mapping[str, Council]) -> list[RouteStep]:
    """Return the steps of versions (with their cases) whose day has gone by or that a meeting decides, and all of a case that met a no.

    In the versions' order.
    """
    today = clock.today()
    refused = set(Support.objects.visible_to(actor).filter(case__in=standing.values(), state__in=IN_VAIN).values_list("case_id", flat=True))
    late = _behind(today, meeting) | Q(version__in=[one for one, case in standing.items() if case in refused])
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
    news: MeetingNews | None = None  # its day has not gone by, but the meeting it waits for has moved

    @property
    def is_at_body(self) -> bool:
        """Tell whether the body that took it has to move; else it is the case's holder."""
        return self.is_begun and self.support is not None


def late_cases() -> list[uuid.UUID]:
    """Return the open cases with a step of the route that stands whose day has gone by, or that a meeting decides; for the worker."""
    rows = _standing_steps().filter(_behind(clock.today(), councils(SYSTEM)))
    return list(dict.fromkeys(rows.order_by("version__route__case__arrived_at").values_list("version__route__case_id", flat=True)))


def late_steps(cases: Iterable[uuid.UUID]) -> list[LateStep]:
    """Return the steps of open cases that are late today, in their order; for the worker. What met a no is late no more."""
    today, meeting = clock.today(), councils(SYSTEM)
    rows = list(
        _standing_steps().filter(_behind(today, meeting), version__route__case__in=set(cases))
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
        elif news := meeting_news(one, state, meeting.get(one.service_id), today):
            found.append(LateStep(one, support, today, is_begun=False, news=news))
    return found


def _behind(today: dt.date, meeting: Mapping[str, Council]) -> Q:
    """Return the filter for steps to look at: their day has gone by, or they wait for a meeting and none that takes them up is on their day."""
    behind = Q(begins_on__lt=today) | Q(ends_on__lt=today)
    for service, council in meeting.items():
        days = [one.day for one in council.sittings if one.closes >= today]
        behind |= Q(service=service) & ~Q(begins_on__in=days) & ~Q(ends_on__in=days)
    return behind


def _standing_steps() -> QuerySet[RouteStep]:
    return RouteStep.objects.visible_to(SYSTEM).filter(
        version__number=F("version__route__version"), version__route__case__in=Case.objects.open()
    )


def _supports(actor: Actor, cases: set[uuid.UUID]) -> dict[Ask, Support]:
    rows = Support.objects.visible_to(actor).filter(case__in=cases).exclude(state__in=GONE).order_by("made_at")
    return {(one.need_id, one.service_id, one.body_id): one for one in rows}


def _words(step: RouteStep, support: Support | None, meeting: Mapping[str, Council]) -> str:
    state = SupportState(support.state) if support else SupportState.PROPOSED
    what = _("次の案を選んでください") if state in IN_VAIN else late_words(step, state, clock.today())
    if not what and (news := meeting_news(step, state, meeting.get(step.service_id), clock.today())):
        what = str(NEWS_WORDS[news])
    return f"{step.service.short}（{step.body.short}）：{what}" if what else ""
