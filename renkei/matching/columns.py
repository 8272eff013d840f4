"""Columns of numbers in files that only grow, mapped and not loaded. No database here."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from renkei.matching import loops
from renkei.matching.loops import fixed

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
_LEAST = 1e-9


class Vectors(NamedTuple):
    """Some vectors a row, as whole numbers from -127 to 127 and what they are to be multiplied by: a quarter of the place."""

    numbers: NDArray[np.int8]
    scales: Floats

    def near_to(self, rows: Rows, vector: Floats, *sides: int) -> Floats:
        """Return how near some of the vectors of rows come to a vector. One by one: a product of matrices adds up in another order at its edges.

        Raises IndexError for a row that is not there.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self.numbers):
            raise IndexError(f"{len(self.numbers)} rows, asked for {rows.max()}")
        near = np.empty((len(sides), len(rows)), dtype=np.float32)
        loops.nearnesses(near, fixed(self.numbers), fixed(self.scales), np.array(sides), rows, vector)
        return near

    def whole(self, side: int) -> Floats:
        """Return one of the vectors of all rows."""
        return self.numbers[:, side].astype(np.float32) * self.scales[:, side, None]


def vectors_of(made: Floats) -> Vectors:
    """Return vectors (rows, sides, width) as whole numbers with their scales."""
    scales = (np.maximum(np.abs(made).max(axis=2), _LEAST) / 127).astype(np.float32)
    return Vectors(np.rint(made / scales[:, :, None]).astype(np.int8), scales)


class Lines:
    """Lines of a mapped file, told by their ends."""

    def __init__(self, folder: Path, file: str, rows: int) -> None:
        self._ends = mapped(folder / f"{file.split('.', maxsplit=1)[0]}.ends", np.int64, rows)
        self.size = int(self._ends[-1]) if rows else 0
        self._bytes = mapped(folder / file, np.uint8, self.size)

    def __getitem__(self, row: int) -> bytes:
        begin = int(self._ends[row - 1]) if row else 0
        return self._bytes[begin : int(self._ends[row])].tobytes()

    def whole(self) -> list[bytes]:
        """Return all lines."""
        return self._bytes.tobytes().splitlines()


def runs(begins: Rows, sizes: Rows) -> tuple[Rows, Rows]:
    """Return the places of runs one after the other, and where each run ends among them."""
    ends = np.cumsum(sizes)
    steps = np.ones(int(ends[-1]) if len(ends) else 0, dtype=np.int64)
    filled = np.flatnonzero(sizes)
    if len(filled):
        steps[0] = begins[filled[0]]
        steps[ends[filled[:-1]]] = begins[filled[1:]] - (begins + sizes)[filled[:-1]] + 1
    return np.cumsum(steps), ends


def firsts(values: NDArray[Any], group: NDArray[Any], limit: int) -> Rows:
    """Return where the ``limit`` largest values of each group stand, group after group; none of a group below nought."""
    order = np.argsort(-values, kind="stable")
    order = order[np.argsort(group[order].astype(np.int16), kind="stable")]
    sorted_ = group[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_, sorted_)
    return np.asarray(order[(rank < limit) & (sorted_ >= 0)])


def append(path: Path, values: NDArray[Any]) -> None:
    """Put numbers at the end of a file."""
    with path.open("ab") as out:
        out.write(np.ascontiguousarray(values).data)


def mapped(path: Path, kind: Any, count: int) -> NDArray[Any]:
    """Return the first values of a file, mapped. Raises ValueError when there are fewer."""
    if not count:
        return np.zeros(0, dtype=kind)
    return np.asarray(np.memmap(path, dtype=kind, mode="r", shape=(count,)))
