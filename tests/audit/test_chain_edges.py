"""The audit log at its edges: many streams mixed, hostile words, what a digest proves, and reads of nothing written."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.audit.models import Event
from renkei.audit.record import record, record_read
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.base.context import acting
from renkei.plan.models import Body
from tests.portal.scene import WORDS, asked, running
from tests.world import BANK, CENTER, DESK, LAB, World


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def digest(**facts: Any) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(streams=st.lists(st.sampled_from([DESK, LAB, CENTER, BANK]), min_size=1, max_size=12))
def test_streams_mixed_in_any_order_stay_chains_of_their_own(world: World, streams: list[str]) -> None:
    with transaction.atomic():
        for number, code in enumerate(streams):
            record(world.desk, f"act{number}", body(code))
        for code in set(streams):
            rows = list(Event.objects.filter(stream=f"plan.body:{code}").order_by("sequence"))
            assert [row.sequence for row in rows] == list(range(1, streams.count(code) + 1))
            assert [row.previous for row in rows] == ["", *[row.hash for row in rows[:-1]]]
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("by", "kind"),
    [(SYSTEM, "system"), (GUEST, "guest"), (link_holder(uuid.UUID(int=7), body=LAB), "link")],
)
def test_every_kind_of_actor_is_written_down_as_it_is(world: World, by: Actor, kind: str) -> None:
    record(by, "acted", body(LAB))
    event = Event.objects.get()
    assert (event.actor_kind, event.person, event.body, event.link) == (kind, by.person, by.body or "", by.link)
    assert str(event) == f"acted plan.body:{LAB}#1"


def test_the_order_of_facts_changes_no_digest_and_a_fact_does(world: World) -> None:
    record(world.desk, "a", body(LAB), one=1, two="二")
    record(world.desk, "b", body(LAB), two="二", one=1)
    record(world.desk, "c", body(LAB), two="二", one=2)
    first, second, third = Event.objects.order_by("sequence").values_list("digest", flat=True)
    assert first == second == digest(one=1, two="二")
    assert third == digest(one=2, two="二")


@pytest.mark.parametrize(
    "facts",
    [
        {}, {"on": dt.date(2028, 2, 29)}, {"at": dt.datetime(2026, 11, 25, tzinfo=dt.UTC)}, {"id": uuid.UUID(int=1)}, {"none": None},
        {"classes": ["summary"]}, {"text": "\x00\u202e'; DROP TABLE audit_event; --"}, {"deep": {"二": [1, {"三": None}]}}, {"big": "長" * 100_000},
    ],
)  # fmt: skip
def test_any_fact_has_a_digest_and_is_not_kept(world: World, facts: dict[str, Any]) -> None:
    record(world.desk, "acted", body(LAB), **facts)
    event = Event.objects.get()
    assert event.digest == digest(**facts)
    assert len(json.dumps(Event.objects.values().get(), default=str)) < 800


def test_an_event_of_an_inner_act_that_failed_is_gone_and_the_chain_closes(world: World) -> None:
    record(world.desk, "one", body(LAB))
    with pytest.raises(RuntimeError), transaction.atomic():
        record(world.desk, "two", body(LAB))
        raise RuntimeError
    record(world.desk, "three", body(LAB))
    assert list(Event.objects.order_by("sequence").values_list("verb", "sequence")) == [("one", 1), ("three", 2)]
    first, last = Event.objects.order_by("sequence")
    assert last.previous == first.hash


def test_two_events_cannot_take_one_place(world: World) -> None:
    record(world.desk, "one", body(LAB))
    with pytest.raises(DatabaseError, match="audit_one_chain_per_stream"), transaction.atomic():
        Event.objects.create(at=clock.now(), actor_kind="staff", verb="forged", digest="", stream=f"plan.body:{LAB}",
                             sequence=1, hash="x")  # fmt: skip


@pytest.mark.parametrize("act", [lambda: Event.objects.update(verb="x"), lambda: Event.objects.all().delete(),
                                 lambda: Event.objects.filter(pk=0).update(verb="x")])  # fmt: skip
def test_through_the_models_too_nothing_is_changed(world: World, act: Any) -> None:
    record(world.desk, "one", body(LAB))
    before = list(Event.objects.values())
    try:
        with transaction.atomic():
            act()
    except DatabaseError as error:
        assert "append-only" in str(error)  # noqa: PT017  touching no row is no crime
    assert list(Event.objects.values()) == before


# Numbers of rows, ids, digests and moments: digits that nobody typed, in which any four may stand by chance.
_CHANCE = re.compile(r"\(\d+,|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+")


def test_no_word_of_a_case_stands_in_the_log(world: World) -> None:
    firm = running(world)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(audit_event::text, ' ') FROM audit_event")
        log = _CHANCE.sub("", cursor.fetchone()[0])
    for words in (WORDS, WORDS[:8], "まぼろし", "髙梨", "mei@", "0471", "水質計", "もめた", firm.token, firm.case.number):
        assert words not in log, words
    assert "case.receive" in log


def test_reading_an_offer_is_written_down_each_time_and_reading_the_status_never(world: World) -> None:
    firm = asked(world)
    support = firm.supports[LAB]
    before = Event.objects.count()
    for _ in range(2):
        assert Client().get(firm.url()).status_code == 200
    assert Event.objects.count() == before
    for _ in range(2):
        record_read(world.lab, support, firm.case)
    events = Event.objects.order_by("-id")[:2]
    assert {(one.verb, one.body, one.stream) for one in events} == {("read", LAB, f"cases.support:{support.pk}")}
    assert events[0].objects_touched == [f"cases.support:{support.pk}", f"cases.case:{firm.case_id}"]
    assert events[0].digest == digest()


@pytest.mark.parametrize("name", ["public-home", "public-help", "public-privacy", "public-plans", "account_login"])
def test_looking_at_open_pages_leaves_no_event(world: World, name: str) -> None:
    assert Client().get(reverse(name)).status_code == 200
    assert not Event.objects.exists()


@pytest.mark.storm
@pytest.mark.parametrize("by", [GUEST, link_holder(uuid.UUID(int=7))])
def test_under_the_web_login_guests_and_links_append_and_read_nothing(committed_world: World, login: Any, by: Actor) -> None:
    desk = body(DESK)
    with login("web"):
        with acting(by):
            record(by, "acted", desk)
        for sql in ("SELECT verb FROM audit_event", "ALTER TABLE audit_event DISABLE TRIGGER ALL",
                    "DROP TRIGGER audit_event_append_only ON audit_event", "TRUNCATE audit_event CASCADE"):  # fmt: skip
            with acting(by), pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(sql)
    assert list(Event.objects.values_list("verb", "actor_kind")) == [("acted", str(by.kind))]
