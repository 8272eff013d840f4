"""Firms, people and contact history in from a sheet with a preview of every row, and out again."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.accounts.again import asks_again
from renkei.base import clock
from renkei.base.numbers import whole_number
from renkei.cases.actions.exports import export_firms
from renkei.companies.actions import import_companies, undo_company_import
from renkei.companies.models import CompanyImport
from renkei.companies.sheet import HEADER, SheetPreview, SheetRow, read_companies
from renkei.desk.request import StaffRequest
from renkei.desk.sheets import CarriedForm, SheetIn, UploadForm, download
from renkei.documents.sheets import write_sheet

ANSWER = "row-"


class SheetForm(UploadForm):
    """The sheet to look at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("会社の表（エクセル .xlsx、またはCSV）")
        self.fields["file"].help_text = _("1行目に列の名前を書いた表です。1万行、3メガバイトまで。CSVはUTF-8でもシフトJISでも読めます。")


def _read(request: StaffRequest, given: dict[str, Any]) -> SheetPreview:
    return read_companies(given["sheet"], actor=request.actor)


def _show(request: StaffRequest, preview: SheetPreview) -> tuple[list[SheetRow], dict[str, Any]]:
    rows = sorted(preview.rows, key=lambda row: (not row.problems, row.deed != "choose", row.number))
    counts = {deed: preview.count(deed) for deed in ("new", "meet", "update", "same", "choose")}
    return rows, {"counts": counts, "answers": _answers(request), "bad": len(preview.bad), "can": len(preview.bad) < len(rows)}


def _keep(request: StaffRequest, preview: SheetPreview, given: dict[str, Any]) -> str:
    run = import_companies(preview, name=given["name"], data=given["sheet"], by=request.actor, answers=_answers(request))
    return str(_("取り込みました：新しい会社%(new)s社、直した会社%(update)s社、担当の方%(person)s人、やりとり%(contact)s件。まとめて取り消せます。") % run.counts)


FIRMS = SheetIn("desk-companies-import", SheetForm, CarriedForm, "desk/companies/import_preview.html", _read, _show, _keep,
                 told=lambda preview: [(row.deed, row.changed, row.problems) for row in preview.rows])  # fmt: skip


def companies_import(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    form = FIRMS.take(request, body)
    if isinstance(form, HttpResponse):
        return form
    runs = CompanyImport.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body, "columns": HEADER}
    return render(request, "desk/companies/import.html", page, status=422 if form.errors else 200)


@require_POST
def companies_import_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at, with the choices made."""
    return FIRMS.confirm(request, body)


@require_POST
def companies_import_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole run back; rows on which later work depends stay and are named."""
    found = get_object_or_404(CompanyImport.objects.visible_to(request.actor), pk=run, body_id=body)
    return FIRMS.undo(request, body, lambda: undo_company_import(found, by=request.actor), _("次の行は、あとの仕事があるので残しました。"))


@require_safe
def companies_template(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the columns are the same for all
    """Give an empty sheet with the columns."""
    return download(write_sheet("会社", HEADER, []), "companies-template")


@require_POST
@asks_again
def companies_export(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the actor carries it
    """Write the firms that the list shows as a sheet; the act goes on record with filter and count."""
    find = request.POST.get("q", "").strip()[:100]
    return download(export_firms(find, by=request.actor), f"companies-{clock.today():%Y%m%d}")


def _answers(request: StaffRequest) -> dict[int, str]:
    """Return what was chosen for rows that leave a choice, by the number of the row; the last one said counts."""
    return {row: str(value) for key, value in request.POST.items()
            if key.startswith(ANSWER) and (row := whole_number(key.removeprefix(ANSWER))) is not None}  # fmt: skip

