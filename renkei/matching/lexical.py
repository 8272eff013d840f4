"""The inverted index that finds candidates by their words; what they are worth is decided by ``ranking``.

BM25 over the words, the title and the pairs of characters, for all documents at once: a term's documents and what it adds to
each are added up, so that the best of every kind come from one pass. Rows are those of the postings beside it. A writing
makes a segment (a file that never changes); small segments are joined as they come. ``Parts`` names what counts. No database here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import loops
from renkei.matching.digest import Digest, Keys, digests, keys_in, keys_of
from renkei.matching.loops import fixed
from renkei.matching.terms import Document, Terms, Told

WEIGHTS = {"words": 1.0, "title": 0.3, "pairs": 0.25}
_SYNONYM = 0.4
_K1, _B = 1.2, 0.75
_FEW, _SHARE = 200_000, 2.0  # rows met in a field before the commonest words of a question are left out; beside that a share of all
_FULL = 65_535  # what a term adds is kept as a share of the most it can add
_SEGMENT = 100_000  # rows that are sorted at once
_JOINED = 150_000  # segments beyond this are left as they are
_KEPT = 2  # generations that readers may still be at
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parts:
    """What counts of an index: its rows, how many terms each field has in all, and the segments by their first row and end."""

    rows: int = 0
    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WEIGHTS, 0))
    segments: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Inverted:
    """One field of a segment: terms in order, where the rows of each end, the rows, and what the term adds to each."""

    keys: Keys
    ends: Keys
    rows: NDArray[np.int32]
    gains: NDArray[np.uint16]

    def spans(self, wanted: Keys) -> tuple[Keys, Keys]:
        """Return where the rows of each term begin and end; equal where nobody has it."""
        if not len(self.keys):
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.int64)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        starts = np.where(at > 0, self.ends[np.maximum(at - 1, 0)], 0)
        return starts, np.where(self.keys[at] == wanted, self.ends[at], starts)


Segment = dict[str, Inverted]


class Index:
    """An index in a folder or, without one, in memory. What is open does not change; a writing makes the next."""

    def __init__(self, place: Path | None, parts: Parts, segments: Sequence[Segment]) -> None:
        self.place = place
        self.parts = parts
        self.segments = list(segments)


def make(place: Path | None = None) -> Index:
    """Return a new index in a folder, or in memory."""
    index = Index(place, Parts(), [])
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
        _write_parts(place, index.parts, 0)
    return index


def opened(place: Path, generation: int) -> Index:
    """Return the index of a folder as a generation left it. Raises ValueError or OSError when it is damaged."""
    told = json.loads((place / f"parts-{generation}.json").read_text(encoding="utf-8"))
    try:
        parts = Parts(int(told["rows"]), {name: int(told["tokens"][name]) for name in WEIGHTS}, tuple((int(a), int(b)) for a, b in told["segments"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{place}: no parts of generation {generation}") from error
    return Index(place, parts, [_read(place, *span) for span in parts.segments])


class Writer:
    """Collects documents; ``commit`` puts them into the index."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._waiting: list[Digest] = []
        self._parts, self._segments = index.parts, list(index.segments)

    def add(self, block: Digest) -> None:
        """Add a block of documents."""
        self._waiting.append(block)
        if sum(map(len, self._waiting)) >= _SEGMENT:
            self.flush()

    def commit(self, generation: int) -> None:
        """Put what was collected in, and name it the parts of a generation."""
        self.flush()
        place = self._index.place
        if place is not None:
            _write_parts(place, self._parts, generation)
            _sweep(place)
        self._index.parts, self._index.segments = self._parts, self._segments

    def flush(self) -> None:
        """Write what was collected as a segment."""
        if not self._waiting:
            return
        blocks, self._waiting = self._waiting, []
        begin, end = self._parts.rows, self._parts.rows + sum(map(len, blocks))
        tokens = {name: self._parts.tokens[name] + int(sum(float(one.fields[name].lengths.sum()) for one in blocks)) for name in WEIGHTS}
        made = {name: _inverted(blocks, name, begin, max(tokens[name] / end, 1e-6)) for name in WEIGHTS}
        spans = list(self._parts.segments)
        while spans and (before := spans[-1][1] - spans[-1][0]) <= 2 * (end - begin) and end - spans[-1][0] <= _JOINED and before:
            begin = spans.pop()[0]
            other = self._segments.pop()
            made = {name: _joined(other[name], made[name]) for name in WEIGHTS}
        if self._index.place is not None:
            _write(self._index.place, begin, end, made)
            made = _read(self._index.place, begin, end)
        self._segments.append(made)
        self._parts = Parts(end, tokens, (*spans, (begin, end)))


