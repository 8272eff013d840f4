"""An entry as a row and back, and what differs between two states of it, field by field in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base.language import shown_full_day
from renkei.matching.actions import EntryRow, WindowRow
from renkei.matching.fact_words import show_fact
from renkei.matching.fields import Fact, Shape, facts_of, value_of
from renkei.matching.models import Entry, WindowKind
from renkei.plan.models import Body, Service
from renkei.plan.queries import content_now

Snapshot = dict[str, Any]
DAYS = ("source_on", "last_checked", "ends_on")
LABELS = {
    "name": gettext_lazy("名前"), "kana": gettext_lazy("フリガナ"), "body": gettext_lazy("機関"), "owner_name": gettext_lazy("持ち主・部署"),
    "service": gettext_lazy("支援メニュー"), "summary": gettext_lazy("説明"), "text": gettext_lazy("探すときの言葉"),
    "tech_fields": gettext_lazy("技術分野"), "themes": gettext_lazy("技術テーマ"), "url": gettext_lazy("ページのアドレス"),
    "source": gettext_lazy("出典"), "source_on": gettext_lazy("出典の日"), "last_checked": gettext_lazy("確かめた日"),
    "is_public": gettext_lazy("公開"), "ends_on": gettext_lazy("最終日"), "windows": gettext_lazy("期間"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: its label, what it was and what it is."""

    label: str
    old: str
    new: str


def row_of(entry: Entry) -> EntryRow:
    """Return an entry as its keeper would hand it over."""
    windows = in_order(WindowRow(one.kind, one.opens, one.closes, one.starts, one.always_open) for one in entry.windows.all())
    return EntryRow(
        id=entry.id, kind=entry.kind, name=entry.name, kana=entry.kana, body=entry.body_id, owner_name=entry.owner_name,
        service=entry.service_id, summary=entry.summary, text=entry.text, facts=entry.facts, tech_fields=entry.tech_fields,
        themes=entry.themes, url=entry.url, source=entry.source, source_on=entry.source_on, last_checked=entry.last_checked,
        checked_by=entry.checked_by_id, is_public=entry.is_public, ends_on=entry.ends_on, windows=windows,
    )  # fmt: skip


def in_order(windows: Iterable[WindowRow]) -> tuple[WindowRow, ...]:
    """Return windows as they are listed: the first to close first, those without an end last."""
    far = dt.date.max
    return tuple(sorted(windows, key=lambda one: (one.closes or far, one.opens or far, one.kind, one.starts or far, one.always_open)))


def mark_of(entry: Entry) -> str:
    """Return what tells an editor that somebody else has saved since."""
    return f"{row_of(entry).digest}{entry.withdrawn_on or ''}"[:80]


def snapshot(row: EntryRow) -> Snapshot:
    """Return a row as it is kept in the history."""
    kept = asdict(row)
    kept |= {name: _iso(kept[name]) for name in DAYS} | {"checked_by": str(row.checked_by) if row.checked_by else None}
    kept["windows"] = [
        {name: _iso(value) if isinstance(value, dt.date) else value for name, value in asdict(one).items()} for one in in_order(row.windows)
    ]
    return kept


def row_from(kept: Mapping[str, Any]) -> EntryRow:
    """Return the row that a snapshot was taken of."""
    days = {name: _day(kept[name]) for name in DAYS}
    windows = in_order(
        WindowRow(one["kind"], _day(one["opens"]), _day(one["closes"]), _day(one["starts"]), one["always_open"]) for one in kept["windows"]
    )
    who = UUID(kept["checked_by"]) if kept["checked_by"] else None
    named = {one.name: kept[one.name] for one in fields(EntryRow)}
    return EntryRow(**{**named, **days, "windows": windows, "checked_by": who})


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return what differs between two snapshots, in the order of the form; nothing for one that was not there."""
    if not before or not after:
        return []
    found = []
    for name, label in LABELS.items():
        if before.get(name) != after.get(name):
            found.append(Change(str(label), shown(name, before.get(name)), shown(name, after.get(name))))
    old, new = before.get("facts") or {}, after.get("facts") or {}
    for fact in facts_of(after["kind"]):
        was, is_now = show_fact(fact, value_of(old, fact.key)), show_fact(fact, value_of(new, fact.key))
        if was != is_now:
            found.append(Change(str(fact.label), was, is_now))
    return found


def shown(name: str, value: Any) -> str:
    """Return a field's value of a snapshot in words."""
    if value in (None, "", [], ()):
        return ""
    if name in DAYS:
        return shown_full_day(_day(value) or dt.date.min)
    if name == "windows":
        return "；".join(window_words(one) for one in value)
    if name in {"tech_fields", "themes"}:
        return "、".join(content_now().word(name, code) for code in value)
    return _name(name, value)


def label_of(kind: str, key: str) -> str:
    """Return the label of a fact, or of a field beside the facts."""
    return str(LABELS[key]) if key in LABELS else next((str(fact.label) for fact in facts_of(kind) if fact.key == key), key)


def value_words(kind: str, key: str, value: Any) -> str:
    """Return the value of a fact, or of a field beside the facts, in words."""
    fact = next((fact for fact in facts_of(kind) if fact.key == key), None)
    return shown(key, value) if key in LABELS or fact is None else with_unit(fact, value)


def with_unit(fact: Fact, value: Any) -> str:
    """Return the value of a fact in words, numbers with their unit."""
    if fact.shape in {Shape.YEN, Shape.NUMBER} and isinstance(value, int):
        return f"{value:,}{fact.unit}"
    return show_fact(fact, value)


def window_words(window: WindowRow | Mapping[str, Any]) -> str:
    """Return a window as people write it: 募集 2026/12/1〜2026/12/25, 講座 〜2026/12/1 開始2026/12/8, 空き いつでも."""
    one = asdict(window) if isinstance(window, WindowRow) else window
    kind = str(WindowKind(one["kind"]).label)
    if one["always_open"]:
        return f"{kind} {_('いつでも')}"
    span = f"{_slashed(one['opens'])}〜{_slashed(one['closes'])}"
    return f"{kind} {span}" + (f" {_('開始')}{_slashed(one['starts'])}" if one["starts"] else "")


def words_of_terms(codes: Sequence[str], vocabulary: str) -> str:
    """Return names of a vocabulary with 、 between."""
    return "、".join(content_now().word(vocabulary, code) for code in codes)


def _name(name: str, value: Any) -> str:
    if name == "is_public":
        return _("公開") if value else _("職員だけ")
    if name == "body":
        return Body.objects.filter(pk=value).values_list("short", flat=True).first() or str(value)
    if name == "service":
        return Service.objects.filter(pk=value).values_list("name", flat=True).first() or str(value)
    return str(value)


def _iso(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def _day(value: str | dt.date | None) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _slashed(value: str | dt.date | None) -> str:
    day = _day(value)
    return f"{day.year}/{day.month}/{day.day}" if day else ""
