"""What one connection, thread or page was told about its actor, its clock and its answers, no other ever sees."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, Actor, ActorKind, link_holder, staff
from renkei.base.context import acting, clear_actor, set_actor
from renkei.base.memo import once, remembering
from renkei.cases.models import Case
from tests.cases.making import arrived
from tests.storm.racing import at_once
from tests.world import BANK, CENTER, DESK, LAB, World

ONE, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
NOBODY = ("", None, None, None)


def told() -> tuple[Any, ...]:
    """What the policies of this connection believe."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctx_kind(), ctx_person(), ctx_body(), ctx_link()")
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def in_another_thread(ask: Callable[[], Any]) -> Any:
    """Return what a thread of its own answers, while this one goes on standing where it is."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(ask())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    (answer,) = answers
    return answer


# Actor ---------------------------------------------------------------------------------------------------------------


def test_a_second_actor_replaces_every_part_of_the_first(db: None) -> None:
    set_actor(staff(ONE, LAB))
    set_actor(link_holder(OTHER))
    assert told() == ("link", None, None, OTHER)
    set_actor(Actor(ActorKind.COMPANY, person=OTHER))
    assert told() == ("company", OTHER, None, None)
    set_actor(GUEST)
    assert told() == ("guest", None, None, None)


@pytest.mark.parametrize("body", ["x'; SELECT set_config('renkei.kind', 'system', true); --", "a,b", "\\", "機関", '"', "%s", "a b"])
def test_a_code_with_quotes_is_a_code_and_nothing_else(db: None, body: str) -> None:
    set_actor(staff(ONE, body))
    assert told() == ("staff", ONE, body, None)


def test_after_an_inner_actor_nobody_acts_rather_than_the_wrong_one(db: None) -> None:
    with acting(staff(ONE, LAB)):
        with acting(staff(OTHER, BANK)):
            assert told() == ("staff", OTHER, BANK, None)
        assert told() == NOBODY


def test_a_crash_inside_gives_the_outer_actor_back(db: None) -> None:
    with acting(staff(ONE, LAB)):
        with pytest.raises(ZeroDivisionError), acting(staff(OTHER, BANK)):
            raise ZeroDivisionError
        assert told() == ("staff", ONE, LAB, None)


def test_a_block_that_asked_for_a_rollback_ends_with_nobody(transactional_db: None) -> None:
    with acting(staff(ONE, LAB)):
        transaction.set_rollback(True)
    assert told() == NOBODY


def test_clearing_twice_is_clearing_once(db: None) -> None:
    clear_actor()
    clear_actor()
    assert told() == NOBODY


@pytest.mark.parametrize("setting", ["person", "link"])
def test_a_setting_that_is_no_id_shows_nothing_but_an_error(db: None, setting: str) -> None:
    with pytest.raises(DatabaseError, match="uuid"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT set_config('renkei.{setting}', 'everyone', true)")
        cursor.execute(f"SELECT ctx_{setting}()")


@pytest.mark.parametrize(
    ("actor", "is_staff", "is_system"),
    [
        (GUEST, False, False), (staff(ONE, LAB), True, False), (Actor(ActorKind.STAFF, person=ONE), False, False),
        (Actor(ActorKind.LINK, body=LAB), False, False), (Actor(ActorKind.COMPANY, person=ONE, body=LAB), False, False),
        (Actor(ActorKind.SYSTEM, person=ONE, body=LAB), False, True),
    ],
)  # fmt: skip
def test_only_staff_with_a_body_acts_for_it(actor: Actor, is_staff: bool, is_system: bool) -> None:
    assert (actor.is_staff, actor.is_system) == (is_staff, is_system)


def test_an_actor_cannot_be_changed_into_another() -> None:
    actor = staff(ONE, LAB)
    with pytest.raises(AttributeError):
        actor.body = BANK  # type: ignore[misc]  the point
    assert actor == staff(ONE, LAB)
    assert actor != staff(ONE, BANK)


@pytest.mark.storm
def test_threads_at_the_same_moment_each_see_their_own_actor(committed_world: World, login: Any) -> None:
    world, all_told = committed_world, threading.Barrier(4)

    def look() -> tuple[Any, ...]:
        all_told.wait(10)
        return told()

    actors = [world.desk, world.lab, world.center, world.bank]
    with login("web"):
        seen = at_once(*[(actor, look) for actor in actors])
    assert seen == [("staff", actor.person, actor.body, None) for actor in actors]


@pytest.mark.storm
def test_threads_at_the_same_moment_each_see_their_own_cases(committed_world: World, login: Any) -> None:
    world, all_told = committed_world, threading.Barrier(3)
    case = arrived(world).case

    def count() -> int:
        all_told.wait(10)
        return Case.objects.filter(pk=case.pk).count()

    with login("web"):
        assert at_once((world.desk, count), (world.lab, count), (world.bank, count)) == [1, 0, 0]


@pytest.mark.storm
def test_a_connection_that_is_used_again_starts_as_nobody(committed_world: World, login: Any) -> None:
    world = committed_world
    arrived(world)
    with login("web"):
        for body in (DESK, LAB, CENTER):
            with acting(world.actor(body)):
                assert told()[2] == body
                assert Case.objects.count() == (body == DESK)
            assert (told(), Case.objects.count()) == (NOBODY, 0)


@pytest.mark.storm
def test_a_thread_without_an_actor_sees_nothing_while_another_acts(committed_world: World, login: Any) -> None:
    arrived(committed_world)
    with login("web"), acting(committed_world.desk):
        assert Case.objects.count() == 1
        assert in_another_thread(lambda: (told(), Case.objects.count())) == (NOBODY, 0)
        assert told()[0] == "staff"


# Clock and answers ---------------------------------------------------------------------------------------------------


def test_a_moved_clock_stands_still_in_its_own_thread_only() -> None:
    with clock.moved_to(clock.at(dt.date(2001, 4, 1))):
        assert in_another_thread(clock.today).year >= 2026
        assert clock.today() == dt.date(2001, 4, 1)


def test_an_answer_of_one_page_is_not_given_to_another_thread() -> None:
    with remembering():
        assert once("whose", lambda: "mine") == "mine"
        assert in_another_thread(lambda: once("whose", lambda: "yours")) == "yours"
        assert once("whose", lambda: "changed") == "mine"


def test_a_page_inside_a_page_keeps_its_own_answers() -> None:
    with remembering():
        assert once("a", lambda: 1) == 1
        with remembering():
            assert once("a", lambda: 2) == 2
        with remembering(is_reading=False):
            assert once("a", lambda: 3) == 3
        assert once("a", lambda: 4) == 1
    assert once("a", lambda: 5) == 5


def test_a_page_that_crashed_leaves_no_answers() -> None:
    with pytest.raises(ZeroDivisionError), remembering():
        once("a", lambda: 1)
        raise ZeroDivisionError
    assert once("a", lambda: 2) == 2


@pytest.mark.parametrize("hour", [0, 8, 9, 14, 15, 23])
def test_a_wall_clock_time_is_on_its_day_in_tokyo_at_every_hour(hour: int) -> None:
    day = dt.date(2026, 12, 31)
    moment = clock.at(day, hour, 59)
    assert moment.astimezone(clock.JST).date() == day
    with clock.moved_to(moment):
        assert (clock.today(), clock.now(), clock.now().tzinfo) == (day, moment, dt.UTC)
