"""The request outside the region as a file, for the body that leads outside."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.reading import read_case
from renkei.cases.models import OutsideRequest
from renkei.cases.outside_paper import outside_docx
from renkei.desk.cases.acts.outside import leads_outside
from renkei.desk.request import StaffRequest
from renkei.documents.pdf import pdf_of_docx
from renkei.documents.sending import sent_file


@require_safe
def paper(request: StaffRequest, body: str, case: uuid.UUID, subject: uuid.UUID, form: str) -> HttpResponse:
    """Give the request as docx or PDF; the reading is written down, which the firm sees."""
    seen = OutsideRequest.objects.visible_to(request.actor).select_related("case", "opening", "asked_body", "escalation__need")
    found = get_object_or_404(seen, pk=subject, case=case)
    if not leads_outside(request.actor, found.case):
        raise PermissionDenied
    if form not in {"docx", "pdf"}:
        raise Http404
    try:
        data = outside_docx(found, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("desk-case", body=body, case=case)
    read_case(found.case, found, by=request.actor, classes=found.opening.classes)
    name = written("域外への依頼")  # no number: it leaves the house
    return sent_file(data if form == "docx" else pdf_of_docx(data, title=name, foot=name), f"{name}_{found.member_name}.{form}")
