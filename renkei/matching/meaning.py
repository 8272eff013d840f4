"""Meaning of a text by static word vectors: the weighted mean of its words, less what all texts have in common.

A word counts ``A / (A + p)`` where p is how common it is: in these documents, and in the table's own order, which lists
words by how often they are met, so that a small catalogue alone does not decide. Both, and the direction all documents
share (``Prior``), are told when an index is built and kept with it. Source: Arora, Liang, Ma (2017); docs/matching.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import loops, vectors
from renkei.matching.encoders import Matrix, Role
from renkei.matching.terms import SPACE, places

WIDTH = 300
_A = 1e-3
_GENERAL = 20_000  # the table's order counts like so many words of text
_ROWS_AT_ONCE = 500
_NEAR = 0.5  # words less alike than this say nothing about each other


@dataclass(frozen=True, slots=True)
class Prior:
    """What the documents of an index have in common: how often each word is met, and the direction they share."""

    often: NDArray[np.int32]
    common: Matrix

    def share(self, word: str, general: float) -> float:
        """Return how much of all text a word is, when it is ``general`` of general text."""
        met = int(self.often[zlib.crc32(word.encode()) & (SPACE - 1)])
        return (met + _GENERAL * general) / (self.total + _GENERAL)

    @property
    def total(self) -> int:
        """Return how many words were counted."""
        return int(self.often[-1])


def prior_of(listed: Sequence[Sequence[str]]) -> Prior:
    """Return the prior of documents' words."""
    often = np.zeros(SPACE + 1, dtype=np.int32)
    for words in listed:
        np.add.at(often, places(words), 1)
    often[-1] = sum(len(words) for words in listed)
    first = Prior(often, np.zeros(WIDTH, dtype=np.float32))
    return Prior(often, _common(means(listed, first)))


@dataclass(frozen=True, slots=True)
class Bag:
    """The words of many texts as numbers: how many different ones each has, their places, how often each is met.

    ``near`` is each word's row in the table, ``general`` its share of all text (``known_of``).
    """

    sizes: NDArray[np.int64]
    places: NDArray[np.int32]
    counts: NDArray[np.int32]
    near: NDArray[np.int32]
    general: NDArray[np.float32]


def prior_of_bags(bags: Sequence[Bag]) -> Prior:
    """Return the prior of the words of texts: as ``prior_of``, from numbers."""
    often = np.zeros(SPACE + 1, dtype=np.int32)
    for bag in bags:
        often[:SPACE] += np.bincount(bag.places, bag.counts, SPACE).astype(np.int32)
    often[-1] = often[:SPACE].sum()
    first = Prior(often, np.zeros(WIDTH, dtype=np.float32))
    listed = [means_of(bag, first) for bag in bags]
    return Prior(often, _common(np.concatenate(listed) if listed else np.zeros((0, WIDTH), dtype=np.float32)))


def means_of(bag: Bag, prior: Prior | None = None) -> Matrix:
    """Return the weighted mean of the words of each text, of length one: as ``means``, from numbers."""
    found = np.zeros((len(bag.sizes), WIDTH), dtype=np.float32)
    table = vectors.table()
    known = np.flatnonzero(bag.near >= 0)
    if table is None or not len(known):
        return found
    share = bag.general[known]
    if prior is not None:
        share = ((prior.often[bag.places[known]] + _GENERAL * share) / (prior.total + _GENERAL)).astype(np.float32)
    weight = (bag.counts[known] * (_A / (_A + share))).astype(np.float32)
    owner = np.repeat(np.arange(len(bag.sizes)), bag.sizes)[known]
    loops.weigh(found, table.unit, owner, bag.near[known], weight)
    return unit(found)


class Static:
    """The encoder that is always there: word vectors, no network."""

    name, version, width = "static", "chive-1", WIDTH

    def __init__(self, prior: Prior | None = None) -> None:
        self._prior = prior

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:  # noqa: ARG002  both roles are read alike
        """Return a row a text."""
        from renkei.matching.words import content_forms  # noqa: PLC0415  the analyser is loaded when a text is read

        return self.of_words([content_forms(text) for text in texts])

    def of_words(self, listed: Sequence[Sequence[str]]) -> Matrix:
        """Return a row of length one for each list of words; noughts where no word is known."""
        return self._less_common(means(listed, self._prior))

    def of_bag(self, bag: Bag) -> Matrix:
        """Return a row of length one for each text of a bag."""
        return self._less_common(means_of(bag, self._prior))

    def _less_common(self, rows: Matrix) -> Matrix:
        if self._prior is not None:
            shared = (rows * self._prior.common).sum(axis=1)  # row by row: a product of matrices adds up in another order at its edges
            rows = rows - shared[:, None] * self._prior.common[None, :]
        return unit(rows)


