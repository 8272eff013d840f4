"""A moment to come, as callers say it: what is read, what has passed, what is no moment at all."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.desk.intake.fields import Moment, MomentField, read_moment
from tests.desk.scene import NOW

DAY = NOW.date()
LOOSE = ["午前中", "午前", "午後", "夕方", "昼休み", "昼", "朝", "夜", "終日", "いつでも"]
TIMES = st.builds(dt.time, st.integers(0, 23), st.integers(0, 59))


@pytest.mark.parametrize("word", LOOSE)
def test_a_loose_word_is_kept_and_alone_means_today(word: str) -> None:
    assert read_moment(word, DAY) == Moment(DAY, None, word)
    assert read_moment(f"明日の{word}", DAY) == Moment(DAY + dt.timedelta(days=1), None, word)


@pytest.mark.parametrize(
    ("today", "typed", "expected"),
    [
        (dt.date(2026, 12, 31), "明日 9時", Moment(dt.date(2027, 1, 1), dt.time(9))),
        (dt.date(2026, 12, 28), "1月4日 13:30", Moment(dt.date(2027, 1, 4), dt.time(13, 30))),
        (dt.date(2027, 1, 4), "12月28日", Moment(dt.date(2026, 12, 28))),
        (dt.date(2028, 2, 28), "明日 午前", Moment(dt.date(2028, 2, 29), None, "午前")),
        (dt.date(2027, 11, 1), "2月29日 10時", Moment(dt.date(2028, 2, 29), dt.time(10))),
        (dt.date(2027, 3, 31), "あさって 0時", Moment(dt.date(2027, 4, 2), dt.time(0))),
    ],
)  # fmt: skip
def test_year_end_leap_day_and_month_end(today: dt.date, typed: str, expected: Moment) -> None:
    assert read_moment(typed, today) == expected


@pytest.mark.parametrize(
    ("typed", "time"),
    [("午後0時半", dt.time(12, 30)), ("午前0時", dt.time(0)), ("午後12時", dt.time(12)), ("２３：５９", dt.time(23, 59)),
     ("9時05分", dt.time(9, 5)), ("１５時　半", dt.time(15, 30)), ("17時頃", dt.time(17))],
)  # fmt: skip
def test_times_in_any_width_and_half_of_the_day(typed: str, time: dt.time) -> None:
    assert read_moment(typed, DAY) == Moment(DAY, time)


@pytest.mark.parametrize("typed", ["24時", "9時60分", "2月30日 9時", "来週の水曜", "3日後", "15時から16時 まで", "午前 夕方 朝"])
def test_what_cannot_be_a_moment_is_no_guess(typed: str) -> None:
    with pytest.raises(ValueError, match="。"):
        read_moment(typed, DAY)


@pytest.mark.parametrize(
    ("typed", "passed"),
    [("今日 9時20分", False), ("今日 9時19分", True), ("今日 23時59分", False), ("今日", False), ("今日 午前", False),
     ("昨日 23時59分", True), ("昨日", True), ("11月24日 夕方", True), ("11月26日 0時", False)],
)  # fmt: skip
def test_only_what_has_passed_is_refused(typed: str, passed: bool) -> None:
    with clock.moved_to(NOW):
        if not passed:
            assert isinstance(MomentField().clean(typed), Moment)
            return
        with pytest.raises(ValidationError) as refused:
            MomentField().clean(typed)
    assert refused.value.messages == ["過ぎた日時です。今日の9時20分より後にしてください。"]


def test_the_last_minute_before_midnight_in_tokyo_is_still_today() -> None:
    with clock.moved_to(clock.at(dt.date(2026, 12, 31), 23, 59)):
        assert MomentField().clean("今日 23時59分") == Moment(dt.date(2026, 12, 31), dt.time(23, 59))
        assert MomentField().clean("明日 0時") == Moment(dt.date(2027, 1, 1), dt.time(0))
    with clock.moved_to(clock.at(dt.date(2027, 1, 1), 0, 0)), pytest.raises(ValidationError):
        MomentField().clean("12月31日 23時59分")


def test_an_empty_field_asks_only_when_it_must_be_filled() -> None:
    assert MomentField(required=False).clean("") is None
    with pytest.raises(ValidationError):
        MomentField(required=True).clean("")


@pytest.mark.parametrize(
    ("moment", "words"),
    [(Moment(DAY), "11月25日（水）"), (Moment(DAY, dt.time(9)), "11月25日（水） 9時"),
     (Moment(DAY, None, "夕方"), "11月25日（水） 夕方"), (Moment(dt.date(2027, 1, 4), dt.time(13, 5)), "来年1月4日 13時05分")],
)  # fmt: skip
def test_a_moment_is_shown_in_words(moment: Moment, words: str) -> None:
    with clock.moved_to(NOW):
        assert str(moment) == words
        assert MomentField().prepare_value(moment) == words


@settings(max_examples=50)
@given(st.dates(dt.date(2026, 6, 1), dt.date(2026, 12, 31)), TIMES)
def test_what_is_shown_this_year_is_read_back(day: dt.date, time: dt.time) -> None:
    with clock.moved_to(NOW):
        assert read_moment(str(Moment(day, time)), DAY) == Moment(day, time)
        assert read_moment(str(Moment(day)), DAY) == Moment(day)


@settings(max_examples=50)
@given(st.text(max_size=40) | st.text("今明日午前後0123456789時分半:月ごろ頃夕方朝 、の", max_size=14))
def test_any_words_are_read_or_refused_in_a_sentence(typed: str) -> None:
    with clock.moved_to(NOW):
        try:
            moment = MomentField(required=False).clean(typed)
        except ValidationError as refused:
            assert refused.messages[0].endswith("ください。")  # noqa: PT017  either outcome is right
            return
    assert moment is None or moment.day >= DAY
