"""Plain words and technical words that mean the same, from our own list in Sudachi's synonym file format."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from renkei.matching.words import content_forms

WEIGHT = 0.4  # measured in the study of matching: an expanded word counts this much
_GROUP, _HEADWORD = 0, 8


@lru_cache(maxsize=1)
def _alike() -> dict[str, frozenset[str]]:
    """Return for each normal form the forms that mean the same."""
    groups: dict[str, set[str]] = defaultdict(set)
    text = (files("renkei.matching") / "data" / "synonyms.txt").read_text(encoding="utf-8")
    for row in csv.reader(line for line in text.splitlines() if line.strip() and not line.startswith("#")):
        groups[row[_GROUP]].update(content_forms(row[_HEADWORD]))
    alike: dict[str, set[str]] = defaultdict(set)
    for group in groups.values():
        for form in group:
            alike[form] |= group - {form}
    return {form: frozenset(others) for form, others in alike.items()}


def expanded(forms: Iterable[str]) -> set[str]:
    """Return the words that mean the same as ``forms`` and are not among them."""
    given = set(forms)
    return {other for form in given for other in _alike().get(form, ())} - given
