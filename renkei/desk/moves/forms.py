"""Who leaves and when; who gets which case; what the packs say."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from renkei.accounts.models import Membership
from renkei.base.actor import Actor
from renkei.base.forms import JapaneseDateField, Options, TextField
from renkei.cases.actions.moves import Successor
from renkei.cases.models import Move, MovePack, MoveReason
from renkei.cases.queries.colleagues import colleagues
from renkei.cases.states import PackState
from renkei.desk.colleagues import body_choices, person_words
from renkei.plan.models import Body

_PICK = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}


class NewMoveForm(forms.Form):
    """Whose caseload moves, from which last day, and why."""

    use_required_attribute = False

    person = forms.ChoiceField(label=_("離れる人"), error_messages=_PICK)
    on = JapaneseDateField(
        label=_("最後の日"), help_text=_("この日までは、いまの担当のままです。例：3月31日、令和9年3月31日"),
        error_messages={"required": _("最後の日を入れてください。")},
    )  # fmt: skip
    reason = forms.ChoiceField(label=_("わけ"), choices=MoveReason.choices, widget=Options, initial=MoveReason.LEAVES, error_messages=_PICK)

    def __init__(self, *args: Any, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = [(str(one.person_id), f"{one.person.name}　{one.title}".strip()) for one in members]


def key_of(pack: MovePack) -> str:
    """Return the choice that stands: body and person."""
    return f"{pack.to_body_id}|{pack.to_person_id or ''}"


def successor(key: str) -> Successor:
    """Read a choice back."""
    body, _bar, person = key.partition("|")
    return Successor(body, uuid.UUID(person) if person else None)


def successor_choices(move: Move, actor: Actor, bodies: list[Body]) -> list[tuple[Any, Any]]:
    """Return who may get a case: the body's people who are there on the first day, its queue, and the other bodies."""
    people = colleagues(move.body_id, actor, on=move.first_day, without=move.person_id)
    own = [(f"{move.body_id}|{one.person}", person_words(one)) for one in people]
    others = [(f"{key}|", words) for key, words in body_choices(body for body in bodies if body.pk != move.body_id)]
    return [
        (_("同じ機関の人"), [*own, (f"{move.body_id}|", _("機関の未担当に置く"))]),
        (_("ほかの機関（引継ぎを頼む）"), others),
    ]  # fmt: skip


class SuccessorForm(forms.Form):
    """One select a case, with what it showed: only what was changed is written, so a second editor loses nothing."""

    use_required_attribute = False

    def __init__(self, *args: Any, packs: list[MovePack], choices: list[tuple[Any, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.packs = packs
        for pack in packs:
            self.fields[f"to-{pack.pk}"] = forms.ChoiceField(
                label=f"{pack.case.number} {_('引き継ぐ人')}", choices=choices, initial=key_of(pack), error_messages=_PICK
            )
            self.fields[f"was-{pack.pk}"] = forms.CharField(initial=key_of(pack), widget=forms.HiddenInput, required=False)
        self.fields["everyone"] = forms.ChoiceField(
            label=_("まとめて引き継ぐ人"), choices=[("", _("選んでください")), *choices], required=False, error_messages=_PICK
        )

    def changes(self) -> dict[str, list[MovePack]]:
        """Return what was chosen anew, by choice. Marks the lines that somebody else changed meanwhile."""
        found: dict[str, list[MovePack]] = {}
        for pack in self.packs:
            to, was = self.cleaned_data.get(f"to-{pack.pk}"), self.cleaned_data.get(f"was-{pack.pk}")
            if not to or to == was:
                continue
            if key_of(pack) not in {was, to}:
                self.add_error(f"to-{pack.pk}", _("ほかの人が先に変えました。いまの人を確かめて、選び直してください。"))
                continue
            found.setdefault(to, []).append(pack)
        return found


class PackForm(forms.Form):
    """What one pack says."""

    use_required_attribute = False

    state = TextField(label=_("いまの状態"), rows=3, max_length=2000)
    promises = TextField(label=_("会社と約束したこと"), rows=3, max_length=2000, required=False)
    open_points = TextField(label=_("残っていること"), rows=2, max_length=2000, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, pack: MovePack) -> None:
        self.pack = pack
        initial = {"state": pack.pack_state, "promises": pack.pack_promises, "open_points": pack.pack_open, "version": pack.version}
        super().__init__(data, prefix=str(pack.pk), initial=initial)

    @property
    def is_open(self) -> bool:
        """Tell whether the pack can still be edited."""
        return self.pack.state != PackState.ACCEPTED and self.pack.case.is_open
