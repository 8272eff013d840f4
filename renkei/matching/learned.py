"""The weights a site has learned: which are in use, and what judgments there are to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from renkei.matching.fusion import Model, from_data
from renkei.matching.learnmodels import LearnedModel, LearnedState
from renkei.matching.models import JudgmentOrigin


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


@lru_cache(maxsize=8)
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
