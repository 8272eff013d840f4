"""The people of a body, for its members; inviting and changing them, for its administrators."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.accounts.actions.invitations import Asked, invite, resend, withdraw
from renkei.accounts.actions.members import change_member, make_admin
from renkei.accounts.models import Invitation, Membership
from renkei.accounts.queries import people_of, review_is_due
from renkei.accounts.rules import administers
from renkei.base.refusal import Refused
from renkei.desk.people.forms import InviteForm, MemberForm, role_choices
from renkei.desk.request import StaffRequest


@require_safe
def people(request: StaffRequest, body: str) -> HttpResponse:
    """Show who works for the body; administrators also see sign-ins, second factors and open invitations."""
    is_admin = administers(request.actor, body)
    rows, words = people_of(body), dict(role_choices())
    for row in rows:
        row.role_name = words.get(row.member.role, row.member.role)
    page = {
        "rows": [row for row in rows if not row.has_left],
        "left": [row for row in rows if row.has_left],
        "is_admin": is_admin,
        "review_due": review_is_due(body),
        "invitations": list(Invitation.objects.visible_to(request.actor).waiting().filter(body_id=body).select_related("made_by")),
    }
    return render(request, "desk/people/people.html", page)


def person_invite(request: StaffRequest, body: str) -> HttpResponse:
    """Invite somebody by mail."""
    _require_admin(request, body)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        asked = Asked(email=data["email"], name=data["name"], place=form.place(), since=data["since"], is_admin=data["is_admin"])
        try:
            made = invite(request.membership.body, asked=asked, by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            messages.success(request, _("%(name)sさん（%(email)s）に招待を送りました。") % {"name": made.name, "email": made.email})
            return redirect("desk-people", body=body)
    return render(request, "desk/people/invite.html", {"form": form})


@require_POST
def invitation_resend(request: StaffRequest, body: str, invitation: uuid.UUID) -> HttpResponse:
    """Send a new link for an open invitation."""
    found = get_object_or_404(Invitation.objects.visible_to(request.actor).filter(body_id=body), pk=invitation)
    resend(found, by=request.actor)
    messages.success(request, _("招待をもう一度送りました。前のリンクは使えなくなりました。"))
    return redirect("desk-people", body=body)


@require_POST
def invitation_withdraw(request: StaffRequest, body: str, invitation: uuid.UUID) -> HttpResponse:
    """Take an open invitation back."""
    found = get_object_or_404(Invitation.objects.visible_to(request.actor).filter(body_id=body), pk=invitation)
    withdraw(found, by=request.actor)
    messages.success(request, _("%(name)sさんへの招待を取り消しました。") % {"name": found.name})
    return redirect("desk-people", body=body)


def member(request: StaffRequest, body: str, member: uuid.UUID) -> HttpResponse:
    """Change what a member is in the body."""
    found = _member(body, member)
    _require_admin(request, body)
    form = MemberForm(request.POST if request.method == "POST" else None, member=found)
    if request.method == "POST" and form.is_valid():
        try:
            change_member(found, place=form.place(), by=request.actor)
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            messages.success(request, _("%(name)sさんの記録を直しました。") % {"name": found.person.name})
            return redirect("desk-people", body=body)
    return render(request, "desk/people/member.html", {"form": form, "member": found})


@require_POST
def member_admin(request: StaffRequest, body: str, member: uuid.UUID) -> HttpResponse:
    """Make a member an administrator (``admin=1``) or an ordinary one."""
    found = _member(body, member)
    _require_admin(request, body)
    wanted = request.POST.get("admin") == "1"
    try:
        make_admin(found, is_admin=wanted, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        said = _("%(name)sさんを管理者にしました。") if wanted else _("%(name)sさんは管理者でなくなりました。")
        messages.success(request, said % {"name": found.person.name})
    return redirect("desk-people", body=body)


def _member(body: str, member: uuid.UUID) -> Membership:
    return get_object_or_404(Membership.objects.lasting().filter(body_id=body).select_related("person", "body"), pk=member)


def _require_admin(request: StaffRequest, body: str) -> None:
    if not administers(request.actor, body):
        raise PermissionDenied
