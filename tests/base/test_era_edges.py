"""Dates at their edges: the days eras change, leap days, year ends, the hundred years nobody types, and slips of the hand."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.era import ERAS, era_of, era_of_year, parse_date, parse_time, screen_date, screen_time, wareki, weekday

TODAY = dt.date(2026, 11, 25)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("first_day", "before", "after"),
    [
        (dt.date(1912, 7, 30), ("明治", 45), ("大正", 1)),
        (dt.date(1926, 12, 25), ("大正", 15), ("昭和", 1)),
        (dt.date(1989, 1, 8), ("昭和", 64), ("平成", 1)),
        (dt.date(2019, 5, 1), ("平成", 31), ("令和", 1)),
    ],
)
def test_an_era_begins_on_its_first_day_and_not_the_day_before(
    first_day: dt.date, before: tuple[str, int], after: tuple[str, int]
) -> None:
    assert era_of(first_day - DAY) == before
    assert era_of(first_day) == after
    assert era_of(dt.date(first_day.year, 12, 31)) == after
    assert era_of(dt.date(first_day.year + 1, 1, 1)) == (after[0], 2)


def test_eras_are_listed_newest_first_and_letters_are_their_own() -> None:
    days = [era.first_day for era in ERAS]
    assert days == sorted(days, reverse=True)
    assert "".join(era.letter for era in ERAS) == "RHSTM"
    assert era_of(dt.date(1868, 1, 25)) == ("明治", 1)


@given(st.dates(dt.date(1868, 1, 25), dt.date(2200, 12, 31)))
def test_neighbouring_days_stay_in_order(day: dt.date) -> None:
    """The next day is in the same year of the same era, begins the next year, or begins an era."""
    (name, year), (next_name, next_year) = era_of(day), era_of(day + DAY)
    if name == next_name:
        assert next_year - year == (day.month == 12 and day.day == 31)
    else:
        assert next_year == 1


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("平成31年5月1日", dt.date(2019, 5, 1)), ("平成32年1月1日", dt.date(2020, 1, 1)),
        ("平成35年3月31日", dt.date(2023, 3, 31)), ("H36.3.31", dt.date(2024, 3, 31)),
        ("昭和64年1月7日", dt.date(1989, 1, 7)), ("昭和64年1月8日", dt.date(1989, 1, 8)), ("昭和65年1月1日", dt.date(1990, 1, 1)),
        ("令和元年4月30日", dt.date(2019, 4, 30)), ("㋿8年1月1日", dt.date(2026, 1, 1)), ("㍻31年4月30日", dt.date(2019, 4, 30)),
        ("T15.12.25", dt.date(1926, 12, 25)), ("明治5年1月1日", dt.date(1872, 1, 1)), ("元年5月1日", dt.date(2019, 5, 1)),
        ("r元.5.1", dt.date(2019, 5, 1)), ("令和99年1月1日", dt.date(2117, 1, 1)),
    ],
)  # fmt: skip
def test_counts_run_past_the_end_of_an_era(typed: str, day: dt.date) -> None:
    assert parse_date(typed, TODAY) == day


@pytest.mark.parametrize(
    ("typed", "today", "day"),
    [
        ("2月29日", "2026-11-25", "2028-02-29"), ("2月29日", "2026-02-28", "2024-02-29"), ("2/29", "2028-02-29", "2028-02-29"),
        ("2月29日", "2097-03-01", "2096-02-29"), ("2月29日", "2101-01-01", "2104-02-29"),
        ("12月31日", "2027-01-01", "2026-12-31"), ("1月1日", "2026-12-31", "2027-01-01"), ("4月1日", "2027-03-31", "2027-04-01"),
        ("11月25日", "2026-11-25", "2026-11-25"), ("5月26日", "2026-11-25", "2027-05-26"), ("5月27日", "2026-11-25", "2026-05-27"),
        ("明日", "2026-12-31", "2027-01-01"), ("明日", "2028-02-28", "2028-02-29"), ("明後日", "2027-02-27", "2027-03-01"),
        ("昨日", "2027-01-01", "2026-12-31"), ("おととい", "2024-03-01", "2024-02-28"),
    ],
)  # fmt: skip
def test_the_nearest_day_over_year_ends_and_leap_days(typed: str, today: str, day: str) -> None:
    assert parse_date(typed, dt.date.fromisoformat(today)) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("1/1/1", dt.date(2019, 1, 1)), ("8/4/1", dt.date(2026, 4, 1)), ("24/2/29", dt.date(2024, 2, 29)),
        ("6/2/29", dt.date(2024, 2, 29)), ("30/4/1", dt.date(2030, 4, 1)), ("99/1/1", dt.date(2099, 1, 1)),
        ("28.2.29", dt.date(2028, 2, 29)), ("10.2.29", dt.date(2028, 2, 29)),
    ],
)  # fmt: skip
def test_two_digits_are_the_year_nearer_to_today(typed: str, day: dt.date) -> None:
    """26 is 2026, 8 is 令和8年; where only one of both has such a day, that one."""
    assert parse_date(typed, TODAY) == day


@pytest.mark.parametrize(("year", "is_leap"), [(1900, False), (2000, True), (2024, True), (2026, False), (2100, False)])
def test_a_leap_day_exists_only_in_leap_years(year: int, is_leap: bool) -> None:
    typed = f"{year}-02-29"
    if is_leap:
        assert parse_date(typed, TODAY) == dt.date(year, 2, 29)
    else:
        with pytest.raises(ValueError, match=f"「{typed}」という日はありません"):
            parse_date(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "is_read"),
    [("1868-12-31", False), ("1869-01-01", True), ("2125-12-31", True), ("2126-01-01", False), ("126年11月27日", False),
     ("令和107年12月31日", True), ("令和108年1月1日", False), ("明治元年12月31日", False), ("明治2年1月1日", True)],
)  # fmt: skip
def test_years_nobody_types_are_refused_at_their_edges(typed: str, is_read: bool) -> None:
    if is_read:
        assert 1869 <= parse_date(typed, TODAY).year <= 2125
    else:
        with pytest.raises(ValueError, match="という日はありません"):
            parse_date(typed, TODAY)


@pytest.mark.parametrize(("month", "last"), [(m, 31 if m in {1, 3, 5, 7, 8, 10, 12} else 30) for m in range(1, 13) if m != 2])
def test_each_month_ends_on_its_last_day(month: int, last: int) -> None:
    assert parse_date(f"2026年{month}月{last}日", TODAY) == dt.date(2026, month, last)
    with pytest.raises(ValueError, match="という日はありません"):
        parse_date(f"2026年{month}月{last + 1}日", TODAY)


@pytest.mark.parametrize(
    "typed",
    ["20261127", "261127", "2026年11月", "11月", "27日", "11月27日午後", "十一月二十七日", "11月27日(金曜)", "11月27日（日月）", "R.8.11.27",
     "11月27日から", "-1月1日", "11月-1日", "11..27", "11/27/2026", "2026年11月27日 10時", "令和8年度11月27日", "X8.11.27", "11月27日;"],
)  # fmt: skip
def test_slips_of_the_hand_are_not_guessed(typed: str) -> None:
    with pytest.raises(ValueError, match="のように入れてください。$|日はありません。"):
        parse_date(typed, TODAY)


def test_a_refusal_repeats_what_was_typed_in_plain_width() -> None:
    with pytest.raises(ValueError, match="^「2月30日」という日はありません。日付を確かめてください。$"):
        parse_date(" ２月３０日 ", TODAY)


@pytest.mark.parametrize("day", [dt.date(2026, 11, 23) + dt.timedelta(days=n) for n in range(7)])
def test_the_days_of_a_week_have_their_names(day: dt.date) -> None:
    assert weekday(day) == "月火水木金土日"[(day - dt.date(2026, 11, 23)).days]
    assert screen_date(day, TODAY).endswith(f"（{weekday(day)}）")


@pytest.mark.parametrize(
    ("day", "today", "words"),
    [
        ("2026-12-31", "2026-01-01", "12月31日（木）"), ("2027-01-01", "2026-12-31", "来年1月1日"),
        ("2026-12-31", "2027-01-01", "令和8年12月31日"), ("2028-01-01", "2026-12-31", "令和10年1月1日"),
        ("2019-04-30", "2019-05-01", "4月30日（火）"), ("2019-04-30", "2020-01-01", "平成31年4月30日"),
        ("2020-05-01", "2019-05-01", "来年5月1日"),
    ],
)  # fmt: skip
def test_a_date_on_screen_over_the_year_end(day: str, today: str, words: str) -> None:
    assert screen_date(dt.date.fromisoformat(day), dt.date.fromisoformat(today)) == words


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)), st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31)))
def test_a_date_on_screen_without_a_year_is_of_this_year(day: dt.date, today: dt.date) -> None:
    words = screen_date(day, today)
    assert words.startswith("来年") == (day.year == today.year + 1)
    assert ("年" not in words) == (day.year == today.year)


@pytest.mark.parametrize(
    ("start_year", "era"),
    [(1868, ("明治", 1)), (1911, ("明治", 44)), (1912, ("大正", 1)), (1925, ("大正", 14)), (1926, ("昭和", 1)), (1988, ("昭和", 63)),
     (1989, ("平成", 1)), (2018, ("平成", 30)), (2019, ("令和", 1)), (2023, ("令和", 5))],
)  # fmt: skip
def test_a_fiscal_year_is_counted_in_the_era_of_its_december(start_year: int, era: tuple[str, int]) -> None:
    assert era_of_year(start_year) == era


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("午前0時", dt.time(0)), ("午前12時", dt.time(12)), ("午後0時", dt.time(12)), ("午後13時", dt.time(13)),
        ("午後11時59分", dt.time(23, 59)), ("23:59", dt.time(23, 59)), ("00:00", dt.time(0)), ("9時半", dt.time(9, 30)),
        ("9 時 5 分", dt.time(9, 5)), ("9時5", dt.time(9, 5)), ("午前 9:05", dt.time(9, 5)), ("１２：０５", dt.time(12, 5)),
        ("午後 3 時 半", dt.time(15, 30)),
    ],
)  # fmt: skip
def test_times_at_noon_and_midnight(typed: str, moment: dt.time) -> None:
    assert parse_time(typed) == moment


@pytest.mark.parametrize("typed", ["24:00", "午後24時", "23:60", "99時", "正午", "9時半分", "九時", "10時\x00", "午前午後3時", "-3時", "1000時"])
def test_times_that_are_none_are_said_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="時刻.*。$"):
        parse_time(typed)


@given(st.times())
def test_minutes_are_written_in_two_digits_or_not_at_all(moment: dt.time) -> None:
    words = screen_time(moment)
    assert words.endswith("分") == bool(moment.minute)
    assert words.split("時")[1] == (f"{moment.minute:02d}分" if moment.minute else "")


@given(st.dates(dt.date(1869, 1, 1), dt.date(2125, 12, 31)))
def test_the_first_year_of_an_era_is_gannen(day: dt.date) -> None:
    assert ("元年" in wareki(day)) == (era_of(day)[1] == 1)