def _common(rows: Matrix) -> Matrix:
    """Return the direction that most texts share; noughts when there are too few to tell."""
    filled = rows[np.linalg.norm(rows, axis=1) > 0].astype(np.float64)
    if len(filled) < 3:
        return np.zeros(WIDTH, dtype=np.float32)
    if len(filled) >= WIDTH:
        _values, directions = np.linalg.eigh(filled.T @ filled)
        return directions[:, -1].astype(np.float32)
    # Of few texts the smaller product tells the same direction, in a tenth of the time.
    _values, mixtures = np.linalg.eigh(filled @ filled.T)
    return unit(filled.T @ mixtures[:, -1])


def means(listed: Sequence[Sequence[str]], prior: Prior | None = None) -> Matrix:
    """Return the weighted mean of each list's words, of length one."""
    found = np.zeros((len(listed), WIDTH), dtype=np.float32)
    table = vectors.table()
    if table is not None:
        for number, words in enumerate(listed):
            for word in words:
                vector = table.word(word)
                if vector is not None:
                    general = table.share(word)
                    share = prior.share(word, general) if prior is not None else general
                    found[number] += vector * np.float32(_A / (_A + share))
    return unit(found)


def unit(rows: Matrix) -> Matrix:
    """Return the rows with length one; noughts stay noughts."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def rows_of(words: Sequence[str]) -> NDArray[np.int32]:
    """Return the table's row of each word, -1 where it is unknown. Words very much alike share a row."""
    table = vectors.table()
    if table is None:
        return np.full(len(words), -1, dtype=np.int32)
    return np.array([table.row(word) for word in words], dtype=np.int32)


def known_of(words: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the table's row of each word, -1 where it is unknown, and its share of all text."""
    table = vectors.table()
    if table is None:
        return np.full(len(words), -1, dtype=np.int32), np.zeros(len(words), dtype=np.float32)
    return table.known_of(words)


class Alike(NamedTuple):
    """For every row of the table the rows alike to it, one row after the other: where each ends, which they are, how much."""

    ends: NDArray[np.int32]
    rows: NDArray[np.int32]
    much: NDArray[np.float32]

    def of(self, row: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return what ``near`` returns."""
        if row < 0:
            return self.rows[:0], self.much[:0]
        own = slice(int(self.ends[row - 1]) if row else 0, int(self.ends[row]))
        return self.rows[own], self.much[own]


def alike() -> Alike | None:
    """Return it for the whole table (some three seconds of one core), None where there is no table. Each pair is reckoned once."""
    table = vectors.table()
    if table is None:
        return None
    pairs, much = [], []
    for begin in range(0, table.size, _ROWS_AT_ONCE):
        likeness = table.unit[begin : begin + _ROWS_AT_ONCE] @ table.unit[begin:].T
        row, other = np.nonzero(np.triu(likeness >= _NEAR))
        pairs.append(np.stack([row, other]) + begin)
        much.append(np.square(likeness[row, other]))
    one, other = np.concatenate(pairs, axis=1)
    both, apart = np.concatenate(much), np.flatnonzero(one != other)
    rows, others, both = np.r_[one, other[apart]], np.r_[other, one[apart]], np.r_[both, both[apart]]
    order = np.argsort(rows * table.size + others)
    return Alike(np.cumsum(np.bincount(rows, minlength=table.size)).astype(np.int32), others[order].astype(np.int32), both[order])


@lru_cache(maxsize=4_000)
def near(row: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the rows whose words are alike to a row's, and how much (squared, so that near counts much more than far)."""
    table = vectors.table()
    if table is None or row < 0:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    alike = table.likeness(row)
    places = np.flatnonzero(alike >= _NEAR).astype(np.int32)
    return places, np.square(alike[places])


def is_there() -> bool:
    """Tell whether there are word vectors."""
    return vectors.table() is not None


def size() -> int:
    """Return how many rows the table of word vectors has."""
    table = vectors.table()
    return table.size if table is not None else 0
