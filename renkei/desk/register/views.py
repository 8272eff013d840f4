"""The running 相談台帳: in with a preview of every row, out with the same columns."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.cases.actions.register import import_register, undo_import
from renkei.cases.models import ImportRun
from renkei.cases.queries.register import Preview, RegisterRow, read_register
from renkei.desk.request import StaffRequest
from renkei.desk.sheets import CarriedForm, SheetIn, UploadForm


def _read(request: StaffRequest, given: dict[str, Any]) -> Preview:
    return read_register(given["sheet"], body=request.membership.body)


def _show(request: StaffRequest, preview: Preview) -> tuple[list[RegisterRow], dict[str, Any]]:  # noqa: ARG001  nothing is chosen
    return sorted(preview.rows, key=lambda row: not row.problems), {"can": bool(preview.good)}


def _keep(request: StaffRequest, preview: Preview, given: dict[str, Any]) -> str:  # noqa: ARG001  the file itself is not kept
    run = import_register(preview, by=request.actor, body=request.membership.body)
    return _("%(count)s件を取り込みました。まとめて取り消せます。") % {"count": run.rows}


REGISTER = SheetIn("desk-register-import", UploadForm, CarriedForm, "desk/register/preview.html", _read, _show, _keep,
                    told=lambda preview: [(row.will, row.problems) for row in preview.rows])  # fmt: skip


def register_import(request: StaffRequest, body: str) -> HttpResponse:
    """Take a sheet and show, row by row, what will happen or what is wrong. Nothing is written yet."""
    form = REGISTER.take(request, body)
    if isinstance(form, HttpResponse):
        return form
    runs = ImportRun.objects.visible_to(request.actor).filter(body_id=body).select_related("done_by")[:20]
    return render(request, "desk/register/import.html", {"form": form, "runs": runs, "body": body}, status=422 if form.errors else 200)


@require_POST
def register_confirm(request: StaffRequest, body: str) -> HttpResponse:
    """Import the sheet that was looked at."""
    return REGISTER.confirm(request, body)


@require_POST
def register_undo(request: StaffRequest, body: str, run: uuid.UUID) -> HttpResponse:
    """Undo a whole import."""
    found = get_object_or_404(ImportRun.objects.visible_to(request.actor).filter(body_id=body), pk=run)

    def back() -> list[str]:
        undo_import(found, by=request.actor)
        return []  # a run of which something has moved is refused as a whole

    return REGISTER.undo(request, body, back, "")
