"""Entries into both halves of the index: read, analysed once, put into each; what the public may not see into one only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from renkei.matching import half, meaning
from renkei.matching.analysing import numbers_of
from renkei.matching.digest import BLOCK, Digest
from renkei.matching.models import Entry
from renkei.matching.postings import prior_of
from renkei.matching.terms import Document

AUDIENCES = ("public", "staff")
_MANY = 3_000  # entries from which it is worth four seconds to know which words are alike
_MOST_SAMPLED = 5_000  # entries that tell what entries have in common
Part = tuple[Digest, NDArray[np.bool_]]


def begin(folder: Path, entries: QuerySet[Entry]) -> None:
    """Make empty halves that know what their entries have in common; the public one learns from public entries only."""
    alike = meaning.alike() if entries.count() >= _MANY else None
    ordered = entries.order_by("text_hash", "pk")
    sample = list(blocks(ordered[:_MOST_SAMPLED]))
    half.make(folder, "staff", prior_of([block for block, _public in sample]), alike)
    public = [block.taken(is_public) for block, is_public in sample]
    known = sum(map(len, public))  # the first of the public ones
    public += [block for block, _public in blocks(ordered.filter(is_public=True)[known:_MOST_SAMPLED])]
    half.make(folder, "public", prior_of(public), alike)


def add(folder: Path, entries: QuerySet[Entry], change: half.Change) -> int:
    """Put entries into both halves, in place of those replaced. Returns how many."""
    count = 0
    with half.writing(folder, "public", change) as public, half.writing(folder, "staff", change) as staff:
        for block, is_public in blocks(entries):
            public.add(block.taken(is_public))
            staff.add(block)
            count += len(block)
    return count


def blocks(entries: QuerySet[Entry]) -> Iterator[Part]:
    """Yield entries as numbers, and which of them are public."""
    told: list[NDArray[np.bool_]] = []
    for number, block in enumerate(numbers_of(_read(entries, told), count=entries.count())):
        yield block, told[number]


def _read(entries: QuerySet[Entry], told: list[NDArray[np.bool_]]) -> Iterator[list[Document]]:
    """Yield blocks of documents, and note which of them are public."""
    read = entries.values_list("id", "kind", "name", "summary", "text", "text_hash", "is_public")
    rows: list[tuple[str, str, str, str, str, str, bool]] = []
    for row in read.iterator(chunk_size=BLOCK * 4):
        rows.append(row)
        if len(rows) == BLOCK:
            told.append(np.array([one[-1] for one in rows], dtype=bool))
            yield list(map(_document, rows))
            rows = []
    if rows:
        told.append(np.array([one[-1] for one in rows], dtype=bool))
        yield list(map(_document, rows))


def _document(row: tuple[str, str, str, str, str, str, bool]) -> Document:
    """Return what an entry is found by. Its text is what its keeper gave for that, nothing else of it is read."""
    key, kind, name, summary, text, text_hash, _is_public = row
    return Document(key, name, f"{summary}\n{text}", kind, text_hash)
