"""Japanese eras and the dates people here read and write."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.era import era_of, era_of_year, parse_date, parse_time, screen_date, screen_time, wareki, weekday

TODAY = dt.date(2026, 11, 25)
DAYS = st.dates(dt.date(1869, 1, 1), dt.date(2120, 12, 31))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (dt.date(2026, 11, 24), "令和8年11月24日"),
        (dt.date(2019, 5, 1), "令和元年5月1日"),
        (dt.date(2019, 4, 30), "平成31年4月30日"),
        (dt.date(1989, 1, 7), "昭和64年1月7日"),
        (dt.date(1989, 1, 8), "平成元年1月8日"),
        (dt.date(1926, 12, 24), "大正15年12月24日"),
        (dt.date(1912, 7, 29), "明治45年7月29日"),
    ],
)
def test_borders_of_the_eras(day: dt.date, words: str) -> None:
    assert wareki(day) == words
    assert parse_date(words, TODAY) == day


def test_before_meiji_there_is_no_era() -> None:
    with pytest.raises(ValueError, match="明治より前"):
        era_of(dt.date(1868, 1, 24))


@given(DAYS)
def test_what_is_written_is_read(day: dt.date) -> None:
    era, year = era_of(day)
    letter = {"令和": "R", "平成": "H", "昭和": "S", "大正": "T", "明治": "M"}[era]
    for words in (
        wareki(day),
        f"{wareki(day)}（{weekday(day)}）",
        f"{era}{year}.{day.month}.{day.day}",
        f"{letter}{year}/{day.month}/{day.day}",
        f"{letter.lower()}{year}-{day.month}-{day.day}",
        day.isoformat(),
        f"{day.year}年 {day.month}月 {day.day}日",
    ):
        assert parse_date(words, TODAY) == day, words


@given(st.integers(-180, 180))
def test_without_a_year_the_nearest_day_is_meant(distance: int) -> None:
    day = TODAY + dt.timedelta(days=distance)
    assert parse_date(f"{day.month}月{day.day}日", TODAY) == day
    assert parse_date(f"{day.month}/{day.day}", TODAY) == day
    assert parse_date(screen_date(day, TODAY).removeprefix("来年"), TODAY) == day


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("今日", TODAY), ("あした", dt.date(2026, 11, 26)), ("一昨日", dt.date(2026, 11, 23)),
        ("１１月２７日", dt.date(2026, 11, 27)), ("11.27", dt.date(2026, 11, 27)), ("１１／２７", dt.date(2026, 11, 27)),
        ("8.11.27", dt.date(2026, 11, 27)), ("26/11/27", dt.date(2026, 11, 27)), ("20/1/5", dt.date(2020, 1, 5)),
        ("平成35年4月1日", dt.date(2023, 4, 1)), ("2月29日", dt.date(2028, 2, 29)), ("令和元年5月1日", dt.date(2019, 5, 1)),
        ("S60.1.1", dt.date(1985, 1, 1)), (" R8−11−27 ", dt.date(2026, 11, 27)),
        ("1月5日", dt.date(2027, 1, 5)), ("11月27日(金)", dt.date(2026, 11, 27)), ("令和 8 年 11 月 27 日", dt.date(2026, 11, 27)),
    ],
)  # fmt: skip
def test_dates_as_people_type_them(typed: str, day: dt.date) -> None:
    assert parse_date(typed, TODAY) == day


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2月30日", "という日はありません"), ("13月1日", "という日はありません"), ("令和0年1月1日", "という日はありません"),
        ("0.1.1", "という日はありません"), ("2027-02-29", "という日はありません"), ("500年1月1日", "という日はありません"),
        ("9999-12-31", "という日はありません"), ("R4月1日", "のように入れて"), ("来週", "のように入れて"), ("", "のように入れて"),
        ("11月27日\x00", "のように入れて"), ("<script>", "のように入れて"), ("1" * 400, "のように入れて"), ("👍", "のように入れて"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_said_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_date(typed, TODAY)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (lambda: parse_date(text, TODAY), lambda: parse_time(text)):
        try:
            read()
        except ValueError as error:
            assert str(error).endswith("。")  # noqa: PT017  every other exception fails the test


def test_screen_dates() -> None:
    assert screen_date(dt.date(2026, 11, 27), TODAY) == "11月27日（金）"
    assert screen_date(dt.date(2027, 4, 12), TODAY) == "来年4月12日"
    assert screen_date(dt.date(2025, 3, 14), TODAY) == "令和7年3月14日"
    assert screen_date(dt.date(2028, 3, 14), TODAY) == "令和10年3月14日"


@given(st.times(), st.booleans())
def test_times_are_read_back(moment: dt.time, colon: bool) -> None:
    plain = moment.replace(second=0, microsecond=0)
    typed = f"{plain:%H:%M}" if colon else screen_time(plain)
    assert parse_time(typed) == plain


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("10時", dt.time(10)), ("9時20分", dt.time(9, 20)), ("１３：３０", dt.time(13, 30)), ("午後3時半", dt.time(15, 30)),
        ("午前9時", dt.time(9)), ("午後12時", dt.time(12)), ("午後3:05", dt.time(15, 5)), ("0時", dt.time(0)),
    ],
)  # fmt: skip
def test_times_as_people_type_them(typed: str, moment: dt.time) -> None:
    assert parse_time(typed) == moment


@pytest.mark.parametrize("typed", ["24時", "9時60分", "25:00", "9", "9:", "朝", "", "9時-5分"])
def test_what_is_no_time_is_said_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="時刻"):
        parse_time(typed)


def test_era_of_a_fiscal_year_is_that_of_its_december() -> None:
    assert [era_of_year(year) for year in (2018, 2019, 2023, 1989)] == [
        ("平成", 30), ("令和", 1), ("令和", 5), ("平成", 1),
    ]  # fmt: skip
