"""Count: the records of a figure in a span of years as known at a moment, and what is made of them (P5)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from statistics import median

from django.db import connection

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.plan.content import PlanContent
from renkei.plan.models import Plan
from renkei.plan.queries import business_days_between, content_at, is_front_desk, plan_content, published_plans
from renkei.reporting.counting.parts import ALL, UNKNOWN
from renkei.reporting.figures import BY_CODE, PROJECTS, VERSIONS, Figure, Kind
from renkei.reporting.models import ClosedPeriod, FrozenFigure


@dataclass(frozen=True, slots=True)
class Counted:
    """One record behind a figure. ``body`` is empty where the actor may not know it; days are None for plain counts.

    ``percent`` is the body's share of a record that is shared; None while none is agreed.
    """

    record: uuid.UUID
    case: uuid.UUID | None
    body: str
    split: str
    day: dt.date
    days: int | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A value (None: nothing to take the middle of) and the records behind it."""

    value: Decimal | None
    records: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Result:
    """A figure counted: every record, and the numbers that can be made of them."""

    figure: Figure
    rows: list[Counted] = field(default_factory=list)

    def number(self, body: str = ALL, split: str = ALL) -> Number:
        """Return the number of a body and a part (``*``: all; of shared records ``?``: those whose shares are not agreed)."""
        rows = self.lying(body, split)
        records = frozenset(row.record for row in rows)
        if self.figure.kind is Kind.SHARED and body not in {ALL, UNKNOWN}:
            return Number(Decimal(sum(row.percent or 0 for row in rows)) / 100, records)
        if self.figure.kind in {Kind.COUNT, Kind.STOCK, Kind.SHARED}:
            return Number(Decimal(len(records)), records)
        days = [row.days for row in rows if row.days is not None]
        return Number(Decimal(str(median(days))).quantize(Decimal("0.1")) if days else None, records)

    def lying(self, body: str = ALL, split: str = ALL) -> list[Counted]:
        """Return the records of a body and a part: of shared ones those that count for it."""
        rows = [row for row in self.rows if split in {ALL, row.split}]
        if self.figure.kind is Kind.SHARED and body != ALL:
            return [row for row in rows if (row.percent is None if body == UNKNOWN else row.body == body and row.percent is not None)]
        return [row for row in rows if body in {ALL, row.body}]

    @property
    def splits(self) -> list[str]:
        """Return the parts there are, in the order of their codes."""
        return sorted({row.split for row in self.rows})

    @property
    def bodies(self) -> list[str]:
        """Return the bodies there are, as far as the actor may know them."""
        pending = {UNKNOWN for row in self.rows if self.figure.kind is Kind.SHARED and row.percent is None}
        return sorted({row.body for row in self.rows if row.body} | pending)

    def within(self, days: int) -> int:
        """Return how many records took no more than so many days."""
        return sum(row.days is not None and row.days <= days for row in self.rows)


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A target of a set of fiscal years together [C39], and the projects that count for it, all and by body [C40]."""

    written: str
    years: tuple[int, ...]
    aim: int
    number: Number
    by_body: dict[str, Number]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a frozen number was and what it would be now: records that came in and that went [P5]."""

    figure: Figure
    frozen: Number
    now: Number
    body: str = ALL
    cases: dict[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)  # of the records that came and went

    @property
    def came(self) -> frozenset[uuid.UUID]:
        """Return the records that are counted now and were not."""
        return self.now.records - self.frozen.records

    @property
    def went(self) -> frozenset[uuid.UUID]:
        """Return the records that were counted and are not now."""
        return self.frozen.records - self.now.records

    @property
    def is_one(self) -> bool:
        """Tell whether anything differs."""
        return self.frozen.value != self.now.value or bool(self.came or self.went)


def end_of(day: dt.date) -> dt.datetime:
    """Return the last moment of a day, or now while the day is not over."""
    return min(clock.now(), clock.at(day + dt.timedelta(days=1), 0) - dt.timedelta(microseconds=1))


def count(figure: Figure, first: FiscalYear, last: FiscalYear | None = None, *, as_of: dt.datetime) -> Result:
    """Return a figure of a year, or of years up to ``last``, as known at ``as_of``: nothing that was recorded later.

    What there is on a day (``Kind.STOCK``) is taken on the last day, or on that of ``as_of`` while the year goes on.
    """
    until = (last or first).last_day
    if figure.kind is Kind.STOCK:
        until = min(until, as_of.astimezone(clock.JST).date())
    percent = "percent" if figure.kind is Kind.SHARED else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT record, the_case, body, split, begun, day, {percent} FROM {figure.function}(%s, %s, %s) ORDER BY day, record, body, split",
            [first.first_day, until, as_of],
        )
        found = cursor.fetchall()
    between = _between(figure, last or first, as_of)
    return Result(figure, [
        Counted(record, case, body or "", split or "", day, between(begun, day) if begun else None, share)
        for record, case, body, split, begun, day, share in found
    ])  # fmt: skip


