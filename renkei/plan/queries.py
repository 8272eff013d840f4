"""Read the plan. Published content changes rarely: it is cached per process by version."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import jpholiday
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.memo import once
from renkei.base.refusal import Refused
from renkei.plan.content import Clock, PlanContent
from renkei.plan.models import Body, Plan, PlanVersion, Provision, Stage

Closed = list[tuple[int, int, int, int]]
WEEK = frozenset(range(5))
# Asked several times in every action: written once, since making the SQL took longer than answering it.
_PUBLISHED = "SELECT p.* FROM plan_plan p WHERE EXISTS (SELECT FROM plan_planversion v WHERE v.plan_id = p.code) ORDER BY p.term_to DESC"
_NEWEST = "SELECT id FROM plan_planversion WHERE plan_id = %s ORDER BY number DESC LIMIT 1"


def current_plan(on: dt.date | None = None) -> Plan:
    """Return the plan whose term includes the day (the newest published one otherwise). Raises Refused when none is."""
    plans = once("plans", lambda: list(Plan.objects.raw(_PUBLISHED)), lasting=True)
    if not plans:
        raise Refused(_("計画がまだ公開されていません。renkei plan publish で公開してください。"), "no_plan")
    return next((plan for plan in plans if plan.is_running(on)), plans[0])


def plan_content(plan: Plan) -> PlanContent:
    """Return the newest published content of a plan. Raises Refused when none is."""
    return version_content(newest_key(plan))


def newest_key(plan: Plan) -> int:
    """Return the key of the newest published version of a plan. Raises Refused when none is."""
    newest = once(("newest", plan.pk), lambda: _newest(plan), lasting=True)
    if newest is None:
        raise Refused(_("この計画はまだ公開されていません。"), "not_published")
    return newest


def _newest(plan: Plan) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [plan.pk])
        found: tuple[int] | None = cursor.fetchone()
    return found[0] if found else None


def published_plans() -> list[Plan]:
    """Return every plan with a published version, the one that ends last first."""
    found = Plan.objects.filter(versions__isnull=False).distinct().order_by("-term_to")
    return list(found.select_related("front_desk", "lead_party", "predecessor"))


def newest_version(plan: Plan) -> PlanVersion | None:
    """Return the newest published version of a plan, or None."""
    return PlanVersion.objects.filter(plan=plan).order_by("-number").first()


@lru_cache(maxsize=32)
def version_content(version: int) -> PlanContent:
    """Return the content of one version; a published version never changes, so it is kept."""
    return PlanContent(PlanVersion.objects.values_list("content", flat=True).get(pk=version))


def content_now() -> PlanContent:
    """Return the content of the plan that runs today."""
    return plan_content(current_plan())


def content_at(moment: dt.datetime) -> PlanContent:
    """Return the content of the plan that ran at a moment, as it was published by then; where nothing was yet, its first."""
    versions = PlanVersion.objects.filter(plan=current_plan(moment.astimezone(clock.JST).date()))
    found = versions.filter(published_at__lte=moment).order_by("-number").first() or versions.order_by("number").first()
    return version_content(found.pk) if found else content_now()


def front_desk(on: dt.date | None = None) -> Body:
    """Return the body named in the plan for triage across bodies."""
    return current_plan(on).front_desk


def short_names() -> dict[str, str]:
    """Return the short name of every body by its code, in the plan's order; asked once a page."""
    return once("short names of bodies", lambda: dict(Body.objects.values_list("pk", "short")))


def is_front_desk(body: str | None) -> bool:
    """Tell whether a body's code is the front desk's."""
    return body is not None and current_plan().front_desk_id == body


def providers(service: str, on: dt.date | None = None) -> list[Body]:
    """Return the bodies that offer a service on a day, in the plan's order."""
    return [provision.body for provision in provisions_on(on).filter(service_id=service)]


def provisions_on(on: dt.date | None = None) -> QuerySet[Provision]:
    """Return the provisions of the running plan that hold on a day."""
    day = on or clock.today()
    return Provision.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        plan=current_plan(on),
        withdrawn=False,
        body__closed_on__isnull=True,
    ).select_related("body", "service", "service__stage")


def offered_on(on: dt.date | None = None) -> list[Provision]:
    """Return the provisions that hold on a day; what is read of them on one page is asked once."""
    return once(("provisions", on or clock.today()), lambda: list(provisions_on(on)))


def stages() -> list[Stage]:
    """Return the stages in the plan's order, asked once a page."""
    return once("stages", lambda: list(Stage.objects.order_by("order")))


def clock_named(name: str) -> Clock:
    """Return a clock of the running plan. Raises Refused when the plan does not set it."""
    found = content_now().clocks.get(name)
    if found is None:
        raise Refused(_("計画に期限「%(name)s」が決められていません。計画の画面で決めてください。") % {"name": name}, "no_clock")
    return found


def is_business_day(day: dt.date, closed: Closed | None = None, weekdays: frozenset[int] = WEEK) -> bool:
    """Tell whether bodies work on a day: no weekend, no holiday, no yearly closure of the plan (such as the year end).

    ``closed`` are the plan's closures when the caller has them already (a list counts many days in one query);
    ``weekdays`` are the days of the week (Monday is 0) on which something is open, where it is not the usual five.
    """
    if day.weekday() not in weekdays or jpholiday.is_holiday(day):
        return False
    return not any(_inside(day, span) for span in (content_now().closed_days if closed is None else closed))


def _inside(day: dt.date, span: tuple[int, int, int, int]) -> bool:
    start, end, here = span[:2], span[2:], (day.month, day.day)
    return start <= here <= end if start <= end else here >= start or here <= end


def add_business_days(day: dt.date, count: int) -> dt.date:
    """Return the day ``count`` business days after ``day`` (before it when negative)."""
    step = dt.timedelta(days=1 if count >= 0 else -1)
    left, closed = abs(count), content_now().closed_days
    while left:
        day += step
        left -= is_business_day(day, closed)
    return day


def business_days_between(start: dt.date, end: dt.date, closed: Closed | None = None) -> int:
    """Return how many business days lie after ``start`` up to and including ``end`` (negative when end is earlier)."""
    if end < start:
        return -business_days_between(end, start, closed)
    closed = content_now().closed_days if closed is None else closed
    return sum(is_business_day(start + dt.timedelta(days=n), closed) for n in range(1, (end - start).days + 1))
