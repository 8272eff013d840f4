"""Fiscal years at their edges: 31 March and 1 April, eras that end inside one, counts past an era's end."""

from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.fiscal_year import FiscalYear


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2026-03-31", 2025), ("2026-04-01", 2026), ("2026-12-31", 2026), ("2027-01-01", 2026), ("2027-03-31", 2026),
        ("2024-02-29", 2023), ("2028-02-29", 2027), ("2019-04-01", 2019), ("2019-04-30", 2019), ("2019-05-01", 2019),
        ("1989-01-07", 1988), ("1989-01-08", 1988), ("1989-03-31", 1988), ("1989-04-01", 1989),
    ],
)  # fmt: skip
def test_a_day_lies_in_the_year_of_its_april(day: str, start: int) -> None:
    assert FiscalYear.of(dt.date.fromisoformat(day)) == FiscalYear(start)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (2018, "平成30年度"), (2019, "令和元年度"), (2020, "令和2年度"), (1988, "昭和63年度"), (1989, "平成元年度"), (1925, "大正14年度"),
        (1926, "昭和元年度"), (1911, "明治44年度"), (1912, "大正元年度"), (2023, "令和5年度"), (2118, "令和100年度"),
    ],
)  # fmt: skip
def test_a_year_in_which_an_era_ends_is_named_by_the_new_one(start: int, words: str) -> None:
    assert str(FiscalYear(start)) == words
    assert FiscalYear.parse(words) == FiscalYear(start)


@pytest.mark.parametrize(
    ("one", "other"),
    [("平成31年度", "令和元年度"), ("平成32年度", "令和2年度"), ("平成35年度", "令和5年度"), ("昭和64年度", "平成元年度"), ("S65", "H2"), ("大正15年度", "昭和元年度"),
     ("明治45年度", "大正元年度"), ("昭和101年度", "令和8年度"), ("H38", "R8"), ("㍻35年度", "２０２３年度"), ("令和01年度", "令和元年度")],
)  # fmt: skip
@pytest.mark.covers("C01")
def test_one_year_has_many_names(one: str, other: str) -> None:
    first, second = FiscalYear.parse(one), FiscalYear.parse(other)
    assert first == second
    assert hash(first) == hash(second)
    assert (first.first_day, first.last_day) == (second.first_day, second.last_day)


@pytest.mark.parametrize("start", [2019, 2023, 2024, 2027, 2028])
def test_a_year_has_as_many_days_as_its_february(start: int) -> None:
    year = FiscalYear(start)
    assert (year.last_day - year.first_day).days + 1 == 365 + calendar.isleap(start + 1)


@given(st.dates(dt.date(1870, 1, 1), dt.date(2150, 12, 31)))
def test_a_year_ends_the_day_before_the_next_begins(day: dt.date) -> None:
    year = FiscalYear.of(day)
    following = FiscalYear.of(year.last_day + dt.timedelta(days=1))
    assert following.start_year == year.start_year + 1
    assert following.first_day == year.last_day + dt.timedelta(days=1)
    assert not following.contains(day)
    assert year < following


@given(st.lists(st.integers(1900, 2100).map(FiscalYear), max_size=8))
def test_years_sort_by_time_not_by_name(years: list[FiscalYear]) -> None:
    """As text, 令和10年度 would stand before 令和2年度 and 平成 after it."""
    assert [year.start_year for year in sorted(years)] == sorted(year.start_year for year in years)
    assert len(set(years)) == len({str(year) for year in years})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("5年度", "西暦4桁か元号を付けて"), ("23年度", "西暦4桁か元号を付けて"), ("1867年度", "西暦4桁か元号を付けて"), ("元年度", "西暦4桁か元号を付けて"),
        ("令和0年度", "0年度はありません"), ("平成０年度", "0年度はありません"), ("0000", "0年度はありません"),
        ("令和8", None), ("令和八年度", "年度として読めません"), ("2023-04-01", "年度として読めません"), ("2023年度末", "年度として読めません"),
        ("令和-1年度", "年度として読めません"), ("12345年度", "年度として読めません"), ("X5", "年度として読めません"), ("\x002023", "年度として読めません"),
        ("<b>2023</b>", "年度として読めません"), ("٢٠٢٣", "年度として読めません"), ("9" * 10_000, "年度として読めません"),
    ],
)  # fmt: skip
def test_what_is_no_year_is_said_in_words(typed: str, said: str | None) -> None:
    if said is None:
        assert FiscalYear.parse(typed) == FiscalYear(2026)
    else:
        with pytest.raises(ValueError, match=said):
            FiscalYear.parse(typed)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("平成35年度", "平成35年度［令和5年度］"), ("平成 35 年度", "平成35年度［令和5年度］"), ("平成３５年度", "平成35年度［令和5年度］"),
        ("令和5年度", "令和5年度"), ("令和 ５ 年度", "令和5年度"), ("2023年度", "2023年度［令和5年度］"), ("R5", "R5［令和5年度］"),
    ],
)  # fmt: skip
@pytest.mark.covers("C01")
def test_the_plans_wording_stays_and_ours_stands_beside_it(written: str, shown: str) -> None:
    assert FiscalYear.parse(written).as_written(written) == shown


@given(st.integers(1868, 2150))
def test_number_and_name_make_the_printed_year(start: int) -> None:
    year = FiscalYear(start)
    count = "元" if year.era_number == 1 else str(year.era_number)
    assert str(year) == f"{year.era_name}{count}年度"
    assert year.era_number >= 1
