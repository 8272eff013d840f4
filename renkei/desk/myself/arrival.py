"""Arrive by invitation: a new person confirms the name and chooses how to sign in; a known one joins one more body."""

from __future__ import annotations

from dataclasses import replace

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.accounts.actions.invitations import Arriving, accept_invitation, find_invitation
from renkei.accounts.models import Invitation, Person
from renkei.accounts.queries import has_second_factor
from renkei.base.context import set_actor
from renkei.base.refusal import Refused
from renkei.desk.myself.forms import ArriveForm


def arrive(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an invitation to whoever holds its link, and take the answer."""
    holder = find_invitation(secret)
    if holder is None or holder.link is None:
        return render(request, "desk/myself/invitation_gone.html", status=404)
    person = request.user if isinstance(request.user, Person) else None
    actor = replace(holder, person=person.pk if person else None)
    set_actor(actor)
    request.actor = actor  # type: ignore[attr-defined]  # as the middleware does for other links
    invitation = Invitation.objects.visible_to(actor).select_related("body", "made_by").get(pk=holder.link)
    if person is not None:
        return _known(request, invitation, person)
    if Person.objects.filter(email__iexact=invitation.email).exists():
        return render(request, "desk/myself/invitation_sign_in.html", {"invitation": invitation})
    return _new(request, invitation)


def _known(request: HttpRequest, invitation: Invitation, person: Person) -> HttpResponse:
    """Somebody signed in joins the body, if the invitation is for the own address."""
    if person.email.lower() != invitation.email:
        return render(request, "desk/myself/invitation_other.html", {"invitation": invitation, "person": person})
    if request.method == "POST":
        accept_invitation(invitation, arriving=Arriving(person=person), by=request.actor)  # type: ignore[attr-defined]  # set above
        messages.success(request, _("%(body)sの人として加わりました。") % {"body": invitation.body.name})
        return redirect("my-bodies" if has_second_factor(person) else "mfa_index")
    return render(request, "desk/myself/invitation_join.html", {"invitation": invitation})


def _new(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Somebody new confirms the name, signs in with that, and goes on to the second factor."""
    form = ArriveForm(request.POST if request.method == "POST" else None, email=invitation.email, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        password = data["password1"] or None
        try:
            member = accept_invitation(
                invitation, arriving=Arriving(name=data["name"], kana=data["kana"], password=password), by=request.actor  # type: ignore[attr-defined]  # set above
            )
        except Refused as refusal:
            form.add_error(refusal.field, refusal.message)
        else:
            return _enter(request, member.person, by_password=password is not None)
    return render(request, "desk/myself/invitation.html", {"invitation": invitation, "form": form})


def _enter(request: HttpRequest, person: Person, *, by_password: bool) -> HttpResponse:
    """Sign the new person in; what was just proven (the link, the password) counts as a sign-in of this moment."""
    person.backend = "allauth.account.auth_backends.AuthenticationBackend"
    onward = reverse("mfa_index") if by_password else reverse("mfa_add_webauthn")
    answer: HttpResponse = perform_login(request, person, email_verification="none", redirect_url=onward)
    record_authentication(request, person, method="password" if by_password else "invitation", reauthenticated=True)
    return answer
