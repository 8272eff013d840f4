"""Forms of the list of synonyms."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Options, TextField
from renkei.desk.sheets import CarriedForm, UploadForm
from renkei.matching.sitewords import SiteGroup
from renkei.matching.wordfile import ALIKE, KINDS, MEANS, SYMPTOM, Listed
from renkei.matching.wordsheet import APART, MERGE, REPLACE

_APART = re.compile(r"[\n、,，]+")
_MODES = [
    (REPLACE, _("ファイルの言葉に置きかえる")),
    (MERGE, _("いまの言葉に、ファイルの言葉を足す")),
    (APART, _("別の組として加える（ほかの辞書の番号のとき）")),
]


class GroupForm(forms.Form):
    """The words of a group by kind, one a line."""

    use_required_attribute = False

    alike = TextField(
        rows=6, label=_("同じ意味の言葉"), required=False,
        help_text=_("1行に1つ（「、」で区切ってもかまいません）。どれかが書いてあれば、ほかの言葉でも探します。例：腐食、発錆、さび。"),
    )  # fmt: skip
    symptom = TextField(
        rows=4, label=_("症状の言葉"), required=False,
        help_text=_("会社のふだんの言い方。探すきっかけになり、それ自体では探しません。例：音がする、何でできているか。"),
    )  # fmt: skip
    means = TextField(
        rows=3, label=_("調べ方・手段"), required=False,
        help_text=_("探すときに加える言葉。これが書いてあっても、ほかの言葉では探しません。例：塩水噴霧。"),
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def words(self) -> list[Listed]:
        """Return the words as typed, kind by kind."""
        return [
            Listed(word.strip(), kind)
            for kind in (ALIKE, SYMPTOM, MEANS)
            for word in _APART.split(self.cleaned_data[kind] or "")
            if word.strip()
        ]

    @staticmethod
    def first(group: SiteGroup) -> dict[str, Any]:
        """Return the first values for a group as it stands."""
        return {kind: "\n".join(group.of_kind(kind)) for kind in KINDS} | {"version": group.version}


class WordFileForm(UploadForm):
    """The file to look at, and what a group of a known number does."""

    mode = forms.ChoiceField(
        label=_("同じ番号の組があるとき"), choices=_MODES, widget=Options, initial=REPLACE, required=False,
        error_messages={"invalid_choice": _("どれかを選んでください。")},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].label = _("同義語のファイル（.txt か .csv）")
        self.fields["file"].help_text = _("Sudachiの同義語辞書の形。2,000組、3メガバイトまで。UTF-8でもシフトJISでも読めます。")

    def clean_mode(self) -> str:
        """Return the choice; replacing when none was made."""
        return self.cleaned_data["mode"] or REPLACE


class CarriedWordsForm(CarriedForm):
    """The same file once more, with what was chosen for known numbers."""

    mode = forms.ChoiceField(widget=forms.HiddenInput, choices=_MODES)
