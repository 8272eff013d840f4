"""What a text is found by: words, and beside them signs that the dictionary does not see. No database here.

A text is analysed once, in one pass; titles and bodies are kept apart because a word in a title says more. Terms become
numbers by hashing (``SPACE`` places), so that no vocabulary has to be kept: two terms in one place cost a little quality
and never truth, because evidence is told from the words themselves.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from renkei.matching.words import pairs, spoken, spoken_forms, words

FIELDS = ("words", "title", "text", "pairs", "title_pairs", "bigrams", "chars", "units")
SPACE = 1 << 20
MOST_TERMS = 160
_MOST_SIGNS = 400
_LONGEST = 20_000
_GAP = re.compile(r"[\s\W_]+")
Numbers = NDArray[np.int32]


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
    """The terms of a text by field, in order, repeats kept."""

    by_field: Mapping[str, Sequence[str]]

    @property
    def title(self) -> Sequence[str]:
        """Return the words of the title."""
        return self.by_field["title"]

    @property
    def text(self) -> Sequence[str]:
        """Return the words of the body."""
        return self.by_field["text"]

    @property
    def words(self) -> Sequence[str]:
        """Return the words of both."""
        return self.by_field["words"]


def analysed(documents: Iterable[Document]) -> list[tuple[Document, Terms]]:
    """Return documents with their terms: what postings and the inverted index are both made of."""
    return [(document, document_terms(document)) for document in documents]


def document_terms(document: Document) -> Terms:
    """Return what a document is found by; only the first 20,000 characters are read."""
    body = document.text[:_LONGEST]
    told_title, told = spoken_forms(document.title), spoken_forms(body)
    title, text = ([form for form, is_content in one if is_content] for one in (told_title, told))
    title_pairs = pairs(document.title)
    return Terms({
        "words": [*title, *text],
        "title": title,
        "text": text,
        "pairs": [*title_pairs, *pairs(body)],
        "title_pairs": title_pairs,
        "bigrams": [*_joined(title), *_joined(text)],
        "chars": [*_chars(document.title), *_chars(body)],
        "units": [form for form, _is_content in (*told_title, *told)],
    })  # fmt: skip


def query_terms(text: str) -> Terms:
    """Return what a query asks for, each term once; a long text is cut to its first 160 words."""
    told = spoken(words(text[:_LONGEST]))
    forms = [form for form, is_content in told if is_content]
    once = list(dict.fromkeys(forms))[:MOST_TERMS]
    signs = list(dict.fromkeys(pairs(text[:_LONGEST])))[:_MOST_SIGNS]
    return Terms({
        "words": once,
        "title": once,
        "text": once,
        "pairs": signs,
        "title_pairs": signs,
        "bigrams": list(dict.fromkeys(_joined(forms)))[:MOST_TERMS],
        "chars": list(dict.fromkeys(_chars(text[:_LONGEST])))[:_MOST_SIGNS],
        "units": list(dict.fromkeys(form for form, _is_content in told))[:MOST_TERMS],
    })  # fmt: skip


def places(terms: Iterable[str]) -> Numbers:
    """Return the number of each term."""
    return np.fromiter((zlib.crc32(term.encode()) & (SPACE - 1) for term in terms), dtype=np.int32)


def _joined(forms: Sequence[str]) -> list[str]:
    return [f"{one} {other}" for one, other in pairwise(forms)]


def _chars(text: str) -> list[str]:
    """Return pairs of neighbouring characters of any script: they bridge spellings and endings."""
    plain = _GAP.sub("", unicodedata.normalize("NFKC", text).lower())
    return [plain[at : at + 2] for at in range(len(plain) - 1)]
