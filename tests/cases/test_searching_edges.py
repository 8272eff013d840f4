"""Saved searches at their edges: what is kept finds what the page found, whatever its signs and its length."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.searching import (
    MOST_QUERY,
    change_search,
    check_search,
    end_search,
    save_search,
    see_search,
    wish_of,
)
from renkei.cases.models import SavedSearch, SearchHit
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from tests.cases.making import NOON, events, fresh, refuses
from tests.desk.pages import HOSTILE, client, said
from tests.world import LAB, World

pytestmark = pytest.mark.usefixtures("index_at_noon")
TOO_LONG = "探す言葉が長すぎて、保存できません。言葉か条件を減らしてから、もう一度保存してください。"


def put(*names: str) -> None:
    put_entries([EntryRow(id=f"EQ{number}", kind="equipment", name=name) for number, name in enumerate(names, 1)], kept_by="test", by=SYSTEM)


def query(**given: Any) -> str:
    return urlencode(given, doseq=True)


def test_what_is_kept_is_read_back_as_it_was_saved(world: World) -> None:
    asked = [
        query(q="膜厚"), query(q="膜厚 測る+はかる & 厚さ=1%"), query(q=HOSTILE), query(q="Ｘ線\u3000ﾒｯｷ"), query(q="😀🔧"), query(kind="seed"),
        query(q="膜", without=["厚さ", "膜&厚"]), query(q="膜", kind="equipment", body=LAB, topic="3"), query(q="膜", first="on", over="on"),
    ]  # fmt: skip
    for number, one in enumerate(asked):
        kept = fresh(save_search(one, f"検索{number}", by=world.lab, alert=False))
        assert wish_of(kept.query) == wish_of(one), one
    assert SavedSearch.objects.count() == len(asked)


def test_the_longest_that_fits_is_kept_whole_and_one_sign_more_is_refused(world: World) -> None:
    """A Japanese sign takes nine of the address: cut at its end, a search would look for half of its words."""
    fits = (MOST_QUERY - len("q=")) // 9
    kept = save_search(query(q="膜" * fits), "長い", by=world.lab, alert=False)
    assert wish_of(fresh(kept).query).q == "膜" * fits
    for more in (query(q="膜" * (fits + 1)), query(q="膜" * 200), query(q="膜", without=[f"{n}" + "厚" * 39 for n in range(3)])):
        with refuses("query_too_long"):
            save_search(more, "もっと長い", by=world.lab, alert=False)
    assert [one.name for one in SavedSearch.objects.all()] == ["長い"]
    assert events("search.save") == 1


def test_the_page_says_so_keeps_the_name_and_saves_nothing(world: World) -> None:
    where = reverse("desk-search-new", kwargs={"body": LAB}) + "?" + query(q="膜" * 150)
    answer = client(world, LAB).post(where, {"name": "めっきの長い話", "alert": "on"})
    assert (answer.status_code, TOO_LONG in said(answer), 'value="めっきの長い話"' in said(answer)) == (422, True, True)
    assert not SavedSearch.objects.exists()
    shorter = reverse("desk-search-new", kwargs={"body": LAB}) + "?" + query(q="膜" * 100)
    assert client(world, LAB).post(shorter, {"name": "めっきの長い話"}).status_code == 302
    assert SavedSearch.objects.get().name == "めっきの長い話"


def test_names_are_kept_in_one_line_and_apart(world: World) -> None:
    first = save_search(query(q="膜"), " めっき\r\nの\u200b話 ", by=world.lab, alert=False)
    assert fresh(first).name == "めっき の話"
    with refuses("name_taken", "name"):
        save_search(query(q="厚"), "めっき の話", by=world.lab, alert=False)
    second = save_search(query(q="厚"), HOSTILE[:40], by=world.lab, alert=False)
    with refuses("name_taken", "name"):
        change_search(second, "めっき の話", by=world.lab, alert=False)
    assert change_search(second, HOSTILE[:40], by=world.lab, alert=False).name == HOSTILE[:40]  # its own name is no other's
    page = said(client(world, LAB).get(reverse("desk-search-saved", kwargs={"body": LAB})))
    assert "<script>alert(1)" not in page
    assert "めっき の話" in page


def test_what_came_in_is_told_once_through_every_change(world: World) -> None:
    put("膜厚計")
    search = save_search(query(q="膜厚"), "膜厚", by=world.lab)
    assert set(SearchHit.objects.values_list("entry_id", "seen_at")) == {("EQ1", NOON)}
    put("膜厚計", "膜厚計の新型")
    assert [one.pk for one in check_search(search, by=world.lab)] == ["EQ2"]
    assert check_search(search, by=world.lab) == []
    assert (see_search(search, by=world.desk), see_search(search, by=world.lab), see_search(search, by=world.lab)) == (0, 1, 0)
    change_search(search, "別の名", by=world.lab, alert=False)
    put("膜厚計", "膜厚計の新型", "膜厚計の三型")
    assert check_search(search, by=world.lab) == []  # quiet
    change_search(search, "別の名", by=world.lab, alert=True)
    assert check_search(search, by=world.lab) == []  # what came while it was quiet is known when it begins again
    withdraw_entries(["EQ2"], kept_by="test", on=clock.today(), by=SYSTEM)
    put("膜厚計", "膜厚計の新型", "膜厚計の三型", "膜厚計の四型")
    assert [one.pk for one in check_search(search, by=world.lab)] == ["EQ4"]
    assert (events("search.seen"), events("search.change")) == (1, 2)
    assert SearchHit.objects.filter(search=search).count() == 4


def test_who_is_not_its_person_checks_and_ends_nothing(world: World) -> None:
    search = save_search(query(q="膜厚"), "膜厚", by=world.lab)
    put("膜厚計")
    assert check_search(search, by=world.desk) == []
    assert check_search(search, by=SYSTEM) == []
    with refuses("not_own"):
        end_search(search, by=SYSTEM)
    end_search(search, by=world.lab)
    assert check_search(search, by=world.lab) == []
    assert (fresh(search).alert, SearchHit.objects.count()) == (False, 0)
