"""Publishing a closed year: what everybody would read is shown first; then everybody reads it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.reporting.models import PublishedFigure
from tests.desk.pages import address, client
from tests.desk.pages import said as text_of
from tests.reporting.test_published import AFTER, YEAR, closed
from tests.reporting.year import a_year
from tests.world import LAB, World

WHERE = {"year": "2026"}


def public() -> str:
    return text_of(Client().get(reverse("public-numbers")))


def test_nothing_is_public_before_and_the_page_says_so(world: World) -> None:
    closed(world)
    assert "まだ公表された数字がありません" in public()


def test_the_desk_sees_what_everybody_would_read_and_publishes_it(world: World) -> None:
    closed(world)
    url = address("desk-figures-publish") + "?year=2026"
    with clock.moved_to(AFTER):
        desk = client(world)
        assert "公表する" in text_of(desk.get(address("desk-figures"), WHERE))
        shown = text_of(desk.get(url))
        assert "数字を確かめてから、印を付けてください。" in text_of(desk.post(url, {}))
        assert PublishedFigure.objects.count() == 0
        answer = desk.post(url, {"sure": "on"})
        assert (answer.status_code, answer["Location"]) == (302, reverse("public-numbers"))
        again = text_of(desk.post(url, {"sure": "on"}))
        assert "この年度の数字は、もう公表してあります。" in again
        assert "figures/publish/" not in text_of(desk.get(address("desk-figures"), WHERE))
        everybody = public()
    tables = [re.sub(r"\s+", " ", text[text.index('<div class="fig-list">'):].split("</div>")[0]) for text in (shown, everybody)]
    assert tables[0] == tables[1]
    assert ("令和8年度" in everybody, everybody.count('<h2 id="n-')) == (True, 11)


def test_an_open_year_is_closed_first_and_others_may_not(world: World) -> None:
    a_year(world)
    with clock.moved_to(AFTER):
        answer = client(world).get(address("desk-figures-publish") + "?year=2026")
        assert (answer.status_code, "figures/" in answer["Location"]) == (302, True)
        assert client(world, LAB).get(address("desk-figures-publish", LAB) + "?year=2026").status_code == 403


@pytest.mark.parametrize("asked", ["1999", "x", "", "2026"])
def test_a_year_that_is_not_published_shows_the_newest(world: World, asked: str) -> None:
    from renkei.reporting.actions import publish_period

    period = closed(world)
    with clock.moved_to(AFTER + dt.timedelta(days=1)):
        publish_period(period, by=world.desk)
    text = text_of(Client().get(reverse("public-numbers"), {"year": asked}))
    assert (str(YEAR.start_year), "令和8年度" in text, "に公表しました" in text) == ("2026", True, True)
