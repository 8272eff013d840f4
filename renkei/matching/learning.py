"""Learning the fusion from judged queries, and telling whether it is worth having.

From 30 judged queries on, weights are learned (a softmax over each query's pool, by Newton's method); from 250 on, trees
(LambdaMART) beside them, where lightgbm is installed (the extra ``learning``). ``learn`` keeps what was learned only when
it is better than what is there on queries it has not seen. No database here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renkei.matching import measures
from renkei.matching.fusion import BENDS, Model, Signs, Trees, bent, standard, tree_rows

LINEAR_FROM, TREES_FROM = 30, 250
_HOLD, _CENTRE = 30.0, 0.1  # how strongly weights are held where they begin: every sign speaks for a document, a little
_STEPS, _ENOUGH = 30, 1e-5
_ROUNDS, _SEEDS = 100, 1
_TREES: dict[str, Any] = {
    "objective": "lambdarank", "learning_rate": 0.05, "num_leaves": 15, "feature_fraction": 0.6, "lambda_l2": 5,
    "label_gain": [0, 1, 3, 7], "verbose": -1, "num_threads": 1, "deterministic": True,
}  # fmt: skip
Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A judged query: the signs of its pool, the grade of each of its documents (0 to 3), and all grades there are."""

    signs: Signs
    grades: NDArray[np.int64]
    all_grades: tuple[int, ...]

    def gain(self, model: Model) -> float:
        """Return the nDCG@10 that a model reaches on it."""
        order = np.argsort(-model.score(self.signs), kind="stable")
        return measures.ndcg([int(one) for one in self.grades[order][:10]], self.all_grades)


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning: the model to use, and its nDCG@10 on queries not seen beside that of the one before."""

    model: Model
    before: float
    after: float

    @property
    def is_better(self) -> bool:
        """Tell whether the learned one is worth having."""
        return self.after > self.before


def can_grow_trees() -> bool:
    """Tell whether lightgbm is installed."""
    return find_spec("lightgbm") is not None


def fit(examples: Sequence[Example], *, trees: bool | None = None) -> Model:
    """Return a model learned from all examples: with trees when there are enough of them, or as told.

    Raises ValueError when there is nothing to learn from.
    """
    useful = [one for one in examples if one.grades.any()]
    if not useful:
        raise ValueError("no judged query has a fitting document in its pool")
    names = list(useful[0].signs)
    weights = _softmax(useful, names)
    grown = trees if trees is not None else len(examples) >= TREES_FROM and can_grow_trees()
    return Model("learned", weights, _grow(useful, names) if grown else ())


def cross_validated(
    examples: Sequence[Example], parts: int, *, fitted: Callable[[Sequence[Example]], Model] = fit, seed: int = 0
) -> Iterator[tuple[list[int], Model]]:
    """Yield for each part its examples' numbers and the model learned from all the others."""
    order = np.random.default_rng(seed).permutation(len(examples))
    for part in range(parts):
        held = set(order[part::parts].tolist())
        yield sorted(held), fitted([one for number, one in enumerate(examples) if number not in held])


def learn(examples: Sequence[Example], now: Model, *, parts: int = 5) -> Learned:
    """Learn from judged queries and compare with the model in use, on queries not seen; the better one is returned.

    With fewer than 30 of them the model in use stays.
    """
    before = _mean([one.gain(now) for one in examples])
    if len(examples) < LINEAR_FROM:
        return Learned(now, before, before)
    after = np.zeros(len(examples))
    for held, model in cross_validated(examples, parts):
        for number in held:
            after[number] = examples[number].gain(model)
    found = Learned(fit(examples), before, _mean(after.tolist()))
    return found if found.is_better else Learned(now, before, found.after)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _columns(signs: Signs, names: Sequence[str]) -> Columns:
    return np.concatenate([bent(standard(signs[name])) for name in names], axis=1)


def _softmax(examples: Sequence[Example], names: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Return the weights under which fitting documents are the likeliest of their pools."""
    data = []
    for one in examples:
        wanted = one.grades.astype(np.float64) ** 1.5
        data.append((_columns(one.signs, names), wanted / wanted.sum()))
    begin = np.tile([_CENTRE] + [0.0] * len(BENDS), len(names))
    weights = begin
    loss, slope, bend = _slopes(data, weights, begin)
    for _step in range(_STEPS):
        move = np.linalg.solve(bend, slope)
        share = 1.0
        while share > 1e-4:
            new = _slopes(data, weights - share * move, begin)
            if new[0] <= loss:
                break
            share /= 2
        weights = weights - share * move
        loss, slope, bend = new
        if float(np.abs(share * move).max()) < _ENOUGH:
            break
    width = 1 + len(BENDS)
    return {name: tuple(weights[n * width : (n + 1) * width].tolist()) for n, name in enumerate(names)}


def _slopes(data: Sequence[tuple[Columns, Columns]], weights: Columns, begin: Columns) -> tuple[float, Columns, Columns]:
    """Return the loss, its slope and its curvature."""
    off = weights - begin
    loss = _HOLD * float(off @ off) / 2
    slope = _HOLD * off
    curve = _HOLD * np.eye(len(weights))
    for columns, wanted in data:
        score = columns @ weights
        top = score.max()
        likely = np.exp(score - top)
        whole = likely.sum()
        likely /= whole
        loss += float(top + np.log(whole) - wanted @ score)
        mean = likely @ columns
        slope = slope + mean - wanted @ columns
        curve += (columns * likely[:, None]).T @ columns - np.outer(mean, mean)
    return loss, slope, curve


def _grow(examples: Sequence[Example], names: Sequence[str]) -> list[Trees]:
    import lightgbm  # noqa: PLC0415  the extra ``learning``; absent in production

    rows = [tree_rows(one.signs, names) for one in examples]
    data = lightgbm.Dataset(
        np.concatenate(rows), np.concatenate([one.grades for one in examples]), group=[len(one) for one in rows]
    )
    grown: list[Any] = [lightgbm.train(_TREES | {"seed": seed}, data, _ROUNDS) for seed in range(_SEEDS)]
    return grown
