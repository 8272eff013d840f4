"""How well each service, or an outside contact, fits a text. Three signs: cues, nearness to what firms say, past cases.

The weights were set by hand and looked at on labelled consultations; nothing is trained on them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import vectors
from renkei.matching.cues import STRENGTH, Hit
from renkei.matching.reading import Clause
from renkei.matching.words import content_forms, pairs

_FADE = 0.62  # the second cue of a service says less than the first
MEANING, LIKENESS = 4.0, 3.0
_NEAREST = 3  # sayings of a code that count
_EARLY = 0.3  # what is asked for first comes first


@dataclass
class Fit:
    """How well one code fits: the sum, its parts by clause, and the cues it rests on."""

    code: str
    score: float = 0.0
    told: float = 0.0  # by the text alone, without the votes
    by_clause: list[float] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)


class Sayings:
    """What firms say when they need a service: example sentences, compared by words, character pairs and meaning."""

    def __init__(self, says: Mapping[str, Sequence[str]]) -> None:
        listed = [(code, text) for code, texts in says.items() for text in texts]
        self.codes = list(says)
        self._owner = np.array([self.codes.index(code) for code, _ in listed], dtype=np.int64)
        terms = [_terms(text) for _, text in listed]
        seen = Counter(term for one in terms for term in set(one))
        count = max(1, len(listed))
        self._weight = {term: math.log(1 + count / number) for term, number in seen.items()}
        self._said = self._by_term(terms)
        self._forms = [content_forms(text) for _, text in listed]
        self._meaning: NDArray[np.float32] | None = None
        self._middle: NDArray[np.float32] | None = None
        self._embed()

    def _by_term(self, terms: Sequence[Sequence[str]]) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return for each term the sayings that hold it, each with the term's share of the saying."""
        said: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, one in enumerate(terms):
            own = {term: self._weight[term] for term in dict.fromkeys(one)}
            length = math.sqrt(sum(weight * weight for weight in own.values()))
            for term, weight in own.items():
                said[term].append((number, weight / length))
        return {
            term: (np.array([number for number, _ in held]), np.array([share for _, share in held], dtype=np.float32))
            for term, held in said.items()
        }

    def _likeness(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """Return how much of its terms each saying has in common with these: the cosine, rare terms counting more."""
        own = {term: self._weight[term] for term in dict.fromkeys(terms) if term in self._weight}
        found = np.zeros(len(self._owner), dtype=np.float32)
        length = math.sqrt(sum(weight * weight for weight in own.values()))
        for term, weight in own.items():
            sayings, shares = self._said[term]
            found[sayings] += np.float32(weight / length) * shares
        return found

    def _embed(self) -> None:
        if vectors.table() is None or not self._forms:
            return
        found = [vectors.embed(forms, self._weight) for forms in self._forms]
        matrix = np.array([v if v is not None else np.zeros(300, dtype=np.float32) for v in found], dtype=np.float32)
        self._middle = matrix.mean(axis=0)
        self._meaning = _unit(matrix - self._middle)

    def of(self, clauses: Sequence[Clause]) -> list[dict[str, float]]:
        """Return the nearness of each clause; what is said twice is asked once."""
        told = {text: self.nearness(text) for text in dict.fromkeys(clause.text for clause in clauses)}
        return [told[clause.text] for clause in clauses]

    def nearness(self, text: str) -> dict[str, float]:
        """Return for each code how near ``text`` comes to its sayings, nought when not nearer than to most."""
        if not len(self._owner):
            return {}
        forms = content_forms(text)
        terms = [*forms, *pairs(text)]
        if not terms:
            return dict.fromkeys(self.codes, 0.0)
        total = LIKENESS * self._by_code(self._likeness(terms))
        if self._meaning is not None and self._middle is not None:
            vector = vectors.embed(forms, self._weight)
            if vector is not None:
                meaning = self._by_code(self._meaning @ _unit((vector - self._middle)[None, :])[0])
                total = total + MEANING * (meaning - meaning.mean())
        return {code: max(0.0, float(total[number])) for number, code in enumerate(self.codes)}

    def _by_code(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the nearest few sayings of each code; of one that has fewer the furthest counts again."""
        best = np.zeros(len(self.codes), dtype=np.float32)
        order = np.lexsort((-values, self._owner))
        owner, ordered = self._owner[order], values[order]
        first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        last = np.r_[first[1:], len(owner)] - 1
        best[owner[first]] = sum(ordered[np.minimum(first + rank, last)] for rank in range(_NEAREST)) / np.float32(_NEAREST)
        return best


def fits(
    clauses: Sequence[Clause], near: Sequence[Mapping[str, float]], codes: Iterable[str], votes: Mapping[str, float]
) -> list[Fit]:
    """Return how well each code fits the clauses, best first; ``near`` is theirs (``Sayings.of``), ``votes`` come from past cases and the catalogue."""
    cues = [_cue_sums(clause) for clause in clauses]
    found = []
    for code in codes:
        fit = Fit(code)
        cue = [one.get(code, 0.0) * clause.weight for one, clause in zip(cues, clauses, strict=True)]
        meaning = [one.get(code, 0.0) * clause.weight for one, clause in zip(near, clauses, strict=True)]
        fit.by_clause = [a + b for a, b in zip(cue, meaning, strict=True)]
        fit.told = _faded(cue) + 0.5 * (max(meaning, default=0.0) + _mean(meaning))
        fit.score = fit.told + votes.get(code, 0.0)
        fit.hits = [hit for clause in clauses for hit in clause.hits if hit.code == code]
        if fit.score > 0:
            fit.score *= 1 + _EARLY * (0.5 - _first_place(fit.hits, clauses))
        found.append(fit)
    return sorted(found, key=lambda fit: (-fit.score, fit.code))


def cues_met(clauses: Sequence[Clause]) -> dict[str, float]:
    """Return what the cues of each code say in a text that asks for nothing, such as an entry's; never less than nought.

    A code without a cue in the text is not named.
    """
    told: dict[str, list[float]] = defaultdict(list)
    for clause in clauses:
        for code, value in _cue_sums(clause).items():
            told[code].append(value)
    return {code: max(0.0, _faded(values)) for code, values in told.items()}


def _first_place(hits: Sequence[Hit], clauses: Sequence[Clause]) -> float:
    """Return where in the text a code is first spoken of, between nought and one."""
    end = max((clause.sentence.end for clause in clauses), default=1)
    return min((hit.spans[0][0] for hit in hits if hit.weight >= 1), default=end) / end


def _cue_sums(clause: Clause) -> dict[str, float]:
    """Return the cues of each code that has some in a clause."""
    by_code: dict[str, list[Hit]] = defaultdict(list)
    for hit in clause.hits:
        by_code[hit.code].append(hit)
    return {code: _cue_sum(hits) for code, hits in by_code.items()}


def _cue_sum(hits: Sequence[Hit]) -> float:
    """Return the cues of one code in a clause, each further one counting less."""
    against = sum(hit.weight for hit in hits if hit.weight < 0)
    told = _faded([hit.weight for hit in counted(hits)])
    return told + max(against, -4.0) * (0.4 if told >= STRENGTH["strong"] else 1.0)


def counted(hits: Sequence[Hit]) -> list[Hit]:
    """Return the cues of one code that speak for it, the strongest first; of overlapping ones only the strongest counts."""
    kept: list[Hit] = []
    for hit in sorted((one for one in hits if one.weight > 0), key=lambda one: -one.weight):
        if not any(a < d and c < b for one in kept for a, b in one.spans for c, d in hit.spans):
            kept.append(hit)
    return kept


def _faded(values: Sequence[float]) -> float:
    """Return a sum in which the second largest counts less than the largest, and so on; negatives count in full."""
    ordered = sorted((value for value in values if value > 0), reverse=True)
    return sum(value * _FADE**rank for rank, value in enumerate(ordered)) + sum(v for v in values if v < 0)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _terms(text: str) -> list[str]:
    return [*content_forms(text), *pairs(text)]


def _unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
