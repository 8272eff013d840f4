"""The one way things are ranked: candidates by words and by meaning, signs for each, one score, and what it rests on.

Used for the entries of a proposal, for search, for similar cases and by ``renkei bench``. It is given a postings
(what is known of each document), an inverted index, and a model of fusion, and knows no database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import encoders, fusion, lexical
from renkei.matching.columns import Floats, Rows, Vectors, firsts, vectors_of
from renkei.matching.encoders import Encoder, EncoderError, Matrix
from renkei.matching.fusion import Model
from renkei.matching.lexical import Scores
from renkei.matching.postings import BOTH, Postings
from renkei.matching.signs import Query, Values, best, query_of, signals
from renkei.matching.terms import FIELDS, Document, places

_log = logging.getLogger("renkei.matching")
POOL = 200
SCANNED = 20_000  # up to so many rows the vectors are looked through whole; beyond, the first thousand by words
_FAR = 1_000
ENOUGH = 100  # of fewer documents nobody can tell which words are common
_CUT = 300  # characters of a body that a sentence encoder is given
Expand = Callable[[str], Sequence[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document found: its score among its pool, and what each sign added."""

    id: str
    kind: str
    score: float
    parts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a query with their signs."""

    query: Query
    rows: Rows
    signs: dict[str, Values]
    told: NDArray[np.bool_]  # found by words, not by meaning alone


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoder with vectors, and which of them is that of each row's title and of its whole text."""

    encoder: Encoder
    vectors: Vectors
    title: Rows
    whole: Rows

    def near(self, places: Rows, asked: Any) -> Floats:
        """Return how near some of the vectors come to a question's."""
        found: Floats = self.vectors.near_to(places, asked, 0)[0]
        return found


