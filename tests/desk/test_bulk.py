"""Deeds on chosen rows: the words, the summary, the deed, and what became of each."""

from __future__ import annotations

import re
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.models import Case
from tests.cases.making import fresh
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.desk.scene import arrived, running
from tests.world import BANK, DESK, LAB, World

WHERE = address("desk-bulk")


def hidden(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text):
        found.setdefault(name, []).append(value)
    found.pop("csrfmiddlewaretoken", None)
    return found


@pytest.fixture
def cases(world: World) -> list[Case]:
    return [arrived(world).case, arrived(world, "有限会社浦島製網").case, running(world).case]


def ids(cases: list[Case]) -> list[str]:
    return [str(one.pk) for one in cases]


def test_the_list_lets_rows_be_chosen(world: World, cases: list[Case]) -> None:
    text = seen(world, "desk-cases", given={"state": "open"})
    assert all(f'name="case" value="{one.pk}"' in text for one in cases)
    assert all(f'name="deed" value="{deed}"' in text for deed in ("assign", "step", "close"))


def test_nothing_happens_before_the_last_press(world: World, cases: list[Case]) -> None:
    desk = client(world)
    words = desk.post(WHERE, {"deed": "close", "case": ids(cases)})
    assert "選んだ案件 3件" in said(words)
    given = {"deed": "close", "stage": "check", "case": ids(cases), "reason": "solved", "words": "終わった。", "needs": "settled"}
    check = said(desk.post(WHERE, given))
    assert ("2件が変わります。1件は変えられません。" in check, "終わっていない支援が1件あります" in check) == (True, True)
    assert all(fresh(one).is_open for one in cases)
    done = said(desk.post(WHERE, hidden(check)))
    assert ("2件を変えました。0件は変えていません。" in done, "再開できます" in done) == (True, True)
    assert [fresh(one).state for one in cases] == ["closed", "closed", "active"]
    again = said(desk.post(WHERE, hidden(check)))
    assert "0件を変えました。2件は変えていません。" in again


def test_the_whole_page_at_once(world: World, cases: list[Case]) -> None:
    answer = client(world).post(WHERE, {"deed": "step", "every": "on", "row": ids(cases), "case": ids(cases[:1])})
    assert "選んだ案件 3件" in said(answer)


def test_assigning(world: World, cases: list[Case]) -> None:
    person = str(world.people[DESK].pk)
    check = client(world).post(WHERE, {"deed": "assign", "stage": "check", "case": ids(cases), "person": person})
    assert hidden(said(check))["person"] == [person]
    Case.objects.filter(pk=cases[0].pk).update(holder_person=None)
    assert "2件を変えました。" in said(client(world).post(WHERE, hidden(said(check))))
    assert str(fresh(cases[0]).holder_person_id) == person


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"deed": "step"}, "on", "同じ日か、延ばす営業日の、どちらか一方を入れてください。"),
        ({"deed": "step", "on": "明日", "later": "3"}, "on", "同じ日か、延ばす営業日の、どちらか一方を入れてください。"),
        ({"deed": "step", "on": "令和2年1月1日"}, "on", "令和2年1月1日は過ぎています。今日より後の日を入れてください。"),
        ({"deed": "step", "later": "61"}, "later", "1から60までの数を入れてください。"), ({"deed": "step", "later": "x"}, "later", "数字で入れてください。"),
        ({"deed": "close", "reason": "solved"}, "words", "ここを書いてください。"), ({"deed": "assign"}, "person", "1つ選んでください。"),
        ({"deed": "assign", "person": HOSTILE}, "person", "一覧にないものです。選び直してください。"),
    ],
)  # fmt: skip
def test_mistakes_are_said_and_the_choice_stays(world: World, cases: list[Case], given: dict[str, Any], field: str, sentence: str) -> None:
    answer = client(world).post(WHERE, {"stage": "check", "case": ids(cases), **given})
    assert answer.status_code == 200
    assert sentence in (fault(answer, field) or said(answer))
    assert sorted(hidden(said(answer))["case"]) == sorted(ids(cases))
    assert "<script>alert" not in said(answer)


def test_a_day_for_all(world: World, cases: list[Case]) -> None:
    check = client(world).post(WHERE, {"deed": "step", "stage": "check", "case": ids(cases[:2]), "on": "今日", "what": "まとめて電話する"})
    client(world).post(WHERE, hidden(said(check)))
    assert [(fresh(one).next_on, fresh(one).next_step) for one in cases[:2]] == [(clock.today(), "まとめて電話する")] * 2


def test_nobody_chosen_and_strange_ids(world: World, cases: list[Case]) -> None:
    for chosen in ([], ["no-id"], ["00000000-0000-4000-8000-000000000000"]):
        assert "案件が選ばれていません" in said(client(world).post(WHERE, {"deed": "close", "case": chosen}))
    assert client(world).post(WHERE, {"deed": "burn", "case": ids(cases)}).status_code == 404
    assert client(world).get(WHERE).status_code == 405


def test_only_what_the_body_sees_is_chosen(world: World, cases: list[Case]) -> None:
    assert "選んだ案件 1件" in said(client(world, LAB).post(address("desk-bulk", LAB), {"deed": "close", "case": ids(cases)}))
    assert "案件が選ばれていません" in said(client(world, BANK).post(address("desk-bulk", BANK), {"deed": "close", "case": ids(cases)}))
