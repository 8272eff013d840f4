"""What is known of each document, in files that only grow: its terms by field, its vectors, its words and its name.

Row after row is appended; who opens a postings is told how many rows and dead rows count (``Extent``), so what a crash left
behind them is not read and the next writer cuts it off. The files are mapped, not loaded, and opening costs the same whatever
their size: how often each term is met is written now and then (``often``) and mended by the rows since. No database here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import meaning
from renkei.matching.digest import WITH_ROWS, Digest, digests, keys_of
from renkei.matching.meaning import Prior
from renkei.matching.terms import FIELDS, SPACE, Document, Numbers, Terms

Rows = NDArray[np.int64]
_COUNTED = 5_000  # rows after which it is written anew how often each term is met
_MOST_READ = 50_000  # names that are kept once they were read
_SPARSE = 300_000  # terms that are sorted rather than counted in an array


class Extent(NamedTuple):
    """How much of the postings counts: rows, dead rows, and the bytes of the list of names."""

    rows: int = 0
    dead: int = 0
    names: int = 0


EMPTY = Extent()


@dataclass(frozen=True, slots=True)
class Often:
    """In how many living rows each term is: as counted once, and what the rows since have changed."""

    living: int
    counted: NDArray[np.int32]
    places: Numbers
    change: NDArray[np.int32]

    def rarity(self, places: Numbers) -> NDArray[np.float32]:
        """Return how rare terms are."""
        often = self.counted[places]
        if len(self.places):
            at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
            often = often + np.where(self.places[at] == places, self.change[at], 0)
        return np.log1p((self.living - often + 0.5) / (often + 0.5)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of every row: where its terms end, the terms, how often each is met, and how rare each term is."""

    ends: Rows
    terms: Numbers
    counts: NDArray[np.uint8]
    lengths: NDArray[np.float32]
    often: Often
    mean_length: float
    near: Numbers

    def starts(self, rows: Rows) -> Rows:
        """Return where the terms of rows begin."""
        return np.where(rows > 0, self.ends[np.maximum(rows - 1, 0)], 0)


