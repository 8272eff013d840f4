"""What a list of entries is narrowed by: kind, body, technical field, area, fee, dates.

What is read out of an entry's own text and facts is kept in memory by the entry's hash, so a page reads a line an entry and
no text. Which entries there are, and who may see them, is asked of the database each time.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from renkei.matching.analysis import VOCABULARIES
from renkei.matching.knowledge import Knowledge, knowledge_of
from renkei.matching.models import EntryKind
from renkei.matching.standing import DATED, HARVEST, SCREEN, limits

FREE, PAID = "free", "paid"
ANYWHERE, OUTSIDE = "anywhere", "outside"
_FEES = ("fee_yen", "hourly_yen", "setup_fee_yen")
_TECH = VOCABULARIES[0]
_MOST_KEPT = 200_000
_MOST_WHOLE = 4
_AT_ONCE = 1_000  # entries that are read at once
_FEW = 50  # and beside pages
_PAUSE = 0.05  # seconds between such few
_kept: dict[str, tuple[str, int, _Told]] = {}
_whole: dict[tuple[int, dt.date, bool, int], list[Line]] = {}  # the whole list, as long as the database gives the same rows

_ROWS = """
    SELECT e.id, e.text_hash, e.kind, coalesce(e.body_id, ''), e.name, w.ahead, coalesce(w.always, false), w.entry_id IS NOT NULL,
           e.ends_on, CASE WHEN e.kept_by = %(screen)s OR starts_with(e.kept_by, %(harvest)s)
               THEN coalesce(e.last_checked, (e.entered_at AT TIME ZONE 'Asia/Tokyo')::date) END
    FROM matching_entry e
    LEFT JOIN (
        SELECT entry_id, bool_or(always_open) AS always,
               min(coalesce(starts, closes)) FILTER (WHERE NOT always_open AND coalesce(starts, closes) >= %(today)s) AS ahead
        FROM matching_window {of_asked} GROUP BY entry_id
    ) w ON w.entry_id = e.id
    WHERE e.withdrawn_on IS NULL AND (e.is_public OR %(all)s) {asked}
    ORDER BY e.id
"""
_ALL = _ROWS.format(of_asked="", asked="")
# The ids come as one text, for writing out a list of so many takes a millisecond each time; as an array, which is looked for in one walk of the key.
_ASKED = "ANY(ARRAY(SELECT json_array_elements_text(%(ids)s::json)))"
_SOME = _ROWS.format(of_asked=f"WHERE entry_id = {_ASKED}", asked=f"AND e.id = {_ASKED}")
# Columns and not objects: a letter may meet some hundred entries that are new to this process.
_TEXTS = f"""
    SELECT id, text_hash, kind, concat_ws(chr(10), name, summary, text), facts, tech_fields FROM matching_entry WHERE id = {_ASKED}
"""
_NAMES = "SELECT id, text_hash FROM matching_entry WHERE withdrawn_on IS NULL AND id > %(after)s ORDER BY id LIMIT %(most)s"


@dataclass(frozen=True, slots=True)
class _Told:
    """What an entry's facts and text tell: whether it costs, where it can be had, its technical fields."""

    fee: str
    areas: tuple[str, ...]
    topics: tuple[str, ...]


class Line(NamedTuple):
    """An entry as a list is narrowed by it. ``ahead`` is the next day on which it can be had; ``is_over`` says that it can be had no more, or that nobody has looked for too long."""

    id: str
    kind: str
    body: str
    name: str
    ahead: dt.date | None
    is_always: bool
    is_over: bool
    fee: str
    areas: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def has_dates(self) -> bool:
        """Tell whether there is a day on which it can be had, or every day."""
        return self.is_always or self.ahead is not None


def lines(known: Knowledge, *, is_staff: bool, today: dt.date, ids: Sequence[str] | None = None) -> list[Line]:
    """Return the lines of the entries (of ``ids``, of all when None) that staff, or everybody, may see; withdrawn ones never.

    The whole list is the same object as long as the database gives the same rows; nobody may change it.
    """
    checks = _limits(known.version, today)
    given: dict[str, Any] = {"today": today, "all": is_staff, "ids": json.dumps(list(ids or ())), "screen": SCREEN, "harvest": HARVEST}
    rows = _asked(_ALL if ids is None else _SOME, given)
    key = (known.version, today, is_staff, hash(tuple(rows))) if ids is None else None
    if key in _whole:
        return _whole[key]
    told = _told([(row[0], row[1]) for row in rows], known)
    found = []
    for id_, _hash, kind, body, name, ahead, always, dated, ends, checked in rows:
        one = told.get(id_)
        if one is not None:
            is_over = dated and kind in DATED and not always and ahead is None
            is_over = is_over or (ends is not None and ends < today) or is_old(checked, checks.get(kind))
            found.append(Line(id_, kind, body, name, ahead, always, is_over, one.fee, one.areas, one.topics))
    if key is not None:
        if len(_whole) >= _MOST_WHOLE:
            _whole.clear()
        _whole[key] = found
    return found


