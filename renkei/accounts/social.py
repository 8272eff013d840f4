"""Sign-in through outside providers: it finds people we know and never makes any."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership, Person


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Who comes from outside must be known already."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002  allauth's signature
        """Close the sign-up: people are invited by their body."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie a first sign-in to the person with that verified mail address; turn away everybody else, in words."""
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        person = _known(sociallogin)
        if person is None:
            messages.error(request, _("この方法では入れません。登録のあるアドレスが確かめられませんでした。招待を受けた方法で入ってから、「自分の設定」でつないでください。"))
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, person)


def _known(sociallogin: Any) -> Person | None:
    """Return the active member of a body whose address the provider has verified."""
    # Letter for letter, ours are kept small: folding of case would take the dotless ı for an i, or the sign of Kelvin for a k.
    verified = {one.email.lower() for one in sociallogin.email_addresses if one.verified is True and one.email.isascii()}
    people = list(Person.objects.filter(email__in=verified, is_active=True)[:2])
    return people[0] if len(people) == 1 and Membership.objects.lasting().filter(person=people[0]).exists() else None
