"""Who calls: firms by parts of name and number, homonyms, people who left, and only what the body may see."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case
from renkei.companies.actions import Profile, add_person, register_company
from renkei.companies.models import Company, CompanyPerson
from tests.desk.pages import HOSTILE, address, client, part, said, seen
from tests.desk.scene import NOW, arrived, running
from tests.world import BANK, DESK, LAB, World

LOOKUP = "desk-call-lookup"


def firm(world: World, name: str, kana: str = "", phone: str = "", by: str = DESK) -> Company:
    return register_company(Profile(name=name, kana=kana, municipality="999016", phone=phone), by=world.actor(by))


def names(text: str) -> list[str]:
    return [re.sub(r"</?em>", "", one) for one in re.findall(r'<b>(.*?)</b><span class="city">', text)]


def found(world: World, words: str, body: str = DESK, **more: Any) -> str:
    return seen(world, LOOKUP, body, {"find": words, **more})


@pytest.fixture
def net(world: World) -> Company:
    """A firm with a kana reading, a telephone and one person."""
    made = firm(world, "有限会社浦島製網", "ウラシマセイモウ", "043-200-3000")
    add_person(made, name="乙姫 珊瑚", kana="オトヒメ サンゴ", phone="080-5555-6666", by=world.desk)
    return Company.objects.get(pk=made.pk)


@pytest.mark.parametrize("words", ["ウラシ", "うらし", "ｳﾗｼ", "浦島", "(有)浦島", "浦島　製網", "製網 浦島", "043", "043-200", "０４３２", "5555", "乙姫"])
def test_parts_of_name_reading_number_and_person_find_the_firm(world: World, net: Company, words: str) -> None:
    firm(world, "天狗鼻ばね株式会社", "テングバナバネ", "049-900-9999")
    assert names(found(world, words)) == [net.name]


@pytest.mark.parametrize("words", ["", "ウ", "04", "株式会社", " ", "ー", "浦島 天狗", "\x00", "%", "_", "ウラシマン"])
def test_too_little_or_what_nobody_has_finds_nobody(world: World, net: Company, words: str) -> None:
    assert names(found(world, words)) == []


def test_nothing_typed_says_nothing_and_nobody_found_says_how_to_go_on(world: World) -> None:
    assert 'role="status"' not in found(world, "")
    assert "見つかりません。登録のない会社として書けます。" in found(world, "ナイナイ")
    assert 'name="company_given"' in found(world, "ナイナイ")


def test_the_count_of_firms_is_told(world: World, net: Company) -> None:
    assert "1社見つかりました。" in found(world, "ウラシマ")
    firm(world, "浦島造船株式会社", "ウラシマゾウセン")
    text = found(world, "ウラシマ")
    assert "2社見つかりました。" in text
    assert "同じ名前や読みの会社があります" not in text


def test_at_most_eight_firms_and_the_whole_name_first(world: World) -> None:
    for number in range(9):
        firm(world, f"架空第{number}工業", "カクウコウギョウ")
    firm(world, "株式会社架空", "ンカクウ")
    shown = names(found(world, "架空"))
    assert (len(shown), shown[0]) == (8, "株式会社架空")


def test_the_chosen_firm_stays_though_the_words_no_longer_find_it(world: World, net: Company) -> None:
    other = firm(world, "天狗鼻ばね株式会社", "テングバナバネ")
    text = found(world, "テング", company=net.pk)
    assert names(text) == [net.name, other.name]
    assert re.findall(r'name="company" value="([^"]*)" checked', text) == [str(net.pk)]
    assert found(world, "ウラシマ", company=net.pk).count(f'value="{net.pk}"') == 1


def test_without_a_choice_the_unregistered_firm_is_chosen(world: World, net: Company) -> None:
    text = found(world, "ウラシマ")
    assert re.findall(r'name="company" value="([^"]*)" checked', text) == [""]
    assert 'name="company_given"' in text
    assert 'name="company_given"' not in found(world, "ウラシマ", company=net.pk)


def test_the_found_words_are_marked_where_they_stand_in_the_name(world: World, net: Company) -> None:
    assert "<b>有限会社<em>浦島</em>製網</b>" in found(world, "浦島")
    assert "<b>有限会社浦島製網</b>" in found(world, "ウラシマ")


def test_the_person_whose_number_rang_is_named(world: World, net: Company) -> None:
    add_person(net, name="亀井 甲", kana="カメイ コウ", phone="090-7777-8888", by=world.desk)
    assert "乙姫 珊瑚様" in found(world, "55556666")
    assert "亀井 甲様" in found(world, "77778888")


def test_who_has_left_is_neither_named_nor_offered(world: World, net: Company) -> None:
    CompanyPerson.objects.filter(company=net).update(left_on=dt.date(2026, 3, 31))
    text = found(world, "浦島", company=net.pk)
    assert "乙姫" not in text
    assert re.findall(r"<option[^>]*>([^<]+)</option>", text) == ["ほかの方（お名前を下に書く）"]


def test_the_person_chosen_stays_chosen(world: World, net: Company) -> None:
    second = add_person(net, name="亀井 甲", kana="カメイ コウ", by=world.desk)
    text = found(world, "浦島", company=net.pk, person=second.pk)
    assert re.findall(r'<option value="([^"]+)" selected', text) == [str(second.pk)]
    assert re.findall(r'<option value="([^"]+)" selected', found(world, "浦島", company=net.pk)) == []


def test_open_cases_are_counted_and_closed_ones_tell_when(world: World) -> None:
    with clock.moved_to(NOW):
        first = arrived(world)
        company = first.case.company
        assert company is not None
        assert "進行中 1件（産業課）" in found(world, "マボロ")
        arrived(world, company=company)
        assert "進行中 2件（産業課）" in found(world, "マボロ")
        for case in Case.objects.filter(company=company):
            close_case(case, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
        assert "進行中なし、前回は11月25日（水）" in found(world, "マボロ")
        firm(world, "天狗鼻ばね株式会社", "テングバナバネ")
        assert "相談は初めて" in found(world, "テング")


def test_a_body_counts_only_the_cases_it_may_see(world: World) -> None:
    scene = running(world)
    company = scene.case.company
    assert company is not None
    Company.objects.filter(pk=company.pk).update(entered_by=BANK)  # the bank knows the firm, not its case
    text = found(world, "マボロ", BANK, company=company.pk)
    assert names(text) == [company.name]
    assert "相談は初めて" in text
    assert "前回のこと" not in text
    assert scene.case.number not in text
    assert "進行中 1件（工業試験所）" in found(world, "マボロ", LAB)


def test_what_happened_last_time_stands_beside_the_firm(world: World) -> None:
    scene = running(world)
    company = scene.case.company
    assert company is not None
    note = part(found(world, "マボロ", company=company.pk), '<div class="note plain mt">', "</div>")
    assert [one in note for one in ("前回のこと", scene.case.title, scene.case.number, "工業試験所")] == [True] * 4
    assert address("desk-case", case=scene.case.pk) in note


@pytest.mark.parametrize("company", ["", "nonsense", str(uuid.UUID(int=1)), "\x00", "' OR 1=1 --", HOSTILE])
def test_a_firm_that_is_none_is_no_choice_and_no_fault(world: World, net: Company, company: str) -> None:
    text = found(world, "浦島", company=company, person=company)
    assert re.findall(r'name="company" value="([^"]*)" checked', text) == [""]
    assert "<script>alert" not in text


def test_words_of_the_page_are_cut_not_refused(world: World, net: Company) -> None:
    text = found(world, "あ" * 5000)
    assert "見つかりません。" in text
    answer = client(world).post(address("desk-call"), {"do": "save", "text": "水が漏れる。", "after": "route", "find": "あ" * 5000})
    assert answer.status_code == 302  # what one looks for is no part of what is saved


@pytest.mark.parametrize("words", ["浦島", "マボロ", "ナイナイ"])
@pytest.mark.parametrize("body", [DESK, LAB])
def test_the_part_is_the_same_as_in_the_whole_page(world: World, net: Company, words: str, body: str) -> None:
    running(world)
    given = {"find": words}
    assert seen(world, LOOKUP, body, given).strip() in seen(world, "desk-call", body, given)


def test_the_lookup_of_a_firm_with_many_cases_takes_no_more_queries(world: World) -> None:
    company = arrived(world).case.company
    one, counts = client(world), []
    for _ in range(2):
        given = {"find": "マボロ", "company": str(company.pk) if company else ""}
        one.get(address(LOOKUP), given)
        with CaptureQueriesContext(connection) as queries:
            said(one.get(address(LOOKUP), given))
        counts.append(len(queries))
        for _more in range(3):
            arrived(world, company=company)
    assert counts[0] == counts[1]
