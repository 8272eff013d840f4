"""The audit log: one event an act, a chain a stream, no content, and nobody can change it."""

from __future__ import annotations

import hashlib
import threading
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.audit.models import Event
from renkei.audit.record import record, record_read
from renkei.base import clock
from renkei.base.actor import SYSTEM, link_holder
from renkei.base.context import acting
from renkei.plan.models import Body
from tests.world import DESK, LAB, World


def _body(code: str = DESK) -> Body:
    return Body.objects.get(pk=code)


def _hashes() -> list[str]:
    """Recompute the chain from the stored columns, as a verifier would."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(sha256(convert_to(concat_ws('|', lag(hash, 1, '') OVER (PARTITION BY stream ORDER BY sequence),"
            " at, actor_kind, person, body, link, verb, objects_touched::text, digest), 'UTF8')), 'hex')"
            " FROM audit_event ORDER BY stream, sequence"
        )
        return [one for (one,) in cursor.fetchall()]


def test_event_says_who_did_what_to_what(world: World) -> None:
    with clock.moved_to(clock.at(clock.today(), 10)):
        record(world.desk, "offered", _body(), _body(LAB), words="秘密の言葉", number=3)
        moment = clock.now()
    event = Event.objects.get()
    assert (event.at, event.actor_kind, event.person, event.body, event.link, event.verb) == (
        moment, "staff", world.desk.person, DESK, None, "offered",
    )  # fmt: skip
    assert event.objects_touched == [f"plan.body:{DESK}", f"plan.body:{LAB}"]
    assert (event.stream, event.sequence, event.previous) == (f"plan.body:{DESK}", 1, "")


def test_facts_are_kept_as_a_digest_only(world: World) -> None:
    record(world.desk, "offered", _body(), words="秘密の言葉")
    event = Event.objects.get()
    assert event.digest == hashlib.sha256(b'{"words": "\\u79d8\\u5bc6\\u306e\\u8a00\\u8449"}').hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_event::text FROM audit_event")
        assert "秘密" not in cursor.fetchone()[0]


def test_each_stream_is_a_chain(world: World) -> None:
    for verb in ("one", "two", "three"):
        record(world.desk, verb, _body())
    record(world.lab, "other", _body(LAB))
    rows = list(Event.objects.order_by("stream", "sequence").values_list("stream", "sequence", "previous", "hash"))
    assert [(stream, sequence) for stream, sequence, _, _ in rows] == [
        (f"plan.body:{DESK}", 1), (f"plan.body:{DESK}", 2), (f"plan.body:{DESK}", 3), (f"plan.body:{LAB}", 1),
    ]  # fmt: skip
    assert [previous for _, _, previous, _ in rows] == ["", rows[0][3], rows[1][3], ""]
    assert _hashes() == [own for _, _, _, own in rows]


@pytest.mark.parametrize("change", [
    "verb = 'forged'", "person = NULL", "at = at + interval '1 day'", "objects_touched = '[]'", "digest = repeat('0', 64)",
])  # fmt: skip
def test_tampering_shows_in_the_chain(world: World, change: str) -> None:
    """Even the owner must switch the trigger off first; then the hashes tell."""
    record(world.desk, "one", _body())
    record(world.desk, "two", _body())
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_append_only")
        cursor.execute(f"UPDATE audit_event SET {change} WHERE sequence = 1")
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_append_only")
    assert _hashes() != list(Event.objects.order_by("stream", "sequence").values_list("hash", flat=True))


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event"])
def test_not_even_the_owner_changes_an_event_by_accident(world: World, statement: str) -> None:
    record(world.desk, "one", _body())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.get().verb == "one"


def test_event_goes_with_its_act(world: World) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record(world.desk, "one", _body())
        raise RuntimeError
    assert not Event.objects.exists()


def test_read_of_a_secret_leaves_a_trace(world: World) -> None:
    record_read(link_holder(uuid.UUID(int=7)), _body())
    event = Event.objects.get()
    assert (event.verb, event.actor_kind, str(event.link)) == ("read", "link", "00000000-0000-0000-0000-000000000007")


def test_act_on_nothing_has_a_stream_too(world: World) -> None:
    record(SYSTEM, "woke")
    assert Event.objects.get().stream == "none"


@pytest.mark.storm
@pytest.mark.parametrize("part", ["web", "worker"])
def test_real_logins_may_append_and_nothing_else(committed_world: World, login: Any, part: str) -> None:
    world = committed_world
    body = _body()
    with login(part), acting(world.desk):
        record(world.desk, "one", body)
        for statement in (
            "SELECT * FROM audit_event", "UPDATE audit_event SET verb = 'x'", "DELETE FROM audit_event",
            "TRUNCATE audit_event", "INSERT INTO audit_event (verb) VALUES ('x')",
        ):  # fmt: skip
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                connection.cursor().execute(statement)
    assert list(Event.objects.values_list("verb", flat=True)) == ["one"]


@pytest.mark.storm
def test_racing_acts_on_one_thing_keep_one_chain(committed_world: World) -> None:
    body = _body()
    gate = threading.Barrier(4)

    def work() -> None:
        gate.wait()
        try:
            for _ in range(5):
                with transaction.atomic():
                    record(committed_world.desk, "raced", body)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(Event.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 21))
    assert _hashes() == list(Event.objects.order_by("sequence").values_list("hash", flat=True))
