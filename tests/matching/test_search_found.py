"""What a search finds, for whom, in which writing, in which order, and with how many questions to the database."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching import search as searching
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.models import Entry
from renkei.matching.search import search
from tests.matching.conftest import TODAY
from tests.world import BANK, LAB, World

Region = Callable[..., World]
Login = Callable[[str], AbstractContextManager[None]]
HIDDEN = ("PE1", "PC1")
OUTSIDERS = [
    GUEST, link_holder(uuid4()), link_holder(uuid4(), BANK), Actor(ActorKind.COMPANY, person=uuid4()),
    Actor(ActorKind.STAFF, person=uuid4()),
]  # fmt: skip


def ids(text: str, actor: Actor = SYSTEM, **limits: Any) -> list[str]:
    return [hit.id for hit in search(text, actor=actor, **limits)]


def add(*rows: tuple[str, str, str], public: bool = True) -> None:
    put_entries(
        [EntryRow(id=key, kind="equipment", name=name, kana=kana, is_public=public) for key, name, kana in rows],
        kept_by="more", by=SYSTEM,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["膜厚", "引張", "試作", "開発", "耐火", "扉の", "小出", "事例"])
def test_two_kanji_are_enough(region: Region, text: str) -> None:
    region()
    shown = {entry.id for entry in Entry.objects.all() if text in f"{entry.name}{entry.summary}"}
    assert shown
    assert shown <= set(ids(text))


@pytest.mark.parametrize("text", ["ﾏｸｱﾂ", "まくあつ", "マクアツ", "ﾏｸ", "まく", "マク", "アツケイ", "あつけい"])
def test_a_reading_is_found_in_every_kana(region: Region, text: str) -> None:
    region()
    assert ids(text)[0] == "EQ1"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("鐵鋼", "鉄鋼の硬さ計"), ("３Ｄ", "3Dプリンタ"), ("3d", "3Dプリンタ"), ("ＸＲＤ", "XRD装置"),
        ("xrd", "XRD装置"), ("ﾌﾟﾘﾝﾀ", "3Dプリンタ"), ("㍉波", "ミリ波の暗室"), ("ｴﾝｼﾞﾝ", "エンジン台"), ("せんさー", "センサー校正器"),
    ],
)  # fmt: skip
def test_width_case_and_old_characters_make_no_difference(region: Region, text: str, name: str) -> None:
    region()
    add(("X1", name, ""))
    assert ids(text)[0] == "X1"


@pytest.mark.parametrize("text", ["株式会社", "（株）", "・", "ー", "。。", "  ", "\u200b", "\ufeff", "（）"])
def test_what_leaves_no_word_is_not_a_search_for_everything(region: Region, text: str) -> None:
    region()
    assert ids(text) == []


@pytest.mark.parametrize("text", ["%", "_", "%%", "__", "\\", "膜%", "膜_計", "'; DROP TABLE matching_entry; --", "<b>"])
def test_signs_of_the_query_language_stand_for_themselves(region: Region, text: str) -> None:
    region()
    add(("SIGN", f"記号{text}器", ""))
    hits = search(text, actor=SYSTEM)
    assert hits[0].id == "SIGN"
    assert [hit.id for hit in hits if hit.score == 1.0 and text in hit.words] == ["SIGN"]
    assert Entry.objects.filter(pk="EQ1").exists()


@pytest.mark.parametrize("text", ["膜\x00厚", "\u202e膜厚", "\u200b膜厚\u200b", "\r\n膜厚\r\n", "\ufeff膜厚"])
def test_unseen_characters_are_laid_aside(region: Region, text: str) -> None:
    region()
    assert ids(text) == ids("膜厚")


def test_only_the_first_four_hundred_characters_are_searched_for(region: Region) -> None:
    region()
    assert ids("あ" * 400 + "膜厚計") == []
    assert "EQ1" in ids("あ" * 390 + "。膜厚計")


@pytest.mark.parametrize("actor", OUTSIDERS, ids=lambda actor: f"{actor.kind}-{actor.body}")
@pytest.mark.parametrize("text", ["めっきの剥がれ", "小出", "コイデ", "めっきの事例", "剥がれる", "めっき", "渉"])
def test_what_only_staff_may_know_is_not_found_by_others(region: Region, actor: Actor, text: str) -> None:
    region()
    assert {"PE1", "PC1"} & set(ids(text)) != set()
    assert set(ids(text, actor)) & set(HIDDEN) == set()


def test_hidden_entries_take_no_place_in_the_list_of_others(region: Region) -> None:
    """Twenty hidden ones that fit better must not push the one public entry out of a short list."""
    region()
    put_entries(
        [EntryRow(id=f"S{n:02}", kind="equipment", name="防水の試験槽", summary="防水の試験。") for n in range(20)],
        kept_by="more", by=SYSTEM,
    )  # fmt: skip
    add(("OPEN", "防水を見る水槽と照明", ""))
    assert "OPEN" in ids("防水の試験槽", GUEST, limit=2)
    assert set(ids("防水の試験槽", GUEST)) & {f"S{n:02}" for n in range(20)} == set()


def test_the_score_of_a_public_entry_tells_nothing_of_hidden_ones(region: Region) -> None:
    region()
    before = [(hit.id, hit.score) for hit in search("めっきの厚さ", actor=GUEST)]
    put_entries([EntryRow(id="BEST", kind="equipment", name="めっきの厚さの計", summary="めっきの厚さ。")], kept_by="more", by=SYSTEM)
    assert ids("めっきの厚さ")[0] == "BEST"
    assert [(hit.id, hit.score) for hit in search("めっきの厚さ", actor=GUEST)] == before


def test_under_the_web_login_staff_and_guests_see_what_is_theirs(committed_world: World, index_home: Path, login: Login) -> None:
    add(("OPEN", "防水の水槽", ""))
    add(("SHUT", "防水の小部屋", ""), public=False)
    with login("web"):
        with acting(committed_world.lab):
            assert ids("防水", committed_world.lab) == ["OPEN", "SHUT"]
        with acting(GUEST):
            assert ids("防水", GUEST) == ["OPEN"]
            assert ids("小部屋", GUEST) == []


def test_a_withdrawn_entry_is_found_by_no_way(region: Region) -> None:
    world = region()
    withdraw_entries(["EQ1"], kept_by="test", on=TODAY, by=SYSTEM)
    for text in ("膜厚計", "マクアツケイ", "めっきの厚さ", "膜"):
        for actor in (world.lab, SYSTEM, GUEST):
            assert "EQ1" not in ids(text, actor)


def test_named_ones_come_first_by_id_then_the_others_by_score(region: Region) -> None:
    region()
    add(("Z1", "硬さ計", ""), ("A1", "硬さ計の台", ""))
    put_entries([EntryRow(id="B1", kind="seed", name="焼入れ", summary="硬さが上がる。")], kept_by="more", by=SYSTEM)
    hits = search("硬さ", actor=SYSTEM)
    assert [hit.id for hit in hits[:2]] == ["A1", "Z1"]
    assert {hit.score for hit in hits[:2]} == {1.0}
    assert "B1" in [hit.id for hit in hits[2:]]
    assert len({hit.id for hit in hits}) == len(hits)


@pytest.mark.parametrize("limit", [1, 2, 5, 20])
def test_no_more_than_asked_for(region: Region, limit: int) -> None:
    region()
    add(*[(f"N{n:02}", f"振動台{n}", "") for n in range(12)])
    found = ids("振動", limit=limit)
    assert found[:12] == [f"N{n:02}" for n in range(12)][:limit]
    assert len(found) <= limit


def test_kinds_bind_names_as_well_as_words(region: Region) -> None:
    region()
    assert ids("膜厚計", kinds=["person"]) == []
    assert ids("膜厚計", kinds=["equipment", "person"])[0] == "EQ1"
    assert {hit.kind for hit in search("めっき", actor=SYSTEM, kinds=["person", "example"])} == {"person", "example"}


def test_services_and_tests_are_in_the_search_though_no_proposal_names_them(region: Region) -> None:
    region()
    put_entries([EntryRow(id="T1", kind="test", name="塩水噴霧試験", is_public=True)], kept_by="more", by=SYSTEM)
    assert ids("塩水噴霧", GUEST) == ["T1"]
    assert ids("塩水噴霧", GUEST, kinds=[]) == []


def test_without_a_plan_the_search_says_so(db: None, index_home: Path) -> None:
    with pytest.raises(Refused):
        search("膜厚", actor=SYSTEM)
    assert search("", actor=SYSTEM) == []


def test_the_number_of_questions_does_not_grow_with_what_is_found(region: Region) -> None:
    region()
    add(("N0", "振動台", ""))
    ids("振動")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            ids("振動")
        return len(queries)

    one = asked()
    add(*[(f"N{n}", f"振動台{n}", "") for n in range(1, 9)])
    ids("振動")
    assert {f"N{n}" for n in range(9)} <= set(ids("振動"))
    assert asked() == one


def test_writings_are_the_typed_one_and_its_kin() -> None:
    assert searching._writings("ﾒｯｷ") == {"ﾒｯｷ", "メッキ"}
    assert searching._writings("めっき") == {"めっき", "メッキ"}
    assert searching._writings("鐵鋼") == {"鐵鋼", "鉄鋼"}
    assert searching._writings("センサー") == {"センサー", "センサ"}


@settings(max_examples=40)
@given(st.text(min_size=2, max_size=30).filter(lambda text: len(unicodedata.normalize("NFKC", text).strip()) > 1))
def test_no_writing_of_a_longer_text_is_one_letter_or_none(text: str) -> None:
    """An empty one would find everything, a single letter left of a long text nearly so."""
    assert [written for written in searching._writings(text) if len(written) < 2] == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_whatever_is_typed_gets_a_list_of_what_may_be_seen(searched: World, text: str) -> None:
    open_ids = {"EQ1", "EQ2", "PG1", "PG2", "EX1"}
    guests = search(text, actor=GUEST)
    assert {hit.id for hit in guests} <= open_ids
    assert all(0 < hit.score <= 1 for hit in guests)
    assert len({hit.id for hit in search(text, actor=SYSTEM)}) == len(search(text, actor=SYSTEM))


@pytest.fixture
def searched(region: Region) -> World:
    world = region()
    index.ensure()
    assert world.actor(LAB).is_staff
    return world
