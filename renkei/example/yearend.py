"""The example's last fiscal year: closed after its end, its totals published, its report written and approved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.example.cast import Cast
from renkei.example.scene import phrases
from renkei.plan.queries import add_business_days, front_desk
from renkei.reporting.actions import close_period, publish_period
from renkei.reporting.models import ReportKind
from renkei.reporting.queries import plan_of
from renkei.reporting.report.actions import approve_report, begin_report, write_section
from renkei.reporting.rules import approves_reports

_AFTERWARDS = dt.timedelta(days=50)


def end_year(cast: Cast, today: dt.date) -> Iterator[dt.datetime]:
    """Close the year before today's some weeks after its end, and report on it; nothing where that day is still to come."""
    year = FiscalYear(FiscalYear.of(today).start_year - 1)
    yield clock.at(add_business_days(year.last_day + _AFTERWARDS, 1), 15, 30)
    plan, by = plan_of(year), next((who for _since, who in cast.staff[front_desk().pk] if approves_reports(who)), None)
    if plan is None or by is None:
        return
    publish_period(close_period(year, by=by), by=by)
    report = begin_report(ReportKind.YEAR, plan, year, by=by)
    for section, text in phrases()["report"].items():
        write_section(report, section, text=text, seen=0, by=by)
    approve_report(report, by=by)
