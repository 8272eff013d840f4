"""What a programme leaves out (``eligible.excludes``), held against the words of the case: where both say the same, people look.

What is left out stands in the words of the programme, so nothing here is ever a no: words can meet without the firm being meant.
A word is met in its normal form, or by a word of the list that means the same; what is named stands in both texts. A place that
denies the word (「中古ではなく新品」) meets nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from renkei.companies.industries import class_of
from renkei.matching import synonyms
from renkei.matching.facts import Facts
from renkei.matching.reading import is_denied
from renkei.matching.synonyms import Term, Wordlist, key_of, term_of
from renkei.matching.telling import says_something
from renkei.matching.words import words
from renkei.plan.industry import Size

_READ = 4_000  # characters of a text that are looked through
_ENDS = frozenset("。！？!?\n")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A thing left out, and what of the case may be it: where that is told, and the words as they stand there."""

    excluded: str
    where: str
    said: str

    def __str__(self) -> str:
        return _("%(where)sの「%(said)s」と、対象にならない「%(excluded)s」") % {"where": self.where, "said": self.said, "excluded": self.excluded}


def meetings(excluded: Sequence[str], facts: Facts, size: Size) -> list[Meeting]:
    """Return which of the things left out the case may be, each once, by the first place that tells it."""
    places = [(where, text, own) for where, text, own in _places(facts, size) if text]
    if not places:
        return []
    found, wordlist = [], synonyms.current()
    for words_out in excluded:
        term = term_of(words_out)
        told = ((where, _said(text, term, wordlist, own=own)) for where, text, own in places) if term.keys else ()
        if first := next(((where, said) for where, said in told if said), None):
            found.append(Meeting(words_out, *first))
    return found


def _places(facts: Facts, size: Size) -> Iterator[tuple[str, str, bool]]:
    """Return what is known of a case, by place; what is on record of the firm (``own``) is no chance word."""
    trade = class_of(facts.jsic) if facts.jsic else None
    if trade is not None:
        yield _("業種"), trade.name, True
    if facts.deemed_large:
        yield _("会社の規模"), "みなし大企業", True
    elif size.is_sme is False:
        yield _("会社の規模"), "大企業", True
    yield _("相談"), facts.text[:_READ], False
    for answer in facts.answers.values():
        yield _("会社の答え"), answer[:_READ], False


def _said(text: str, term: Term, wordlist: Wordlist, *, own: bool) -> str:
    """Return what a text says that is the term, as it stands there; empty when it says nothing of the kind."""
    if not (own or _is_telling(term.word)):
        return ""
    read = _read(text, wordlist)
    for at in read.places.get(term.keys[0], ()):
        last = at + len(term.keys)
        part = text[read.spans[at][0] : read.spans[min(last, len(read.spans)) - 1][1]]
        if read.keys[at:last] == term.keys and not _ENDS & set(part) and not is_denied(text, read.spans[last - 1][1]):
            return part
    return read.alike.get(term.keys, "")


@lru_cache(maxsize=5_000)
def _is_telling(word: str) -> bool:
    return says_something(word, [(0, len(word))])


@dataclass(frozen=True)
class _Read:
    """A text's words by what they are met by, where each stands, and the words of the list it says in other words."""

    keys: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    places: dict[str, list[int]]
    alike: dict[tuple[str, ...], str]


@lru_cache(maxsize=64)
def _read(text: str, wordlist: Wordlist) -> _Read:
    kept = [(key, unit) for unit in words(text) if (key := key_of(unit))]
    places: dict[str, list[int]] = defaultdict(list)
    for at, (key, _unit) in enumerate(kept):
        places[key].append(at)
    alike: dict[tuple[str, ...], str] = {}
    for used in wordlist.used_in(text):
        if _is_ever_meant(text, used.said):
            for other in used.others:
                alike.setdefault(other.keys, used.said)
    return _Read(tuple(key for key, _unit in kept), tuple((unit.start, unit.end) for _key, unit in kept), dict(places), alike)


def _is_ever_meant(text: str, said: str) -> bool:
    """Tell whether a word stands in a text at least once without being denied."""
    return any(not is_denied(text, met.end()) for met in re.finditer(re.escape(said), text))
