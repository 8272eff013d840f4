"""Read what bodies told a meeting about business trends: a note with its earlier versions, and what was taken back [C86]."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from renkei.base.actor import Actor
from renkei.cases.queries.anonymity import without
from renkei.meetings.models import EndKind, Meeting, TrendEnd, TrendNote
from renkei.plan.models import Body


@dataclass(slots=True)
class Told:
    """One note as its reader sees it. ``note`` is None where it was taken back and is not the reader's own."""

    body: Body
    note: TrendNote | None = None
    earlier: list[TrendNote] = field(default_factory=list)  # the newest first
    taken_back: TrendEnd | None = None

    @property
    def names_client(self) -> bool:
        """Return whether a version that is still read rests on a client's consent."""
        return self.note is not None and any(one.client for one in (self.note, *self.earlier))


def trends_of(meeting: Meeting, actor: Actor) -> list[Told]:
    """Return the notes the actor may read, each once, body by body: a first version nobody reads any more moves no note to another place."""
    found: dict[uuid.UUID, Told] = {}
    for note in TrendNote.objects.visible_to(actor).filter(meeting=meeting).select_related("body").order_by("version", "written_at", "id"):
        told = found.setdefault(note.first_id or note.pk, Told(note.body))
        if told.note is not None:
            told.earlier.insert(0, told.note)
        told.note = note
    ends = TrendEnd.objects.visible_to(actor).filter(meeting=meeting, kind=EndKind.TAKEN_BACK).select_related("body")
    for end in ends:
        found.setdefault(end.note_id, Told(end.body)).taken_back = end
    return sorted(found.values(), key=lambda told: told.body.order)


def without_client(note: TrendNote, actor: Actor) -> str:
    """Return the note's text with the names of all clients its versions rest on replaced: a first draft."""
    text = note.text
    for one in TrendNote.objects.visible_to(actor).of(TrendNote(pk=note.first_id or note.pk)).exclude(client="").order_by("version"):
        text = without(text, one.client)
    return text
