"""How the signs become one order: a weighted sum of each sign's place in its pool, with bends, told sign by sign.

Each sign is made comparable within the query's pool (less its mean, by its spread). The model is linear in that and in two
bends of it, so that standing far out can count more or less than in proportion; weights are plain data
(``data/ranking.json``). Trees may stand beside it where they were learned (``learning``); what is told to people is the linear part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Signs = Mapping[str, Values]
BENDS = (1.5, 3.0)
_LEAST = 1e-9
# How loud an encoder's two signs are until weights are learned with it: the study's hand weights, as one to the static sum.
_ENCODER: dict[str, tuple[float, ...]] = {"encoder": (0.7, 0.0, 0.0), "encoder_title": (0.3, 0.0, 0.0)}


class Trees(Protocol):
    """Learned trees: rows of features to scores."""

    def predict(self, data: NDArray[Any], /) -> Any:
        """Return a score a row."""


@dataclass(frozen=True)
class Model:
    """Weights by sign: of its place, and of each bend. ``trees``, where there are some, count as much as the sum."""

    name: str
    weights: Mapping[str, tuple[float, ...]]
    trees: Sequence[Trees] = ()

    def parts(self, signs: Signs) -> dict[str, Values]:
        """Return what each sign adds to the score of each document of the pool."""
        return {
            name: (bent(standard(signs[name])) @ np.array(weight, dtype=np.float64)).astype(np.float32)
            for name, weight in self.weights.items()
            if name in signs
        }

    def score(self, signs: Signs) -> Values:
        """Return the score of each document of the pool."""
        told = {name: weight for name, weight in self.weights.items() if name in signs}
        if not told or not len(next(iter(signs.values()))):
            size = len(next(iter(signs.values()), np.zeros(0)))
            return np.zeros(size, dtype=np.float32)
        place = standard(np.array([signs[name] for name in told], dtype=np.float64))
        total = np.zeros(place.shape[1])
        for column, bend in zip(np.array(list(told.values())).T, (0.0, *BENDS), strict=True):  # sign after sign: equal documents come out equal
            total += (column[:, None] * (np.maximum(place - bend, 0.0) if bend else place)).sum(axis=0)
        if self.trees:
            rows = tree_rows(signs, list(self.weights))
            total = standard(total) + standard(np.sum([tree.predict(rows) for tree in self.trees], axis=0))
        return np.asarray(total, dtype=np.float32)

    def as_data(self) -> dict[str, Any]:
        """Return the linear part as plain data."""
        return {"name": self.name, "weights": {name: [round(one, 4) for one in w] for name, w in self.weights.items()}}


def from_data(data: Mapping[str, Any]) -> Model:
    """Return a model from plain data. Raises ValueError when it has another form."""
    weights = {str(name): tuple(float(one) for one in w) for name, w in data["weights"].items()}
    if any(len(w) != 1 + len(BENDS) for w in weights.values()):
        raise ValueError("each sign has three weights")
    return Model(str(data["name"]), weights)


@lru_cache(maxsize=2)
def published(*, with_encoder: bool = False) -> Model:
    """Return the weights that are shipped. A plugged-in encoder speaks beside them as loudly as the static vectors do."""
    told = json.loads((files("renkei.matching") / "data" / "ranking.json").read_text(encoding="utf-8"))
    model = from_data(told["words and static vectors"])
    return Model(model.name, {**model.weights, **_ENCODER}) if with_encoder else model


def standard(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return values (of one sign, or a row a sign) less their mean, by their spread; noughts where all are alike."""
    wide = np.asarray(values, dtype=np.float64)
    if not wide.size:
        return wide
    spread = wide.std(axis=-1, keepdims=True)
    return np.asarray((wide - wide.mean(axis=-1, keepdims=True)) / np.where(spread > _LEAST, spread, np.inf))


def bent(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a column for the place, and one for what it stands beyond each bend."""
    return np.stack([place, *(np.maximum(place - bend, 0.0) for bend in BENDS)], axis=1)


def tree_rows(signs: Signs, names: Sequence[str]) -> NDArray[np.float64]:
    """Return for trees: each sign's place, its value, its rank in the pool."""
    columns = []
    for name in names:
        values = np.asarray(signs[name], dtype=np.float64)
        rank = np.argsort(np.argsort(-values, kind="stable"), kind="stable")
        columns += [standard(values), values, rank.astype(np.float64)]
    return np.stack(columns, axis=1)
