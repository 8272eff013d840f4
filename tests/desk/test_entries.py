"""The staff's search page over all entries."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base.actor import SYSTEM
from renkei.matching.actions import put_entries
from renkei.matching.models import CREDIT
from tests.public.test_find import HIDDEN, PUBLIC
from tests.world import BANK, DESK, LAB, World


@pytest.fixture
def stocked(world: World) -> World:
    put_entries([PUBLIC, HIDDEN], kept_by="test", by=SYSTEM)
    return world


def page(world: World, body: str, **given: str) -> str:
    client = Client()
    client.force_login(world.people[body])
    answer = client.get(reverse("desk-entries", kwargs={"body": body}), given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_member_finds_all_entries(stocked: World) -> None:
    for body in (DESK, LAB, BANK):
        text = page(stocked, body, q="めっき")
        assert "膜厚計" in text
        assert "小出 渉" in text


def test_a_row_carries_the_credit_its_source_asks_for(world: World) -> None:
    put_entries([replace(PUBLIC, source=CREDIT)], kept_by="test", by=SYSTEM)
    assert CREDIT in page(world, DESK, q="めっき")
    put_entries([replace(PUBLIC, source="別の一覧")], kept_by="test", by=SYSTEM)
    assert "別の一覧" not in page(world, DESK, q="めっき")


def test_choices_stand_in_the_address_and_can_be_given_up(stocked: World) -> None:
    text = page(stocked, LAB, q="めっき", kind="person")
    assert "膜厚計" not in text
    assert 'aria-current="true"' in text
    assert '<a class="s" href="?q=%E3%82%81%E3%81%A3%E3%81%8D">絞り込みをやめる</a>' in text


def test_the_whole_search_leads_here(stocked: World) -> None:
    client = Client()
    client.force_login(stocked.people[LAB])
    text = client.get(reverse("desk-search", kwargs={"body": LAB}), {"q": "膜厚"}).content.decode()
    assert f'{reverse("desk-entries", kwargs={"body": LAB})}?q=%E8%86%9C%E5%8E%9A' in text
