"""One audience's half of the index on disk: the inverted index, and the postings beside it. No database here.

The postings' extent is kept a file a generation, written before the state names that generation: a reader of an older
state reads the older extent, and a crash in between leaves files that the next writer cuts off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import tantivy

from renkei.matching import lexical
from renkei.matching.meaning import Prior
from renkei.matching.postings import Extent, Postings, PostingsWriter
from renkei.matching.ranking import Expand, Ranker
from renkei.matching.terms import Document, Terms

_KEPT = 2  # generations of extents kept: readers may still be at the one before


def make(folder: Path, audience: str, prior: Prior) -> None:
    """Make an empty half."""
    lexical.make(folder / audience)
    writer = PostingsWriter(_postings(folder, audience), prior=prior)
    _write_extent(folder, audience, 0, writer.extent)


class Change(NamedTuple):
    """From one generation to the next; the ids whose documents are replaced."""

    old: int
    new: int
    replaced: Sequence[str] = ()


def put(folder: Path, audience: str, blocks: Iterable[Sequence[tuple[Document, Terms]]], change: Change) -> int:
    """Put analysed documents in, in the place of those replaced, and keep the extent under the new generation.

    Returns how many were put in. Raises OSError or ValueError when the half is damaged.
    """
    old, new, replaced = change
    place = _postings(folder, audience)
    extent = _extent(folder, audience, old)
    writer = PostingsWriter(place, extent)
    if replaced:
        known = Postings(place, extent).row_of
        writer.bury([known[one] for one in replaced if one in known])
    with lexical.writing(lexical.opened(folder / audience)) as index:
        for one in replaced:
            index.delete_documents_by_term("id", one)
        for block in blocks:
            lexical.add(index, block)
            writer.add(block)
    _write_extent(folder, audience, new, writer.extent)
    return writer.extent.rows - extent.rows


def count(folder: Path, audience: str, generation: int) -> int:
    """Return how many documents both parts hold. Raises ValueError when they disagree."""
    held: int = lexical.opened(folder / audience).searcher().num_docs
    rows, dead, _names = _extent(folder, audience, generation)
    if rows - dead != held:
        raise ValueError(f"{folder}/{audience}: {held} documents, {rows - dead} rows")
    return held


def is_worn(folder: Path, audience: str, generation: int) -> bool:
    """Tell whether more rows are dead than alive, so that building anew is worth it."""
    rows, dead, _names = _extent(folder, audience, generation)
    return dead > 200 and dead * 2 > rows


def ranker(folder: Path, audience: str, generation: int, expand: Expand | None = None) -> Ranker:
    """Open a half for reading. Raises OSError or ValueError when it is damaged."""
    index: tantivy.Index = lexical.opened(folder / audience)
    return Ranker(Postings(_postings(folder, audience), _extent(folder, audience, generation)), index, expand=expand)


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
