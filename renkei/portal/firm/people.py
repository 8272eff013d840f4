"""Colleagues of a firm: who has an account, who is invited; invite, change the role, end."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.companies.actions import change_role, end_access, invite, resend_invitation, withdraw_invitation
from renkei.companies.models import CompanyAccess, CompanyInvitation, CompanyRole
from renkei.portal.firm.forms import EndForm, InviteForm
from renkei.portal.firm.request import FirmRequest


def people(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """List accounts and open invitations; an administrator invites."""
    if request.method == "POST" and request.access.role != CompanyRole.ADMIN:
        raise PermissionDenied
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(request.access.company, **form.cleaned_data, by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("%(email)s に招待のメールを送りました。") % {"email": made.email})
            return redirect("portal-people", company=company)
    return render(request, "portal/firm/people.html", _page(request, company) | {"form": form})


@require_POST
def withdraw(request: FirmRequest, company: uuid.UUID, guest: uuid.UUID) -> HttpResponse:
    """Take an invitation back."""
    seen = CompanyInvitation.objects.visible_to(request.actor).filter(company_id=company)
    withdraw_invitation(get_object_or_404(seen, pk=guest), by=request.actor)
    messages.success(request, _("招待を取りやめました。"))
    return redirect("portal-people", company=company)


@require_POST
def resend(request: FirmRequest, company: uuid.UUID, guest: uuid.UUID) -> HttpResponse:
    """Send an invitation again, with a new link."""
    seen = CompanyInvitation.objects.visible_to(request.actor).filter(company_id=company).select_related("company")
    made = resend_invitation(get_object_or_404(seen, pk=guest), by=request.actor)
    messages.success(request, _("%(email)s に、もう一度送りました。前のリンクは使えなくなりました。") % {"email": made.email})
    return redirect("portal-people", company=company)


@require_POST
def role(request: FirmRequest, company: uuid.UUID, account: uuid.UUID) -> HttpResponse:
    """Make a colleague an administrator, or no longer one."""
    found = _account(request, company, account)
    change_role(found, request.POST.get("role", ""), by=request.actor)
    messages.success(request, _("%(name)sさんの役割を変えました。") % {"name": found.person.name})
    return redirect("portal-people", company=company)


def end(request: FirmRequest, company: uuid.UUID, account: uuid.UUID) -> HttpResponse:
    """End an account, one's own or a colleague's; the page says what it means."""
    found = _account(request, company, account)
    form = EndForm(request.POST if request.method == "POST" else None)
    others = _accounts(request, company).exclude(pk=found.pk)
    if request.method == "POST" and form.is_valid():
        try:
            end_access(found, by=request.actor, knowing=form.cleaned_data["knowing"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("%(name)sさんのアカウントを終えました。") % {"name": found.person.name})
            own = found.pk == request.access.pk
            return redirect("portal-firms") if own else redirect("portal-people", company=company)
    return render(request, "portal/firm/end.html", {"account": found, "form": form, "is_last": not others.exists(),
                                                    "is_own": found.pk == request.access.pk})


def _accounts(request: FirmRequest, company: uuid.UUID) -> Any:
    return CompanyAccess.objects.visible_to(request.actor).current().filter(company_id=company).select_related("person")


def _account(request: FirmRequest, company: uuid.UUID, account: uuid.UUID) -> CompanyAccess:
    found: CompanyAccess = get_object_or_404(_accounts(request, company), pk=account)
    return found


def _page(request: FirmRequest, company: uuid.UUID) -> dict[str, Any]:
    waiting = CompanyInvitation.objects.visible_to(request.actor).open().filter(company_id=company)
    return {"accounts": _accounts(request, company), "invitations": waiting,
            "is_admin": request.access.role == CompanyRole.ADMIN}
