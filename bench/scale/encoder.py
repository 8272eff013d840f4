"""The whole path with a sentence encoder plugged in: the question is encoded in earnest, the entries' vectors are made up.

How long a question takes does not depend on what the vectors hold, and encoding a hundred thousand entries takes a night.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from bench.scale.timing import Row, times
from renkei.matching.encoders import Encoder, Role


class MadeUp:
    """An encoder whose documents are made up: the same texts in the same order get the same vectors."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.version, self.width = f"{encoder.name}-scale", encoder.version, encoder.width
        self._encoder, self._dice = encoder, np.random.default_rng(11)

    def encode(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        """Return a row of length one for each text."""
        if role == "query":
            return self._encoder.encode(texts, role)
        made = self._dice.standard_normal((len(texts), self.width), dtype=np.float32)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


def measured(encoder: Encoder, entries: int, ask: Callable[[], Row], others: Sequence[str]) -> Row:
    """Return what ``ask`` measures with the encoder plugged in, how long encoding ``others`` takes, and how long a process reads the vectors.

    Beyond the entries that the product encodes, that it goes without is all there is to say.
    """
    from renkei.matching import encoded, index

    if entries > encoded.MOST:
        return {"beyond": encoded.MOST}
    with _plugged_in(MadeUp(encoder)) as made:
        begun = time.perf_counter()
        index.open_halves()
        found: Row = {"reading seconds": round(time.perf_counter() - begun, 1)} | ask()
        return found | {"encode": times(lambda text: made.encode([text], "query"), others)}


@contextmanager
def _plugged_in(made: MadeUp) -> Iterator[MadeUp]:
    """Plug an encoder in and give every entry its vectors; afterwards there are none."""
    from renkei.matching import encoders, enrich, index
    from renkei.matching.textvectors import TextVector

    with mock.patch.object(enrich, "_BATCH", 500):
        enrich.enrich(seconds=math.inf, encoder=made)
    index.forget()
    try:
        with mock.patch.object(encoders, "encoder", return_value=made):
            yield made
    finally:
        TextVector.objects.filter(model=made.name).delete()
        index.forget()
