"""The search index: derived from the entries, on this node's disk, rebuilt whenever it cannot be trusted.

Two halves: ``public`` and ``staff``. One process writes at a time (a lock on a file); the others open what
the state file names. Changes come from ``EntryChange``: rows of transactions that were still open at the last refresh
are met again at the next one, so nothing is missed, and meeting a change twice does no harm.
"""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from renkei.matching import encoded, encoders, enrich, everything, filling, half, learned, mending, synonyms
from renkei.matching.columns import Rows, firsts
from renkei.matching.filling import AUDIENCES
from renkei.matching.fusion import Signs
from renkei.matching.pending import Pending, pending, pending_since
from renkei.matching.postings import Postings
from renkei.matching.ranking import Pool, Ranker
from renkei.matching.words import MAX_LENGTH

_FORMAT = 10  # a new number makes every node rebuild
_FEWEST = 40  # candidates of a kind, each by words and by meaning, however few are wanted
NEAR_ENOUGH = 0.35  # what shares no word with the text must be at least so near in meaning
_RECOUNTED = 60.0  # seconds after which the entries are counted again
_FLOOR = 2.0  # keeps the last of a few good ones from looking worthless
_log = logging.getLogger("renkei.matching")
_guard = threading.Lock()
_opened: dict[str, tuple[str, int, int, Ranker]] = {}
_agreed = [("", 0.0)]  # which folder held as many entries as the database when they were last counted

@dataclass(frozen=True, slots=True)
class State:
    """What the index on disk holds: of which database, up to which transaction, in which folder.

    ``seen`` counts the changes of transactions from ``xmin`` on that were there before the entries were read, ``newest`` is the last of all.
    """

    format: int
    database: str
    folder: str
    xmin: int
    seen: int
    entries: int
    generation: int
    newest: str


class _AwayError(Exception):
    """There is no index that can be read, for now."""


class Found(NamedTuple):
    """An entry the index found, before the database has been asked for it."""

    id: str
    kind: str
    score: float
    near: float = 0.0  # in meaning
    held: tuple[Postings, int] | None = None
    is_told: bool = True  # found by words, not by meaning alone


def home() -> Path:
    """Return this node's folder for the index."""
    return Path(settings.RENKEI_HOME) / "index"


def state() -> State | None:
    """Return the state of the index, or None when there is none that can be read."""
    place = os.fspath(home())  # asked twice a question: paths as text cost a tenth
    try:
        with open(f"{place}/state.json", "rb") as told:  # noqa: PTH123  as above
            found = _state(told.read())
    except (OSError, ValueError, TypeError):
        return None
    return found if found is not None and os.path.isdir(f"{place}/{found.folder}") else None  # noqa: PTH112  as above


@lru_cache(maxsize=2)
def _state(told: bytes) -> State | None:
    found = State(**json.loads(told))
    whole = all(type(getattr(found, name)).__name__ == kind for name, kind in State.__annotations__.items())
    return found if whole and found.format == _FORMAT else None


def is_stale() -> bool:
    """Tell whether the index is missing, of another database or format, or behind the entries."""
    known = state()
    return known is None or not _is_current(known)


def rebuild() -> int:
    """Build both indexes anew beside the old ones and switch over. Returns how many entries they hold."""
    with _writer():
        return _rebuild()


def refresh() -> None:
    """Bring the index up to what was committed; does nothing when it is, or when another process is at it."""
    known = state()
    if known is not None and _is_current(known, is_asked_often=True):
        return
    with _writer(wait=0) as held:
        if held:
            _catch_up()


def follow() -> None:
    """Refresh after a commit. A fault here must not look like a failed save: the next reader mends the index."""
    try:
        refresh()
    except (OSError, ValueError):
        _log.warning("the search index could not follow; the next search will mend it", exc_info=True)


def find(text: str, *, audience: str, kinds: Sequence[str], limit: int) -> list[Found]:
    """Return the best entries of the kinds for a text, best first; by names while there is no index that can be read."""
    try:
        ranker, pool = _sought(text, audience=audience, kinds=(), limit=max(limit, _FEWEST), narrow=kinds)
    except _AwayError:
        return sorted(_by_names(text, audience, kinds, limit), key=lambda hit: (-hit.score, hit.id))[:limit]
    return _ranked(ranker, pool, limit)


def find_by_kind(  # noqa: PLR0913  a search has that many sides
    text: str, *, audience: str, kinds: Sequence[str], limit: int, without: Collection[str] = (), near: int | None = None
) -> list[Found]:  # fmt: skip
    """Return the best ``limit`` entries of each kind; the text is analysed once. ``without`` leaves out synonyms.

    ``near`` is how many of each kind may be found by their meaning alone, ``limit`` when it is not told. Scores lie between nought and one and are comparable over the kinds. Names are looked through while no index can be read.
    """
    if not kinds:
        return []
    try:
        ranker, found = _sought(text, audience=audience, kinds=kinds, limit=max(limit, _FEWEST), without=without, near=near)
    except _AwayError:
        return _by_names(text, audience, kinds, limit)
    return _ranked(ranker, found, limit, list(dict.fromkeys(kinds)))