class Ranker:
    """Ranks the documents of one folder of postings. Safe to use from several threads: nothing is changed."""

    def __init__(
        self, postings: Postings, words: lexical.Index, *, model: Model | None = None, expand: Expand | None = None,
        encoded: Encoded | None = None,
    ) -> None:  # fmt: skip
        self.postings = postings
        self._words = words
        self._encoded = encoded
        self._model = model
        self._expand = expand

    def with_encoded(self, encoded: Encoded | None) -> Ranker:
        """Return the same ranker with the vectors of a plugged-in encoder; itself where there are none."""
        if encoded is None:
            return self
        return Ranker(self.postings, self._words, model=self._model, expand=self._expand, encoded=encoded)

    @property
    def model(self) -> Model:
        """Return the fusion in use."""
        return self._model or fusion.published(with_encoder=self._encoded is not None)

    def pool(
        self, text: str, *, kinds: Sequence[str] = (), limit: int = POOL, near: int | None = None, expand: Expand | None = None
    ) -> Pool:  # fmt: skip
        """Return the candidates of the kinds (of all when none is named): ``limit`` by words, ``near`` (else as many) by meaning, by the encoder.

        With several kinds named each has its own ``limit``, so that a rare kind is not crowded out.
        """
        more = expand or self._expand
        query = query_of(text, self.postings, more(text) if more is not None else ())
        asked = self._asked(text)
        wanted = list(dict.fromkeys(kinds)) or [""]
        by_meaning = limit if near is None else near
        score = lexical.scores(self._words, query.terms, query.synonyms)
        score[self.postings.dead] = 0
        by_words = self._by_words(score, wanted, limit)
        rows = np.unique(np.concatenate([by_words, *self._by_meaning(query, asked, wanted, by_meaning, score)]))
        told = np.isin(rows, by_words, assume_unique=True)
        return Pool(query, rows, self._signs(query, rows, asked), told)

    def _by_words(self, score: Scores, kinds: Sequence[str], limit: int) -> Rows:
        """Return the first rows of each kind by words. Of a large catalogue only those are sorted that stand out."""
        high = np.flatnonzero(score > _height(score, len(kinds) * limit * 4)) if len(score) > SCANNED else None
        if high is None:
            found = self._best_of(score, kinds, limit)
        else:
            group = self.postings.kind_places(high, _named(kinds))
            few = np.flatnonzero(np.bincount(group[group >= 0], minlength=len(kinds)) < limit)
            found = [high[firsts(score[high], group, limit)], *self._best_of(score, [kinds[at] for at in few.tolist()], limit)]
        rows = np.unique(np.concatenate(found))
        return np.asarray(rows[score[rows] > 0])

    def _best_of(self, values: NDArray[Any], kinds: Sequence[str], limit: int) -> list[Rows]:
        """Return the rows of each kind with the largest values, each looked through whole."""
        return [rows[best(values[rows], limit)] for rows in map(self.postings.of_kind, kinds)]

    def _by_meaning(self, query: Query, asked: Any, kinds: Sequence[str], limit: int, score: Scores) -> list[Rows]:
        """Return the rows of each kind nearest in meaning: of all, or of a large catalogue's first thousand by words."""
        looked = None if self._is_scanned else self._far(score, kinds)
        sides = []
        if query.has_vector:
            sides.append(self.postings.both @ query.vector if looked is None else self.postings.vectors.near_to(looked, query.vector, BOTH)[0])
        if self._encoded is not None:
            sides.append(self._encoded.near(self._encoded.whole if looked is None else self._encoded.whole[looked], asked))
        if looked is None:
            return [rows for near in sides for rows in self._best_of(near, kinds, limit)]
        group = self.postings.kind_places(looked, _named(kinds))
        return [looked[firsts(near, group, limit // 2 or 1)] for near in sides]  # they share words already: half as many do

    def _far(self, score: Scores, kinds: Sequence[str]) -> Rows:
        """Return the first thousand rows of the kinds by words."""
        if kinds == [""]:
            return self._by_words(score, kinds, _FAR)
        high = np.flatnonzero(score > _height(score, _FAR * 4))
        own = high[self.postings.are_of(high, kinds)]
        if len(own) < _FAR:
            return self._by_words(np.where(self.postings.are_of(None, kinds), score, 0), [""], _FAR)
        worth = score[own]
        least = np.partition(worth, -_FAR)[-_FAR]
        equal = own[worth == least][: _FAR - np.count_nonzero(worth > least)]  # of equal ones the first
        return np.sort(np.r_[own[worth > least], equal])

    @property
    def _is_scanned(self) -> bool:
        return self.postings.extent.rows <= SCANNED

    def rank(self, text: str, *, kinds: Sequence[str] = (), limit: int = POOL) -> list[Ranked]:
        """Return the documents for a text, best first; equal ones by id."""
        pool = self.pool(text, kinds=kinds, limit=limit)
        if not len(pool.rows):
            return []
        parts = self.model.parts(pool.signs)
        score = self.model.score(pool.signs)
        order = sorted(range(len(pool.rows)), key=lambda n: (-round(float(score[n]), 4), self.postings.id_of(int(pool.rows[n]))))
        return [
            Ranked(
                self.postings.id_of(row := int(pool.rows[n])),
                self.postings.kind_of(row),
                float(score[n]),
                {name: float(values[n]) for name, values in parts.items()},
            )
            for n in order
        ]

    def often(self, forms: Sequence[str]) -> dict[str, float]:
        """Return the share of the documents that have each word; nothing of fewer than ``ENOUGH`` documents."""
        if self.postings.extent.rows - self.postings.extent.dead < ENOUGH:
            return {}
        rarity = self.postings.often.rarity(FIELDS.index("words"), places(forms))  # the logarithm of one in so many
        return dict(zip(forms, np.exp(-rarity).tolist(), strict=True))

    def _asked(self, text: str) -> Any:
        if self._encoded is None:
            return None
        try:
            return encoders.checked(self._encoded.encoder, [text], "query")[0]
        except EncoderError as error:  # the search goes on by words: a sign that is nought for all decides nothing
            _log.warning("%s", error)
            return np.zeros(self._encoded.encoder.width, dtype=np.float32)

    def _signs(self, query: Query, rows: Rows, asked: Any) -> dict[str, Values]:
        found = signals(query, self.postings, rows)
        if self._encoded is not None:
            found["encoder"] = self._encoded.near(self._encoded.whole[rows], asked)
            found["encoder_title"] = self._encoded.near(self._encoded.title[rows], asked)
        return found


def _named(kinds: Sequence[str]) -> Sequence[str]:
    return () if kinds == [""] else kinds


def _height(score: Scores, count: int) -> float:
    """Return about what the last of the best ``count`` rows is worth, told from some of them."""
    step = max(1, len(score) // 8_192)
    some = score[::step]
    rank = max(1, count // step)
    return float(np.partition(some, -rank)[-rank]) if rank < len(some) else 0.0


def made_of(encoder: Encoder, title: Matrix, whole: Matrix) -> Encoded:
    """Return the vectors of titles and of whole texts, a row for each document."""
    rows = np.arange(len(title))
    return Encoded(encoder, vectors_of(np.concatenate([title, whole])[:, None]), rows, rows + len(title))


def encode_documents(encoder: Encoder, documents: Sequence[Document]) -> Encoded:
    """Return the encoder's vectors of documents; slow (tens of milliseconds a document), so kept by whoever calls."""
    title = encoders.checked(encoder, [one.title for one in documents], "document")
    whole = [f"{one.title}\n{one.text}"[:_CUT] for one in documents]
    return made_of(encoder, title, encoders.checked(encoder, whole, "document"))
