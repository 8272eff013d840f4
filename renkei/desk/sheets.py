"""A file that comes in: taken, shown row by row, kept once somebody has looked at it, and taken back as a whole."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.documents.sending import sent_file

MOST_BYTES = 3 * 1024 * 1024
SHOWN = 300  # rows on a page of a preview: those that need a person come first
NAMED = 5  # rows that a message names before it counts the rest

P = TypeVar("P")


class UploadForm(forms.Form):
    """The file to look at."""

    use_required_attribute = False

    file = forms.FileField(
        label=gettext_lazy("相談台帳（エクセル、.xlsx）"),
        help_text=gettext_lazy("1行目に列の名前を書いた表です。3メガバイトまで。"),
        error_messages={
            "required": gettext_lazy("ファイルを選んでください。"),
            "empty": gettext_lazy("中身のないファイルです。別のファイルを選んでください。"),
            "invalid": gettext_lazy("ファイルを受け取れませんでした。選び直してください。"),
            "missing": gettext_lazy("ファイルを受け取れませんでした。選び直してください。"),
        },
    )  # fmt: skip

    def clean_file(self) -> bytes:
        """Return the bytes; too large a file is refused before it is read."""
        sent = cast("UploadedFile[Any]", self.cleaned_data["file"])
        if (sent.size or 0) > MOST_BYTES:
            raise forms.ValidationError(gettext_lazy("3メガバイトまでです。年度ごとに分けて取り込んでください。"), code="too_large")
        return bytes(sent.read())


class CarriedForm(forms.Form):
    """The same file once more, carried by the preview page: nothing is kept on the server until it is confirmed."""

    use_required_attribute = False

    sheet = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(widget=forms.HiddenInput, max_length=200, required=False)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)  # what the preview said would happen

    def clean_sheet(self) -> bytes:
        """Return the bytes."""
        try:
            return base64.b64decode(self.cleaned_data["sheet"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise forms.ValidationError(gettext_lazy("もう一度ファイルを選んでください。"), code="broken") from error


@dataclass(frozen=True)
class SheetIn(Generic[P]):
    """One kind of file. ``given`` is what the form read: ``sheet`` (bytes), ``name``, and what else was chosen with it."""

    page: str  # name of the URL that takes the file
    upload: type[UploadForm]
    carried: type[CarriedForm]
    template: str  # of the preview
    read: Callable[[StaffRequest, dict[str, Any]], P]  # may refuse
    show: Callable[[StaffRequest, P], tuple[Sequence[Any], dict[str, Any]]]  # the rows in their order, and what else the page says
    keep: Callable[[StaffRequest, P, dict[str, Any]], str]  # writes, and returns what to say; may refuse
    told: Callable[[P], object]  # what would happen, row by row: when it differs at the button, somebody has saved meanwhile

    def take(self, request: StaffRequest, body: str) -> HttpResponse | UploadForm:
        """Return the preview of what was sent, or the form for a file with its faults. Nothing is written yet."""
        if request.method != "POST":
            return self.upload()
        if "sheet" in request.POST:  # another page of the rows: the file and the choices made so far come along
            return self._with_carried(request, body, lambda given: self._preview(request, body, given))
        form = self.upload(request.POST, request.FILES)
        if form.is_valid():
            name = getattr(request.FILES["file"], "name", "")[:200]
            given = {**form.cleaned_data, "sheet": form.cleaned_data["file"], "name": name}
            try:
                return self._preview(request, body, given)
            except Refused as refusal:
                form.add_error("file", refusal.message)
        return form

    def confirm(self, request: StaffRequest, body: str) -> HttpResponse:
        """Keep the file that was looked at, read anew: what has changed since is seen."""

        def keep(given: dict[str, Any]) -> HttpResponse:
            preview = self.read(request, given)
            _rows, more = self.show(request, preview)
            if more["can"] and given["seen"] not in {"", self._mark(preview)}:
                messages.warning(request, _("見ているあいだに、記録が変わりました。どうなるかを、もう一度確かめてください。"))
                return self._preview(request, body, given)
            with transaction.atomic():
                told = self.keep(request, preview, given)
            messages.success(request, told)
            return redirect(self.page, body=body)

        return self._with_carried(request, body, keep)

    def undo(self, request: StaffRequest, body: str, deed: Callable[[], Sequence[str]], stayed: str) -> HttpResponse:
        """Take a run back; ``deed`` may refuse, and returns the rows that stay, told after the words of ``stayed``."""
        try:
            with transaction.atomic():
                stays = deed()
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect(self.page, body=body)
        if stays:
            more = _("ほか%(n)s行") % {"n": len(stays) - NAMED} if len(stays) > NAMED else ""
            messages.warning(request, " ".join([stayed, *stays[:NAMED], more]).strip())
        else:
            messages.success(request, _("取り込みを取り消しました。"))
        return redirect(self.page, body=body)

    def _with_carried(self, request: StaffRequest, body: str, deed: Callable[[dict[str, Any]], HttpResponse]) -> HttpResponse:
        form = self.carried(request.POST)
        try:
            if form.is_valid():
                return deed(form.cleaned_data)
            messages.error(request, _("もう一度ファイルを選んでください。"))
        except Refused as refusal:
            messages.error(request, refusal.message)
        return redirect(self.page, body=body)

    def _mark(self, preview: P) -> str:
        return hashlib.sha256(repr(self.told(preview)).encode()).hexdigest()

    def _preview(self, request: StaffRequest, body: str, given: dict[str, Any]) -> HttpResponse:
        rows, more = self.show(request, preview := self.read(request, given))
        carried = self.carried(initial=given | {"sheet": base64.b64encode(given["sheet"]).decode(), "seen": self._mark(preview)})
        page = Paginator(rows, SHOWN).get_page(request.POST.get("page"))
        said = {"preview": preview, "page": page, "total": len(rows), "carried": carried, "body": body}
        return render(request, self.template, said | more)


def download(data: bytes, name: str) -> HttpResponse:
    """Return an xlsx as a download."""
    return sent_file(data, f"{name}.xlsx")
