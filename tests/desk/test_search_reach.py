"""How far a search reaches: what one may see and nothing else, odd words, order, and more than fits."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case
from renkei.companies.actions import Profile, register_company
from renkei.desk.search import views
from renkei.matching.proposal import EntryHit
from tests.desk.pages import HOSTILE, address, client, part, said, seen
from tests.desk.scene import NOW, arrived, asked
from tests.desk.waiting import copies, waiting
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def hits(monkeypatch: pytest.MonkeyPatch) -> list[EntryHit]:
    """What the index answers; it is proven elsewhere."""
    found: list[EntryHit] = []
    monkeypatch.setattr(views, "search_entries", lambda _text, **more: found[: more["limit"]])
    return found


def find(world: World, words: str, body: str = DESK, place: str = "") -> str:
    return seen(world, "desk-search", body, {"q": words} | ({"in": place} if place else {}))


def cases(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="/d/[\w-]+/case/([^/]+)/"', text)


def firms(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="/d/[\w-]+/company/[^"]+">([^<]+)</a>', text)


def test_nothing_typed_is_no_search_and_no_failure(world: World) -> None:
    arrived(world)
    for words in ("", "  ", "\u200b\u202e", "\x00"):
        text = find(world, words)
        assert (cases(text), firms(text), "見つかりませんでした" in text, 'class="err"' in text) == ([], [], False, False)
        assert "autofocus" in text


@pytest.mark.parametrize("words", ["水質計", "水質 計", "8-0001", "県8-0001", "８－０００１", "マボロシ", "株式会社まぼろし計測"])
def test_the_desk_finds_a_case_or_its_firm_in_any_writing(world: World, words: str) -> None:
    case = asked(world).case
    text = find(world, words)
    assert str(case.pk) in cases(text) or firms(text) == ["株式会社まぼろし計測"]


@pytest.mark.parametrize("words", ["計質水", "水質計ではない", "%%", "水%計", "' OR 1=1 --", "🐙🐙"])
def test_signs_of_a_database_are_only_words(world: World, words: str) -> None:
    asked(world)
    text = find(world, words)
    assert (cases(text), firms(text)) == ([], [])


@pytest.mark.parametrize(("body", "count"), [(DESK, 1), (LAB, 1), (CENTER, 1), (BANK, 0)])
def test_each_body_finds_the_case_it_was_asked_about(world: World, body: str, count: int) -> None:
    asked(world)
    assert len(cases(find(world, "水質計", body))) == count


def test_an_offer_that_has_not_left_is_not_found(world: World) -> None:
    asked(world, left=False)
    assert cases(find(world, "水質計", LAB)) == []


def test_a_foreign_case_stands_neither_in_the_list_nor_behind_more(world: World) -> None:
    asked(world)
    for _ in range(views.FEW + 1):
        arrived(world, summary="水質計の話", title="水質計の別の話")
    text = find(world, "水質計", LAB)
    assert len(cases(text)) == 1
    assert "案件をもっと見る" not in text
    assert "案件をもっと見る" in find(world, "水質計")


def test_a_foreign_firm_is_not_found_by_name_number_or_people(world: World) -> None:
    register_company(Profile(name="有限会社浦島製網", kana="ウラシマセイモウ", phone="043-200-3000"), by=world.desk)
    for words in ("浦島", "ウラシマ", "043-200"):
        assert firms(find(world, words)) == ["有限会社浦島製網"]
        for body in (LAB, BANK):
            assert firms(find(world, words, body)) == []
            assert "見つかりませんでした" in find(world, words, body)


def test_the_web_login_finds_what_the_page_may_show_and_no_more(committed_world: World, login: Any) -> None:
    known = asked(committed_world).case
    foreign = arrived(committed_world, "有限会社浦島製網", title="水質計の秘密").case
    with login("web"):
        for body, found in ((DESK, {known.pk, foreign.pk}), (LAB, {known.pk}), (BANK, set())):
            text = find(committed_world, "水質計", body)
            assert {one.split("/")[-1] for one in cases(text)} == {str(one) for one in found}
            assert ("浦島" in text) == (body == DESK)


def test_the_newest_case_stands_first_and_each_says_how_it_stands(world: World) -> None:
    late, done, open_one = waiting(world, "架空一号", -1), waiting(world, "架空二号"), waiting(world, "架空三号", 2)
    with clock.moved_to(NOW):
        close_case(done, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
        for hours, case in enumerate((open_one, done, late)):
            Case.objects.filter(pk=case.pk).update(arrived_at=NOW - dt.timedelta(hours=hours))
        text = find(world, "架空", place="cases")
    assert cases(text) == [str(open_one.pk), str(done.pk), str(late.pk)]
    rows = re.findall(r'<li class="notice-line([^"]*)">(.*?)</li>', text, re.DOTALL)
    assert [bool(kind) for kind, _row in rows] == [False, False, True]
    assert ["終了" in row for _kind, row in rows] == [False, True, False]
    assert "あと2日" in rows[0][1]
    assert "1営業日超過" in rows[2][1]


@pytest.mark.parametrize(("count", "everywhere", "alone", "more"), [(views.FEW, 6, 6, False), (views.FEW + 1, 6, 7, True), (views.MANY + 1, 6, 50, True)])
def test_a_place_shows_few_among_others_and_many_alone(world: World, count: int, everywhere: int, alone: int, more: bool) -> None:
    copies(waiting(world, "架空000"), count - 1)
    text = find(world, "架空")
    assert (len(cases(text)), "案件をもっと見る" in text) == (everywhere, more)
    assert len(cases(find(world, "架空", place="cases"))) == alone


@pytest.mark.parametrize(
    ("place", "shown"),
    [("", (True, True, True)), ("cases", (True, False, False)), ("companies", (False, True, False)), ("entries", (False, False, True))],
)
def test_a_place_shows_its_own_only(world: World, hits: list[EntryHit], place: str, shown: tuple[bool, ...]) -> None:
    asked(world)
    hits.append(EntryHit("EQ001", "equipment", 1.0, "落下試験機", "高さ1.5メートルまで"))
    text = find(world, "まぼろし", place=place)
    assert (bool(cases(text)), bool(firms(text)), "落下試験機" in text) == shown
    current = re.findall(r'<a href="([^"]+)" aria-current="true">([^<]+)', part(text, '<nav class="filtrow"', "</nav>"))
    assert len(current) == 1
    assert (f'name="in" value="{place}"' in text) == bool(place)


@pytest.mark.parametrize(("kind", "label"), [*[(one, str(label)) for one, label in views.KINDS.items()], ("strange", "strange")])
def test_each_kind_of_entry_has_a_name_people_know(world: World, hits: list[EntryHit], kind: str, label: str) -> None:
    hits.append(EntryHit("X1", kind, 1.0, HOSTILE, HOSTILE))
    text = find(world, "試験")
    assert re.findall(r'<span class="tag">([^<]+)', text) == [label]
    assert "<script>alert" not in text


@pytest.mark.parametrize("words", ["架空&in=companies", "架空#x", "架空?q=1", '架空"', "架空 製作所"])
def test_links_to_places_carry_the_words_unharmed(world: World, words: str) -> None:
    link = re.findall(r'<a href="(\?q=[^"]+in=cases)"', find(world, words))[0].replace("&amp;", "&")
    answer = client(world).get(address("desk-search") + link)
    assert answer.status_code == 200
    assert answer.context["q"] == words
    assert answer.context["place"] == "cases"


@pytest.mark.parametrize(("words", "long"), [("あ" * 100, False), ("あ" * 101, True), (f"  {'あ' * 100}  ", False)])
def test_a_hundred_characters_are_the_most(world: World, words: str, long: bool) -> None:
    text = find(world, words)
    assert ("100字までで探してください。" in text) == long
    assert ('aria-describedby="q_error"' in text) == long


@pytest.mark.parametrize("place", ["everything", "CASES", "cases ", HOSTILE])
def test_an_unknown_place_is_told_and_searches_nowhere(world: World, hits: list[EntryHit], place: str) -> None:
    asked(world)
    text = find(world, "水質計", place=place)
    assert "探す場所を一覧から選んでください。" in text
    assert (cases(text), "<script>alert" in text) == ([], False)


def test_a_search_takes_no_more_queries_for_more_found(world: World) -> None:
    one, counts, first = client(world), [], waiting(world, "架空000", 1)
    with clock.moved_to(NOW):
        for more in (0, 4):
            for number in range(more):
                register_company(Profile(name=f"架空{number}工業"), by=world.desk)
            copies(first, more)
            said(one.get(address("desk-search"), {"q": "架空"}))
            with CaptureQueriesContext(connection) as queries:
                text = said(one.get(address("desk-search"), {"q": "架空"}))
            counts.append((len(queries), len(cases(text)), len(firms(text))))
    assert [found for _queries, *found in counts] == [[1, 1], [5, 5]]
    assert counts[0][0] == counts[1][0]
