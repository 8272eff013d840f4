"""The signs by which a document is told to answer a query: each a number for each document of a pool.

Words by BM25 in each field, how much of the query a document covers, and nearness in meaning. A sign never
sees another document than those it is asked for, and none knows who asks.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.postings import Field, Postings, Rows
from renkei.matching.terms import FIELDS, SPACE, Terms, places, query_terms

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
    found: dict[str, Values] = {}
    for name in FIELDS:
        asked = places(query.terms.by_field[name])
        field = postings.fields[name]
        if name in {"words", "title"}:
            weight, synonym = _weights(asked), _weights(places([forms[0] for forms in query.synonyms if len(forms) == 1]))
            found[name], covered, alike = _bm25(field, rows, weight, synonym)
            found["cover" if name == "words" else "cover_title"] = covered
            if name == "words":
                found["synonyms"] = alike
        else:
            found[name] = _bm25(field, rows, _weights(asked), None)[0]
    return found | _meant(query, postings, rows)


def _weights(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.unique(numbers)


def _bm25(
    field: Field, rows: Rows, asked: NDArray[np.int32], alike: NDArray[np.int32] | None
) -> tuple[Values, Values, Values]:
    """Return the BM25 of rows for terms, the share of the terms' rarity they hold, and the BM25 of the terms alike."""
    size = len(rows)
    nothing = np.zeros(size, dtype=np.float32)
    flat, ends = _gathered(field, rows)
    wanted = asked if alike is None else np.r_[asked, alike[~np.isin(alike, asked)]]
    if not len(flat) or not len(wanted):
        return nothing, nothing, nothing
    mark = _scratch()
    mark[wanted] = np.arange(1, len(wanted) + 1)
    marked = mark[field.terms[flat]]
    mark[wanted] = 0
    hit = np.flatnonzero(marked)
    number, owner, often = marked[hit] - 1, np.searchsorted(ends, hit, side="right"), field.counts[flat[hit]].astype(np.float32)
    long = field.lengths[rows] / field.mean_length
    each = field.often.rarity(wanted)
    rarity = each[number]
    gain = rarity * often * (_K1 + 1) / (often + (_K1 * (1 - _B + _B * long))[owner])
    own = number < len(asked)
    total = max(float(each[: len(asked)].sum()), 1e-6)
    return (
        np.bincount(owner[own], gain[own], size).astype(np.float32),
        (np.bincount(owner[own], rarity[own], size) / total).astype(np.float32),
        np.bincount(owner[~own], gain[~own], size).astype(np.float32),
    )


def _scratch() -> NDArray[np.int16]:
    """Return a place a term for marks; whoever marks takes the marks away again. Each thread has its own."""
    if not hasattr(_local, "marks"):
        _local.marks = np.zeros(SPACE, dtype=np.int16)
    marks: NDArray[np.int16] = _local.marks
    return marks


def _gathered(field: Field, rows: Rows) -> tuple[Rows, Rows]:
    """Return the places of all terms of rows one after the other, and where each row's end among them."""
    starts = field.starts(rows)
    sizes = field.ends[rows] - starts
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - ends + sizes, sizes), ends


def _meant(query: Query, postings: Postings, rows: Rows) -> dict[str, Values]:
    nothing = np.zeros(len(rows), dtype=np.float32)
    found: dict[str, Values] = dict.fromkeys(MEANT, nothing)
    if query.has_vector:
        # row by row: a product of matrices adds up in another order at its edges, and equal documents must stay equal
        found |= {"sense": np.einsum("ij,j->i", postings.body[rows], query.vector), "sense_title": np.einsum("ij,j->i", postings.title[rows], query.vector)}
    if meaning.is_there() and query.terms.words:
        found["near"], _back = _nearness(query, postings.fields["words"], rows)
        found["near_title"], found["near_back"] = _nearness(query, postings.fields["title"], rows)
    return found


def _nearness(query: Query, field: Field, rows: Rows) -> tuple[Values, Values]:
    """Return how well each row covers the query's words by its nearest words, and the query the row's words."""
    flat, ends = _gathered(field, rows)
    size = len(rows)
    if not len(flat):
        return np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    terms, near = field.terms[flat], field.near[flat]
    asked = places(query.terms.words)
    rare = field.often.rarity(asked)
    chosen = np.argsort(-rare, kind="stable")[:_MOST_NEAR]
    of_table = meaning.rows_of(query.terms.words)
    begins = np.r_[0, ends[:-1]]
    held = np.flatnonzero(ends > begins)
    starts = begins[held]
    owner = np.repeat(np.arange(size), ends - begins)
    forward = np.zeros(size, dtype=np.float32)
    most = np.zeros(len(terms), dtype=np.float32)
    lookup = np.zeros(meaning.size() + 1, dtype=np.float32)  # the last place stands for unknown words
    for number in chosen:
        row = int(of_table[number])
        at, alike = meaning.near(row)
        lookup[at] = alike
        met = lookup[near]
        lookup[at] = 0
        if row < 0:  # a word that the table knows is like itself
            met[terms == asked[number]] = 1
        forward[held] += rare[number] * np.maximum.reduceat(met, starts)
        np.maximum(most, met, out=most)
    weight = field.often.rarity(terms)
    told = np.bincount(owner, weight * most, size) / np.maximum(np.bincount(owner, weight, size), 1e-6)
    return forward / max(rare[chosen].sum(), np.float32(1e-6)), told.astype(np.float32)


def best(values: NDArray[Any], limit: int) -> Rows:
    """Return where the largest finite values stand, in no order."""
    count = min(limit, len(values))
    if not count:
        return np.zeros(0, dtype=np.int64)
    top = np.argpartition(-values, count - 1)[:count]
    return np.asarray(top[np.isfinite(values[top])], dtype=np.int64)
