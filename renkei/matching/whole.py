"""Reading the whole index through: it lies in memory afterwards, and what the disk has changed in it is found and built anew."""

from __future__ import annotations

import logging
import math
import os
from pathlib import Path

from renkei.matching import half, index
from renkei.matching.filling import AUDIENCES

_log = logging.getLogger("renkei.matching")


def read_through(*, most: float | None = None) -> int:
    """Read this node's index once and return how many bytes; none where it has more than ``most``, or than half of the memory.

    What is not as it was written is told to the log and built anew; questions are answered from what is open meanwhile.
    Raises OSError when files go meanwhile.
    """
    known = index.state()
    if known is None or half.size(_folder(known)) > (most if most is not None else _half_of_memory()):
        return 0
    count, changed = _look(known)
    if changed and index.state() == known:
        _log.warning("the search index is damaged and is being rebuilt: %s", ", ".join(changed))
        index.mend()
    return count


def damaged() -> list[str]:
    """Return which files of this node's index are not as they were written; none where there is no index."""
    known = index.state()
    return _look(known)[1] if known is not None else []


def look_after() -> None:
    """Look through the index whatever its size, as is done once a day."""
    read_through(most=math.inf)


def _look(known: index.State) -> tuple[int, list[str]]:
    found = [half.look_through(_folder(known), audience, known.generation) for audience in AUDIENCES]
    return sum(count for count, _changed in found), [name for _count, changed in found for name in changed]


def _folder(known: index.State) -> Path:
    return index.home() / known.folder


def _half_of_memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2
