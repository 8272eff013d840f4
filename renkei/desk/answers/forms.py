"""The body's answer to a request: four answers of equal weight in one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.base.forms import Options, Seg, TextField
from renkei.plan.queries import content_now

TEAM = "team:"  # before the name of a team, or alone for the queue of the whole body
ANSWERS = [("accept", _("引き受ける")), ("ask", _("質問する")), ("pass", _("同僚に渡す")), ("decline", _("断る"))]
NEEDS = {"accept": ["person"], "ask": ["question"], "pass": ["colleague"], "decline": ["reason", "text"]}
_PICK = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class AnswerForm(forms.Form):
    """Which answer, and what it needs: a person, a question, a colleague, or a reason with a word to the desk."""

    use_required_attribute = False

    answer = forms.ChoiceField(
        label=_("どう答えますか"), choices=ANSWERS, widget=Seg,
        error_messages={"required": _("答えを1つ選んでください。"), "invalid_choice": _("答えを1つ選んでください。")},
    )  # fmt: skip
    person = forms.ChoiceField(label=_("担当"), error_messages=_PICK)
    note = TextField(label=_("窓口へのひとこと"), rows=2, max_length=1000, required=False)
    question = TextField(label=_("聞きたいこと"), rows=3, max_length=1000, error_messages={"required": _("聞きたいことを書いてください。")})
    colleague = forms.ChoiceField(
        label=_("渡す相手"), error_messages=_PICK | {"required": _("渡す相手を選んでください。")}
    )
    reason = forms.ChoiceField(
        label=_("断る理由"), widget=Options,
        error_messages=_PICK | {"required": _("理由を1つ選んでください。窓口が次を探す手がかりになります。")},
    )  # fmt: skip
    text = TextField(
        label=_("窓口へのひとこと"), rows=3, max_length=1000,
        error_messages={"required": _("窓口へのひとことを書いてください。")},
        help_text=_("会社にはこの文のまま届きません。窓口が言葉を添えて伝えます。"),
    )  # fmt: skip

    def __init__(self, *args: Any, people: list[tuple[str, str]], own: str, teams: dict[str, int] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons = [(term.code, term.name) for term in content_now().vocabulary("decline_reasons")]
        self._choose("person", people)
        queues: list[tuple[str, Any]] = [(f"{TEAM}{name}", _("%(name)s（%(n)s人、人は決めない）") % {"name": name, "n": count}) for name, count in (teams or {}).items()]
        queues += [(TEAM, _("機関の未担当に戻す"))]
        others = [one for one in people if one[0] != own]
        self._choose("colleague", [("", _("選んでください")), (_("人"), others), (_("課・チーム"), queues)])
        self._choose("reason", reasons)
        self.fields["person"].initial = own

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = choices
        if self.is_bound:  # only what the chosen answer needs is asked for; what was typed elsewhere stays
            chosen = NEEDS.get(self.data.get("answer", ""), [])
            for other in {one for names in NEEDS.values() for one in names} - set(chosen):
                self.fields[other].required = False


class CorrectForm(forms.Form):
    """Correct an answer that was written down on the body's behalf."""

    use_required_attribute = False

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
