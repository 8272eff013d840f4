"""The body's answer to a request: four answers of equal weight in one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.accounts.models import Membership
from renkei.base.forms import Options, Seg, TextField
from renkei.plan.queries import content_now

ANSWERS = [("accept", _("引き受ける")), ("ask", _("質問する")), ("pass", _("同僚に渡す")), ("decline", _("断る"))]
_PICK = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class AnswerForm(forms.Form):
    """Which answer, and what it needs: a person, a question, a colleague, or a reason with a word to the desk."""

    answer = forms.ChoiceField(
        label=_("どう答えますか"), choices=ANSWERS, widget=Seg,
        error_messages={"required": _("答えを1つ選んでください。"), "invalid_choice": _("答えを1つ選んでください。")},
    )  # fmt: skip
    person = forms.ChoiceField(label=_("担当"), required=False, error_messages=_PICK)
    note = TextField(label=_("窓口へのひとこと"), rows=2, max_length=1000, required=False)
    question = TextField(label=_("聞きたいこと"), rows=3, max_length=1000, required=False)
    colleague = forms.ChoiceField(label=_("渡す相手"), required=False, error_messages=_PICK)
    reason = forms.ChoiceField(label=_("断る理由"), required=False, widget=Options, error_messages=_PICK)
    text = TextField(
        label=_("窓口へのひとこと"), rows=3, max_length=1000, required=False,
        help_text=_("会社にはこの文のまま届きません。窓口が言葉を添えて伝えます。"),
    )  # fmt: skip

    def __init__(self, *args: Any, members: list[Membership], own: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(one.person_id), f"{one.person.name}　{one.title}".strip()) for one in members]
        reasons = [(term.code, term.name) for term in content_now().vocabulary("decline_reasons")]
        self._choose("person", people)
        self._choose("colleague", [("", _("選んでください")), *(one for one in people if one[0] != own)])
        self._choose("reason", reasons)
        self.fields["person"].initial = own

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen answer needs, and for nothing else."""
        data = super().clean() or {}
        answer = data.get("answer")
        if answer == "ask" and not data.get("question") and "question" not in self.errors:
            self.add_error("question", _("聞きたいことを書いてください。"))
        if answer == "pass" and not data.get("colleague") and "colleague" not in self.errors:
            self.add_error("colleague", _("渡す相手を選んでください。"))
        if answer == "decline":
            if not data.get("reason") and "reason" not in self.errors:
                self.add_error("reason", _("理由を1つ選んでください。窓口が次を探す手がかりになります。"))
            if not data.get("text") and "text" not in self.errors:
                self.add_error("text", _("窓口へのひとことを書いてください。"))
        return data


class CorrectForm(forms.Form):
    """Correct an answer that was written down on the body's behalf."""

    answer = forms.ChoiceField(
        label=_("正しい答え"), choices=[("accept", _("引き受ける")), ("decline", _("断る"))], widget=Seg, error_messages=_PICK
    )
    reason = forms.ChoiceField(label=_("断る理由"), required=False, widget=Options, error_messages=_PICK)
    text = TextField(label=_("窓口へのひとこと"), rows=3, max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["reason"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(term.code, term.name) for term in content_now().vocabulary("decline_reasons")]

    def clean(self) -> dict[str, Any]:
        """A decline needs its reason."""
        data = super().clean() or {}
        if data.get("answer") == "decline" and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("理由を1つ選んでください。窓口が次を探す手がかりになります。"))
        return data
