"""Entries are written by the module that keeps them, and by nobody else."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching.additions import completed
from renkei.matching.models import Entry, EntryKind, Judgment, Load, Window
from renkei.plan.models import Service
from renkei.plan.queries import content_now

_FIELDS = [
    "kind", "name", "kana", "body_id", "owner_name", "service_id", "kept_by", "summary", "text", "facts", "tech_fields",
    "themes", "url", "source", "source_on", "last_checked", "checked_by_id", "is_public", "ends_on", "withdrawn_on",
    "withdrawn_reason", "text_hash",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowRow:
    """When an entry can be had."""

    kind: str
    opens: dt.date | None = None
    closes: dt.date | None = None
    starts: dt.date | None = None
    always_open: bool = False


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry as its keeper hands it over; ``body`` and ``service`` are codes of the plan."""

    id: str
    kind: str
    name: str
    kana: str = ""
    body: str | None = None
    owner_name: str = ""
    service: str | None = None
    summary: str = ""
    text: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    tech_fields: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    url: str = ""
    source: str = ""
    source_on: dt.date | None = None
    last_checked: dt.date | None = None
    checked_by: UUID | None = None
    is_public: bool = False
    ends_on: dt.date | None = None
    windows: Sequence[WindowRow] = ()

    @property
    def digest(self) -> str:
        """Return what tells a changed entry from an unchanged one."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()


@transaction.atomic
def put_entries(rows: Iterable[EntryRow], *, kept_by: str, by: Actor) -> int:
    """Write or change entries; unchanged ones are left alone, withdrawn ones are back. Returns how many were written.

    What people added to a row of a list is put beside what the row says (``additions``).

    Raises:
        Refused: ``unknown_kind``, ``no_name``, or ``kept_by_other`` when another module keeps an entry of that id.
    """
    given = {row.id: row for row in completed(rows, kept_by)}
    known = Entry.objects.select_for_update().in_bulk(list(given))
    for row in given.values():
        _check(row, known.get(row.id), kept_by)
    changed = [row for row in given.values() if not _is_held(row, known.get(row.id))]
    entries = [_entry(row, kept_by) for row in changed]
    if changed:
        with keeping(kept_by):
            _write(entries, changed, known)
        record(by, "entries.put", *entries[:1], kept_by=kept_by, hashes=[one.text_hash for one in entries])
        transaction.on_commit(index.follow)
    return len(changed)


@contextmanager
def keeping(kept_by: str) -> Iterator[None]:
    """Tell the database who keeps what is written inside: it refuses the logins every entry of another keeper."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('renkei.keeper', %s, true)", [kept_by])
    yield
    with connection.cursor() as cursor:  # an error takes the setting back with everything else
        cursor.execute("SELECT set_config('renkei.keeper', '', true)")


def put_services(*, by: Actor) -> int:
    """Write the plan's services as entries, so that the search finds them beside all else."""
    about = {one["code"]: f"{one.get('about', '')}\n{one.get('text', '')}" for one in content_now().section("services")}
    rows = [
        EntryRow(
            id=f"service:{service.code}", kind=EntryKind.SERVICE, name=service.name, service=service.code,
            summary=about.get(service.code, "").split("\n")[0], text=about.get(service.code, ""), is_public=True,
        )
        for service in Service.objects.all()
    ]
    return put_entries(rows, kept_by="plan", by=by)


@transaction.atomic
def withdraw_entries(ids: Sequence[str], *, kept_by: str, on: dt.date, by: Actor, reason: str = "") -> int:
    """Take entries out of the search from a day on; they stay readable for the cases that name them."""
    found = list(Entry.objects.select_for_update().filter(id__in=ids, withdrawn_on__isnull=True))
    for entry in found:
        if entry.kept_by != kept_by:
            raise Refused(_("この項目は別のところで管理しています。"), "kept_by_other")
    if found:
        with keeping(kept_by):
            Entry.objects.filter(id__in=[entry.id for entry in found]).update(withdrawn_on=on, withdrawn_reason=reason[:300])
        record(by, "entries.withdrawn", *found[:1], ids=sorted(entry.id for entry in found), on=on)
        transaction.on_commit(index.follow)
    return len(found)


@transaction.atomic
def set_load(  # noqa: PLR0913  counts, each named
    body: str, *, by: Actor, open_count: int, asked_count: int = 0, service: str | None = None, entry: str | None = None
) -> Load:
    """Push how much a body, or one person of it, has on its hands, and how often it was asked in the last twelve months."""
    if open_count < 0 or asked_count < 0:
        field = "open_count" if open_count < 0 else "asked_count"
        raise Refused(_("件数は0以上にしてください。"), "negative", field=field)
    load, _made = Load.objects.update_or_create(
        body_id=body, service_id=service, entry_id=entry,
        defaults={"open_count": open_count, "asked_count": asked_count, "as_of": clock.now()},
    )  # fmt: skip
    record(by, "load.set", load, open_count=open_count, asked_count=asked_count)
    return load


@transaction.atomic
def judge(  # noqa: PLR0913  ids only, each named
    need: UUID, *, by: Actor, service: str, body: str, fits: bool, entry: str | None = None
) -> Judgment:
    """Keep a person's word on a proposal (ids only). Refuses anyone who does not act for a body."""
    if not by.is_staff or by.person is None or by.body is None:
        raise Refused(_("機関の担当者だけが記録できます。"), "not_staff")
    judgment = Judgment.objects.create(
        need=need, service_id=service, body_id=body, entry_id=entry, fits=fits,
        judged_by=by.person, judged_body_id=by.body,
    )  # fmt: skip
    record(by, "proposal.judged", judgment, fits=fits)
    return judgment


def _check(row: EntryRow, known: Entry | None, kept_by: str) -> None:
    if row.kind not in EntryKind.values:
        raise Refused(_("項目の種類が正しくありません。"), "unknown_kind", field="kind")
    if not row.name.strip():
        raise Refused(_("項目の名前を入れてください。"), "no_name", field="name")
    if known is not None and known.kept_by != kept_by:
        raise Refused(_("この項目は別のところで管理しています。"), "kept_by_other")


def _write(entries: Sequence[Entry], rows: Sequence[EntryRow], known: Mapping[str, Entry]) -> None:
    Entry.objects.bulk_create([one for one in entries if one.id not in known], batch_size=500)
    Entry.objects.bulk_update([one for one in entries if one.id in known], _FIELDS, batch_size=200)
    Window.objects.filter(entry__in=[row.id for row in rows]).delete()
    Window.objects.bulk_create(
        [Window(entry_id=row.id, **asdict(window)) for row in rows for window in row.windows], batch_size=500
    )


def _is_held(row: EntryRow, known: Entry | None) -> bool:
    return known is not None and known.text_hash == row.digest and known.withdrawn_on is None


def _entry(row: EntryRow, kept_by: str) -> Entry:
    return Entry(
        id=row.id, kind=row.kind, name=row.name, kana=row.kana, body_id=row.body, owner_name=row.owner_name,
        service_id=row.service, kept_by=kept_by, summary=row.summary, text=row.text, facts=row.facts,
        tech_fields=list(row.tech_fields), themes=list(row.themes), url=row.url, source=row.source,
        source_on=row.source_on, last_checked=row.last_checked, checked_by_id=row.checked_by, is_public=row.is_public,
        ends_on=row.ends_on, text_hash=row.digest,
    )  # fmt: skip
