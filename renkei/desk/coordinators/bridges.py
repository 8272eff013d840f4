"""Attempts to bring needs and researchers together: the list, and one with its history."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.rules import takes_part
from renkei.desk.coordinators.forms import MoveForm
from renkei.desk.request import StaffRequest
from renkei.research.actions.bridging import move_bridge
from renkei.research.models import Bridge, BridgeState, BridgeStep

PER_PAGE = 50


@require_safe
def bridges(request: StaffRequest, body: str) -> HttpResponse:
    """List the attempts one sees, the failed ones too; by state, or of one case."""
    found = Bridge.objects.visible_to(request.actor).select_related("case", "need", "to_body", "body", "person")
    state = request.GET.get("state", "")
    if state in BridgeState.values:
        found = found.filter(state=state)
    case = clean_text(request.GET.get("case", ""))
    if case:
        found = found.filter(case__number=case)
    counts = {code: Bridge.objects.visible_to(request.actor).filter(state=code).count() for code in BridgeState.values}
    states = [(code, label, counts[code], code == state) for code, label in BridgeState.choices]
    page = {"body": body, "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")), "states": states, "state": state, "case": case}
    return render(request, "desk/coordinators/bridges.html", page)


def bridge(request: StaffRequest, body: str, bridge: uuid.UUID) -> HttpResponse:
    """Show an attempt with its history, and take how it went on."""
    seen = Bridge.objects.visible_to(request.actor).select_related("case", "need", "to_body", "body", "person")
    found = get_object_or_404(seen, pk=bridge)
    may = found.is_open and takes_part(request.actor, found.case)
    if request.method == "POST" and not may:
        raise PermissionDenied
    form = MoveForm(request.POST if request.method == "POST" else None, bridge=found)
    if request.method == "POST" and form.is_valid():
        try:
            move_bridge(found, by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("橋渡しの続きを記録しました。"))
            return redirect("desk-coordinators-bridge", body=body, bridge=found.pk)
    steps = BridgeStep.objects.visible_to(request.actor).filter(bridge=found).select_related("person", "body")
    page = {"body": body, "bridge": found, "steps": list(steps), "form": form, "may": may}
    return render(request, "desk/coordinators/bridge.html", page, status=422 if form.errors else 200)
