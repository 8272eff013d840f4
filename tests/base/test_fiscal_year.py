"""Fiscal years: April to March."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.fiscal_year import FiscalYear

YEARS = st.integers(1869, 2150).map(FiscalYear)


@pytest.mark.covers("C01")
def test_a_year_past_its_era_is_kept_as_written_with_ours_beside_it() -> None:
    year = FiscalYear.parse("平成35年度")
    assert year == FiscalYear(2023)
    assert str(year) == "令和5年度"
    assert year.as_written("平成35年度") == "平成35年度［令和5年度］"
    assert year.as_written("令和5年度") == "令和5年度"
    assert year.as_written("令和 ５年度") == "令和5年度"


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("令和元年度", 2019), ("平成31年度", 2019), ("H35", 2023), ("R5", 2023), ("2023年度", 2023), ("２０２３", 2023),
        ("昭和63年度", 1988), ("大正15年度", 1926), ("平成 ３５ 年度", 2023), ("令和8年", 2026),
    ],
)  # fmt: skip
def test_years_as_people_write_them(typed: str, start: int) -> None:
    assert FiscalYear.parse(typed) == FiscalYear(start)


@pytest.mark.parametrize("typed", ["", "5年度", "令和0年度", "0", "来年度", "令和五年度", "R", "2023年度末", "12345", "²"])
def test_what_is_no_year_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        FiscalYear.parse(typed)


@given(YEARS)
def test_what_is_printed_is_read(year: FiscalYear) -> None:
    assert FiscalYear.parse(str(year)) == year
    assert FiscalYear.parse(f"{year.start_year}年度") == year
    assert year.contains(year.first_day)
    assert year.contains(year.last_day)
    assert not year.contains(year.last_day + dt.timedelta(days=1))
    assert not year.contains(year.first_day - dt.timedelta(days=1))


@given(st.dates(dt.date(1870, 1, 1), dt.date(2150, 1, 1)))
def test_every_day_lies_in_its_year(day: dt.date) -> None:
    year = FiscalYear.of(day)
    assert year.contains(day)
    assert (year.last_day - year.first_day).days in {364, 365}


@given(YEARS, YEARS)
def test_years_are_ordered_as_their_days(one: FiscalYear, other: FiscalYear) -> None:
    assert (one < other) == (one.first_day < other.first_day)
    assert (one >= other) == (one.first_day >= other.first_day)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        FiscalYear.parse(text)
    except ValueError:
        return
