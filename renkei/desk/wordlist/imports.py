"""Synonyms in from a file, with what happens to each group shown first, and out again in the same form."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.desk.wordlist.forms import CarriedForm, WordFileForm
from renkei.matching.sitewords import groups_now
from renkei.matching.wordactions import import_groups, undo_import
from renkei.matching.wordfile import written
from renkei.matching.wordmodels import SynonymImport
from renkei.matching.wordrules import edits_words
from renkei.matching.wordsheet import SAME, WordPreview, read_words

SHOWN = 200


@require_safe
def export(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the words are the same for all
    """Give the list in use as a file; it comes back in through the import."""
    name = f"synonyms-{clock.today():%Y%m%d}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(written(groups_now()), content_type="text/plain; charset=utf-8", headers=headers)


def take_file(request: StaffRequest, body: str) -> HttpResponse:
    """Take a file and show what would happen to each group. Nothing is written yet."""
    _only_editors(request)
    if request.method == "POST" and "sheet" in request.POST:
        return _another_page(request, body)
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = WordFileForm(*sent)
    if request.method == "POST" and form.is_valid():
        data, mode = form.cleaned_data["file"], form.cleaned_data["mode"]
        try:
            preview = read_words(data, mode=mode)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            name = getattr(request.FILES["file"], "name", "")[:200]
            carried = CarriedForm(initial={"sheet": base64.b64encode(data).decode(), "name": name, "mode": mode})
            return _shown(request, body, preview, carried)
    runs = SynonymImport.objects.visible_to(request.actor).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body}
    return render(request, "desk/wordlist/import.html", page, status=422 if form.errors else 200)


@require_POST
def confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the file that was looked at."""
    _only_editors(request)
    form = CarriedForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("もう一度ファイルを選んでください。"))
        return redirect("desk-words-import", body=body)
    data = form.cleaned_data["sheet"]
    try:
        preview = read_words(data, mode=form.cleaned_data["mode"])
        run = import_groups(preview, name=form.cleaned_data["name"], data=data, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("取り込みました：新しい組%(new)s、直した組%(change)s。まとめて取り消せます。") % run.counts)
    return redirect("desk-words-import", body=body)


@require_POST
def undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole file back; groups changed since stay and are named."""
    found = get_object_or_404(SynonymImport.objects.visible_to(request.actor), pk=run)
    _only_editors(request)
    try:
        stays = undo_import(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        if stays:
            messages.warning(request, _("次の組は、取り込んだあとに直されているので、残しました：%(codes)s") % {"codes": "、".join(stays[:20])})
        else:
            messages.success(request, _("取り込みを取り消しました。"))
    return redirect("desk-words-import", body=body)


def _another_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show another page of the groups; the file comes along."""
    form = CarriedForm(request.POST)
    if form.is_valid():
        try:
            preview = read_words(form.cleaned_data["sheet"], mode=form.cleaned_data["mode"])
        except Refused as refusal:
            messages.error(request, refusal.message)
        else:
            first = {name: request.POST.get(name, "") for name in ("sheet", "name", "mode")}
            return _shown(request, body, preview, CarriedForm(initial=first))
    else:
        messages.error(request, _("もう一度ファイルを選んでください。"))
    return redirect("desk-words-import", body=body)


def _shown(request: StaffRequest, body: str, preview: WordPreview, carried: CarriedForm) -> HttpResponse:
    rows = sorted(preview.rows, key=lambda row: (not row.problems, row.deed == SAME, row.line))
    context: dict[str, Any] = {
        "page": Paginator(rows, SHOWN).get_page(request.POST.get("page")), "total": len(rows), "carried": carried, "body": body,
        "counts": {deed: preview.count(deed) for deed in ("new", "change", "same")}, "bad": preview.bad,
        "can": preview.count("new") + preview.count("change") > 0,
    }  # fmt: skip
    return render(request, "desk/wordlist/import_preview.html", context)


def _only_editors(request: StaffRequest) -> None:
    if not edits_words(request.actor):
        raise PermissionDenied
