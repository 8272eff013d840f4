"""What is known of each document, in files that only grow: its terms by field, its vectors, the words it can be near to.

Row after row is appended; who opens a postings is told how many rows and dead rows count (``Extent``), so what a crash left
behind them is not read and the next writer cuts it off. The files are mapped, not loaded. No database here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.meaning import Prior
from renkei.matching.terms import FIELDS, SPACE, Document, Numbers, Terms, places

Rows = NDArray[np.int64]
_BLOCK = 500
WITH_ROWS = ("words", "title")  # fields whose terms also know their row in the table of word vectors


class Extent(NamedTuple):
    """How much of the postings counts: rows, dead rows, and the bytes of the list of names."""

    rows: int = 0
    dead: int = 0
    names: int = 0


EMPTY = Extent()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of every row: where its terms end, the terms, how often each is met, and how rare each term is."""

    ends: Rows
    terms: Numbers
    counts: NDArray[np.uint8]
    lengths: NDArray[np.float32]
    rarity: NDArray[np.float32]
    mean_length: float
    near: Numbers

    def starts(self, rows: Rows) -> Rows:
        """Return where the terms of rows begin."""
        return np.where(rows > 0, self.ends[np.maximum(rows - 1, 0)], 0)


class Postings:
    """Postings opened for reading. Raises OSError or ValueError when a file is missing, cut short or does not fit."""

    def __init__(self, folder: Path, extent: Extent) -> None:
        self.extent = extent
        names = (folder / "names.jsonl").read_bytes()[: extent.names].splitlines()
        if len(names) != extent.rows:
            raise ValueError(f"{folder} does not hold {extent.rows} rows")
        listed = [json.loads(line) for line in names]
        self.ids = [str(one[0]) for one in listed]
        self.kinds = np.array([str(one[1]) for one in listed], dtype=object)
        self.alive = np.ones(extent.rows, dtype=bool)
        self.alive[_mapped(folder / "dead.i8", np.int64, extent.dead)] = False
        self.row_of = {one: row for row, one in enumerate(self.ids) if self.alive[row]}
        self.fields = {name: self._field(folder, name) for name in FIELDS}
        self.title = _mapped(folder / "title.f4", np.float32, extent.rows * meaning.WIDTH).reshape(-1, meaning.WIDTH)
        self.body = _mapped(folder / "body.f4", np.float32, extent.rows * meaning.WIDTH).reshape(-1, meaning.WIDTH)
        self.both = _mapped(folder / "both.f4", np.float32, extent.rows * meaning.WIDTH).reshape(-1, meaning.WIDTH)
        self.prior = _prior(folder)

    def _field(self, folder: Path, name: str) -> Field:
        rows = self.extent.rows
        ends = _mapped(folder / f"{name}.ends", np.int64, rows)
        total = int(ends[-1]) if rows else 0
        terms = _mapped(folder / f"{name}.terms", np.int32, total)
        counts = _mapped(folder / f"{name}.counts", np.uint8, total)
        lengths = _mapped(folder / f"{name}.lengths", np.float32, rows)
        met = terms if self.alive.all() else terms[np.repeat(self.alive, np.diff(ends, prepend=0))]
        often = np.bincount(met, minlength=SPACE)
        rarity = np.log1p((self.alive.sum() - often + 0.5) / (often + 0.5)).astype(np.float32)
        living = lengths[self.alive]
        mean_length = max(float(living.mean()) if len(living) else 1.0, 1e-6)
        near = _mapped(folder / f"{name}.near", np.int32, total if name in WITH_ROWS else 0)
        return Field(ends, terms, counts, lengths, rarity, mean_length, near)


