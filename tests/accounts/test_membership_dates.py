"""Who may act for a body on which day: the first day, the last, midnight in Tokyo, and bodies that are not one's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import bodies_of, first_members, has_second_factor, is_member, members_of
from renkei.base import clock
from tests.portal.scene import came
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)
NOON = clock.at(TODAY, 12)
DATES = [
    (0, None, True), (1, None, False), (-1, None, True),
    (-30, 0, True), (-30, -1, False), (-30, 1, True),
    (0, 0, True), (1, 1, False), (-1, -1, False), (30, 60, False),
]  # fmt: skip


def joined(body: str, since: dt.date, until: dt.date | None, name: str = "新人") -> Membership:
    person = Person.objects.create_user(f"{name}@people.example", "hibari-secret-1", name=name, kana=name)
    return Membership.objects.create(person=person, body_id=body, role="staff", since=since, until=until)


def day(offset: int | None) -> dt.date | None:
    return None if offset is None else TODAY + dt.timedelta(days=offset)


def opened(person: Person, body: str, name: str = "desk-today") -> int:
    client = Client()
    client.force_login(person)
    return client.get(reverse(name, kwargs={"body": body})).status_code


@pytest.mark.parametrize(("since", "until", "belongs"), DATES)
def test_a_membership_holds_from_its_first_day_to_its_last(world: World, since: int, until: int | None, belongs: bool) -> None:
    with clock.moved_to(NOON):
        one = joined(LAB, TODAY + dt.timedelta(days=since), day(until))
        assert is_member(one.person_id, LAB) is belongs
        assert (one in members_of(LAB)) is belongs
        assert bodies_of(one.person) == ([one] if belongs else [])
        assert opened(one.person, LAB) == (200 if belongs else 404)


@pytest.mark.parametrize(
    ("moment", "belongs"),
    [
        (dt.datetime(2026, 3, 31, 14, 59, 59, tzinfo=dt.UTC), True),  # one second before midnight in Tokyo
        (dt.datetime(2026, 3, 31, 15, 0, 0, tzinfo=dt.UTC), False),
        (dt.datetime(2025, 3, 31, 14, 59, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2025, 3, 31, 15, 0, 0, tzinfo=dt.UTC), True),
    ],
)
def test_the_fiscal_year_turns_at_midnight_in_tokyo(world: World, moment: dt.datetime, belongs: bool) -> None:
    one = joined(LAB, dt.date(2025, 4, 1), dt.date(2026, 3, 31))
    with clock.moved_to(moment):
        assert is_member(one.person_id, LAB) is belongs
        assert opened(one.person, LAB) == (200 if belongs else 404)


def test_a_leap_day_is_a_last_day_like_any_other(world: World) -> None:
    one = joined(LAB, dt.date(2028, 2, 29), dt.date(2028, 2, 29))
    wanted = {dt.date(2028, 2, 28): False, dt.date(2028, 2, 29): True, dt.date(2028, 3, 1): False}
    assert {on: is_member(one.person_id, LAB, on) for on in wanted} == wanted
    assert [len(members_of(LAB, on)) for on in wanted] == [1, 2, 1]


def test_who_is_moved_acts_for_the_old_body_to_the_last_day_and_for_the_new_from_the_next(world: World) -> None:
    person = world.people[LAB]
    Membership.objects.filter(person=person).update(until=TODAY)
    Membership.objects.create(person=person, body_id=CENTER, role="staff", since=TODAY + dt.timedelta(days=1))
    for offset, wanted in ((0, [LAB]), (1, [CENTER])):
        with clock.moved_to(NOON + dt.timedelta(days=offset)):
            assert [one.body_id for one in bodies_of(person)] == wanted
            assert [opened(person, body) for body in (LAB, CENTER)] == [200 if body in wanted else 404 for body in (LAB, CENTER)]


def test_who_comes_back_has_two_memberships_of_which_one_is_open(world: World) -> None:
    one = joined(LAB, dt.date(2024, 4, 1), dt.date(2025, 3, 31))
    again = Membership.objects.create(person=one.person, body=one.body, role="staff", since=dt.date(2026, 4, 1))
    with clock.moved_to(NOON):
        assert bodies_of(one.person) == [again]
        with pytest.raises(IntegrityError, match="membership_one_open_per_body"), transaction.atomic():
            Membership.objects.create(person=one.person, body=one.body, role="desk", since=TODAY)


def test_a_session_outlives_no_membership(world: World) -> None:
    client = Client()
    client.force_login(world.people[LAB])
    url = reverse("desk-today", kwargs={"body": LAB})
    assert client.get(url).status_code == 200
    Membership.objects.filter(person=world.people[LAB]).update(until=clock.today() - dt.timedelta(days=1))
    assert client.get(url).status_code == 404
    assert client.get(reverse("my-bodies")).status_code == 200
    Person.objects.filter(pk=world.people[LAB].pk).update(is_active=False)
    assert client.get(reverse("my-bodies"))["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("body", [LAB, CENTER, BANK, "gone", DESK.upper(), f"{DESK}x", "x" * 300])
def test_a_body_in_the_address_that_is_not_ones_own_is_not_found(world: World, body: str) -> None:
    assert opened(world.people[DESK], body) == 404


def test_a_case_is_opened_for_the_body_in_the_address_only(world: World) -> None:
    firm = came(world)
    person = world.people[DESK]
    Membership.objects.create(person=person, body_id=BANK, role="staff", since=dt.date(2025, 4, 1))
    client = Client()
    client.force_login(person)
    answers = {body: client.get(reverse("desk-case", kwargs={"body": body, "case": firm.case_id})).status_code for body in (DESK, BANK, LAB)}
    assert answers == {DESK: 200, BANK: 404, LAB: 404}


def test_members_stand_by_the_reading_of_their_names(world: World) -> None:
    for name in ("わたなべ", "あおき", "かとう"):
        joined(LAB, TODAY, None, name)
    with clock.moved_to(NOON):
        assert [one.person.kana for one in members_of(LAB)] == sorted(["わたなべ", "あおき", "かとう", LAB])
    assert members_of("gone") == []


def test_a_body_whose_last_member_left_has_no_first_member(world: World) -> None:
    Membership.objects.filter(body_id=CENTER).update(until=clock.today() - dt.timedelta(days=1))
    assert [one.body_id for one in first_members()] == [DESK, LAB, BANK]


def test_people_are_read_with_their_bodies_in_one_question(world: World, django_assert_num_queries: Any) -> None:
    for name in ("あ", "い", "う"):
        joined(LAB, TODAY, None, name)
    for read in (lambda: members_of(LAB), lambda: bodies_of(world.people[LAB]), first_members):
        with django_assert_num_queries(1):
            assert {one.person.name and one.body.name for one in read()}


def test_a_person_without_a_password_is_known_but_cannot_sign_in(world: World) -> None:
    person = Person.objects.create_user("new@people.example", None, name="招かれた人")
    Membership.objects.create(person=person, body_id=LAB, role="staff", since=TODAY)
    assert person.has_usable_password() is False
    answer = Client().post(reverse("account_login"), {"login": "new@people.example", "password": ""})
    assert answer.status_code == 200
    assert not Client().login(email="new@people.example", password="")
    assert has_second_factor(person) is False


def test_two_people_cannot_share_an_address_in_any_writing(world: World) -> None:
    with pytest.raises(IntegrityError, match="email"), transaction.atomic():
        Person.objects.create_user(world.people[LAB].email.upper(), "x", name="同じ人")
    with pytest.raises(Person.DoesNotExist):
        Person.objects.get_by_natural_key("nobody@people.example")


@pytest.mark.parametrize(
    ("name", "surname"), [("相川 志保", "相川"), ("相川　志保", "相川"), ("相川", "相川"), ("", ""), ("Ana Maria Silva", "Ana")]
)
def test_people_are_named_by_the_part_before_the_space(name: str, surname: str) -> None:
    assert Person(name=name).surname == surname


def test_under_the_web_login_the_body_in_the_address_decides_what_is_seen(committed_world: World, login: Any) -> None:
    world = committed_world
    person = world.people[DESK]
    Membership.objects.create(person=person, body_id=BANK, role="staff", since=dt.date(2025, 4, 1))
    firm = came(world)
    client = Client()
    client.force_login(person)
    with login("web"):
        lists = {body: client.get(reverse("desk-today", kwargs={"body": body})) for body in (DESK, BANK)}
        assert client.get(reverse("desk-case", kwargs={"body": BANK, "case": firm.case_id})).status_code == 404
        assert client.get(reverse("desk-case", kwargs={"body": DESK, "case": firm.case_id})).status_code == 200
    assert {body: firm.case.number in answer.content.decode() for body, answer in lists.items()} == {DESK: True, BANK: False}
