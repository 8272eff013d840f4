"""The list of cases with its filters as chips, counts and saved views, and the pages that keep them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from renkei.base import clock
from renkei.cases.actions.saved import ViewWords, save_view
from renkei.cases.models import SavedView, ViewHit
from tests.cases.test_saved_views import colleague
from tests.desk.pages import HOSTILE, address, client, fault, part, said, seen
from tests.desk.scene import arrived, running
from tests.world import BANK, DESK, LAB, World


def chips(text: str) -> dict[str, str]:
    """The filters that are set, with where each × leads."""
    found = re.findall(r'<a class="chip[^"]*" href="([^"]+)">(.*?)<span aria-hidden', text)
    return {re.sub(r"<[^>]+>", "", label): url.replace("&amp;", "&") for url, label in found}


def test_filters_stand_as_chips_and_each_comes_off(world: World) -> None:
    running(world)
    text = seen(world, "desk-cases", given={"by": LAB, "late": "on", "q": "水質計", "page": "2", "order": "new"})
    found = chips(text)
    assert set(found) == {"言葉・番号・会社名：水質計", "主担当：工業試験所", "期限を過ぎたものだけ"}
    assert parse_qs(urlsplit(found["主担当：工業試験所"]).query) == {"late": ["on"], "q": ["水質計"], "order": ["new"]}
    assert "すべて外す" in text


def test_the_last_chip_leads_to_the_whole_list_and_not_to_the_first_view(world: World) -> None:
    save_view(f"by={LAB}", ViewWords("試験所", is_default=True), by=world.desk)
    text = seen(world, "desk-cases", given={"by": DESK})
    assert chips(text)["主担当：産業課"].endswith("?state=open")


def test_what_is_gone_is_said(world: World) -> None:
    text = seen(world, "desk-cases", given={"by": "closed-body", "company": "00000000-0000-4000-8000-000000000000"})
    assert set(chips(text)) == {"主担当：closed-body（いまはありません）", "会社（いまはありません）"}
    assert "一覧にないものです。" in text


def test_a_firm_is_named_in_its_chip(world: World) -> None:
    case = arrived(world).case
    text = seen(world, "desk-cases", given={"company": str(case.company_id)})
    assert set(chips(text)) == {f"会社：{case.company_name}"}
    assert f'name="company" value="{case.company_id}"' in text


def test_hostile_words_stay_words(world: World) -> None:
    text = seen(world, "desk-cases", given={"q": HOSTILE, "by": HOSTILE, "tech": HOSTILE})
    assert "<script>alert" not in text


def test_counts_narrow_the_list(world: World) -> None:
    running(world)
    arrived(world, "有限会社浦島製網")
    text = part(seen(world, "desk-cases", given={"state": "open"}), '<div class="facets">', "</table>")
    links = {re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", label)).strip(): url.replace("&amp;", "&") for url, label in re.findall(r'<li><a href="(\?[^"]+)"[^>]*>(.*?)</a></li>', text)}
    assert {name: parse_qs(url[1:]) for name, url in links.items()}["工業試験所 1"] == {"state": ["open"], "by": [LAB]}
    assert {"産業課 1", "開発・試験 1", "販路 1", "30日まで 2"} <= set(links)


def test_closed_cases_are_not_counted(world: World) -> None:
    running(world)
    assert '<div class="facets">' not in seen(world, "desk-cases", given={"state": "all"})


def test_the_first_view_opens_the_list(world: World) -> None:
    running(world)
    arrived(world, "有限会社浦島製網")
    save_view(f"by={LAB}", ViewWords("試験所", is_default=True), by=world.desk)
    answer = client(world).get(address("desk-cases"))
    assert (answer.status_code, answer["Location"]) == (302, f"{address('desk-cases')}?by={LAB}")
    text = seen(world, "desk-cases", given={"by": LAB})
    assert ("まぼろし計測" in text, "浦島製網" in text) == (True, False)
    assert 'aria-current="true">試験所' in text
    assert "この条件を保存する" not in text


def test_a_first_view_without_filters_shows_the_list(world: World) -> None:
    save_view("", ViewWords("すべて", is_default=True), by=world.desk)
    assert client(world).get(address("desk-cases")).status_code == 200


def test_saving_from_the_list(world: World) -> None:
    text = seen(world, "desk-cases", given={"by": LAB})
    assert f'{address("desk-view-new")}?by={LAB}' in text
    answer = client(world).post(f"{address('desk-view-new')}?by={LAB}&page=3", {"name": "試験所", "shared": "on"})
    assert (answer.status_code, answer["Location"]) == (302, f"{address('desk-cases')}?by={LAB}")
    made = SavedView.objects.get()
    assert (made.name, made.query, made.shared, made.alert, made.is_default) == ("試験所", f"by={LAB}", True, False, False)


def test_a_bad_name_is_said_beside_the_field_and_the_ticks_stay(world: World) -> None:
    where = f"{address('desk-view-new')}?by={LAB}"
    answer = client(world).post(where, {"name": "", "alert": "on"})
    assert (answer.status_code, fault(answer, "name")) == (200, "ここを書いてください。")
    assert re.search(r'name="alert"[^>]* checked', said(answer))
    save_view("", ViewWords("試験所"), by=world.desk)
    assert fault(client(world).post(where, {"name": "試験所"}), "name") == "同じ名前の条件があります。別の名前にしてください。"
    assert SavedView.objects.count() == 1


def test_changing_moving_removing(world: World) -> None:
    one, two = (save_view(f"by={LAB}", ViewWords(name), by=world.desk) for name in ("一", "二"))
    desk = client(world)
    assert desk.get(address("desk-view", view=one.pk)).status_code == 200
    assert desk.post(address("desk-view", view=one.pk), {"name": "壱", "is_default": "on"}).status_code == 302
    assert desk.post(address("desk-view-move", view=two.pk), {"to": "up"}).status_code == 302
    assert [row.name for row in SavedView.objects.owned_by(world.desk)] == ["二", "壱"]
    assert desk.post(address("desk-view-move", view=two.pk), {"to": "down"}).status_code == 302
    assert [row.name for row in SavedView.objects.owned_by(world.desk)] == ["壱", "二"]
    assert desk.post(address("desk-view-end", view=one.pk)).status_code == 302
    text = said(desk.get(address("desk-views")))
    assert ("「壱」を外しました。" in text, ">二<" in text) == (True, True)
    assert fault(desk.post(address("desk-view", view=two.pk), {"name": ""}), "name") == "ここを書いてください。"


@pytest.mark.parametrize("name", ["desk-view", "desk-view-move", "desk-view-end", "desk-view-seen"])
def test_anothers_view_is_not_there(world: World, name: str) -> None:
    theirs = save_view("", ViewWords("同僚の", shared=True), by=colleague())
    assert client(world).post(address(name, view=theirs.pk), {"name": "x"}).status_code == 404
    assert SavedView.objects.get().name == "同僚の"


def test_colleagues_views_are_shown_and_can_be_made_ones_own(world: World) -> None:
    save_view("late=on", ViewWords("遅れ", shared=True), by=colleague())
    save_view("late=on", ViewWords("内緒"), by=colleague(LAB))
    text = seen(world, "desk-views")
    assert ("遅れ" in text, "二番 花子" in text, "内緒" in text) == (True, True, False)
    assert f'{address("desk-view-new")}?late=on' in text
    assert "遅れ" in seen(world, "desk-cases")


def test_news_are_listed_and_put_away(world: World) -> None:
    made = save_view(f"by={DESK}", ViewWords("窓口", alert=True), by=world.desk)
    case = arrived(world).case
    ViewHit.objects.create(view=made, case=case, came_at=clock.now())
    text = seen(world, "desk-views")
    assert ("新しく1件" in text, case.number in text) == (True, True)
    assert "新1" in seen(world, "desk-cases", given={"state": "open"})
    assert client(world).post(address("desk-view-seen", view=made.pk)).status_code == 302
    text = seen(world, "desk-views")
    assert ("新しく1件" in text, case.number in text) == (False, False)


def test_a_view_that_stopped_calling_says_so(world: World) -> None:
    made = save_view(f"by={DESK}", ViewWords("窓口"), by=world.desk)
    SavedView.objects.filter(pk=made.pk).update(problem="too_wide")
    assert "知らせを止めました" in seen(world, "desk-views")


def test_empty_page_says_how_to_begin(world: World) -> None:
    assert "まだありません" in seen(world, "desk-views", BANK)


def test_the_board_takes_the_same_filters(world: World) -> None:
    running(world)
    arrived(world, "有限会社浦島製網")
    text = seen(world, "desk-board", given={"q": "浦島"})
    assert ("まぼろし計測" in text, "浦島製網" in text, "進行中 1件" in text) == (False, True, True)
    assert chips(text)["言葉・番号・会社名：浦島"] == f"{address('desk-board')}?state=open"
    assert f"{address('desk-cases')}?q=" in text


def test_the_page_of_views_takes_the_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    def queries() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as taken:
            seen(world, "desk-cases", given={"state": "open"})
        return len(taken)

    save_view("", ViewWords("一"), by=world.desk)
    queries()
    before = queries()
    save_view("late=on", ViewWords("二"), by=world.desk)
    save_view("idle=on", ViewWords("三"), by=world.desk)
    assert queries() == before
