"""Say that two firms that look alike are two, and take it back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.companies.actions import mark_distinct, unmark_distinct
from renkei.companies.models import Company
from renkei.desk.request import StaffRequest


@require_POST
def distinct(request: StaffRequest, body: str, company: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Decide that two firms are two; back to where it was pressed."""
    one, two = _pair(request, company, other)
    try:
        with transaction.atomic():
            mark_distinct(one, two, by=request.actor, why=request.POST.get("why", ""))
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(one)sと%(two)sを、別の会社と決めました。この組はもう出ません。") % {"one": one.name, "two": two.name})
    return _back(request, body, one)


@require_POST
def distinct_undo(request: StaffRequest, body: str, company: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    """Take the decision back."""
    one, two = _pair(request, company, other)
    try:
        with transaction.atomic():
            unmark_distinct(one, two, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("別の会社という印を取り消しました。似ていれば、また組に並びます。"))
    return _back(request, body, one)


def _pair(request: StaffRequest, company: uuid.UUID, other: uuid.UUID) -> tuple[Company, Company]:
    seen = Company.objects.visible_to(request.actor)
    return get_object_or_404(seen, pk=company), get_object_or_404(seen, pk=other)


def _back(request: StaffRequest, body: str, company: Company) -> HttpResponse:
    if request.POST.get("from") == "company":
        return redirect("desk-company-others", body=body, company=company.pk)
    return redirect("desk-companies-alike", body=body)
