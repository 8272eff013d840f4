"""The search index: derived from the entries, on this node's disk, rebuilt whenever it cannot be trusted.

Two tantivy indexes: ``public`` and ``staff``. One process writes at a time (a lock on a file); the others open what
the state file names. Changes come from ``EntryChange``: rows of transactions that were still open at the last refresh
are met again at the next one, so nothing is missed, and meeting a change twice does no harm.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import tantivy
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from renkei.matching import synonyms
from renkei.matching.models import Entry
from renkei.matching.words import content_forms, pairs, words

AUDIENCES = ("public", "staff")
_FORMAT = 3  # a new number makes every node rebuild
_MOST_TERMS = 160
_NAME, _PAIRS = 0.6, 0.25
_log = logging.getLogger("renkei.matching")
_guard = threading.Lock()
_opened: dict[str, tuple[str, int, tantivy.Index]] = {}
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
    with _writer(wait=False) as held:
        if held:
            _catch_up()


def follow() -> None:
    """Refresh after a commit. A fault here must not look like a failed save: the next reader mends the index."""
    try:
        refresh()
    except (OSError, ValueError):
        _log.warning("the search index could not follow; the next search will mend it", exc_info=True)


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked for: the text's own words, the words that mean the same, its pairs of characters."""

    terms: Sequence[str]
    alike: Sequence[tuple[str, ...]]
    grams: Sequence[str]


def find(text: str, *, audience: str, kinds: Sequence[str], limit: int) -> list[Found]:
    """Return the best entries of the kinds for a text, best first; mends the index first where it must."""
    return _found(_sought(text, ()), audience=audience, kinds=kinds, limit=limit)


def find_by_kind(
    text: str, *, audience: str, kinds: Sequence[str], limit: int, without: Collection[str] = ()
) -> list[Found]:
    """Return the best ``limit`` entries of each kind; the text is analysed once. ``without`` leaves out synonyms."""
    sought = _sought(text, without)
    return [hit for kind in kinds for hit in _found(sought, audience=audience, kinds=[kind], limit=limit)]


def _sought(text: str, without: Collection[str]) -> _Sought:
    units = words(text)
    terms = dict.fromkeys(unit.form for unit in units if unit.is_content)
    alike = synonyms.current().added(units, without=without)
    return _Sought(list(terms)[:_MOST_TERMS], alike[:_MOST_TERMS], list(dict.fromkeys(pairs(text)))[:_MOST_TERMS])


def _found(sought: _Sought, *, audience: str, kinds: Sequence[str], limit: int) -> list[Found]:
    query = _query(sought, kinds)
    if query is None:
        return []
    try:
        return _search(query, audience, limit)
    except (OSError, ValueError):
        _log.warning("the search index is damaged and is being rebuilt", exc_info=True)
        rebuild()
        return _search(query, audience, limit)


def ensure() -> None:
    """See that there is an index as new as the entries: build the missing one, catch up with changes."""
    known = state()
    if known is None:
        rebuild()
    elif not _is_current(known):
        refresh()


def forget() -> None:
    """Close this process's handles (when the home changes, and before a fork)."""
    with _guard:
        _opened.clear()


def _search(query: Any, audience: str, limit: int) -> list[Found]:
    searcher = _open(audience).searcher()
    found = []
    for score, address in searcher.search(query, limit).hits:
        document = searcher.doc(address)
        found.append(Found(str(document.get_first("id")), str(document.get_first("kind")), float(score)))
    return sorted(found, key=lambda hit: (-round(hit.score, 4), hit.id))


def _query(sought: _Sought, kinds: Sequence[str]) -> Any:
    schema, make = _schema(), tantivy.Query
    weighed = [("words", term, 1.0) for term in sought.terms]
    weighed += [("name", term, _NAME) for term in sought.terms]
    weighed += [("pairs", gram, _PAIRS) for gram in sought.grams]
    if not weighed:
        return None
    parts = [
        (tantivy.Occur.Should, make.boost_query(make.term_query(schema, name, term), weight))
        for name, term, weight in weighed
    ]
    parts += [(tantivy.Occur.Should, make.boost_query(_all_of(forms), synonyms.WEIGHT)) for forms in sought.alike]
    wanted = [(tantivy.Occur.Should, make.const_score_query(make.term_query(schema, "kind", k), 0.0)) for k in kinds]
    both = [(tantivy.Occur.Must, make.boolean_query(parts))]
    return make.boolean_query([*both, (tantivy.Occur.Must, make.boolean_query(wanted))] if wanted else both)


