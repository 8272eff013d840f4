"""Entries into both halves of the index: read, analysed once, put into each; what the public may not see into one only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from renkei.matching import half
from renkei.matching.digest import BLOCK, Digest, digest
from renkei.matching.models import Entry
from renkei.matching.postings import prior_of
from renkei.matching.terms import Document, analysed

AUDIENCES = ("public", "staff")
_MOST_SAMPLED = 5_000  # entries that tell what entries have in common


def begin(folder: Path, entries: QuerySet[Entry]) -> None:
    """Make empty halves that know what their entries have in common; the public one learns from public entries only."""
    for audience in AUDIENCES:
        own = entries if audience == "staff" else entries.filter(is_public=True)
        half.make(folder, audience, prior_of([block for block, _public in blocks(own.order_by("text_hash")[:_MOST_SAMPLED])]))


def add(folder: Path, entries: QuerySet[Entry], change: half.Change) -> int:
    """Put entries into both halves, in place of those replaced. Returns how many."""
    count = 0
    with half.writing(folder, "public", change) as public, half.writing(folder, "staff", change) as staff:
        for block, is_public in blocks(entries):
            public.add(block.taken(is_public))
            staff.add(block)
            count += len(block)
    return count


def blocks(entries: QuerySet[Entry]) -> Iterator[tuple[Digest, NDArray[np.bool_]]]:
    """Yield entries as numbers, and which of them are public."""
    read = entries.only("id", "kind", "name", "summary", "text", "text_hash", "is_public")
    block: list[Entry] = []
    for entry in read.iterator(chunk_size=BLOCK):
        block.append(entry)
        if len(block) == BLOCK:
            yield _digested(block)
            block = []
    if block:
        yield _digested(block)


def _digested(block: Sequence[Entry]) -> tuple[Digest, NDArray[np.bool_]]:
    return digest(analysed(map(_document, block))), np.array([one.is_public for one in block], dtype=bool)


def _document(entry: Entry) -> Document:
    """Return what an entry is found by. Its text is what its keeper gave for that, nothing else of it is read."""
    return Document(entry.id, entry.name, f"{entry.summary}\n{entry.text}", entry.kind, entry.text_hash)
