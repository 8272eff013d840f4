"""The board: open cases by stage, body and age, with alarms first [C78]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import Case, Consent, Transition
from tests.desk.scene import arrived, asked, running
from tests.world import BANK, CENTER, DESK, LAB, World


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def board(world: World, body: str = DESK, given: str = "") -> str:
    answer = client(world, body).get(reverse("desk-board", kwargs={"body": body}) + given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def cards(text: str) -> int:
    return text.count('<li class="card')


def set_back(case: Case, *, days: int) -> None:
    """Let the case have arrived ``days`` ago (today is the first day)."""
    Case.objects.filter(pk=case.pk).update(arrived_at=clock.at(clock.today() - dt.timedelta(days=days), 12))


@pytest.mark.covers("C78")
def test_columns_by_stage_with_counts_and_next_date(world: World) -> None:
    scene = running(world)
    arrived(world, "有限会社浦島製網")
    text = board(world)
    columns = text.split('<section class="col ')[1:]
    names = [column[column.index("<h3") : column.index("</h3>")] for column in columns]
    assert [cards(column) for column in columns][:1] == [1]
    assert "振り分け前" in names[0]
    tests = next(column for column in columns if "開発・試験" in column)
    assert (cards(tests), "株式会社まぼろし計測" in tests, "工業試験所" in tests) == (1, True, True)
    assert reverse("desk-case", kwargs={"body": DESK, "case": scene.case.pk}) in tests
    assert "進行中 2件" in text


@pytest.mark.covers("C78")
def test_alarms_name_what_is_late_and_whose_consent_runs_out(world: World) -> None:
    assert "遅れているものはありません" in board(world)
    late, ending = arrived(world, "有限会社浦島製網").case, running(world)
    Case.objects.filter(pk=late.pk).update(next_on=clock.today() - dt.timedelta(days=7))
    Consent.objects.filter(case=ending.case, body_id=LAB).update(until=clock.today() + dt.timedelta(days=5))
    text = board(world)
    alarms = text[text.index('<ul class="alarm">') : text.index("段階ごと")]
    assert alarms.index("営業日超過") < alarms.index("浦島製網") < alarms.index("同意の期限") < alarms.index("まぼろし計測")
    assert text.count('class="card is-late"') == 1


@pytest.mark.covers("C78")
def test_narrowed_by_body_and_age(world: World) -> None:
    scene = running(world)
    other = asked(world)
    set_back(other.case, days=40)
    assert cards(board(world)) == 2
    assert cards(board(world, given=f"?by={LAB}")) == 1
    assert cards(board(world, given=f"?by={CENTER}")) == 0
    assert [cards(board(world, given=f"?age={age}")) for age in ("30", "60", "61")] == [1, 1, 0]
    text = board(world, given=f"?by={LAB}&age=30")
    assert text.count('aria-current="true"') == 2
    assert scene.case.holder_id == LAB


def test_old_cases_stand_out_and_can_come_first(world: World) -> None:
    old, young = arrived(world, "有限会社浦島製網").case, arrived(world, "天狗鼻ばね株式会社").case
    set_back(old, days=76)
    Case.objects.filter(pk=old.pk).update(next_on=clock.today() + dt.timedelta(days=9))
    Case.objects.filter(pk=young.pk).update(next_on=clock.today() + dt.timedelta(days=1))
    by_date, by_age = board(world).split("段階ごと")[1], board(world, given="?order=age").split("段階ごと")[1]
    assert '<span class="age old">77日目</span>' in by_date
    assert by_date.index("天狗鼻") < by_date.index("浦島")
    assert by_age.index("浦島") < by_age.index("天狗鼻")


def test_a_long_column_shows_some_and_opens_whole(world: World) -> None:
    for n in range(10):
        arrived(world, f"会社{n}号株式会社")
    text = board(world)
    assert cards(text) == 8
    assert "ほか2件を見る" in text
    assert cards(board(world, given="?only=arrived")) == 10


def test_each_body_sees_its_own(world: World) -> None:
    asked(world)
    arrived(world, "有限会社浦島製網")
    assert [cards(board(world, body)) for body in (DESK, LAB, CENTER, BANK)] == [2, 1, 1, 0]


@pytest.mark.parametrize("given", ["?by=nowhere", "?age=x", "?order='; --", "?only=%3Cb%3E", "?by=" + "a" * 500])
def test_unknown_filters_break_nothing(world: World, given: str) -> None:
    asked(world)
    before = Transition.objects.count()
    text = board(world, given=given)
    assert "<b>x" not in text
    assert Transition.objects.count() == before


def test_members_only_and_read_only(world: World) -> None:
    where = reverse("desk-board", kwargs={"body": DESK})
    assert client(world, LAB).get(where).status_code == 404
    assert Client().get(where).status_code == 302
    assert client(world, DESK).post(where).status_code == 405


def test_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    asked(world)
    desk, where = client(world, DESK), reverse("desk-board", kwargs={"body": DESK})
    desk.get(where)
    for _more in range(2):
        with django_assert_num_queries(QUERIES):
            desk.get(where)
        asked(world)
        asked(world)


QUERIES = 23
