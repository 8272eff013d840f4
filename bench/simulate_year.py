"""``make simulate-year SIZE=300``: a fiscal year of a region through the real actions, then every figure against a count by pencil.

Ten working meetings, the yearly one, an extra one, one in writing; people who leave, a network that dissolves, hard cases that climb
and come back, answers put right, things written down late. The year is closed after its end, corrected afterwards, and counted again
as of each month's end and as of the moment it was frozen. Ends with ``figures checked: N; different: N``; 1 when one differs or a case
stood unheld after a commit.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any

FIRST = dt.date(2026, 4, 1)
CLOSED_ON = dt.date(2027, 4, 12)


@dataclass
class Checked:
    """How many numbers were compared, and which differ: figure, moment, body, part, what the house says, what the pencil says."""

    numbers: int = 0
    different: list[tuple[Any, ...]] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)  # figures of which something was there to be counted
    unheld: int = 0  # commits after which a case had no holder, no dated step, or named who was not there (P1)

    @property
    def is_right(self) -> bool:
        """Return whether something was counted, nothing differs, and no commit left a case unheld."""
        return self.numbers > 0 and not self.different and not self.unheld

    def __str__(self) -> str:
        return f"figures checked: {self.numbers}; different: {len(self.different)}"


def simulate_year(size: int, *, staff: int | None = None, seed: int = 7, days: int | None = None, say: Callable[[str], None] = print) -> Checked:
    """Play a year of about ``size`` needs on the migrated, empty database (as the owner) and compare every figure.

    ``staff`` is how many people the bodies have in all: without it as many as so many needs keep busy.
    """
    from bench import quarter, region
    from bench.simulate import Plot, Quarter
    from bench.year import Diary, FiscalYearPlay
    from renkei.base.fiscal_year import FiscalYear
    from renkei.plan.queries import is_business_day
    from renkei.reporting.figures import FIGURES

    begun, staff = time.monotonic(), staff or max(40, size // 15)
    year = FiscalYear.of(FIRST)
    plot = Plot(needs=size, staff=staff, seed=seed, first_day=FIRST, leaves_a_week=0.003, is_calm=True)
    run = Quarter(plot, random.Random(seed), moment=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
    region.build(run)
    plot.days = days or sum(is_business_day(FIRST + dt.timedelta(days=n)) for n in range((year.last_day - FIRST).days + 1))
    plot.day_of_moves = min(60, plot.days // 2)
    play = FiscalYearPlay(run, Diary(FIRST))
    with run.at(FIRST, 8):
        play.begin()
    quarter.watch(FIRST)
    try:
        run.run(say)
        for line in quarter.story():
            say(line)
        unheld = quarter.measure().unheld
    finally:
        quarter.unwatch()
    found = _after(run, play, year)
    found.unheld = unheld
    say("; ".join(f"{name} {count}" for name, count in sorted(run.done.items())))
    say(f"{size} needs, {staff} staff, {plot.days} business days in {time.monotonic() - begun:.0f} s")
    for one in found.different[:20]:
        say("different: " + " | ".join(map(str, one)))
    if empty := [figure.code for figure in FIGURES if figure.code not in found.counted]:
        say(f"nothing to count: {', '.join(empty)}")
    say(str(found))
    return found


def _after(run: Any, play: Any, year: Any) -> Checked:
    """Close the year, put right what was wrong, and compare as of each month's end, now, and the frozen moment."""
    from bench.pencil import Books
    from renkei.base import clock
    from renkei.reporting.actions import close_period
    from renkei.reporting.queries import end_of

    found = Checked()
    with run.at(CLOSED_ON, 10):
        period = close_period(year, on=CLOSED_ON, by=play.desk())
    run.moment += dt.timedelta(minutes=1)
    for support in play.recorded[:5]:
        play.correct(support)
    with run.at(CLOSED_ON + dt.timedelta(days=1), 12):
        books = Books.of_the_house()
        ends = [dt.date(2026 + (month > 12), (month - 1) % 12 + 1, 1) - dt.timedelta(days=1) for month in range(5, 17)]
        for moment in [*(end_of(day) for day in ends), period.as_of, clock.now()]:
            _compare(books, year, moment, found)
        _compare_frozen(books, period, found)
    return found


