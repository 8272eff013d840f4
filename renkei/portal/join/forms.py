"""A new account of a firm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from renkei.accounts.models import Person
from renkei.base.forms import TextField


class JoinForm(forms.Form):
    """Name and password of somebody who has no account yet."""

    name = TextField(label=_("お名前"), max_length=100, error_messages={"required": _("お名前を入れてください。")})
    password = forms.CharField(
        label=_("パスワード"), strip=False, help_text=_("ほかで使っていない、10文字以上のものにしてください。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("パスワードを決めて、入れてください。")},
    )  # fmt: skip
    again = forms.CharField(
        label=_("パスワード（もう一度）"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("同じパスワードを、もう一度入れてください。")},
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Ask for one that is hard to guess, also for who knows name and address; and for the same one twice."""
        data = super().clean() or {}
        if data.get("password"):
            try:
                validate_password(data["password"], Person(email=self._email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("2つのパスワードが違います。もう一度入れてください。"))
        return data
