"""Days on which bodies work: weekends, holidays and their substitutes, the year end, and what a plan closes besides."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.plan import queries
from renkei.plan.content import PlanContent
from renkei.plan.queries import add_business_days, business_days_between, is_business_day
from tests.world import World

YEAR_END = [(12, 29, 1, 3)]
DAYS = st.dates(dt.date(2019, 1, 1), dt.date(2030, 12, 31))
quick = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that closes from 29 December to 3 January."""
    content = PlanContent({"calendar": {"closed": [{"from": "12-29", "to": "01-03"}]}})
    monkeypatch.setattr(queries, "content_now", lambda: content)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        ("2026-11-20", True), ("2026-11-21", False), ("2026-11-22", False), ("2026-11-23", False), ("2026-11-24", True),
        # Golden week: the holiday on a Sunday moves past the two behind it
        ("2026-05-01", True), ("2026-05-03", False), ("2026-05-04", False), ("2026-05-05", False), ("2026-05-06", False), ("2026-05-07", True),
        # a weekday between two holidays is one itself
        ("2026-09-18", True), ("2026-09-21", False), ("2026-09-22", False), ("2026-09-23", False), ("2026-09-24", True),
        # the equinox on a Sunday
        ("2027-03-21", False), ("2027-03-22", False), ("2027-03-23", True),
        # the change of the emperor
        ("2019-04-30", False), ("2019-05-01", False), ("2019-05-02", False), ("2019-05-07", True), ("2019-10-22", False), ("2018-12-24", False),
        # holidays that were moved for one summer
        ("2020-07-24", False), ("2020-10-12", True), ("2021-07-19", True), ("2021-07-23", False),
        ("2024-02-29", True), ("2028-02-29", True), ("2026-03-31", True), ("2026-04-01", True),
    ],
)  # fmt: skip
def test_weekends_holidays_and_their_substitutes_are_no_business_days(day: str, is_open: bool) -> None:
    assert is_business_day(on(day), []) is is_open


@pytest.mark.parametrize(
    ("day", "is_open"),
    [("2026-12-28", True), ("2026-12-29", False), ("2026-12-30", False), ("2026-12-31", False), ("2027-01-01", False),
     ("2024-01-02", False), ("2024-01-03", False), ("2024-01-04", True), ("2027-01-04", True)],
)  # fmt: skip
def test_the_year_end_closes_both_its_ends_and_what_lies_between(day: str, is_open: bool) -> None:
    assert is_business_day(on(day), YEAR_END) is is_open


@pytest.mark.parametrize(
    ("span", "closed", "still_open"),
    [
        ((8, 13, 8, 14), ["2026-08-13", "2026-08-14"], ["2026-08-12", "2026-08-17"]),
        ((6, 15, 6, 15), ["2026-06-15", "2027-06-15"], ["2026-06-12", "2026-06-16"]),
        ((2, 29, 2, 29), ["2028-02-29"], ["2028-02-28", "2028-03-01", "2027-03-01"]),
        ((2, 28, 3, 1), ["2028-02-28", "2028-02-29", "2028-03-01"], ["2028-02-25", "2028-03-02"]),
        ((12, 31, 1, 1), ["2026-12-31"], ["2026-12-30", "2027-01-04"]),
        ((3, 31, 4, 1), ["2026-03-31", "2026-04-01"], ["2026-03-30", "2026-04-02"]),
    ],
)
def test_a_closure_of_the_plan_comes_back_every_year(
    span: tuple[int, int, int, int], closed: list[str], still_open: list[str]
) -> None:
    assert [day for day in closed if is_business_day(on(day), [span])] == []
    assert [day for day in still_open if not is_business_day(on(day), [span])] == []
    assert [day for day in closed if not is_business_day(on(day), [])] == []


