"""The first of April: three people leave and forty cases are with their successors; a watch sees every commit (P1).

The watch, made by the owner, looks at the end of every transaction that touched a case or a membership at every open
case: has it a holder, a dated step, and is whoever it names a member of that body today? What it finds is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.leaving import leave_body
from renkei.cases.actions.moves import Successor, accept_packs, choose_successor, send_packs
from renkei.cases.jobs import free_left
from renkei.cases.models import Case, MovePack
from tests.cases.moving import acts, held, join
from tests.world import DESK, World

CASES = 40
WATCH = """
CREATE TABLE watch_seen (at timestamptz DEFAULT clock_timestamp());
CREATE TABLE watch_found (number text);
CREATE FUNCTION watch_there(who uuid, body text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id
                   WHERE m.person_id = who AND m.body_id = body AND p.is_active
                     AND m.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
                     AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date))
$$;
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO watch_seen DEFAULT VALUES;
    INSERT INTO watch_found SELECT c.number FROM cases_case c
    WHERE c.state <> 'closed' AND (
        c.holder_id IS NULL OR c.next_on IS NULL OR c.next_step = ''
        OR c.holder_person_id IS NOT NULL AND NOT watch_there(c.holder_person_id, c.holder_id)
        OR c.next_person_id IS NOT NULL AND NOT watch_there(c.next_person_id, c.next_body_id));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER watch_cases AFTER INSERT OR UPDATE ON cases_case DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION watch();
CREATE CONSTRAINT TRIGGER watch_members AFTER INSERT OR UPDATE ON accounts_membership DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION watch();
"""
NO_WATCH = """
DROP TRIGGER IF EXISTS watch_cases ON cases_case; DROP TRIGGER IF EXISTS watch_members ON accounts_membership;
DROP FUNCTION IF EXISTS watch(); DROP FUNCTION IF EXISTS watch_there(uuid, text);
DROP TABLE IF EXISTS watch_found; DROP TABLE IF EXISTS watch_seen;
"""


def ask(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def watched(committed_world: World) -> Iterator[World]:
    try:
        yield committed_world
    finally:
        with connection.cursor() as cursor:
            cursor.execute(NO_WATCH)


@pytest.mark.covers("C32", "C42")
def test_forty_cases_of_three_people_are_never_unheld_at_any_commit(watched: World, login: Any) -> None:
    leavers = [join(DESK, f"leaver{n}") for n in range(3)]
    stayers = [join(DESK, f"stayer{n}") for n in range(3)]
    cases = held(watched, *leavers, each=14)[:CASES]
    Case.objects.exclude(pk__in=[one.pk for one in cases]).update(holder_person=None, next_person=None)
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
    tomorrow = clock.today() + dt.timedelta(days=1)
    with login("web"):
        for leaver, stayer in zip(leavers, stayers, strict=True):
            with acting(watched.desk):
                move = leave_body(leaver, tomorrow, by=watched.desk)
                packs = list(move.packs.all())
                choose_successor(packs, Successor(DESK, stayer.person_id), by=watched.desk)
                send_packs(packs, by=watched.desk)
    gone = [one.person_id for one in leavers]
    assert Case.objects.filter(holder_person__in=gone).count() == CASES  # nothing changed hands yet
    with login("web"):
        for stayer in stayers[:2]:  # the third one never answers
            with acting(acts(stayer)):
                accept_packs(list(MovePack.objects.filter(to_person=stayer.person_id)), by=acts(stayer))
    with clock.moved_to(clock.at(tomorrow + dt.timedelta(days=1), 0)), login("worker"):
        left = free_left()  # what the worker does first when the night of the last day is over
    assert left == CASES - Case.objects.filter(holder_person__in=[one.person_id for one in stayers]).count()
    assert left > 0
    Membership.objects.filter(person__in=gone).update(until=clock.today() - dt.timedelta(days=1))  # the night goes by
    assert ask("SELECT number FROM watch_found") == []
    assert ask("SELECT count(*) FROM watch_seen")[0] >= CASES
    # It would have seen it: a case in the hands of somebody who has left.
    wrong = cases[0]
    Case.objects.filter(pk=wrong.pk).update(holder_person=leavers[0].person_id)
    assert set(ask("SELECT number FROM watch_found")) == {wrong.number}
