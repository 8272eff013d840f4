"""The entries' texts as vectors of the plugged-in sentence encoder, made in the background and kept by hash of the text.

A document takes an encoder a tenth of a second: searches only read what is there, and go by words where nothing is yet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from django.db.models import Max, QuerySet

from renkei.matching import encoders, everything
from renkei.matching.encoders import Encoder, EncoderError, Matrix
from renkei.matching.everything import Text
from renkei.matching.models import EntryChange
from renkei.matching.ranking import SCANNED, Encoded
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


def held(encoder: Encoder, texts: Sequence[str]) -> tuple[Matrix, int]:
    """Return a row for each text from what is kept, noughts where nothing is yet, and how many texts lack theirs."""
    rows = np.zeros((len(texts), encoder.width), dtype=np.float32)
    hashes = [encoders.key(encoder, text)[2] for text in texts]
    places: dict[str, list[int]] = {}
    for at, one in enumerate(hashes):
        places.setdefault(one, []).append(at)
    lacking = set(places)
    for some in _chunks(places, _AT_ONCE):
        for text_hash, vector in _kept(encoder).filter(text_hash__in=some).values_list("text_hash", "vector"):
            found = np.frombuffer(bytes(vector), dtype=np.float16)
            if found.shape == (encoder.width,):
                rows[places[text_hash]] = found
                lacking.discard(text_hash)
    return rows, sum(len(places[one]) for one in lacking)


def stamp(encoder: Encoder) -> int:
    """Return a number that grows when vectors of the encoder come in: who holds a matrix of them reads anew."""
    return int(_kept(encoder).aggregate(last=Max("pk"))["last"] or 0)


def encoded_for(ids: Sequence[str]) -> Encoded | None:
    """Return the plugged-in encoder with the vectors of these entries, in this order; noughts where there is none yet.

    None without an encoder, and beyond ``SCANNED`` entries: the matrices would not fit beside everything else.
    """
    found = encoders.encoder()
    if found is None or len(ids) > SCANNED:
        return None
    texts: dict[str, tuple[str, str]] = {}
    for some in _chunks(ids, _AT_ONCE):
        texts.update((one.id, texts_of(one)) for one in everything.texts(some))
    title, whole = (held(found, [texts.get(one, ("", ""))[side] for one in ids])[0] for side in (0, 1))
    return Encoded(found, title, whole)


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
        for some in _chunks(_lacking(found), _BATCH):
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
    for some in _chunks(everything.texts(), _AT_ONCE):
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


def _chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    source = iter(items)
    while some := list(islice(source, size)):
        yield some
