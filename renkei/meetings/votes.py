"""What bodies said to an item that went round: counted by body and by party, kept and shown in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef

from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.meetings.models import AgendaItem, Meeting, MeetingKind, MeetingState, Stance, Vote
from renkei.meetings.rules import reads_item
from renkei.plan.models import Body


@dataclass(frozen=True, slots=True)
class Count:
    """How many bodies, and of how many parties, said one thing."""

    stance: Stance
    bodies: int
    parties: int


@dataclass(frozen=True, slots=True)
class Tally:
    """The newest word of each body on an item, the counts in the order of the stances, and who has said nothing."""

    votes: list[Vote]
    counts: list[Count]
    silent: list[Body]

    @property
    def in_words(self) -> str:
        """Return 賛成3機関（2者）、反対1機関（1者）、返事なし2機関."""
        said = [written("%(stance)s%(bodies)s機関（%(parties)s者）") % {"stance": str(one.stance.label), "bodies": one.bodies, "parties": one.parties}
                for one in self.counts]  # fmt: skip
        if self.silent:
            said.append(written("返事なし%(bodies)s機関") % {"bodies": len(self.silent)})
        return "、".join(said)


def tallies(items: Iterable[AgendaItem], actor: Actor) -> dict[UUID, Tally]:
    """Count the votes on the items given, each of which the actor reads."""
    rows = list(items)
    newest: dict[UUID, dict[str, Vote]] = {one.pk: {} for one in rows}
    for vote in Vote.objects.visible_to(actor).filter(item__in=rows).select_related("body"):
        newest[vote.item_id][vote.body_id] = vote
    standing = list(Body.objects.filter(closed_on__isnull=True))
    return {one.pk: _tally(one, newest[one.pk], standing) for one in rows}


def _tally(item: AgendaItem, newest: Mapping[str, Vote], standing: list[Body]) -> Tally:
    votes = sorted(newest.values(), key=lambda one: (one.body.order, one.body_id))
    counts = []
    for stance in Stance:
        own = [one for one in votes if one.stance == stance]
        if own:
            counts.append(Count(stance, len(own), len({one.body.party_id for one in own})))
    return Tally(votes, counts, [one for one in standing if reads_item(one.pk, item) and one.pk not in newest])


def rounds_waiting(actor: Actor) -> list[Meeting]:
    """Return the circulations that wait for a word of the actor's body, the nearest day first, in one query."""
    if not actor.is_staff:
        return []
    said = Vote.objects.filter(item=OuterRef("pk"), body_id=actor.body)
    going = {"meeting__kind": MeetingKind.CIRCULATION, "meeting__state": MeetingState.HELD, "meeting__round_at__isnull": False}
    items = AgendaItem.objects.visible_to(actor).filter(~Exists(said), outcome="", **going).select_related("meeting")
    found = {one.meeting_id: one.meeting for one in items}
    return sorted(found.values(), key=lambda one: (one.held_on, one.number))
