"""Read a sheet of entries and say for each row what would happen. Writes nothing.

An entry is known by its number, else by kind, name and owner among those the actor keeps. An empty cell changes nothing.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.base.text import search_key
from renkei.documents.sheets import read_table
from renkei.matching.actions import EntryRow
from renkei.matching.actions_keeping import checked_row, new_id
from renkei.matching.entry_words import Change, changes, row_of, snapshot
from renkei.matching.fields import FACTS
from renkei.matching.keeping import kept_filter
from renkei.matching.models import Entry
from renkei.matching.rows import Known, put_together, read_values
from renkei.plan.queries import is_front_desk

MOST_ROWS = 5_000
HEADER_WITHIN = 10
BASE: dict[str, tuple[str, ...]] = {
    "id": ("番号",), "kind": ("種類",), "name": ("名前", "名称", "機器名", "題名"), "kana": ("フリガナ", "カナ", "よみ"), "body": ("機関",),
    "owner_name": ("持ち主・部署", "持ち主", "部署", "所有機関"), "service": ("支援メニュー",), "summary": ("説明", "概要", "用途"),
    "text": ("探すときの言葉", "キーワード"), "tech_fields": ("技術分野",), "themes": ("技術テーマ",), "windows": ("期間", "募集期間"),
    "url": ("ページのアドレス", "URL"), "source": ("出典",), "source_on": ("出典の日",), "last_checked": ("確かめた日",),
    "is_public": ("公開",), "ends_on": ("最終日",),
}  # fmt: skip


def columns() -> dict[str, tuple[str, ...]]:
    """Return every field with the names its column may have, the first one ours."""
    return BASE | {fact.key: (written(fact.label),) for fact in FACTS}


@dataclass
class EntrySheetRow:
    """One row: what would happen (``new``, ``changed``, ``same``; ``refused`` with reasons), before and after."""

    number: int
    name: str
    deed: str = "new"
    before: EntryRow | None = None
    after: EntryRow | None = None
    changes: list[Change] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class EntryPreview:
    """All rows of a sheet, and the names of columns that are not known."""

    rows: list[EntrySheetRow]
    unknown: list[str] = field(default_factory=list)

    def count(self, deed: str) -> int:
        """Return how many rows would do this."""
        return sum(row.deed == deed for row in self.rows)


class _Kept:
    """The entries the actor keeps, by id and by what they are known by."""

    def __init__(self, actor: Actor) -> None:
        self.by_id: dict[str, Entry] = {}
        self.by_name: dict[tuple[str, str, str | None, str], list[Entry]] = defaultdict(list)
        for entry in Entry.objects.visible_to(actor).filter(kept_filter(actor)).prefetch_related("windows"):
            self.by_id[entry.pk] = entry
            if entry.withdrawn_on is not None:
                continue  # known by its number only: what was taken back may come in again, and what stands is meant first
            owner = "" if entry.body_id else search_key(entry.owner_name)
            self.by_name[entry.kind, _key_of(entry.name), entry.body_id, owner].append(entry)

    def numbered(self, given: str) -> Entry | None:
        """Return the entry of a number; None where a row names none. Raises ValueError for one that is not kept here."""
        if given and given not in self.by_id:
            raise ValueError(_("番号「%(id)s」は、ここで保つものの中にありません。新しく入れるときは、番号を空けてください。") % {"id": given[:60]})
        return self.by_id.get(given)


def read_entries(data: bytes, *, actor: Actor, kind: str = "") -> EntryPreview:
    """Read the sheet (xlsx, or CSV in UTF-8 or CP932); ``kind`` is that of rows that name none.

    Refused: what is no table, ``no_header``, ``no_rows``.
    """
    table = read_table(data, most_rows=MOST_ROWS + HEADER_WITHIN)
    at, places, unknown = find_header(table, columns())
    known, kept = Known(), _Kept(actor)
    rows: list[EntrySheetRow] = []
    taken: dict[str, int] = {}
    for number, cells in enumerate(table[at + 1 :], start=at + 2):
        if any(cell not in (None, "") for cell in cells):
            row = _decided({name: cells[place] for name, place in places.items() if place < len(cells)}, number, kind, actor, known, kept)
            key = row.after.id if row.before and row.after else _key(row.after)
            if row.deed != "refused" and (first := taken.setdefault(key, number)) != number:
                row.deed, row.problems = "refused", [_("%(n)s行目と同じものです。") % {"n": first}]
            rows.append(row)
    if not rows:
        raise Refused(_("列の名前の下に、1行もありません。台帳に入れるものを書いた表を選んでください。"), "no_rows", field="file")
    return EntryPreview(rows, unknown)


def find_header(table: Sequence[Sequence[Any]], names: Mapping[str, Sequence[str]]) -> tuple[int, dict[str, int], list[str]]:
    """Return the line of the column names, the place of each field, and names nobody knows. Refused: ``no_header``."""
    fields = {plain(alias): name for name, aliases in names.items() for alias in aliases}
    for at, cells in enumerate(table[:HEADER_WITHIN]):
        places: dict[str, int] = {}
        unknown = []
        for place, cell in enumerate(cells):
            if name := fields.get(plain(cell)):
                places.setdefault(name, place)
            elif plain(cell):
                unknown.append(str(cell)[:40])
        if "name" in places:
            return at, places, unknown
    wanted = names["name"][0] if names.get("name") else ""
    raise Refused(_("「%(name)s」の列が見つかりません。1行目に列の名前を書いてください。") % {"name": wanted}, "no_header", field="file")


def plain(cell: Any) -> str:
    """Return a column's name as it is compared."""
    return unicodedata.normalize("NFKC", str(cell or "")).strip().rstrip("※*").replace(" ", "").lower()


