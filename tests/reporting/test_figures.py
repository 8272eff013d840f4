"""Each figure against what people would count by hand, in a small year with tricky cases (``year.py``)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.plan.queries import current_plan
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE, FIGURES
from renkei.reporting.queries import Result, count, end_of, plan_of, targets
from tests.reporting.year import Year, a_year, at
from tests.world import CENTER, DESK, LAB, World

YEAR = FiscalYear(2026)
NOVEMBER = at(11, 27)


@pytest.fixture
def year(world: World) -> Year:
    return a_year(world)


def counted(code: str, as_of: dt.datetime = NOVEMBER, year: int = 2026) -> Result:
    with clock.moved_to(max(as_of, NOVEMBER)):
        return count(BY_CODE[code], FiscalYear(year), as_of=as_of)


def by_name(year: Year, result: Result) -> Counter[str]:
    """How often each record stands there: name, body, part and days in one word."""
    short = {DESK: "desk", LAB: "lab", CENTER: "center"}
    names = year.names
    return Counter(
        " ".join(str(word) for word in (names[row.record], short.get(row.body, row.body), row.split, row.days, row.percent) if word not in {"", None})
        for row in result.rows
    )


def test_an_empty_house_counts_nothing(world: World) -> None:
    assert [one.code for one in FIGURES if count(one, YEAR, as_of=clock.now()).rows] == []


BY_HAND: dict[str, str] = {
    "projects": "two center 2026 40, two lab 2026 60",
    # Not: 「late」 (said in the year before), a nuisance, what was taken back, what was split off.
    "consultations": "twice desk web, wrong desk web, no desk web, silent desk web, withdrawn desk web, kept desk web, gone desk web,"
    " given lab web, moved desk web",
    "closed": "twice desk partly",  # once, by its last end; the merged one has not ended
    "results": "twice desk partly",
    "first_answer": "twice desk 4",  # the attempt that reached nobody is no answer
    "body_answer": "twice lab accepted 2, wrong center declined 1, no center declined 2, withdrawn lab accepted 2",
    "supports": "twice lab 3, wrong center 2",  # corrected to a yes; the withdrawn one is none
    "declines": "no center not_our_field",
    "silent": "silent lab",
    "open": "late desk, no desk, silent desk, withdrawn desk, wrong desk, kept desk, part desk, given lab, moved lab",
    "dwell": "twice desk 3 37, twice desk 4 12, part desk 4 23",
    "areas": "twice desk coast, twice desk north, no desk estates, no desk north, silent desk estates, silent desk north,"
    " withdrawn desk estates, withdrawn desk north, wrong desk estates, wrong desk north, gone desk coast, gone desk north,"
    " kept desk coast, kept desk north, given lab, moved desk",
    "pressures": "twice desk global, twice desk population, no desk, silent desk, withdrawn desk, wrong desk, gone desk, kept desk,"
    " given lab, moved desk",
    "services": "twice lab equipment-tests, wrong center rd-subsidy",
    "climbs": "", "outside": "", "gaps": "", "meetings": "", "trends": "",  # nothing is hard in this year: test_random.py and the simulated year have them
    "purposes": "twice desk new_field, no desk, silent desk, withdrawn desk, wrong desk, gone desk, kept desk, given lab, moved desk",
}  # fmt: skip


@pytest.mark.covers("C07", "C08", "C09", "C10", "C23", "C24", "C40", "C78")
def test_every_figure_is_what_people_count_by_hand(year: Year) -> None:
    found = {one.code: by_name(year, counted(one.code)) for one in FIGURES}
    assert found == {code: Counter(words.split(", ") if words else []) for code, words in BY_HAND.items()}


# What was known at the end of a day: nothing that was recorded later, even where it had happened.
THEN: list[tuple[str, dt.datetime, str]] = [
    ("projects", at(10, 19), ""),
    ("projects", at(11, 9), "two center 2026, two lab 2026"),  # the center has not agreed yet: of nobody
    ("consultations", at(4, 20), "twice desk web, spam desk web"),
    ("consultations", at(4, 30), "twice desk web, undone desk web"),
    ("consultations", at(5, 12), "twice desk web"),
    ("closed", at(6, 2), "twice desk solved"),
    ("closed", at(7, 2), ""),
    ("results", at(6, 2), "twice desk solved"),
    ("results", at(6, 11), "twice desk partly"),
    ("first_answer", at(4, 15), ""),
    ("body_answer", at(6, 3, 11), "twice lab accepted 2"),
    ("supports", at(6, 4), "twice lab 3, withdrawn lab 3"),
    ("declines", at(6, 4), "wrong center busy, no center not_our_field"),
    ("silent", at(6, 8), ""),
    ("open", at(4, 30), "twice desk, late desk, undone desk"),
    ("open", at(9, 1), "late desk, no desk, silent desk, withdrawn desk, wrong desk, kept desk, gone desk"),
    ("open", at(10, 6), "late desk, no desk, silent desk, withdrawn desk, wrong desk, kept desk, part desk, given lab, moved desk"),
    ("dwell", at(5, 31), "twice desk 3 37"),
    ("pressures", at(4, 12), "twice desk ?"),  # sorted on the thirteenth
    ("purposes", at(4, 30), "twice desk new_field, undone desk"),
    ("areas", at(4, 30), "twice desk coast, twice desk north, undone desk"),
]


def test_a_day_gone_by_does_not_see_what_was_recorded_later(year: Year) -> None:
    found = [(code, as_of, by_name(year, counted(code, as_of))) for code, as_of, _words in THEN]
    assert found == [(code, as_of, Counter(words.split(", ") if words else [])) for code, as_of, words in THEN]


def test_what_happened_in_march_and_was_recorded_in_april_belongs_to_march(year: Year) -> None:
    assert by_name(year, counted("consultations", year=2025)) == Counter(["late desk web"])
    assert by_name(year, counted("consultations", clock.at(dt.date(2026, 4, 1), 23), year=2025)) == Counter()
    assert by_name(year, counted("projects", year=2025)) == Counter(["march lab 2025 100"])
    assert by_name(year, counted("projects", at(6, 14), year=2025)) == Counter()


def test_the_stock_of_a_year_gone_by_is_that_of_its_last_day(year: Year) -> None:
    assert by_name(year, counted("open", year=2025)) == Counter(["late desk"])
    assert counted("open", year=2024).rows == []


@pytest.mark.covers("C38", "C39", "C40")
def test_targets_by_sets_of_years_count_a_project_once_and_by_agreed_shares_for_each_body(year: Year) -> None:
    with clock.moved_to(NOVEMBER):
        first, second = targets(current_plan(), as_of=clock.now())
        before = targets(current_plan(), as_of=at(6, 14))
    assert (first.years, first.aim, first.number.value, second.number.value) == ((2025, 2026), 2, Decimal(2), Decimal(0))
    assert first.number.records == {one.pk for one in year.projects.values()}
    assert {body: number.value for body, number in first.by_body.items()} == {LAB: Decimal("1.6"), CENTER: Decimal("0.4")}
    assert sum(number.value or 0 for number in first.by_body.values()) == first.number.value
    assert [one.number.value for one in before] == [Decimal(0), Decimal(0)]


def test_numbers_are_made_of_records_and_overlapping_parts_are_not_their_sum(year: Year) -> None:
    areas = counted("areas")
    assert areas.number().value == Decimal(9)
    parts = {split: areas.number(split=split).value for split in areas.splits}
    assert parts == {"north": Decimal(7), "coast": Decimal(3), "estates": Decimal(4), "": Decimal(2)}
    answers = counted("body_answer")
    assert (answers.number().value, answers.number(CENTER).value, answers.number(CENTER, "declined").value) == (
        Decimal("2.0"), Decimal("1.5"), Decimal("1.5"))  # fmt: skip
    assert (answers.within(1), answers.within(2), answers.number("nobody").value) == (1, 4, None)
    assert counted("consultations").number(LAB).records == {year.cases["given"].consultations.get().pk}
    assert counted("dwell").number(ALL, "4").value == Decimal("17.5")
    assert counted("dwell").number(ALL, "4").records == {year.needs["twice"].pk, year.needs["part"].pk}


def test_the_end_of_a_day_is_its_last_moment_and_never_later_than_now() -> None:
    with clock.moved_to(NOVEMBER):
        assert end_of(dt.date(2026, 11, 26)) == clock.at(dt.date(2026, 11, 27), 0) - dt.timedelta(microseconds=1)
        assert end_of(dt.date(2026, 11, 27)) == end_of(dt.date(2027, 1, 1)) == NOVEMBER


def test_a_year_has_the_plan_that_runs_at_its_end_or_aims_at_it(world: World) -> None:
    found = {start: plan_of(FiscalYear(start)) for start in (2023, 2024, 2029, 2030)}
    assert {start: plan.pk if plan else None for start, plan in found.items()} == {
        2023: None, 2024: world.plan.pk, 2029: world.plan.pk, 2030: None}  # fmt: skip
