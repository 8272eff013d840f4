"""Checksums of the files of an index: bytes that a disk or a copy has changed make no file shorter, and are found by these alone.

Files only grow or are never touched again, so what a generation adds to a sum is told from the bytes it adds. No database here.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

Sums = dict[str, tuple[int, int]]  # by the name of the file: how many of its bytes count, and their CRC-32
_BLOCK = 1 << 22  # bytes read at once
_KEPT = 2  # generations that readers may still be at


def write(place: Path, folders: Iterable[Path], old: int, new: int) -> None:
    """Write down the sums of all files of folders as the generation ``new``; ``old`` tells what of them was there before."""
    known = read(place, old)
    told = {path.relative_to(place.parent).as_posix(): path for folder in folders for path in folder.iterdir() if _counts(path)}
    found = {name: _sum(path, path.stat().st_size, *known.get(name, (0, 0))) for name, path in told.items()}
    draft = place / f"sums-{os.getpid()}.tmp"
    draft.write_text(json.dumps(found), encoding="utf-8")
    draft.replace(_path(place, new))
    for path in sorted(place.glob("sums-*.json"), key=_generation)[:-_KEPT]:
        path.unlink(missing_ok=True)


def read(place: Path, generation: int) -> Sums:
    """Return the sums of a generation; none where they are not there. Raises ValueError where they say nothing."""
    try:
        told = json.loads(_path(place, generation).read_text(encoding="utf-8"))
        return {str(name): (int(size), int(value)) for name, (size, value) in told.items()}
    except FileNotFoundError:
        return {}
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{place}: no sums of generation {generation}") from error


def look_through(place: Path, generation: int) -> tuple[int, list[str]]:
    """Read all that counts of a generation once; return how many bytes, and the names of what is not as it was written.

    Where the sums themselves are gone or say nothing, their own name is told.
    """
    try:
        known = read(place, generation)
    except ValueError:
        known = {}
    if not known:
        return 0, [_path(place, generation).relative_to(place.parent).as_posix()]
    changed = []
    for name, (size, value) in known.items():
        try:
            is_same = _sum(place.parent / name, size) == (size, value)
        except OSError:
            is_same = False
        if not is_same:
            changed.append(name)
    return sum(size for size, _value in known.values()), changed


def _sum(path: Path, size: int, begin: int = 0, value: int = 0) -> tuple[int, int]:
    """Return how many of the first ``size`` bytes a file has, and their sum, going on from what is known of its beginning."""
    block = memoryview(bytearray(min(_BLOCK, max(size, 1))))
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        while (left := size - begin) > 0 and (count := file.readinto(block[:left])):
            value = zlib.crc32(block[:count], value)
            begin += count
    return begin, value


def _counts(path: Path) -> bool:
    return path.is_file() and path.suffix != ".tmp" and not path.name.startswith("sums-")


def _path(place: Path, generation: int) -> Path:
    return place / f"sums-{generation}.json"


def _generation(path: Path) -> int:
    return int(path.stem.removeprefix("sums-"))
