"""How allauth behaves here."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

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
