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
import tantivy
from numpy.typing import NDArray

from renkei.matching import encoders, fusion, lexical
from renkei.matching.encoders import Encoder, EncoderError, Matrix
from renkei.matching.fusion import Model
from renkei.matching.postings import Postings, Rows
from renkei.matching.signs import Query, Values, best, query_of, signals
from renkei.matching.terms import Document, places

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
    """A plugged-in encoder with the vectors of the rows of postings, of titles and of whole texts; noughts where not made yet."""

    encoder: Encoder
    title: Matrix
    whole: Matrix


class Ranker:
    """Ranks the documents of one folder of postings. Safe to use from several threads: nothing is changed."""

    def __init__(
        self, postings: Postings, words: tantivy.Index, *, model: Model | None = None, expand: Expand | None = None,
        encoded: Encoded | None = None,
    ) -> None:  # fmt: skip
        self.postings = postings
        self._words = words
        self._encoded = encoded
        self._model = model
        self._expand = expand
        self._of_kind: dict[str, NDArray[np.bool_]] = {}

    def with_encoded(self, encoded: Encoded | None) -> Ranker:
        """Return the same ranker with the vectors of a plugged-in encoder; itself where there are none."""
        if encoded is None:
            return self
        return Ranker(self.postings, self._words, model=self._model, expand=self._expand, encoded=encoded)

    @property
    def model(self) -> Model:
        """Return the fusion in use."""
        return self._model or fusion.published(with_encoder=self._encoded is not None)

    def pool(self, text: str, *, kinds: Sequence[str] = (), limit: int = POOL, expand: Expand | None = None) -> Pool:
        """Return the candidates of the kinds (of all when none is named): ``limit`` by words, by meaning, by the encoder.

        With several kinds named each has its own ``limit``, so that a rare kind is not crowded out.
        """
        more = expand or self._expand
        query = query_of(text, self.postings, more(text) if more is not None else ())
        asked = self._asked(text)
        found: list[Rows] = []
        told: set[int] = set()
        for kind in kinds or ("",):
            rows = self._by_words(query, kind, limit)
            told.update(rows[:limit].tolist())
            found += [rows[:limit], *self._by_meaning(query, asked, kind, limit, rows)]
        rows_found = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        by_words = np.array([row in told for row in rows_found.tolist()], dtype=bool)
        return Pool(query, rows_found, self._signs(query, rows_found, asked), by_words)

    def _by_words(self, query: Query, kind: str, limit: int) -> Rows:
        count = limit if self._is_scanned else max(limit, _FAR)
        ids = lexical.candidates(self._words, query.terms, query.synonyms, kinds=[kind] if kind else [], limit=count)
        known = [self.postings.row_of[one] for one in ids if one in self.postings.row_of]
        return np.array(known, dtype=np.int64)

    def _by_meaning(self, query: Query, asked: Any, kind: str, limit: int, rows: Rows) -> list[Rows]:
        """Return the rows nearest in meaning: of all, or of a large catalogue's first thousand by words."""
        sides = [(self.postings.both, query.vector)] if query.has_vector else []
        sides += [(self._encoded.whole, asked)] if self._encoded is not None else []
        if not self._is_scanned:
            return [rows[best(matrix[rows] @ vector, limit)] for matrix, vector in sides]
        allowed = self._allowed(kind)
        return [best(np.where(allowed, matrix @ vector, -np.inf), limit) for matrix, vector in sides]

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
        order = sorted(range(len(pool.rows)), key=lambda n: (-round(float(score[n]), 4), self.postings.ids[pool.rows[n]]))
        return [
            Ranked(
                self.postings.ids[row := int(pool.rows[n])],
                str(self.postings.kinds[row]),
                float(score[n]),
                {name: float(values[n]) for name, values in parts.items()},
            )
            for n in order
        ]

    def often(self, forms: Sequence[str]) -> dict[str, float]:
        """Return the share of the documents that have each word; nothing of fewer than ``ENOUGH`` documents."""
        if len(self.postings.row_of) < ENOUGH:
            return {}
        rarity = self.postings.fields["words"].rarity[places(forms)]  # the logarithm of one in so many
        return dict(zip(forms, np.exp(-rarity).tolist(), strict=True))

    def _allowed(self, kind: str) -> NDArray[np.bool_]:
        if kind not in self._of_kind:
            self._of_kind[kind] = self.postings.alive & (self.postings.kinds == kind) if kind else self.postings.alive
        return self._of_kind[kind]

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
            found["encoder"] = self._encoded.whole[rows] @ asked
            found["encoder_title"] = self._encoded.title[rows] @ asked
        return found


def encode_documents(encoder: Encoder, documents: Sequence[Document]) -> Encoded:
    """Return the encoder's vectors of documents; slow (tens of milliseconds a document), so kept by whoever calls."""
    title = encoders.checked(encoder, [one.title for one in documents], "document")
    whole = [f"{one.title}\n{one.text}"[:_CUT] for one in documents]
    return Encoded(encoder, title, encoders.checked(encoder, whole, "document"))
