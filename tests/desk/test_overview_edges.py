"""The overview for those who ask oddly: other looks, other bodies, English, a plan that is over, a year's end."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client

from renkei.base import clock
from renkei.reporting.months import last_months
from tests.cases.making import arrived
from tests.desk.pages import HOSTILE, address, client, said
from tests.reporting.year import at
from tests.world import BANK, CENTER, DESK, LAB, World

NOVEMBER = at(11, 27)
NAME = "desk-figures-overview"


@pytest.mark.parametrize("asked", ["", "x", HOSTILE, "\x00", "desk,body", "DESK", "y" * 10_000])
def test_a_look_that_is_none_is_the_first_one(world: World, asked: str) -> None:
    with clock.moved_to(NOVEMBER):
        for body, first in ((DESK, "desk"), (LAB, "body")):
            answer = client(world, body).get(address(NAME, body), {"look": asked})
            assert (answer.status_code, re.findall(r'\?look=(\w+)" aria-current="page"', said(answer))) == (200, [first])
            assert "<script>alert" not in said(answer)


@pytest.mark.parametrize("body", [LAB, CENTER, BANK])
def test_the_look_of_the_desk_is_the_desks_alone(world: World, body: str) -> None:
    arrived(world)
    with clock.moved_to(NOVEMBER):
        page = said(client(world, body).get(address(NAME, body), {"look": "desk"}))
        assert client(world, body).get(address(NAME, DESK)).status_code in {403, 404}
    assert ("主担当の機関" in page, "?look=desk" in page) == (False, False)


def test_guests_are_sent_to_sign_in_and_nobody_posts(world: World) -> None:
    assert Client().get(address(NAME)).status_code in {302, 403}
    assert {client(world).post(address(NAME), {"look": "desk"}).status_code, client(world).delete(address(NAME)).status_code} == {405}


@pytest.mark.parametrize("day", [dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2027, 3, 31), dt.date(2027, 4, 1), dt.date(2028, 2, 29)])
def test_the_flow_has_thirteen_months_up_to_today_at_every_turn(world: World, day: dt.date) -> None:
    with clock.moved_to(clock.at(day, 9)):
        page = said(client(world).get(address(NAME), {"look": "desk"}))
    months = re.findall(r"figures/of/consultations/\?year=(\d+)&amp;month=([\d-]+)", page)
    wanted = [(str(one.year.start_year), one.code) for one in last_months(day)]
    assert list(dict.fromkeys(months)) == wanted


@pytest.mark.parametrize("look", ["desk", "body", "management"])
def test_after_the_last_plan_is_over_each_look_still_opens(world: World, look: str) -> None:
    with clock.moved_to(clock.at(dt.date(2032, 4, 1), 9)):
        assert client(world).get(address(NAME), {"look": look}).status_code == 200


@pytest.mark.parametrize("look", ["desk", "body", "management"])
def test_in_english_each_look_is_english(world: World, look: str) -> None:
    with clock.moved_to(NOVEMBER):
        page = said(client(world).get(address(NAME), {"look": look}, headers={"accept-language": "en"}))
    assert '<html lang="en">' in page
    assert [words for words in ("続いている案件", "担当者ごとの荷", "主担当の機関", "計画の進み") if words in page] == []
