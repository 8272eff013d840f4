"""Remember an answer while one request is answered: what cannot change while it is shown is asked once.

A reading request remembers everything it is told to; a writing one only what lasts (the plan), until ``forget``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Kept:
    is_reading: bool
    answers: dict[Hashable, Any] = field(default_factory=dict)


_kept: ContextVar[_Kept | None] = ContextVar("answers of this request", default=None)


@contextmanager
def remembering(is_reading: bool = True) -> Iterator[None]:
    """Remember answers inside the block; with ``is_reading`` false only lasting ones, outside any block none."""
    token = _kept.set(_Kept(is_reading))
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, ask: Callable[[], _Answer], *, lasting: bool = False) -> _Answer:
    """Return what ``ask`` answers, asked at most once a request for the same key; ``lasting`` in a writing one, too."""
    kept = _kept.get()
    if kept is None or not (kept.is_reading or lasting):
        return ask()
    if key not in kept.answers:
        kept.answers[key] = ask()
    answer: _Answer = kept.answers[key]
    return answer


def forget() -> None:
    """Forget what this request has remembered: whoever changes what lasts calls it."""
    if kept := _kept.get():
        kept.answers.clear()
