"""The parts pages share: messages, pages, errors, evidence. What was typed stays text, and what is empty is not there."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.template import Context
from django.template.loader import get_template
from django.test import RequestFactory

from renkei.base.forms import TextField, YenField

HOSTILE = '<script>alert("x")</script>'


def shown(part: str, address: str = "/", **context: Any) -> str:
    given = Context(context)  # without the processors, which ask the database
    given.request = RequestFactory().get(address)  # type: ignore[attr-defined]  what {% querystring %} reads
    return " ".join(get_template(f"parts/{part}.html").template.render(given).split())  # type: ignore[attr-defined]


def links(html: str) -> dict[str, str]:
    return {words: address.replace("&amp;", "&") for address, words in re.findall(r'href="([^"]*)">([^<]*)</a>', html)}


# Pages ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "number", "words", "ways"),
    [
        (0, 1, "", {}),
        (10, 1, "", {}),
        (11, 1, "1 / 2 ページ", {"次へ": "?page=2"}),
        (11, 2, "2 / 2 ページ", {"前へ": "?page=1"}),
        (31, 2, "2 / 4 ページ", {"前へ": "?page=1", "次へ": "?page=3"}),
    ],
)
def test_pages_are_offered_where_there_are_several(rows: int, number: int, words: str, ways: dict[str, str]) -> None:
    html = shown("pages", page=Paginator(range(rows), 10).get_page(number))
    assert links(html) == ways
    assert words in html
    assert ("<nav" in html) == (rows > 10)


@pytest.mark.parametrize(("asked", "number"), [("0", 4), ("-1", 4), ("99", 4), ("x", 1), ("", 1), (None, 1), ("2.0", 1), ("²", 1), ("1" * 5_000, 1)])
def test_a_page_that_is_not_there_is_the_nearest(asked: str | None, number: int) -> None:
    assert Paginator(range(31), 10).get_page(asked).number == number


def test_turning_the_page_keeps_what_was_searched_for() -> None:
    html = shown("pages", "/x/?q=%E6%B0%B4%E8%B3%AA&who=all&page=2", page=Paginator(range(31), 10).get_page(2))
    assert links(html) == {
        "前へ": "?q=%E6%B0%B4%E8%B3%AA&who=all&page=1", "次へ": "?q=%E6%B0%B4%E8%B3%AA&who=all&page=3",
    }  # fmt: skip


def test_hostile_words_in_the_address_stay_inside_the_link() -> None:
    html = shown("pages", '/x/?q="><script>', page=Paginator(range(31), 10).get_page(1))
    assert "<script>" not in html
    assert html.count("<a ") == 1


# Messages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "look"),
    [(constants.SUCCESS, "note"), (constants.INFO, "note"), (constants.WARNING, "note warn"), (constants.ERROR, "note bad")],
)
def test_a_message_looks_like_what_it_says(level: int, look: str) -> None:
    html = shown("messages", messages=[Message(level, "保存しました。")])
    assert f'<li class="{look}">保存しました。</li>' in html
    assert '<div role="status">' in html


def test_messages_stand_in_order_and_none_leaves_no_box() -> None:
    several = [Message(constants.SUCCESS, "一つめ。"), Message(constants.ERROR, "二つめ。")]
    assert re.findall(r"<li[^>]*>([^<]*)</li>", shown("messages", messages=several)) == ["一つめ。", "二つめ。"]
    assert shown("messages", messages=[]) == ""


def test_a_message_that_repeats_what_was_typed_is_escaped() -> None:
    assert "<script>" not in shown("messages", messages=[Message(constants.ERROR, HOSTILE)])


# Errors --------------------------------------------------------------------------------------------------------------


class Form(forms.Form):
    text = TextField(label="内容", max_length=3)
    money = YenField(label="予算")

    def clean(self) -> None:
        if self.data.get("text") == "両方":
            raise forms.ValidationError(f"{HOSTILE}は合いません。")


@pytest.mark.parametrize(
    ("typed", "count", "said"),
    [
        ({"text": "", "money": "1"}, 1, ['<a href="#id_text">内容</a>：ここを書いてください。']),
        ({"text": "あいうえ", "money": "x"}, 2, ["3字までです（いま4字）", '<a href="#id_money">予算</a>：金額は']),
        ({"text": "両方", "money": "1"}, 1, ["&lt;script&gt;"]),
    ],
)
def test_errors_are_counted_named_and_linked(typed: dict[str, str], count: int, said: list[str]) -> None:
    html = shown("errors", form=Form(typed))
    assert f"直すところが{count}つあります" in html
    assert [words for words in said if words not in html] == []
    assert 'role="alert"' in html
    assert "<script>" not in html


@pytest.mark.parametrize("form", [Form(), Form({"text": "あ", "money": "1"})])
def test_a_form_without_errors_has_no_list_of_them(form: Form) -> None:
    assert shown("errors", form=form) == ""


# Evidence ------------------------------------------------------------------------------------------------------------


def reason(kind: str, text: str, question: str = "") -> SimpleNamespace:
    return SimpleNamespace(kind=kind, text=text, question=question)


def test_evidence_says_words_first_then_what_is_met_failed_and_unknown() -> None:
    evidence = [reason("met", "県内"), reason("word", "雷"), reason("failed", "締切は過ぎた"), reason("unknown", "従業員数"), reason("word", "電源")]
    html = shown("evidence", evidence=evidence)
    assert re.findall(r'<li class="(\w+)">', html) == ["wd", "ok", "ng", "un"]
    assert "「雷」「電源」" in html
    assert re.sub(r"<[^>]+>", "", html).split() == ["言葉：「雷」「電源」", "満たす：県内", "満たさない：締切は過ぎた", "未確認：従業員数"]


@pytest.mark.parametrize(
    ("question", "numbers", "link"),
    [("staff", {"staff": 2}, '→ <a href="#q2">質問2</a>'), ("staff", {}, ""), ("staff", {"other": 1}, ""), ("", {"": 9}, "")],
)
def test_an_unknown_fact_leads_to_its_question(question: str, numbers: dict[str, int], link: str) -> None:
    html = shown("evidence", evidence=[reason("unknown", "従業員数", question)], numbers=numbers)
    assert ("#q" in html) == bool(link)
    assert link in html


def test_evidence_is_text_and_none_is_no_list() -> None:
    assert "<script>" not in shown("evidence", evidence=[reason(kind, HOSTILE) for kind in ("word", "met", "failed", "unknown")])
    assert shown("evidence", evidence=[]) == ""


# Near misses ---------------------------------------------------------------------------------------------------------


def test_near_misses_are_folded_away_counted_and_explained() -> None:
    misses = [SimpleNamespace(name="補助A", wants="次の受付が始まれば使えます。", text="11月20日に締め切った"), SimpleNamespace(name=HOSTILE, wants="", text="県外だけ")]
    html = shown("near_misses", misses=misses)
    assert "<summary>近いが合わないもの 2件</summary>" in html
    assert '<b>補助A</b><span class="why">11月20日に締め切った</span><span class="sub block">次の受付が始まれば使えます。</span></li>' in html
    assert html.count('class="sub block"') == 1
    assert "<script>" not in html
    assert shown("near_misses", misses=[]) == ""


def test_the_note_of_the_example_says_that_everything_is_made_up() -> None:
    html = shown("fictional")
    assert "例示用の画面です" in html
    assert "架空" in html