def find_with_signs(text: str, *, kinds: Sequence[str], limit: int) -> tuple[list[Found], Signs]:
    """Return for the staff what ``find_by_kind`` returns, and every sign of each; no signs while names are looked through."""
    try:
        ranker, found = _sought(text, audience="staff", kinds=kinds, limit=max(limit, _FEWEST))
    except _AwayError:
        return _by_names(text, "staff", kinds, limit), {}
    hits = _ranked(ranker, found, limit, list(dict.fromkeys(kinds)))
    place = {ranker.postings.id_of(row): n for n, row in enumerate(found.rows.tolist())}
    at = [place[hit.id] for hit in hits]
    return hits, {name: values[at] for name, values in found.signs.items()}


def often(forms: Collection[str], *, audience: str = "staff") -> dict[str, float]:
    """Return the share of the entries that have each word; nothing while no index can be read, or of too few entries to tell."""
    try:
        return _open(audience).often(sorted(forms))
    except (OSError, ValueError, IndexError):
        return {}


def words_of(hits: Sequence[Found], among: Collection[str]) -> dict[str, tuple[str, frozenset[str]]]:
    """Return for what one question found, by id, which wording the index holds (its mark) and which of some words are in it.

    Nothing of what was found by its name, without an index.
    """
    held = [(hit.id, *hit.held) for hit in hits if hit.held is not None]
    if not held:
        return {}
    postings, rows = held[0][1], [row for _id, _postings, row in held]
    words = postings.having(np.array(rows), list(among))
    return {id_: (postings.mark_of(row), own) for (id_, _postings, row), own in zip(held, words, strict=True)}


def _sought(  # noqa: PLR0913  a search has that many sides
    text: str, *, audience: str, kinds: Sequence[str], limit: int, without: Collection[str] = (), narrow: Sequence[str] = (), near: int | None = None
) -> tuple[Ranker, Pool]:  # fmt: skip
    """Return the ranker and its candidates. Raises _AwayError where none can be read: it is then being mended."""
    text = text[:MAX_LENGTH]

    def expand(asked: str) -> list[tuple[str, ...]]:
        return synonyms.current().added_to(asked, without=without)

    for is_last in (False, True):
        try:
            ranker = _open(audience)
            return ranker, ranker.pool(text, kinds=kinds or narrow, limit=limit, near=near, expand=expand)
        except (OSError, ValueError, IndexError):  # the last where a file names a place beyond its end
            if is_last:
                break
            _log.warning("the search index cannot be read and is being rebuilt", exc_info=True)
            mend()
    raise _AwayError


def _by_names(text: str, audience: str, kinds: Sequence[str], limit: int) -> list[Found]:
    return [Found(*one) for one in mending.by_names(text, audience=audience, kinds=kinds, limit=limit)]


def _ranked(ranker: Ranker, found: Pool, limit: int, kinds: Sequence[str] = ()) -> list[Found]:
    """Return the first of what shares words with the text, or is near enough to it in meaning; best first, equal ones by id.

    With ``kinds`` the first ``limit`` of each, one kind after the other.
    """
    near = np.maximum(found.signs["near"], found.signs["near_title"])
    kept = np.flatnonzero(found.told | (near >= NEAR_ENOUGH))
    if not len(kept):
        return []
    score = learned.scores(found.signs, lambda kind: ranker.postings.are_of(found.rows, [kind]), ranker.model, kept=kept).astype(float)
    low = float(score.min()) - _FLOOR
    share = (score - low) / (float(score.max()) - low)
    rows, place, names = found.rows[kept], np.round(share, 4), ranker.postings
    group = names.kind_places(rows, kinds)
    first = _with_equals(firsts(place, group, limit), place, group)  # equal ones at the end are told by their ids
    listed = [one[first].tolist() for one in (place, rows, share, near[kept], found.told[kept])]
    by_kind: dict[str, list[tuple[float, str, Found]]] = {kind: [] for kind in kinds or ("",)}
    for mark, row, score_, alike, told, (id_, kind, _mark) in zip(*listed, names.named(listed[1]), strict=True):
        by_kind[kind if kinds else ""].append((-mark, id_, Found(id_, kind, score_, alike, (names, row), told)))
    return [hit for own in by_kind.values() for _mark, _id, hit in sorted(own, key=itemgetter(0, 1))[:limit]]


def _with_equals(first: Rows, place: NDArray[np.float64], group: Rows) -> Rows:
    """Return what is among the first, and whatever is equal to the least of its group among them."""
    least = np.full(int(group.max(initial=0)) + 1, np.inf)
    np.minimum.at(least, group[first], place[first])
    return np.flatnonzero((group >= 0) & (place >= least[group]))


def ensure() -> None:
    """See that the index is as new as the entries; never waits for a long build, nor fails where the disk does."""
    known = state()
    if known is None:
        mend()
    elif not _is_current(known, is_asked_often=True):
        follow()


