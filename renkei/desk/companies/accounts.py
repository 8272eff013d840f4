"""Accounts of a firm, for the bodies that know it: who has one, who is invited; invite, send again, take back, end."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from renkei.base.forms import Options, TextField
from renkei.base.refusal import Refused
from renkei.companies.actions import end_access, invite, resend_invitation, withdraw_invitation
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation, CompanyRole
from renkei.desk.companies.forms import show_refusal
from renkei.desk.request import StaffRequest


class FirmInviteForm(forms.Form):
    """Somebody of the firm to invite. The first one runs the firm's accounts."""

    name = TextField(label=gettext_lazy("お名前"), required=False, max_length=100)
    email = TextField(label=gettext_lazy("メールアドレス"), max_length=254,
                      help_text=gettext_lazy("ご本人に確かめたアドレスだけを入れてください。会社のご相談がすべて見えるようになります。"),
                      error_messages={"required": gettext_lazy("招く方のメールアドレスを入れてください。")})
    role = forms.ChoiceField(label=gettext_lazy("役割"), widget=Options, choices=[
        (CompanyRole.ADMIN, gettext_lazy("管理者（同僚を招いたり、アカウントを終えたりもできます）")),
        (CompanyRole.MEMBER, gettext_lazy("担当（ご相談を扱います）")),
    ], error_messages={"required": gettext_lazy("役割を選んでください。")})  # fmt: skip


class FirmEndForm(forms.Form):
    """Ending an account; the firm's last one only by saying so."""

    knowing = forms.BooleanField(label=gettext_lazy("この会社のアカウントがなくなってもよい"), required=False)


@require_safe
def accounts(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """List the firm's accounts and the invitations without an answer."""
    found = _company(request, company)
    guests = CompanyInvitation.objects.visible_to(request.actor).open().filter(company=found).select_related("invited_by")
    people = [one for one in found.people.filter(left_on__isnull=True, withdrawn_at__isnull=True) if one.email]
    rows = list(_accounts(request, found))
    taken = {one.person.email.lower() for one in rows} | {one.email.lower() for one in guests}
    page = {"body": body, "company": found, "accounts": rows, "guests": guests, "can_invite": found.merged_into_id is None,
            "people": [one for one in people if one.email.lower() not in taken]}
    return render(request, "desk/companies/accounts.html", page)


def invite_person(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Invite somebody of the firm by mail; name and address of a person on record may come along (said once)."""
    found = _company(request, company)
    form = FirmInviteForm(request.POST if request.method == "POST" else None, initial=_first(request, found))
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(found, **form.cleaned_data, by=request.actor)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(email)s に招待のメールを送りました。") % {"email": made.email})
            return redirect("desk-company-accounts", body=body, company=company)
    page = {"company": found, "form": form}
    return render(request, "desk/companies/account_invite.html", page, status=422 if form.errors else 200)


@require_POST
def resend(request: StaffRequest, body: str, company: uuid.UUID, guest: uuid.UUID) -> HttpResponse:
    """Send a new link; the old one opens nothing any more."""
    made = resend_invitation(_guest(request, company, guest), by=request.actor)
    messages.success(request, _("%(email)s に、もう一度送りました。前のリンクは使えなくなりました。") % {"email": made.email})
    return redirect("desk-company-accounts", body=body, company=company)


@require_POST
def withdraw(request: StaffRequest, body: str, company: uuid.UUID, guest: uuid.UUID) -> HttpResponse:
    """Take an invitation back."""
    withdraw_invitation(_guest(request, company, guest), by=request.actor)
    messages.success(request, _("招待を取りやめました。"))
    return redirect("desk-company-accounts", body=body, company=company)


def end(request: StaffRequest, body: str, company: uuid.UUID, account: uuid.UUID) -> HttpResponse:
    """End an account: somebody has left the firm and nobody there does it."""
    found = _company(request, company)
    one: CompanyAccess = get_object_or_404(_accounts(request, found), pk=account)
    form = FirmEndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            end_access(one, by=request.actor, knowing=form.cleaned_data["knowing"])
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(name)sさんのアカウントを終えました。") % {"name": one.person.name})
            return redirect("desk-company-accounts", body=body, company=company)
    page = {"company": found, "account": one, "form": form,
            "is_last": not _accounts(request, found).exclude(pk=one.pk).exists()}
    return render(request, "desk/companies/account_end.html", page, status=422 if form.errors else 200)


def _company(request: StaffRequest, company: uuid.UUID) -> Company:
    return get_object_or_404(Company.objects.visible_to(request.actor).filter(withdrawn_at__isnull=True), pk=company)


def _accounts(request: StaffRequest, company: Company) -> QuerySet[CompanyAccess]:
    return CompanyAccess.objects.visible_to(request.actor).current().filter(company=company).select_related("person")


def _guest(request: StaffRequest, company: uuid.UUID, guest: uuid.UUID) -> CompanyInvitation:
    seen = CompanyInvitation.objects.visible_to(request.actor).filter(company=_company(request, company))
    return get_object_or_404(seen.select_related("company"), pk=guest)


def _first(request: StaffRequest, company: Company) -> dict[str, Any]:
    """Return the first values: a person of the record named in the address, and the role the firm needs most."""
    role = CompanyRole.MEMBER if _accounts(request, company).filter(role=CompanyRole.ADMIN).exists() else CompanyRole.ADMIN
    known = company.people.filter(left_on__isnull=True, withdrawn_at__isnull=True)
    email = request.GET.get("email", "")[:254]
    who = known.filter(email__iexact=email).first() if email else None
    return {"role": role, "name": who.name if who else "", "email": who.email if who else ""}
