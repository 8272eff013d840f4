"""The signs by which a document is told to answer a query: each a number for each document of a pool.

Words by BM25 in each field, how much of the query a document covers, and nearness in meaning. A sign never
sees another document than those it is asked for, and none knows who asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import loops, meaning
from renkei.matching.columns import Rows
from renkei.matching.digest import WITH_ROWS, places_in
from renkei.matching.loops import fixed
from renkei.matching.postings import BODY, TITLE, Postings
from renkei.matching.terms import FIELDS, Numbers, Terms, places, query_terms

Values = NDArray[np.float32]
LEXICAL = (*FIELDS, "synonyms", "cover", "cover_title")
MEANT = ("sense", "sense_title", "near", "near_title", "near_back")
SIGNALS = (*LEXICAL, *MEANT)
_K1, _B = 1.5, 0.75
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
    bounds = postings.bounds(rows)
    return _lexical(query, postings, rows, bounds) | _meant(query, postings, rows, bounds)


def _lexical(query: Query, postings: Postings, rows: Rows, bounds: Rows) -> dict[str, Values]:
    """Return BM25 in each field, that of the words alike, and the shares of the query's rarity that rows cover."""
    wanted, rarity = _worth(query, postings)
    norms = (_K1 * (1 - _B + _B * postings.lengths[rows] / postings.mean_lengths)).astype(np.float32)
    gains, covered = np.empty((2, len(rows), len(FIELDS)), dtype=np.float32)
    alike = np.empty(len(rows), dtype=np.float32)
    loops.meet(gains, covered, alike, fixed(postings.numbers), bounds, norms, wanted, rarity, _K1)
    found = {name: gains[:, at] for at, name in enumerate(FIELDS)} | {"synonyms": alike}
    for at, name in enumerate(("cover", "cover_title")):
        found[name] = (covered[:, at] / np.float32(max(float(rarity[at].sum()), 1e-6))).astype(np.float32)
    return found


def _worth(query: Query, postings: Postings) -> tuple[Numbers, Values]:
    """Return the terms asked for, in order, and how rare each is in each field (last: as a word alike); nought where it is not asked."""
    asked = [places_in(name, query.terms.by_field[name]) for name in FIELDS]
    single = places([forms[0] for forms in query.synonyms if len(forms) == 1])
    asked.append(single[~np.isin(single, asked[0])])
    field, terms = np.repeat(np.arange(len(asked)), list(map(len, asked))), np.concatenate(asked)
    wanted, at = np.unique(terms, return_inverse=True)
    rarity = np.zeros((len(asked), len(wanted)), dtype=np.float32)
    rarity[field, at] = postings.often.rarity(field % len(FIELDS), terms)  # words alike are words: the first field
    return wanted, rarity


def _meant(query: Query, postings: Postings, rows: Rows, bounds: Rows) -> dict[str, Values]:
    nothing = np.zeros(len(rows), dtype=np.float32)
    found: dict[str, Values] = dict.fromkeys(MEANT, nothing)
    if query.has_vector:
        found["sense"], found["sense_title"] = postings.vectors.near_to(rows, query.vector, BODY, TITLE)
    if meaning.is_there() and query.terms.words:
        found |= _nearness(query, postings, bounds)
    return found


def _nearness(query: Query, postings: Postings, bounds: Rows) -> dict[str, Values]:
    """Return how well each row (each title) covers the query's words by its nearest words, and the query the title's words."""
    asked = places(query.terms.words)
    rare = postings.often.rarity(np.arange(len(WITH_ROWS))[:, None], asked)
    chosen = np.argsort(-rare[0], kind="stable")[:_MOST_NEAR]
    rare = np.ascontiguousarray(rare[:, chosen])
    of_table = meaning.rows_of(query.terms.words)[chosen]
    unknown = np.flatnonzero(of_table < 0)  # near to itself alone
    told, back = np.empty((2, len(bounds)), dtype=np.float32), np.empty(len(bounds), dtype=np.float32)
    loops.come_near(
        told, back, fixed(postings.numbers), bounds[:, [0, 1, 2, len(FIELDS)]], _alike(of_table, postings), (asked[chosen[unknown]], unknown), rare,
        postings.often.rarity(1, postings.terms(bounds, 1)),
    )  # fmt: skip
    told /= np.maximum(rare.sum(axis=1), np.float32(1e-6))[:, None]
    return {"near": told[0], "near_title": told[1], "near_back": back}


def _alike(rows: Numbers, postings: Postings) -> tuple[Rows, Rows, Values]:
    """Return for every row of the table where the pairs with some rows of it end, and of each pair: which of those given, how alike."""
    of = meaning.near if postings.alike is None else postings.alike.of
    listed = [of(row) for row in rows.tolist()]
    near = np.concatenate([at for at, _much in listed])
    order = np.argsort(near, kind="stable")
    number = np.repeat(np.arange(len(listed)), [len(at) for at, _much in listed])
    ends = np.cumsum(np.bincount(near + 1, minlength=meaning.size() + 1))
    return ends, number[order], np.concatenate([much for _at, much in listed])[order]


def best(values: NDArray[Any], limit: int) -> Rows:
    """Return where the largest finite values stand, in no order."""
    count = min(limit, len(values))
    if not count:
        return np.zeros(0, dtype=np.int64)
    top = np.argpartition(-values, count - 1)[:count]
    return np.asarray(top[np.isfinite(values[top])], dtype=np.int64)
