"""How somebody of a firm comes to an account: from the status page, and by the mail that invites them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from renkei.accounts.models import Person
from renkei.base.refusal import Refused
from renkei.cases.actions.accounts import start_account
from renkei.companies.actions import accept_invitation, join_anew
from renkei.companies.models import Company, CompanyInvitation
from renkei.portal.join.forms import JoinForm
from renkei.portal.status.door import DoorRequest, door_of
from renkei.post import limits
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_POST
def start(request: DoorRequest, **where: Any) -> HttpResponse:
    """Mail an invitation to the address this status link was mailed to."""
    door = door_of(request, where)
    limits.count_link(request.link.id)
    try:
        invitation = start_account(door.case, by=request.actor)
    except Refused as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, _("%(email)s に、アカウントを作るためのメールを送りました。") % {"email": invitation.email})
    return redirect(door.url())


@sensitive_post_parameters("password", "again")
def join(request: LinkRequest, token: str) -> HttpResponse:
    """Open the account: with the signed-in person, else with a new one. A second press ends where the first one did."""
    del token
    require_purpose(request, LinkPurpose.JOIN)
    invitation = get_object_or_404(CompanyInvitation.objects.visible_to(request.actor).filter(withdrawn_at=None), pk=request.link.subject)
    if invitation.accepted_at is not None:
        return _inside(request, invitation)
    firm = get_object_or_404(Company.objects.visible_to(request.actor), pk=invitation.company_id)
    known = Person.objects.filter(email__iexact=invitation.email, is_active=True).first()
    user = request.user if isinstance(request.user, Person) else None
    form = JoinForm(request.POST if request.method == "POST" else None, email=invitation.email,
                    initial={"name": invitation.name})
    page = {"invitation": invitation, "firm": firm, "known": known, "user_": user, "form": form,
            "is_other": user is not None and user != known}
    if request.method == "POST" and not page["is_other"]:
        try:
            joined = _joined(request, form, invitation, known)
        except Refused:
            return _inside(request, CompanyInvitation.objects.visible_to(request.actor).get(pk=invitation.pk))
        if joined:
            messages.success(request, _("%(firm)sのアカウントができました。") % {"firm": firm.name})
            return redirect("portal-home", company=firm.pk)
    return render(request, "portal/join/join.html", page)


def _joined(request: LinkRequest, form: JoinForm, invitation: CompanyInvitation, known: Person | None) -> bool:
    """Let the signed-in person in, or make a new one; False when the form has something to say, or somebody must sign in."""
    if isinstance(request.user, Person):
        accept_invitation(invitation, by=request.actor, person=request.user)
        return True
    if known is not None or not form.is_valid():
        return False
    data = form.cleaned_data
    access = join_anew(invitation, by=request.actor, name=data["name"], password=data["password"])
    login(request, access.person, backend=BACKEND)
    return True


def _inside(request: LinkRequest, invitation: CompanyInvitation) -> HttpResponse:
    """Send on who presses twice: into the firm's pages, which ask who is not signed in to do so."""
    if invitation.accepted_at is None:
        raise Http404  # somebody who left: their address opens nothing again by itself
    messages.success(request, _("アカウントはもうできています。メールアドレスと、決めたパスワードで入れます。"))
    return redirect("portal-home", company=invitation.company_id)
