"""Forms of a person's own sign-in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from renkei.accounts.models import Person
from renkei.base.forms import TextField


class ArriveForm(forms.Form):
    """Who arrives by invitation: name, reading, and a password for those who want one beside the passkey."""

    use_required_attribute = False

    name = TextField(label=_("氏名"), max_length=100)
    kana = TextField(label=_("フリガナ"), max_length=100, required=False)
    password1 = forms.CharField(
        label=_("パスワード"), required=False, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("パスキーだけで入るなら、空のままでかまいません。決めるなら10文字以上、数字だけにはできません。"),
    )  # fmt: skip
    password2 = forms.CharField(
        label=_("パスワード（もう一度）"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean(self) -> dict[str, Any]:
        """Hold a password against the rules, and the two against each other."""
        data = super().clean() or {}
        first, second = data.get("password1") or "", data.get("password2") or ""
        if first != second:
            raise ValidationError({"password2": _("二つのパスワードが違います。同じものを入れてください。")})
        if first:
            try:
                validate_password(first, Person(email=self._email, name=data.get("name", "")))
            except ValidationError as error:
                raise ValidationError({"password1": error.messages}) from error
        return data
