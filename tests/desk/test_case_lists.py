"""The cases of a body as a table."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import Case
from tests.desk.scene import arrived, asked, running
from tests.world import BANK, DESK, LAB, World


def listed(world: World, body: str, given: str = "") -> str:
    client = Client()
    client.force_login(world.people[body])
    answer = client.get(reverse("desk-cases", kwargs={"body": body}) + given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_list_shows_what_the_body_may_see(world: World) -> None:
    asked(world)
    arrived(world, "有限会社浦島製網")
    desk, lab, bank = (listed(world, body) for body in (DESK, LAB, BANK))
    assert ("まぼろし計測" in desk, "浦島製網" in desk) == (True, True)
    assert ("まぼろし計測" in lab, "浦島製網" in lab) == (True, False)
    assert ("まぼろし計測" in bank, "当てはまる案件はありません" in bank) == (False, True)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ("?q=水質計", 2), ("?q=浦島", 1), (f"?by={LAB}", 1), (f"?by={DESK}", 2), ("?stage=3", 2), ("?stage=2", 0),
        ("?state=arrived", 1), ("?state=active", 2), ("?state=closed", 0), ("?state=all", 3), ("?age=30", 2),
        ("?age=60", 1), ("?age=61", 0), ("?late=on", 1), ("?stage=3&stage=4&by=" + LAB, 1),
    ],
)  # fmt: skip
def test_list_is_narrowed(world: World, given: str, count: int) -> None:
    running(world)
    asked(world)
    old = arrived(world, "有限会社浦島製網").case
    moment = clock.at(clock.today() - dt.timedelta(days=30), 12)
    old.arrived_at, old.next_on, old.title = moment, clock.today() - dt.timedelta(days=1), "漁具の網"
    old.index_text()
    old.save()
    assert listed(world, DESK, given).count('scope="row"') == count


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("?q=水", "2文字以上で探してください。"), ("?by=nowhere", "一覧にないものです。"), ("?stage=99", "一覧にないものです。"),
        ("?age=x", "一覧にないものです。"), ("?order=%3Cb%3E", "一覧にないものです。"), ("?q=" + "あ" * 101, "100字までです"),
    ],
)  # fmt: skip
def test_unknown_filters_are_named_and_left_out(world: World, given: str, sentence: str) -> None:
    asked(world)
    text = listed(world, DESK, given)
    assert sentence in text
    assert text.count('scope="row"') == 1


def test_pages(world: World) -> None:
    first = arrived(world).case
    rows = []
    for n in range(55):
        copy = Case.objects.get(pk=first.pk)
        copy.pk, copy.number = uuid.uuid4(), f"県 8-1{n:03d}"
        rows.append(copy)
    Case.objects.bulk_create(rows)
    assert listed(world, DESK).count('scope="row"') == 50
    second = listed(world, DESK, "?page=2")
    assert second.count('scope="row"') == 6
    assert "前へ" in second
    assert listed(world, DESK, "?page=99").count('scope="row"') == 6


def test_list_takes_the_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    asked(world)
    client = Client()
    client.force_login(world.people[DESK])
    where = reverse("desk-cases", kwargs={"body": DESK})
    client.get(where)
    for _more in range(2):
        with django_assert_num_queries(LIST_QUERIES):
            client.get(where)
        asked(world)
        asked(world)


LIST_QUERIES = 24
