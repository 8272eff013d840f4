"""Figures of ranked retrieval, each of one query, and the interval of their mean. No database here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def ndcg(ranked: Sequence[int], grades: Sequence[int], at: int = 10) -> float:
    """Return nDCG with linear gain: ``ranked`` are the grades in the order found, ``grades`` all that there are."""
    ideal = _gained(sorted(grades, reverse=True)[:at])
    return _gained(ranked[:at]) / ideal if ideal else 0.0


def average_precision(ranked: Sequence[int], fitting: int) -> float:
    """Return the mean, over the fitting documents, of the precision where each is found."""
    hits = [place for place, grade in enumerate(ranked, 1) if grade > 0]
    return sum(number / place for number, place in enumerate(hits, 1)) / fitting if fitting else 0.0


def reciprocal_rank(ranked: Sequence[int]) -> float:
    """Return one by the place of the first fitting document."""
    return next((1 / place for place, grade in enumerate(ranked, 1) if grade > 0), 0.0)


def recall(ranked: Sequence[int], fitting: int, at: int = 100) -> float:
    """Return the share of the fitting documents among the first ``at``."""
    return sum(grade > 0 for grade in ranked[:at]) / fitting if fitting else 0.0


def interval(values: Sequence[float], draws: int = 2_000, seed: int = 1) -> tuple[float, float, float]:
    """Return the mean and the bounds of its bootstrap 95 % interval."""
    if not values:
        return 0.0, 0.0, 0.0
    held = np.asarray(values, dtype=np.float64)
    dice = np.random.default_rng(seed)
    means = [held[dice.integers(0, len(held), len(held))].mean() for _ in range(draws)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(held.mean()), float(low), float(high)


def _gained(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))
