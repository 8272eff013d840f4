"""Search over cases, firms and entries, with what one may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.desk.search import views
from renkei.matching.proposal import EntryHit
from tests.desk.scene import arrived, asked
from tests.world import BANK, DESK, LAB, World


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The index is proven elsewhere; here one entry answers every search."""
    calls: list[tuple[str, int]] = []

    def search(text: str, *, actor: Any, limit: int = 20) -> list[EntryHit]:
        calls.append((text, limit))
        return [EntryHit("EQ001", "equipment", 1.0, "落下試験機", "高さ1.5メートルまで")]

    monkeypatch.setattr(views, "search_entries", search)
    return calls


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def find(world: World, body: str, **given: str) -> str:
    answer = client(world, body).get(reverse("desk-search", kwargs={"body": body}), given)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("text", ["水質", "まぼ", "マボロシ", "計測", "8-0001"])
def test_two_characters_in_any_writing_find_a_case_or_its_firm(world: World, text: str) -> None:
    asked(world)
    found = find(world, DESK, q=text)
    assert "株式会社まぼろし計測" in found
    assert "見つかりませんでした" not in found


def test_a_body_finds_only_what_it_may_see(world: World) -> None:
    scene = asked(world)
    arrived(world, "有限会社浦島製網")
    case = reverse("desk-case", kwargs={"body": LAB, "case": scene.case.pk})
    assert case in find(world, LAB, q="水質計")
    assert "浦島" not in find(world, LAB, q="浦島").replace('value="浦島"', "").replace("<title>浦島", "")
    bank = find(world, BANK, q="まぼろし")
    assert reverse("desk-case", kwargs={"body": BANK, "case": scene.case.pk}) not in bank
    assert "株式会社まぼろし計測" not in bank


def test_a_place_shows_only_its_own_and_more(world: World, index: list[tuple[str, int]]) -> None:
    for _n in range(views.FEW + 1):
        asked(world)
    everything = find(world, DESK, q="水質計")
    assert everything.count("/case/") == views.FEW
    assert "案件をもっと見る" in everything
    assert "落下試験機" in everything
    cases = find(world, DESK, **{"q": "水質計", "in": "cases"})
    assert cases.count("/case/") == views.FEW + 1
    assert "落下試験機" not in cases
    assert index == [("水質計", views.FEW + 1)]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"q": "水"}, "2文字以上で探してください。"),
        ({"q": "株式会社"}, "2文字以上で探してください。"),
        ({"q": "あ" * 101}, "100字までで探してください。"),
        ({"q": "水質", "in": "everything"}, "探す場所を一覧から選んでください。"),
    ],
)
def test_wrong_searches_say_so_and_keep_the_words(world: World, given: dict[str, str], sentence: str) -> None:
    asked(world)
    found = find(world, DESK, **given)
    assert sentence in found
    assert f'value="{given["q"]}"' in found
    assert "落下試験機" not in found
    assert "/case/" not in found


def test_nothing_found_says_what_to_try(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "search_entries", lambda *_a, **_k: [])
    assert "見つかりませんでした" in find(world, DESK, q="ないことば")


def test_hostile_words_are_only_words(world: World) -> None:
    asked(world)
    found = find(world, DESK, q="<script>'; DROP TABLE x; --\x00")
    assert "<script>'" not in found
    assert "&lt;script&gt;" in found


def test_members_only(world: World) -> None:
    url = reverse("desk-search", kwargs={"body": DESK})
    assert client(world, LAB).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert client(world, DESK).post(url).status_code == 405
