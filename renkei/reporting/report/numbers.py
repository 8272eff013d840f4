"""Numbers for a report: counted as of one moment, or as they were frozen when the year was closed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE, PROJECTS, VERSIONS, Figure
from renkei.reporting.models import ClosedPeriod
from renkei.reporting.queries import Number, Result, count, frozen
from renkei.reporting.report.parts import Ref, Section, refs, seal_of


@dataclass
class Numbers:
    """Counts each figure once. ``period`` gives the frozen numbers and the versions they were counted with."""

    actor: Actor
    as_of: dt.datetime
    period: ClosedPeriod | None = None
    _results: dict[tuple[str, int, tuple[int, ...]], Result] = field(default_factory=dict)
    _kept: dict[tuple[str, str, str], Number] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the frozen numbers of a closed year."""
        if self.period is not None:
            for key, row in frozen(self.period, self.actor).items():
                self._kept[key] = Number(row.value, frozenset(row.records))
                self._versions[row.figure] = row.version

    def ref(self, code: str, years: tuple[int, ...], body: str = ALL, split: str = ALL) -> Ref:
        """Return a number of a figure with where it comes from."""
        figure = self.figure(code)
        number = self._number(figure, years, body, split)
        return Ref(code, figure.version, years, body, split, number.value, seal_of(number.records))

    def result(self, code: str, years: tuple[int, ...]) -> Result:
        """Return the records of a figure in one year, or (of projects) in a set of years."""
        figure = self.figure(code)
        key = (code, figure.version, years)
        if key not in self._results:
            self._results[key] = counted(figure, years, self.as_of)
        return self._results[key]

    def figure(self, code: str) -> Figure:
        """Return the definition that counts: the one the year was closed with, else the newest."""
        return VERSIONS[code, self._versions[code]] if code in self._versions else BY_CODE[code]

    def _number(self, figure: Figure, years: tuple[int, ...], body: str, split: str) -> Number:
        is_closed = self.period is not None and years == (self.period.fiscal_year,)
        if is_closed and (kept := self._kept.get((figure.code, body, split))) is not None:
            return kept
        return self.result(figure.code, years).number(body, split)


def counted(figure: Figure, years: tuple[int, ...], as_of: dt.datetime) -> Result:
    """Return a figure's records in the years; of projects only those whose own year is one of them."""
    result = count(figure, FiscalYear(min(years)), FiscalYear(max(years)), as_of=as_of)
    if figure.code != PROJECTS:
        return result
    wanted = {str(year) for year in years}
    return replace(result, rows=[row for row in result.rows if row.split in wanted])


@dataclass(frozen=True, slots=True)
class Moved:
    """A number of an approved report that would be another today."""

    section: str
    words: str
    was: Ref
    now: Ref

    @property
    def is_exchange(self) -> bool:
        """Tell whether the number is the same and only its records are others."""
        return self.was.value == self.now.value


def moved(sections: list[Section]) -> list[Moved]:
    """Return every number of a frozen report that differs now, counted the same way as then (P5)."""
    now = clock.now()
    results: dict[tuple[str, int, tuple[int, ...]], Result] = {}
    found: dict[tuple[str, int, tuple[int, ...], str, str], Moved] = {}
    for section, table, words, was in refs(sections):
        again = _again(was, now, results)
        if again is not None and (again.value, again.seal) != (was.value, was.seal) and was.key not in found:
            found[was.key] = Moved(section.title, "　".join(part for part in (table.title, words) if part), was, again)
    return list(found.values())


def _again(was: Ref, now: dt.datetime, results: dict[tuple[str, int, tuple[int, ...]], Result]) -> Ref | None:
    figure = VERSIONS.get((was.figure, was.version))
    if figure is None:
        return None
    key = (was.figure, was.version, was.years)
    if key not in results:
        results[key] = counted(figure, was.years, now)
    number = results[key].number(was.body, was.split)
    return replace(was, value=number.value, seal=seal_of(number.records))
