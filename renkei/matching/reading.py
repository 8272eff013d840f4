"""A text read once: sentences cut into clauses, each with what it is for and the cues met in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from renkei.matching import language
from renkei.matching.cues import Hit, Lexicon, Met
from renkei.matching.words import MAX_LENGTH, Sentence, sentences, words

REQUEST, NEGATED, LATER, FIRST = 1.25, -0.6, 0.72, 1.2
_NUMBERED = re.compile(r"[①-⑳]|(?<![\d.．])[1-9１-９](?:[.．](?!\d)|[)）])")  # 1.5mm is no point
_ENDS = re.compile(r"[。！？!?\n]")
_AFTER = 24  # how far behind a cue a negation may end


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence (or a numbered point in it) with its cues, and how much it counts."""

    sentence: Sentence
    hits: tuple[Hit, ...]
    weight: float
    is_request: bool

    @property
    def text(self) -> str:
        """Return the clause as written."""
        return self.sentence.text


def points(text: str) -> list[Sentence]:
    """Return sentences, cut again at numbered points."""
    found = []
    for sentence in sentences(text[:MAX_LENGTH]):
        cuts = [0, *(m.start() for m in _NUMBERED.finditer(sentence.text) if m.start()), len(sentence.text)]
        if len(cuts) == 2:
            found.append(sentence)
            continue
        for start, end in pairwise(cuts):
            part = sentence.text[start:end]
            place = sentence.start + start
            found.append(Sentence(part, place, place + len(part), tuple(words(part, place))))
    return found


def read(text: str, lexicon: Lexicon) -> list[Clause]:
    """Return the clauses of a text with their cues."""
    found = points(text)
    return clauses_of(found, Met(found).by(lexicon))


def clauses_of(sentences_: Sequence[Sentence], met: Sequence[Sequence[Hit]]) -> list[Clause]:
    """Return the clauses for sentences and the cues met in each."""
    clauses = []
    for sentence, own in zip(sentences_, met, strict=True):
        is_later = language.says("later", sentence.text)
        is_first = language.says("first", sentence.text)
        is_request = language.says("request", sentence.text)
        weight = (REQUEST if is_request else 1.0) * (LATER if is_later and not is_first else 1.0)
        hits = tuple(_weighed(hit, sentence) for hit in own)
        clauses.append(Clause(sentence, hits, weight * (FIRST if is_first and not is_later else 1.0), is_request))
    return clauses


def _weighed(hit: Hit, sentence: Sentence) -> Hit:
    """Turn a cue round when the words right behind it lay it aside."""
    if hit.weight <= 0:
        return hit
    end = max(end for _, end in hit.spans) - sentence.start
    behind = _right_behind(sentence.text, end)
    if language.says("negated", behind) or language.says("done", behind):
        return Hit(hit.code, hit.weight * NEGATED, hit.spans)
    return hit


def is_denied(text: str, end: int) -> bool:
    """Tell whether the words right behind a place say that what ends there is not meant, or not so."""
    behind = _ENDS.split(_right_behind(text, end))[0]
    return (language.says("negated", behind) or language.says("absent", behind)) and not language.says("besides", behind)


def _right_behind(text: str, end: int) -> str:
    return text[end : end + _AFTER].split("、", maxsplit=1)[0]
