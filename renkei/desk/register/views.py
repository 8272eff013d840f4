"""The running 相談台帳: in with a preview of every row, out with the same columns."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.cases.actions.register import import_register, undo_import
from renkei.cases.models import ImportRun
from renkei.cases.queries.register import Preview, read_register
from renkei.desk.register.forms import ConfirmForm, UploadForm, carried
from renkei.desk.request import StaffRequest

SHOWN = 300  # rows on a page of the preview


def register_import(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    if request.method == "POST" and "sheet" in request.POST:
        return _another_page(request, body)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = UploadForm(*sent)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            preview = read_register(form.cleaned_data["file"], body=request.membership.body)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            return _preview(request, body, preview, form.cleaned_data["file"])
    runs = ImportRun.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    return render(request, "desk/register/import.html", {"form": form, "runs": runs, "body": body})


def _preview(request: StaffRequest, body: str, preview: Preview, data: bytes) -> HttpResponse:
    rows = preview.rows if len(preview.rows) <= SHOWN else sorted(preview.rows, key=lambda row: not row.problems)
    page = Paginator(rows, SHOWN).get_page(request.POST.get("page"))
    context = {"preview": preview, "page": page, "confirm": ConfirmForm(initial=carried(data)), "body": body}
    return render(request, "desk/register/preview.html", context)


def _another_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show another page of the rows; the sheet comes along."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-register-import", body=body)
    try:
        preview = read_register(form.cleaned_data["sheet"], body=request.membership.body)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-register-import", body=body)
    return _preview(request, body, preview, form.cleaned_data["sheet"])


@require_POST
def register_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-register-import", body=body)
    try:
        preview = read_register(form.cleaned_data["sheet"], body=request.membership.body)
        run = import_register(preview, by=request.actor, body=request.membership.body)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-register-import", body=body)
    messages.success(request, _("%(count)s件を取り込みました。まとめて取り消せます。") % {"count": run.rows})
    return redirect("desk-register-import", body=body)


@require_POST
def register_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Undo a whole import."""
    found = get_object_or_404(ImportRun.objects.visible_to(request.actor).filter(body_id=body), pk=run)
    undo_import(found, by=request.actor)
    messages.success(request, _("取り込みを取り消しました。"))
    return redirect("desk-register-import", body=body)
