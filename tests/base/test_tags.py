"""What templates write: days, moments, money, stages and states, each in its own form and safe from what was typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.utils.html import escape
from hypothesis import given
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.templatetags import renkei as tags
from renkei.cases.states import SupportState

NOW = dt.datetime(2026, 11, 25, 10, 0, tzinfo=clock.JST)
UTC_EVENING = dt.datetime(2026, 11, 25, 15, 30, tzinfo=dt.UTC)  # half past midnight of the 26th in Tokyo


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.moved_to(NOW):
        yield


def shown(template: str, **values: Any) -> str:
    return Template(template).render(Context(values))


@pytest.mark.parametrize(
    ("filter_name", "value", "words"),
    [
        ("jday", dt.date(2026, 11, 27), "11月27日（金）"),
        ("jday", dt.date(2026, 12, 31), "12月31日（木）"),
        ("jday", dt.date(2027, 1, 1), "来年1月1日"),
        ("jday", dt.date(2025, 12, 31), "令和7年12月31日"),
        ("jday", dt.date(2028, 2, 29), "令和10年2月29日"),
        ("jday", UTC_EVENING, "11月26日（木）"),
        ("jday", None, ""),
        ("jera", dt.date(2019, 4, 30), "平成31年4月30日"),
        ("jera", dt.date(2019, 5, 1), "令和元年5月1日"),
        ("jera", "2019-05-01", "令和元年5月1日"),
        ("jera", "2024-02-29", "令和6年2月29日"),
        ("jera", UTC_EVENING, "令和8年11月26日"),
        ("jera", dt.datetime(2019, 4, 30, 15, 0, tzinfo=dt.UTC), "令和元年5月1日"),
        ("jera", None, ""),
        ("jera", "", ""),
        ("jtime", dt.time(10), "10時"),
        ("jtime", dt.time(9, 5), "9時05分"),
        ("jtime", dt.time(0), "0時"),
        ("jtime", UTC_EVENING, "0時30分"),
        ("jtime", None, ""),
        ("jmoment", dt.datetime(2026, 11, 20, 7, 42, tzinfo=dt.UTC), "11月20日（金）16時42分"),
        ("jmoment", UTC_EVENING, "11月26日（木）0時30分"),
        ("jmoment", None, ""),
        ("clock_time", dt.time(10), "10:00"),
        ("clock_time", dt.time(0, 5), "0:05"),
        ("clock_time", UTC_EVENING, "0:30"),
        ("clock_time", None, ""),
        ("money", 7_000_000, "700万円"),
        ("money", 0, "0円"),
        ("money", -30_000, "−3万円"),
        ("money", None, ""),
        ("fiscal", 2026, "令和8年度"),
        ("fiscal", 2019, "令和元年度"),
        ("fiscal", 2018, "平成30年度"),
        ("fiscal", None, ""),
    ],
)
def test_each_value_is_written_as_people_read_it(filter_name: str, value: Any, words: str) -> None:
    assert shown(f"{{{{ value|{filter_name} }}}}", value=value) == words


@pytest.mark.parametrize(
    ("arrived", "words"),
    [
        (dt.date(2026, 11, 25), "1日目"),
        (dt.date(2026, 11, 24), "2日目"),
        (dt.date(2025, 11, 25), "366日目"),
        (UTC_EVENING - dt.timedelta(days=1), "1日目"),
        (dt.datetime(2026, 11, 24, 14, 59, tzinfo=dt.UTC), "2日目"),
        (None, ""),
    ],
)
def test_the_day_of_arrival_is_the_first(arrived: Any, words: str) -> None:
    assert shown("{{ value|age_days }}", value=arrived) == words


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(-3600, 0), (-1, 0), (0, 0), (1, 1), (59, 1), (60, 1), (61, 2), (300, 5), (301, 6)],
)
def test_begun_minutes_count_and_none_are_left_afterwards(seconds: int, minutes: int) -> None:
    assert tags.minutes_left(NOW + dt.timedelta(seconds=seconds)) == minutes


def test_no_moment_leaves_no_minutes() -> None:
    assert tags.minutes_left(None) == 0


@given(st.integers(0, 10_000))
def test_minutes_left_never_promise_less_than_there_is(seconds: int) -> None:
    with clock.moved_to(NOW):
        left = tags.minutes_left(NOW + dt.timedelta(seconds=seconds))
    assert seconds <= left * 60 < seconds + 60


@pytest.mark.parametrize(
    ("name", "words", "html"),
    [
        ("株式会社まぼろし計測", "まぼろし", "株式会社<em>まぼろし</em>計測"),
        ("まぼろし計測", "まぼろし計測", "<em>まぼろし計測</em>"),
        ("まぼろし計測", "計測", "まぼろし<em>計測</em>"),
        ("まぼろし計測", "マボロシ", "まぼろし計測"),
        ("まぼろし計測", "", "まぼろし計測"),
        ("", "まぼろし", ""),
        ("あああ", "あ", "<em>あ</em>ああ"),
        ("<b>計測</b>", "計測", "&lt;b&gt;<em>計測</em>&lt;/b&gt;"),
        ("<b>", "<b>", "<em>&lt;b&gt;</em>"),
        ("A&B", "&", "A<em>&amp;</em>B"),
    ],
)
def test_found_words_are_marked_and_nothing_typed_becomes_html(name: str, words: str, html: str) -> None:
    assert shown("{{ name|found_in:words }}", name=name, words=words) == html


@given(st.text(max_size=30), st.text(max_size=10))
def test_marking_takes_nothing_away(name: str, words: str) -> None:
    marked = tags.found_in(name, words)
    assert marked.replace("<em>", "").replace("</em>", "") == escape(name)
    assert marked.count("<em>") <= 1


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "'&\u202e", "</span>"])
def test_words_of_the_plan_are_escaped_in_stage_and_state(hostile: str) -> None:
    for html in (tags.stage("1", hostile), tags.stage(hostile, "きっかけ"), tags.state("offered", hostile)):
        assert "<script>" not in html
        assert "<img" not in html
        assert html.count("</span>") == 1


@pytest.mark.parametrize(
    ("code", "html"),
    [
        ("1", '<span class="stage s1"><i>1</i>きっかけ</span>'),
        ("4", '<span class="stage s4"><i>4</i>きっかけ</span>'),
        ("x", '<span class="stage sx"><i>横</i>きっかけ</span>'),
    ],
)
def test_a_stage_has_number_and_word_never_colour_alone(code: str, html: str) -> None:
    assert shown("{% stage code label %}", code=code, label="きっかけ") == html


def test_every_state_of_a_support_has_a_sign_of_its_own_kind() -> None:
    assert set(tags.SIGNS) == set(SupportState.values)
    for state in SupportState:
        html = shown("{% state code label %}", code=state.value, label=state.label)
        assert html == f'<span class="state {tags.SIGNS[state.value]}">{state.label}</span>'
    assert {tags.SIGNS[one] for one in ("accepted", "declined", "expired", "done")} == {"run", "no", "late", "done"}


def test_an_unknown_state_is_shown_plainly() -> None:
    assert shown("{% state 'new' '新しい' %}") == '<span class="state plan">新しい</span>'


def test_a_missing_key_is_nothing() -> None:
    assert shown("{{ map|get:'a' }}{{ map|get:'b' }}", map={"a": 1}) == "1"


def test_things_are_chosen_by_their_kind_in_their_order() -> None:
    things = [SimpleNamespace(kind=kind, text=text) for kind, text in (("word", "い"), ("met", "ろ"), ("word", "は"))]
    assert [one.text for one in tags.of_kind(things, "word")] == ["い", "は"]
    assert tags.of_kind(things, "failed") == []
    assert tags.of_kind(None, "word") == []


def test_the_year_turns_at_midnight_in_tokyo() -> None:
    day = dt.date(2027, 1, 4)
    with clock.moved_to(dt.datetime(2026, 12, 31, 14, 59, tzinfo=dt.UTC)):
        assert tags.jday(day) == "来年1月4日"
    with clock.moved_to(dt.datetime(2026, 12, 31, 15, 0, tzinfo=dt.UTC)):
        assert tags.jday(day) == "1月4日（月）"
        assert tags.jday(dt.date(2026, 12, 31)) == "令和8年12月31日"


@pytest.mark.parametrize(("name", "parts"), [
    ("千葉県商工労働部産業振興課", ["千葉県", "商工労働部", "産業振興課"]), ("公益財団法人千葉県産業振興センター", ["公益財団法人", "千葉県", "産業振興", "センター"]),
    ("国立研究開発法人産業技術総合研究所柏センター", ["国立研究開発法人", "産業技術総合研究所", "柏センター"]), ("東京都立産業技術研究センター", ["東京都立産業技術研究", "センター"]),
    ("株式会社千葉興業銀行", ["株式会社", "千葉興業銀行"]), ("東葛テクノプラザ", ["東葛", "テクノプラザ"]), ("ひばり県産業課", ["ひばり県", "産業課"]), ("産業課", ["産業課"]), ("", []),
    ("<b>法人甲", ["&lt;b&gt;法人", "甲"]),
])  # fmt: skip
def test_a_name_breaks_between_its_words_and_stays_text(name: str, parts: list[str]) -> None:
    assert tags.by_words(name) == f'<span class="org">{"<wbr>".join(parts)}</span>'
