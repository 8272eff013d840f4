"""What is known of each document, in files that only grow: its terms by field, its vectors, its words and its name.

A row's numbers stand together, so that telling the signs of some hundred rows touches few places of the memory: its terms, field after
field, each with how often it is there; the row in the table of vectors of each of its words and of its title's; and the marks of its words.
A mark and a term together tell one word from another.

Row after row is appended; who opens a postings is told how many rows and dead rows count (``Extent``), so what a crash left
behind them is not read and the next writer cuts it off. The files are mapped, not loaded, and opening costs the same whatever
their size: how often each term is met is written now and then (``often``) and mended by the rows since. No database here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import loops, meaning
from renkei.matching.columns import Floats, Lines, Rows, Vectors, append, mapped, runs, vectors_of
from renkei.matching.digest import WITH_ROWS, Digest, Keys, digests, keys_of
from renkei.matching.loops import fixed
from renkei.matching.meaning import Alike, Prior
from renkei.matching.terms import FIELDS, SPACE, Document, Numbers, Told

_COUNTED = 5_000  # rows after which it is written anew how often each term is met
_MOST_READ = 50_000  # names that are kept once they were read
_AT_ONCE = 10_000  # rows that are counted at once
TITLE, BODY, BOTH = range(3)  # the vectors of a row
_PARTS = len(FIELDS) + 1  # of a row's numbers: its fields, and what stands behind them
_BITS, _MARK = SPACE.bit_length() - 1, 23  # how often a term is there stands above its bits; a mark is the upper 31 of a key's 54
_MOST_COUNTED = 255
_SIZES = {  # bytes a row
    "ids.i8": 8, "kinds.i2": 2, "names.ends": 8, "ends.i8": _PARTS * 8, "lengths.f4": len(FIELDS) * 4, "scales.f4": 3 * 4, "vectors.i1": 3 * meaning.WIDTH,
}  # fmt: skip
_SPARSE = 1_000_000  # terms that are sorted rather than counted in an array


class Extent(NamedTuple):
    """How much of the postings counts: rows, dead rows, and the bytes of the list of names."""

    rows: int = 0
    dead: int = 0
    names: int = 0


EMPTY = Extent()


@dataclass(frozen=True, slots=True)
class Often:
    """In how many living rows each term of each field is (``SPACE`` to a field): as counted once, and what the rows since have changed."""

    living: int
    counted: NDArray[np.int32]
    places: Numbers
    change: NDArray[np.int32]

    def rarity(self, fields: Rows | int, terms: Numbers) -> NDArray[np.float32]:
        """Return how rare terms are, each in its field (by its number among ``FIELDS``)."""
        places = np.asarray(fields) * SPACE + terms
        often = self.counted[places]
        if len(self.places):
            at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
            often = often + np.where(self.places[at] == places, self.change[at], 0)
        return np.log1p((self.living - often + 0.5) / (often + 0.5)).astype(np.float32)


class Postings:
    """Postings opened for reading. Raises OSError or ValueError when a file is missing, cut short or does not fit."""

    def __init__(self, folder: Path, extent: Extent) -> None:
        self.extent = extent
        rows = extent.rows
        self._names = Lines(folder, "names.jsonl", rows)
        if self._names.size != extent.names:
            raise ValueError(f"{folder} does not hold {rows} rows")
        self.kind_names = _kinds(folder)
        self.kind_codes = mapped(folder / "kinds.i2", np.int16, rows)
        self.dead = mapped(folder / "dead.i8", np.int64, extent.dead)
        if rows and (int(self.kind_codes.max()) >= len(self.kind_names) or (extent.dead and int(self.dead.max()) >= rows)):
            raise ValueError(f"{folder} names what it does not hold")
        self.alive = np.ones(rows, dtype=bool)
        self.alive[self.dead] = False
        self.ends = mapped(folder / "ends.i8", np.int64, rows * _PARTS).reshape(-1, _PARTS)
        self.numbers = mapped(folder / "numbers.i4", np.int32, int(self.ends[-1, -1]) if rows else 0)
        self.lengths = mapped(folder / "lengths.f4", np.float32, rows * len(FIELDS)).reshape(-1, len(FIELDS))
        self.often = self._often(*_counted(folder, rows))
        living = self.lengths.sum(axis=0, dtype=np.float64) - self.lengths[self.dead].sum(axis=0, dtype=np.float64)
        self.mean_lengths = np.maximum(living / max(rows - extent.dead, 1) if rows > extent.dead else np.ones(len(FIELDS)), 1e-6)
        self.vectors = Vectors(
            mapped(folder / "vectors.i1", np.int8, rows * 3 * meaning.WIDTH).reshape(-1, 3, meaning.WIDTH),
            mapped(folder / "scales.f4", np.float32, rows * 3).reshape(-1, 3),
        )
        self.alike = _alike(folder)
        self.prior = _prior(folder)
        if self.prior is not None and (folder / "table.txt").read_text(encoding="utf-8") != str(meaning.size()):
            raise ValueError(f"{folder} was made with another table of word vectors")  # its rows would point beyond the end
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

    def named(self, rows: Sequence[int]) -> list[tuple[str, str, str]]:
        """Return id, kind and mark of rows."""
        read = self._read
        return [read.get(row) or self._name(row) for row in rows]

    def read_names(self) -> None:
        """Read the name of every row at once, where so many are kept: a question asks for those of a thousand or more."""
        rows = self.extent.rows
        if rows <= _MOST_READ:
            told = json.loads(b"[" + b",".join(self._names.whole()) + b"]")
            self._read = dict(zip(range(rows), map(tuple, told), strict=True))

    def having(self, rows: Rows, words: Sequence[str]) -> list[frozenset[str]]:
        """Return which of some words each row has."""
        keys = keys_of(words)
        order = np.argsort(_marks(keys))
        asked = keys[order]
        found = np.zeros((len(rows), len(words)), dtype=bool)
        loops.hold(found, fixed(self.numbers), self.bounds(rows)[:, [0, 1, -1]], asked & (SPACE - 1), _marks(asked))
        named = [words[at] for at in order.tolist()]
        return [frozenset(compress(named, one)) for one in found.tolist()]

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

    def kind_places(self, rows: Rows, kinds: Sequence[str]) -> Rows:
        """Return which of some kinds each row is of, by its place among them; -1 for none of them, nought where none is named."""
        if not kinds:
            return np.zeros(len(rows), dtype=np.int64)
        named = np.array([kinds.index(one) if one in kinds else -1 for one in self.kind_names] or [-1])
        return np.asarray(named[self.kind_codes[rows]])

    @cached_property
    def both(self) -> Floats:
        """Return the vectors of title and body together, of all rows; large, so for few rows only."""
        return self.vectors.whole(BOTH)

    def begins(self, rows: Rows) -> Rows:
        """Return where the numbers of rows begin."""
        return np.where(rows > 0, self.ends[np.maximum(rows - 1, 0), -1], 0)

    def bounds(self, rows: Rows) -> Rows:
        """Return where each part of the numbers of rows begins, and where the last ends. Raises IndexError where that is beyond the end."""
        found = np.concatenate([self.begins(rows)[:, None], self.ends[rows]], axis=1)
        if found.max(initial=0) > len(self.numbers):
            raise IndexError(f"{len(self.numbers)} numbers, a row ends at {found.max()}")
        return found

    def terms(self, bounds: Rows, field: int) -> Numbers:
        """Return the terms of a field of rows with such bounds, one row after the other."""
        return _terms(self.numbers, bounds[:, field], bounds[:, field + 1])

    @cached_property
    def ids(self) -> list[str]:
        """Return the ids of all rows; slow for many."""
        return [self.id_of(row) for row in range(self.extent.rows)]

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Return the living row of each id; slow for many."""
        return {one: row for row, one in enumerate(self.ids) if self.alive[row]}

    def _often(self, counted: NDArray[np.int32] | None, since: int) -> Often:
        """Return how often terms are met: as counted up to a row, with the rows come since, less those that are gone."""
        living, none = self.extent.rows - self.extent.dead, np.zeros(0, dtype=np.int32)
        come, gone = self._in_fields(np.arange(since, self.extent.rows)), self._in_fields(self.dead)
        if counted is None or len(come) + len(gone) > _SPARSE:
            whole = np.bincount(come, minlength=len(FIELDS) * SPACE) - np.bincount(gone, minlength=len(FIELDS) * SPACE)
            return Often(living, (whole if counted is None else whole + counted).astype(np.int32), none, none)
        places, at = np.unique(np.concatenate([come, gone]), return_inverse=True)
        change = np.bincount(at, np.r_[np.ones(len(come)), -np.ones(len(gone))], len(places)).astype(np.int32)
        return Often(living, counted, places, change)

    def _in_fields(self, rows: Rows) -> Rows:
        """Return the terms of rows, each field's ``SPACE`` further on."""
        bounds = self.bounds(rows)
        return np.concatenate([self.terms(bounds, field) + field * SPACE for field in range(len(FIELDS))])