def _compare(books: Any, year: Any, moment: dt.datetime, found: Checked) -> None:
    from bench.pencil import Pencil
    from renkei.reporting.figures import FIGURES
    from renkei.reporting.queries import count

    pencil = Pencil(books, year, moment).figures()
    for figure in FIGURES:
        result = count(figure, year, as_of=moment)
        lines = pencil[figure.code]
        rows = Counter((row.record, row.body, row.split, row.day, *(one for one in (row.days, row.percent) if one is not None)) for row in result.rows)
        for body, split in _parts(lines) | _parts(rows):
            found.numbers += 1
            found.counted |= {figure.code} if rows else set()
            ours, theirs = result.number(body, split).value, value(lines, figure.kind.value, body, split)
            if ours != theirs or ((body, split) == ("*", "*") and rows != lines):
                found.different.append((figure.code, moment, body, split, ours, theirs, rows - lines, lines - rows))


def _compare_frozen(books: Any, period: Any, found: Checked) -> None:
    """What was frozen, against the pencil and against the same figure counted again as of that moment."""
    from bench.pencil import Pencil
    from renkei.reporting.figures import BY_CODE
    from renkei.reporting.models import FrozenFigure
    from renkei.reporting.queries import count

    pencil = Pencil(books, period.year, period.as_of).figures()
    again = {code: count(figure, period.year, as_of=period.as_of) for code, figure in BY_CODE.items()}
    kept = {(row.figure, row.body, row.split): row for row in FrozenFigure.objects.filter(period=period)}
    how = {code: "shared" if figure.kind == "shared" else "count" for code, figure in BY_CODE.items()}
    wanted = {(code, body, split) for code, lines in pencil.items() for body, split in _parts(lines) if value(lines, how[code], body, split) or (body, split) == ("*", "*")}
    for key in wanted | set(kept):
        code, body, split = key
        found.numbers += 1
        row, number = kept.get(key), again[code].number(body, split)
        theirs = value(pencil[code], BY_CODE[code].kind.value, body, split)
        if row is None or row.value != theirs or number.value != row.value or number.records != frozenset(row.records):
            found.different.append((code, "frozen", body, split, row and row.value, number.value, theirs))


def _parts(lines: Iterable[tuple[Any, ...]]) -> set[tuple[str, str]]:
    """Return the numbers that can be made of lines: all, each body, each part, each part of a body."""
    return {("*", "*")} | {pair for line in lines for pair in (("*", line[2]), (line[1], "*"), (line[1], line[2])) if pair[0]} | {("?", "*")}


def value(lines: Counter[tuple[Any, ...]], kind: str, body: str, split: str) -> Decimal | None:
    """Return the number of lines: how many records, or the middle of their days."""
    chosen = [line for line in lines.elements() if body in {"*", line[1]} and split in {"*", line[2]}]
    if kind == "shared" and body == "?":
        return Decimal(len({line[0] for line in lines if len(line) == 4}))
    if kind == "shared" and body != "*":
        return Decimal(sum(line[4] for line in chosen if len(line) > 4)) / 100
    kind = "count" if kind == "shared" else kind
    if kind in {"count", "stock"}:
        return Decimal(len({line[0] for line in chosen}))
    return Decimal(str(median(line[4] for line in chosen))).quantize(Decimal("0.1")) if chosen else None


def main() -> int:
    """Start a cluster, migrate, play, stop."""
    from bench.simulate import on_throw_away_cluster

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", type=int, nargs="?", default=300)
    parser.add_argument("--staff", type=int)
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    found = on_throw_away_cluster("year", lambda: simulate_year(chosen.size, staff=chosen.staff, seed=chosen.seed))
    return 0 if found.is_right else 1


if __name__ == "__main__":
    sys.exit(main())
