"""Firms, people and contact history in from a sheet with a preview of every row, and out again."""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.accounts.again import asks_again
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.exports import export_firms
from renkei.companies.actions import import_companies, undo_company_import
from renkei.companies.models import CompanyImport
from renkei.companies.sheet import HEADER, MOST_ROWS, SheetPreview, read_companies
from renkei.desk.register.forms import UploadForm
from renkei.desk.request import StaffRequest
from renkei.documents.sheets import write_sheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 300  # rows on a page of the preview: those that need a person come first
ANSWER = "row-"


class SheetForm(UploadForm):
    """The sheet to look at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("会社の表（エクセル .xlsx、またはCSV）")
        self.fields["file"].help_text = _("1行目に列の名前を書いた表です。1万行、3メガバイトまで。CSVはUTF-8でもシフトJISでも読めます。")


class CarriedForm(forms.Form):
    """The same sheet once more, carried by the preview page: nothing is kept on the server until it is confirmed."""

    sheet = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(widget=forms.HiddenInput, max_length=200, required=False)

    def clean_sheet(self) -> bytes:
        """Return the bytes."""
        try:
            return base64.b64decode(self.cleaned_data["sheet"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise forms.ValidationError(gettext_lazy("もう一度ファイルを選んでください。"), code="broken") from error


def companies_import(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    if request.method == "POST" and "sheet" in request.POST:
        return _another_page(request, body)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = SheetForm(*sent)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data["file"]
        try:
            preview = read_companies(data, actor=request.actor)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            name = getattr(request.FILES["file"], "name", "")[:200]
            carried = CarriedForm(initial={"sheet": base64.b64encode(data).decode(), "name": name})
            return render(request, "desk/companies/import_preview.html", _preview(preview, carried, {}, "1") | {"body": body})
    runs = CompanyImport.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body, "columns": HEADER}
    return render(request, "desk/companies/import.html", page, status=422 if form.errors else 200)


def _another_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show another page of the rows; the sheet and the choices made so far come along."""
    form = CarriedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-companies-import", body=body)
    try:
        preview = read_companies(form.cleaned_data["sheet"], actor=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-companies-import", body=body)
    carried = CarriedForm(initial={"sheet": request.POST["sheet"], "name": form.cleaned_data["name"]})
    page = _preview(preview, carried, _answers(request), request.POST.get("page", "1"))
    return render(request, "desk/companies/import_preview.html", page | {"body": body})


@require_POST
def companies_import_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at, with the choices made."""
    form = CarriedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-companies-import", body=body)
    data = form.cleaned_data["sheet"]
    try:
        with transaction.atomic():
            preview = read_companies(data, actor=request.actor)
            run = import_companies(preview, name=form.cleaned_data["name"], data=data, by=request.actor,
                                   answers=_answers(request))
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("取り込みました：新しい会社%(new)s社、直した会社%(update)s社、担当の方%(person)s人、やりとり%(contact)s件。まとめて取り消せます。")
                         % run.counts)
    return redirect("desk-companies-import", body=body)


@require_POST
def companies_import_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole run back; rows on which later work depends stay and are named."""
    found = get_object_or_404(CompanyImport.objects.visible_to(request.actor), pk=run, body_id=body)
    try:
        with transaction.atomic():
            stays = undo_company_import(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        if stays:
            more = _("ほか%(n)s行") % {"n": len(stays) - 5} if len(stays) > 5 else ""
            messages.warning(request, _("次の行は、あとの仕事があるので残しました。") + " ".join(stays[:5]) + more)
        else:
            messages.success(request, _("取り込みを取り消しました。"))
    return redirect("desk-companies-import", body=body)


@require_safe
def companies_template(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the columns are the same for all
    """Give an empty sheet with the columns."""
    return _download(write_sheet("会社", HEADER, []), "companies-template")


@require_POST
@asks_again
def companies_export(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the actor carries it
    """Write the firms that the list shows as a sheet; the act goes on record with filter and count."""
    find = request.POST.get("q", "").strip()[:100]
    return _download(export_firms(find, by=request.actor), f"companies-{clock.today():%Y%m%d}")


def _download(data: bytes, name: str) -> HttpResponse:
    return HttpResponse(data, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})


def _answers(request: StaffRequest) -> dict[int, str]:
    """Return what was chosen for rows that leave a choice, by the number of the row."""
    return {int(key.removeprefix(ANSWER)): str(value) for key, value in request.POST.items()
            if key.startswith(ANSWER) and key.removeprefix(ANSWER).isdecimal()}  # fmt: skip


def _preview(preview: SheetPreview, carried: CarriedForm, answers: dict[int, str], number: str) -> dict[str, Any]:
    rows = sorted(preview.rows, key=lambda row: (not row.problems, row.deed != "choose", row.number))
    page = Paginator(rows, SHOWN).get_page(number)
    here = {row.number for row in page}
    counts = {deed: preview.count(deed) for deed in ("new", "meet", "update", "same", "choose")}
    elsewhere = {row: answer for row, answer in answers.items() if row not in here}
    return {
        "page": page, "total": len(rows), "counts": counts, "carried": carried, "answers": answers, "elsewhere": elsewhere,
        "bad": len(preview.bad), "can": len(preview.bad) < len(rows), "most": MOST_ROWS,
    }  # fmt: skip
