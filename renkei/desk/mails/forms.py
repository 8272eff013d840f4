"""What is decided about a mail that did not arrive, and about a letter that waits."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Options, TextField


class AgainForm(forms.Form):
    """The right address, if the old one was wrong."""

    use_required_attribute = False

    address = TextField(label=_("正しい宛先"), required=False, max_length=254, help_text=_("空のままなら、同じ宛先にもう一度送ります。"))


class LetterForm(forms.Form):
    """Into a case, or not used, with the reason."""

    use_required_attribute = False

    act = forms.ChoiceField(
        label=_("このメールをどうしますか"), widget=Options, choices=[("accept", _("案件に入れる")), ("discard", _("使わない"))],
        error_messages={"required": _("どちらかを選んでください。"), "invalid_choice": _("どちらかを選んでください。")},
    )  # fmt: skip
    number = TextField(label=_("受付番号"), required=False, max_length=30, help_text=_("どの案件のメールか分からないときだけ入れてください。"))
    reason = TextField(label=_("使わないわけ"), required=False, max_length=200)

    def __init__(self, *args: object, has_case: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Form's arguments, passed on as they came
        if has_case:
            del self.fields["number"]
