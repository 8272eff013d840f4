"""The signs by which a document is told to answer a query: each a number for each document of a pool.

Words by BM25 in each field, how much of the query a document covers, and nearness in meaning. A sign never
sees another document than those it is asked for, and none knows who asks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.postings import Field, Postings, Rows
from renkei.matching.terms import FIELDS, SPACE, Numbers, Terms, places, query_terms

Values = NDArray[np.float32]
LEXICAL = (*FIELDS, "synonyms", "cover", "cover_title")
MEANT = ("sense", "sense_title", "near", "near_title", "near_back")
SIGNALS = (*LEXICAL, *MEANT)
_K1, _B = 1.5, 0.75
_local = threading.local()
_MOST_NEAR = 32  # words of a long query that are compared in meaning: the rarest


@dataclass(frozen=True, slots=True)
class Query:
    """A query, analysed once: its terms, the words that mean the same as its own, and its vector."""

    terms: Terms
    synonyms: Sequence[tuple[str, ...]]
    vector: Values

    @property
    def has_vector(self) -> bool:
        """Tell whether the meaning of any word is known."""
        return bool(self.vector.any())


def query_of(text: str, postings: Postings, synonyms: Sequence[tuple[str, ...]] = ()) -> Query:
    """Analyse a query for postings."""
    terms = query_terms(text)
    vector = meaning.Static(postings.prior).of_words([terms.words])[0]
    return Query(terms, list(synonyms), vector)


def signals(query: Query, postings: Postings, rows: Rows) -> dict[str, Values]:
    """Return every sign for the rows of a pool."""
    single = places([forms[0] for forms in query.synonyms if len(forms) == 1])
    found: dict[str, Values] = {}
    for name in FIELDS:
        asked = np.unique(places(query.terms.by_field[name]))
        alike = single[~np.isin(single, asked)] if name == "words" else single[:0]
        held = _held(postings.fields[name], rows, np.unique(np.r_[asked, alike]))
        is_alike = np.isin(held.terms, alike) if len(alike) else None
        gain = held.gains if is_alike is None else np.where(is_alike, 0, held.gains)
        found[name] = np.bincount(held.owner, gain, len(rows)).astype(np.float32)
        if name in {"words", "title"}:
            total = max(float(postings.fields[name].often.rarity(asked).sum()), 1e-6)
            rarity = held.rarity if is_alike is None else np.where(is_alike, 0, held.rarity)
            found["cover" if name == "words" else "cover_title"] = (np.bincount(held.owner, rarity, len(rows)) / total).astype(np.float32)
        if name == "words":
            found["synonyms"] = np.bincount(held.owner, held.gains - gain, len(rows)).astype(np.float32)
    return found | _meant(query, postings, rows)


class _Held(NamedTuple):
    """The asked terms that rows hold: whose, which, how rare each is, and its BM25."""

    owner: Rows
    terms: Numbers
    rarity: Values
    gains: Values


def _held(field: Field, rows: Rows, wanted: Numbers) -> _Held:
    flat, ends = _gathered(field, rows)
    mark = _scratch()
    mark[wanted] = True
    hit = np.flatnonzero(mark.take(field.terms.take(flat)))
    mark[wanted] = False
    at = flat[hit]
    owner, terms, often = np.searchsorted(ends, hit, side="right"), field.terms[at], field.counts[at].astype(np.float32)
    rarity = field.often.rarity(wanted)[np.searchsorted(wanted, terms)]
    norm = _K1 * (1 - _B + _B * field.lengths[rows] / field.mean_length)
    return _Held(owner, terms, rarity, rarity * often * (_K1 + 1) / (often + norm[owner]))


def _scratch() -> NDArray[np.bool_]:
    """Return a place a term for marks; whoever marks takes the marks away again. Each thread has its own."""
    if not hasattr(_local, "marks"):
        _local.marks = np.zeros(SPACE, dtype=bool)
    marks: NDArray[np.bool_] = _local.marks
    return marks


def _gathered(field: Field, rows: Rows) -> tuple[Rows, Rows]:
    """Return the places of all terms of rows one after the other, and where each row's end among them."""
    starts = field.starts(rows)
    sizes = field.ends[rows] - starts
    ends = np.cumsum(sizes)
    steps = np.ones(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    if len(steps):
        filled = np.flatnonzero(sizes)
        steps[0] = starts[filled[0]]
        steps[ends[filled[:-1]]] = starts[filled[1:]] - (starts + sizes)[filled[:-1]] + 1
    return np.cumsum(steps), ends


def _meant(query: Query, postings: Postings, rows: Rows) -> dict[str, Values]:
    nothing = np.zeros(len(rows), dtype=np.float32)
    found: dict[str, Values] = dict.fromkeys(MEANT, nothing)
    if query.has_vector:
        # row by row: a product of matrices adds up in another order at its edges, and equal documents must stay equal
        found |= {"sense": np.einsum("ij,j->i", postings.body.take(rows, axis=0), query.vector), "sense_title": np.einsum("ij,j->i", postings.title.take(rows, axis=0), query.vector)}
    if meaning.is_there() and query.terms.words:
        found["near"], _back = _nearness(query, postings.fields["words"], rows)
        found["near_title"], found["near_back"] = _nearness(query, postings.fields["title"], rows, back=True)
    return found


def _nearness(query: Query, field: Field, rows: Rows, *, back: bool = False) -> tuple[Values, Values]:
    """Return how well each row covers the query's words by its nearest words and, where asked ``back``, the query the row's words.

    Most words of a row are near to none of the query: only those are looked at that are.
    """
    flat, ends = _gathered(field, rows)
    asked = places(query.terms.words)
    rare = field.often.rarity(asked)
    chosen = np.argsort(-rare, kind="stable")[:_MOST_NEAR]
    near, alike, number = _alike([int(one) for one in meaning.rows_of(query.terms.words)[chosen]])
    terms, of_table = field.terms.take(flat), field.near.take(flat)
    mark = np.zeros(meaning.size() + 1, dtype=bool)  # the last place stands for unknown words
    mark[near] = True
    hit = np.flatnonzero(mark.take(of_table, mode="wrap"))
    begins = np.searchsorted(near, of_table[hit])
    counts = np.searchsorted(near, of_table[hit], side="right") - begins
    met = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(int(counts.sum()))
    at, alike, number = np.repeat(hit, counts), alike[met], number[met]
    for place in np.flatnonzero(meaning.rows_of(query.terms.words)[chosen] < 0):  # an unknown word is near to itself alone
        same = np.flatnonzero(terms == asked[chosen[place]])
        at, alike, number = np.r_[at, same], np.r_[alike, np.ones(len(same), dtype=np.float32)], np.r_[number, np.full(len(same), place)]
    forward = np.zeros((len(chosen), len(rows)), dtype=np.float32)
    np.maximum.at(forward, (number, np.searchsorted(ends, at, side="right")), alike)
    told = (rare[chosen, None] * forward).sum(axis=0) / max(rare[chosen].sum(), np.float32(1e-6))
    if not back:
        return told, np.zeros(len(rows), dtype=np.float32)
    most = np.zeros(len(flat), dtype=np.float32)
    np.maximum.at(most, at, alike)
    weight, owner = field.often.rarity(terms), np.repeat(np.arange(len(rows)), np.diff(ends, prepend=0))
    own = np.bincount(owner, weight * most, len(rows)) / np.maximum(np.bincount(owner, weight, len(rows)), 1e-6)
    return told, own.astype(np.float32)


def _alike(rows: Sequence[int]) -> tuple[Numbers, Values, Rows]:
    """Return the rows of the table near to some rows of it, in order: which, how alike, and to which of those given."""
    listed = [meaning.near(one) for one in rows]
    near = np.concatenate([at for at, _alike in listed])
    order = np.argsort(near, kind="stable")
    number = np.repeat(np.arange(len(listed)), [len(at) for at, _alike in listed])
    return near[order], np.concatenate([alike for _at, alike in listed])[order], number[order]


def best(values: NDArray[Any], limit: int) -> Rows:
    """Return where the largest finite values stand, in no order."""
    count = min(limit, len(values))
    if not count:
        return np.zeros(0, dtype=np.int64)
    top = np.argpartition(-values, count - 1)[:count]
    return np.asarray(top[np.isfinite(values[top])], dtype=np.int64)