def mend() -> None:
    """Build anew: at once where that is quick and nobody else is at it for long, else in the background."""
    try:
        with _writer(wait=mending.PATIENCE if mending.is_small() else 0) as held:
            if held and mending.is_small():
                _rebuild()
                return
    except (OSError, ValueError):
        _log.warning("the search index cannot be written", exc_info=True)
        return
    mending.in_background(rebuild)


def open_halves() -> None:
    """Open both halves as they stand now, their names read. Raises OSError or ValueError when nothing can be read."""
    for audience in AUDIENCES:
        _open(audience).postings.read_names()


def forget() -> None:
    """Close this process's handles (when the home changes, and before a fork)."""
    with _guard:
        _opened.clear()
    encoded.forget()


def _open(audience: str) -> Ranker:
    """Return this process's handle, reopened when the state names another folder or generation.

    What is open stays good while the state or its files are gone. Raises OSError or ValueError when nothing can be read.
    """
    known = state()
    made = enrich.stamp() if (encoder := encoders.encoder()) is not None else 0
    with _guard:
        kept = _opened.get(audience)
        if known is None and kept is not None:
            return kept[3]
        if known is None:
            raise FileNotFoundError(f"{home()}: no index")
        if kept is None or kept[:3] != (known.folder, known.generation, made):
            is_open = kept is not None and kept[:2] == (known.folder, known.generation)  # vectors alone have come in
            opened = kept[3] if kept is not None and is_open else half.ranker(home() / known.folder, audience, known.generation)
            if encoder is not None:
                opened = opened.with_encoded(encoded.encoded_for(opened.postings, (known.folder, audience)))
            kept = (known.folder, known.generation, made, opened)
            _opened[audience] = kept
        return kept[3]


def _rebuild() -> int:
    before = state()
    folder = home() / f"build-{uuid4().hex[:12]}"
    now = pending()
    generation = (before.generation if before else 0) + 1
    count = filling.add(folder, None, half.Change(0, generation), done=filling.begin(folder))
    _write(folder.name, now, count, generation)
    for old in home().glob("build-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return count


def _catch_up() -> None:
    """Put the changes in. What needs building anew is built at once only where that is quick; the old one serves meanwhile."""
    known = state()
    now = pending()
    if known is None or now.database != known.database or now.xmin < known.xmin:
        _build_anew()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry FROM matching_entrychange WHERE tx >= %s", [known.xmin])
        changed = [entry for (entry,) in cursor.fetchall()]
    if len(changed) < known.seen:  # an indexed change was rolled back: what it replaced is no longer known
        _build_anew()
        return
    try:
        count = _replace(known, list(dict.fromkeys(changed)))
    except (OSError, ValueError):
        _log.warning("the search index is damaged and is being rebuilt", exc_info=True)
        count = None
    if count is None:
        _build_anew()
    else:
        _write(known.folder, now, count, known.generation + 1)


def _build_anew() -> None:
    if mending.is_small():
        _rebuild()
    else:
        mending.in_background(rebuild)


def _replace(known: State, changed: Sequence[str]) -> int | None:
    """Put the changed entries in; returns how many there are now, or None when the index holds another number."""
    folder, generation = home() / known.folder, known.generation + 1
    filling.add(folder, changed, half.Change(known.generation, generation, changed))
    if any(half.is_worn(folder, audience, generation) for audience in AUDIENCES):
        return None
    count = half.count(folder, "staff", generation)
    return count if _agrees(known.folder, everything.count() == count) else None


def _write(folder: str, now: Pending, count: int, generation: int) -> None:
    """Name the folder in the state file in one step: readers see the old state or the new one."""
    new = State(_FORMAT, now.database, folder, now.xmin, now.changes, count, generation, now.newest)
    draft = home() / f"state-{os.getpid()}.tmp"
    draft.write_text(json.dumps(asdict(new)), encoding="utf-8")
    draft.replace(home() / "state.json")


@contextmanager
def _writer(*, wait: float = math.inf) -> Iterator[bool]:
    """Hold the lock of the one writer of this node; yields False when it is still taken after ``wait`` seconds."""
    home().mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + wait
    with (home() / "lock").open("w") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if wait < math.inf else 0))
            except BlockingIOError:
                if time.monotonic() >= end:
                    yield False
                    return
                time.sleep(0.05)
            else:
                break
        yield True


def _is_current(known: State, *, is_asked_often: bool = False) -> bool:
    """Tell whether the database is where the state says, and has as many entries; where it is asked often, they are counted once a minute."""
    folder, when = _agreed[0]
    is_counted = not is_asked_often or folder != known.folder or time.monotonic() - when > _RECOUNTED
    now = pending_since(known.xmin, known.newest, count=is_counted)
    if (now.database, now.newest, now.changes) != (known.database, known.newest, known.seen) or now.xmin < known.xmin:
        return False
    return not is_counted or _agrees(known.folder, now.entries == known.entries)


def _agrees(folder: str, is_so: bool) -> bool:
    """Note for which folder the database has as many entries, and tell whether it has."""
    _agreed[0] = (folder if is_so else "", time.monotonic())
    return is_so
