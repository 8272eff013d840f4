"""The entries' texts as vectors of the plugged-in sentence encoder, made in the background and kept by hash of the text.

A document takes an encoder a tenth of a second: searches only read what is there, and go by words where nothing is yet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from django.db.models import Max, QuerySet

from renkei.matching import encoders, everything
from renkei.matching.encoders import Encoder, EncoderError
from renkei.matching.everything import Text
from renkei.matching.models import EntryChange
from renkei.matching.textvectors import TextVector

READ = 300  # characters of an entry that are encoded
_AT_ONCE, _BATCH = 500, 8
_T = TypeVar("_T")
_log = logging.getLogger("renkei.matching")


@dataclass(frozen=True, slots=True)
class _Done:
    """Up to which change all entries have vectors of which encoder (this process's memory: a new process looks once)."""

    model: str
    version: str
    change: int


_done: list[_Done] = []


def texts_of(entry: Text) -> tuple[str, str]:
    """Return what of an entry is encoded: its name, and the beginning of all it says."""
    return entry.name[:READ], f"{entry.name}\n{entry.summary}\n{entry.text}"[:READ]


def stamp() -> int:
    """Return a number that grows when vectors come in, of whatever encoder: told from the end of the key, however many there are."""
    return int(TextVector.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)


def enrich(*, seconds: float = 40.0, encoder: Encoder | None = None) -> int:
    """Encode texts of entries that have no vector yet, for about so long; returns how many. Safe to run twice and at once.

    Without an encoder nothing is done; one that fails is told to the log, and tried again the next time.
    """
    found = encoder or encoders.encoder()
    if found is None:
        return 0
    last = int(EntryChange.objects.aggregate(last=Max("pk"))["last"] or 0)
    if _done and _done[0] == _Done(found.name, found.version, last):
        return 0
    until, made = time.monotonic() + seconds, 0
    try:
        for some in chunks(_lacking(found), _BATCH):
            made += _make(found, dict(some))
            if time.monotonic() > until:
                return made
    except EncoderError as error:
        _log.warning("%s", error)
        return made
    _done[:] = [_Done(found.name, found.version, last)]
    return made


def waiting(encoder: Encoder) -> int:
    """Return how many texts of entries still lack their vector."""
    return sum(1 for _one in _lacking(encoder))


def _lacking(encoder: Encoder) -> Iterator[tuple[str, str]]:
    """Yield hash and text of what has no vector, each once."""
    seen: set[str] = set()
    for some in chunks(everything.texts(), _AT_ONCE):
        texts = {encoders.key(encoder, text)[2]: text for entry in some for text in texts_of(entry)}
        known = set(_kept(encoder).filter(text_hash__in=texts).values_list("text_hash", flat=True))
        for text_hash, text in texts.items():
            if text_hash not in known and text_hash not in seen:
                seen.add(text_hash)
                yield text_hash, text


def _make(encoder: Encoder, texts: dict[str, str]) -> int:
    rows = encoders.checked(encoder, list(texts.values()), "document").astype(np.float16)
    TextVector.objects.bulk_create(
        [TextVector(model=encoder.name, version=encoder.version, text_hash=one, vector=row.tobytes())
         for one, row in zip(texts, rows, strict=True)],
        ignore_conflicts=True,
    )  # fmt: skip
    return len(texts)


def _kept(encoder: Encoder) -> QuerySet[TextVector]:
    return TextVector.objects.filter(model=encoder.name, version=encoder.version)


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield the items in lists of ``size``."""
    source = iter(items)
    while some := list(islice(source, size)):
        yield some
