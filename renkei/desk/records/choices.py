"""The audit of choices by body: who was asked for what, was it whom the proposal put first, and what became of it [C67]."""

from __future__ import annotations

import datetime as dt

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year
from renkei.cases.queries.choices import shares
from renkei.desk.request import StaffRequest
from renkei.plan.queries import current_plan

YEAR = "year"


def choices(request: StaffRequest, body: str) -> HttpResponse:
    """Show a span: the last twelve months, or a fiscal year of the plan."""
    today = clock.today()
    spans = {YEAR: (_("この12か月"), today - dt.timedelta(days=365), today)}
    plan = current_plan()
    newest, oldest = FiscalYear.of(min(today, plan.term_to or today)), FiscalYear.of(plan.term_from or today)
    for start in range(newest.start_year, oldest.start_year - 1, -1):
        year = FiscalYear(start)
        spans[str(start)] = (shown_fiscal_year(year), year.first_day, year.last_day)
    chosen = request.GET.get("span", "")
    chosen = chosen if chosen in spans else YEAR
    _words, since, until = spans[chosen]
    found = shares(request.actor, since, until)
    return render(request, "desk/records/choices.html", {
        "shares": found, "spans": [(key, words) for key, (words, *_days) in spans.items()], "chosen": chosen,
        "since": since, "until": min(until, today), "total": sum(one.asked for one in found), "body": body,
    })  # fmt: skip
