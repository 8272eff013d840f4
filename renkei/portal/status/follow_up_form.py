"""What a firm says months after the end: two taps are enough, the rest is for those who have it at hand."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Options, Seg, TextField, YenField
from renkei.cases.actions.follow_ups import MOST_PEOPLE, MOST_WORDS, Answer
from renkei.cases.models import FollowUp, Going, Product, Trouble, Useful

_ONE = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧から選び直してください。")}
NUMBERS = ("product", "orders_yen", "saved_yen", "jobs", "patents")


class CountField(forms.IntegerField):
    """A number of people or patents in any width; none is not zero."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def __init__(self, **kwargs: Any) -> None:
        sentences = {"invalid": _("数字だけを入れてください。例：2"), "min_value": _("0以上の数を入れてください。"),
                     "max_value": _("大きすぎます。%(limit_value)s以下にしてください。")}  # fmt: skip
        super().__init__(min_value=0, max_value=MOST_PEOPLE, required=False, error_messages=sentences, **kwargs)

    def to_python(self, value: Any) -> int | None:
        """Read ２名 as 2."""
        text = unicodedata.normalize("NFKC", str(value or "")).strip().removesuffix("名").removesuffix("人").removesuffix("件").strip()
        return super().to_python(text)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Give no limits to the browser: its sentences are not ours."""
        del widget
        return {}


class FollowUpForm(forms.Form):
    """The answer of the firm."""

    useful = forms.ChoiceField(label=_("お手伝いしたことは、いまも役に立っていますか"), widget=Options, choices=Useful.choices, error_messages=_ONE)
    satisfaction = forms.TypedChoiceField(
        label=_("いま振り返ると、手伝いはいかがでしたか"), widget=Seg, coerce=int, error_messages=_ONE,
        choices=[(5, _("とてもよかった")), (4, _("よかった")), (3, _("ふつう")), (2, _("いまひとつ")), (1, _("よくなかった"))],
    )  # fmt: skip
    trouble = forms.ChoiceField(label=_("いま、困っていることはありますか"), widget=Options, choices=Trouble.choices, error_messages=_ONE)
    going = forms.ChoiceField(label=_("そのときの取組みは、いま"), widget=Options, choices=Going.choices, required=False, error_messages=_ONE)
    words = TextField(label=_("その後のこと、困っていること"), rows=4, required=False, max_length=MOST_WORDS, help_text=_("書かなくても送れます。"))
    product = forms.ChoiceField(label=_("製品や仕組みは"), widget=Options, choices=Product.choices, required=False, error_messages=_ONE)
    orders_yen = YenField(label=_("増えた売上や受注"), required=False, help_text=_("終わってから今までのおよその額。例：300万円"))
    saved_yen = YenField(label=_("減らせた費用"), required=False, help_text=_("例：50万円"))
    jobs = CountField(label=_("新しく雇った人数"), help_text=_("例：2"))
    patents = CountField(label=_("特許などの出願"), help_text=_("件数。例：1"))

    def __init__(self, *args: Any, row: FollowUp, **kwargs: Any) -> None:
        if row.answered_at is not None:
            kwargs.setdefault("initial", {name: getattr(row, name) for name in self.base_fields})
        super().__init__(*args, **kwargs)

    @property
    def first(self) -> list[forms.BoundField]:
        """Return what everybody is asked."""
        return [field for field in self if field.name not in NUMBERS]

    @property
    def numbers(self) -> list[forms.BoundField]:
        """Return what only some can say."""
        return [field for field in self if field.name in NUMBERS]

    @property
    def has_numbers(self) -> bool:
        """Tell whether some of that was typed or is wrong: then it stands open."""
        return any(field.errors or field.value() not in {None, ""} for field in self.numbers)

    @property
    def answer(self) -> Answer:
        """Return what was said."""
        return Answer(**self.cleaned_data)
