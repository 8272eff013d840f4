"""Plain words and technical words that mean the same: which of them a text says, and what is searched for besides.

A word of the list may be a phrase. It is met in the normal forms of a text, particles aside and kana alike: ``何でできている``
meets ``何でできていますか``. What is added is searched for by the words that carry meaning, a phrase by all of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from uuid import UUID

from renkei.base.text import to_katakana
from renkei.matching.wordfile import ALIKE, MEANS, SYMPTOM, Group, shipped
from renkei.matching.words import Word, content_forms, words

WEIGHT = 0.4  # measured in the study of matching: an expanded word counts this much
_LONGEST_ENDING = 24  # words after a verb; no ending is longer
_SILENT = {"助詞", "助動詞", "補助記号", "空白", "記号", "感動詞"}
_AUXILIARY = {"御", "居る", "おる", "てる", "とる"}  # politeness, and what makes a state of a deed
_NOT = {"無い", "ない", "ず", "ぬ", "ん"}


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the list: ``keys`` are what it is met by, ``forms`` what it is searched for by (all of them)."""

    word: str
    kind: str
    keys: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Used:
    """A word of the list that a text says (as written there, with its place), its group, and what it adds."""

    said: str
    start: int
    end: int
    group: str
    others: tuple[Term, ...]

    @cached_property
    def begins(self) -> frozenset[str]:
        """Return the first form of each word that is added: a text that has none of these has none of the words."""
        return frozenset(term.forms[0] for term in self.others)


class Wordlist:
    """All groups, ready to be asked."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = {group.code: tuple(term_of(one.word, one.kind) for one in group.words) for group in groups}
        self._starts: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        self._single: dict[str, set[str]] = defaultdict(set)
        for code, terms in self._groups.items():
            for term in terms:
                if term.keys and term.kind != MEANS:
                    self._starts[term.keys[0]].append((term.keys, code))
                    self._note_single(term, terms)
        for found in self._starts.values():
            found.sort(key=lambda one: (-len(one[0]), one))

    def used(self, units: Sequence[Word], *, without: Collection[str] = ()) -> list[Used]:
        """Return the words of the list that are said, in the order of the text; a longer one covers what lies in it.

        ``without`` leaves out words of the list, or whole groups by their code.
        """
        kept = [(key, unit) for unit in units if (key := key_of(unit))]
        keys = [key for key, _unit in kept]
        found: dict[tuple[str, tuple[str, ...]], Used] = {}
        covered = -1
        for at, key in enumerate(keys):
            met = [(term, code) for term, code in self._starts.get(key, ()) if tuple(keys[at : at + len(term)]) == term]
            longest = max((len(term) for term, _code in met), default=0)
            if at + longest - 1 <= covered:
                continue
            covered = at + longest - 1
            part = _with_ending([unit for _key, unit in kept[at : at + longest]], units)
            for term, code in met:
                others = self._others(code, term, without)
                if len(term) == longest and code not in without and others:
                    found.setdefault((code, term), Used(_said(part, units), part[0].start, part[-1].end, code, others))
        return list(found.values())

    def used_in(self, text: str, *, without: Collection[str] = ()) -> list[Used]:
        """Return the words of the list that a text says, as ``used``; what one page asks several times is told once."""
        return list(_used_in(self, text, frozenset(without)))

    def added_to(self, text: str, *, without: Collection[str] = ()) -> list[tuple[str, ...]]:
        """Return what a search for a text looks for besides, as ``added``."""
        return _added(words(text), _used_in(self, text, frozenset(without)))

    def added(self, units: Sequence[Word], *, without: Collection[str] = ()) -> list[tuple[str, ...]]:
        """Return what a search looks for besides the text's own words; of two or more forms an entry must have all."""
        return _added(units, self.used(units, without=without))

    def expanded_by(self, text: str, *, without: Collection[str] = ()) -> dict[str, list[str]]:
        """Return for each word of the list that a text says, as written there, the words that are searched for too."""
        found: dict[str, list[str]] = {}
        for one in self.used(words(text), without=without):
            listed = found.setdefault(one.said, [])
            listed += [term.word for term in one.others if term.word not in listed]
        return found

    def expanded(self, forms: Iterable[str]) -> set[str]:
        """Return the single words that mean the same as ``forms`` and are not among them (of a text without order)."""
        given = set(forms)
        return {other for form in given for other in self._single.get(_fold(form), ())} - given

    def _others(self, code: str, keys: tuple[str, ...], without: Collection[str]) -> tuple[Term, ...]:
        return tuple(
            term
            for term in self._groups[code]
            if term.kind != SYMPTOM and term.forms and term.keys != keys and term.word not in without
        )

    def _note_single(self, term: Term, terms: Iterable[Term]) -> None:
        if len(term.keys) == 1:
            others = {one.forms[0] for one in terms if one.kind != SYMPTOM and len(one.forms) == 1 and one.keys != term.keys}
            self._single[term.keys[0]] |= others - set(term.forms)


