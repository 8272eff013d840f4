"""Cues of the plan: the words by which a service, an outside contact or a body is told. All of them are plan data.

A cue is a word or phrase; ``a+b`` needs both in one sentence. It is met in the text as written (any width), or in normal
forms with honorifics, particles and endings laid aside: ``測ってほしい`` meets ``測っていただけますか``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from renkei.matching.words import Sentence, Word, words

STRENGTH = {"strong": 3.0, "words": 1.5, "weak": 0.5, "against": -2.0}
_ASKING = {"頂く", "下さる", "呉れる", "貰う", "欲しい", "願う", "願い"}
_NOT = {"無い", "ない", "ず", "ぬ", "ん"}
_DROP = {"御", "為る", "ます", "です", "た", "て", "だ", "たい", "居る", "てる", "とる", "致す", "有る", "事", "の", "ちゃう", "出来る"}
_GAP = "\x1f"
_ENDINGS = {"れる", "られる", "せる", "させる"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue met: whose, how strong, and where (offsets in the whole text, one span a part)."""

    code: str
    weight: float
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing to look for: as written (folded), and in normal forms (empty when that would say too little)."""

    plain: str
    forms: str
    length: int


@dataclass(frozen=True)
class Lexicon:
    """Cues by their parts, so that each part is looked for once a sentence."""

    cues: tuple[tuple[str, float, tuple[str, ...]], ...]
    parts: Mapping[str, _Part] = field(repr=False)
    by_part: Mapping[str, tuple[int, ...]] = field(repr=False)

    @cached_property
    def _beginnings(self) -> dict[str, list[str]]:
        """Return the parts by how they begin: the first two characters as written, the first word in normal form."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, part in self.parts.items():
            found[part.plain[:2]].append(name)
            if part.forms:
                found[_GAP + part.forms.split(_GAP)[1]].append(name)
        return found

    def _beginning(self, reader: Reader) -> set[str]:
        """Return the parts that can be in a sentence, for their beginning is: a few of the thousands there are."""
        plain = reader.plain
        begun = {*plain, *map("".join, pairwise(plain)), *(_GAP + form for form in reader.forms.split(_GAP))}
        return {name for beginning in begun if beginning in self._beginnings for name in self._beginnings[beginning]}

    @cached_property
    def _written(self) -> re.Pattern[str] | None:
        """Return what meets any part as written, the longest first; none where there are no parts."""
        longest = sorted((part.plain for part in self.parts.values() if part.plain), key=lambda one: (-len(one), one))
        return re.compile("|".join(map(re.escape, longest))) if longest else None

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return every place of a text where a part stands as written (any width), in order; none overlaps another."""
        if self._written is None:
            return []
        plain, came_from = _folded(text)
        return [(came_from[met.start()][0], came_from[met.end() - 1][1]) for met in self._written.finditer(plain)]

    def hits(self, sentence: Sentence) -> list[Hit]:
        """Return every cue met in a sentence."""
        return self.hits_in(Reader(sentence))

    def hits_in(self, reader: Reader) -> list[Hit]:
        """Return every cue met in a sentence that has been made ready, in the order of the cues."""
        places = {
            name: reader.place(part)
            for name in self._beginning(reader)
            if (part := self.parts[name]).plain in reader.plain or (part.forms and part.forms in reader.forms)
        }
        numbers = sorted(number for name in places for number in self.by_part[name])
        return [
            Hit(code, weight, tuple(places[part] for part in parts))
            for code, weight, parts in (self.cues[number] for number in numbers)
            if all(part in places for part in parts)
        ]


class Met:
    """The clauses' sentences, made ready once and asked by several lexicons; each lexicon is asked once."""

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._readers = [Reader(sentence) for sentence in sentences]
        self._found: dict[int, list[list[Hit]]] = {}

    def by(self, lexicon: Lexicon) -> list[list[Hit]]:
        """Return the hits of a lexicon, sentence by sentence."""
        if id(lexicon) not in self._found:
            self._found[id(lexicon)] = [lexicon.hits_in(reader) for reader in self._readers]
        return self._found[id(lexicon)]

    def codes(self, lexicon: Lexicon) -> set[str]:
        """Return whose cues are met anywhere."""
        return {hit.code for hits in self.by(lexicon) for hit in hits}


