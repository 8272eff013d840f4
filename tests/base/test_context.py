"""Who acts, told to the database for one transaction only."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, link_holder, staff
from renkei.base.context import acting, clear_actor, set_actor

PERSON = uuid.UUID(int=1)


def _seen() -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctx_kind(), ctx_person(), ctx_body(), ctx_link()")
        row: tuple[Any, ...] = cursor.fetchone()
    return row


NOBODY = ("", None, None, None)


@pytest.mark.parametrize(("actor", "seen"), [
    (GUEST, ("guest", None, None, None)),
    (staff(PERSON, "lab", "小出"), ("staff", PERSON, "lab", None)),
    (link_holder(PERSON, body="lab"), ("link", None, "lab", PERSON)),
    (Actor(ActorKind.COMPANY, person=PERSON), ("company", PERSON, None, None)),
])  # fmt: skip
def test_policies_see_the_actor(db: None, actor: Actor, seen: tuple[Any, ...]) -> None:
    with acting(actor):
        assert _seen() == seen
    assert _seen() == NOBODY


def test_actor_outside_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        set_actor(GUEST)


def test_actor_ends_with_the_transaction(transactional_db: None) -> None:
    with transaction.atomic():
        set_actor(staff(PERSON, "lab"))
    assert _seen() == NOBODY


def test_actor_ends_with_a_crash(transactional_db: None) -> None:
    with pytest.raises(ZeroDivisionError), acting(staff(PERSON, "lab")):
        raise ZeroDivisionError
    assert _seen() == NOBODY


def test_actor_ends_with_a_broken_transaction(transactional_db: None) -> None:
    with pytest.raises(DatabaseError), acting(staff(PERSON, "lab")):
        connection.cursor().execute("SELECT no_such_column")
    assert _seen() == NOBODY


def test_actor_survives_an_inner_rollback(transactional_db: None) -> None:
    """Set at the outermost level; a setting made inside a savepoint would vanish with it."""
    with acting(staff(PERSON, "lab")):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            raise ZeroDivisionError
        assert _seen()[0] == "staff"


def test_clearing_hides_everything(db: None) -> None:
    set_actor(staff(PERSON, "lab"))
    clear_actor()
    assert _seen() == NOBODY


@pytest.mark.storm
@pytest.mark.parametrize(("part", "kind"), [("web", ""), ("worker", "system")])
def test_system_is_believed_from_the_worker_only(committed_world: Any, login: Any, part: str, kind: str) -> None:
    with login(part), acting(SYSTEM):
        assert _seen()[0] == kind


def test_kinds_of_actor() -> None:
    assert staff(PERSON, "lab").is_staff
    assert not Actor(ActorKind.STAFF, person=PERSON).is_staff
    assert SYSTEM.is_system
    assert not GUEST.is_system
