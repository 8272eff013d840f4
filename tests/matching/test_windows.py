"""When an entry can be had: calls at their first and last day, the end of a fiscal year, and which of several counts."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.eligibility import window_words
from renkei.matching.models import Window

OVER = (None, "今年の受付は終わりました", False)
YEAR_END = dt.date(2027, 3, 31)


def call(opens: dt.date | None, closes: dt.date | None, starts: dt.date | None = None, *, always: bool = False) -> Window:
    return Window(kind="call", opens=opens, closes=closes, starts=starts, always_open=always)


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


AUTUMN = call(day(11, 1), day(11, 25))
WINTER = call(day(12, 7), day(1, 29, 2027))


def test_without_windows_nothing_is_said_and_it_can_be_had() -> None:
    assert window_words([], day(11, 25)) == (None, "", True)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (day(10, 31), (day(11, 1), "11月1日から受付", True)),
        (day(11, 1), (day(11, 25), "受付中（11月25日まで）", True)),
        (day(11, 24), (day(11, 25), "受付中（11月25日まで）", True)),
        (day(11, 25), (day(11, 25), "受付中（11月25日まで）", True)),
        (day(11, 26), OVER),
    ],
)
def test_a_call_at_its_edges(on: dt.date, expected: tuple[dt.date | None, str, bool]) -> None:
    assert window_words([AUTUMN], on) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (day(3, 31, 2027), (YEAR_END, "受付中（3月31日まで）", True)),
        (day(4, 1, 2027), (day(4, 12, 2027), "4月12日から受付", True)),
        (day(4, 12, 2027), (day(5, 28, 2027), "受付中（5月28日まで）", True)),
        (day(5, 29, 2027), OVER),
    ],
)
def test_over_the_end_of_a_fiscal_year_the_next_call_follows(on: dt.date, expected: tuple[dt.date | None, str, bool]) -> None:
    windows = [call(day(4, 1), YEAR_END), call(day(4, 12, 2027), day(5, 28, 2027))]
    assert window_words(windows, on) == expected


@pytest.mark.parametrize(("on", "is_open"), [(day(2, 28, 2028), True), (day(2, 29, 2028), True), (day(3, 1, 2028), False)])
def test_a_call_may_end_on_a_leap_day(on: dt.date, is_open: bool) -> None:
    window = call(day(2, 1, 2028), day(2, 29, 2028))
    assert window_words([window], on) == ((day(2, 29, 2028), "受付中（2月29日まで）", True) if is_open else OVER)


def test_a_call_of_one_day_is_open_on_that_day_only() -> None:
    one = [call(day(12, 1), day(12, 1))]
    assert [window_words(one, day(*on))[1] for on in ((11, 30), (12, 1), (12, 2))] == [
        "12月1日から受付", "受付中（12月1日まで）", "今年の受付は終わりました",
    ]  # fmt: skip


def test_a_call_without_a_first_day_is_open_until_its_last() -> None:
    assert window_words([call(None, day(12, 1))], day(1, 1)) == (day(12, 1), "受付中（12月1日まで）", True)


@pytest.mark.parametrize("others", [[], [AUTUMN], [call(day(1, 1), day(1, 2))]])
def test_what_is_always_open_needs_no_day(others: list[Window]) -> None:
    windows = [*others, call(day(1, 1), day(1, 2), always=True)]
    assert window_words(windows, day(11, 25)) == (None, "いつでも申し込めます", True)


def test_the_call_that_is_open_counts_before_one_to_come_that_ends_sooner() -> None:
    long, short = call(day(11, 1), day(12, 25)), call(day(12, 10), day(12, 20))
    assert window_words([short, long], day(11, 25)) == (day(12, 25), "受付中（12月25日まで）", True)
    assert window_words([short, long], day(12, 10)) == (day(12, 20), "受付中（12月20日まで）", True)


def test_of_calls_to_come_the_one_that_ends_first_counts() -> None:
    assert window_words([WINTER, AUTUMN], day(10, 1))[0] == day(11, 1)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (day(11, 30), (day(12, 1), "12月5日開催（申込みは12月1日まで）", True)),
        (day(12, 1), (day(12, 1), "12月5日開催（申込みは12月1日まで）", True)),
        (day(12, 2), OVER),
    ],
)
def test_a_course_is_had_until_its_last_day_of_application(on: dt.date, expected: tuple[dt.date | None, str, bool]) -> None:
    assert window_words([call(None, day(12, 1), day(12, 5))], on) == expected


def test_a_course_that_has_begun_but_takes_people_is_open() -> None:
    assert window_words([call(None, day(12, 20), day(12, 5))], day(12, 6)) == (day(12, 20), "受付中（12月20日まで）", True)
    assert window_words([call(None, day(12, 20), day(12, 5))], day(12, 5))[1] == "12月5日開催（申込みは12月20日まで）"


def test_the_order_of_the_windows_does_not_matter() -> None:
    windows = [AUTUMN, WINTER, call(day(12, 1), day(12, 2)), call(None, day(11, 1))]
    for on in (day(10, 1), day(11, 25), day(11, 26), day(12, 2), day(1, 30, 2027)):
        assert len({window_words(list(order), on) for order in permutations(windows)}) == 1


_dates = st.dates(day(4, 1), day(3, 31, 2028))


@settings(max_examples=50)
@given(st.lists(st.tuples(_dates, st.integers(0, 200)), max_size=4), _dates)
def test_open_means_that_a_window_has_not_closed(spans: list[tuple[dt.date, int]], on: dt.date) -> None:
    windows = [call(opens, opens + dt.timedelta(days=length)) for opens, length in spans]
    when, words, is_open = window_words(windows, on)
    lasts = [one.closes for one in windows if one.closes and one.closes >= on]
    assert is_open is (not windows or bool(lasts))
    assert (when is None) is (not lasts)
    if when:
        assert when >= on
        assert f"{when.month}月{when.day}日" in words
        running = [one for one in windows if one.opens and one.closes and one.opens <= on <= one.closes]
        assert words.startswith("受付中") is bool(running)


@pytest.mark.parametrize(
    ("language", "expected"),
    [("ja", ["来年9月10日開催（申込みは来年9月7日まで）", "受付中（来年1月29日まで）", "令和10年4月3日から受付"]),
     ("en", ["Held 10 Sep 2027 (apply by 7 Sep 2027)", "Open (until 29 Jan 2027)", "Opens 3 Apr 2028"])],
)  # fmt: skip
def test_a_day_of_another_year_says_so(language: str, expected: list[str]) -> None:
    on = day(12, 7)
    with override(language):
        said = [window_words([one], on)[1] for one in (call(None, day(9, 7, 2027), day(9, 10, 2027)), WINTER, call(day(4, 3, 2028), day(5, 1, 2028)))]
    assert said == expected
