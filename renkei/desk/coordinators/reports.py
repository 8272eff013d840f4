"""Monthly reports: drafted from the log, edited, tabled, printed [C88]."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.language import shown_month
from renkei.base.refusal import Refused
from renkei.desk.coordinators.forms import MonthForm, ReportForm, TableForm
from renkei.desk.request import StaffRequest
from renkei.research.actions.reporting import draft_anew, draft_report, save_report, table_report
from renkei.research.models import ActivityReport
from renkei.research.queries.month import month_of
from renkei.research.rules import first_of, is_author

MONTHS_BACK = 12


def reports(request: StaffRequest, body: str) -> HttpResponse:
    """List the reports one may read, and draft the one of a month."""
    form = MonthForm(request.POST if request.method == "POST" else None, months=_months(), initial={"month": _months()[1][0]})
    if request.method == "POST" and form.is_valid():
        made = draft_report(dt.date.fromisoformat(form.cleaned_data["month"]), by=request.actor)
        return redirect("desk-coordinators-report", body=body, report=made.pk)
    found = ActivityReport.objects.visible_to(request.actor).select_related("body", "person")
    page = {"body": body, "form": form, "drafts": [one for one in found if one.is_draft], "tabled": [one for one in found if not one.is_draft]}
    return render(request, "desk/coordinators/reports.html", page, status=422 if form.errors else 200)


def report(request: StaffRequest, body: str, report: uuid.UUID) -> HttpResponse:
    """Show a report; its author saves, drafts anew or tables a draft."""
    found = get_object_or_404(ActivityReport.objects.visible_to(request.actor).select_related("body", "person"), pk=report)
    may = found.is_draft and is_author(request.actor, found)
    part = request.POST.get("part", "") if request.method == "POST" else ""
    if request.method == "POST" and not may:
        raise PermissionDenied
    words = ReportForm(request.POST if part in {"save", "anew"} else None, initial={"text": found.text, "version": found.version})
    table = TableForm(request.POST if part == "table" else None)
    form = table if part == "table" else words
    if request.method == "POST" and part in {"save", "anew", "table"} and form.is_valid():
        try:
            said = _done(part, found, request, words, table)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect("desk-coordinators-report", body=body, report=found.pk)
    month = month_of(request.actor, found.person_id, found.body_id, found.month) if found.body_id == body else None
    page = {"body": body, "report": found, "form": words, "table": table, "may": may, "month": month, "failed": form if form.errors else None}
    return render(request, "desk/coordinators/report.html", page, status=422 if form.errors else 200)


def _done(part: str, found: ActivityReport, request: StaffRequest, words: ReportForm, table: TableForm) -> str:
    if part == "table":
        table_report(found, by=request.actor, sure=table.cleaned_data["sure"])
        return _("報告を会議に出しました。すべての機関が読めます。もう直せません。")
    version = words.cleaned_data["version"]
    if part == "anew":
        draft_anew(found, by=request.actor, version=version)
        return _("記録から下書きし直しました。")
    save_report(found, by=request.actor, text=words.cleaned_data["text"], version=version)
    return _("保存しました。")


def _months() -> list[tuple[str, str]]:
    """Return this month and those before, the newest first."""
    found, first = [], first_of(clock.today())
    for _back in range(MONTHS_BACK):
        found.append((first.isoformat(), shown_month(first)))
        first = first_of(first - dt.timedelta(days=1))
    return found
