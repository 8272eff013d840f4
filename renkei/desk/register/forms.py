"""Forms of the 相談台帳 import."""

from __future__ import annotations

import base64
import binascii
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

MOST_BYTES = 3 * 1024 * 1024


class UploadForm(forms.Form):
    """The sheet to look at."""

    use_required_attribute = False

    file = forms.FileField(
        label=_("相談台帳（エクセル、.xlsx）"),
        help_text=_("1行目に列の名前を書いた表です。3メガバイトまで。"),
        error_messages={
            "required": _("ファイルを選んでください。"), "empty": _("中身のないファイルです。別のファイルを選んでください。"),
            "invalid": _("ファイルを受け取れませんでした。選び直してください。"),
            "missing": _("ファイルを受け取れませんでした。選び直してください。"),
        },
    )  # fmt: skip

    def clean_file(self) -> bytes:
        """Return the bytes; too large a file is refused before it is read."""
        sent = cast("UploadedFile[Any]", self.cleaned_data["file"])
        if (sent.size or 0) > MOST_BYTES:
            raise forms.ValidationError(_("3メガバイトまでです。年度ごとに分けて取り込んでください。"), code="too_large")
        return bytes(sent.read())


class ConfirmForm(forms.Form):
    """The same sheet once more, carried by the preview page: nothing is kept on the server until it is confirmed."""

    use_required_attribute = False

    sheet = forms.CharField(widget=forms.HiddenInput)

    def clean_sheet(self) -> bytes:
        """Return the bytes."""
        try:
            return base64.b64decode(self.cleaned_data["sheet"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise forms.ValidationError(_("もう一度ファイルを選んでください。"), code="broken") from error


def carried(data: bytes) -> dict[str, Any]:
    """Return the first value of a ``ConfirmForm`` that carries ``data``."""
    return {"sheet": base64.b64encode(data).decode()}