@contextmanager
def writing(index: Index, generation: int = 1) -> Iterator[Writer]:
    """Give a writer; what was written is committed at the end, and nothing of it when something fails."""
    writer = Writer(index)
    yield writer
    writer.commit(generation)


def add(writer: Writer, documents: Sequence[tuple[Document, Told]]) -> None:
    """Add analysed documents."""
    for block in digests(documents):
        writer.add(block)


def put(index: Index, documents: Sequence[tuple[Document, Told]]) -> None:
    """Add analysed documents in one commit."""
    with writing(index) as writer:
        add(writer, documents)


def scores(index: Index, terms: Terms, synonyms: Sequence[tuple[str, ...]]) -> Scores:
    """Return what each row is worth by its words, nought where it has none of them; dead rows are not known here.

    A word that means the same counts less; one of several words counts only where all are met, as the mean of them in an
    entry of middling length. Of a long question over a large catalogue the commonest words are left out.
    """
    score = np.zeros(index.parts.rows)
    asked = {name: list(terms.words if name != "pairs" else terms.by_field["pairs"]) for name in WEIGHTS}
    single = [forms[0] for forms in synonyms if len(forms) == 1]
    for name, weight in WEIGHTS.items():
        weights = np.full(len(asked[name]), weight)
        if name == "words":
            asked[name] += single
            weights = np.concatenate([weights, np.full(len(single), _SYNONYM)])
        _add(score, index, name, keys_in(name, asked[name]), weights)
    _add_phrases(score, index, [forms for forms in synonyms if len(forms) > 1])
    return score


def _add(score: Scores, index: Index, name: str, keys: Keys, weights: NDArray[np.float64]) -> None:
    """Add the worth of terms, the terms that tell most first, until so many rows are met that what is left adds little."""
    spans = [segment[name].spans(keys) for segment in index.segments]
    if not spans or not len(keys):
        return
    often = np.sum([ends - starts for starts, ends in spans], axis=0)
    worth = (weights * _rarity(index.parts.rows, often) * (_K1 + 1) / _FULL).astype(np.float32)
    order = np.argsort(-worth, kind="stable")
    kept = order[np.r_[True, np.cumsum(often[order])[:-1] < max(_FEW, _SHARE * index.parts.rows)]]
    for segment, (starts, ends) in zip(index.segments, spans, strict=True):
        held = segment[name]
        loops.add_rows(score, fixed(held.rows), fixed(held.gains), starts[kept], ends[kept], worth[kept])


def _add_phrases(score: Scores, index: Index, phrases: Sequence[Sequence[str]]) -> None:
    """Add the worth of phrases to the rows that hold all their words, each as if as often as an entry of middling length has them."""
    if not phrases or not index.segments:
        return
    keys = keys_of(chain.from_iterable(phrases))
    spans = [segment["words"].spans(keys) for segment in index.segments]
    rarity = _rarity(index.parts.rows, sum(ends - starts for starts, ends in spans))
    firsts = np.cumsum([0, *map(len, phrases)])
    worth = _SYNONYM * np.add.reduceat(rarity, firsts[:-1]) / np.diff(firsts)  # (k1 + 1) / (1 + k1) times that
    for segment, (starts, ends) in zip(index.segments, spans, strict=True):
        loops.add_phrases(score, fixed(segment["words"].rows), starts, ends, firsts, worth)


def _rarity(rows: int, often: Any) -> NDArray[np.float64]:
    return np.asarray(np.log1p((rows - often + 0.5) / (often + 0.5)))


def _inverted(blocks: Sequence[Digest], name: str, begin: int, mean: float) -> Inverted:
    """Return a field of blocks whose first document is row ``begin``."""
    flats = [one.fields[name] for one in blocks]
    sizes = np.concatenate([one.sizes for one in flats])
    rows = np.repeat(np.arange(begin, begin + len(sizes), dtype=np.int32), sizes)
    keys = np.concatenate([one.keys for one in flats])
    often = np.concatenate([one.counts for one in flats]).astype(np.float32)
    long = _K1 * (1 - _B + _B * _rounded(np.concatenate([one.lengths for one in flats])) / mean)
    gains = np.round(_FULL * often / (often + np.repeat(long.astype(np.float32), sizes))).astype(np.uint16)
    return _sorted(keys, rows, gains)


