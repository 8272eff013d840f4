"""When a sign-in was last used: by what changes something, every five minutes, its own and no other's."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.config.seen import SeenMiddleware
from tests.desk.test_my_settings import SESSIONS, SETTINGS, enter
from tests.world import DESK, LAB, World

MINUTE = dt.timedelta(minutes=1)


def last(world: World, body: str) -> dt.datetime:
    moment: dt.datetime = UserSession.objects.get(user=world.people[body]).last_seen_at
    return moment


def since(world: World, body: str, ago: dt.timedelta) -> dt.datetime:
    moment = clock.now() - ago
    UserSession.objects.filter(user=world.people[body]).update(last_seen_at=moment)
    return moment


@pytest.mark.parametrize(("minutes", "is_noted"), [(0, False), (4, False), (6, True), (60, True), (60 * 24 * 30, True)])
def test_at_most_every_five_minutes(world: World, minutes: int, is_noted: bool) -> None:
    here = enter(world)
    before = since(world, LAB, minutes * MINUTE)
    here.post(SESSIONS, {"end": "0"})
    assert (last(world, LAB) != before) is is_noted
    if is_noted:
        assert clock.now() - last(world, LAB) < MINUTE


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_notes_nothing(world: World, method: str) -> None:
    here = enter(world)
    before = since(world, LAB, 60 * MINUTE)
    for where in (SETTINGS, SESSIONS, reverse("public-home")):
        getattr(here, method)(where)
    assert last(world, LAB) == before


def test_each_sign_in_notes_its_own(world: World) -> None:
    here, there = enter(world), enter(world, DESK)
    before = since(world, DESK, 60 * MINUTE), since(world, LAB, 60 * MINUTE)
    here.post(SESSIONS, {"end": "0"})
    assert (last(world, DESK), last(world, LAB) > before[1]) == (before[0], True)
    there.post(SESSIONS, {"end": "0"})
    assert last(world, DESK) > before[0]


def test_two_devices_of_one_person_are_two(world: World) -> None:
    phone, office = enter(world), enter(world)
    since(world, DESK, MINUTE)
    UserSession.objects.update(last_seen_at=clock.now() - 60 * MINUTE)
    office.post(SESSIONS, {"end": "0"})
    fresh = UserSession.objects.filter(last_seen_at__gt=clock.now() - MINUTE)
    assert [one.session_key for one in fresh] == [office.session.session_key]
    assert phone.session.session_key != office.session.session_key


def test_nobody_signed_in_costs_no_question(world: World) -> None:
    answered: list[str] = []

    def answer(_request: object) -> HttpResponse:
        answered.append("x")
        return HttpResponse("ok")

    request = RequestFactory().post("/")
    request.user = type("Nobody", (), {"is_authenticated": False})()  # type: ignore[assignment]  # all that is asked of it
    with CaptureQueriesContext(connection) as asked:
        assert SeenMiddleware(answer)(request).content == b"ok"
    assert (len(asked), answered) == (0, ["x"])


def test_a_guest_that_writes_leaves_every_sign_in_alone(world: World) -> None:
    enter(world)
    before = since(world, LAB, 60 * MINUTE)
    Client().post(reverse("account_login"), {"login": "x", "password": "y"})
    assert last(world, LAB) == before
