"""The reports there are, one of them, writing in it, approving it (form L)."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.fiscal_year import FiscalYear
from renkei.base.forms import Refusing, TextField
from renkei.base.language import shown_fiscal_year
from renkei.base.refusal import Refused
from renkei.desk.reports.page import ReportPage
from renkei.desk.reports.paper import paper_leaves_out
from renkei.desk.request import StaffRequest
from renkei.plan.models import Plan
from renkei.reporting.models import Report, ReportKind
from renkei.reporting.report.actions import MOST, approve_report, begin_next_version, begin_report, write_section
from renkei.reporting.report.queries import can_begin, period_of, reports_of, sections_of, texts_of
from renkei.reporting.rules import approves_reports, writes_reports


class BeginForm(Refusing):
    """Which report."""

    which = forms.ChoiceField(
        label=gettext_lazy("書き始める報告"),
        error_messages={"required": gettext_lazy("選んでください。"), "invalid_choice": gettext_lazy("一覧から選び直してください。")},
    )


class WordsForm(Refusing):
    """The words of a section. ``seen`` is the number of those the person had before them."""

    text = TextField(label=gettext_lazy("文"), rows=12, max_length=MOST, required=False,
                     help_text=gettext_lazy("ほかの人と同時に書いても、先の人の文は消えません。数字は表から引かれるので、書かなくてかまいません。"))  # fmt: skip
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ApproveForm(Refusing):
    """A tick that it is meant."""

    sure = forms.BooleanField(
        label=gettext_lazy("数字と文を確かめた。承認したあとは、直せない"),
        error_messages={"required": gettext_lazy("確かめてから、印を付けてください。")},
    )


def reports(request: StaffRequest, body: str) -> HttpResponse:
    """Show the reports one may read; the front desk begins another."""
    writes = writes_reports(request.actor)
    if request.method == "POST" and not writes:
        raise PermissionDenied
    offered = {f"{kind}-{plan.pk}-{year.start_year}": (kind, plan, year) for kind, year, plan in can_begin(request.actor)} if writes else {}
    form = BeginForm(request.POST if request.method == "POST" else None)
    field = form.fields["which"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
    field.choices = [("", _("選んでください")), *_by_kind(offered)]
    if form.is_bound and form.is_valid():
        kind, plan, year = offered[form.cleaned_data["which"]]
        try:
            made = begin_report(kind, plan, year, by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return redirect("desk-report", body=body, yearly=made.pk)
    page = {"body": body, "rows": reports_of(request.actor), "form": form, "writes": bool(offered)}
    return render(request, "desk/reports/list.html", page, status=422 if form.errors else 200)


@require_safe
def report(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:
    """Show a report: of a draft what would be frozen now, of an approved one what was, and what has moved since."""
    found = find_report(request, yearly)
    others = Report.objects.visible_to(request.actor).filter(plan=found.plan_id, kind=found.kind, fiscal_year=found.fiscal_year).exclude(pk=found.pk)
    context = {
        "body": body, "report": found, "page": ReportPage(found, request.actor), "others": list(others),
        "writes": writes_reports(request.actor), "approves": approves_reports(request.actor),
        "has_draft": any(not one.is_approved for one in others), "left_out": paper_leaves_out(found, by=request.actor),
    }  # fmt: skip
    return render(request, "desk/reports/report.html", context)


def write(request: StaffRequest, body: str, yearly: uuid.UUID, part: str) -> HttpResponse:
    """Write the words of a section; who comes second is shown what the first wrote, and keeps their own."""
    found = _writable(request, yearly)
    sections = {one.code: one for one in sections_of(found, request.actor)}
    if part not in sections:
        raise Http404
    last = texts_of(found, request.actor).get(part)
    initial = {"text": last.text if last else "", "seen": last.number if last else 0}
    form = WordsForm(request.POST if request.method == "POST" else None, initial=initial)
    meanwhile = None
    if form.is_bound and form.is_valid():
        try:
            write_section(found, part, text=form.cleaned_data["text"], seen=form.cleaned_data["seen"], by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
            if refusal.code == "changed_meanwhile":  # the second try saves over what is shown beside it
                meanwhile = texts_of(found, request.actor).get(part)
                form.data = {**request.POST.dict(), "seen": str(meanwhile.number if meanwhile else 0)}
        else:
            messages.success(request, _("保存しました。"))
            return redirect("desk-report", body=body, yearly=found.pk)
    page = {"body": body, "report": found, "section": sections[part], "form": form, "meanwhile": meanwhile}
    return render(request, "desk/reports/write.html", page, status=422 if form.errors else 200)


def approve(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:
    """Ask once more, then freeze the report."""
    found = find_report(request, yearly)
    if not approves_reports(request.actor):
        raise PermissionDenied
    form = ApproveForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            approve_report(found, by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("報告を承認しました。数字と文は、このまま残ります。"))
            return redirect("desk-report", body=body, yearly=found.pk)
    is_open = found.kind != ReportKind.TERM and period_of(found, request.actor) is None
    bare = [] if found.is_approved else [one for one in sections_of(found, request.actor) if not one.text]
    return render(request, "desk/reports/approve.html", {"body": body, "report": found, "form": form, "bare": bare, "is_open": is_open}, status=422 if form.errors else 200)


@require_POST
def next_version(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:
    """Begin another version with the same words."""
    found = _writable(request, yearly)
    try:
        made = begin_next_version(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-report", body=body, yearly=found.pk)
    return redirect("desk-report", body=body, yearly=made.pk)


def _by_kind(offered: dict[str, tuple[str, Plan, FiscalYear]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what may be begun as groups of a list: kind by kind, in each the newest year first."""
    newest = sorted(offered.items(), key=lambda one: one[1][2].start_year, reverse=True)
    groups = [(kind, [(key, f"{shown_fiscal_year(year)}　{plan.title}") for key, (of, plan, year) in newest if of == kind]) for kind in ReportKind]
    return [(str(kind.label), rows) for kind, rows in groups if rows]


def find_report(request: StaffRequest, yearly: uuid.UUID) -> Report:
    """Return a report the actor may read. Raises Http404."""
    visible: Any = Report.objects.visible_to(request.actor).select_related("plan", "approved_by")
    found: Report = get_object_or_404(visible, pk=yearly)
    return found


def _writable(request: StaffRequest, yearly: uuid.UUID) -> Report:
    found = find_report(request, yearly)
    if not writes_reports(request.actor):
        raise PermissionDenied
    return found
