"""Entries in from a sheet with a preview of every row, back out of the house, and a run taken back."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.accounts.again import asks_again
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.exports import export_catalogue
from renkei.desk.catalogue.lists import entries_wanted, read_wanted
from renkei.desk.companies.imports import CarriedForm
from renkei.desk.register.forms import UploadForm
from renkei.desk.request import StaffRequest
from renkei.matching.actions_sheet import empty_sheet, import_entries, undo_import
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import CatalogueRun
from renkei.matching.sheet import MOST_ROWS, EntryPreview, columns, read_entries

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 300
ORDER = {"refused": 0, "changed": 1, "new": 2, "same": 3}


class EntrySheetForm(UploadForm):
    """The sheet to look at, and the kind of rows that name none."""

    kind = forms.ChoiceField(label=gettext_lazy("「種類」の列がないときの種類"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("台帳の表（エクセル .xlsx、またはCSV）")
        self.fields["file"].help_text = _("1行目に列の名前を書いた表です。5千行、3メガバイトまで。CSVはUTF-8でもシフトJISでも読めます。")
        self.fields["kind"].choices = [("", _("列に書いてある")), *((one.value, one.label) for one in BY_HAND)]  # type: ignore[attr-defined]  # a choice field


class CarriedEntriesForm(CarriedForm):
    """The same sheet once more, with the kind that was chosen."""

    kind = forms.CharField(widget=forms.HiddenInput, max_length=20, required=False)


def sheet_in(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    if request.method == "POST" and "sheet" in request.POST:
        return _again(request, body)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = EntrySheetForm(*sent)
    if request.method == "POST" and form.is_valid():
        data, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
        try:
            preview = read_entries(data, actor=request.actor, kind=kind)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            name = getattr(request.FILES["file"], "name", "")[:200]
            carried = CarriedEntriesForm(initial={"sheet": base64.b64encode(data).decode(), "name": name, "kind": kind})
            return render(request, "desk/catalogue/import_preview.html", _preview(preview, carried, "1") | {"body": body})
    runs = CatalogueRun.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body, "columns": [names[0] for names in columns().values()], "kinds": BY_HAND}
    return render(request, "desk/catalogue/import.html", page, status=422 if form.errors else 200)


@require_POST
def sheet_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at."""
    form = CarriedEntriesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-catalogue-import", body=body)
    data = form.cleaned_data["sheet"]
    try:
        with transaction.atomic():
            preview = read_entries(data, actor=request.actor, kind=form.cleaned_data["kind"])
            run = import_entries(preview, name=form.cleaned_data["name"], data=data, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("取り込みました：新しいもの%(new)s件、直したもの%(changed)s件、同じもの%(same)s件、取り込まなかったもの%(refused)s件。まとめて取り消せます。") % run.counts)
    return redirect("desk-catalogue-import", body=body)


@require_POST
def sheet_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole run back; what somebody has changed since stays and is named."""
    found = get_object_or_404(CatalogueRun.objects.visible_to(request.actor), pk=run, body_id=body)
    try:
        with transaction.atomic():
            stays = undo_import(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        if stays:
            more = _("ほか%(n)s行") % {"n": len(stays) - 5} if len(stays) > 5 else ""
            messages.warning(request, _("次の行は残しました。") + " ".join(stays[:5]) + more)
        else:
            messages.success(request, _("取り込みを取り消しました。"))
    return redirect("desk-catalogue-import", body=body)


@require_safe
def sheet_template(request: StaffRequest, body: str, kind: str) -> HttpResponse:  # noqa: ARG001  the columns are the same for all
    """Give an empty sheet with the columns of a kind."""
    if kind not in BY_HAND:
        raise Http404
    return _download(empty_sheet(kind), f"daicho-{kind}")


@require_POST
@asks_again
def sheet_out(request: StaffRequest, body: str) -> HttpResponse:
    """Write the entries that the list shows as a sheet; the act goes on record with filter and count."""
    wanted = read_wanted(request.POST.dict())
    found = entries_wanted(wanted, request.actor).select_related("body", "service").prefetch_related("windows")
    query = "&".join(f"{name}={value}" for name, value in (("q", wanted.find), ("kind", wanted.kind), ("of", wanted.body), ("state", wanted.state)) if value)
    try:
        return _download(export_catalogue(found, query, by=request.actor), f"daicho-{clock.today():%Y%m%d}")
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-catalogue", body=body)


def _again(request: StaffRequest, body: str) -> HttpResponse:
    """Show another page of the rows; the sheet comes along."""
    form = CarriedEntriesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-catalogue-import", body=body)
    try:
        preview = read_entries(form.cleaned_data["sheet"], actor=request.actor, kind=form.cleaned_data["kind"])
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-catalogue-import", body=body)
    first = {"sheet": request.POST["sheet"], "name": form.cleaned_data["name"], "kind": form.cleaned_data["kind"]}
    page = _preview(preview, CarriedEntriesForm(initial=first), request.POST.get("page", "1"))
    return render(request, "desk/catalogue/import_preview.html", page | {"body": body})


def _preview(preview: EntryPreview, carried: forms.Form, number: str) -> dict[str, Any]:
    rows = sorted(preview.rows, key=lambda row: (ORDER[row.deed], row.number))
    counts = {deed: preview.count(deed) for deed in ORDER}
    return {
        "page": Paginator(rows, SHOWN).get_page(number), "total": len(rows), "counts": counts, "carried": carried, "unknown": preview.unknown,
        "can": counts["new"] + counts["changed"] > 0, "most": MOST_ROWS,
    }  # fmt: skip


def _download(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(data, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})
