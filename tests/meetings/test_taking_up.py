"""A decision is taken up once, carried over the year's end, and what is refused is said in English too [C77, C89]."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from django.utils import translation

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, move_meeting
from renkei.meetings.actions.going_round import send_round
from renkei.meetings.actions.materials import add_material
from renkei.meetings.actions.minuting import (
    decide,
    give_task,
    take_up_decision,
    write_notes,
)
from renkei.meetings.actions.proposed import time_items
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.jobs import take_up_decisions
from renkei.meetings.models import (
    AgendaItem,
    Meeting,
)
from renkei.plan.models import Body
from tests.cases.making import fresh
from tests.meetings.making import (
    NOON,
    OPEN,
    held,
    meeting,
    no,
    on_agenda,
    trail,
    with_meetings,
)
from tests.world import BANK, CENTER, LAB, World

pytestmark = pytest.mark.covers("C77", "C86", "C89", "C91")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def minuted(region: World) -> tuple[Meeting, AgendaItem]:
    """A meeting that is being minuted, with the bank's report."""
    found = meeting(region)
    item = add_item(found, by=region.bank, wording=Wording("景況の報告"), kind="report")
    return held(region, found), fresh(item)


# Taking up


def test_a_decision_is_taken_up_once_and_then_stands(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    assert take_up_decision(item.pk, by=SYSTEM) is False, "nothing is decided yet"
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    decide(item, by=region.center, outcome="dropped", decision="取り下げる。", version=1)
    assert [take_up_decisions(), take_up_decisions(), take_up_decision(item.pk, by=SYSTEM)] == [1, 0, False]
    assert no(lambda: decide(item, by=region.center, outcome="noted", decision="x", version=fresh(item).version)) == (
        "taken_up", None, "この決定は、もう案件に伝わっています。変わったときは、次の会議で諮り直してください。")  # fmt: skip
    assert trail("meeting.decide", "meeting.take_up") == [
        ("meeting.decide", "staff", CENTER, ["agendaitem"]), ("meeting.decide", "staff", CENTER, ["agendaitem"]), ("meeting.take_up", "system", "", ["agendaitem"])]  # fmt: skip


def test_what_is_carried_over_march_waits_for_the_new_years_first_meeting(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 3, 31), 12)):
        found = meeting(region, held_on=dt.date(2027, 3, 31))
        item = add_item(found, by=region.bank, wording=Wording("景況"), kind="report")
        move_meeting(found, by=region.center, state="held")
        decide(item, by=region.bank, outcome="carried", decision="次に諮る。", version=0)
        meeting(region, "full", held_on=dt.date(2027, 4, 2))
        assert take_up_decisions() == 0, "another series is no next meeting"
    with clock.moved_to(clock.at(dt.date(2027, 4, 1), 9)):
        following = meeting(region, held_on=dt.date(2027, 4, 7))
        assert (take_up_decisions(), take_up_decisions()) == (1, 0)
    carried = AgendaItem.objects.get(meeting=following)
    assert (following.fiscal_year, following.number, carried.kind, carried.title, carried.carried_from_id, carried.put_up_by_id, carried.outcome) == (
        2027, 1, "carried", "景況", item.pk, BANK, "")  # fmt: skip


# In English


def test_refusals_are_said_in_english_without_a_word_of_japanese_but_names(region: World) -> None:
    found, item = minuted(region)
    acts: list[Callable[[], object]] = [
        lambda: add_item(found, by=GUEST, wording=OPEN), lambda: add_item(found, by=region.lab, wording=Wording("")), lambda: decide(item, by=region.bank, outcome="", decision="x", version=0),
        lambda: decide(item, by=region.bank, outcome="helped", decision="x", version=0), lambda: write_notes(item, by=region.bank, notes="x", version=4),
        lambda: give_task(item, by=region.bank, what="x", body=body(LAB), due_on=dt.date(2026, 1, 1)), lambda: send_round(found, by=region.center, version=found.version),
        lambda: time_items(found, {item.pk: 0}, by=region.center), lambda: tell_trend(found, by=region.bank, text="x", basis=""),
        lambda: add_material(found, by=region.lab, name="x.txt", data=b"x", item=item), lambda: add_material(meeting(region), by=region.bank, name="x.txt", data=b"x", item=item),
        lambda: move_meeting(found, by=region.center, state="off", reason="x"), lambda: attend(found, by=region.center, name="", body=body(LAB)),
    ]  # fmt: skip
    with translation.override("en"):
        said = [no(act)[2] for act in acts]
    assert [words for words in said if re.search(r"[぀-ヿ一-鿿]", words)] == []
    assert len(set(said)) == len(acts), "each says something else"