def _all_of(forms: Sequence[str]) -> Any:
    """Return the query for a word that means the same; one of several words counts as the mean of them, and only whole."""
    parts = [(tantivy.Occur.Must, tantivy.Query.term_query(_schema(), "words", form)) for form in forms]
    return tantivy.Query.boost_query(tantivy.Query.boolean_query(parts), 1 / len(forms))


def _open(audience: str) -> tantivy.Index:
    """Return this process's handle, reopened when the state names another folder or generation."""
    known = state()
    if known is None:
        rebuild()
        known = state()
    assert known is not None  # noqa: S101  just written
    with _guard:
        kept = _opened.get(audience)
        if kept is None or kept[:2] != (known.folder, known.generation):
            opened = tantivy.Index.open(str(home() / known.folder / audience))
            kept = (known.folder, known.generation, opened)
            _opened[audience] = kept
        return kept[2]


def _rebuild() -> int:
    before = state()
    folder = home() / f"build-{uuid4().hex[:12]}"
    pending = _pending()
    entries = Entry.objects.filter(withdrawn_on__isnull=True)
    for audience in AUDIENCES:
        (folder / audience).mkdir(parents=True)
    count = _add({name: tantivy.Index(_schema(), path=str(folder / name)) for name in AUDIENCES}, entries)
    _write(folder.name, pending, count, (before.generation if before else 0) + 1)
    for old in home().glob("build-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return count


def _catch_up() -> None:
    known = state()
    pending = _pending()
    if known is None or pending.database != known.database or pending.xmin < known.xmin:
        _rebuild()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT entry FROM matching_entrychange WHERE tx >= %s", [known.xmin])
        changed = [entry for (entry,) in cursor.fetchall()]
    if len(changed) < known.seen:  # an indexed change was rolled back: what it replaced is no longer known
        _rebuild()
        return
    try:
        count = _replace(known, list(dict.fromkeys(changed)))
    except (OSError, ValueError):
        _log.warning("the search index is damaged and is being rebuilt", exc_info=True)
        count = None
    if count is None:
        _rebuild()
    else:
        _write(known.folder, pending, count, known.generation + 1)


def _replace(known: State, changed: Sequence[str]) -> int | None:
    """Put the changed entries in; returns how many there are now, or None when the index holds another number."""
    entries = Entry.objects.filter(withdrawn_on__isnull=True, id__in=changed)
    _add({name: tantivy.Index.open(str(home() / known.folder / name)) for name in AUDIENCES}, entries, changed)
    opened = tantivy.Index.open(str(home() / known.folder / "staff"))
    count = Entry.objects.filter(withdrawn_on__isnull=True).count()
    return count if opened.searcher().num_docs == count else None


def _add(indexes: dict[str, tantivy.Index], entries: QuerySet[Entry], replaced: Sequence[str] = ()) -> int:
    """Put entries into both indexes, in place of those ``replaced``; each entry is analysed once. Returns how many."""
    writers = {name: one.writer(heap_size=30_000_000, num_threads=1) for name, one in indexes.items()}
    for writer in writers.values():
        for entry_id in replaced:
            writer.delete_documents_by_term("id", entry_id)
    count = 0
    for count, entry in enumerate(entries.iterator(chunk_size=500), 1):  # noqa: B007  the number is the answer
        document = _document(entry)
        for name, writer in writers.items():
            if entry.is_public or name == "staff":
                writer.add_document(document)
    for writer in writers.values():
        writer.commit()
        writer.wait_merging_threads()
    return count


def _document(entry: Entry) -> tantivy.Document:
    """Return what an entry is found by. Its text is what its keeper gave for that, nothing else of it is read."""
    text = f"{entry.name}\n{entry.summary}\n{entry.text}"
    return tantivy.Document(
        id=entry.id,
        kind=entry.kind,
        name=" ".join(content_forms(entry.name)),
        words=" ".join(content_forms(text)),
        pairs=" ".join(pairs(text)),
    )


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("name", "words", "pairs"):
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _write(folder: str, pending: _Pending, entries: int, generation: int) -> None:
    """Name the folder in the state file in one step: readers see the old state or the new one."""
    new = State(_FORMAT, pending.database, folder, pending.xmin, pending.changes, entries, generation)
    draft = home() / f"state-{os.getpid()}.tmp"
    draft.write_text(json.dumps(asdict(new)), encoding="utf-8")
    draft.replace(home() / "state.json")


@contextmanager
def _writer(*, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of the one writer of this node; yields False when it is taken and we do not wait."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
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
