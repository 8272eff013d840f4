"""Forms of letters: their fields to write over, who decides, what is said when one is sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.accounts.queries import members_of
from renkei.base.forms import Checks, Refusing, Seg, TextField
from renkei.base.refusal import Refused
from renkei.cases.actions.letters import Text
from renkei.cases.models import Letter
from renkei.cases.queries.letter_fields import written_fields
from renkei.cases.states import DisclosureClass
from renkei.desk.colleagues import away_names
from renkei.plan.content import LetterRule

_SENTENCES = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class LetterForm(Refusing):
    """The fields of one kind of letter, filled from what is on record."""

    klass = forms.ChoiceField(label=_("文書の区分"), choices=DisclosureClass.choices, widget=Seg, error_messages=_SENTENCES,
                              help_text=_("この区分に会社の同意がある機関だけが、決裁のあとに読めます。"))
    saves = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, kind: str, values: Mapping[str, str], klass: str, saves: int | None = None) -> None:
        super().__init__(data, initial={"klass": klass, "saves": saves})
        for one in written_fields(kind):
            self.fields[one.name] = TextField(label=one.name, help_text=one.meaning, rows=one.rows, max_length=one.most,
                                              initial=values.get(one.name, ""), required=one.name == "件名")
        self.order_fields([one.name for one in written_fields(kind)])

    @property
    def text(self) -> Text:
        """Return what was written."""
        values = {name: value for name, value in self.cleaned_data.items() if name not in {"klass", "saves"}}
        return Text(values, self.cleaned_data["klass"])


class AskForm(Refusing):
    """Who decides, in order, and who takes note."""

    def __init__(self, data: Any = None, *, letter: Letter, rule: LetterRule, roles: Mapping[str, str]) -> None:
        super().__init__(data)
        self.count = max(len(rule.steps), 1) + 2
        people = _people(letter)
        for place in range(self.count):
            role = rule.steps[place] if place < len(rule.steps) else ""
            label = _("%(n)s人目に決裁する人") % {"n": place + 1}
            label = f"{label}（{roles.get(role, role)}）" if role else label
            needed = place < max(len(rule.steps), 1)
            first = [("", _("選んでください") if needed else _("（なし）"))]
            able = [(key, name) for key, name, held in people if not role or held == role]
            if not rule.own_draft:
                able = [(key, name) for key, name in able if key != str(letter.author_id)]
            self.fields[f"approver{place}"] = forms.ChoiceField(
                label=label, choices=[*first, *able], required=needed, error_messages=_SENTENCES)
        self.fields["readers"] = forms.MultipleChoiceField(
            label=_("供覧（見てもらう人）"), choices=[(key, name) for key, name, _held in people if key != str(letter.author_id)],
            required=False, widget=Checks, error_messages={"invalid_choice": _("一覧にない人です。選び直してください。")})

    @property
    def approvers(self) -> list[uuid.UUID]:
        """Return the people who decide, in order."""
        chosen = [self.cleaned_data[f"approver{place}"] for place in range(self.count)]
        return [uuid.UUID(one) for one in chosen if one]

    @property
    def readers(self) -> list[uuid.UUID]:
        """Return the people who take note."""
        return [uuid.UUID(one) for one in self.cleaned_data["readers"]]

    def refuse(self, refusal: Refused) -> None:
        """A refusal about the approvers stands beside the first of them."""
        super().refuse(Refused(refusal.message, refusal.code, field="approver0") if refusal.field == "approvers" else refusal)


class ShowForm(Refusing):
    """Who else takes note of a decided letter."""

    readers = forms.MultipleChoiceField(label=_("見てもらう人"), widget=Checks, error_messages={
        "required": _("見てもらう人を選んでください。"), "invalid_choice": _("一覧にない人です。選び直してください。")})

    def __init__(self, data: Any = None, *, letter: Letter) -> None:
        super().__init__(data)
        field = self.fields["readers"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(key, name) for key, name, _held in _people(letter)]

    @property
    def people(self) -> list[uuid.UUID]:
        """Return the chosen."""
        return [uuid.UUID(one) for one in self.cleaned_data["readers"]]


class StepForm(Refusing):
    """Yes, back with a reason, on to a substitute, or seen."""

    deed = forms.ChoiceField(choices=[(one, one) for one in ("approve", "back", "pass", "read")], error_messages=_SENTENCES)
    reason = TextField(label=_("差し戻す理由"), rows=3, max_length=400, required=False)
    to = forms.ChoiceField(label=_("代わりに決裁する人"), required=False, error_messages=_SENTENCES)

    def __init__(self, data: Any = None, *, letter: Letter) -> None:
        super().__init__(data)
        field = self.fields["to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [("", _("選んでください")), *((key, name) for key, name, _held in _people(letter))]

    def clean(self) -> dict[str, Any]:
        """Passing on needs somebody to pass to."""
        cleaned = super().clean() or {}
        if cleaned.get("deed") == "pass" and not cleaned.get("to") and "to" not in self.errors:
            self.add_error("to", _("代わりに決裁する人を選んでください。"))
        return cleaned


class SendForm(Refusing):
    """The words that go with a letter."""

    words = TextField(label=_("会社への言葉"), rows=4, max_length=4000)


class UploadForm(Refusing):
    """A body's own template."""

    file = forms.FileField(label=_("ワードの文書（.docx）"), error_messages={
        "required": _("ファイルを選んでください。"), "empty": _("ファイルが空です。中身のあるファイルを選んでください。"),
        "missing": _("ファイルを選んでください。"), "invalid": _("ファイルを選び直してください。")})

    def refuse(self, refusal: Refused) -> None:
        """A template may have several faults: one sentence each."""
        for sentence in refusal.message.split("\n"):
            self.add_error("file", forms.ValidationError(sentence, code=refusal.code))


def _people(letter: Letter) -> list[tuple[str, str, str]]:
    """Return who can be named, with role; who is away says until when, and who then decides instead."""
    away = away_names(letter.author_body_id)
    return [
        (str(one.person_id), "　".join(filter(None, [one.person.name, one.title, away.get(one.person_id)])), one.role)
        for one in members_of(letter.author_body_id)
    ]
