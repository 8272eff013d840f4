"""Sort a consultation: read, ask, choose, send. One form, so that every button keeps what was typed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.actions.reading import read_case
from renkei.cases.models import Case
from renkei.cases.rules import runs_case
from renkei.cases.states import CaseState
from renkei.cases.steps import lock_case
from renkei.desk.request import StaffRequest
from renkei.desk.triage.deeds import check_rows, do, keep_ticks, keep_words
from renkei.desk.triage.page import TriagePage, build
from renkei.matching.search import search
from renkei.plan.queries import clock_named

RELATED = ("company", "company__municipality", "holder", "holder_person", "received_by")
# These change no ticks: a wrong date in a line does not hold them up.
WITHOUT_TICKS = {"recall", "merge", "find"}
MOST_FOUND = 8


def triage(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show or work on one consultation."""
    found = find_case(request, case)
    if request.method != "POST":
        read_case(found, by=request.actor)
        return _render(request, build(found, request.actor))
    page = build(found, request.actor, request.POST)
    name, _colon, about = clean_text(request.POST.get("do", "save")).partition(":")
    if name == "enter":  # the key, not a button: look for what was typed, else keep the draft
        name = "find" if request.POST.get("find", "").strip() else "save"
    rows_good = check_rows(page)
    if name == "find" or (not rows_good and name in {"save", "send"}):
        return _render(request, page, status=200 if name == "find" else 422)
    try:
        with transaction.atomic():
            lock_case(found, version=_version(request))
            if rows_good and name not in WITHOUT_TICKS:
                keep_ticks(page)
                keep_words(page, name)
            done = do(page, name, about)
    except Refused as refusal:
        found.refresh_from_db()
        again = build(found, request.actor, request.POST)
        check_rows(again)
        again.errors.append(refusal.message)
        again.wrong_field = refusal.field or ""
        return _render(request, again, status=409 if refusal.code == "changed_meanwhile" else 422)
    messages.success(request, done)
    if not rows_good and name not in WITHOUT_TICKS:
        found.refresh_from_db()
        again = build(found, request.actor, request.POST)
        check_rows(again)
        return _render(request, again, status=422)
    return redirect("desk-case" if name == "merge" else "desk-triage", body=body, case=about if name == "merge" else case)


def find_case(request: StaffRequest, case: uuid.UUID) -> Case:
    """Return the case: 404 when it may not be seen, 403 when another body runs it."""
    found = get_object_or_404(Case.objects.visible_to(request.actor).select_related(*RELATED), pk=case)
    if not runs_case(request.actor, found):
        raise PermissionDenied
    return found


def _version(request: StaffRequest) -> int | None:
    return whole_number(request.POST.get("version", ""))


def _render(request: StaffRequest, page: TriagePage, status: int = 200) -> HttpResponse:
    words = request.POST.get("find", "").strip()[:100]
    hits = search(words, actor=request.actor, limit=MOST_FOUND) if words else []
    minutes = clock_named("recall").minutes
    context = {"page": page, "recall_minutes": minutes, "case": page.case, "find": words, "hits": hits, "is_new": page.case.state == CaseState.ARRIVED}
    return render(request, "desk/triage/triage.html", context, status=status)
