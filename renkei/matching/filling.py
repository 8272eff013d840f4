"""Entries into both halves of the index: read, analysed once, put into each; what the public may not see into one only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renkei.matching import everything, half, meaning
from renkei.matching.analysing import numbers_of
from renkei.matching.digest import BLOCK, Digest
from renkei.matching.everything import Text
from renkei.matching.postings import prior_of
from renkei.matching.terms import Document

AUDIENCES = ("public", "staff")
_MANY = 3_000  # entries from which it is worth three seconds to know which words are alike
_MOST_SAMPLED = 5_000  # entries that tell what entries have in common
Part = tuple[Digest, NDArray[np.bool_]]


def begin(folder: Path) -> list[Part]:
    """Make empty halves that know what their entries have in common; the public one learns from public entries only.

    Returns the entries that told it, analysed: of a small catalogue all of them.
    """
    entries = everything.count()
    with ThreadPoolExecutor(1, thread_name_prefix="index-alike") as beside:  # it is the processor's work alone: the rest goes on
        told = beside.submit(meaning.alike) if entries >= _MANY else None
        sample = list(blocks(everything.sample(_MOST_SAMPLED), count=min(entries, _MOST_SAMPLED)))
        alike = told.result() if told is not None else None
    half.make(folder, "staff", prior_of([block for block, _public in sample]), alike)
    public = [block.taken(is_public) for block, is_public in sample]
    known = sum(map(len, public))  # the first of the public ones
    if known < _MOST_SAMPLED:
        more = everything.sample(_MOST_SAMPLED - known, is_public=True, after=known)
        public += [block for block, _public in blocks(more, count=min(entries, _MOST_SAMPLED) - known)]
    half.make(folder, "public", prior_of(public), alike)
    return sample


def add(folder: Path, ids: Sequence[str] | None, change: half.Change, *, done: Sequence[Part] = ()) -> int:
    """Put the entries of ids (all when None) into both halves, in place of those replaced. Returns how many.

    ``done`` are some of them that were analysed before. Whatever changed in them since, the next refresh brings.
    """
    count = 0
    told = {key for block, _public in done for key, _kind, _mark in block.names}
    rest = (one for one in everything.texts(ids) if one.id not in told)
    expected = (everything.count() if ids is None else len(ids)) - len(told)
    with half.writing(folder, "public", change) as public, half.writing(folder, "staff", change) as staff:
        for block, is_public in chain(done, blocks(rest, count=expected)):
            public.add(block.taken(is_public))
            staff.add(block)
            count += len(block)
        with ThreadPoolExecutor(2, thread_name_prefix="index-sorting") as side_by_side:
            list(side_by_side.map(half.Writer.flush, (public, staff)))
    return count


def blocks(entries: Iterable[Text], *, count: int) -> Iterator[Part]:
    """Yield entries, of which ``count`` are expected, as numbers, and which of them are public."""
    told: list[NDArray[np.bool_]] = []
    for number, block in enumerate(numbers_of(_read(entries, told), count=count)):
        yield block, told[number]


def _read(entries: Iterable[Text], told: list[NDArray[np.bool_]]) -> Iterator[list[Document]]:
    """Yield blocks of documents, and note which of them are public."""
    rows = iter(entries)
    while some := list(islice(rows, BLOCK)):
        told.append(np.array([one.is_public for one in some], dtype=bool))
        yield list(map(_document, some))


def _document(one: Text) -> Document:
    """Return what an entry is found by. Its text is what its keeper gave for that, nothing else of it is read."""
    return Document(one.id, one.name, f"{one.summary}\n{one.text}", one.kind, one.text_hash)