def _decided(cells: Mapping[str, Any], number: int, kind: str, actor: Actor, known: Known, kept: _Kept) -> EntrySheetRow:  # noqa: PLR0913, PLR0917  what one row needs
    row = EntrySheetRow(number, str(cells.get("name") or "").strip()[:100])
    given = str(cells.get("id") or "").strip()
    entry = None
    try:
        entry = kept.numbered(given)
        kind = entry.kind if entry else known.kind(str(cells.get("kind") or kind or ""))
        values, row.problems = read_values(cells, kind, known)
        entry = entry or _same_name(kind, values, actor, kept)
    except ValueError as error:
        row.problems.append(str(error))
    if not row.problems:
        _compare(row, entry, kind, values, actor)
    if row.problems:
        row.deed, row.after = "refused", None
    return row


def _same_name(kind: str, values: Mapping[str, Any], actor: Actor, kept: _Kept) -> Entry | None:
    body = _body(values, actor)
    owner = "" if body else search_key(values.get("owner_name", ""))
    found = kept.by_name.get((kind, _key_of(values.get("name", "")), body, owner), [])
    if len(found) > 1:
        raise ValueError(_("同じ名前のものが%(n)s件あります。直すものの番号を入れてください。") % {"n": len(found)})
    return found[0] if found else None


def _body(values: Mapping[str, Any], actor: Actor) -> str | None:
    """Return the owner a row means: the body it names; for the desk nobody of the plan where only an outside owner is named."""
    if values.get("body"):
        return str(values["body"])
    return None if is_front_desk(actor.body) and values.get("owner_name") else actor.body


def _compare(row: EntrySheetRow, entry: Entry | None, kind: str, values: Mapping[str, Any], actor: Actor) -> None:
    if entry is not None:
        row.before, row.name = row_of(entry), entry.name
        base = row.before
    else:
        base = EntryRow(id=new_id(), kind=kind, name="", body=_body(values, actor))
    try:
        row.after = checked_row(put_together(base, values), by=actor)
    except Refused as refusal:
        row.problems.append(refusal.message)
        return
    if row.before is not None:
        row.changes = changes(snapshot(row.before), snapshot(row.after))
        row.deed = "changed" if row.changes else "same"
        if row.changes and entry is not None and entry.withdrawn_on is not None:
            row.problems.append(_("取り下げた項目です。先に画面で戻してください。"))


def _key_of(name: str) -> str:
    """Return what a name is known by; a name of marks alone (＆, ・・) is itself."""
    return search_key(name) or name


def _key(row: EntryRow | None) -> str:
    return "" if row is None else repr((row.kind, _key_of(row.name), row.body, search_key(row.owner_name)))
