"""Two administrators act against each other at the same moment: somebody always stays."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection

from renkei.accounts.actions.members import end_membership, make_admin
from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.base.context import acting
from renkei.base.refusal import Refused
from tests.world import LAB, World


def _second(world: World) -> tuple[Membership, Membership]:
    person = Person.objects.create_user("second@people.example", "x", name="ふたりめ", kana="フ")
    first = Membership.objects.get(person=world.people[LAB], body_id=LAB)
    return first, Membership.objects.create(person=person, body_id=LAB, role="staff", is_admin=True, since=dt.date(2024, 4, 1))


def _together(*acts: Callable[[], Any]) -> list[str]:
    """Run each in its own thread and connection, started at once; return what each said."""
    gate, said = threading.Barrier(len(acts)), [""] * len(acts)

    def play(place: int) -> None:
        try:
            gate.wait(10)
            acts[place]()
            said[place] = "done"
        except Refused as refusal:
            said[place] = refusal.code
        except IntegrityError as error:
            said[place] = error.__cause__.diag.constraint_name  # type: ignore[union-attr]
        finally:
            connection.close()

    threads = [threading.Thread(target=play, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


def _as(membership: Membership, act: Callable[[Actor], Any]) -> Callable[[], None]:
    by = staff(membership.person_id, membership.body_id)

    def play() -> None:
        with acting(by):
            act(by)

    return play


@pytest.mark.parametrize("turn", range(3))
def test_two_administrators_who_end_each_other_leave_one(committed_world: World, login: Any, turn: int) -> None:
    first, second = _second(committed_world)
    today = clock.today()
    with login("web"):
        said = _together(
            _as(first, lambda by: end_membership(second, until=today - dt.timedelta(days=1), by=by)),
            _as(second, lambda by: end_membership(first, until=today - dt.timedelta(days=1), by=by)),
        )
    # The one who comes second is no administrator any more when the lock is free.
    assert sorted(said) == ["done", "not_admin"]
    assert Membership.objects.holding().filter(body_id=LAB, is_admin=True).count() == 1


@pytest.mark.parametrize("turn", range(3))
def test_two_administrators_who_step_down_at_once_leave_one(committed_world: World, login: Any, turn: int) -> None:
    first, second = _second(committed_world)
    with login("web"):
        said = _together(
            _as(first, lambda by: make_admin(first, is_admin=False, by=by)),
            _as(second, lambda by: make_admin(second, is_admin=False, by=by)),
        )
    assert sorted(said) == ["done", "last_admin"]
    assert Membership.objects.holding().filter(body_id=LAB, is_admin=True).count() == 1


@pytest.mark.parametrize("turn", range(3))
def test_the_database_alone_keeps_one_when_no_action_stands_before_it(committed_world: World, turn: int) -> None:
    first, second = _second(committed_world)

    def step_down(pk: Any) -> Callable[[], Any]:
        return lambda: Membership.objects.filter(pk=pk).update(is_admin=False)

    said = _together(step_down(first.pk), step_down(second.pk))
    assert sorted(said) == ["done", "membership_body_keeps_admin"]
    assert Membership.objects.holding().filter(body_id=LAB, is_admin=True).count() == 1
