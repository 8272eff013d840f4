"""Forms as the デジタル庁 rules ask."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError

from renkei.base import clock
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

NOW = dt.datetime(2026, 11, 25, 10, 0, tzinfo=clock.JST)


class Sample(forms.Form):
    words = TextField(label="内容", rows=3, max_length=10, help_text="一文で")
    day = JapaneseDateField(label="日", required=False, earliest_today=True)
    past = JapaneseDateField(label="過去", required=False, latest_today=True)
    time = JapaneseTimeField(label="時刻", required=False)
    moment = JapaneseMomentField(label="いつ", required=False)
    phone = PhoneField(label="電話", required=False)
    money = YenField(label="予算", required=False)
    agree = forms.BooleanField(label="確かめました", required=False)
    how = forms.ChoiceField(label="手段", widget=Seg, choices=[("a", "電話"), ("b", "メール")], required=False)
    what = forms.ChoiceField(label="種類", widget=Options, choices=[("a", "甲")], required=False)
    many = forms.MultipleChoiceField(label="複数", widget=Checks, choices=[("a", "甲"), ("b", "乙")], required=False)


def errors(**typed: Any) -> dict[str, list[tuple[str, str]]]:
    with clock.moved_to(NOW):
        form = Sample({"words": "相談", **typed})
        form.is_valid()
    return {name: [(e.code or "", " ".join(e.messages)) for e in rows.as_data()] for name, rows in form.errors.items()}


def cleaned(name: str, typed: str) -> Any:
    with clock.moved_to(NOW):
        form = Sample({"words": "相談", name: typed})
        assert form.is_valid(), form.errors
        return form.cleaned_data[name]


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("words", " 困った\x00\u202e ", "困った"),
        ("day", "明日", dt.date(2026, 11, 26)),
        ("day", "", None),
        ("past", "R8.11.24", dt.date(2026, 11, 24)),
        ("time", "午後3時半", dt.time(15, 30)),
        ("time", "", None),
        ("moment", "今日 9時20分", dt.datetime(2026, 11, 25, 0, 20, tzinfo=dt.UTC)),
        ("moment", "9:20", dt.datetime(2026, 11, 25, 0, 20, tzinfo=dt.UTC)),
        ("moment", "11月24日", dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)),
        ("phone", "０４３（０００）００００", "043-000-0000"),
        ("phone", "", ""),
        ("money", "700万円", 7_000_000),
        ("money", "", None),
    ],
)
def test_what_people_type_is_read(name: str, typed: str, value: Any) -> None:
    assert cleaned(name, typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "code", "words"),
    [
        ("words", "", "required", "ここを書いてください。"),
        ("words", "\x00\u200b ", "required", "ここを書いてください。"),
        ("words", "あ" * 11, "too_long", "10字までです（いま11字）。短くするか、ファイルで付けてください。"),
        ("day", "11月24日", "past", "令和8年11月24日は過ぎています。今日より後の日を入れてください。"),
        ("day", "きのうの次", "not_a_date", "日付は「11月27日」「令和8年11月27日」のように入れてください。"),
        ("past", "11月26日", "future", "まだ来ていない日です。今日までの日を入れてください。"),
        ("time", "夕方", "not_a_time", "時刻は「10時」「13時30分」のように入れてください。"),
        ("moment", "明日 9時", "future", "まだ来ていない日時です。今より前を入れてください。"),
        ("moment", "いつか", "not_a_moment", "いつのことかは「今日 9時20分」「11月24日 16時」のように入れてください。"),
        ("phone", "110", "not_a_phone", "電話番号は市外局番から入れてください。例：03-0000-0000"),
        ("money", "たくさん", "not_yen", "金額は「700万円」「1,900円」のように入れてください。"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_the_input_is_kept(name: str, typed: str, code: str, words: str) -> None:
    assert errors(**{name: typed}) == {name: [(code, words)]}
    form = Sample({"words": "相談", name: typed})
    assert form[name].value() == typed


def test_values_are_shown_as_people_write_them() -> None:
    with clock.moved_to(NOW):
        form = Sample(initial={"day": dt.date(2026, 11, 27), "time": dt.time(9, 20), "money": 7_000_000, "moment": NOW})
        assert [form[name].value() for name in ("day", "time", "money", "moment")] == [
            "令和8年11月27日", "9時20分", "700万円", "今日 10時",
        ]  # fmt: skip


def test_a_field_has_label_required_mark_help_and_error_in_words() -> None:
    form = Sample({"words": "", "phone": "1"})
    html = " ".join(form["words"].as_field_group().split())
    assert '<label for="id_words">内容<span class="req">※必須</span></label>' in html
    assert '<p class="help" id="id_words_helptext">一文で</p>' in html
    assert '<p class="err" id="id_words_error">ここを書いてください。</p>' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_words_helptext id_words_error"' in html
    assert "maxlength" not in html
    assert "placeholder" not in str(form)
    phone = " ".join(form["phone"].as_field_group().split())
    assert '<label for="id_phone">電話</label>' in phone
    assert 'type="tel"' in phone


def test_choices_are_labels_one_can_tap() -> None:
    form = Sample({"words": "x", "how": "b", "many": ["a"]})
    how = " ".join(form["how"].as_field_group().split())
    assert "<legend>手段</legend>" in how
    assert how.count("<label>") == 2
    assert 'value="b"' in how
    many = form["many"].as_field_group()
    assert many.count('<label class="opt"') == 2
    assert many.count("checked") == 1
    assert '<label class="opt">' in form["agree"].as_field_group()


def test_no_style_attribute_anywhere() -> None:
    assert "style=" not in str(Sample()) + str(Sample({}))


@pytest.mark.parametrize("field", [JapaneseDateField(), JapaneseTimeField(), PhoneField(), YenField(), TextField()])
@pytest.mark.parametrize("typed", ["\x00", "'; DROP TABLE x; --", "<b>", "\u202e1", "👍" * 50, "1" * 10_000, "-1"])
def test_hostile_input_gives_a_value_or_a_sentence(field: forms.Field, typed: str) -> None:
    try:
        field.clean(typed)
    except ValidationError as error:
        assert all("。" in message for message in error.messages)  # noqa: PT017
