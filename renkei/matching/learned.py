"""The weights a site has learned: which are in use, and what judgments there are to learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from renkei.matching.fusion import Model, Signs, Values, from_data
from renkei.matching.learnmodels import LearnedModel, LearnedState
from renkei.matching.models import JudgmentOrigin
from renkei.matching.of_site import of_site

AreOf = Callable[[str], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Judged:
    """How many judgments of an origin there are: fitting, not fitting, on how many needs, naming an entry."""

    origin: JudgmentOrigin
    fits: int = 0
    fits_not: int = 0
    needs: int = 0
    with_entry: int = 0


def in_use(kind: str = "") -> dict[str, Any] | None:
    """Return the learned weights in use for a kind of entry, or for all kinds; None: the shipped ones are in use."""
    found = LearnedModel.objects.filter(state=LearnedState.IN_USE, kind__in={kind, ""}).order_by("-kind").first()
    weights: dict[str, Any] | None = found.weights if found else None
    return weights


def model(kind: str = "") -> Model | None:
    """Return the learned fusion in use for a kind of entry, or None: the shipped one is. Asks once a call, reads it once."""
    found = LearnedModel.objects.filter(state=LearnedState.IN_USE, kind__in={kind, ""}).order_by("-kind")
    pk = found.values_list("pk", flat=True).first()
    return _model(pk) if pk is not None else None


def scores(signs: Signs, are_of: AreOf, shipped: Model, *, kept: NDArray[Any] | None = None) -> Values:
    """Return the score of each candidate under what is in use (of those at ``kept`` only); ``are_of`` tells which are of a kind.

    A kind with weights of its own is ordered by them, with the scores that the common weights gave its candidates: how the
    kind stands beside the others stays as it was, for its own judgments tell nothing of that.
    """
    used = of_site().models
    found = np.array((_model(used[""]) if "" in used else shipped).score(signs))
    for kind, pk in used.items():
        whole = np.flatnonzero(are_of(kind)) if kind else np.zeros(0, dtype=np.int64)
        if not len(whole):
            continue
        own = dict(zip(whole.tolist(), _model(pk).score({name: values[whole] for name, values in signs.items()}), strict=True))
        shown = np.array([one for one in (whole if kept is None else kept) if one in own], dtype=np.int64)
        order = sorted(shown, key=lambda one: (-own[int(one)], one))
        found[order] = np.sort(found[shown])[::-1]
    return found if kept is None else found[kept]


@lru_cache(maxsize=16)
def _model(pk: UUID) -> Model:
    return from_data(LearnedModel.objects.get(pk=pk).weights or {})


def judged() -> list[Judged]:
    """Return the counts of every origin, over all bodies; noughts for who is not of the staff."""
    counts: dict[str, list[int]] = {origin: [0, 0, 0, 0] for origin in JudgmentOrigin.values}
    with connection.cursor() as cursor:
        cursor.execute("SELECT origin, fits, counted, needs, with_entry FROM matching_judgment_counts()")
        for origin, fits, counted, needs, with_entry in cursor.fetchall():
            row = counts[origin]
            row[0 if fits else 1] += counted
            row[2] += needs
            row[3] += with_entry
    return [Judged(origin, *counts[origin]) for origin in JudgmentOrigin]
