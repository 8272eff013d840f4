"""Learning the fusion: it finds what tells, keeps only what is better on queries not seen, and needs enough of them."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from renkei.matching import learning, measures
from renkei.matching.fusion import Model
from renkei.matching.learning import Example, cross_validated, fit, learn

NOISE = Model("noise first", {"noise": (1.0, 0.0, 0.0), "telling": (0.0, 0.0, 0.0)})
RIGHT = Model("telling first", {"noise": (0.0, 0.0, 0.0), "telling": (1.0, 0.0, 0.0)})


def examples(count: int, seed: int = 0, *, is_telling: bool = True) -> list[Example]:
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        grades = np.zeros(30, dtype=np.int64)
        grades[dice.integers(30)] = 2
        telling = dice.normal(size=30) + (2.5 * (grades > 0) if is_telling else 0)
        signs = {"noise": dice.normal(size=30).astype(np.float32), "telling": telling.astype(np.float32)}
        found.append(Example(signs, grades, (2,)))
    return found


def test_what_tells_gets_the_weight() -> None:
    model = fit(examples(60), trees=False)
    assert model.weights["telling"][0] > 5 * abs(model.weights["noise"][0])
    assert model.trees == ()


def test_what_is_learned_holds_on_queries_not_seen() -> None:
    learned = learn(examples(60), NOISE)
    assert learned.is_better
    assert learned.after > learned.before + 0.2
    fresh = examples(60, seed=9)
    assert np.mean([one.gain(learned.model) for one in fresh]) > np.mean([one.gain(NOISE) for one in fresh]) + 0.2


def test_fewer_than_thirty_judged_queries_change_nothing() -> None:
    learned = learn(examples(29), NOISE)
    assert learned.model is NOISE
    assert not learned.is_better


def test_what_is_not_better_is_not_taken() -> None:
    learned = learn(examples(40), RIGHT)
    assert (learned.model is RIGHT) == (learned.after <= learned.before)
    flat = learn(examples(40, is_telling=False), RIGHT)
    assert (flat.model is RIGHT) == (flat.after <= flat.before)


def test_each_query_is_held_out_once() -> None:
    listed = examples(31)
    seen: list[int] = []
    for held, _model in cross_validated(listed, 5, fitted=lambda others: seen.append(len(others)) or RIGHT):  # type: ignore[func-returns-value]
        assert len(held) in {6, 7}
    assert sum(31 - one for one in seen) == 31
    again = [held for held, _model in cross_validated(listed, 5, fitted=lambda _others: RIGHT)]
    assert sorted(number for held in again for number in held) == list(range(31))


def test_nothing_judged_cannot_be_learned_from() -> None:
    empty = [Example(one.signs, np.zeros(30, dtype=np.int64), ()) for one in examples(3)]
    with pytest.raises(ValueError):
        fit(empty)


@pytest.mark.skipif(find_spec("lightgbm") is None, reason="the extra `learning` is not installed")
def test_trees_grow_from_many_and_stand_beside_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_ROUNDS", 10)
    monkeypatch.setattr(learning, "TREES_FROM", 40)
    assert fit(examples(39)).trees == ()
    model = fit(examples(40))
    assert len(model.trees) == 1
    fresh = examples(30, seed=3)
    assert np.mean([one.gain(model) for one in fresh]) > 0.6


def test_without_lightgbm_the_sum_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "TREES_FROM", 40)
    monkeypatch.setattr(learning, "find_spec", lambda _name: None)
    assert fit(examples(40)).trees == ()


@pytest.mark.parametrize(
    ("ranked", "grades", "value"),
    [([2, 1], [2, 1], 1.0), ([1, 2], [2, 1], (1 + 2 / np.log2(3)) / (2 + 1 / np.log2(3))), ([0, 0], [2], 0.0), ([], [1], 0.0), ([1], [], 0.0)],
)
def test_ndcg_is_linear_in_the_grade(ranked: list[int], grades: list[int], value: float) -> None:
    assert measures.ndcg(ranked, grades) == pytest.approx(value)


def test_the_other_figures() -> None:
    ranked = [0, 2, 0, 1]
    assert measures.average_precision(ranked, 2) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert measures.average_precision(ranked, 4) == pytest.approx((1 / 2 + 2 / 4) / 4)
    assert measures.reciprocal_rank(ranked) == 0.5
    assert (measures.recall(ranked, 2, 2), measures.recall(ranked, 2)) == (0.5, 1.0)
    assert (measures.reciprocal_rank([0]), measures.recall([], 0), measures.average_precision([1], 0)) == (0, 0, 0)
    mean, low, high = measures.interval([0.0, 1.0] * 50)
    assert low < mean == 0.5 < high
    assert measures.interval([]) == (0, 0, 0)
