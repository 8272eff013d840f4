"""The steps of the consultation form. Only the words and a way to answer are required; no corporate number is needed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Checks, JapaneseDateField, PhoneField, TextField, YenField
from renkei.base.numbers import digits, is_corporate_number
from renkei.cases.actions.intake import MOST_CHARACTERS
from renkei.cases.states import DisclosureClass
from renkei.plan.models import Municipality


class EmailField(forms.EmailField):
    """A mail address, refused in words."""

    default_error_messages = {"invalid": _("メールアドレスの形が違います。「名前@会社.jp」のように入れてください。")}
    widget = forms.TextInput(attrs={"type": "email", "autocomplete": "email", "inputmode": "email"})


class HeadsField(forms.Field):
    """A number of people in any width."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        """Return the number. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        found = digits(str(value))
        if not found or len(found) > 6 or "-" in str(value):
            raise forms.ValidationError(_("人数を数字で入れてください。例：19"), code="not_a_number")
        return int(found)


class WordsForm(forms.Form):
    """Step 1: what the firm is troubled by, in its own words. The rest helps those who do not know what to write [C30]."""

    text = TextField(
        label=_("どんなことでお困りですか"), rows=5, max_length=MOST_CHARACTERS - 2000,
        help_text=_("一文でも結構です。分野や技術の名前が分からなくても、起きていることをそのまま書いてください。"),
        error_messages={"required": _("お困りのことを、ひとことでよいので書いてください。")},
    )  # fmt: skip
    made = TextField(label=_("何を作っている会社ですか"), required=False, max_length=300)
    seen = TextField(
        label=_("いつ、どこで、何が起きていますか"), rows=2, required=False, max_length=600,
        help_text=_("例：夏の車内に置くと、値がずれる"),
    )  # fmt: skip
    tried = TextField(label=_("これまでに試したこと、聞いた所"), rows=2, required=False, max_length=600)
    wish = TextField(label=_("どうなったらよいですか"), rows=2, required=False, max_length=1000)
    wanted_by = JapaneseDateField(
        label=_("いつまでに"), required=False, earliest_today=True, help_text=_("例：来年3月ごろなら、令和9年3月31日")
    )
    financial = TextField(
        label=_("お金のこと（予算、資金繰り）"), rows=2, required=False, max_length=2000,
        help_text=_("ここに書いたことは別にしまい、窓口と、見せてよいとお返事いただいた機関だけが読みます。"),
    )  # fmt: skip
    budget_yen = YenField(label=_("使えるお金の目安"), required=False, help_text=_("例：100万円"))


class ReachForm(forms.Form):
    """Step 2: who writes, and how to answer."""

    company_given = TextField(
        label=_("会社名（屋号）"), max_length=200, help_text=_("これから始める方は「準備中」と入れてください。"),
        error_messages={"required": _("会社名を入れてください。まだなければ「準備中」で結構です。")},
    )  # fmt: skip
    person_given = TextField(
        label=_("お名前"), max_length=100, error_messages={"required": _("お名前を入れてください。名字だけで結構です。")}
    )
    phone = PhoneField(label=_("電話番号"), required=False, help_text=_("電話かメールの、どちらかを入れてください。"))
    email = EmailField(
        label=_("メールアドレス"), required=False, help_text=_("入れると、受付番号と状況の画面のリンクが届きます。"), max_length=254
    )
    reach_me = TextField(
        label=_("連絡のつく曜日や時間"), required=False, max_length=200, help_text=_("例：平日の15時から17時")
    )
    municipality = forms.ChoiceField(label=_("会社のある市町村"), required=False)
    employees = HeadsField(label=_("働いている人数"), required=False, help_text=_("例：19"))
    corporate_number = TextField(
        label=_("法人番号（13桁）"), required=False, max_length=20, help_text=_("分からなければ、空けてください。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = Municipality.objects.order_by("code").values_list("code", "name")
        self.fields["municipality"].choices = [("", _("選ばない")), *places]  # type: ignore[attr-defined]  # a choice field
        for name, kind in (("company_given", "organization"), ("person_given", "name"), ("phone", "tel")):
            self.fields[name].widget.attrs["autocomplete"] = kind

    def clean_corporate_number(self) -> str:
        """Accept nothing or a right number; a wrong one is named, because a typing slip finds another firm."""
        number = digits(self.cleaned_data["corporate_number"])
        if self.cleaned_data["corporate_number"] and not is_corporate_number(number):
            raise forms.ValidationError(
                _("法人番号が正しくありません。確かめるか、空けてください。なくても相談できます。"), code="number_wrong"
            )
        return number

    def clean(self) -> dict[str, Any]:
        """Ask for one way to answer."""
        data = super().clean() or {}
        if not data.get("phone") and not data.get("email") and not self.errors.keys() & {"phone", "email"}:
            self.add_error("phone", _("お返事のため、電話番号かメールアドレスを入れてください。"))
        return data


class SightForm(forms.Form):
    """Step 3: what others may see. The summary was drafted from the text; the firm corrects it."""

    title = TextField(
        label=_("件名"), max_length=40, error_messages={"required": _("件名を、ひとことで入れてください。")}
    )
    summary = TextField(
        label=_("ほかの機関が読む要約"), rows=5, max_length=600,
        help_text=_("お書きになった文から、こちらで抜き出しました。見せたくないことは消してください。"),
        error_messages={"required": _("要約を入れてください。ほかの機関は、これを読んで引き受けるかを決めます。")},
    )  # fmt: skip
    standing = forms.MultipleChoiceField(
        label=_("窓口がお願いする機関に、そのつど聞かずに見せてよいもの"), required=False, widget=Checks,
        choices=[
            (DisclosureClass.SUMMARY, _("要約（上の文）")),
            (DisclosureClass.TECHNICAL, _("技術の内容（お書きになった文のうち、技術のこと）")),
            (DisclosureClass.FINANCIAL, _("お金のこと")),
        ],
        help_text=_("印を付けないものは、お願いする前に、見せてよいかを1つずつうかがいます。あとから変えられます。"),
    )  # fmt: skip


STEPS: dict[int, type[forms.Form]] = {1: WordsForm, 2: ReachForm, 3: SightForm}
