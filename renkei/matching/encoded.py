"""The vectors of a plugged-in encoder as a ranker reads them: whole numbers, one row a text, followed as they come in.

A process keeps each vector once, whichever half or generation of the index asks. A half keeps which texts its rows have; since rows
are only appended, a question after a change reads what is new and nothing else. None of it is the truth: the database's table is.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from renkei.matching import encoders, everything
from renkei.matching.columns import Rows, Vectors, vectors_of
from renkei.matching.encoders import Encoder
from renkei.matching.enrich import chunks, texts_of
from renkei.matching.postings import Postings
from renkei.matching.ranking import Encoded
from renkei.matching.textvectors import TextVector

MOST = 150_000  # entries: beyond, a search goes without the encoder, whose vectors would not fit beside everything else
_AT_ONCE = 500
_OVERLAP = 1_000  # of two that are made at once the later key may be committed first
Half = tuple[str, str]  # the folder of an index, and its audience


class Store:
    """The vectors of one encoder in this process's memory, found by the hash of their text; the first is all noughts."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.last = 0
        self._places: dict[str, int] = {}
        self._vectors = vectors_of(np.zeros((1, 1, encoder.width), dtype=np.float32))
        self._hashes: dict[Half, tuple[list[str], list[str]]] = {}

    def follow(self) -> None:
        """Read the vectors that have come in since the last time."""
        come: list[Any] = []
        kept = TextVector.objects.filter(model=self.encoder.name, version=self.encoder.version, pk__gt=self.last - _OVERLAP).order_by("pk")
        for pk, text_hash, vector in kept.values_list("pk", "text_hash", "vector").iterator():
            self.last = max(self.last, pk)
            values = np.frombuffer(bytes(vector), dtype=np.float16)
            if text_hash not in self._places and values.shape == (self.encoder.width,):
                self._places[text_hash] = len(self._vectors.numbers) + len(come)
                come.append(values)
        if come:
            new = vectors_of(np.array(come, dtype=np.float32)[:, None])
            self._vectors = Vectors(*(np.concatenate([old, more]) for old, more in zip(self._vectors, new, strict=True)))

    def of(self, postings: Postings, half: Half | None) -> Encoded:
        """Return the vectors of the rows of postings; of a ``half`` only rows that were not asked for before are looked up."""
        titles, wholes = ([], []) if half is None else self._hashes_of(half)
        new = [name for name, _kind, _mark in postings.named(range(len(titles), postings.extent.rows))]
        for some in chunks(new, _AT_ONCE):
            told = {one.id: [encoders.key(self.encoder, text)[2] for text in texts_of(one)] for one in everything.texts(some)}
            for id_ in some:
                title, whole = told.get(id_, ("", ""))
                titles.append(title)
                wholes.append(whole)
        return Encoded(self.encoder, self._vectors, self.places(titles), self.places(wholes))

    def places(self, hashes: Sequence[str]) -> Rows:
        """Return where the vectors of texts stand, the first (noughts) where none is made yet."""
        return np.array([self._places.get(one, 0) for one in hashes], dtype=np.int64)

    def _hashes_of(self, half: Half) -> tuple[list[str], list[str]]:
        if half not in self._hashes:
            self._hashes = {kept: told for kept, told in self._hashes.items() if kept[0] == half[0]}
            self._hashes[half] = ([], [])
        return self._hashes[half]


_stores: list[Store] = []
_guard = threading.Lock()


def encoded_for(postings: Postings, half: Half | None = None) -> Encoded | None:
    """Return the plugged-in encoder with the vectors of these rows; None without one, and beyond ``MOST`` rows."""
    found = encoders.encoder()
    if found is None or postings.extent.rows > MOST:
        return None
    with _guard:
        store = _stores[0] if _stores and _stores[0].encoder is found else Store(found)
        _stores[:] = [store]
        store.follow()
        return store.of(postings, half)


def forget() -> None:
    """Forget what this process has read (when it is to read another database)."""
    _stores.clear()
