"""Put on the agenda what people ticked of the rules' proposals; give the items their time [C89]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.meetings.actions.agenda import Wording, add_ready, check_minutes, put_up
from renkei.meetings.actions.calling import lock_meeting
from renkei.meetings.models import AgendaItem, ItemKind, Meeting
from renkei.meetings.proposal import Proposed, proposals


@dataclass(frozen=True, slots=True)
class Taken:
    """What was put on the agenda, and what was not, each with its reason."""

    items: list[AgendaItem]
    refused: list[str]


@transaction.atomic
def take_proposals(meeting: Meeting, picks: Mapping[str, int], *, by: Actor) -> Taken:
    """Put up what was ticked: ``picks`` gives the minutes of each key. What cannot be put up is told, and the rest stands.

    Refused: ``nothing_ticked``, ``minutes``, ``over`` (no items are taken any more), ``not_allowed``.
    """
    if not by.is_staff:
        raise Refused(_("機関の職員として入ってから送ってください。"), "not_allowed")
    if not picks:
        raise Refused(_("議題にするものに印を付けてください。"), "nothing_ticked")
    wanted = {key: check_minutes(minutes) for key, minutes in picks.items()}
    locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)  # of two who tick the same, the second finds it gone
    known = {one.key: one for one in proposals(locked, by)}
    items, refused = [], []
    for key, minutes in wanted.items():
        found = known.get(key)
        if found is None:
            refused.append(_("選んだうちの1件は、もう議題になっているか、片づいています。"))
            continue
        try:
            with transaction.atomic():
                items.append(_put(locked, found, minutes, by=by))
        except Refused as refusal:
            if refusal.code == "over":
                raise
            refused.append(f"{found.title}：{refusal.message}")
    return Taken(items, refused)


@transaction.atomic
def time_items(meeting: Meeting, minutes: Mapping[UUID, int], *, by: Actor) -> int:
    """Give items their minutes; returns how many changed. Refused: ``minutes``, ``locked``, ``not_allowed``."""
    locked = lock_meeting(meeting, by=by)
    if not locked.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")
    wanted = {key: check_minutes(value) for key, value in minutes.items()}
    changed = 0
    for item in AgendaItem.objects.visible_to(by).select_for_update(of=("self",)).filter(meeting=locked, pk__in=wanted):
        if item.planned_minutes != wanted[item.pk]:
            item.planned_minutes = wanted[item.pk]
            item.save(update_fields=["planned_minutes"])
            changed += 1
    if changed:
        record(by, "meeting.time", locked, count=changed)
    return changed


def _put(meeting: Meeting, found: Proposed, minutes: int, *, by: Actor) -> AgendaItem:
    wording = Wording(found.title, found.question, found.level, found.bodies, minutes=minutes)
    if found.kind == ItemKind.CASE and found.need is not None:
        item = put_up(found.need, meeting, by=by, wording=wording)
        item.made_from = found.key
        item.save(update_fields=["made_from"])
        return item
    try:
        with transaction.atomic():
            return add_ready(meeting, found.kind, wording, by=by, made_from=found.key, case=found.case, need=found.need)
    except IntegrityError as error:
        raise Refused(_("もう議題になっています。"), "on_agenda") from error
