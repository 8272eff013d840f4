"""allauth's forms in our words: no placeholders, labels and lengths as our other forms."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _

_LABELS = {
    "login": _("メールアドレス"), "email": _("メールアドレス"), "password": _("パスワード"),
    "oldpassword": _("いまのパスワード"), "password1": _("新しいパスワード"), "password2": _("新しいパスワード（もう一度）"),
    "code": _("番号"), "name": _("この鍵の呼び名"),
}  # fmt: skip


class _Ours:
    """Name the fields as we do, and drop the placeholders."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = _LABELS.get(name, field.label)
            field.help_text = ""
            field.error_messages["required"] = _("ここを書いてください。")


class SignIn(_Ours, account.LoginForm):  # type: ignore[misc]  # allauth is untyped
    """Address and password."""


class ForgottenPassword(_Ours, account.ResetPasswordForm):  # type: ignore[misc]  # allauth is untyped
    """Address."""


class NewPassword(_Ours, account.ResetPasswordKeyForm):  # type: ignore[misc]  # allauth is untyped
    """A new password, twice."""


class ChangePassword(_Ours, account.ChangePasswordForm):  # type: ignore[misc]  # allauth is untyped
    """The old password and a new one, twice."""


class SetPassword(_Ours, account.SetPasswordForm):  # type: ignore[misc]  # allauth is untyped
    """A first password, twice."""


class ConfirmPassword(_Ours, account.ReauthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """The password once more, before a setting changes."""


class SecondFactor(_Ours, mfa.AuthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """The app's digits at sign-in."""


class SecondFactorAgain(_Ours, mfa.ReauthenticateForm):  # type: ignore[misc]  # allauth is untyped
    """The app's digits, before a setting changes."""


class StartSecondFactor(_Ours, totp.ActivateTOTPForm):  # type: ignore[misc]  # allauth is untyped
    """The first digits of a new app."""


class EndSecondFactor(_Ours, totp.DeactivateTOTPForm):  # type: ignore[misc]  # allauth is untyped
    """Nothing to fill in."""


class AddPasskey(_Ours, webauthn.AddWebAuthnForm):  # type: ignore[misc]  # allauth is untyped
    """A new passkey: its name. A key that only stands beside a password is not offered: one thing to explain less."""

    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)

    def clean_passwordless(self) -> bool:
        """Hold every key to PIN, finger or face."""
        return True


class EditPasskey(_Ours, webauthn.EditWebAuthnForm):  # type: ignore[misc]  # allauth is untyped
    """The passkey's name."""


class PasskeyAgain(_Ours, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # allauth is untyped
    """The passkey, before a sensitive step."""
