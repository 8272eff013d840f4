"""Remember an answer while one page is read. Only reading requests do: what cannot change while it is shown is asked once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers of this page", default=None)
_Answer = TypeVar("_Answer")


@contextmanager
def remembering(is_reading: bool = True) -> Iterator[None]:
    """Remember answers inside the block; with ``is_reading`` false, or outside any block, nothing is kept."""
    token = _kept.set({} if is_reading else None)
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, ask: Callable[[], _Answer]) -> _Answer:
    """Return what ``ask`` answers, asked at most once a page for the same key."""
    kept = _kept.get()
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    answer: _Answer = kept[key]
    return answer
