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
from renkei.matching.columns import Rows, runs
from renkei.matching.digest import WITH_ROWS, places_in
from renkei.matching.postings import Postings
from renkei.matching.terms import FIELDS, SPACE, Numbers, Terms, places, query_terms

Values = NDArray[np.float32]
LEXICAL = (*FIELDS, "synonyms", "cover", "cover_title")
MEANT = ("sense", "sense_title", "near", "near_title", "near_back")
SIGNALS = (*LEXICAL, *MEANT)
_K1, _B = 1.5, 0.75
_local = threading.local()
_COARSE = np.int32((1 << 16) - 1)
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
    met = _met(query, postings, rows)
    return _lexical(met, postings, rows) | _meant(query, postings, rows, met)


@dataclass(frozen=True, slots=True)
class _Met:
    """The terms of rows that are asked for, all fields in one go, and what is asked for.

    ``places`` among all terms; ``stands`` tells row and field (row times the fields, and the field's number); ``numbers`` say
    which of ``wanted``; ``rarity`` is how rare each of those is in each field, last as a word alike.
    """

    wanted: Numbers
    rarity: Values
    places: Rows
    stands: Rows
    numbers: NDArray[np.int64]


def _met(query: Query, postings: Postings, rows: Rows) -> _Met:
    wanted, rarity = _worth(query, postings)
    hit, numbers = _found_among(wanted, postings.terms_of(rows))
    ends = postings.ends[rows]
    behind = ends[:, -1] - np.cumsum(ends[:, -1] - postings.begins(rows))  # from a place among the terms of these rows to that among all
    bounds = (ends - behind[:, None]).ravel()
    stands = np.repeat(np.arange(len(bounds)), np.diff(np.searchsorted(hit, bounds), prepend=0))
    return _Met(wanted, rarity, hit + behind[stands // len(FIELDS)], stands, numbers)


def _lexical(met: _Met, postings: Postings, rows: Rows) -> dict[str, Values]:
    """Return BM25 in each field, that of the words alike, and the shares of the query's rarity that rows cover."""
    owner, field = np.divmod(met.stands, len(FIELDS))
    often = postings.counts.take(met.places).astype(np.float32)
    norm = (_K1 * (1 - _B + _B * postings.lengths[rows] / postings.mean_lengths)).astype(np.float32).ravel()[met.stands]
    share = often * (_K1 + 1) / (often + norm)
    own = met.rarity[field, met.numbers]
    size = len(rows) * len(FIELDS)
    gains = np.bincount(met.stands, own * share, size).astype(np.float32).reshape(-1, len(FIELDS))
    found = {name: gains[:, at] for at, name in enumerate(FIELDS)}
    covered = np.bincount(met.stands, own, size).reshape(-1, len(FIELDS))
    for at, name in enumerate(FIELDS[:2]):
        found["cover" if name == "words" else "cover_title"] = (covered[:, at] / max(float(met.rarity[at].sum()), 1e-6)).astype(np.float32)
    alike = np.where(field == 0, met.rarity[-1, met.numbers], 0)
    found["synonyms"] = np.bincount(owner, alike * share, len(rows)).astype(np.float32)
    return found


def _worth(query: Query, postings: Postings) -> tuple[Numbers, Values]:
    """Return the terms asked for, in order, and how rare each is in each field (last: as a word alike); nought where it is not asked."""
    asked = [np.unique(places_in(name, query.terms.by_field[name])) for name in FIELDS]
    single = np.unique(places([forms[0] for forms in query.synonyms if len(forms) == 1]))
    asked.append(single[~np.isin(single, asked[0])])
    wanted = np.unique(np.concatenate(asked))
    rarity = np.zeros((len(asked), len(wanted)), dtype=np.float32)
    for at, (name, own) in enumerate(zip((*FIELDS, FIELDS[0]), asked, strict=True)):
        rarity[at, np.searchsorted(wanted, own)] = postings.often[name].rarity(own)
    return wanted, rarity


def _found_among(wanted: Numbers, terms: Numbers) -> tuple[Rows, Rows]:
    """Return where wanted terms stand among some, and which of the wanted each is.

    Most are told apart by their last bits, in a table small enough for the processor's own memory: three times as quick.
    """
    coarse, fine = _scratch()
    coarse[wanted & _COARSE] = True
    some = np.flatnonzero(coarse.take(terms & _COARSE))
    coarse[wanted & _COARSE] = False
    fine[wanted] = np.arange(1, len(wanted) + 1)
    number = fine.take(terms[some])
    fine[wanted] = 0
    own = np.flatnonzero(number)
    return some[own], number[own].astype(np.int64) - 1


def _scratch() -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Return a place for the last bits of a term, and a place a term; whoever marks takes the marks away again. Each thread has its own."""
    if not hasattr(_local, "marks"):
        _local.marks = np.zeros(_COARSE + 1, dtype=bool), np.zeros(SPACE, dtype=np.int32)
    marks: tuple[NDArray[np.bool_], NDArray[np.int32]] = _local.marks
    return marks


def _meant(query: Query, postings: Postings, rows: Rows, met: _Met) -> dict[str, Values]:
    nothing = np.zeros(len(rows), dtype=np.float32)
    found: dict[str, Values] = dict.fromkeys(MEANT, nothing)
    if query.has_vector:
        found |= {"sense": postings.vectors["body"].near_to(rows, query.vector), "sense_title": postings.vectors["title"].near_to(rows, query.vector)}
    if meaning.is_there() and query.terms.words:
        found |= _nearness(query, postings, rows, met)
    return found


def _nearness(query: Query, postings: Postings, rows: Rows, met: _Met) -> dict[str, Values]:
    """Return how well each row (each title) covers the query's words by its nearest words, and the query the title's words.

    Most words of a row are near to none of the query: only those are looked at that are.
    """
    asked = places(query.terms.words)
    rare = [postings.often[name].rarity(asked) for name in WITH_ROWS]
    chosen = np.argsort(-rare[0], kind="stable")[:_MOST_NEAR]
    of_table = meaning.rows_of(query.terms.words)[chosen]
    near, alike, number = _alike(of_table, postings)
    begins, ends = postings.begins(rows), postings.ends[rows, : len(WITH_ROWS)]
    behind = ends[:, -1] - np.cumsum(ends[:, -1] - begins)  # from a place among the words of these rows to that among all terms
    held = postings.near_of(rows)
    mark = np.zeros(meaning.size() + 1, dtype=bool)  # the last place stands for unknown words
    mark[near] = True
    hit = np.flatnonzero(mark.take(held, mode="wrap"))
    first = np.searchsorted(near, held[hit])
    counts = np.searchsorted(near, held[hit], side="right") - first
    each, _ends = runs(first, counts)
    at, much, number = np.repeat(hit, counts), alike[each], number[each]
    if (of_table < 0).any():  # an unknown word is near to itself alone
        row, field = np.divmod(met.stands, len(FIELDS))
        own = np.flatnonzero(field < len(WITH_ROWS))
        place, term = met.places[own] - behind[row[own]], met.wanted[met.numbers[own]]
        for word in np.flatnonzero(of_table < 0):
            same = place[term == asked[chosen[word]]]
            at, much, number = np.r_[at, same], np.r_[much, np.ones(len(same), dtype=np.float32)], np.r_[number, np.full(len(same), word)]
    bounds = (ends - behind[:, None]).ravel()
    forward = np.zeros(len(chosen) * len(bounds), dtype=np.float32)
    np.maximum.at(forward, number * len(bounds) + np.searchsorted(bounds, at, side="right"), much)
    of_field = forward.reshape(len(chosen), -1, len(WITH_ROWS))
    told = [(rare[n][chosen, None] * of_field[:, :, n]).sum(axis=0) / max(rare[n][chosen].sum(), np.float32(1e-6)) for n in range(len(WITH_ROWS))]
    most = np.zeros(len(held), dtype=np.float32)
    np.maximum.at(most, at, much)
    sizes = bounds[1::2] - bounds[::2]
    titles, title_ends = runs(bounds[::2], sizes)
    weight = postings.often["title"].rarity(postings.terms.take(titles + np.repeat(behind, sizes)))
    return {"near": told[0], "near_title": told[1], "near_back": _back(most[titles], weight, title_ends)}


def _back(most: Values, weight: Values, ends: Rows) -> Values:
    """Return how much of the weight of each row's words is near to the query."""
    owner = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    own = np.bincount(owner, weight * most, len(ends)) / np.maximum(np.bincount(owner, weight, len(ends)), 1e-6)
    return own.astype(np.float32)


def _alike(rows: Numbers, postings: Postings) -> tuple[Numbers, Values, Rows]:
    """Return the rows of the table near to some rows of it, in order: which, how alike, and to which of those given."""
    of = meaning.near if postings.alike is None else postings.alike.of
    listed = [of(row) for row in rows.tolist()]
    near = np.concatenate([at for at, _much in listed])
    order = np.argsort(near, kind="stable")
    number = np.repeat(np.arange(len(listed)), [len(at) for at, _much in listed])
    return near[order], np.concatenate([much for _at, much in listed])[order], number[order]


def best(values: NDArray[Any], limit: int) -> Rows:
    """Return where the largest finite values stand, in no order."""
    count = min(limit, len(values))
    if not count:
        return np.zeros(0, dtype=np.int64)
    top = np.argpartition(-values, count - 1)[:count]
    return np.asarray(top[np.isfinite(values[top])], dtype=np.int64)
