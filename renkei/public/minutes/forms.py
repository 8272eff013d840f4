"""A body's word on minutes, from the link in its mail."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Refusing, Seg, TextField

_PICK = {"required": _("答えを1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class ConfirmForm(Refusing):
    """Agree, or ask for a change; who says it is asked, because a mailbox may be shared."""

    agrees = forms.ChoiceField(label=_("議事録は"), choices=[("yes", _("このままでよい")), ("no", _("直してほしい"))], widget=Seg, error_messages=_PICK)
    words = TextField(label=_("直してほしいところ"), rows=3, max_length=1000, required=False)
    name = TextField(
        label=_("答える方のお名前"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}), error_messages={"required": _("お名前を入れてください。")}
    )
