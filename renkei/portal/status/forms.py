"""What a firm can say on its status page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Checks, Options, Seg, TextField
from renkei.cases.actions.talk import MOST_CHARACTERS
from renkei.cases.states import DisclosureClass
from renkei.plan.queries import content_now

CLASSES = [
    (DisclosureClass.SUMMARY, _("要約")),
    (DisclosureClass.TECHNICAL, _("技術の内容（お書きになった文や書類のうち、技術のこと）")),
    (DisclosureClass.FINANCIAL, _("お金のこと")),
]


class WriteForm(forms.Form):
    """A message to whoever holds the case."""

    text = TextField(
        label=_("担当に伝えること"), rows=5, max_length=MOST_CHARACTERS,
        help_text=_("日時を変えたい、様子が変わった、など。急ぐときはお電話ください。"),
        error_messages={"required": _("伝えたいことを書いてください。")},
    )  # fmt: skip


class AnswerForm(forms.Form):
    """An answer to questions."""

    text = TextField(
        label=_("お返事"), rows=4, max_length=MOST_CHARACTERS, error_messages={"required": _("お返事を書いてください。")},
        help_text=_("分からないことは「分からない」で結構です。"),
    )  # fmt: skip


class ShareForm(forms.Form):
    """What one body may see. Details without the summary would leave the body without the case itself."""

    classes = forms.MultipleChoiceField(label=_("見せるもの"), required=False, widget=Checks, choices=CLASSES)

    def clean_classes(self) -> list[str]:
        """Ask for the summary when anything is shown at all."""
        classes: list[str] = self.cleaned_data["classes"]
        if classes and DisclosureClass.SUMMARY not in classes:
            raise forms.ValidationError(
                _("技術やお金のことを見せるときは、要約にも印を付けてください。すべてやめるときは、どの印も外してください。"),
                code="summary_needed",
            )
        return classes


class StandingForm(forms.Form):
    """What the desk may show to bodies it asks, as a rule."""

    classes = forms.MultipleChoiceField(
        label=_("窓口がお願いする機関に、そのつど聞かずに見せてよいもの"), required=False, widget=Checks, choices=CLASSES
    )


class RequestForm(forms.Form):
    """The firm's answer to a request: all, a part, or nothing, said in so many words."""

    field_order = ["classes", "answer"]
    answer = forms.ChoiceField(
        label=_("お返事"), widget=Options, choices=[("yes", _("印を付けたものを見せてよい")), ("no", _("見せない"))],
        error_messages={"required": _("「見せてよい」か「見せない」を選んでください。")},
    )  # fmt: skip
    classes = forms.MultipleChoiceField(label=_("見せるもの"), required=False, widget=Checks)

    def __init__(self, *args: Any, asked: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["classes"].choices = [pair for pair in CLASSES if pair[0] in asked]  # type: ignore[attr-defined]  # a choice field
        self.fields["classes"].initial = asked

    def clean(self) -> dict[str, Any]:
        """Ask for a tick when something may be shown."""
        data = super().clean() or {}
        if data.get("answer") == "yes" and not data.get("classes") and "classes" not in self.errors:
            self.add_error("classes", _("見せてよいものに印を付けてください。どれも見せないときは「見せない」を選んでください。"))
        return data

    @property
    def given(self) -> list[str]:
        """Return the classes the firm opens."""
        classes: list[str] = self.cleaned_data["classes"]
        return classes if self.cleaned_data["answer"] == "yes" else []


class ConfirmForm(forms.Form):
    """The firm confirms or takes back what staff wrote down as said on the telephone."""

    answer = forms.ChoiceField(
        label=_("お返事"), widget=Options, choices=[("yes", _("そのとおり、見せてよい")), ("no", _("違う。見せない"))],
        error_messages={"required": _("どちらかを選んでください。")},
    )  # fmt: skip


class OpeningForm(forms.Form):
    """The firm's answer on one person outside the bodies."""

    answer = forms.ChoiceField(
        label=_("お返事"), widget=Options, choices=[("yes", _("この方に見せてよい")), ("no", _("見せない"))],
        error_messages={"required": _("「見せてよい」か「見せない」を選んでください。")},
    )  # fmt: skip


class EndForm(forms.Form):
    """Why the firm needs no more help; a word is enough, none is fine."""

    text = TextField(
        label=_("どのように解決しましたか"), rows=3, required=False, max_length=MOST_CHARACTERS, help_text=_("書かなくても送れます。")
    )


class UnsolvedForm(forms.Form):
    """What is still not solved."""

    text = TextField(
        label=_("何が残っていますか"), rows=4, max_length=MOST_CHARACTERS,
        error_messages={"required": _("残っていることを、ひとことで書いてください。")},
    )  # fmt: skip


class FeedbackForm(forms.Form):
    """Result and satisfaction, after the end."""

    result = forms.ChoiceField(
        label=_("困りごとは、どうなりましたか"), widget=Options, error_messages={"required": _("1つ選んでください。")}
    )
    satisfaction = forms.TypedChoiceField(
        label=_("手伝いは、いかがでしたか"), widget=Seg, coerce=int,
        choices=[(5, _("とてもよかった")), (4, _("よかった")), (3, _("ふつう")), (2, _("いまひとつ")), (1, _("よくなかった"))],
        error_messages={"required": _("1つ選んでください。")},
    )  # fmt: skip
    words = TextField(
        label=_("よかったこと、足りなかったこと"), rows=3, required=False, max_length=MOST_CHARACTERS, help_text=_("書かなくても送れます。")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        results = [(term.code, term.name) for term in content_now().vocabulary("results")]
        self.fields["result"].choices = results  # type: ignore[attr-defined]  # a choice field
