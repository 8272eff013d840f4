"""Read reports: the sections of a draft as of now, or of an approved one as they were frozen, with the words in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.plan.models import Plan
from renkei.plan.queries import plan_content, published_plans
from renkei.reporting.models import ClosedPeriod, Report, ReportKind, ReportText
from renkei.reporting.queries import closed_period, counted_years, plan_of
from renkei.reporting.report.drafting import draft
from renkei.reporting.report.parts import Section, digest_of, read_parts


def period_of(report: Report, actor: Actor) -> ClosedPeriod | None:
    """Return the closed year whose frozen figures the report stands on; none while it is open, and none for a term."""
    return None if report.kind == ReportKind.TERM else closed_period(report.year, actor)


def moment_of(report: Report, actor: Actor) -> dt.datetime:
    """Return the moment of knowledge: of approval, of the year's closing, else now."""
    period = period_of(report, actor)
    return report.as_of or (period.as_of if period else clock.now())


def sections_of(report: Report, actor: Actor) -> list[Section]:
    """Return the sections with what people wrote: frozen ones of an approved report, counted ones of a draft."""
    if report.content is not None:
        return read_parts(report.content)
    found = draft(report, actor, as_of=moment_of(report, actor), period=period_of(report, actor))
    words = texts_of(report, actor)
    return [replace(one, text=words[one.code].text if one.code in words else "") for one in found]


def texts_of(report: Report, actor: Actor) -> dict[str, ReportText]:
    """Return the last words of each section."""
    found: dict[str, ReportText] = {}
    for one in ReportText.objects.visible_to(actor).filter(report=report).select_related("written_by").order_by("section", "-number"):
        found.setdefault(one.section, one)
    return found


def reports_of(actor: Actor) -> list[Report]:
    """Return every report the actor may read, the newest first."""
    return list(Report.objects.visible_to(actor).select_related("plan", "approved_by"))


def can_begin(actor: Actor) -> list[tuple[str, FiscalYear, Plan]]:
    """Return which reports may be begun: of each counted year, of each term that is over or in its last year; none begun yet."""
    begun = set(Report.objects.visible_to(actor).values_list("kind", "plan_id", "fiscal_year"))
    found: list[tuple[str, FiscalYear, Plan]] = []
    for year in counted_years():
        plan = plan_of(year)
        if plan is None:
            continue
        found.append((ReportKind.YEAR, year, plan))
        if plan_content(plan).section("designations"):
            found.append((ReportKind.LAB, year, plan))
    today = clock.today()
    found += [(ReportKind.TERM, FiscalYear.of(plan.term_to), plan) for plan in published_plans() if FiscalYear.of(plan.term_to).first_day <= today]
    return [(kind, year, plan) for kind, year, plan in found if (kind, plan.pk, year.start_year) not in begun]


def digest(report: Report) -> str:
    """Return the digest of a report's frozen content; equal to the one kept at its approval unless somebody changed it."""
    moment = report.as_of.astimezone(dt.UTC).isoformat() if report.as_of else ""
    facts = {"plan": report.plan_id, "kind": report.kind, "year": report.fiscal_year, "number": report.number, "as_of": moment}
    return digest_of(report.content or [], **facts)
