"""How a person wants to be told by mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Checks, Options
from renkei.post.models import Wishes
from renkei.post.nudges import KINDS

_DAYS = [(str(number), name) for number, name in enumerate([_("月"), _("火"), _("水"), _("木"), _("金"), _("土"), _("日")])]
_HOURS = [("", _("計画で決めた時刻"))] + [
    (str(hour * 60 + part), f"{hour}:{part:02d}") for hour in range(7, 20) for part in (0, 30)
]


class WishesForm(forms.Form):
    """By mail or on screen only, when, on which days, and about what."""

    use_required_attribute = False

    by_mail = forms.ChoiceField(
        label=_("知らせをメールでも受け取る"), widget=Options, choices=[("1", _("1日1通のメールで受け取る")), ("", _("画面だけで見る"))],
        required=False, help_text=_("支援のお願いだけは、いつもメールで届きます。"),
    )  # fmt: skip
    minute = forms.ChoiceField(
        label=_("届く時刻"), choices=_HOURS, required=False, error_messages={"invalid_choice": _("時刻を選んでください。")},
        help_text=_("その日にお願いのメールが届いていれば、知らせも一緒に入っています。"),
    )  # fmt: skip
    days = forms.MultipleChoiceField(
        label=_("届く曜日"), widget=Checks, choices=_DAYS, required=False, help_text=_("選ばなければ、仕事のある日に届きます。"),
        error_messages={"invalid_choice": _("曜日を選んでください。")},
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label=_("メールに入れる知らせ"), widget=Checks, choices=list(KINDS.items()), required=False,
        help_text=_("外したものも、画面の「知らせ」には出ます。"), error_messages={"invalid_choice": _("知らせの種類を選んでください。")},
    )  # fmt: skip

    def __init__(self, *args: Any, wishes: Wishes | None, **kwargs: Any) -> None:
        without = wishes.without if wishes else []
        kwargs["initial"] = {
            "by_mail": "1" if wishes is None or wishes.by_mail else "",
            "minute": "" if wishes is None or wishes.minute is None else str(wishes.minute),
            "days": [str(day) for day in wishes.days] if wishes else [],
            "kinds": [kind for kind in KINDS if kind not in without],
        }
        super().__init__(*args, **kwargs)

    def values(self) -> dict[str, Any]:
        """Return what :func:`renkei.post.nudges.save_wishes` takes."""
        data = self.cleaned_data
        return {
            "by_mail": bool(data["by_mail"]),
            "minute": int(data["minute"]) if data["minute"] else None,
            "days": [int(day) for day in data["days"]],
            "without": [kind for kind in KINDS if kind not in data["kinds"]],
        }
