"""What a text is found by: words, and beside them signs that the dictionary does not see. No database here.

A text is analysed once, in one pass; titles and bodies are kept apart because a word in a title says more. Terms become
numbers by hashing (``SPACE`` places), so that no vocabulary has to be kept: two terms in one place cost a little quality
and never truth, because evidence is told by thirty-one bits more (``postings``).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from renkei.matching.words import spoken, spoken_forms, words

FIELDS = ("words", "title", "text", "pairs", "title_pairs", "bigrams", "chars", "units")
SPACE = 1 << 20
MOST_TERMS = 160
_MOST_SIGNS = 400
_LONGEST = 20_000
_GAP = re.compile(r"[\s\W_]+")
_RUN = re.compile(r"[^\W_ぁ-ん]{2,}")
Numbers = NDArray[np.int32]
Spoken = Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found. ``kind`` is what a search may be narrowed to, ``mark`` tells one wording from another."""

    id: str
    title: str
    text: str
    kind: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a question by field, in order, each once. Two neighbouring words stand on two lines of one term."""

    by_field: Mapping[str, Sequence[str]]

    @property
    def words(self) -> Sequence[str]:
        """Return the words asked for."""
        return self.by_field["words"]


@dataclass(frozen=True)
class Told:
    """What a document says: the words of title and body in order, with whether each carries meaning, and both texts made plain."""

    spoken_title: Spoken
    spoken_body: Spoken
    plain_title: str
    plain_body: str

    @cached_property
    def by_field(self) -> Mapping[str, Sequence[str]]:
        """Return the terms by field, in order, repeats kept."""
        title, text = ([form for form, is_content in told if is_content] for told in (self.spoken_title, self.spoken_body))
        return {
            "words": [*title, *text],
            "title": title,
            "text": text,
            "pairs": [*_pairs(self.plain_title), *_pairs(self.plain_body)],
            "title_pairs": _pairs(self.plain_title),
            "bigrams": [*_joined(title), *_joined(text)],
            "chars": [*_chars(self.plain_title), *_chars(self.plain_body)],
            "units": [form for form, _is_content in (*self.spoken_title, *self.spoken_body)],
        }

    @property
    def words(self) -> Sequence[str]:
        """Return the words of title and body."""
        return self.by_field["words"]


def analysed(documents: Iterable[Document]) -> list[tuple[Document, Told]]:
    """Return documents with what they say: what postings and the inverted index are both made of."""
    return [(document, document_terms(document)) for document in documents]


def document_terms(document: Document) -> Told:
    """Return what a document is found by; only the first 20,000 characters are read."""
    body = document.text[:_LONGEST]
    return Told(spoken_forms(document.title), spoken_forms(body), plain(document.title), plain(body))


def query_terms(text: str) -> Terms:
    """Return what a query asks for, each term once; a long text is cut to its first 160 words."""
    told = spoken(words(text[:_LONGEST]))
    forms = [form for form, is_content in told if is_content]
    once = list(dict.fromkeys(forms))[:MOST_TERMS]
    letters = plain(text[:_LONGEST])
    signs = list(dict.fromkeys(_pairs(letters)))[:_MOST_SIGNS]
    return Terms({
        "words": once,
        "title": once,
        "text": once,
        "pairs": signs,
        "title_pairs": signs,
        "bigrams": list(dict.fromkeys(_joined(forms)))[:MOST_TERMS],
        "chars": list(dict.fromkeys(_chars(letters)))[:_MOST_SIGNS],
        "units": list(dict.fromkeys(form for form, _is_content in told))[:MOST_TERMS],
    })  # fmt: skip


def places(terms: Iterable[str]) -> Numbers:
    """Return the number of each term."""
    return np.fromiter((zlib.crc32(term.encode()) & (SPACE - 1) for term in terms), dtype=np.int32)


def plain(text: str) -> str:
    """Return a text with full width, half width and capitals made one."""
    return unicodedata.normalize("NFKC", text).lower()


def runs_of(letters: str) -> str:
    """Return the runs without hiragana of a plain text, a line each: their pairs find what the dictionary cuts apart."""
    return "\n".join(_RUN.findall(letters))


def close_up(letters: str) -> str:
    """Return a plain text without gaps and signs: its pairs bridge spellings and endings."""
    return _GAP.sub("", letters)


def _joined(forms: Sequence[str]) -> list[str]:
    return [f"{one}\n{other}" for one, other in pairwise(forms)]


def _pairs(letters: str) -> list[str]:
    return [run[at : at + 2] for run in _RUN.findall(letters) for at in range(len(run) - 1)]


def _chars(letters: str) -> list[str]:
    closed = close_up(letters)
    return [closed[at : at + 2] for at in range(len(closed) - 1)]