def content_then(year: FiscalYear, as_of: dt.datetime) -> PlanContent:
    """Return the plan as it stood when a year ended, or at ``as_of`` while it goes on: a later change of it moves no past year."""
    return content_at(min(as_of, end_of(year.last_day)))


def _between(figure: Figure, year: FiscalYear, as_of: dt.datetime) -> Callable[[dt.date, dt.date], int]:
    if figure.kind is not Kind.BUSINESS_DAYS:
        return lambda begun, day: (day - begun).days
    closed = content_then(year, as_of).closed_days
    return cache(lambda begun, day: business_days_between(begun, day, closed))  # many records share their two days


def counted_years() -> list[FiscalYear]:
    """Return the fiscal years that can be counted, the newest first: from the first plan's beginning to this one."""
    this = FiscalYear.of(clock.today()).start_year
    firsts = [this]
    for plan in published_plans():
        aimed = [year for target in plan_content(plan).targets for year in target.fiscal_years]
        firsts.append(FiscalYear.of(plan.term_from).start_year if plan.term_from else min(aimed, default=this))
    return [FiscalYear(year) for year in range(this, min(firsts) - 1, -1)]


def plan_of(year: FiscalYear) -> Plan | None:
    """Return the plan whose term includes the last day of a year, or that aims at it; the newest of several."""
    for plan in published_plans():
        if plan.is_running(year.last_day) or any(year.start_year in one.fiscal_years for one in plan_content(plan).targets):
            return plan
    return None


def targets(plan: Plan, *, as_of: dt.datetime) -> list[TargetResult]:
    """Return the plan's targets against the projects that count for them. A body's own column counts each once, too."""
    aims = plan_content(plan).targets
    years = [year for aim in aims for year in aim.fiscal_years]
    if not years:
        return []
    result = count(BY_CODE[PROJECTS], FiscalYear(min(years)), FiscalYear(max(years)), as_of=as_of)
    return [TargetResult(aim.written, aim.fiscal_years, aim.count, *_of_years(result, aim.fiscal_years)) for aim in aims]


def _of_years(result: Result, years: Iterable[int]) -> tuple[Number, dict[str, Number]]:
    part = replace(result, rows=[row for row in result.rows if row.split in {str(year) for year in years}])
    return part.number(), {body: part.number(body) for body in part.bodies}


def may_know_body(actor: Actor, body: str) -> bool:
    """Tell whether the actor may know the figures of a body: its own, the front desk those of all."""
    return actor.is_system or (actor.is_staff and (body in {ALL, actor.body} or is_front_desk(actor.body)))


def closed_period(year: FiscalYear, actor: Actor) -> ClosedPeriod | None:
    """Return the year as it was closed, or None while it is open."""
    return ClosedPeriod.objects.visible_to(actor).filter(fiscal_year=year.start_year).select_related("closed_by").first()


def frozen(period: ClosedPeriod, actor: Actor) -> dict[tuple[str, str, str], FrozenFigure]:
    """Return the frozen numbers the actor may know, by figure, body and part."""
    rows = FrozenFigure.objects.visible_to(actor).filter(period=period)
    return {(row.figure, row.body, row.split): row for row in rows}


def differences(period: ClosedPeriod, actor: Actor) -> list[Difference]:
    """Return what would be counted now instead of what was frozen, the same way as then; only figures that differ.

    Of what is shared the bodies are compared, too: their parts may move while the whole stays.
    """
    found, kept = [], frozen(period, actor)
    for (code, body, split), row in kept.items():
        figure = VERSIONS.get((code, row.version)) if (body, split) == (ALL, ALL) else None
        if figure is None:
            continue
        now = count(figure, period.year, as_of=clock.now())
        bodies = {one for figure_of, one, part in kept if (figure_of, part) == (code, ALL)} | set(now.bodies) if figure.kind is Kind.SHARED else {ALL}
        ones = [Difference(figure, _kept_number(kept.get((code, one, ALL))), now.number(one), one) for one in sorted(bodies) if may_know_body(actor, one)]
        ones = [one for one in ones if one.is_one]
        if ones:
            cases = {row.record: row.case for row in [*count(figure, period.year, as_of=period.as_of).rows, *now.rows]}
            found += [replace(one, cases={key: cases.get(key) for key in one.came | one.went}) for one in ones]
    return found


def _kept_number(row: FrozenFigure | None) -> Number:
    return Number(row.value, frozenset(row.records)) if row else Number(Decimal(0))