def lexicon(cues: Mapping[str, Mapping[str, Any]]) -> Lexicon:
    """Compile ``{code: {strong|words|weak|against: [cue, ..]}}``. A cue of many owners tells less and weighs less."""
    listed = [
        (code, STRENGTH[strength], tuple(cue.split("+")))
        for code, lists in cues.items()
        for strength in STRENGTH
        for cue in lists.get(strength, [])
    ]
    owners: dict[tuple[str, ...], int] = {}
    for _code, weight, parts in listed:
        owners[parts] = owners.get(parts, 0) + (weight > 0)
    weighed = tuple(
        (code, weight / (1 + 0.3 * max(0, owners[parts] - 1)) if weight > 0 else weight, parts)
        for code, weight, parts in listed
    )
    return _compiled(weighed)


def word_lexicon(words_of: Mapping[str, Iterable[str]]) -> Lexicon:
    """Compile plain word lists, each word of weight one."""
    cues = tuple((code, 1.0, (word,)) for code, listed in words_of.items() for word in listed)
    return _compiled(cues)


def _compiled(cues: tuple[tuple[str, float, tuple[str, ...]], ...]) -> Lexicon:
    by_part: dict[str, list[int]] = {}
    for number, (_code, _weight, parts) in enumerate(cues):
        by_part.setdefault(parts[0], []).append(number)
        for part in parts[1:]:
            by_part.setdefault(part, [])
    return Lexicon(cues, {part: _part(part) for part in by_part}, {part: tuple(own) for part, own in by_part.items()})


def _part(text: str) -> _Part:
    reduced = _reduce(words(text))
    forms = f"{_GAP}{_GAP.join(reduced)}{_GAP}" if reduced else ""
    return _Part(unicodedata.normalize("NFKC", text).lower(), forms, len(reduced))


def _reduce(units: Sequence[Word]) -> tuple[str, ...]:
    """Return a part in normal forms; nothing when a phrase shrinks to one common word, which then says too little."""
    kept = tuple(form for unit in units if (form := _reduced(unit)))
    return kept if len(kept) > 1 or len(units) == 1 else ()


def _reduced(unit: Word) -> str:
    """Return what is left of a word: nothing of particles and politeness, one form for every no and every please."""
    if unit.form in _NOT and unit.pos in {"助動詞", "形容詞", "助詞"}:
        return "ない"
    if unit.form in _ASKING:
        return "貰う"
    if unit.form in _ENDINGS:
        return unit.form[-2:]
    if unit.form in _DROP or unit.pos in {"助詞", "助動詞", "補助記号", "空白", "記号", "感動詞"}:
        return ""
    return unit.form


class Reader:
    """One sentence, ready to be asked for many parts."""

    def __init__(self, sentence: Sentence) -> None:
        self._start = sentence.start
        self.plain, self._places = _folded(sentence.text)
        kept = [(form, unit) for unit in sentence.words if (form := _reduced(unit))]
        self._units = [unit for _, unit in kept]
        self.forms = _GAP + _GAP.join(form for form, _ in kept) + _GAP

    def place(self, part: _Part) -> tuple[int, int]:
        """Return where a part stands that is known to be there."""
        at = self.plain.find(part.plain)
        if at >= 0:
            last = self._places[at + len(part.plain) - 1]
            return self._start + self._places[at][0], self._start + last[1]
        first = self.forms.count(_GAP, 0, self.forms.find(part.forms))
        return self._units[first].start, self._units[first + part.length - 1].end


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the text in NFKC and lower case, and for each of its characters the span it came from."""
    small = text.lower()
    if unicodedata.is_normalized("NFKC", text) and len(small) == len(text) and "Σ" not in text and not any(map(unicodedata.combining, text)):
        return small, list(zip(range(len(text)), range(1, len(text) + 1), strict=True))  # nearly always: each comes from itself
    plain: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (text[end] in "ﾞﾟ" or unicodedata.combining(text[end])):
            end += 1
        folded = unicodedata.normalize("NFKC", text[at:end]).lower()
        plain.append(folded)
        places.extend([(at, end)] * len(folded))
        at = end
    return "".join(plain), places
