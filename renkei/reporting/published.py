"""Which figures of a closed year everybody may read, and which of their numbers are too small to be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE, Figure, Split
from renkei.reporting.models import ClosedPeriod, FrozenFigure, PublishedFigure
from renkei.reporting.words import split_words

# Not ``services``: they divide the stages of ``supports``, and a small one would follow from the two tables.
PUBLIC = ("consultations", "supports", "closed", "results", "areas", "pressures", "purposes", "climbs", "outside", "projects", "meetings")
OF_NO_FIRM = {"projects", "meetings"}  # approved and named by law, or nobody's: shown however small
FEWEST = 5  # a part of fewer could be known again by who knows one of them


@dataclass(frozen=True, slots=True)
class Told:
    """A number as everybody reads it: None stands for one too small, or one that would give such a one away."""

    figure: Figure
    split: str
    value: int | None


def without_small(parts: Mapping[str, int], total: int) -> tuple[dict[str, int | None], int | None]:
    """Return parts and total with what is smaller than :data:`FEWEST` (but no zero) left out.

    Where one part alone is left out, or those left out add up to less than that, the next smallest goes with them: nobody gets
    them back by taking the rest from the total. With no other left the total goes, too.
    """
    if 0 < total < FEWEST:
        return dict.fromkeys(parts, None), None
    hidden = {code for code, value in parts.items() if 0 < value < FEWEST}
    rest = sorted((value, code) for code, value in parts.items() if code not in hidden and value > 0)
    while hidden and (len(hidden) == 1 or sum(parts[code] for code in hidden) < FEWEST) and rest:
        hidden.add(rest.pop(0)[1])
    alone = len(hidden) == 1
    return {code: None if code in hidden else value for code, value in parts.items()}, None if alone else total


def to_tell(period: ClosedPeriod) -> list[Told]:
    """Return what a closed year tells everybody: the plan's totals as they were frozen, never a body's column."""
    kept: dict[str, dict[str, int]] = {code: {} for code in PUBLIC}
    for row in FrozenFigure.objects.filter(period=period, body=ALL, figure__in=PUBLIC):
        kept[row.figure][row.split] = int(row.value or 0)
    found = []
    for code in PUBLIC:
        figure, parts = BY_CODE[code], {split: value for split, value in kept[code].items() if split != ALL}
        total = kept[code].get(ALL, 0)
        if figure.split in {Split.NONE, Split.YEAR}:
            parts = {}
        told, whole = (dict(parts), total) if code in OF_NO_FIRM else without_small(parts, total)
        found.append(Told(figure, ALL, whole))
        found += [Told(figure, split, value) for split, value in sorted(told.items())]
    return found


@dataclass(frozen=True, slots=True)
class PublicTable:
    """A figure as everybody reads it: its total and its parts in words; None for what is too small to be told."""

    figure: Figure
    total: int | None
    lines: list[tuple[str, int | None, int]]  # words, value, length of the bar of 100


def tables_of(told: Iterable[tuple[Figure, str, int | None]], year: FiscalYear) -> list[PublicTable]:
    """Return the tables of a year in the order of :data:`PUBLIC`, each with the definition it was counted by."""
    kept: dict[str, dict[str, int | None]] = {}
    figures: dict[str, Figure] = {}
    for figure, split, value in told:
        kept.setdefault(figure.code, {})[split] = value
        figures[figure.code] = figure
    found = []
    for code in (one for one in PUBLIC if one in kept):
        parts, figure = {split: value for split, value in kept[code].items() if split != ALL}, figures[code]
        most = max([1, *(value or 0 for value in parts.values())])
        lines = [(words, parts[split], (parts[split] or 0) * 100 // most) for split, words in split_words(figure, list(parts), year).items()]
        found.append(PublicTable(figure, kept[code].get(ALL), lines))
    return found


def published_years() -> list[int]:
    """Return the fiscal years that everybody may read, the newest first."""
    return sorted(set(PublishedFigure.objects.values_list("fiscal_year", flat=True)), reverse=True)


def published(year: int) -> list[PublishedFigure]:
    """Return what has been published of a year."""
    return list(PublishedFigure.objects.filter(fiscal_year=year))