class Postings:
    """Postings opened for reading. Raises OSError or ValueError when a file is missing, cut short or does not fit."""

    def __init__(self, folder: Path, extent: Extent) -> None:
        self.extent = extent
        rows = extent.rows
        self._names = _Lines(folder, "names.jsonl", rows)
        self._forms = _Lines(folder, "forms.txt", rows)
        if self._names.size != extent.names:
            raise ValueError(f"{folder} does not hold {rows} rows")
        self.kind_names = _kinds(folder)
        self.kind_codes = _mapped(folder / "kinds.i2", np.int16, rows)
        self.dead = _mapped(folder / "dead.i8", np.int64, extent.dead)
        if rows and (int(self.kind_codes.max()) >= len(self.kind_names) or (extent.dead and int(self.dead.max()) >= rows)):
            raise ValueError(f"{folder} names what it does not hold")
        self.alive = np.ones(rows, dtype=bool)
        self.alive[self.dead] = False
        counted, since = _counted(folder, rows)
        self.fields = {name: self._field(folder, name, counted, since) for name in FIELDS}
        self.title = _mapped(folder / "title.f4", np.float32, rows * meaning.WIDTH).reshape(-1, meaning.WIDTH)
        self.body = _mapped(folder / "body.f4", np.float32, rows * meaning.WIDTH).reshape(-1, meaning.WIDTH)
        self.prior = _prior(folder)
        self._of_kind: dict[str, Rows] = {}
        self._read: dict[int, tuple[str, str, str]] = {}

    def id_of(self, row: int) -> str:
        """Return the id of a row."""
        return self._name(row)[0]

    def mark_of(self, row: int) -> str:
        """Return which wording of its document a row holds."""
        return self._name(row)[2]

    def kind_of(self, row: int) -> str:
        """Return the kind of a row."""
        return self.kind_names[int(self.kind_codes[row])]

    def forms_of(self, row: int) -> frozenset[str]:
        """Return the words of a row, each in its normal form."""
        return frozenset(self._forms[row].decode().split(" "))

    def _name(self, row: int) -> tuple[str, str, str]:
        """Return id, kind and mark of a row."""
        found = self._read.get(row)
        if found is None:
            if len(self._read) > _MOST_READ:
                self._read.clear()
            found = self._read[row] = tuple(json.loads(self._names[row]))
        return found

    def of_kind(self, kind: str) -> Rows:
        """Return the living rows of a kind, of all kinds for an empty one."""
        if kind not in self._of_kind:
            code = self.kind_names.index(kind) if kind in self.kind_names else -1
            own = self.alive & (self.kind_codes == code) if kind else self.alive
            self._of_kind[kind] = np.flatnonzero(own)
        return self._of_kind[kind]

    def are_of(self, rows: Rows | None, kinds: Sequence[str]) -> NDArray[np.bool_]:
        """Tell which of some rows, or of all, are of one of the kinds."""
        named = np.array([one in kinds for one in self.kind_names] or [False], dtype=bool)
        return np.asarray(named[self.kind_codes if rows is None else self.kind_codes[rows]])

    def both(self, rows: Rows | None = None) -> NDArray[np.float32]:
        """Return the vectors of title and body together, of rows or of all."""
        if rows is None:
            return self._both
        return meaning.unit(self.title.take(rows, axis=0) + self.body.take(rows, axis=0))

    @cached_property
    def _both(self) -> NDArray[np.float32]:
        return meaning.unit(self.title + self.body)

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of all rows; slow for many."""
        return [self.id_of(row) for row in range(self.extent.rows)]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Return the living row of each id; slow for many."""
        return {one: row for row, one in enumerate(self.ids) if self.alive[row]}

    def _field(self, folder: Path, name: str, counted: NDArray[np.int32] | None, since: int) -> Field:
        rows = self.extent.rows
        ends = _mapped(folder / f"{name}.ends", np.int64, rows)
        total = int(ends[-1]) if rows else 0
        terms = _mapped(folder / f"{name}.terms", np.int32, total)
        counts = _mapped(folder / f"{name}.counts", np.uint8, total)
        lengths = _mapped(folder / f"{name}.lengths", np.float32, rows)
        begin = int(ends[since - 1]) if since else 0
        gone = [terms[int(ends[row - 1]) if row else 0 : int(ends[row])] for row in self.dead.tolist()]
        whole = counted[FIELDS.index(name)] if counted is not None else None
        often = _often(rows - self.extent.dead, whole, terms[begin:], np.concatenate(gone) if gone else terms[:0])
        living = rows - self.extent.dead
        long = float(lengths.sum(dtype=np.float64) - lengths[self.dead].sum(dtype=np.float64))
        near = _mapped(folder / f"{name}.near", np.int32, total if name in WITH_ROWS else 0)
        return Field(ends, terms, counts, lengths, often, max(long / living if living else 1.0, 1e-6), near)


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
        self._ends = {name: self._end(f"{name}.ends") for name in (*FIELDS, "forms", "names")}
        self._kinds = {one: code for code, one in enumerate(_kinds(folder))}
        self._cut()

    def add(self, documents: Sequence[tuple[Document, Terms]]) -> None:
        """Append a row for each analysed document."""
        for block in digests(documents):
            self.add_block(block)

    def add_block(self, block: Digest) -> None:
        """Append a row for each document of a block."""
        if not len(block):
            return
        for name in FIELDS:
            self._append(name, block)
        title, body = (self._static.of_bag(block.fields[part].bag) for part in ("title", "words"))
        _append(self._folder / "title.f4", title)
        _append(self._folder / "body.f4", body)
        self._append_lines("forms", "forms.txt", [one.encode() for one in block.forms])
        self._append_lines("names", "names.jsonl", [f"{json.dumps(one, ensure_ascii=False)}\n".encode() for one in block.names])
        _append(self._folder / "ids.i8", keys_of(one for one, _kind, _mark in block.names))
        _append(self._folder / "kinds.i2", np.array([self._code(kind) for _id, kind, _mark in block.names], dtype=np.int16))
        self.extent = Extent(self.extent.rows + len(block), self.extent.dead, self._ends["names"])

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        """Return the living rows of ids, whichever there are."""
        if not self.extent.rows or not ids:
            return []
        known = _mapped(self._folder / "ids.i8", np.int64, self.extent.rows)
        dead = set(_mapped(self._folder / "dead.i8", np.int64, self.extent.dead).tolist())
        names, wanted = _Lines(self._folder, "names.jsonl", self.extent.rows), set(ids)
        found = np.flatnonzero(np.isin(known, keys_of(wanted))).tolist()
        return [row for row in found if row not in dead and json.loads(names[row])[0] in wanted]

    def bury(self, rows: Sequence[int]) -> None:
        """Mark rows as dead."""
        _append(self._folder / "dead.i8", np.array(rows, dtype=np.int64))
        self.extent = self.extent._replace(dead=self.extent.dead + len(rows))

    def count(self) -> None:
        """Write down how often each term is met, where many rows have come since it was last written."""
        rows = self.extent.rows
        whole, since = _counted(self._folder, rows)
        if rows - since < max(_COUNTED, since // 5):
            return
        counted = np.zeros((len(FIELDS), SPACE), dtype=np.int32)
        for number, name in enumerate(FIELDS):
            terms = _mapped(self._folder / f"{name}.terms", np.int32, self._ends[name])
            begin = int(_mapped(self._folder / f"{name}.ends", np.int64, rows)[since - 1]) if since else 0
            for at in range(begin, len(terms), 4_000_000):
                counted[number] += np.bincount(terms[at : at + 4_000_000], minlength=SPACE).astype(np.int32)
            if whole is not None:
                counted[number] += whole[number]
        draft = self._folder / "counted.tmp"
        with draft.open("wb") as out:
            out.write(counted.data)
        draft.replace(self._folder / f"counted-{rows}.i4")

    def _code(self, kind: str) -> int:
        if kind not in self._kinds:
            with (self._folder / "kinds.txt").open("ab") as out:
                out.write(json.dumps(kind, ensure_ascii=False).encode() + b"\n")
            self._kinds[kind] = len(self._kinds)
        return self._kinds[kind]

    def _append(self, name: str, block: Digest) -> None:
        flat = block.fields[name]
        ends = self._ends[name] + np.cumsum(flat.sizes)
        self._ends[name] = int(ends[-1])
        if name in WITH_ROWS:
            _append(self._folder / f"{name}.near", flat.near)
        _append(self._folder / f"{name}.ends", ends.astype(np.int64))
        _append(self._folder / f"{name}.terms", flat.places)
        _append(self._folder / f"{name}.counts", np.minimum(flat.counts, 255).astype(np.uint8))
        _append(self._folder / f"{name}.lengths", flat.lengths)

    def _append_lines(self, name: str, file: str, lines: Sequence[bytes]) -> None:
        ends = self._ends[name] + np.cumsum([len(line) for line in lines])
        self._ends[name] = int(ends[-1])
        with (self._folder / file).open("ab") as out:
            out.write(b"".join(lines))
        _append(self._folder / f"{name}.ends", ends.astype(np.int64))

    def _end(self, file: str) -> int:
        ends = _mapped(self._folder / file, np.int64, self.extent.rows)
        return int(ends[-1]) if self.extent.rows else 0

    def _cut(self) -> None:
        """Cut off what an interrupted writer left."""
        rows, dead, names = self.extent
        sizes = {"names.jsonl": names, "forms.txt": self._ends["forms"], "dead.i8": dead * 8, "ids.i8": rows * 8, "kinds.i2": rows * 2}
        sizes |= {"names.ends": rows * 8, "forms.ends": rows * 8}
        for name in FIELDS:
            sizes |= {f"{name}.ends": rows * 8, f"{name}.lengths": rows * 4}
            sizes |= {f"{name}.terms": self._ends[name] * 4, f"{name}.counts": self._ends[name]}
            sizes |= {f"{name}.near": self._ends[name] * 4} if name in WITH_ROWS else {}
        sizes |= {f"{name}.f4": rows * meaning.WIDTH * 4 for name in ("title", "body")}
        for path in self._folder.glob("counted-*.i4"):
            if _counted_rows(path) > rows:
                path.unlink()
        for name, size in sizes.items():
            path = self._folder / name
            path.touch()
            if path.stat().st_size < size:
                raise ValueError(f"{path} is cut short")
            with path.open("r+b") as handle:
                handle.truncate(size)


class _Lines:
    """Lines of a mapped file, told by their ends."""

    def __init__(self, folder: Path, file: str, rows: int) -> None:
        self._ends = _mapped(folder / f"{file.split('.', maxsplit=1)[0]}.ends", np.int64, rows)
        self.size = int(self._ends[-1]) if rows else 0
        self._bytes = _mapped(folder / file, np.uint8, self.size)

    def __getitem__(self, row: int) -> bytes:
        begin = int(self._ends[row - 1]) if row else 0
        return self._bytes[begin : int(self._ends[row])].tobytes()


def learn_prior(documents: Sequence[tuple[Document, Terms]]) -> Prior:
    """Return what documents have in common, told from at most 5,000 of them."""
    step = max(1, len(documents) // 5_000)
    return prior_of(digests(documents[::step]))


def prior_of(blocks: Sequence[Digest]) -> Prior:
    """Return what the documents of blocks have in common."""
    return meaning.prior_of_bags([one.fields["words"].bag for one in blocks])


def _often(living: int, counted: NDArray[np.int32] | None, come: Numbers, gone: Numbers) -> Often:
    """Return how often terms are met: as counted, with the rows come since, less those that are gone."""
    none = np.zeros(0, dtype=np.int32)
    if counted is None or len(come) + len(gone) > _SPARSE:
        whole = np.bincount(come, minlength=SPACE) - np.bincount(gone, minlength=SPACE)
        return Often(living, (whole if counted is None else whole + counted).astype(np.int32), none, none)
    places, at = np.unique(np.concatenate([come, gone]), return_inverse=True)
    change = np.bincount(at, np.r_[np.ones(len(come)), -np.ones(len(gone))], len(places)).astype(np.int32)
    return Often(living, counted, places, change)


def _counted(folder: Path, rows: int) -> tuple[NDArray[np.int32] | None, int]:
    """Return how often terms were met when it was last written, and up to which row; none where it never was."""
    best = max((number for path in folder.glob("counted-*.i4") if (number := _counted_rows(path)) <= rows), default=0)
    if not best:
        return None, 0
    return _mapped(folder / f"counted-{best}.i4", np.int32, len(FIELDS) * SPACE).reshape(len(FIELDS), SPACE), best


def _counted_rows(path: Path) -> int:
    return int(path.stem.removeprefix("counted-"))


def _kinds(folder: Path) -> list[str]:
    path = folder / "kinds.txt"
    return [str(json.loads(line)) for line in path.read_bytes().splitlines()] if path.is_file() else []


def _prior(folder: Path) -> Prior | None:
    if not (folder / "often.npy").is_file():
        return None
    return Prior(np.load(folder / "often.npy", mmap_mode="r"), np.load(folder / "common.npy"))


def _append(path: Path, values: NDArray[Any]) -> None:
    with path.open("ab") as out:
        out.write(np.ascontiguousarray(values).data)


def _mapped(path: Path, kind: Any, count: int) -> NDArray[Any]:
    """Return the first values of a file, mapped. Raises ValueError when there are fewer."""
    if not count:
        return np.zeros(0, dtype=kind)
    return np.asarray(np.memmap(path, dtype=kind, mode="r", shape=(count,)))