class PostingsWriter:
    """Puts rows into postings. What lies beyond the extent it is told is cut off first; ``extent`` is what to keep."""

    def __init__(self, folder: Path, extent: Extent = EMPTY, *, prior: Prior | None = None, alike: Alike | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.extent = extent
        if not extent.rows and prior is not None:
            (folder / "table.txt").write_text(str(meaning.size()), encoding="utf-8")
            np.save(folder / "often.npy", prior.often)
            np.save(folder / "common.npy", prior.common)
        if not extent.rows and alike is not None:
            for name, values in zip(Alike._fields, alike, strict=True):
                np.save(folder / f"alike-{name}.npy", values)
        self._static = meaning.Static(_prior(folder))
        self._numbers, self._lines = self._end("ends.i8", _PARTS), self._end("names.ends")
        self._kinds = {one: code for code, one in enumerate(_kinds(folder))}
        self._cut()

    def add(self, documents: Sequence[tuple[Document, Told]]) -> None:
        """Append a row for each analysed document."""
        for block in digests(documents):
            self.add_block(block)

    def add_block(self, block: Digest) -> None:
        """Append a row for each document of a block."""
        if not len(block):
            return
        self._append_numbers(block)
        self._append_vectors(block)
        self._append_names(block)
        append(self._folder / "ids.i8", keys_of(one for one, _kind, _mark in block.names))
        append(self._folder / "kinds.i2", np.array([self._code(kind) for _id, kind, _mark in block.names], dtype=np.int16))
        self.extent = Extent(self.extent.rows + len(block), self.extent.dead, self._lines)

    def rows_of(self, ids: Sequence[str]) -> list[int]:
        """Return the living rows of ids, whichever there are."""
        if not self.extent.rows or not ids:
            return []
        known = mapped(self._folder / "ids.i8", np.int64, self.extent.rows)
        dead = set(mapped(self._folder / "dead.i8", np.int64, self.extent.dead).tolist())
        names, wanted = Lines(self._folder, "names.jsonl", self.extent.rows), set(ids)
        found = np.flatnonzero(np.isin(known, keys_of(wanted))).tolist()
        return [row for row in found if row not in dead and json.loads(names[row])[0] in wanted]

    def bury(self, rows: Sequence[int]) -> None:
        """Mark rows as dead."""
        append(self._folder / "dead.i8", np.array(rows, dtype=np.int64))
        self.extent = self.extent._replace(dead=self.extent.dead + len(rows))

    def count(self) -> None:
        """Write down how often each term is met, where many rows have come since it was last written."""
        rows = self.extent.rows
        whole, since = _counted(self._folder, rows)
        if rows - since < max(_COUNTED, since // 5):
            return
        counted = np.zeros((len(FIELDS), SPACE), dtype=np.int32) if whole is None else whole.reshape(len(FIELDS), SPACE).copy()
        ends = np.r_[0, mapped(self._folder / "ends.i8", np.int64, rows * _PARTS)]
        numbers = mapped(self._folder / "numbers.i4", np.int32, self._numbers)
        for at in range(since, rows, _AT_ONCE):
            bounds = ends[at * _PARTS : min(at + _AT_ONCE, rows) * _PARTS + 1]
            for field in range(len(FIELDS)):
                counted[field] += np.bincount(_terms(numbers, bounds[field:-1:_PARTS], bounds[field + 1 :: _PARTS]), minlength=SPACE).astype(np.int32)
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

    def _append_numbers(self, block: Digest) -> None:
        """Append the numbers of each document: see the top of the page."""
        flats = [block.fields[name] for name in FIELDS]
        with_rows = [block.fields[name] for name in WITH_ROWS]
        parts = [(one.sizes, one.places | np.minimum(one.counts, _MOST_COUNTED) << _BITS) for one in flats]
        parts += [(one.sizes, one.near) for one in with_rows]
        parts.append((flats[0].sizes, _marks(flats[0].keys)))
        sizes = np.stack([own for own, _values in parts], axis=1)
        ends = np.cumsum(sizes).reshape(sizes.shape)
        numbers = np.empty(ends[-1, -1], dtype=np.int32)
        for number, (own, values) in enumerate(parts):
            numbers[runs(ends[:, number] - own, own)[0]] = values
        append(self._folder / "ends.i8", ends[:, [*range(len(FIELDS)), -1]] + self._numbers)
        append(self._folder / "numbers.i4", numbers)
        append(self._folder / "lengths.f4", np.stack([one.lengths for one in flats], axis=1))
        self._numbers += len(numbers)

    def _append_vectors(self, block: Digest) -> None:
        title, body = (self._static.of_bag(block.fields[part].bag) for part in ("title", "words"))
        made = np.stack([title, body, meaning.unit(title + body)], axis=1)
        numbers, scales = vectors_of(made)
        append(self._folder / "vectors.i1", numbers)
        append(self._folder / "scales.f4", scales)

    def _append_names(self, block: Digest) -> None:
        lines = [f"{json.dumps(one, ensure_ascii=False)}\n".encode() for one in block.names]
        ends = self._lines + np.cumsum(list(map(len, lines)))
        self._lines = int(ends[-1])
        with (self._folder / "names.jsonl").open("ab") as out:
            out.write(b"".join(lines))
        append(self._folder / "names.ends", ends.astype(np.int64))

    def _end(self, file: str, columns: int = 1) -> int:
        ends = mapped(self._folder / file, np.int64, self.extent.rows * columns)
        return int(ends[-1]) if self.extent.rows else 0

    def _cut(self) -> None:
        """Cut off what an interrupted writer left."""
        rows, dead, names = self.extent
        sizes = {"names.jsonl": names, "dead.i8": dead * 8, "numbers.i4": self._numbers * 4}
        sizes |= {name: rows * size for name, size in _SIZES.items()}
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


def _terms(numbers: Numbers, begins: Rows, ends: Rows) -> Numbers:
    """Return the terms of runs of numbers, one run after the other."""
    return numbers.take(runs(begins, ends - begins)[0]) & (SPACE - 1)


def _marks(keys: Keys) -> Numbers:
    """Return what tells words of one term apart: the upper bits of their keys, in the order of those."""
    return (keys >> _MARK).astype(np.int32)


def learn_prior(documents: Sequence[tuple[Document, Told]]) -> Prior:
    """Return what documents have in common, told from at most 5,000 of them."""
    step = max(1, len(documents) // 5_000)
    return prior_of(digests(documents[::step]))


def prior_of(blocks: Sequence[Digest]) -> Prior:
    """Return what the documents of blocks have in common."""
    return meaning.prior_of_bags([one.fields["words"].bag for one in blocks])


def _counted(folder: Path, rows: int) -> tuple[NDArray[np.int32] | None, int]:
    """Return how often terms were met when it was last written, and up to which row; none where it never was."""
    best = max((number for path in folder.glob("counted-*.i4") if (number := _counted_rows(path)) <= rows), default=0)
    if not best:
        return None, 0
    return mapped(folder / f"counted-{best}.i4", np.int32, len(FIELDS) * SPACE), best


def _counted_rows(path: Path) -> int:
    return int(path.stem.removeprefix("counted-"))


def _kinds(folder: Path) -> list[str]:
    path = folder / "kinds.txt"
    return [str(json.loads(line)) for line in path.read_bytes().splitlines()] if path.is_file() else []


def _prior(folder: Path) -> Prior | None:
    if not (folder / "often.npy").is_file():
        return None
    return Prior(_mapped(folder / "often.npy"), np.load(folder / "common.npy"))


def _alike(folder: Path) -> Alike | None:
    if not (folder / "alike-ends.npy").is_file():
        return None
    return Alike(*(_mapped(folder / f"alike-{name}.npy") for name in Alike._fields))


def _mapped(path: Path) -> NDArray[Any]:
    """Return the numbers of a file that names their form, mapped; as a plain array, of which a part is had in a tenth of the time."""
    return np.asarray(np.load(path, mmap_mode="r"))