def _joined(one: Inverted, other: Inverted) -> Inverted:
    keys = np.concatenate([np.repeat(each.keys, np.diff(each.ends, prepend=0)) for each in (one, other)])
    return _sorted(keys, np.concatenate([one.rows, other.rows]), np.concatenate([one.gains, other.gains]))


def _sorted(keys: Keys, rows: NDArray[np.int32], gains: NDArray[np.uint16]) -> Inverted:
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    last = np.flatnonzero(np.r_[keys[1:] != keys[:-1], True]) if len(keys) else np.zeros(0, dtype=np.int64)
    return Inverted(keys[last], last + 1, rows[order], gains[order])


def _rounded(lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return lengths to three bits beyond forty: a few words more or less in a long text tell nothing."""
    whole = np.maximum(lengths.astype(np.int64) - 24, 0)
    shift = np.maximum(np.floor(np.log2(np.maximum(whole, 1))).astype(np.int64) - 3, 0)
    return np.where(lengths < 40, lengths, ((whole >> shift) << shift) + 24).astype(np.float32)


_KINDS = {"keys": np.int64, "ends": np.int64, "rows": np.int32, "gains": np.uint16}


def _path(place: Path, begin: int, end: int) -> Path:
    return place / f"{begin}-{end}.segment"


def _write(place: Path, begin: int, end: int, segment: Segment) -> None:
    counts = {name: [len(one.keys), len(one.rows)] for name, one in segment.items()}
    head = json.dumps(counts).encode().ljust(256)
    draft = place / f"segment-{os.getpid()}.tmp"
    with draft.open("wb") as out:
        out.write(head)
        for one in segment.values():
            for kind in _KINDS:
                data = np.ascontiguousarray(getattr(one, kind))
                out.write(data.data)
                out.write(b"\0" * (-data.nbytes % 8))
    draft.replace(_path(place, begin, end))


def _read(place: Path, begin: int, end: int) -> Segment:
    """Return a segment, mapped. Raises OSError or ValueError when the file is missing, cut short or says something else."""
    path = _path(place, begin, end)
    whole = np.memmap(path, dtype=np.uint8, mode="r")
    counts = json.loads(bytes(whole[:256]))
    if not isinstance(counts, dict) or set(counts) != set(WEIGHTS):
        raise ValueError(f"{path} is no segment")
    found: Segment = {}
    at = 256
    for name in WEIGHTS:
        keys, rows = counts[name]
        parts: dict[str, Any] = {}
        for kind, dtype in _KINDS.items():
            size = (keys if kind in {"keys", "ends"} else rows) * np.dtype(dtype).itemsize
            parts[kind] = np.asarray(whole[at : at + size].view(dtype))
            at += size + (-size % 8)
        found[name] = Inverted(**parts)
    if at != len(whole) or any(len(one.keys) and int(one.ends[-1]) != len(one.rows) for one in found.values()):
        raise ValueError(f"{path} is damaged")
    return found


def _write_parts(place: Path, parts: Parts, generation: int) -> None:
    draft = place / f"parts-{os.getpid()}.tmp"
    draft.write_text(json.dumps({"rows": parts.rows, "tokens": parts.tokens, "segments": parts.segments}), encoding="utf-8")
    draft.replace(place / f"parts-{generation}.json")


def _sweep(place: Path) -> None:
    """Throw away the parts of old generations, and the segments that nobody names any more."""
    numbers = sorted(int(path.stem.removeprefix("parts-")) for path in place.glob("parts-*.json"))
    for number in numbers[:-_KEPT]:
        (place / f"parts-{number}.json").unlink(missing_ok=True)
    named: set[str] = set()
    for number in numbers[-_KEPT:]:
        try:
            told = json.loads((place / f"parts-{number}.json").read_text(encoding="utf-8"))["segments"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        named |= {_path(place, *span).name for span in told}
    for path in place.glob("*.segment"):
        if path.name not in named:
            path.unlink(missing_ok=True)