class PostingsWriter:
    """Puts rows into postings. What lies beyond the extent it is told is cut off first; ``extent`` is what to keep."""

    def __init__(self, folder: Path, extent: Extent = EMPTY, *, prior: Prior | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.extent = extent
        if not extent.rows and prior is not None:
            np.save(folder / "often.npy", prior.often)
            np.save(folder / "common.npy", prior.common)
        self._static = meaning.Static(_prior(folder))
        self._ends = {name: self._end(name) for name in FIELDS}
        self._cut()

    def add(self, documents: Sequence[tuple[Document, Terms]]) -> None:
        """Append a row for each analysed document."""
        for at in range(0, len(documents), _BLOCK):
            self._add([one for one, _terms in documents[at : at + _BLOCK]], [terms for _one, terms in documents[at : at + _BLOCK]])

    def bury(self, rows: Sequence[int]) -> None:
        """Mark rows as dead."""
        _append(self._folder / "dead.i8", np.array(rows, dtype=np.int64))
        self.extent = self.extent._replace(dead=self.extent.dead + len(rows))

    def _add(self, block: Sequence[Document], analysed: Sequence[Terms]) -> None:
        for name in FIELDS:
            self._append(name, [terms.by_field[name] for terms in analysed])
        title, body = (self._static.of_words([getattr(terms, part) for terms in analysed]) for part in ("title", "words"))
        for name, vectors in {"title": title, "body": body, "both": meaning.unit(title + body)}.items():
            _append(self._folder / f"{name}.f4", vectors)
        lines = "".join(json.dumps([one.id, one.kind], ensure_ascii=False) + "\n" for one in block).encode()
        with (self._folder / "names.jsonl").open("ab") as out:
            out.write(lines)
        rows, dead, names = self.extent
        self.extent = Extent(rows + len(block), dead, names + len(lines))

    def _append(self, name: str, listed: Sequence[Sequence[str]]) -> None:
        found = [np.unique(places(terms), return_index=True, return_counts=True) for terms in listed]
        ends = self._ends[name] + np.cumsum([len(terms) for terms, _first, _counts in found])
        self._ends[name] = int(ends[-1])
        if name in WITH_ROWS:
            rows = [meaning.rows_of(terms)[first] for terms, (_, first, _) in zip(listed, found, strict=True)]
            _append(self._folder / f"{name}.near", np.concatenate(rows).astype(np.int32))
        _append(self._folder / f"{name}.ends", ends.astype(np.int64))
        _append(self._folder / f"{name}.terms", np.concatenate([terms for terms, _first, _counts in found]).astype(np.int32))
        counts = np.concatenate([counts for _terms, _first, counts in found])
        _append(self._folder / f"{name}.counts", np.minimum(counts, 255).astype(np.uint8))
        _append(self._folder / f"{name}.lengths", np.array([len(terms) for terms in listed], dtype=np.float32))

    def _end(self, name: str) -> int:
        ends = _mapped(self._folder / f"{name}.ends", np.int64, self.extent.rows)
        return int(ends[-1]) if self.extent.rows else 0

    def _cut(self) -> None:
        """Cut off what an interrupted writer left."""
        rows, dead, names = self.extent
        sizes = {"names.jsonl": names, "dead.i8": dead * 8}
        for name in FIELDS:
            sizes |= {f"{name}.ends": rows * 8, f"{name}.lengths": rows * 4}
            sizes |= {f"{name}.terms": self._ends[name] * 4, f"{name}.counts": self._ends[name]}
            sizes |= {f"{name}.near": self._ends[name] * 4} if name in WITH_ROWS else {}
        sizes |= {f"{name}.f4": rows * meaning.WIDTH * 4 for name in ("title", "body", "both")}
        for name, size in sizes.items():
            path = self._folder / name
            path.touch()
            if path.stat().st_size < size:
                raise ValueError(f"{path} is cut short")
            with path.open("r+b") as handle:
                handle.truncate(size)


def learn_prior(documents: Sequence[tuple[Document, Terms]]) -> Prior:
    """Return what documents have in common, told from at most 5,000 of them."""
    step = max(1, len(documents) // 5_000)
    return meaning.prior_of([terms.words for _one, terms in documents[::step]])


def _prior(folder: Path) -> Prior | None:
    if not (folder / "often.npy").is_file():
        return None
    return Prior(np.load(folder / "often.npy", mmap_mode="r"), np.load(folder / "common.npy"))


def _append(path: Path, values: NDArray[Any]) -> None:
    with path.open("ab") as out:
        out.write(values.tobytes())


def _mapped(path: Path, kind: Any, count: int) -> NDArray[Any]:
    """Return the first values of a file, mapped. Raises ValueError when there are fewer."""
    if not count:
        return np.zeros(0, dtype=kind)
    return np.memmap(path, dtype=kind, mode="r", shape=(count,))
