"""Analysed documents as numbers, a block at a time: what the postings and the inverted index are both made of.

A term has a key of 54 bits. Its lower bits are its place among the ``SPACE`` numbers of the postings, all of it is what the
inverted index finds it by, where two terms in one place would find what does not hold the word. No database here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.meaning import Bag
from renkei.matching.terms import FIELDS, SPACE, Document, Numbers, Terms

Keys = NDArray[np.int64]
WITH_ROWS = ("words", "title")  # fields whose terms also know their row in the table of word vectors
BLOCK = 500  # documents of a block; their numbers must go into nine bits
_BITS = 54
_MOST_KEYS = 400_000


@dataclass(frozen=True, slots=True)
class Flat:
    """One field of a block: how many different terms each document has, their keys, how often each, and all terms counted.

    ``near`` is each term's row in the table of word vectors, ``general`` its share of all text; both only in ``WITH_ROWS``.
    """

    sizes: Keys
    keys: Keys
    counts: NDArray[np.int32]
    lengths: NDArray[np.float32]
    near: Numbers
    general: NDArray[np.float32]

    @property
    def places(self) -> Numbers:
        """Return each term's number in the postings."""
        return (self.keys & (SPACE - 1)).astype(np.int32)

    @property
    def bag(self) -> Bag:
        """Return the field as its meaning is told from (only of ``WITH_ROWS``)."""
        return Bag(self.sizes, self.places, self.counts, self.near, self.general)

    def taken(self, mask: NDArray[np.bool_]) -> Flat:
        """Return the field of the documents that the mask names."""
        own = np.repeat(mask, self.sizes)
        with_rows = len(self.near) > 0
        return Flat(
            self.sizes[mask], self.keys[own], self.counts[own], self.lengths[mask],
            self.near[own] if with_rows else self.near, self.general[own] if with_rows else self.general,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Digest:
    """A block: id, kind and mark of each document, the different words of each, and its fields."""

    names: list[tuple[str, str, str]]
    forms: list[str]
    fields: Mapping[str, Flat]

    def __len__(self) -> int:
        return len(self.names)

    def taken(self, mask: NDArray[np.bool_]) -> Digest:
        """Return the documents that the mask names."""
        if mask.all():
            return self
        kept = np.flatnonzero(mask).tolist()
        fields = {name: flat.taken(mask) for name, flat in self.fields.items()}
        return Digest([self.names[at] for at in kept], [self.forms[at] for at in kept], fields)


class _Keys(dict[str, int]):
    """The key of each term met lately."""

    def __missing__(self, term: str) -> int:
        if len(self) > _MOST_KEYS:
            self.clear()
        data = term.encode()
        told = int.from_bytes(blake2b(data, digest_size=8).digest(), "little") & ((1 << _BITS) - SPACE)
        found = self[term] = told | (zlib.crc32(data) & (SPACE - 1))
        return found


_known = _Keys()


def keys_of(terms: Iterable[str]) -> Keys:
    """Return the key of each term."""
    return np.fromiter(map(_known.__getitem__, terms), dtype=np.int64)


def digests(documents: Sequence[tuple[Document, Terms]]) -> list[Digest]:
    """Return analysed documents as blocks of numbers."""
    return [digest(documents[at : at + BLOCK]) for at in range(0, len(documents), BLOCK)]


def digest(documents: Sequence[tuple[Document, Terms]]) -> Digest:
    """Return a block of at most 500 analysed documents as numbers."""
    listed = [terms.by_field for _one, terms in documents]
    return Digest(
        [(one.id, one.kind, one.mark) for one, _terms in documents],
        [" ".join(dict.fromkeys(fields["words"])) for fields in listed],
        {name: _flat([fields[name] for fields in listed], with_rows=name in WITH_ROWS) for name in FIELDS},
    )


def _flat(listed: Sequence[Sequence[str]], *, with_rows: bool) -> Flat:
    lengths = np.fromiter(map(len, listed), dtype=np.int64, count=len(listed))
    keys = keys_of(chain.from_iterable(listed))
    owned = (np.repeat(np.arange(len(listed), dtype=np.uint64), lengths) << np.uint64(_BITS)) | keys.astype(np.uint64)
    if with_rows:
        found, first, counts = np.unique(owned, return_index=True, return_counts=True)
        terms = list(chain.from_iterable(listed))
        near, general = meaning.known_of([terms[at] for at in first.tolist()])
    else:
        found, counts = np.unique(owned, return_counts=True)
        near, general = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    sizes = np.bincount((found >> np.uint64(_BITS)).astype(np.int64), minlength=len(listed))
    keys = (found & np.uint64((1 << _BITS) - 1)).astype(np.int64)
    return Flat(sizes, keys, counts.astype(np.int32), lengths.astype(np.float32), near, general)
