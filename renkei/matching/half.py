"""One audience's half of the index on disk: the inverted index, and the postings beside it. No database here.

The postings' extent is kept a file a generation, written before the state names that generation: a reader of an older
state reads the older extent, and a crash in between leaves files that the next writer cuts off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from renkei.matching import lexical, sums
from renkei.matching.digest import Digest
from renkei.matching.meaning import Alike, Prior
from renkei.matching.postings import Extent, Postings, PostingsWriter
from renkei.matching.ranking import Expand, Ranker

_KEPT = 2  # generations of extents kept: readers may still be at the one before


def make(folder: Path, audience: str, prior: Prior, alike: Alike | None = None) -> None:
    """Make an empty half; a large one is given which words are alike, else that is told when they are asked for."""
    lexical.make(folder / audience)
    writer = PostingsWriter(_postings(folder, audience), prior=prior, alike=alike)
    _write_extent(folder, audience, 0, writer.extent)


class Change(NamedTuple):
    """From one generation to the next; the ids whose documents are replaced."""

    old: int
    new: int
    replaced: Sequence[str] = ()


class Writer:
    """Puts blocks into both parts of a half."""

    def __init__(self, rows: PostingsWriter, words: lexical.Writer) -> None:
        self._rows, self._words = rows, words

    def add(self, block: Digest) -> None:
        """Put a block in."""
        if len(block):
            self._rows.add_block(block)
            self._words.add(block)

    def flush(self) -> None:
        """Sort what waits: the long part of the end, which needs nobody else."""
        self._words.flush()


@contextmanager
def writing(folder: Path, audience: str, change: Change) -> Iterator[Writer]:
    """Give a writer for what comes in the place of what is replaced; at the end all is kept under the new generation.

    Raises OSError or ValueError when the half is damaged.
    """
    old, new, replaced = change
    index = lexical.opened(folder / audience, old)
    extent = _extent(folder, audience, old)
    if index.parts.rows != extent.rows:
        raise ValueError(f"{folder}/{audience}: {index.parts.rows} documents, {extent.rows} rows")
    rows = PostingsWriter(_postings(folder, audience), extent)
    if replaced:
        rows.bury(rows.rows_of(replaced))
    with lexical.writing(index, new) as words:
        yield Writer(rows, words)
    rows.count()
    _write_extent(folder, audience, new, rows.extent)
    sums.write(_postings(folder, audience), (folder / audience, _postings(folder, audience)), old, new)


def count(folder: Path, audience: str, generation: int) -> int:
    """Return how many documents both parts hold. Raises ValueError when they disagree."""
    held = lexical.opened(folder / audience, generation).parts.rows
    rows, dead, _names = _extent(folder, audience, generation)
    if rows != held:
        raise ValueError(f"{folder}/{audience}: {held} documents, {rows} rows")
    return rows - dead


def is_worn(folder: Path, audience: str, generation: int) -> bool:
    """Tell whether more rows are dead than alive, so that building anew is worth it."""
    rows, dead, _names = _extent(folder, audience, generation)
    return dead > 200 and dead * 2 > rows


def ranker(folder: Path, audience: str, generation: int, expand: Expand | None = None) -> Ranker:
    """Open a half for reading. Raises OSError or ValueError when it is damaged."""
    index = lexical.opened(folder / audience, generation)
    extent = _extent(folder, audience, generation)
    if index.parts.rows != extent.rows:
        raise ValueError(f"{folder}/{audience}: {index.parts.rows} documents, {extent.rows} rows")
    return Ranker(Postings(_postings(folder, audience), extent), index, expand=expand)


def size(folder: Path) -> int:
    """Return how many bytes the files of both halves have."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def look_through(folder: Path, audience: str, generation: int) -> tuple[int, list[str]]:
    """Read a half once, so that its pages lie in memory when they are asked for; return the bytes, and what is not as it was written.

    Mapped files come from the disk page by page, and a question asks for hundreds.
    """
    return sums.look_through(_postings(folder, audience), generation)


def _postings(folder: Path, audience: str) -> Path:
    return folder / f"{audience}-postings"


def _extent(folder: Path, audience: str, generation: int) -> Extent:
    told = json.loads((_postings(folder, audience) / f"extent-{generation}.json").read_text(encoding="utf-8"))
    if not isinstance(told, list) or len(told) != 3 or not all(isinstance(one, int) and one >= 0 for one in told):
        raise ValueError(f"{folder}/{audience}: no extent of generation {generation}")
    return Extent(*told)


def _write_extent(folder: Path, audience: str, generation: int, extent: Extent) -> None:
    place = _postings(folder, audience)
    draft = place / f"extent-{os.getpid()}.tmp"
    draft.write_bytes(json.dumps(list(extent)).encode())
    draft.replace(place / f"extent-{generation}.json")
    numbers = sorted(int(path.stem.removeprefix("extent-")) for path in place.glob("extent-*.json"))
    for number in numbers[:-_KEPT]:
        (place / f"extent-{number}.json").unlink(missing_ok=True)
