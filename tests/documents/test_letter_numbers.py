"""Numbers of letters: by body, year and series; unique and without gaps, also when many draw at once."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from renkei.base.actor import staff
from renkei.base.context import acting
from renkei.documents.models import NumberSeries
from renkei.documents.numbers import draw_letter_number
from tests.world import DESK, LAB, World

DAY = dt.date(2026, 11, 25)


def test_each_body_year_and_series_counts_for_itself(world: World) -> None:
    drawn = [draw_letter_number(DESK, "産第{n}号", DAY), draw_letter_number(DESK, "産第{n}号", DAY), draw_letter_number(LAB, "産第{n}号", DAY),
             draw_letter_number(DESK, "産依第{n}号", DAY), draw_letter_number(DESK, "産第{n}号", dt.date(2027, 4, 1))]
    assert drawn == ["産第1号", "産第2号", "産第1号", "産依第1号", "産第1号"]


def test_march_belongs_to_the_year_before(world: World) -> None:
    draw_letter_number(DESK, "{n}", dt.date(2027, 3, 31))
    assert NumberSeries.objects.get().fiscal_year == 2026


def test_a_pattern_needs_its_place(world: World) -> None:
    with pytest.raises(ValueError, match="needs"):
        draw_letter_number(DESK, "産第号", DAY)


@pytest.mark.storm
def test_many_at_once_leave_no_gap_and_no_double(committed_world: World, login: Any) -> None:
    """Every third fails after drawing: its number falls back. Without the row lock two would draw the same."""
    world = committed_world
    actor = staff(world.people[DESK].pk, DESK)

    def draw(turn: int) -> str | None:
        try:
            with acting(actor):
                number = draw_letter_number(DESK, "{n}", DAY)
                if turn % 3 == 0:
                    raise ZeroDivisionError
                return number
        except ZeroDivisionError:
            return None
        finally:
            connection.close()

    with login("web"), ThreadPoolExecutor(6) as pool:
        drawn = [number for number in pool.map(draw, range(30)) if number]
    assert sorted(map(int, drawn)) == list(range(1, 21))


def test_series_belong_to_their_body(committed_world: World, login: Any) -> None:
    world = committed_world
    with acting(world.lab):
        draw_letter_number(LAB, "{n}", DAY)
    with login("web"), acting(world.desk):
        assert NumberSeries.objects.count() == 0
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            draw_letter_number(LAB, "{n}", DAY)
