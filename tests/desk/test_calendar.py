"""A person's calendar: made once, read without signing in, ended for good; one's own steps only, no words unless wanted."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from renkei.base import clock
from renkei.base.actor import GUEST, staff
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.holding import set_next_step
from renkei.cases.steps import NextStep
from renkei.post.calendars import end_calendar, make_calendar, open_calendar
from renkei.post.models import CalendarLink
from tests.cases.making import NOON, arrived, events, offered
from tests.world import DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def held(world: World, **step: Any) -> Any:
    case = arrived(world).case
    given = {"what": "ひみつの試作を聞く", "on": dt.date(2026, 11, 27), "person": world.desk.person, **step}
    return set_next_step(case, NextStep(**given), by=world.desk)


def read(token: str, **headers: str) -> Any:
    return Client().get(f"/calendar/{token}.ics", **headers)  # type: ignore[arg-type]


class TestFeed:
    def test_ones_own_steps_and_due_answers_without_words(self, world: World) -> None:
        case = held(world)
        held(world, person=None, at=dt.time(10), what="だれのでもない")
        answer = read(make_calendar(by=world.desk))
        assert answer["Content-Type"] == "text/calendar; charset=utf-8"
        calendar = Calendar.from_ical(answer.content)
        (event, *_others) = [one for one in calendar.walk("VEVENT") if str(one["UID"]) == f"{case.pk}-next@renkei"]
        assert (str(event["SUMMARY"]), event.decoded("DTSTART")) == (f"次の一手（{case.number}）", dt.date(2026, 11, 27))
        assert "ひみつ" not in answer.content.decode()
        assert b"\r\n" in answer.content
        assert not re.search(rb"(?<!\r)\n", answer.content)
        assert all(one.get("DTSTAMP") for one in calendar.walk("VEVENT"))

    def test_words_when_wanted_and_times_of_tokyo(self, world: World) -> None:
        held(world, at=dt.time(10, 30), kind="call", phone="000-000-0000")
        answer = read(make_calendar(by=world.desk, with_words=True))
        event = Calendar.from_ical(answer.content).walk("VEVENT")[0]
        assert "ひみつの試作を聞く" in str(event["SUMMARY"])
        assert event.decoded("DTSTART") == dt.datetime(2026, 11, 27, 10, 30, tzinfo=clock.JST)
        assert b"TZID:Asia/Tokyo" in answer.content

    def test_a_request_asked_of_the_person(self, world: World) -> None:
        support = offered(world, person=world.lab.person)
        events_of_lab = Calendar.from_ical(read(make_calendar(by=world.lab)).content).walk("VEVENT")
        assert f"{support.pk}-answer@renkei" in {str(one["UID"]) for one in events_of_lab}
        assert read(make_calendar(by=world.bank)).content.count(b"BEGIN:VEVENT") == 0

    def test_unchanged_is_said_in_short(self, world: World) -> None:
        held(world)
        token = make_calendar(by=world.desk)
        tag = read(token)["ETag"]
        again = read(token, HTTP_IF_NONE_MATCH=tag)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        held(world)
        assert read(token, HTTP_IF_NONE_MATCH=tag).status_code == 200

    def test_ended_renewed_and_unknown(self, world: World) -> None:
        first = make_calendar(by=world.desk)
        second = make_calendar(by=world.desk)
        assert [read(token).status_code for token in (first, second, "x" * 43, "y" * 200)] == [404, 200, 404, 404]
        end_calendar(by=world.desk)
        assert read(second).status_code == 404
        assert (events("calendar.make"), events("calendar.end")) == (2, 1)

    def test_only_reading(self, world: World) -> None:
        assert Client().post(f"/calendar/{make_calendar(by=world.desk)}.ics").status_code == 405


class TestActs:
    def test_ending_nothing_and_making_as_nobody_are_refused(self, world: World) -> None:
        with pytest.raises(Refused) as nothing:
            end_calendar(by=world.desk)
        with pytest.raises(Refused) as nobody:
            make_calendar(by=GUEST)
        assert (nothing.value.code, nobody.value.code) == ("no_calendar", "not_person")

    def test_only_its_hash_is_kept(self, world: World) -> None:
        token = make_calendar(by=world.desk)
        assert token not in str(CalendarLink.objects.values())
        found = open_calendar(token)
        assert found is not None
        assert (found.person, found.with_words) == (world.desk.person, False)

    def test_under_the_real_login(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = held(world)
        with login("web"):
            with acting(world.desk):
                token = make_calendar(by=world.desk)
            with acting(staff(world.lab.person, LAB)):  # type: ignore[arg-type]
                assert not CalendarLink.objects.exists()
            answer = read(token)
        assert f"{case.pk}-next@renkei".encode() in answer.content.replace(b"\r\n ", b"")


class TestPage:
    def test_made_shown_once_and_ended(self, world: World) -> None:
        client = Client()
        client.force_login(world.people[DESK])
        assert "アドレスはまだありません" in client.get("/me/calendar/").content.decode()
        page = client.post("/me/calendar/", {"act": "make", "with_words": "1"}).content.decode()
        address = re.search(r"/calendar/([\w-]+)\.ics", page)
        assert address is not None
        again = client.get("/me/calendar/").content.decode()
        assert address[1] not in again
        assert "会社名と次にすることが入ります。" in again
        page = client.post("/me/calendar/", {"act": "end"}, follow=True).content.decode()
        assert "カレンダーのアドレスを止めました" in page
        page = client.post("/me/calendar/", {"act": "end"}, follow=True).content.decode()
        assert "使われているアドレスはありません。" in page
        assert read(address[1]).status_code == 404
