"""Put on record that secret words are shown: before they are rendered, once a page, for every case they are of (P2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Protocol

from renkei.audit.record import record_read
from renkei.base.actor import Actor
from renkei.cases.models import Case


class WithWords(Protocol):
    """A line of a list: a case, and the beginning of the firm's words where the reader may read them."""

    @property
    def id(self) -> uuid.UUID:
        """Return the case's id."""

    @property
    def text(self) -> str:
        """Return the words, or nothing."""


def read_words(by: Actor, rows: Iterable[WithWords]) -> None:
    """Record which cases' words a list shows; nothing is recorded where it shows none."""
    read_cases([row.id for row in rows if row.text], by=by)


def read_cases(cases: Iterable[uuid.UUID], *, by: Actor) -> None:
    """Record that secret content of these cases is shown, one event for all of them."""
    shown = [Case(pk=one) for one in dict.fromkeys(cases)]
    if shown:
        record_read(by, *shown)
