"""Put papers on a meeting or an item, and replace them."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.rules import signed
from renkei.documents.store import keep
from renkei.meetings.models import AgendaItem, Material, Meeting
from renkei.meetings.rules import require_writes, runs_meeting

MOST_MATERIALS = 60


@transaction.atomic
def add_material(meeting: Meeting, *, by: Actor, name: str, data: bytes, item: AgendaItem | None = None) -> Material:
    """Put a paper on a meeting, or on an item: who runs the meeting or put the item up. The bytes lie synced before the row.

    Refused: ``locked``, ``too_many_files``, ``other_meeting``, ``not_allowed``, and what keeping a file refuses.
    """
    body, person = signed(by)
    if item is not None:
        require_writes(by, item)
        if item.meeting_id != meeting.pk:
            raise Refused(_("この会議の議題ではありません。"), "other_meeting")
    locked = lock_writable(meeting)
    if locked.materials.count() >= MOST_MATERIALS:
        raise Refused(_("1つの会議に付けられるのは%(most)s件までです。") % {"most": MOST_MATERIALS}, "too_many_files", field="file")
    kept = keep(name, data)
    made = Material.objects.create(
        meeting=locked, item=item, name=kept.name, media_type=kept.media_type, size=kept.size, sha256=kept.sha256, body_id=body, added_by_id=person,
        added_at=clock.now(),
    )  # fmt: skip
    record(by, "meeting.material", made, locked, sha256=kept.sha256, size=kept.size)
    return made


@transaction.atomic
def replace_material(material: Material, *, by: Actor, name: str, data: bytes) -> Material:
    """Put a new version in the place of a paper: the body that put it there, or who runs the meeting. The earlier one stays readable.

    Refused: ``changed_meanwhile`` (it was replaced already), ``locked``, ``not_allowed``, and what keeping a file refuses.
    """
    body, person = signed(by)
    locked = lock_writable(material.meeting)
    if body != material.body_id and not runs_meeting(by, locked.host_id):
        raise Refused(_("資料を差し替えられるのは、付けた機関か、会議を開く機関だけです。"), "not_allowed")
    kept = keep(name, data)
    try:
        with transaction.atomic():
            made = Material.objects.create(
                meeting=locked, item_id=material.item_id, replaces=material, version=material.version + 1, name=kept.name, media_type=kept.media_type,
                size=kept.size, sha256=kept.sha256, body_id=body, added_by_id=person, added_at=clock.now(),
            )  # fmt: skip
    except IntegrityError as error:
        raise Refused(_("ほかの人が先に差し替えました。新しい版を確かめてください。"), "changed_meanwhile", field="file") from error
    record(by, "meeting.replace_material", made, locked, version=made.version, sha256=kept.sha256)
    return made


def lock_writable(meeting: Meeting) -> Meeting:
    """Return the meeting, locked. Refused: ``locked`` (its minutes stand, or it was called off)."""
    locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if not locked.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")
    return locked


