"""The public's search page: public entries only, the part that changes alone while one types, an entry's page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, put_entries
from tests.world import LAB, World

PUBLIC = EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, summary="めっきの<b>厚さ</b>を測る。", is_public=True, facts={"hourly_yen": 900})
HIDDEN = EntryRow(id="PE1", kind="person", name="小出 渉", body=LAB, summary="めっきに詳しい。")


@pytest.fixture
def stocked(world: World) -> World:
    put_entries([PUBLIC, HIDDEN], kept_by="test", by=SYSTEM)
    return world


def page(**given: str) -> str:
    answer = Client().get(reverse("public-find"), given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_finds_public_entries_only_and_shows_words_safely(stocked: World) -> None:
    text = page(q="めっき")
    assert reverse("public-entry", kwargs={"entry": "EQ1"}) in text
    assert "小出" not in text
    assert "<em>めっき</em>の&lt;b&gt;厚さ" in text
    assert "1時間900円" in text


def test_staff_see_there_what_the_public_sees(stocked: World) -> None:
    client = Client()
    client.force_login(stocked.people[LAB])
    assert "小出" not in client.get(reverse("public-find"), {"q": "めっき"}).content.decode()


def test_while_typing_only_the_part_that_changes_comes_and_it_is_the_same(stocked: World) -> None:
    whole = page(q="めっき", kind="equipment")
    answer = Client().get(reverse("public-find"), {"q": "めっき", "kind": "equipment"}, headers={"HX-Request": "true"})
    part = answer.content.decode().strip()
    assert part.startswith('<div id="found">')
    assert part in whole
    assert "HX-Request" in answer["Vary"]
    assert '<input type="hidden" form="find" name="kind" value="equipment">' in part


def test_nothing_found_says_what_to_do(stocked: World) -> None:
    text = page(q="ぬぬぬ")
    assert "見つかりませんでした" in text
    assert "困りごとを書いて相談する" in text
    assert 'value="ぬぬぬ"' in text


@pytest.mark.parametrize("given", [{"kind": "x"}, {"page": "zzz"}, {"body": "no"}, {"area": "'"}, {"q": "a" * 5000}, {"topic": "\x00"}])
def test_a_strange_address_is_answered(stocked: World, given: dict[str, str]) -> None:
    page(**given)


def test_an_entry_has_a_page_with_the_way_back(stocked: World) -> None:
    answer = Client().get(reverse("public-entry", kwargs={"entry": "EQ1"}), {"q": "めっき"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "めっきの&lt;b&gt;厚さ" in text
    assert "?q=%E3%82%81%E3%81%A3%E3%81%8D" in text


def test_hidden_and_unknown_entries_look_alike(stocked: World) -> None:
    answers = [Client().get(reverse("public-entry", kwargs={"entry": one})) for one in ("PE1", "NONE")]
    assert [one.status_code for one in answers] == [404, 404]