def test_several_closures_add_up() -> None:
    spans = [(8, 13, 8, 14), *YEAR_END]
    assert [is_business_day(on(day), spans) for day in ("2026-08-13", "2026-12-29", "2026-08-17")] == [False, False, True]


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-12-28", 1, "2027-01-04"), ("2026-12-25", 1, "2026-12-28"), ("2026-12-25", 2, "2027-01-04"), ("2026-12-31", 1, "2027-01-04"),
        ("2027-01-01", 5, "2027-01-08"), ("2027-01-08", 1, "2027-01-12"), ("2026-05-01", 1, "2026-05-07"), ("2026-05-01", 2, "2026-05-08"),
        ("2026-09-18", 1, "2026-09-24"), ("2026-11-20", 1, "2026-11-24"), ("2026-11-21", 1, "2026-11-24"), ("2026-11-25", 2, "2026-11-27"),
        ("2026-03-31", 1, "2026-04-01"), ("2028-02-28", 1, "2028-02-29"), ("2028-02-29", 1, "2028-03-01"),
        ("2027-01-04", -1, "2026-12-28"), ("2026-05-07", -1, "2026-05-01"), ("2026-11-24", -1, "2026-11-20"), ("2026-11-22", -1, "2026-11-20"),
        ("2026-11-25", 0, "2026-11-25"), ("2026-11-22", 0, "2026-11-22"), ("2026-11-25", 20, "2026-12-23"),
    ],
)  # fmt: skip
def test_business_days_are_counted_over_year_ends_and_holidays(calendar: None, start: str, count: int, end: str) -> None:
    assert add_business_days(on(start), count) == on(end)


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2026-12-28", "2027-01-04", 1), ("2026-12-29", "2027-01-03", 0), ("2026-12-28", "2026-12-28", 0), ("2026-05-01", "2026-05-07", 1),
        ("2026-11-20", "2026-11-23", 0), ("2026-11-23", "2026-11-24", 1), ("2027-01-04", "2026-12-28", -1), ("2026-11-24", "2026-11-20", -1),
        ("2026-04-01", "2027-03-31", 240),
    ],
)  # fmt: skip
def test_the_first_day_does_not_count_and_the_last_does(calendar: None, start: str, end: str, count: int) -> None:
    assert business_days_between(on(start), on(end)) == count
    assert business_days_between(on(start), on(end), YEAR_END) == count


@quick
@given(day=DAYS, count=st.integers(-40, 40))
def test_going_and_counting_agree(calendar: None, day: dt.date, count: int) -> None:
    end = add_business_days(day, count)
    assert (end - day).days * count >= 0
    if count:
        assert is_business_day(end, YEAR_END)
    if count >= 0:
        assert business_days_between(day, end, YEAR_END) == count


@quick
@given(day=DAYS, one=st.integers(0, 15), other=st.integers(0, 15))
def test_two_steps_are_as_far_as_both_together(calendar: None, day: dt.date, one: int, other: int) -> None:
    assert add_business_days(add_business_days(day, one), other) == add_business_days(day, one + other)


@quick
@given(days=st.lists(DAYS, min_size=3, max_size=3).map(sorted))
def test_stretches_add_up_and_backwards_is_negative(days: list[dt.date]) -> None:
    first, second, third = (min(day, days[0] + dt.timedelta(days=200)) for day in days)
    whole = business_days_between(first, third, YEAR_END)
    assert whole == business_days_between(first, second, YEAR_END) + business_days_between(second, third, YEAR_END)
    assert business_days_between(third, first, YEAR_END) == -whole
    assert 0 <= whole <= (third - first).days


@quick
@given(day=DAYS)
def test_a_closure_takes_business_days_away_and_never_adds_one(day: dt.date) -> None:
    assert is_business_day(day, []) >= is_business_day(day, YEAR_END)
    assert not is_business_day(day, [(1, 1, 12, 31)])


def test_the_calendar_is_the_running_plans(world: World) -> None:
    version = world.plan.versions.get()
    assert not is_business_day(on("2026-12-29"))
    assert add_business_days(on("2026-12-28"), 1) == on("2027-01-04")
    world.plan.versions.create(number=2, content=version.content | {"calendar": {"closed": []}}, published_at=version.published_at)
    assert is_business_day(on("2026-12-29"))
    assert business_days_between(on("2026-12-28"), on("2027-01-04")) == 4


def test_a_long_list_reads_the_calendar_once(world: World, django_assert_num_queries: Any) -> None:
    add_business_days(on("2026-11-25"), 1)  # the content of a version is read once a process
    with django_assert_num_queries(2):
        add_business_days(on("2026-11-25"), 200)
    with django_assert_num_queries(0):
        assert [business_days_between(on("2026-11-25"), on("2026-12-01"), YEAR_END) for _ in range(3)] == [4, 4, 4]
