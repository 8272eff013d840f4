"""Close a year: what is known now stands, and what is recorded later shows as a difference (P5)."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.plan.models import Plan
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import FIGURES
from renkei.reporting.models import ClosedPeriod, FrozenFigure, PublishedFigure
from renkei.reporting.published import to_tell
from renkei.reporting.queries import Result, count, counted_years, end_of, plan_of
from renkei.reporting.rules import closes_periods


@transaction.atomic
def close_period(year: FiscalYear, *, on: dt.date | None = None, by: Actor) -> ClosedPeriod:
    """Freeze every figure of a year as known on a day (today), by body and part, with its records.

    Refused: ``not_allowed``, ``unknown_year``, ``not_over``, ``before_the_end``, ``future``, ``closed_already``.
    """
    if not closes_periods(by):
        raise Refused(_("年度を締められるのは、窓口だけです。"), "not_allowed")
    day = on or clock.today()
    plan = _plan(year)
    _check_day(year, day)
    period = _create(plan, year, end_of(day), by=by)
    rows = [row for figure in FIGURES for row in _rows(period, count(figure, year, as_of=period.as_of))]
    FrozenFigure.objects.bulk_create(rows)
    record(by, "period.close", period, figures=[str(row) for row in rows])
    return period


@transaction.atomic
def publish_period(period: ClosedPeriod, *, by: Actor) -> list[PublishedFigure]:
    """Let everybody read the totals of a closed year, without what is too small to be told; never taken back.

    Refused: ``not_allowed``, ``published_already``.
    """
    if not closes_periods(by):
        raise Refused(_("数字を公表できるのは、窓口だけです。"), "not_allowed")
    now = clock.now()
    rows = [
        PublishedFigure(period=period, plan_id=period.plan_id, fiscal_year=period.fiscal_year, figure=one.figure.code, version=one.figure.version,
                        split=one.split, value=one.value, published_at=now)
        for one in to_tell(period)
    ]  # fmt: skip
    try:
        with transaction.atomic():
            PublishedFigure.objects.bulk_create(rows)
    except IntegrityError as error:
        raise Refused(_("この年度の数字は、もう公表してあります。"), "published_already") from error
    record(by, "period.publish", period, figures=[str(row) for row in rows])
    return rows


def _plan(year: FiscalYear) -> Plan:
    plan = plan_of(year) if year in counted_years() else None
    if plan is None:
        raise Refused(_("この年度の計画はありません。年度を選び直してください。"), "unknown_year", field="year")
    return plan


def _check_day(year: FiscalYear, day: dt.date) -> None:
    if clock.today() <= year.last_day:
        raise Refused(_("この年度はまだ終わっていません。年度が終わってから締めてください。"), "not_over", field="year")
    if day < year.last_day:
        raise Refused(_("年度の終わりより前の日です。年度の終わりか、それより後の日を選んでください。"), "before_the_end", field="on")
    if day > clock.today():
        raise Refused(_("まだ来ていない日です。今日までの日を選んでください。"), "future", field="on")


def _create(plan: Plan, year: FiscalYear, as_of: dt.datetime, *, by: Actor) -> ClosedPeriod:
    try:
        with transaction.atomic():
            return ClosedPeriod.objects.create(
                plan=plan, fiscal_year=year.start_year, as_of=as_of, closed_at=clock.now(), closed_by_id=by.person,
                body=by.body or "",
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(_("この年度は、もう締めてあります。"), "closed_already", field="year") from error


def _rows(period: ClosedPeriod, result: Result) -> list[FrozenFigure]:
    """Return the numbers of a figure: of all and of each body, whole and by part."""
    figure, found = result.figure, []
    for body in [ALL, *result.bodies]:
        for split in [ALL, *result.splits]:
            number = result.number(body, split)
            if number.records or (body, split) == (ALL, ALL):
                found.append(FrozenFigure(
                    period=period, figure=figure.code, version=figure.version, body=body, split=split,
                    value=number.value, records=sorted(number.records),
                ))  # fmt: skip
    return found
