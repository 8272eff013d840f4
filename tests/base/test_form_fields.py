"""Fields read every way people write a day, a moment, a telephone and money; what they cannot read stays as typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.era import era_of, wareki, weekday
from renkei.base.forms import (
    Checks,
    JapaneseDateField,
    JapaneseMomentField,
    JapaneseTimeField,
    Options,
    PhoneField,
    Seg,
    TextField,
    YenField,
)
from renkei.base.yen import yen_words

NOW = dt.datetime(2026, 11, 25, 10, 0, tzinfo=clock.JST)
TODAY = NOW.date()
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.moved_to(NOW):
        yield


def refused(field: forms.Field, typed: str) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        field.clean(typed)
    (error,) = caught.value.error_list
    return str(error.code), " ".join(error.messages)


@given(st.dates(dt.date(1869, 1, 1), dt.date(2125, 12, 31)))
def test_a_day_in_any_writing_is_the_same_day(day: dt.date) -> None:
    era, year = era_of(day)
    for typed in (
        day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日", wareki(day),
        f"{wareki(day)}（{weekday(day)}）", f"{era} {year} 年 {day.month} 月 {day.day} 日", f"{era}{year}.{day.month:02}.{day.day:02}",
    ):  # fmt: skip
        assert JapaneseDateField().clean(typed) == day, typed


@given(st.dates(dt.date(1869, 1, 1), dt.date(2125, 12, 31)))
def test_a_day_that_is_shown_is_read_back(day: dt.date) -> None:
    field = JapaneseDateField()
    assert field.clean(field.prepare_value(day)) == day


@given(st.times())
def test_a_time_that_is_shown_is_read_back(time: dt.time) -> None:
    field = JapaneseTimeField()
    assert field.clean(field.prepare_value(time)) == time.replace(second=0, microsecond=0)


@given(st.integers(0, 10**15))
def test_an_amount_that_is_shown_is_read_back(amount: int) -> None:
    field = YenField()
    assert field.prepare_value(amount) == yen_words(amount)
    assert field.clean(field.prepare_value(amount)) == amount


@given(st.integers(0, 3_000_000))
def test_a_moment_that_is_shown_is_read_back_to_the_minute(minutes_ago: int) -> None:
    aware = NOW - minutes_ago * MINUTE
    field = JapaneseMomentField()
    with clock.moved_to(NOW):
        shown = field.prepare_value(aware)
        assert field.clean(shown) == aware
        assert ("今日" in shown) == (aware.astimezone(clock.JST).date() == TODAY)


@pytest.mark.parametrize(
    ("limit", "typed", "code"),
    [
        ("earliest_today", "今日", None), ("earliest_today", "明日", None), ("earliest_today", "昨日", "past"),
        ("earliest_today", "11月24日", "past"), ("earliest_today", "令和8年11月25日", None), ("earliest_today", "平成30年1月1日", "past"),
        ("latest_today", "今日", None), ("latest_today", "昨日", None), ("latest_today", "明日", "future"),
        ("latest_today", "11月26日", "future"), ("latest_today", "2026-11-25", None), ("latest_today", "2099-12-31", "future"),
    ],
)  # fmt: skip
def test_today_itself_is_inside_both_limits(limit: str, typed: str, code: str | None) -> None:
    field = JapaneseDateField(**{limit: True})
    if code is None:
        assert isinstance(field.clean(typed), dt.date)
    else:
        assert refused(field, typed)[0] == code


def test_a_day_gone_by_is_repeated_in_words() -> None:
    with clock.moved_to(clock.at(dt.date(2027, 1, 1))):
        code, words = refused(JapaneseDateField(earliest_today=True), "12月31日")
    assert (code, words) == ("past", "令和8年12月31日は過ぎています。今日より後の日を入れてください。")


@pytest.mark.parametrize(("utc", "typed", "is_past"), [
    (dt.datetime(2026, 11, 25, 14, 59, tzinfo=dt.UTC), "11月25日", False),
    (dt.datetime(2026, 11, 25, 15, 0, tzinfo=dt.UTC), "11月25日", True),
])  # fmt: skip
def test_today_is_that_of_tokyo(utc: dt.datetime, typed: str, is_past: bool) -> None:
    field = JapaneseDateField(earliest_today=True)
    with clock.moved_to(utc):
        if is_past:
            assert refused(field, typed)[0] == "past"
        else:
            assert field.clean(typed) == TODAY


@pytest.mark.parametrize(
    ("typed", "local"),
    [
        ("今日", NOW), ("11月25日", NOW), ("今日 9時20分", NOW.replace(hour=9, minute=20)), ("9:20", NOW.replace(hour=9, minute=20)),
        ("今日10時", NOW), ("10:00", NOW), ("昨日", NOW.replace(day=24, hour=12)), ("昨日 23:59", NOW.replace(day=24, hour=23, minute=59)),
        ("昨日午後3時半", NOW.replace(day=24, hour=15, minute=30)), ("11月24日 16時ごろ", NOW.replace(day=24, hour=16)),
        ("11月24日　１６時頃", NOW.replace(day=24, hour=16)), ("11/24 16:05", NOW.replace(day=24, hour=16, minute=5)),
        ("2026-11-24 0:00", NOW.replace(day=24, hour=0)), ("令和8年11月24日（火） 午前9時", NOW.replace(day=24, hour=9)),
        ("R8.11.24 9時", NOW.replace(day=24, hour=9)), ("おととい 午後0時", NOW.replace(day=23, hour=12)),
        ("令和7年12月31日 23時59分", dt.datetime(2025, 12, 31, 23, 59, tzinfo=clock.JST)),
        ("令和6年2月29日", dt.datetime(2024, 2, 29, 12, 0, tzinfo=clock.JST)),
    ],
)  # fmt: skip
def test_moments_as_people_type_them(typed: str, local: dt.datetime) -> None:
    assert JapaneseMomentField().clean(typed) == local


@pytest.mark.parametrize("typed", ["今日 10時1分", "10:01", "今日 23時", "明日", "11月26日", "明日 0時", "2099-01-01"])
def test_what_has_not_come_yet_did_not_happen(typed: str) -> None:
    assert refused(JapaneseMomentField(), typed) == ("future", "まだ来ていない日時です。今より前を入れてください。")


@pytest.mark.parametrize("typed", ["いつか", "24:00", "9時60分", "2月30日 9時", "昨日の夕方", "9時 昨日", "\x00", "<b>9時</b>", "1" * 5_000, "朝 朝 9時"])
def test_what_is_no_moment_is_said_in_words(typed: str) -> None:
    words = "いつのことかは「今日 9時20分」「11月24日 16時」のように入れてください。"
    assert refused(JapaneseMomentField(), typed) == ("not_a_moment", words)


@given(st.text(max_size=30))
def test_no_text_breaks_a_field_and_every_no_is_a_sentence(text: str) -> None:
    for field in (JapaneseDateField(), JapaneseTimeField(), JapaneseMomentField(), PhoneField(), YenField(), TextField()):
        field.required = False
        try:
            field.clean(text)
        except ValidationError as error:
            assert all("。" in message for message in error.messages)  # noqa: PT017  every other exception fails the test


@pytest.mark.parametrize("field", [JapaneseDateField, JapaneseTimeField, JapaneseMomentField, PhoneField, YenField, TextField])
@pytest.mark.parametrize("empty", ["", None])
def test_nothing_typed_is_nothing_or_missing(field: type[forms.Field], empty: Any) -> None:
    assert field(required=False).clean(empty) in {None, ""}
    with pytest.raises(ValidationError) as caught:
        field().clean(empty)
    assert [error.code for error in caught.value.error_list] == ["required"]


@pytest.mark.parametrize(("length", "is_read"), [(0, True), (9, True), (10, True), (11, False), (100_000, False)])
def test_a_text_may_be_as_long_as_it_says(length: int, is_read: bool) -> None:
    field = TextField(max_length=10, required=False)
    if is_read:
        assert field.clean("あ" * length) == "あ" * length
    else:
        assert refused(field, "あ" * length) == (
            "too_long", f"10字までです（いま{length:,}字）。短くするか、ファイルで付けてください。",
        )  # fmt: skip


def test_length_is_counted_after_cleaning() -> None:
    """Direction marks nobody sees, and the line ends the browser doubles, are not held against the writer."""
    field = TextField(max_length=5)
    assert field.clean("\u202e12345\u202c  ") == "12345"
    assert field.clean("1\r\n2\r\n3") == "1\n2\n3"
    assert refused(field, "123\r\n456")[0] == "too_long"


@pytest.mark.parametrize("rows", [1, 2, 6])
def test_a_text_of_several_lines_gets_an_area(rows: int) -> None:
    widget = TextField(rows=rows, max_length=10).widget
    assert isinstance(widget, forms.Textarea) is (rows > 1)
    assert "maxlength" not in widget.attrs
    if rows > 1:
        assert widget.attrs["rows"] == rows


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "'; DROP TABLE cases_case; --", "{{ 7|add:7 }}", "\u202egpj.exe", "</textarea>"])
def test_what_was_typed_comes_back_escaped(hostile: str) -> None:
    class Form(forms.Form):
        text = TextField(rows=3, max_length=1)
        day = JapaneseDateField()
        money = YenField()

    form = Form({"text": hostile, "day": hostile, "money": hostile})
    assert not form.is_valid()
    html = str(form)
    assert [form[name].value() for name in ("text", "day", "money")] == [hostile] * 3
    assert "<script>" not in html
    assert html.count("</textarea>") == 1
    assert "14" not in html


class Choices(forms.Form):
    seg = forms.ChoiceField(label="手段", widget=Seg, choices=[("a", "電話"), ("b", "<b>")], error_messages={"required": "選んでください。"})
    options = forms.ChoiceField(label="種類", widget=Options, choices=[("a", "甲"), ("b", "乙")])
    checks = forms.MultipleChoiceField(label="複数", widget=Checks, choices=[("a", "甲"), ("b", "乙")], help_text="いくつでも")


def test_choices_stand_in_a_group_with_its_name_help_and_error() -> None:
    form = Choices({"options": "b"})
    seg, options, checks = (" ".join(form[name].as_field_group().split()) for name in ("seg", "options", "checks"))
    assert '<fieldset class="field" aria-describedby="id_seg_error"> <legend>手段<span class="req">※必須</span></legend>' in seg
    assert '<p class="err" id="id_seg_error">選んでください。</p>' in seg
    assert "&lt;b&gt;" in seg
    assert options.count("checked") == 1
    assert 'value="b" required id="id_options_1" checked' in options
    assert '<p class="help">いくつでも</p>' in checks
    assert [html.count('<label class="opt">') for html in (seg, options, checks)] == [0, 2, 2]


@pytest.mark.parametrize("chosen", ["c", "<b>", "a\x00", "a,b"])
def test_a_choice_that_is_not_offered_is_refused(chosen: str) -> None:
    form = Choices({"seg": chosen, "options": "a", "checks": ["a", chosen]})
    assert not form.is_valid()
    assert set(form.errors) == {"seg", "checks"}
