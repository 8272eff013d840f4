"""What entries speak of, kept on this node's disk: to read an entry for it costs milliseconds, and a proposal asks it of some 160.

Kept by everything the plan says and by the text itself, both as digests: nothing has to be forgotten when either changes, and no
text can be read from the file. Several processes may read and write it at once. Whoever cannot goes on without; a damaged file is
thrown away. It is not filled when the index is built: that would take ten times as long, mostly for entries nobody asks for. No
database here.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

import numpy as np

from renkei.matching import vectors
from renkei.matching.knowledge import Knowledge, knowledge_of

Told = tuple[tuple[float, ...], tuple[float, ...]]
_FORMAT = 1  # a new number where the same text would be read otherwise
_MOST_PAGES = 50_000  # of 4,096 bytes: a file that holds more is emptied
_MOST_KEPT = 20_000  # texts whose reading is kept in memory
_PATIENCE = 0.1  # seconds that are waited for another process
_log = logging.getLogger("renkei.matching")
_kept: dict[tuple[int, str], Told] = {}


def spoken_of(known: Knowledge, texts: Sequence[str], *, place: Path, tell: Callable[[str], Told]) -> list[Told]:
    """Return what is told of each text: from memory, from the file at ``place``, else by ``tell``, and then kept."""
    wanted = dict.fromkeys(texts)
    found = {text: one for text in wanted if (one := _kept.get((known.version, text))) is not None}
    lacking = [text for text in wanted if text not in found]
    if lacking:
        mark = _mark(known.version, bool(vectors.missing()))
        held = _read(place, mark, lacking, len(known.services))
        new = {text: tell(text) for text in lacking if text not in held}
        if new:
            _write(place, mark, new)
        if len(_kept) + len(lacking) > _MOST_KEPT:
            _kept.clear()
        found |= held | new
        _kept.update({(known.version, text): found[text] for text in lacking})
    return [found[text] for text in texts]


def forget() -> None:
    """Empty what is kept in memory."""
    _kept.clear()


@lru_cache(maxsize=8)
def _mark(number: int, is_without_vectors: bool) -> bytes:
    """Return a digest of all that a reading depends on beside the text."""
    known = knowledge_of(number)
    said = [_FORMAT, is_without_vectors, version("sudachidict-core"), list(known.services), known.content.raw]
    return _digest(json.dumps(said, sort_keys=True, ensure_ascii=False, default=str))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _read(place: Path, mark: bytes, texts: Sequence[str], services: int) -> dict[str, Told]:
    if not place.is_file():
        return {}
    by_digest = {_digest(text): text for text in texts}
    marks = ", ".join("?" * len(by_digest))
    try:
        with closing(sqlite3.connect(place, timeout=_PATIENCE)) as file:
            rows = file.execute(f"SELECT text, told FROM spoken WHERE mark = ? AND text IN ({marks})", [mark, *by_digest]).fetchall()
    except sqlite3.Error as error:
        _amiss(place, error)
        return {}
    found = {}
    for digest, data in rows:
        if isinstance(data, bytes) and len(data) == services * 16:
            near, cues = np.frombuffer(data, dtype=np.float64).reshape(2, -1).tolist()
            found[by_digest[digest]] = tuple(near), tuple(cues)
    return found


def _write(place: Path, mark: bytes, new: Mapping[str, Told]) -> None:
    rows = [(mark, _digest(text), np.array(one, dtype=np.float64).tobytes()) for text, one in new.items()]
    try:
        with closing(sqlite3.connect(place, timeout=_PATIENCE)) as file, file:
            file.execute("CREATE TABLE IF NOT EXISTS spoken (mark BLOB, text BLOB, told BLOB, PRIMARY KEY (mark, text)) WITHOUT ROWID")
            pages, free = (int(file.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count"))
            if pages - free > _MOST_PAGES:
                file.execute("DELETE FROM spoken")
            file.executemany("INSERT OR REPLACE INTO spoken VALUES (?, ?, ?)", rows)
    except sqlite3.Error as error:
        _amiss(place, error)


def _amiss(place: Path, error: sqlite3.Error) -> None:
    """Go on without the file; throw it away where it is damaged, leave it where another holds it or nobody has written yet."""
    if isinstance(error, sqlite3.OperationalError):
        _log.info("%s is not at hand: %s", place, error)
        return
    _log.warning("%s is begun anew: %s", place, error)
    for path in (place.with_name(f"{place.name}-journal"), place):  # a journal left behind would be played back into the next file
        with suppress(OSError):
            path.unlink(missing_ok=True)
