"""Saved searches: what is there today calls nobody, what comes in is told once, however often it changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases import digest
from renkei.cases.actions import searching
from renkei.cases.actions.searching import change_search, check_search, end_search, save_search, see_search, wish_of
from renkei.cases.entry_news import run_searches
from renkei.cases.models import SavedSearch, SearchHit
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.post.models import Nudge
from tests.cases.making import NOON, events
from tests.world import LAB, World

pytestmark = pytest.mark.usefixtures("index_at_noon")
QUERY = "q=%E8%86%9C%E5%8E%9A"  # 膜厚


def put(id_: str, name: str, **more: Any) -> None:
    put_entries([EntryRow(id=id_, kind="equipment", name=name, **more)], kept_by="test", by=SYSTEM)


def refused(code: str, act: Any, *args: Any, **given: Any) -> None:
    with pytest.raises(Refused) as caught, transaction.atomic():
        act(*args, **given)
    assert caught.value.code == code


def test_what_is_there_calls_nobody_and_what_comes_in_is_told_once(world: World) -> None:
    put("EQ1", "膜厚計")
    search = save_search(QUERY, "膜厚", by=world.lab)
    assert check_search(search, by=world.lab) == []
    put("EQ2", "膜厚を測る顕微鏡")
    assert [one.pk for one in check_search(search, by=world.lab)] == ["EQ2"]
    put("EQ2", "膜厚を測る新しい顕微鏡")
    assert check_search(search, by=world.lab) == []
    put("EQ3", "旋盤")
    assert check_search(search, by=world.lab) == []
    put("EQ3", "膜厚も測る旋盤")
    assert [one.pk for one in check_search(search, by=world.lab)] == ["EQ3"]
    assert set(SearchHit.objects.filter(seen_at=None).values_list("entry_id", flat=True)) == {"EQ2", "EQ3"}
    assert see_search(search, by=world.lab) == 2
    assert see_search(search, by=world.lab) == 0
    assert (events("search.save"), events("search.seen")) == (1, 1)


def test_what_was_withdrawn_and_is_back_is_not_told_again(world: World) -> None:
    search = save_search(QUERY, "膜厚", by=world.lab)
    put("EQ1", "膜厚計")
    assert len(check_search(search, by=world.lab)) == 1
    withdraw_entries(["EQ1"], kept_by="test", on=clock.today(), by=SYSTEM)
    assert check_search(search, by=world.lab) == []
    put("EQ1", "膜厚計")
    assert check_search(search, by=world.lab) == []


def test_a_quiet_search_calls_nobody_and_begins_anew_when_it_may(world: World) -> None:
    search = save_search(QUERY, "膜厚", by=world.lab, alert=False)
    put("EQ1", "膜厚計")
    assert check_search(search, by=world.lab) == []
    search = change_search(search, "膜厚", by=world.lab, alert=True)
    assert check_search(search, by=world.lab) == []
    put("EQ2", "膜厚計2")
    assert [one.pk for one in check_search(search, by=world.lab)] == ["EQ2"]
    assert check_search(search, by=world.desk) == []


def test_refusals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused("empty", save_search, "", "名", by=world.lab)
    refused("empty", save_search, "first=on&page=2", "名", by=world.lab)
    refused("name_empty", save_search, QUERY, " \n ", by=world.lab)
    refused("too_long", save_search, QUERY, "あ" * 41, by=world.lab)
    refused("not_allowed", save_search, QUERY, "名", by=GUEST)
    kept = save_search(QUERY, "名", by=world.lab)
    refused("name_taken", save_search, QUERY, "名", by=world.lab)
    assert save_search(QUERY, "名", by=world.desk).name == "名"
    refused("not_own", change_search, kept, "他", by=world.desk, alert=True)
    refused("not_own", end_search, kept, by=world.desk)
    monkeypatch.setattr(searching, "MOST_SEARCHES", 1)
    refused("too_many", save_search, QUERY, "二", by=world.lab)
    monkeypatch.setattr(searching, "MOST_SEARCHES", 9)
    monkeypatch.setattr(searching, "MOST_WATCHED", 1)
    put("EQ1", "膜厚計")
    refused("too_wide", save_search, QUERY, "広い", by=world.lab)
    assert set(SavedSearch.objects.values_list("name", "body_id")) == {("名", LAB), ("名", "hibari-desk")}


def test_removed_once_and_its_name_is_free(world: World) -> None:
    search = save_search(QUERY, "膜厚", by=world.lab)
    ended = end_search(search, by=world.lab)
    assert ended.ended_at is not None
    assert end_search(search, by=world.lab).ended_at == ended.ended_at
    assert events("search.end") == 1
    refused("not_own", change_search, search, "名", by=world.lab, alert=True)
    assert save_search(QUERY, "膜厚", by=world.lab).pk != search.pk


def test_the_run_tells_each_person_once_a_search(committed_world: World, login: Any) -> None:
    world = committed_world
    search = save_search(QUERY, "膜厚の検索", by=world.lab)
    quiet = save_search("kind=seed", "シーズ", by=world.lab)
    for number in range(7):
        put(f"EQ{number}", f"膜厚計{number}")
    with login("worker"):
        assert run_searches() == 7
        assert run_searches() == 0
    nudge = Nudge.objects.get(kind="search")
    assert (nudge.person, nudge.body, nudge.about, nudge.number) == (world.lab.person, LAB, search.pk, "膜厚の検索")
    assert nudge.title == "「膜厚の検索」に7件入りました"
    assert "ほか2件" in nudge.words
    assert not SearchHit.objects.filter(search=quiet).exists()
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        with transaction.atomic():
            digest.sweep()
        assert Nudge.objects.get(pk=nudge.pk).settled_at is None
        end_search(search, by=world.lab)
        with transaction.atomic():
            digest.sweep()
    assert Nudge.objects.get(pk=nudge.pk).settled_at is not None


def test_the_database_shows_searches_as_visible_to_does(committed_world: World, login: Any) -> None:
    world = committed_world
    put("EQ1", "膜厚計")
    for actor in (world.lab, world.desk):
        save_search(QUERY, f"{actor.body}の", by=actor)
    wanted = {world.lab: {f"{LAB}の"}, world.desk: {"hibari-deskの"}, world.bank: set(), GUEST: set()}
    with login("web"):
        for actor, names in wanted.items():
            with acting(actor):
                assert set(SavedSearch.objects.values_list("name", flat=True)) == names
                assert set(SavedSearch.objects.visible_to(actor).values_list("name", flat=True)) == names
                assert set(SearchHit.objects.values_list("search__name", flat=True)) == names
                assert set(SearchHit.objects.visible_to(actor).values_list("search__name", flat=True)) == names
        with acting(world.lab), pytest.raises(Exception, match="row-level security"), transaction.atomic():
            SavedSearch.objects.create(body_id=LAB, person_id=world.desk.person, name="偽", query="", made_at=clock.now())


def test_a_query_is_read_as_the_page_reads_it() -> None:
    wish = wish_of("q=ひび&without=割れ&without=亀裂&kind=seed&evil=1")
    assert (wish.q, wish.kind, wish.without) == ("ひび", "seed", ("割れ", "亀裂"))


def test_the_database_holds_names_and_hits(world: World) -> None:
    put("EQ1", "膜厚計")
    search = save_search(QUERY, "名", by=world.lab)
    given = {"body_id": LAB, "person_id": world.lab.person, "query": QUERY, "made_at": NOON}
    for name, broken in (("", "saved_search_has_name"), ("名", "saved_search_name_once")):
        with pytest.raises(IntegrityError, match=broken), transaction.atomic():
            SavedSearch.objects.create(name=name, **given)
    SavedSearch.objects.create(name="名", ended_at=NOON, **given)
    with pytest.raises(IntegrityError, match="search_hit_once"), transaction.atomic():
        SearchHit.objects.create(search=search, entry_id="EQ1", came_at=NOON)
