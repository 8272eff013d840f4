"""Synonyms in from a file, with what happens to each group shown first, and out again in the same form."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.desk.request import StaffRequest
from renkei.desk.sheets import SheetIn
from renkei.desk.wordlist.forms import CarriedWordsForm, WordFileForm
from renkei.matching.sitewords import groups_now
from renkei.matching.wordactions import import_groups, undo_import
from renkei.matching.wordfile import written
from renkei.matching.wordmodels import SynonymImport
from renkei.matching.wordrules import edits_words
from renkei.matching.wordsheet import SAME, WordPreview, WordRow, read_words


@require_safe
def export(request: StaffRequest, body: str) -> HttpResponse:  # noqa: ARG001  the words are the same for all
    """Give the list in use as a file; it comes back in through the import."""
    name = f"synonyms-{clock.today():%Y%m%d}.txt"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(written(groups_now()), content_type="text/plain; charset=utf-8", headers=headers)


def _read(request: StaffRequest, given: dict[str, Any]) -> WordPreview:  # noqa: ARG001  the words are the same for all
    return read_words(given["sheet"], mode=given["mode"])


def _show(request: StaffRequest, preview: WordPreview) -> tuple[list[WordRow], dict[str, Any]]:  # noqa: ARG001  nothing is chosen
    counts = {deed: preview.count(deed) for deed in ("new", "change", "same")}
    rows = sorted(preview.rows, key=lambda row: (not row.problems, row.deed == SAME, row.line))
    return rows, {"counts": counts, "bad": preview.bad, "can": counts["new"] + counts["change"] > 0}


def _keep(request: StaffRequest, preview: WordPreview, given: dict[str, Any]) -> str:
    run = import_groups(preview, name=given["name"], data=given["sheet"], by=request.actor)
    return str(_("取り込みました：新しい組%(new)s、直した組%(change)s。まとめて取り消せます。") % run.counts)


WORDS = SheetIn("desk-words-import", WordFileForm, CarriedWordsForm, "desk/wordlist/import_preview.html", _read, _show, _keep,
                 told=lambda preview: preview.rows)  # fmt: skip


def take_file(request: StaffRequest, body: str) -> HttpResponse:
    """Take a file and show what would happen to each group. Nothing is written yet."""
    _only_editors(request)
    form = WORDS.take(request, body)
    if isinstance(form, HttpResponse):
        return form
    runs = SynonymImport.objects.visible_to(request.actor).select_related("done_by")[:20]
    page = {"form": form, "runs": runs, "body": body}
    return render(request, "desk/wordlist/import.html", page, status=422 if form.errors else 200)


@require_POST
def confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the file that was looked at."""
    _only_editors(request)
    return WORDS.confirm(request, body)


@require_POST
def undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Take a whole file back; groups changed since stay and are named."""
    found = get_object_or_404(SynonymImport.objects.visible_to(request.actor), pk=run)
    _only_editors(request)
    return WORDS.undo(request, body, lambda: undo_import(found, by=request.actor), _("次の組は、取り込んだあとに直されているので、残しました。"))


def _only_editors(request: StaffRequest) -> None:
    if not edits_words(request.actor):
        raise PermissionDenied
