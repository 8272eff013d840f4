"""Entries in from a sheet with a preview of every row, back out of the house, and a run taken back."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
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
from renkei.desk.request import StaffRequest
from renkei.desk.sheets import CarriedForm, SheetIn, UploadForm, download
from renkei.matching.actions_sheet import empty_sheet, import_entries, undo_import
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import CatalogueRun
from renkei.matching.sheet import EntryPreview, EntrySheetRow, columns, read_entries

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


def _read(request: StaffRequest, given: dict[str, Any]) -> EntryPreview:
    return read_entries(given["sheet"], actor=request.actor, kind=given["kind"])


def _show(request: StaffRequest, preview: EntryPreview) -> tuple[list[EntrySheetRow], dict[str, Any]]:  # noqa: ARG001  nothing is chosen
    counts = {deed: preview.count(deed) for deed in ORDER}
    rows = sorted(preview.rows, key=lambda row: (ORDER[row.deed], row.number))
    return rows, {"counts": counts, "can": counts["new"] + counts["changed"] > 0}


def _keep(request: StaffRequest, preview: EntryPreview, given: dict[str, Any]) -> str:
    run = import_entries(preview, name=given["name"], data=given["sheet"], by=request.actor)
    return str(_("取り込みました：新しいもの%(new)s件、直したもの%(changed)s件、同じもの%(same)s件、取り込まなかったもの%(refused)s件。まとめて取り消せます。") % run.counts)


ENTRIES = SheetIn("desk-catalogue-import", EntrySheetForm, CarriedEntriesForm, "desk/catalogue/import_preview.html", _read, _show, _keep,
                   told=lambda preview: [(row.deed, row.changes, row.problems) for row in preview.rows])  # fmt: skip


def sheet_in(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    form = ENTRIES.take(request, body)
    if isinstance(form, HttpResponse):
        return form
    runs = CatalogueRun.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body, "columns": [names[0] for names in columns().values()], "kinds": BY_HAND}
    return render(request, "desk/catalogue/import.html", page, status=422 if form.errors else 200)


@require_POST
def sheet_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at."""
    return ENTRIES.confirm(request, body)


@require_POST
def sheet_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole run back; what somebody has changed since stays and is named."""
    found = get_object_or_404(CatalogueRun.objects.visible_to(request.actor), pk=run, body_id=body)
    return ENTRIES.undo(request, body, lambda: undo_import(found, by=request.actor), _("次の行は残しました。"))


@require_safe
def sheet_template(request: StaffRequest, body: str, kind: str) -> HttpResponse:  # noqa: ARG001  the columns are the same for all
    """Give an empty sheet with the columns of a kind."""
    if kind not in BY_HAND:
        raise Http404
    return download(empty_sheet(kind), f"daicho-{kind}")


@require_POST
@asks_again
def sheet_out(request: StaffRequest, body: str) -> HttpResponse:
    """Write the entries that the list shows as a sheet; the act goes on record with filter and count."""
    wanted = read_wanted(request.POST.dict())
    found = entries_wanted(wanted, request.actor).select_related("body", "service").prefetch_related("windows")
    query = "&".join(f"{name}={value}" for name, value in (("q", wanted.find), ("kind", wanted.kind), ("of", wanted.body), ("state", wanted.state)) if value)
    try:
        return download(export_catalogue(found, query, by=request.actor), f"daicho-{clock.today():%Y%m%d}")
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-catalogue", body=body)
