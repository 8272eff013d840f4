"""The calendar at its edges: midnight and the turn of the fiscal year, odd words, people who moved or left, two bodies."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.holding import set_next_step
from renkei.cases.models import Case, Support
from renkei.post.calendars import make_calendar
from renkei.post.models import CalendarLink
from tests.accounts.test_members import join
from tests.cases.making import NOON, arrived, fresh, offered
from tests.desk.test_calendar import held, read
from tests.world import BANK, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def events_of(token: str) -> dict[str, Any]:
    answer = read(token)
    assert answer.status_code == 200
    return {str(one["UID"]): one for one in Calendar.from_ical(answer.content).walk("VEVENT")}


@pytest.mark.parametrize(
    ("on", "at", "utc"),
    [
        (dt.date(2027, 3, 31), dt.time(23, 45), "2027-03-31 14:45"), (dt.date(2027, 4, 1), dt.time(0, 0), "2027-03-31 15:00"),
        (dt.date(2027, 1, 1), dt.time(8, 59), "2026-12-31 23:59"), (dt.date(2028, 2, 29), dt.time(12, 0), "2028-02-29 03:00"),
    ],
)  # fmt: skip
def test_times_are_those_of_tokyo(world: World, on: dt.date, at: dt.time, utc: str) -> None:
    case = held(world, on=on, at=at)
    event = events_of(make_calendar(by=world.desk))[f"{case.pk}-next@renkei"]
    start = event.decoded("DTSTART")
    assert (start, start.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M")) == (dt.datetime.combine(on, at, tzinfo=clock.JST), utc)
    assert event.decoded("DTEND") - start == dt.timedelta(minutes=30)


@pytest.mark.parametrize("on", [dt.date(2027, 3, 31), dt.date(2027, 4, 1), dt.date(2028, 2, 29), dt.date(2026, 12, 31)])
def test_a_day_without_a_time_is_that_whole_day(world: World, on: dt.date) -> None:
    case = held(world, on=on)
    event = events_of(make_calendar(by=world.desk))[f"{case.pk}-next@renkei"]
    assert (event.decoded("DTSTART"), event.decoded("DTEND"), str(event["TRANSP"])) == (on, on + dt.timedelta(days=1), "TRANSPARENT")


def test_odd_words_stay_one_field_of_one_event(world: World) -> None:
    words = "聞く\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil;,\\ " + "長" * 80
    case = held(world, what=words)
    found = events_of(make_calendar(by=world.desk, with_words=True))
    assert set(found) == {f"{case.pk}-next@renkei"}
    said = str(found[f"{case.pk}-next@renkei"]["SUMMARY"])
    assert fresh(case).next_step in said
    raw = read(make_calendar(by=world.desk, with_words=True)).content
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75


def test_a_feed_holds_what_is_open_and_ones_own(world: World) -> None:
    mine, others = held(world), held(world, person=None)
    ended = held(world)
    close_case(fresh(ended), by=world.desk, reason="solved", words="済", result="solved", needs="settled")
    token = make_calendar(by=world.desk)
    found = set(events_of(token))
    assert f"{ended.pk}-next@renkei" not in found
    assert f"{mine.pk}-next@renkei" in found
    # what is nobody's in the body shows to whoever holds the case, or to nobody: never to another body
    assert set(events_of(make_calendar(by=world.bank))) == set()
    set_next_step(fresh(mine), _step(world, on=dt.date(2026, 12, 24)), by=world.desk)
    assert events_of(token)[f"{mine.pk}-next@renkei"].decoded("DTSTART") == dt.date(2026, 12, 24)
    assert others.pk != mine.pk


def _step(world: World, **more: Any) -> Any:
    from renkei.cases.steps import NextStep

    return NextStep(**({"what": "訪ねる", "on": dt.date(2026, 12, 1), "person": world.desk.person} | more))


def test_an_answered_request_leaves_the_calendar(world: World) -> None:
    from renkei.cases.actions.answers import accept

    support = offered(world, person=world.lab.person)
    token = make_calendar(by=world.lab)
    assert f"{support.pk}-answer@renkei" in events_of(token)
    accept(Support.objects.get(pk=support.pk), by=world.lab)
    assert f"{support.pk}-answer@renkei" not in events_of(token)


def test_who_moved_sees_the_new_body_from_its_first_day(world: World) -> None:
    join(DESK, "留守番", is_admin=True)
    person = world.people[DESK]
    case = held(world)
    token = make_calendar(by=world.desk)
    Membership.objects.create(person=person, body_id=LAB, role="staff", since=dt.date(2027, 4, 1))
    Membership.objects.filter(person=person, body_id=DESK).update(until=dt.date(2027, 3, 31))
    with clock.moved_to(clock.at(dt.date(2027, 3, 31), 23, 59)):
        assert set(events_of(token)) == {f"{case.pk}-next@renkei"}
    with clock.moved_to(clock.at(dt.date(2027, 4, 1), 0)):
        assert set(events_of(token)) == set()


@pytest.mark.parametrize("how", ["asleep", "left everywhere"])
def test_who_left_has_no_calendar_and_nothing_in_it(world: World, how: str) -> None:
    join(DESK, "留守番", is_admin=True)
    held(world)
    token = make_calendar(by=world.desk)
    if how == "asleep":
        Person.objects.filter(pk=world.people[DESK].pk).update(is_active=False)
        assert read(token).status_code == 404
    else:
        Membership.objects.filter(person=world.people[DESK]).update(until=dt.date(2026, 11, 24))
        assert set(events_of(token)) == set()


def test_words_are_only_where_the_address_was_made_with_them(world: World) -> None:
    held(world)
    quiet = read(make_calendar(by=world.desk)).content.decode().replace("\r\n ", "")
    loud = read(make_calendar(by=world.desk, with_words=True)).content.decode().replace("\r\n ", "")
    assert ("ひみつの試作" in quiet, "狐火" in quiet) == (False, False)
    assert ("ひみつの試作" in loud, "狐火" in loud) == (True, True)


@pytest.mark.parametrize("secret", ["x", "x" * 101, "-", "_" * 43, "A" * 64])
def test_a_guess_learns_nothing(world: World, secret: str) -> None:
    make_calendar(by=world.desk)
    assert read(secret).status_code == 404


def test_the_address_is_never_kept_by_a_cache_of_others_nor_by_head(world: World) -> None:
    held(world)
    token = make_calendar(by=world.desk)
    head = Client().head(f"/calendar/{token}.ics")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", read(token)["ETag"])
    assert {one.strip() for one in read(token)["Cache-Control"].split(",")} == {"private", "no-cache"}


def test_a_second_press_leaves_one_address_and_the_first_is_dead(world: World) -> None:
    client = Client()
    client.force_login(world.people[BANK])
    for _press in range(3):
        assert client.post("/me/calendar/", {"act": "make"}).status_code == 200
    assert CalendarLink.objects.filter(ended_at=None).count() == 1
    assert CalendarLink.objects.count() == 3


def test_the_feed_costs_the_same_for_one_step_and_three(world: World) -> None:
    held(world)
    token = make_calendar(by=world.desk, with_words=True)
    read(token)
    with CaptureQueriesContext(connection) as one:
        read(token)
    for _more in range(2):
        held(world)
        offered(world)
    with CaptureQueriesContext(connection) as three:
        read(token)
    assert len(three) == len(one), [row["sql"][:120] for row in three.captured_queries]
    assert Case.objects.count() == 5


def test_a_guest_is_led_to_the_sign_in(world: World) -> None:
    arrived(world)
    assert Client().get("/me/calendar/").status_code == Client().post("/me/calendar/").status_code == 302
    assert not CalendarLink.objects.exists()
