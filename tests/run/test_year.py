"""The simulated fiscal year is played by ``make simulate-year`` beside the browser's tests; here: its comparison can fail."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from bench import simulate_year as year
from bench.pencil import Books, Pencil
from bench.simulate_year import FIRST, Checked, _compare, value
from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.figures import FIGURES
from tests.reporting.year import a_year, at
from tests.world import World

NOW = at(11, 27)


class TestTheComparison:
    def different(self) -> set[str]:
        found = Checked()
        _compare(Books.of_the_house(), FiscalYear(2026), NOW, found)
        return {one[0] for one in found.different}

    def test_it_finds_nothing_where_nothing_is_wrong(self, world: World) -> None:
        a_year(world)
        with clock.moved_to(NOW):
            assert self.different() == set()

    def test_it_says_of_which_figures_there_was_something(self, world: World) -> None:
        a_year(world)
        found = Checked()
        with clock.moved_to(NOW):
            _compare(Books.of_the_house(), FiscalYear(2026), NOW, found)
        assert {one.code for one in FIGURES} - found.counted == {"climbs", "outside", "gaps", "meetings", "trends"}

    @pytest.mark.parametrize("figure", [one.code for one in FIGURES if one.code not in {"climbs", "outside", "gaps", "meetings", "trends"}])
    def test_it_finds_a_figure_that_loses_its_last_record(self, world: World, monkeypatch: pytest.MonkeyPatch, figure: str) -> None:
        a_year(world)
        method = getattr(Pencil, figure)
        monkeypatch.setattr(Pencil, figure, lambda self: list(method(self))[:-1])
        with clock.moved_to(NOW):
            # areas, pressures and purposes are counted of the consultations there are
            assert self.different() == {figure} | ({"areas", "pressures", "purposes"} if figure == "consultations" else set())

    def test_it_finds_a_function_that_counts_otherwise(self, world: World) -> None:
        a_year(world)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef('figure_silent_1'::regproc)")
            row = cursor.fetchone()
            cursor.execute(str(row[0]).replace("'silent', 'expired'", "'expired'") if row else "")
        with clock.moved_to(NOW):
            assert self.different() == {"silent"}

    def test_a_year_whose_figures_differ_is_no_success(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for found, code in ((Checked(3), 0), (Checked(0), 1)):
            monkeypatch.setattr("bench.simulate.on_throw_away_cluster", lambda _name, _play, found=found: found)
            monkeypatch.setattr("sys.argv", ["simulate_year", "5"])
            assert year.main() == code
        monkeypatch.setattr("bench.simulate.on_throw_away_cluster", lambda _name, _play: Checked(3, [], unheld=1))
        assert year.main() == 1
        wrong = Checked(3)
        wrong.different.append(("open",))
        monkeypatch.setattr("bench.simulate.on_throw_away_cluster", lambda _name, _play: wrong)
        assert (year.main(), str(wrong)) == (1, "figures checked: 3; different: 1")


@pytest.mark.parametrize(
    ("lines", "kind", "body", "split", "wanted"),
    [
        ([("r", "a", "x", FIRST), ("r", "b", "x", FIRST)], "count", "*", "*", 1),
        ([("r", "a", "x", FIRST), ("r", "b", "x", FIRST)], "count", "b", "*", 1),
        ([("r", "a", "x", FIRST), ("q", "a", "y", FIRST)], "stock", "a", "y", 1),
        ([], "count", "*", "*", 0),
        ([("r", "a", "x", FIRST, 3), ("q", "a", "x", FIRST, 6)], "days", "*", "x", 4.5),
        ([("r", "a", "x", FIRST, 3)], "business_days", "b", "*", None),
    ],
)
def test_a_number_is_how_many_records_or_the_middle_of_their_days(lines: list[Any], kind: str, body: str, split: str, wanted: float | None) -> None:
    found = value(Counter(lines), kind, body, split)
    assert (None if found is None else float(found)) == wanted


def test_the_diary_has_the_meetings_the_plan_wants_and_more(world: World) -> None:
    from bench.year import Diary

    diary = Diary(FIRST)
    kinds = Counter((series, kind) for series, kind, _reason in diary.planned.values())
    assert kinds == {("working", "regular"): 10, ("full", "regular"): 1, ("full", "extra"): 1, ("working", "circulation"): 1}
    assert all(FIRST <= day <= dt.date(2027, 3, 31) for day in diary.planned)
    assert {bool(reason) for _series, kind, reason in diary.planned.values() if kind == "extra"} == {True}
