"""The firm's own record, changed by itself."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.companies.actions import change_own_profile, profile_mark
from renkei.companies.models import Company
from renkei.portal.firm.forms import ProfileForm
from renkei.portal.firm.request import FirmRequest


def profile(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show and change what the consortium knows of the firm."""
    firm = Company.objects.visible_to(request.actor).get(pk=company)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm(initial=_known(firm))
    if request.method == "POST" and form.is_valid():
        try:
            change_own_profile(firm, {k: v for k, v in form.cleaned_data.items() if k != "seen"}, by=request.actor,
                               seen=form.cleaned_data["seen"])
        except Refused as refusal:
            if refusal.code == "changed_meanwhile":
                form.data = request.POST.copy()
                form.data["seen"] = profile_mark(firm)  # looked at now: saving again is meant
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("会社のことを直しました。"))
            return redirect("portal-profile", company=company)
    return render(request, "portal/firm/profile.html", {"firm": firm, "form": form})


def _known(firm: Company) -> dict[str, Any]:
    values = {name: getattr(firm, name) for name in ProfileForm.base_fields if name not in {"municipality", "seen"}}
    return values | {"municipality": firm.municipality_id or "", "seen": profile_mark(firm)}
