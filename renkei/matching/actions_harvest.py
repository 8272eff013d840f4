"""Lists of other institutes: named by the front desk, read by the worker, each reading reported row by row [C35]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.actions_keeping import log_changes
from renkei.matching.additions import own
from renkei.matching.entry_words import in_order, row_of
from renkei.matching.jgrants import keywords_of, read_calls
from renkei.matching.keeping import BY_HAND
from renkei.matching.models import CatalogueRun, Entry, EntryKind, Harvest, HarvestWay, RevisionDeed
from renkei.matching.outside_lists import Reading, fetch_list, keeper, read_list
from renkei.plan.queries import is_front_desk

FEW = 10  # a list of fewer rows may lose any number of them
MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What a list is and how it is read, as people name it."""

    name: str
    way: str
    place: str
    kind: str
    owner_name: str
    columns: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    every_days: int = 7
    is_on: bool = False
    allow_loss: bool = False


@transaction.atomic
def save_harvest(harvest: Harvest | None, wish: Wish, *, by: Actor) -> Harvest:
    """Name a list or change how it is read; one that is on is read at the worker's next round.

    A list that was ended and is named anew goes on as the same one: its rows come back with their ids and what people added to them.

    Refused: ``not_desk``, ``unknown_way``, ``unknown_kind``, ``no_name``, ``no_place``, ``no_owner``, ``no_keyword``,
    ``no_name_column``, ``wrong_days``, ``ended``.
    """
    _front_desk_only(by)
    _check(wish)
    found = Harvest.objects.select_for_update().get(pk=harvest.pk) if harvest else _named_before(wish) or Harvest(kind=wish.kind)
    if harvest and found.ended_on is not None:
        raise Refused(_("この一覧はもう読んでいません。新しく書いてください。"), "ended")
    kind = found.kind  # entries keep their kind
    for name in ("name", "way", "place", "owner_name", "columns", "fixed", "every_days", "is_on", "allow_loss"):
        setattr(found, name, getattr(wish, name))
    found.kind, found.ended_on, found.next_on = kind, None, clock.today() if wish.is_on else None
    found.save()
    record(by, "harvest.save", found, is_on=wish.is_on, place=wish.place)
    return found


@transaction.atomic
def read_soon(harvest: Harvest, *, by: Actor) -> None:
    """Have a list read at the worker's next round instead of on its day. Refused: ``not_desk``, ``off``."""
    _front_desk_only(by)
    found = Harvest.objects.select_for_update().get(pk=harvest.pk)
    if not found.is_on or found.ended_on is not None:
        raise Refused(_("読むことになっていません。先に「決めた日に読む」に印を付けてください。"), "off")
    found.next_on = clock.today()
    found.save(update_fields=["next_on"])
    record(by, "harvest.read_soon", found)


@transaction.atomic
def end_harvest(harvest: Harvest, *, by: Actor) -> int:
    """Read a list no more; what it brought is withdrawn. Returns how many entries. Refused: ``not_desk``, ``ended``."""
    _front_desk_only(by)
    found = Harvest.objects.select_for_update().get(pk=harvest.pk)
    if found.ended_on is not None:
        raise Refused(_("この一覧はもう読んでいません。"), "ended")
    found.ended_on, found.is_on, found.next_on = clock.today(), False, None
    found.save()
    gone = list(Entry.objects.select_for_update().filter(kept_by=keeper(found), withdrawn_on__isnull=True).order_by("pk"))
    _withdraw(gone, keeper(found), written("一覧を読むのをやめました"), by)
    record(by, "harvest.end", found, entries=len(gone))
    return len(gone)


def read_harvest(harvest: Harvest) -> Reading:
    """Fetch a list and read it; nothing is written. Refused: what the list, or jGrants, is refused for."""
    return read_calls(harvest) if harvest.way == HarvestWay.JGRANTS else read_list(harvest, fetch_list(harvest))


@transaction.atomic
def note_fault(harvest: Harvest, words: str, *, by: Actor) -> CatalogueRun | None:
    """Write down why a list could not be read; it is tried again tomorrow, and nothing of it is touched."""
    found = _due(harvest)
    if found is None:
        return None
    found.next_on = clock.today() + dt.timedelta(days=1)
    found.save(update_fields=["next_on"])
    run = CatalogueRun.objects.create(harvest=found, name=found.name, fault=words[:500], done_at=clock.now())
    record(by, "harvest.fault", run, found)
    return run


