"""Analysed documents as numbers, a block at a time: what the postings and the inverted index are both made of.

A term has a key of 54 bits. Its lower bits are its place among the ``SPACE`` numbers of the postings, all of it is what the
inverted index finds it by, where two terms in one place would find what does not hold the word. No database here.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.meaning import Bag
from renkei.matching.terms import FIELDS, SPACE, Document, Numbers, Told, close_up, runs_of

Keys = NDArray[np.int64]
WITH_ROWS = ("words", "title")  # fields whose terms also know their row in the table of word vectors
LETTERS = ("pairs", "title_pairs", "chars")  # fields of pairs of characters
_LINE = 10
BLOCK = 500  # documents of a block; their numbers must go into nine bits
_BITS = 54
_MOST_KEYS = 400_000


@dataclass(frozen=True, slots=True)
class Flat:
    """One field of a block: how many different terms each document has, their keys, how often each, and all terms counted.

    ``near`` is each term's row in the table of word vectors, ``general`` its share of all text; both only in ``WITH_ROWS``.
    """

    sizes: Keys
    keys: Keys
    counts: NDArray[np.int32]
    lengths: NDArray[np.float32]
    near: Numbers
    general: NDArray[np.float32]

    @property
    def places(self) -> Numbers:
        """Return each term's number in the postings."""
        return (self.keys & (SPACE - 1)).astype(np.int32)

    @property
    def bag(self) -> Bag:
        """Return the field as its meaning is told from (only of ``WITH_ROWS``)."""
        return Bag(self.sizes, self.places, self.counts, self.near, self.general)

    def taken(self, mask: NDArray[np.bool_]) -> Flat:
        """Return the field of the documents that the mask names."""
        own = np.repeat(mask, self.sizes)
        with_rows = len(self.near) > 0
        return Flat(
            self.sizes[mask], self.keys[own], self.counts[own], self.lengths[mask],
            self.near[own] if with_rows else self.near, self.general[own] if with_rows else self.general,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Digest:
    """A block: id, kind and mark of each document, and its fields."""

    names: list[tuple[str, str, str]]
    fields: Mapping[str, Flat]

    def __len__(self) -> int:
        return len(self.names)

    def taken(self, mask: NDArray[np.bool_]) -> Digest:
        """Return the documents that the mask names."""
        if mask.all():
            return self
        kept = np.flatnonzero(mask).tolist()
        fields = {name: flat.taken(mask) for name, flat in self.fields.items()}
        return Digest([self.names[at] for at in kept], fields)


class _Keys(dict[str, int]):
    """The key of each term met lately."""

    def __missing__(self, term: str) -> int:
        if len(self) > _MOST_KEYS:
            self.clear()
        data = term.encode()
        told = int.from_bytes(blake2b(data, digest_size=8).digest(), "little") & ((1 << _BITS) - SPACE)
        found = self[term] = told | (zlib.crc32(data) & (SPACE - 1))
        return found


_known = _Keys()


def keys_of(terms: Iterable[str]) -> Keys:
    """Return the key of each term."""
    return np.fromiter(map(_known.__getitem__, terms), dtype=np.int64)


def keys_in(field: str, terms: Sequence[str]) -> Keys:
    """Return the key of each term of a field: pairs are told from what they are pairs of."""
    if field in LETTERS:
        code = np.array([[ord(one[0]), ord(one[1])] for one in terms], dtype=np.uint64).reshape(-1, 2)
        return _mixed(code[:, 0], code[:, 1])
    if field == "bigrams":
        of_words = keys_of(word for one in terms for word in one.split("\n")).reshape(-1, 2)
        return _mixed(of_words[:, 0].astype(np.uint64), of_words[:, 1].astype(np.uint64))
    return keys_of(terms)


def places_in(field: str, terms: Sequence[str]) -> Numbers:
    """Return the number of each term of a field."""
    return (keys_in(field, terms) & (SPACE - 1)).astype(np.int32)


def _mixed(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> Keys:
    """Return a key for each pair of numbers (splitmix64's mixing, wrapping round)."""
    value = one * np.uint64(0x9E3779B97F4A7C15) ^ (other + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Keys = ((value ^ (value >> np.uint64(31))) & np.uint64((1 << _BITS) - 1)).astype(np.int64)
    return found


def digests(documents: Sequence[tuple[Document, Told]]) -> list[Digest]:
    """Return analysed documents as blocks of numbers."""
    return [digest(documents[at : at + BLOCK]) for at in range(0, len(documents), BLOCK)]


def digest(documents: Sequence[tuple[Document, Told]]) -> Digest:
    """Return a block of at most 500 analysed documents as numbers."""
    listed = [told for _one, told in documents]
    parts = [part for told in listed for part in (told.spoken_title, told.spoken_body)]
    number: defaultdict[tuple[str, bool], int] = defaultdict(count().__next__)  # the same units come again and again
    units = np.fromiter(map(number.__getitem__, chain.from_iterable(parts)), dtype=np.int64)
    owner = np.repeat(np.arange(len(parts)), list(map(len, parts)))
    spoken, carry = zip(*number, strict=True) if number else ((), ())
    keys, content = keys_of(spoken)[units], np.array(carry, dtype=bool)[units]
    words, part = keys[content], owner[content]  # a part is a title or a body, one after the other
    said_words = np.array(spoken, dtype=object)[units[content]]
    follows = np.flatnonzero(part[1:] == part[:-1])
    pairs_of, pairs = _letters([text for told in listed for text in (runs_of(told.plain_title), runs_of(told.plain_body))])
    chars_of, chars = _letters([text for told in listed for text in (close_up(told.plain_title), close_up(told.plain_body))])
    title, title_pairs = part % 2 == 0, pairs_of % 2 == 0
    terms = {
        "words": (part, words), "title": (part[title], words[title]), "text": (part[~title], words[~title]),
        "pairs": (pairs_of, pairs), "title_pairs": (pairs_of[title_pairs], pairs[title_pairs]),
        "bigrams": (part[follows], _mixed(words[follows].astype(np.uint64), words[follows + 1].astype(np.uint64))),
        "chars": (chars_of, chars), "units": (owner, keys),
    }  # fmt: skip
    said = {"words": said_words.tolist(), "title": said_words[title].tolist()}
    return Digest(
        [(one.id, one.kind, one.mark) for one, _told in documents],
        {name: _flat(len(listed), terms[name][0] // 2, terms[name][1], said.get(name)) for name in FIELDS},
    )


def _letters(parts: Sequence[str]) -> tuple[Keys, Keys]:
    """Return the pairs of neighbouring characters of parts, none over the end of a line: whose each is, and its key."""
    code = np.frombuffer("\n".join(parts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(parts)), [len(one) + 1 for one in parts])[: len(code)]
    whole = np.flatnonzero((code[:-1] != _LINE) & (code[1:] != _LINE)) if len(code) else np.zeros(0, dtype=np.int64)
    return owner[whole], _mixed(code[whole], code[whole + 1])


def _flat(size: int, owner: Keys, keys: Keys, said: Sequence[str] | None) -> Flat:
    """Return a field of ``size`` documents from its terms and whose each is; ``said`` are the words where their rows are wanted."""
    owned = (owner.astype(np.uint64) << np.uint64(_BITS)) | keys.astype(np.uint64)
    if said is not None:
        found, first, counts = np.unique(owned, return_index=True, return_counts=True)
        near, general = meaning.known_of([said[at] for at in first.tolist()])
    else:
        found, counts = np.unique(owned, return_counts=True)
        near, general = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    sizes = np.bincount((found >> np.uint64(_BITS)).astype(np.int64), minlength=size)
    own = (found & np.uint64((1 << _BITS) - 1)).astype(np.int64)
    return Flat(sizes, own, counts.astype(np.int32), np.bincount(owner, minlength=size).astype(np.float32), near, general)
