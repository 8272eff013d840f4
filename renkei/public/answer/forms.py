"""The answer of a body that came through the link in its mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Options, Seg, TextField
from renkei.plan.queries import content_now

ANSWERS = [("accept", _("引き受ける")), ("ask", _("質問する")), ("decline", _("断る"))]
NEEDS = {"ask": ["question"], "decline": ["reason", "text"]}
_PICK = {"required": _("答えを1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class LinkAnswerForm(forms.Form):
    """Three answers; who gives it is asked, because a mailbox may be shared."""

    use_required_attribute = False

    answer = forms.ChoiceField(label=_("どう答えますか"), choices=ANSWERS, widget=Seg, error_messages=_PICK)
    question = TextField(label=_("聞きたいこと"), rows=3, max_length=1000, error_messages={"required": _("聞きたいことを書いてください。")})
    reason = forms.ChoiceField(
        label=_("断る理由"), widget=Options,
        error_messages=_PICK | {"required": _("理由を1つ選んでください。窓口が次を探す手がかりになります。")},
    )  # fmt: skip
    text = TextField(
        label=_("窓口へのひとこと"), rows=3, max_length=1000,
        error_messages={"required": _("窓口へのひとことを書いてください。")},
        help_text=_("会社にはこの文のまま届きません。窓口が言葉を添えて伝えます。"),
    )  # fmt: skip
    answered_by = TextField(
        label=_("答える方のお名前"), max_length=100, error_messages={"required": _("お名前を書いてください。")},
        help_text=_("共用のメールに届くことがあるため、おたずねします。"),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(term.code, term.name) for term in content_now().vocabulary("decline_reasons")]
        if self.is_bound:  # only what the chosen answer needs is asked for; what was typed elsewhere stays
            chosen = NEEDS.get(self.data.get("answer", ""), [])
            for name in {one for names in NEEDS.values() for one in names} - set(chosen):
                self.fields[name].required = False
