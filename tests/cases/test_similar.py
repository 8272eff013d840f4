"""Cases like a text: by telling words, among the visible ones only, and nothing hidden moves the order."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base.actor import GUEST, Actor, link_holder
from renkei.base.context import acting
from renkei.cases.models import Case
from renkei.cases.queries.similar import MOST_WORDS, similar_cases, telling_words
from renkei.plan.models import Body
from tests.cases.making import arrived
from tests.world import BANK, DESK, LAB, World

TEXT = "電源装置の雷サージ試験を受けたい。絶縁の劣化も見たい。"


def case(world: World, title: str, summary: str, body: str = DESK) -> Case:
    made = arrived(world).case
    made.title, made.summary, made.received_by, made.holder = title, summary, Body.objects.get(pk=body), Body.objects.get(pk=body)
    made.at_desk = body == DESK
    made.index_text()
    made.save()
    return made


def found(text: str, actor: Actor, besides: uuid.UUID | None = None) -> list[str]:
    return [one.case.title for one in similar_cases(text, actor=actor, besides=besides)]


def test_the_most_telling_words_shared_come_first(world: World) -> None:
    case(world, "漁網の編み機", "網が切れる。")
    case(world, "電源の試験", "雷サージに弱い電源装置の絶縁を試験する。")
    case(world, "装置の雷", "雷で装置が止まる。")
    assert found(TEXT, world.desk)[0] == "電源の試験"
    assert "漁網の編み機" not in found(TEXT, world.desk)
    best = similar_cases(TEXT, actor=world.desk)[0]
    assert {"サージ", "絶縁", "電源"} <= set(best.words)


def test_one_word_alone_is_no_likeness_and_the_case_itself_is_not_among_them(world: World) -> None:
    own = case(world, "電源装置の雷サージ試験", "絶縁")
    assert found(TEXT, world.desk, own.pk) == []
    assert found(TEXT, world.desk) == ["電源装置の雷サージ試験"]
    assert found("サージ", world.desk) == []
    case(world, "サージ", "まったく別の話")
    assert found(TEXT, world.desk) == ["電源装置の雷サージ試験"]


@pytest.mark.parametrize("text", ["", "。", "😀", "a", "あの、それで、ええと", "'; DROP TABLE", "％" * 3000])
def test_texts_that_say_nothing_find_nothing(world: World, text: str) -> None:
    case(world, "電源装置の雷サージ試験", "絶縁")
    assert found(text, world.desk) == []


def test_telling_words_are_few_and_long_ones_first() -> None:
    told = telling_words("クロマトグラフと電源。" + "、".join(f"装置{n}号機" for n in range(40)) + "絶縁 劣化 試料 温度 湿度 圧力 流量 濃度 粘度 硬度")
    assert told[0] == "クロマトグラフ"
    assert len(told) == MOST_WORDS
    assert len(set(told)) == len(told)


def test_two_queries_whatever_is_found(world: World) -> None:
    for number in range(3):
        case(world, f"電源装置{number}", "雷サージの絶縁試験")
    with CaptureQueriesContext(connection) as queries:
        assert len(similar_cases(TEXT, actor=world.desk)) == 3
    assert len([one for one in queries if "cases_case" in one["sql"]]) == 2


def test_nobody_sees_or_infers_anothers_cases(committed_world: World, login: object) -> None:
    """What a bank took for itself changes neither what the lab is shown nor its order."""
    world = committed_world
    for title in ("電源装置の雷サージ試験", "電源装置の絶縁", "絶縁と雷サージ"):
        case(world, title, "試験を受けたい。", LAB)
    with login("web"):  # type: ignore[operator]  a fixture
        with acting(world.lab):
            before = [(one.case.title, one.words) for one in similar_cases(TEXT, actor=world.lab)]
    assert len(before) == 3
    for number in range(20):
        case(world, f"銀行の電源装置 絶縁 劣化{number}", "雷サージ", BANK)
    with login("web"):  # type: ignore[operator]  a fixture
        with acting(world.lab):
            assert [(one.case.title, one.words) for one in similar_cases(TEXT, actor=world.lab)] == before
        with acting(world.bank):
            assert all(one.case.holder_id == BANK for one in similar_cases(TEXT, actor=world.bank))
        with acting(GUEST):
            assert similar_cases(TEXT, actor=GUEST) == []


def test_the_index_of_grams_tells_no_case_more_than_the_policy(committed_world: World, login: object) -> None:
    """Asked past the policy, ``case_with`` must say itself what the policy says: of all there is, only what the actor sees."""
    world = committed_world
    held, other = case(world, "電源の絶縁", "雷サージ", LAB), case(world, "銀行の電源装置", "雷サージ", BANK)
    case(world, "粉体の混合", "かたまり", LAB)
    found = {}
    with login("web"):  # type: ignore[operator]  a fixture
        for actor in (world.desk, world.lab, world.bank, GUEST, link_holder(held.pk)):
            with acting(actor), connection.cursor() as cursor:
                cursor.execute("SELECT case_with(ARRAY['電源'])")
                found[actor] = {pk for (pk,) in cursor.fetchall()}
                shown = set(Case.objects.filter(grams__contains=["電源"]).values_list("pk", flat=True))
                assert found[actor] <= shown
                assert not actor.is_staff or found[actor] == shown
    assert list(found.values()) == [{held.pk, other.pk}, {held.pk}, {other.pk}, set(), set()]
