"""Dates, money and years in the reader's language; what is kept stays in the language of the house."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Template
from django.utils.translation import gettext, override

from renkei.base import language
from renkei.base.era import parse_date, screen_date
from renkei.base.fiscal_year import FiscalYear
from renkei.base.forms import JapaneseDateField, JapaneseMomentField, JapaneseTimeField, YenField
from renkei.base.yen import parse_yen
from renkei.cases.states import CaseState
from renkei.desk.intake.fields import read_moment

TODAY = dt.date(2026, 11, 27)


@pytest.mark.parametrize(
    ("day", "english"),
    [(TODAY, "Fri 27 Nov"), (dt.date(2026, 1, 5), "Mon 5 Jan"), (dt.date(2027, 4, 12), "12 Apr 2027"), (dt.date(2025, 3, 14), "14 Mar 2025")],
)
def test_a_day_in_both_languages(day: dt.date, english: str) -> None:
    assert language.shown_day(day, TODAY) == screen_date(day, TODAY)
    with override("en"):
        assert language.shown_day(day, TODAY) == english


def test_what_is_shown_in_english() -> None:
    with override("en-GB"):
        assert language.in_english()
        shown = (
            language.shown_full_day(TODAY), language.shown_time(dt.time(9, 5)), language.shown_money(7_000_000),
            language.shown_money(-1_900), language.shown_fiscal_year(FiscalYear(2026)), language.shown_list(["A", "B"]),
        )  # fmt: skip
    assert shown == ("27 Nov 2026", "9:05", "7,000,000 yen", "−1,900 yen", "FY2026", "A, B")


def test_what_is_shown_in_japanese() -> None:
    assert not language.in_english()
    shown = (
        language.shown_full_day(TODAY), language.shown_time(dt.time(9, 5)), language.shown_money(7_000_000),
        language.shown_money(-1_900), language.shown_fiscal_year(FiscalYear(2026)), language.shown_list(["甲", "乙"]),
    )  # fmt: skip
    assert shown == ("令和8年11月27日", "9時05分", "700万円", "−1,900円", "令和8年度", "甲、乙")


def test_what_is_kept_stays_in_the_language_of_the_house() -> None:
    with override("en"):
        assert gettext("対応中") == "Open"
        assert language.written("対応中") == "対応中"
        assert gettext("対応中") == "Open"


@pytest.mark.parametrize("text", ["27 Nov 2026", "Fri 27 Nov", "27 november", "2026-11-27", "11/27", "today", "Today"])
def test_english_days_are_read(text: str) -> None:
    assert parse_date(text, TODAY) == TODAY


@pytest.mark.parametrize(("text", "day"), [("tomorrow", 28), ("yesterday", 26), ("28 Nov", 28)])
def test_english_days_beside_today_are_read(text: str, day: int) -> None:
    assert parse_date(text, TODAY) == dt.date(2026, 11, day)


@pytest.mark.parametrize("text", ["31 Nov 2026", "27 Nix 2026", "Nov", "27 Nov 26 x"])
def test_what_is_no_english_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="日付"):
        parse_date(text, TODAY)


def test_what_a_field_shows_in_english_it_reads_again() -> None:
    moment = dt.datetime(2026, 11, 20, 9, 20, tzinfo=dt.UTC)
    with override("en"):
        assert JapaneseDateField().to_python(JapaneseDateField().prepare_value(TODAY)) == TODAY
        assert JapaneseTimeField().to_python(JapaneseTimeField().prepare_value(dt.time(9, 20))) == dt.time(9, 20)
        assert YenField().to_python(YenField().prepare_value(7_000_000)) == 7_000_000
        field = JapaneseMomentField()
        shown = field.prepare_value(moment)
        assert shown == "20 Nov 2026 18:20"
        assert read_moment("28 Nov 2026 10:30", TODAY).time == dt.time(10, 30)
        assert str(read_moment("tomorrow morning", TODAY)).endswith("morning")


def test_english_money_is_read() -> None:
    assert [parse_yen(text) for text in ("7,000,000 yen", "¥500", "1,900")] == [7_000_000, 500, 1_900]


def test_the_filters_of_the_pages_follow() -> None:
    page = Template("{{ day|jera }} {{ amount|money }} {{ year|fiscal }} {% stage 'x' 'Beside' %}")
    context = Context({"day": TODAY, "amount": 1_900, "year": 2026})
    assert page.render(context) == '令和8年11月27日 1,900円 令和8年度 <span class="stage sx"><i>横</i>Beside</span>'
    with override("en"):
        assert page.render(context) == '27 Nov 2026 1,900 yen FY2026 <span class="stage sx"><i>X</i>Beside</span>'


def test_the_label_of_a_choice_is_written_in_the_language_of_the_house() -> None:
    with override("en"):
        assert str(CaseState.ACTIVE.label) == "Open"
        assert language.written(CaseState.ACTIVE.label) == "対応中"
