"""The catalogue's list and its entries as staff read them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.models import CREDIT, Entry
from tests.desk.pages import HOSTILE, address, client, part, said, seen
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
CALL = WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25))
OVER = WindowRow("call", dt.date(2026, 6, 1), dt.date(2026, 7, 1))
ROWS = [
    EntryRow(id="EQ1", kind="equipment", name="膜厚計", kana="マクアツケイ", body=LAB, summary="めっきの厚さを測る。", is_public=True,
             facts={"hourly_yen": 1540, "training_level": 2, "standards": ["JIS H 8501"], "eligible": {"sme_only": True, "municipalities": ["999016"]}},
             tech_fields=["metal"], themes=["iot"], url="https://lab.example/eq1", source="試験所の一覧", source_on=dt.date(2026, 4, 1)),
    EntryRow(id="PG1", kind="programme", name="試作の補助金", body=CENTER, windows=(CALL,), is_public=True,
             facts={"eligible": {"consortium_min": 0, "in_prefecture": False, "jsic": ["E"]}}),
    EntryRow(id="PG2", kind="programme", name="終わった補助金", body=CENTER, windows=(OVER,), is_public=True),
    EntryRow(id="PE1", kind="person", name="小出 渉", kana="コイデ ワタル", body=LAB, facts={"post": "coordinator"}),
    EntryRow(id="EX1", kind="outside", name="大型の炉", owner_name="となりの県の試験場", is_public=True, last_checked=dt.date(2020, 1, 1)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def kept(world: World) -> World:
    """A handful of entries kept on screen, and one of another module."""
    put_entries(ROWS, kept_by="screen", by=SYSTEM)
    put_entries([EntryRow(id="MD1", kind="test", name="引張試験", body=LAB)], kept_by="lab", by=SYSTEM)
    return world


def names(page: str) -> list[str]:
    return re.findall(r'class="t" href="[^"]+">([^<]+)</a>', page)


def test_an_empty_catalogue_says_how_it_fills(world: World) -> None:
    page = seen(world, "desk-catalogue")
    assert "まだ何もありません" in page
    assert names(page) == []
    assert "見つかりません" in seen(world, "desk-catalogue", given={"q": "ない"})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"膜厚計", "試作の補助金", "終わった補助金", "小出 渉", "大型の炉", "引張試験"}),
        ({"kind": "programme"}, {"試作の補助金", "終わった補助金"}),
        ({"kind": "robot", "state": "what"}, {"膜厚計", "試作の補助金", "終わった補助金", "小出 渉", "大型の炉", "引張試験"}),
        ({"of": LAB}, {"膜厚計", "小出 渉", "引張試験"}),
        ({"of": "-"}, {"大型の炉"}),
        ({"q": "まくあつ"}, {"膜厚計"}),
        ({"q": "となりの県"}, {"大型の炉"}),
        ({"q": "PG2"}, {"終わった補助金"}),
        ({"state": "ok"}, {"膜厚計", "試作の補助金", "小出 渉", "引張試験", "大型の炉"}),
        ({"state": "dead"}, {"終わった補助金"}),
        ({"state": "mine"}, {"大型の炉"}),
        ({"state": "inside"}, {"小出 渉", "引張試験"}),
        ({"state": "public", "kind": "outside"}, {"大型の炉"}),
    ],
)  # fmt: skip
def test_filters_leave_what_they_say(kept: World, given: dict[str, str], found: set[str]) -> None:
    page = seen(kept, "desk-catalogue", given=given)
    assert set(names(page)) == found
    assert f"{len(found)}件" in page


def test_a_body_may_ask_for_what_it_keeps(kept: World) -> None:
    assert set(names(seen(kept, "desk-catalogue", LAB, {"state": "mine"}))) == {"膜厚計", "小出 渉"}
    assert set(names(seen(kept, "desk-catalogue", BANK, {"state": "mine"}))) == set()


def test_a_page_holds_fifty(world: World) -> None:
    put_entries([EntryRow(id=f"SD{n:03}", kind="seed", name=f"シーズ{n:03}", body=LAB) for n in range(51)], kept_by="screen", by=SYSTEM)
    assert (len(names(seen(world, "desk-catalogue"))), names(seen(world, "desk-catalogue", given={"page": "2"}))) == (50, ["シーズ050"])


def test_an_entry_says_what_for_whom_when_and_who_keeps_it(kept: World) -> None:
    page = seen(kept, "desk-catalogue-entry", BANK, entry="EQ1")
    words = re.sub(r"<[^>]+>", " ", page)
    for line in ("めっきの厚さを測る。", "金属", "IoT", "1,540円", "JIS H 8501", "期間は決まっていません", "工業試験所の職員", "だれでも（公開）",
                 "試験所の一覧", "4月1日の一覧から"):  # fmt: skip
        assert line in words, line
    rules = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", part(page, 'id="r"', "</section>"))
    assert rules == [("中小企業だけ", "はい"), ("市町村", "ひばり市")]


def test_what_asks_for_nothing_says_nothing(kept: World) -> None:
    page = seen(kept, "desk-catalogue-entry", entry="PG1")
    assert re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", part(page, 'id="r"', "</section>")) == [("業種", "E")]
    assert "12月1日から受け付けます。" in page


def test_dead_entries_are_shown_as_such(kept: World) -> None:
    assert "受付は" in part(seen(kept, "desk-catalogue-entry", entry="PG2"), 'class="note warn"', "</p>")
    withdraw_entries(["EQ1"], kept_by="screen", on=TODAY, by=SYSTEM, reason="壊れました")
    note = part(seen(kept, "desk-catalogue-entry", entry="EQ1"), 'class="note warn"', "</p>")
    assert "取り下げました。（壊れました）" in note
    assert "探しても提案には出ません" in note


def test_no_such_entry(kept: World) -> None:
    assert client(kept).get(address("desk-catalogue-entry", entry="none")).status_code == 404


def test_hostile_words_stay_words(world: World) -> None:
    put_entries([EntryRow(id="X1", kind="seed", name=HOSTILE, summary=HOSTILE, owner_name=HOSTILE, text=HOSTILE, facts={"wants": HOSTILE})],
                kept_by="screen", by=SYSTEM)  # fmt: skip
    for page in (seen(world, "desk-catalogue", given={"q": HOSTILE[:9]}), seen(world, "desk-catalogue-entry", entry="X1")):
        assert "<script>alert" not in page


def test_the_list_asks_as_often_for_three_as_for_one(world: World, django_assert_num_queries: object) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for ids in (["A1"], ["A1", "A2", "A3"]):
        put_entries([EntryRow(id=one, kind="seed", name=one, body=LAB) for one in ids], kept_by="screen", by=SYSTEM)
        one = client(world)
        one.get(address("desk-catalogue"))
        with CaptureQueriesContext(connection) as asked:
            assert len(names(said(one.get(address("desk-catalogue"))))) == len(ids)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_days_of_an_event_are_told_from_those_of_applying(world: World) -> None:
    window = WindowRow(kind="meeting", closes=dt.date(2027, 1, 18), starts=dt.date(2027, 1, 22))
    put_entries([EntryRow(id="EV1", kind="event", name="見学会", body=LAB, windows=[window])], kept_by="screen", by=SYSTEM)
    words = " ".join(re.sub(r"<[^>]+>", " ", part(seen(world, "desk-catalogue-entry", entry="EV1"), 'id="w"', "</section>")).split())
    assert "会合 申込み 〜令和9年1月18日 令和9年1月22日に始まります" in words


def test_the_list_carries_the_credit_a_source_asks_for(kept: World) -> None:
    assert CREDIT not in seen(kept, "desk-catalogue")
    Entry.objects.filter(pk="PG1").update(source=CREDIT)
    assert seen(kept, "desk-catalogue").count(CREDIT) == 1


def test_entries_are_everybodys_of_the_staff(kept: World) -> None:
    assert [Entry.objects.visible_to(kept.actor(body)).count() for body in (DESK, LAB, BANK)] == [6, 6, 6]