def tell(known: Knowledge) -> None:
    """Keep what is told of the entries one may see, a few at a time and with pauses: a page shares the processor with it."""
    after = ""
    while len(_kept) + _AT_ONCE <= _MOST_KEPT and (names := _asked(_NAMES, {"after": after, "most": _AT_ONCE})):
        after = names[-1][0]
        missing = [id_ for id_, digest in names if _kept.get(id_, ())[:2] != (digest, known.version)]
        for begin in range(0, len(missing), _FEW):
            _read(missing[begin : begin + _FEW], known)
            time.sleep(_PAUSE)


@lru_cache(maxsize=4)
def _limits(_version: int, today: dt.date) -> dict[str, dt.date]:
    return limits(today)


def is_old(checked: dt.date | None, limit: dt.date | None) -> bool:
    """Tell whether what people keep was checked too long ago for anybody to know whether it still stands."""
    return checked is not None and limit is not None and checked < limit


def forget() -> None:
    """Empty what is kept in memory."""
    _kept.clear()
    _whole.clear()


def fee_of(facts: Mapping[str, Any]) -> str:
    """Return whether an entry is free or has a price; nothing when nothing is said of it."""
    said = [facts[name] for name in _FEES if isinstance(facts.get(name), int | float)]
    return "" if not said else PAID if any(said) else FREE


def areas_of(kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the municipalities an entry is limited to; without a limit, anywhere in the region, or outside it."""
    eligible = facts.get("eligible")
    limited = (eligible.get("municipalities") if isinstance(eligible, dict) else None) or []
    if limited:
        return tuple(str(one) for one in limited)
    return (OUTSIDE,) if kind == EntryKind.OUTSIDE else (ANYWHERE,)


def topics_of(text: str, known: Knowledge) -> tuple[str, ...]:
    """Return the plan's technical fields an entry's text speaks of, by the words the plan gives each or its own name."""
    lowered = text.lower()
    return tuple(code for code, said in _topic_words(known.version) if said.search(lowered))


@lru_cache(maxsize=4)
def _topic_words(version: int) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return what meets the words of each technical field: asked word by word a text took more than twice as long."""
    known = knowledge_of(version)
    given = (known.cues.get("vocabularies") or {}).get(_TECH) or {}
    listed = []
    for term in known.content.vocabulary(_TECH):
        words = given.get(term.code) or [name for name in re.split(r"[・、（）]", term.name) if len(name) > 1]
        if words:
            listed.append((term.code, re.compile("|".join(re.escape(word.lower()) for word in words))))
    return tuple(listed)


def _told(wanted: Iterable[tuple[str, str]], known: Knowledge) -> dict[str, _Told]:
    """Return what is told of each entry, reading those that are new or changed."""
    found: dict[str, _Told] = {}
    missing = []
    version = known.version
    for id_, digest in wanted:
        kept = _kept.get(id_)
        if kept is not None and kept[0] == digest and kept[1] == version:
            found[id_] = kept[2]
        else:
            missing.append(id_)
    for begin in range(0, len(missing), _AT_ONCE):
        found |= _read(missing[begin : begin + _AT_ONCE], known)
    return found


def _read(ids: Sequence[str], known: Knowledge) -> dict[str, _Told]:
    """Read entries by id and keep what they tell."""
    if len(_kept) + len(ids) > _MOST_KEPT:
        _kept.clear()
    found = {}
    for id_, digest, kind, text, facts, fields in _asked(_TEXTS, {"ids": json.dumps(ids)}):
        said = json.loads(facts)
        told = _Told(fee_of(said), areas_of(kind, said), tuple(json.loads(fields)) or topics_of(text, known))
        _kept[id_] = (digest, known.version, told)
        found[id_] = told
    return found


def _asked(statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
