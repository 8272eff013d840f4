"""Who belongs to which body, on which day."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import bodies_of, first_members, has_second_factor, is_member, members_of
from renkei.base import clock
from tests.world import BANK, CENTER, DESK, LAB, World


def _join(world: World, body: str, name: str, **more: object) -> Membership:
    person = Person.objects.create_user(f"{name}@people.example", None, name=name, kana=name)
    return Membership.objects.create(person=person, body_id=body, role="staff", since=more.pop("since", dt.date(2025, 4, 1)), **more)


def test_first_member_is_an_administrator_then_by_reading(world: World) -> None:
    _join(world, DESK, "あ")
    second = _join(world, LAB, "い", is_admin=True)
    Membership.objects.filter(person=world.people[LAB]).update(is_admin=False)
    assert [(one.body_id, one.person.name) for one in first_members()] == [
        (DESK, "相川 志保"), (LAB, second.person.name), (CENTER, "露崎 遥"), (BANK, "古川 靖"),
    ]  # fmt: skip


def test_membership_ends_with_its_last_day(world: World) -> None:
    today = clock.today()
    left = _join(world, DESK, "去る人", until=today)
    assert is_member(left.person_id, DESK)
    assert not is_member(left.person_id, DESK, today + dt.timedelta(days=1))
    assert not is_member(left.person_id, DESK, dt.date(2025, 3, 31))
    assert not is_member(left.person_id, LAB)


def test_inactive_person_is_no_member(world: World) -> None:
    stays = _join(world, DESK, "のこる人", is_admin=True)  # the front desk is never without anybody
    Person.objects.filter(pk=world.people[DESK].pk).update(is_active=False)
    assert members_of(DESK) == [stays]
    assert bodies_of(world.people[DESK]) == []


def test_bodies_come_in_their_order(world: World) -> None:
    person = world.people[BANK]
    Membership.objects.create(person=person, body_id=DESK, role="staff", since=dt.date(2025, 4, 1))
    assert [one.body_id for one in bodies_of(person)] == [DESK, BANK]


def test_no_second_factor_at_first(world: World) -> None:
    assert has_second_factor(world.people[DESK]) is False


def test_surname_stands_before_the_space(world: World) -> None:
    assert Person(name="相川　志保").surname == Person(name="相川 志保").surname == "相川"


def test_one_open_membership_a_body(world: World) -> None:
    with pytest.raises(IntegrityError, match="membership_one_open_per_body"), transaction.atomic():
        Membership.objects.create(person=world.people[DESK], body_id=DESK, role="staff", since=dt.date(2026, 4, 1))


def test_membership_cannot_end_before_it_starts(world: World) -> None:
    with pytest.raises(IntegrityError, match="membership_ends_after_start"), transaction.atomic():
        _join(world, LAB, "逆さ", until=dt.date(2025, 3, 31))


def test_addresses_are_kept_in_small_letters_and_found_in_any(world: World) -> None:
    made = Person.objects.create_user("Taro@People.Example", "x", name="太郎")
    assert made.email == "taro@people.example"
    assert Person.objects.get_by_natural_key("TARO@people.example") == made
