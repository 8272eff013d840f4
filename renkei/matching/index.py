"""The search index: derived from the entries, on this node's disk, rebuilt whenever it cannot be trusted.

Two tantivy indexes: ``public`` and ``staff``. One process writes at a time (a lock on a file); the others open what
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
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from renkei.matching import encoders, enrich, half, learned, mending, synonyms
from renkei.matching.fusion import Signs
from renkei.matching.models import Entry
from renkei.matching.postings import learn_prior
from renkei.matching.ranking import Pool, Ranker
from renkei.matching.terms import Document, Terms, analysed
from renkei.matching.words import MAX_LENGTH, words

AUDIENCES = ("public", "staff")
_FORMAT = 4  # a new number makes every node rebuild
_BLOCK = 500
_MOST_SAMPLED = 5_000  # entries that tell what entries have in common
_FEWEST = 40  # candidates of a kind, each by words and by meaning, however few are wanted
NEAR_ENOUGH = 0.35  # what shares no word with the text must be at least so near in meaning
_FLOOR = 2.0  # keeps the last of a few good ones from looking worthless
_log = logging.getLogger("renkei.matching")
_guard = threading.Lock()
_opened: dict[str, tuple[str, int, int, Ranker]] = {}
# A database is told by its cluster and its oid: our own server takes another port at each start, and one restored from
# a dump counts its transactions anew. One set back to an older day is told by its transactions (``_is_current``).
_PENDING = """
    SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()),
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (SELECT count(*) FROM matching_entrychange WHERE tx >= coalesce(%(since)s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)),
           (SELECT count(*) FROM matching_entry WHERE withdrawn_on IS NULL)
    FROM pg_control_system()
"""


@dataclass(frozen=True, slots=True)
class State:
    """What the index on disk holds: of which database, up to which transaction, in which folder.

    ``seen`` counts the changes of transactions not below ``xmin`` that were there before the entries were read.
    """

    format: int
    database: str
    folder: str
    xmin: int
    seen: int
    entries: int
    generation: int


class _AwayError(Exception):
    """There is no index that can be read, for now."""


class _Pending(NamedTuple):
    database: str
    xmin: int
    changes: int
    entries: int


@dataclass(frozen=True, slots=True)
class Found:
    """An entry the index found, before the database has been asked for it."""

    id: str
    kind: str
    score: float
    near: float = 0.0  # in meaning


def home() -> Path:
    """Return this node's folder for the index."""
    return Path(settings.RENKEI_HOME) / "index"


