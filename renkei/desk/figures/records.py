"""The records behind a number: those one may see, and how many one may not."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_list
from renkei.base.numbers import whole_number
from renkei.cases.models import Case, RegionalProject
from renkei.desk.figures.asked import Asked, read_asked
from renkei.desk.figures.page import written_value
from renkei.desk.request import StaffRequest
from renkei.meetings.models import Meeting, TrendNote
from renkei.plan.models import Body
from renkei.plan.queries import short_names
from renkei.reporting.counting.parts import ALL, UNKNOWN
from renkei.reporting.figures import BY_CODE, MEETINGS, PROJECTS, TRENDS, VERSIONS
from renkei.reporting.months import Month, of_month
from renkei.reporting.queries import Counted, Difference, Result, closed_period, count, differences, may_know_body
from renkei.reporting.words import split_words

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One record with its case, project or meeting."""

    row: Counted
    case: Case | None
    project: RegionalProject | None
    meeting: Meeting | None
    split: str
    body: str


@require_safe
def records(request: StaffRequest, body: str, figure: str) -> HttpResponse:
    """Show the records of one number: of a year (or a target's years), a part and a body."""
    version = request.GET.get("v", "")
    found = VERSIONS.get((figure, whole_number(version) or 0)) if re.fullmatch(r"[0-9]+", version) else BY_CODE.get(figure)
    if found is None:
        raise Http404
    asked = read_asked(request.GET)
    years = _years(request.GET.get("years", ""), asked)
    by, split = request.GET.get("by", ALL)[:40], request.GET.get("split", ALL)[:40]
    if not may_know_body(request.actor, by):
        raise Http404
    result = count(found, years[0], years[-1], as_of=asked.as_of)
    # A target's years may leave one out: what is counted has its own year where the figure says so.
    wanted = {str(year.start_year) for year in years} if found.code == PROJECTS else None
    rows = [row for row in result.lying(by, split) if wanted is None or row.split in wanted]
    part, month = Result(found, rows), Month.read(request.GET.get("month", ""))
    if month is not None:
        part = of_month(part, month)
    lines, hidden = _lines(part, request.actor, asked)
    return render(request, "desk/figures/records.html", {
        "body": body, "figure": found, "asked": asked, "years": [one.start_year for one in years], "hidden": hidden,
        "page": Paginator(lines, PER_PAGE).get_page(request.GET.get("page")), "value": written_value(part.number(by).value),
        "part": split_words(found, [split], years[0]).get(split, "") if split != ALL else "", "query": _query(request),
        "of": Body.objects.filter(pk=by).first(), "is_projects": found.code == PROJECTS, "is_unshared": by == UNKNOWN, "shows_days": any(row.days is not None for row in part.rows), "month": month.first if month else None,
    })  # fmt: skip


@require_safe
def changes(request: StaffRequest, body: str) -> HttpResponse:
    """Show what has come in and gone since a year was closed, figure by figure."""
    asked = read_asked(request.GET)
    period = closed_period(asked.year, request.actor)
    if period is None:
        raise Http404
    names = {**short_names(), UNKNOWN: _("分け方がまだ"), ALL: ""}
    found = [(one, names.get(one.body, ""), written_value(one.frozen.value), written_value(one.now.value), _cases(one, one.came, request.actor),
              _cases(one, one.went, request.actor)) for one in differences(period, request.actor)]  # fmt: skip
    return render(request, "desk/figures/changes.html", {"body": body, "asked": asked, "period": period, "changes": found})


def _cases(change: Difference, ids: Collection[uuid.UUID], actor: Actor) -> tuple[list[Case], int]:
    """Return the cases of records that came or went, as far as the actor sees them; and how many records it does not."""
    cases = {key: change.cases.get(key) for key in ids}
    if change.figure.code == PROJECTS:
        joined = RegionalProject.cases.through.objects.filter(regionalproject_id__in=ids, case_id__in=Case.objects.visible_to(actor).values("pk"))
        cases |= dict(joined.values_list("regionalproject_id", "case_id"))
    seen = Case.objects.visible_to(actor).filter(pk__in={case for case in cases.values() if case})
    found = list(seen.select_related("company").order_by("arrived_at", "pk"))
    known = {case.pk for case in found}
    return found, sum(case not in known for case in cases.values())


def _years(text: str, asked: Asked) -> list[FiscalYear]:
    """Return the years of a target (2018-2019), or the one year that is asked for."""
    words = text.split("-") if text else []
    if not words or not all(word.isascii() and word.isdigit() and len(word) == 4 for word in words):
        return [asked.year]
    return [FiscalYear(int(word)) for word in sorted(set(words))]


def _lines(result: Result, actor: Actor, asked: Asked) -> tuple[list[Line], int]:
    """Return the records the actor may see, one line each with every part and body it lies in, and how many it may not."""
    together: dict[tuple[uuid.UUID, dt.date], list[Counted]] = {}
    for row in result.rows:
        together.setdefault((row.record, row.day), []).append(row)
    words = split_words(result.figure, result.splits, asked.year)
    names = short_names()
    cases = Case.objects.visible_to(actor).select_related("company").in_bulk({row.case for row in result.rows if row.case})
    projects: dict[uuid.UUID, RegionalProject] = {}
    if result.figure.code == PROJECTS:
        projects = RegionalProject.objects.visible_to(actor).select_related("company", "field").in_bulk({row.record for row in result.rows})
    meetings = Meeting.objects.visible_to(actor).in_bulk({row.record for row in result.rows}) if result.figure.code == MEETINGS else {}
    if result.figure.code == TRENDS:
        told = {row.record for row in result.rows}
        notes = TrendNote.objects.visible_to(actor).filter(Q(pk__in=told) | Q(first__in=told)).select_related("meeting")
        meetings = {one.first_id or one.pk: one.meeting for one in notes}
    lines = []
    for (record, _day), rows in together.items():
        case = cases.get(rows[0].case) if rows[0].case else None
        if case is not None or record in projects or record in meetings:
            lies = {row.split for row in rows}
            parts = shown_list([name for code, name in words.items() if code in lies])
            bodies = shown_list(list(dict.fromkeys(_body_words(row, names) for row in rows if row.body)))
            lines.append(Line(rows[0], case, projects.get(record), meetings.get(record), parts, bodies))
    shown = {line.row.record for line in lines}
    return lines, len({row.record for row in result.rows} - shown)


def _body_words(row: Counted, names: dict[str, str]) -> str:
    return f"{names.get(row.body, '')} {row.percent}%" if row.percent else names.get(row.body, "")


def _query(request: StaffRequest) -> str:
    rest = request.GET.copy()
    rest.pop("page", None)
    return rest.urlencode()