@lru_cache(maxsize=64)
def _used_in(wordlist: Wordlist, text: str, without: frozenset[str]) -> tuple[Used, ...]:
    return tuple(wordlist.used(words(text), without=without))


def _added(units: Iterable[Word], used: Iterable[Used]) -> list[tuple[str, ...]]:
    own = {unit.form for unit in units if unit.is_content}
    terms = [term.forms for one in used for term in one.others]
    return [forms for forms in dict.fromkeys(terms) if not own.issuperset(forms)]


@lru_cache(maxsize=1)
def default() -> Wordlist:
    """Return the list that comes with the program; asks no database."""
    return Wordlist(shipped())


def current() -> Wordlist:
    """Return the list that is in use, the site's changes among it; asks the database for the mark of the newest one."""
    from renkei.matching.of_site import of_site  # noqa: PLC0415  the shipped list must be had without Django

    return _of_edition(of_site().edition)


def expanded(forms: Iterable[str]) -> set[str]:
    """Return the words that mean the same as ``forms`` and are not among them."""
    return current().expanded(forms)


@lru_cache(maxsize=2)
def _of_edition(mark: UUID | None) -> Wordlist:
    if mark is None:
        return default()
    from renkei.matching.sitewords import groups_now  # noqa: PLC0415  as above

    return Wordlist(groups_now())


@lru_cache(maxsize=30_000)
def term_of(word: str, kind: str = ALIKE) -> Term:
    """Return a word of the list as it is met and searched for; without ``keys`` it is met nowhere."""
    keys = tuple(key for unit in words(word) if (key := key_of(unit)))
    return Term(word, kind, keys, tuple(dict.fromkeys(content_forms(word))))


def key_of(unit: Word) -> str:
    """Return what a word is met by, kana alike; nothing for particles and politeness, one form for every no."""
    if unit.form in _NOT and unit.pos in {"助動詞", "形容詞", "助詞"}:
        return "ナイ"
    return "" if unit.pos in _SILENT or unit.form in _AUXILIARY else _fold(unit.form)


def _fold(form: str) -> str:
    return to_katakana(form)


def _with_ending(part: list[Word], units: Sequence[Word]) -> list[Word]:
    """Return a phrase with the ending of its last verb, so that it reads as it was said: 何でできているか, not 何ででき."""
    last = part[-1] if part else None
    if last is None or last.pos not in {"動詞", "形容詞"}:
        return part
    at = _place(units, last.start)
    while units[at] is not last:
        at += 1
    for before, unit in pairwise(units[at : at + _LONGEST_ENDING]):
        is_ending = unit.pos == "助動詞" or unit.form in _AUXILIARY or (unit.form in {"て", "で"} and before is last)
        if not is_ending or unit.start != before.end:
            break
        part = [*part, unit]
    return part


def _said(part: Sequence[Word], units: Sequence[Word]) -> str:
    """Return a phrase as the text has it, what stands between its words included."""
    return "".join(_between(part, units))


def _between(part: Sequence[Word], units: Sequence[Word]) -> Iterator[str]:
    at, end = part[0].start, part[-1].end
    for unit in units[_place(units, at) : _place(units, end)]:
        if unit.end <= end:
            yield " " * (unit.start - at) + unit.surface
            at = unit.end


def _place(units: Sequence[Word], start: int) -> int:
    """Return where the units begin that stand at ``start`` or after: a long text must not be gone through for each phrase."""
    return bisect_left(units, start, key=lambda unit: unit.start)
