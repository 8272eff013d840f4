"""How allauth behaves here."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from renkei.accounts.models import Person

_log = logging.getLogger("renkei.accounts")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up alone: people are invited by their body."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("メールアドレスかパスワードが違います。確かめて、もう一度入れてください。"),
        "too_many_login_attempts": _("続けて間違えたため、しばらく入れません。5分ほど待ってから、もう一度試してください。"),
        "enter_current_password": _("いまのパスワードが違います。もう一度入れてください。"),
        "incorrect_password": _("パスワードが違います。もう一度入れてください。"),
        "rate_limited": _("続けて試したため、しばらく使えません。少し待ってから、もう一度試してください。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  allauth's signature
        """Close the sign-up page."""
        return False

    def get_reauthentication_methods(self, user: Person) -> list[dict[str, Any]]:
        """Name the ways to confirm who is there in our words."""
        words = {"reauthenticate": _("パスワードで確かめる"), "mfa_reauthenticate": _("認証アプリの番号で確かめる"),
                 "mfa_reauthenticate:webauthn": _("パスキーで確かめる")}  # fmt: skip
        found = super().get_reauthentication_methods(user)
        return [{**one, "description": words.get(one["id"], one["description"])} for one in found]

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the client's address; a proxy on a socket of this machine may give none."""
        return get_client_ip(request) or "0.0.0.0"  # noqa: S104  shown as "unknown place", nothing listens here

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send at once: a guest who forgot the password has no outbox. A dead mail server must not tell who is known."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            _log.exception("a mail about a sign-in could not be sent")


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """The second factor's errors in our words."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("番号が違うか、期限が切れています。アプリに出ている新しい番号を入れてください。"),
    }

    def generate_authenticator_name(self, user: Person, type: Authenticator.Type) -> str:  # noqa: A002  allauth's signature
        """Number a person's passkeys."""
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("パスキー%(number)s") % {"number": count + 1}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Name this installation to the device: the host the person sees in the address bar."""
        return {**super().get_public_key_credential_rp_entity(), "name": str(_("連携"))}