def state() -> State | None:
    """Return the state of the index, or None when there is none that can be read."""
    try:
        found = State(**json.loads((home() / "state.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    whole = all(type(getattr(found, name)).__name__ == kind for name, kind in State.__annotations__.items())
    return found if whole and found.format == _FORMAT and (home() / found.folder).is_dir() else None


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
    if not is_stale():
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
    return _ranked(ranker, pool)[:limit]


def find_by_kind(
    text: str, *, audience: str, kinds: Sequence[str], limit: int, without: Collection[str] = ()
) -> list[Found]:
    """Return the best ``limit`` entries of each kind; the text is analysed once. ``without`` leaves out synonyms.

    Scores lie between nought and one and are comparable over the kinds. While there is no index that can be read, names
    are looked through instead.
    """
    if not kinds:
        return []
    try:
        ranker, found = _sought(text, audience=audience, kinds=kinds, limit=max(limit, _FEWEST), without=without)
    except _AwayError:
        return _by_names(text, audience, kinds, limit)
    by_kind: dict[str, list[Found]] = {kind: [] for kind in kinds}
    for hit in _ranked(ranker, found):
        if len(by_kind[hit.kind]) < limit:
            by_kind[hit.kind].append(hit)
    return [hit for listed in by_kind.values() for hit in listed]


def pool(text: str, *, audience: str = "staff", kinds: Sequence[str] = ()) -> tuple[list[str], Signs]:
    """Return the candidates for a text with their signs: what judged queries are learned from."""
    ranker, found = _sought(text, audience=audience, kinds=kinds, limit=_FEWEST)
    return [ranker.postings.ids[row] for row in found.rows], found.signs


def often(forms: Collection[str], *, audience: str = "staff") -> dict[str, float]:
    """Return the share of the entries that have each word; nothing while no index can be read, or of too few entries to tell."""
    try:
        return _open(audience).often(sorted(forms))
    except (OSError, ValueError):
        return {}


def _sought(  # noqa: PLR0913  a search has that many sides
    text: str, *, audience: str, kinds: Sequence[str], limit: int, without: Collection[str] = (), narrow: Sequence[str] = ()
) -> tuple[Ranker, Pool]:  # fmt: skip
    """Return the ranker and its candidates. Raises _AwayError where none can be read: it is then being mended."""
    text = text[:MAX_LENGTH]

    def expand(asked: str) -> list[tuple[str, ...]]:
        return synonyms.current().added(words(asked), without=without)

    for is_last in (False, True):
        try:
            ranker = _open(audience)
            return ranker, ranker.pool(text, kinds=kinds or narrow, limit=limit, expand=expand)
        except (OSError, ValueError):
            if is_last:
                break
            _log.warning("the search index cannot be read and is being rebuilt", exc_info=True)
            _mend()
    raise _AwayError


def _by_names(text: str, audience: str, kinds: Sequence[str], limit: int) -> list[Found]:
    return [Found(*one) for one in mending.by_names(text, audience=audience, kinds=kinds, limit=limit)]


def _ranked(ranker: Ranker, found: Pool) -> list[Found]:
    """Return what shares words with the text, or is near enough to it in meaning; best first, equal ones by id."""
    near = np.maximum(found.signs["near"], found.signs["near_title"])
    kept = np.flatnonzero(found.told | (near >= NEAR_ENOUGH))
    if not len(kept):
        return []
    score = (learned.model() or ranker.model).score(found.signs)[kept].astype(float)
    low = float(score.min()) - _FLOOR
    share = (score - low) / (float(score.max()) - low)
    names, rows = ranker.postings, found.rows[kept]
    hits = (Found(names.ids[row], str(names.kinds[row]), *told) for row, *told in zip(rows, share.tolist(), near[kept].tolist(), strict=True))
    return sorted(hits, key=lambda hit: (-round(hit.score, 4), hit.id))


def ensure() -> None:
    """See that the index is as new as the entries; never waits for a long build, nor fails where the disk does."""
    known = state()
    if known is None:
        _mend()
    elif not _is_current(known):
        follow()


def _mend() -> None:
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


def forget() -> None:
    """Close this process's handles (when the home changes, and before a fork)."""
    with _guard:
        _opened.clear()


def _open(audience: str) -> Ranker:
    """Return this process's handle, reopened when the state names another folder or generation.

    What is open stays good while the state or its files are gone. Raises OSError or ValueError when nothing can be read.
    """
    known = state()
    made = enrich.stamp(encoder) if (encoder := encoders.encoder()) is not None else 0
    with _guard:
        kept = _opened.get(audience)
        if known is None and kept is not None:
            return kept[3]
        if known is None:
            raise FileNotFoundError(f"{home()}: no index")
        if kept is None or kept[:3] != (known.folder, known.generation, made):
            opened = half.ranker(home() / known.folder, audience, known.generation)
            opened = opened.with_encoded(enrich.encoded_for(opened.postings.ids))
            kept = (known.folder, known.generation, made, opened)
            _opened[audience] = kept
        return kept[3]


def _rebuild() -> int:
    before = state()
    folder = home() / f"build-{uuid4().hex[:12]}"
    pending = _pending()
    entries = Entry.objects.filter(withdrawn_on__isnull=True)
    generation = (before.generation if before else 0) + 1
    _begin(folder, entries)
    count = _add(folder, entries, half.Change(0, generation))
    _write(folder.name, pending, count, generation)
    for old in home().glob("build-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return count


def _catch_up() -> None:
    """Put the changes in. What needs building anew is built at once only where that is quick; the old one serves meanwhile."""
    known = state()
    pending = _pending()
    if known is None or pending.database != known.database or pending.xmin < known.xmin:
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
        _write(known.folder, pending, count, known.generation + 1)


def _build_anew() -> None:
    if mending.is_small():
        _rebuild()
    else:
        mending.in_background(rebuild)


def _replace(known: State, changed: Sequence[str]) -> int | None:
    """Put the changed entries in; returns how many there are now, or None when the index holds another number."""
    folder, generation = home() / known.folder, known.generation + 1
    entries = Entry.objects.filter(withdrawn_on__isnull=True, id__in=changed)
    _add(folder, entries, half.Change(known.generation, generation, changed))
    if any(half.is_worn(folder, audience, generation) for audience in AUDIENCES):
        return None
    count = Entry.objects.filter(withdrawn_on__isnull=True).count()
    return count if half.count(folder, "staff", generation) == count else None


def _begin(folder: Path, entries: QuerySet[Entry]) -> None:
    """Make empty halves that know what their entries have in common; the public one learns from public entries only."""
    for audience in AUDIENCES:
        own = entries if audience == "staff" else entries.filter(is_public=True)
        sample = analysed(_document(entry) for entry in own.order_by("text_hash")[:_MOST_SAMPLED].iterator(chunk_size=_BLOCK))
        half.make(folder, audience, learn_prior(sample))


def _add(folder: Path, entries: QuerySet[Entry], change: half.Change) -> int:
    """Put entries into both halves, in place of those replaced. Returns how many."""
    half.put(folder, "public", _blocks(entries.filter(is_public=True)), change)
    return half.put(folder, "staff", _blocks(entries), change)


def _blocks(entries: QuerySet[Entry]) -> Iterator[list[tuple[Document, Terms]]]:
    block: list[Document] = []
    for entry in entries.iterator(chunk_size=_BLOCK):
        block.append(_document(entry))
        if len(block) == _BLOCK:
            yield analysed(block)
            block = []
    if block:
        yield analysed(block)


def _document(entry: Entry) -> Document:
    """Return what an entry is found by. Its text is what its keeper gave for that, nothing else of it is read."""
    return Document(entry.id, entry.name, f"{entry.summary}\n{entry.text}", entry.kind)


def _write(folder: str, pending: _Pending, entries: int, generation: int) -> None:
    """Name the folder in the state file in one step: readers see the old state or the new one."""
    new = State(_FORMAT, pending.database, folder, pending.xmin, pending.changes, entries, generation)
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


def _is_current(known: State) -> bool:
    now = _pending(known.xmin)
    is_same = now.database == known.database and now.xmin >= known.xmin
    return is_same and (now.changes, now.entries) == (known.seen, known.entries)


def _pending(since: int | None = None) -> _Pending:
    """Return the database's identity, the oldest open transaction, the changes from ``since`` on, and the entries.

    Without ``since`` the changes are those from the oldest open transaction on: asked before the entries are read, so
    that a change committed meanwhile counts as not seen.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PENDING, {"since": since})
        return _Pending(*cursor.fetchone())