@transaction.atomic
def take_reading(harvest: Harvest, reading: Reading, *, by: Actor) -> CatalogueRun | None:
    """Write what a list says: new and changed rows, and the end of what vanished from it.

    A list that lost more than half of its rows is not believed, unless the front desk has said that it may.
    """
    found = _due(harvest)
    if found is None:
        return None
    kept_by = keeper(found)
    known = {one.pk: one for one in Entry.objects.select_for_update().filter(kept_by=kept_by).order_by("pk")}
    standing = {pk for pk, one in known.items() if one.withdrawn_on is None}
    gone = sorted(standing - reading.ids)
    if len(standing) >= FEW and len(gone) * 2 > len(standing) and not found.allow_loss:
        return note_fault(found, written("%(all)s件のうち%(gone)s件が一覧から無くなっています。一覧を確かめ、正しければ「多くが無くなっていても取り込む」を選んでください。")
                          % {"all": len(standing), "gone": len(gone)}, by=by)  # fmt: skip
    sorted_rows = _sorted(reading, known)
    run = CatalogueRun.objects.create(
        harvest=found, name=found.name, digest=reading.digest, done_at=clock.now(), refused=[list(one) for one in reading.refused[:MOST_TOLD]],
        counts={**{deed: len(rows) for deed, rows in sorted_rows.items()}, "gone": len(gone), "refused": len(reading.refused)},
    )  # fmt: skip
    put_entries([row for deed in ("new", "changed", "back") for _number, row in sorted_rows[deed]], kept_by=kept_by, by=by)
    _log(sorted_rows, known, by, run)
    _touch(sorted_rows["same"], kept_by)
    _withdraw([known[pk] for pk in gone], kept_by, written("一覧から無くなりました"), by, run)
    found.next_on, found.allow_loss = clock.today() + dt.timedelta(days=found.every_days), False
    found.save(update_fields=["next_on", "allow_loss"])
    record(by, "harvest.run", run, found, counts=run.counts)
    return run


def _due(harvest: Harvest) -> Harvest | None:
    """Return the list, locked, if it is still to be read: two workers read it once."""
    found = Harvest.objects.select_for_update().get(pk=harvest.pk)
    is_due = found.is_on and found.ended_on is None and found.next_on is not None and found.next_on <= clock.today()
    return found if is_due else None


_Numbered = list[tuple[int, EntryRow]]


def _sorted(reading: Reading, known: dict[str, Entry]) -> dict[str, _Numbered]:
    rows: dict[str, _Numbered] = {"new": [], "changed": [], "back": [], "same": []}
    for number, row in reading.rows:
        entry = known.get(row.id)
        if entry is None:
            rows["new"].append((number, row))
        elif entry.withdrawn_on is not None:
            rows["back"].append((number, row))
        else:
            before = replace(own(row_of(entry)), last_checked=row.last_checked, source_on=row.source_on)
            is_same = before == replace(row, windows=in_order(row.windows))
            rows["same" if is_same else "changed"].append((number, row))
    return rows


def _log(rows: dict[str, _Numbered], known: dict[str, Entry], by: Actor, run: CatalogueRun) -> None:
    before = {pk: own(row_of(one)) for pk, one in known.items()}
    for deed, kind in (("new", RevisionDeed.MADE), ("changed", RevisionDeed.CHANGED), ("back", RevisionDeed.RETURNED)):
        log_changes([(before.get(row.id), row, number) for number, row in rows[deed]], kind, by=by, run=run)


def _touch(rows: Sequence[tuple[int, EntryRow]], kept_by: str) -> None:
    """Say of what stands unchanged in the list that it was seen there; its words need no new index."""
    if rows:
        first = rows[0][1]
        with keeping(kept_by):
            Entry.objects.filter(pk__in=[row.id for _number, row in rows]).exclude(
                last_checked=first.last_checked, source_on=first.source_on
            ).update(last_checked=first.last_checked, source_on=first.source_on)


def _withdraw(gone: Sequence[Entry], kept_by: str, reason: str, by: Actor, run: CatalogueRun | None = None) -> None:
    if not gone:
        return
    with keeping(kept_by):
        Entry.objects.filter(pk__in=[one.pk for one in gone]).update(withdrawn_on=clock.today(), withdrawn_reason=reason)
    log_changes([(row_of(one), row_of(one), None) for one in gone], RevisionDeed.WITHDRAWN, by=by, run=run, more={"reason": reason})
    transaction.on_commit(index.follow)


def _named_before(wish: Wish) -> Harvest | None:
    """Return, locked, the list that was ended last of those from the same place, or of the same name and owner; none where there is none."""
    ended = Harvest.objects.select_for_update().filter(kind=wish.kind, way=wish.way, ended_on__isnull=False).order_by("-ended_on", "pk")
    return ended.filter(place=wish.place).first() or ended.filter(name=wish.name, owner_name=wish.owner_name).first()


def _front_desk_only(by: Actor) -> None:
    if not (by.is_staff and is_front_desk(by.body)):
        raise Refused(_("一覧を決められるのは、窓口の職員だけです。"), "not_desk")


def _check(wish: Wish) -> None:
    if wish.way not in HarvestWay.values:
        raise Refused(_("一覧の置き場所を選んでください。"), "unknown_way", field="way")
    if wish.kind not in BY_HAND or wish.kind in {EntryKind.EXAMPLE, EntryKind.PERSON}:
        raise Refused(_("この種類は、一覧からは入れられません。"), "unknown_kind", field="kind")
    for name, code, words in (("name", "no_name", _("一覧の名前を入れてください。")), ("place", "no_place", _("どこから読むかを入れてください。")),
                              ("owner_name", "no_owner", _("持ち主の機関の名前を入れてください。"))):  # fmt: skip
        if not getattr(wish, name).strip():
            raise Refused(words, code, field=name)
    if not 1 <= wish.every_days <= 366:
        raise Refused(_("1日から366日までで入れてください。"), "wrong_days", field="every_days")
    if wish.way == HarvestWay.JGRANTS:
        try:
            keywords_of(wish.place)
        except Refused as refusal:
            raise Refused(refusal.message, refusal.code, field="place") from refusal
    elif not wish.columns.get("name"):
        raise Refused(_("名前がどの列にあるかを入れてください。"), "no_name_column", field="col__name")
