"""What a page of a circulation shows, and what it sends back: one stance and a sentence an item, whoever answers where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from renkei.base.actor import Actor
from renkei.meetings.actions.going_round import Said
from renkei.meetings.models import AgendaItem, Meeting, Stance, Vote


@dataclass(frozen=True, slots=True)
class Line:
    """An item on the ballot, with what stands in its fields: as typed just now, else the body's newest word."""

    item: AgendaItem
    stance: str
    words: str
    known: Vote | None

    @property
    def stance_field(self) -> str:
        """Return the name of the field for the stance."""
        return f"s-{self.item.pk}"

    @property
    def words_field(self) -> str:
        """Return the name of the field for the sentence."""
        return f"w-{self.item.pk}"


def ballot(meeting: Meeting, actor: Actor, typed: Mapping[str, str] | None = None) -> list[Line]:
    """Return the undecided items the actor reads, in order."""
    items = list(AgendaItem.objects.visible_to(actor).filter(meeting=meeting, outcome="").select_related("put_up_by"))
    known: dict[UUID, Vote] = {}
    for one in Vote.objects.visible_to(actor).filter(item__in=items, body_id=actor.body):
        known[one.item_id] = one
    return [_line(one, known.get(one.pk), typed) for one in items]


def _line(item: AgendaItem, known: Vote | None, typed: Mapping[str, str] | None) -> Line:
    if typed is not None:
        return Line(item, typed.get(f"s-{item.pk}", ""), typed.get(f"w-{item.pk}", ""), known)
    return Line(item, known.stance if known else "", known.words if known else "", known)


def read_ballot(typed: Mapping[str, str], lines: Iterable[Line]) -> dict[UUID, Said]:
    """Return what was chosen: items without a choice are left out, but a sentence alone is no choice and is refused by the action."""
    return {
        one.item.pk: Said(typed.get(f"s-{one.item.pk}", ""), typed.get(f"w-{one.item.pk}", "")) for one in lines
        if typed.get(f"s-{one.item.pk}") or typed.get(f"w-{one.item.pk}", "").strip()
    }  # fmt: skip


STANCES = Stance.choices
