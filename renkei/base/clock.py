"""The one clock that actions read. Only the example loader and tests may move it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")
_moved: ContextVar[dt.datetime | None] = ContextVar("moved clock", default=None)


def now() -> dt.datetime:
    """Return the present moment, aware, in UTC."""
    return _moved.get() or dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """Return the present day in Asia/Tokyo."""
    return now().astimezone(JST).date()


def at(day: dt.date, hour: int = 9, minute: int = 0) -> dt.datetime:
    """Return the given Tokyo wall-clock time on ``day`` as an aware moment."""
    return dt.datetime.combine(day, dt.time(hour, minute), tzinfo=JST)


@contextmanager
def moved_to(moment: dt.datetime) -> Iterator[None]:
    """Let the clock stand at ``moment`` (aware) inside the block."""
    if moment.tzinfo is None:
        raise ValueError("the clock needs an aware moment")
    token = _moved.set(moment.astimezone(dt.UTC))
    try:
        yield
    finally:
        _moved.reset(token)
