"""The days of the week in opening hours, as the form teaches them, as bodies write them, and in the words of example data."""

from __future__ import annotations

import pytest

from renkei.matching.fields import FACTS
from renkei.matching.opening import WEEK, weekdays_of

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
ALL = frozenset(range(7))


@pytest.mark.parametrize(
    ("opening", "days"),
    [
        ("weekday 09:00-17:00", WEEK), ("continuous; start weekday 09:00-15:00", WEEK), ("by appointment", WEEK), ("Saturday", {SAT}),
        ("weekday 09:00-21:00; saturday 09:00-17:00", WEEK | {SAT}), ("sunday 10:00", {SUN}), ("daily", ALL),
        ("平日 9時から17時", WEEK), ("平日・土曜 9時から17時", WEEK | {SAT}), ("火曜と木曜", {TUE, THU}), ("土日のみ", {SAT, SUN}), ("毎日", ALL),
        ("月〜金 9:00～17:00", WEEK), ("月曜から金曜 9時から", WEEK), ("金曜日～月曜日", {FRI, SAT, SUN, MON}), ("月・水・金", {MON, WED, FRI}), ("月水金の午後", WEEK),
        ("月、水曜 13時から", {MON, WED}), ("火曜日（祝日を除く）", {TUE}), ("年中無休", ALL), ("週末", {SAT, SUN}), ("土 9:00-12:00", {SAT}), ("（火）（木）", {TUE, THU}),
        ("水曜定休", WEEK - {WED}), ("毎日 10時から（水曜定休）", ALL - {WED}), ("土日祝休み", WEEK), ("土日祝を除く", WEEK), ("月曜から土曜（月曜は休み）", {TUE, WED, THU, FRI, SAT}),
        ("毎日。ただし日曜、祝日、年末年始は休み", ALL - {SUN}), ("平日（木曜を除く）", WEEK - {THU}),
    ],
)  # fmt: skip
def test_days_as_people_write_them(opening: str, days: frozenset[int]) -> None:
    assert weekdays_of(opening) == days


@pytest.mark.parametrize(
    "opening", ["", "　", "9時から17時", "1日8時間まで", "月に2回", "月2回", "日時は相談", "要予約（3日前まで）", "土木の装置は午後", "年月日で決める", "金属室 9時から", "月末は休み", "🕘", "毎日休み"]
)
def test_where_no_day_is_named_or_none_is_left_it_is_the_usual_five(opening: str) -> None:
    assert weekdays_of(opening) == WEEK


def test_the_forms_own_example_is_understood() -> None:
    [fact] = [one for one in FACTS if one.name == "opening"]
    assert "平日" in str(fact.help)
