"""A new consultation by the firm itself: what is known is filled in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Received, Said, receive
from renkei.cases.models import FollowUp, Trouble
from renkei.plan.queries import front_desk
from renkei.portal.firm.forms import NewForm
from renkei.portal.firm.page import cases_of
from renkei.portal.firm.request import FirmRequest


def new(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Take what the firm writes; the front desk reads it. Sending twice gives one case."""
    form = NewForm(request.POST) if request.method == "POST" else NewForm(initial=_known(request, company))
    if request.method == "POST" and form.is_valid():
        try:
            received = _receive(request, form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("お受けしました。受付番号は %(number)s です。") % {"number": received.case.number})
            return redirect("portal-case", company=company, case=received.case.pk)
    return render(request, "portal/firm/new.html", {"form": form})


def _receive(request: FirmRequest, data: dict[str, Any]) -> Received:
    firm = request.access.company
    said = Said(
        text=data["text"], channel="web", wish=data["wish"], wanted_by=data["wanted_by"], financial=data["financial"],
        company=firm, company_given=firm.name, person_given=data["person_given"], phone=data["phone"],
        email=data["email"], standing_classes=data["standing"],
    )  # fmt: skip
    return receive(said, by=request.actor, body=front_desk(), idempotency_key=data["key"])


def _known(request: FirmRequest, company: uuid.UUID) -> dict[str, Any]:
    person, firm = request.access.person, request.access.company
    last = cases_of(company, request.actor).first()
    return {"text": _said_after(request, company), "person_given": person.name, "phone": person.phone or firm.phone, "email": person.email,
            "standing": last.standing_classes if last else [], "key": uuid.uuid4().hex}


def _said_after(request: FirmRequest, company: uuid.UUID) -> str:
    """Return what the firm wrote when it was asked what became of a case and answered that it needs somebody (``?after=``)."""
    try:
        wanted = uuid.UUID(request.GET.get("after", ""))
    except ValueError:
        return ""
    rows = FollowUp.objects.visible_to(request.actor).filter(case__company=company, trouble__in=[Trouble.SAME, Trouble.OTHER])
    return rows.filter(pk=wanted).values_list("words", flat=True).first() or ""
