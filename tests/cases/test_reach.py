"""Whom an entry could serve: visible cases under way and known firms, by words both have; nothing of others shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.models import Case
from renkei.cases.queries.reach import cases_for, firms_for
from renkei.companies.models import Company
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry
from tests.cases.making import company
from tests.cases.test_similar import case
from tests.world import BANK, DESK, LAB, World


@pytest.fixture
def seed(world: World) -> Entry:
    return put("SD1")


def put(id_: str, **more: Any) -> Entry:
    text = "電源装置を雷サージから守る絶縁膜。めっきの代わりに塗布できる。"
    put_entries([EntryRow(id=id_, kind="seed", name="サージに強い絶縁膜の塗布", body=LAB, summary=text, **more)], kept_by="test", by=SYSTEM)
    return Entry.objects.get(pk=id_)


def test_open_cases_that_share_words_and_no_closed_ones(world: World, seed: Entry) -> None:
    near = case(world, "電源の絶縁", "雷サージに弱い電源装置")
    case(world, "漁網", "網が切れる")
    over = case(world, "電源の絶縁2", "雷サージに弱い電源装置")
    Case.objects.filter(pk=over.pk).update(state="closed", closed_at=over.arrived_at, close_reason="done")
    assert [one.case.pk for one in cases_for(seed, actor=world.desk)] == [near.pk]
    assert {"サージ", "絶縁"} <= set(cases_for(seed, actor=world.desk)[0].words)


def test_firms_by_trade_products_and_strengths_within_the_area(world: World, seed: Entry) -> None:
    good = company(DESK, "良い会社", products="電源装置、絶縁部品", strengths="塗布の設備")
    company(DESK, "遠い会社", products="漁網")
    company(DESK, "一語の会社", products="電源だけ")
    found = firms_for(seed, actor=world.desk)
    assert [one.company.pk for one in found] == [good.pk]
    assert {"電源", "絶縁", "塗布"} & set(found[0].words)
    assert firms_for(put("SD2", facts={"eligible": {"municipalities": ["999016"]}}), actor=world.desk) == []
    Company.objects.filter(pk=good.pk).update(withdrawn_at=good.entered_at)
    assert firms_for(seed, actor=world.desk) == []


def test_an_entry_that_says_nothing_serves_nobody(world: World) -> None:
    put_entries([EntryRow(id="X", kind="seed", name="あれ")], kept_by="test", by=SYSTEM)
    assert cases_for(Entry.objects.get(pk="X"), actor=world.desk) == []
    assert firms_for(Entry.objects.get(pk="X"), actor=world.desk) == []


def test_what_others_hold_and_know_changes_nothing(committed_world: World, login: Any) -> None:
    world, seed = committed_world, put("SD1")
    case(world, "電源の絶縁", "雷サージに弱い電源装置", LAB)
    company(LAB, "試験所の知る会社", products="電源装置の絶縁")
    with login("web"), acting(world.lab):
        before = _seen(seed, world)
    assert [len(one) for one in before] == [1, 1]
    for number in range(5):
        case(world, f"銀行の電源{number}", "雷サージの絶縁と塗布", BANK)
        company(BANK, f"銀行の会社{number}", products="電源装置の絶縁膜の塗布")
    with login("web"):
        with acting(world.lab):
            assert _seen(seed, world) == before
        with acting(world.bank):
            assert {one.company.name for one in firms_for(seed, actor=world.bank)} == {f"銀行の会社{number}" for number in range(5)}


def _seen(seed: Entry, world: World) -> tuple[list[Any], list[Any]]:
    return ([(one.case.title, one.words) for one in cases_for(seed, actor=world.lab)],
            [(one.company.name, one.words) for one in firms_for(seed, actor=world.lab)])  # fmt: skip


def test_the_page_and_the_part_that_the_entrys_page_takes(world: World, seed: Entry) -> None:
    near = case(world, "電源の絶縁", "雷サージに弱い電源装置")
    one = Client()
    one.force_login(world.people[DESK])
    url = reverse("desk-entry-reach", kwargs={"body": DESK, "entry": "SD1"})
    assert url in one.get(reverse("desk-catalogue-entry", kwargs={"body": DESK, "entry": "SD1"})).content.decode()
    whole = one.get(url).content.decode()
    part = one.get(url, headers={"HX-Request": "true"}).content.decode().strip()
    assert part in whole
    assert reverse("desk-case", kwargs={"body": DESK, "case": near.pk}) in part
    assert "この機関が知る会社の中に" in part
    assert one.get(reverse("desk-entry-reach", kwargs={"body": DESK, "entry": "NO"})).status_code == 404
