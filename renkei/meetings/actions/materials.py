"""Put papers on a meeting or an item, replace them; tell a meeting of business trends [C86]."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.queries.anonymity import firms_in
from renkei.cases.rules import signed
from renkei.cases.steps import fit
from renkei.documents.store import keep
from renkei.meetings.models import AgendaItem, Basis, Material, Meeting, TrendNote
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
    locked = _writable(meeting)
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
    locked = _writable(material.meeting)
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


@transaction.atomic
def tell_trend(meeting: Meeting, *, by: Actor, text: str, basis: str, client: str = "", consent_on: dt.date | None = None) -> TrendNote:
    """Tell a meeting of business trends: without a word that leads to a firm, or with the client's consent and its day [C86].

    Refused: ``text_empty``, ``unknown_basis``, ``giveaway``, ``client_empty``, ``consent_day``, ``too_long``, ``locked``, ``not_allowed``.
    """
    body, person = signed(by)
    locked = _writable(meeting)
    words = fit(text, 2000, "text")
    if not words:
        raise Refused(_("企業動向を書いてください。"), "text_empty", field="text")
    if basis not in Basis.values:
        raise Refused(_("どちらの書き方かを選んでください。"), "unknown_basis", field="basis")
    whose = fit(client, 200, "client") if basis == Basis.CONSENT else ""
    if basis == Basis.CONSENT:
        if not whose:
            raise Refused(_("同意した取引先を書いてください。"), "client_empty", field="client")
        if consent_on is None or consent_on > clock.today():
            raise Refused(_("取引先が同意した日を入れてください。"), "consent_day", field="consent_on")
    elif found := firms_in(words, actor=by):
        raise Refused(_("会社が分かる言葉があります：%(words)s。書き換えるか、取引先の同意を得てください。") % {"words": "、".join(found)}, "giveaway", field="text")
    made = TrendNote.objects.create(
        meeting=locked, body_id=body, text=words, basis=basis, client=whose, consent_on=consent_on if basis == Basis.CONSENT else None,
        written_by_id=person, written_at=clock.now(),
    )  # fmt: skip
    record(by, "meeting.trend", made, locked, basis=basis)
    return made


def _writable(meeting: Meeting) -> Meeting:
    locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting.pk)
    if not locked.is_writable:
        raise Refused(_("確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"), "locked")
    return locked


