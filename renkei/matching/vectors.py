"""Meaning beside words: static word vectors, read from the ``ja-ginza`` wheel without spaCy.

Optional. They come from ``RENKEI_VECTORS`` (a folder with ``key2row`` and ``vectors``) or from the installed package
``ja_ginza``. Without them everything works by words alone, and ``missing`` says so.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import msgpack
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_MIX = 0xC6A4A7935BD1E995
_MASK = (1 << 64) - 1
_SEED = 1
_WIDTH = 300
_MOST_KNOWN = 50_000
_MOST_PLACES = 200_000
_ZIPF, _ZIPF_FROM = 0.08, 3.0  # the share of the word of a rank: its first words are a third of all text
_log = logging.getLogger("renkei.matching")


def folder() -> Path | None:
    """Return the folder that holds the vectors, or None."""
    named = os.environ.get("RENKEI_VECTORS")
    if named:
        return Path(named) if (Path(named) / "vectors").is_file() else None
    spec = find_spec("ja_ginza")
    places = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
    found = [path.parent for place in places for path in Path(place).glob("*/vocab/vectors")]
    return found[0] if found else None


def missing() -> str:
    """Return a Japanese sentence when the vectors are not there or cannot be read, else an empty string."""
    if table() is not None:
        return ""
    what = "壊れています" if folder() else "入っていません"
    return f"言葉の意味の近さの表（ja-ginza）が{what}。言葉の一致だけで探します。"


def murmur(data: bytes) -> int:
    """Return MurmurHash64A with spaCy's seed: the key of a word in the table."""
    length = len(data)
    value = (_SEED ^ (length * _MIX)) & _MASK
    for at in range(0, length - length % 8, 8):
        block = (int.from_bytes(data[at : at + 8], "little") * _MIX) & _MASK
        block = ((block ^ (block >> 47)) * _MIX) & _MASK
        value = ((value ^ block) * _MIX) & _MASK
    rest = data[length - length % 8 :]
    if rest:
        value = ((value ^ int.from_bytes(rest, "little")) * _MIX) & _MASK
    value = ((value ^ (value >> 47)) * _MIX) & _MASK
    return value ^ (value >> 47)


class _Places(dict[str, int]):
    """Where each word met lately stands among the keys, -1 for one that does not."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        super().__init__()
        self._keys = keys

    def __missing__(self, form: str) -> int:
        if len(self) > _MOST_PLACES:
            self.clear()
        key = np.uint64(murmur(form.encode("utf-8", "surrogatepass")))
        at = int(np.searchsorted(self._keys, key))
        found = self[form] = at if at < len(self._keys) and self._keys[at] == key else -1
        return found


class Table:
    """The vectors of a folder: sorted keys, rows, and the matrix (mapped, not loaded). Raises when the files are broken."""

    def __init__(self, place: Path) -> None:
        rows: dict[int, int] = msgpack.unpackb((place / "key2row").read_bytes(), strict_map_key=False)
        keys = np.fromiter(rows.keys(), dtype=np.uint64, count=len(rows))
        order = np.argsort(keys)
        self._keys = keys[order]
        self._order = order  # the table lists words by how often they are met
        self._rows = np.fromiter(rows.values(), dtype=np.int32, count=len(rows))[order]
        self._matrix = np.load(place / "vectors", mmap_mode="r")
        if self._matrix.ndim != 2 or self._matrix.shape[1] != _WIDTH or self._rows.max(initial=-1) >= len(self._matrix):
            raise ValueError(f"the vectors of {place} do not fit their keys")
        self._known: dict[str, Vector | None] = {}
        self._places = _Places(self._keys)
        self._unit: Vector | None = None

    def word(self, form: str) -> Vector | None:
        """Return the unit vector of a word in normal form, or None when it is unknown."""
        if form not in self._known:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known[form] = self._look_up(form)
        return self._known[form]

    @property
    def size(self) -> int:
        """Return how many rows there are."""
        return len(self._matrix)

    def row(self, form: str) -> int:
        """Return a word's row, or -1 when it is unknown; words much alike share one."""
        at = self._at(form)
        return int(self._rows[at]) if at >= 0 else -1

    def share(self, form: str) -> float:
        """Return how much of all text a word is, told from its rank (Zipf's law)."""
        at = self._at(form)
        return _ZIPF / (int(self._order[at]) + _ZIPF_FROM) if at >= 0 else 0.0

    def known_of(self, forms: Sequence[str]) -> tuple[NDArray[np.int32], Vector]:
        """Return the row of each word, -1 where it is unknown, and its share of all text: ``row`` and ``share`` of many."""
        at = np.fromiter(map(self._places.__getitem__, forms), dtype=np.int64, count=len(forms))
        rows = np.where(at >= 0, self._rows[at], -1).astype(np.int32)
        return rows, np.where(at >= 0, _ZIPF / (self._order[at] + _ZIPF_FROM), 0.0).astype(np.float32)

    @property
    def unit(self) -> Vector:
        """Return all rows with length one."""
        if self._unit is None:
            whole = np.asarray(self._matrix, dtype=np.float32)
            lengths = np.linalg.norm(whole, axis=1, keepdims=True)
            self._unit = np.asarray(whole / np.where(lengths > 0, lengths, 1), dtype=np.float32)
        return self._unit

    def likeness(self, row: int) -> Vector:
        """Return the cosine of a row with every row."""
        return np.asarray(self.unit @ self.unit[row], dtype=np.float32)

    def _at(self, form: str) -> int:
        return self._places[form]

    def _look_up(self, form: str) -> Vector | None:
        row = self.row(form)
        if row < 0:
            return None
        found = np.asarray(self._matrix[row], dtype=np.float32)
        length = float(np.linalg.norm(found))
        return found / length if length else None


@lru_cache(maxsize=1)
def table() -> Table | None:
    """Return this process's table, or None when the vectors are not installed or broken."""
    place = folder()
    try:
        return Table(place) if place else None
    except (OSError, EOFError, ValueError, TypeError, AttributeError, OverflowError):  # what half a download can be
        _log.warning("the word vectors cannot be read: matching goes by words alone", exc_info=True)
        return None


def embed(forms: Sequence[str], weight: Mapping[str, float]) -> Vector | None:
    """Return the weighted mean of the words' vectors, of length one; None without vectors or known words."""
    known = table()
    if known is None:
        return None
    met = [(vector, weight.get(form, 1.0)) for form in forms if (vector := known.word(form)) is not None]
    if not met:
        return None
    total = (np.array([one for one, _weight in met]) * np.array([one for _vector, one in met], dtype=np.float32)[:, None]).sum(axis=0)
    length = float(np.linalg.norm(total))
    return total / length if length > 0 and math.isfinite(length) else None
