"""Policies added later, functions given another body, and the way back of each: tried on a table of its own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.operations.special import RunSQL

from renkei.base import rls
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, company_person, link_holder, staff

ONE = uuid.UUID(int=1)


def run(statement: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(str(statement))
        return cursor.fetchall() if cursor.description else []


def policies() -> dict[str, tuple[str, str | None, str | None]]:
    """The policies of the table: command, using, with check."""
    rows = run("SELECT policyname, cmd, qual, with_check FROM pg_policies WHERE tablename = 'probe'")
    return {name: (command, using, check) for name, command, using, check in rows}


def forced() -> tuple[bool, bool]:
    row: tuple[bool, bool] = run("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'probe'")[0]
    return row


@pytest.fixture(autouse=True)
def _table(db: None) -> None:
    run("CREATE TABLE probe (body text, text text)")


def test_a_protected_table_has_exactly_four_policies_and_no_way_to_delete() -> None:
    made = rls.protect("probe", select="body = 'a'")
    run(made.sql)
    own = "(body = 'a'::text)"
    assert policies() == {"owner_all": ("ALL", "true", "true"), "sight": ("SELECT", own, None), "birth": ("INSERT", None, own), "change": ("UPDATE", own, own)}
    assert forced() == (True, True)
    run(made.reverse_sql)
    assert (policies(), forced()) == ({}, (False, False))


def test_three_conditions_stand_each_where_it_belongs() -> None:
    run(rls.protect("probe", select="body = 's'", insert="body = 'i'", update="body = 'u'").sql)
    assert {name: (using, check) for name, (_command, using, check) in policies().items() if name != "owner_all"} == {
        "sight": ("(body = 's'::text)", None), "birth": (None, "(body = 'i'::text)"), "change": ("(body = 'u'::text)", "(body = 'u'::text)")}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "using", "check"),
    [("SELECT", True, False), ("INSERT", False, True), ("UPDATE", True, True), ("ALL", True, True)],
)
def test_one_more_policy_is_added_and_taken_away_again(command: str, using: bool, check: bool) -> None:
    run(rls.protect("probe", select="body = 'a'").sql)
    before = policies()
    made = rls.more("partner_sight", "probe", command, "text = 'b'")
    run(made.sql)
    words = "(text = 'b'::text)"
    assert policies() == before | {"partner_sight": (command, words if using else None, words if check else None)}
    run(made.reverse_sql)
    assert policies() == before


def test_a_function_gets_another_body_and_keeps_it() -> None:
    first = rls.definer("probe_count()", "bigint", "SELECT count(*) FROM probe")
    run(first.sql)
    run("INSERT INTO probe VALUES ('a', 'x'), ('b', 'y')")
    assert run("SELECT probe_count()") == [(2,)]
    again = rls.redefine("probe_count()", "bigint", "SELECT count(*) FROM probe WHERE body = 'a'")
    run(again.sql)
    run(again.sql)  # twice is the same
    assert run("SELECT probe_count()") == [(1,)]
    assert again.reverse_sql == RunSQL.noop
    run(first.reverse_sql)
    assert run("SELECT count(*) FROM pg_proc WHERE proname = 'probe_count'") == [(0,)]


@pytest.mark.parametrize("make", [rls.definer, rls.redefine])
def test_whoever_makes_it_it_is_stable_runs_as_its_owner_and_nobody_bends_its_path(make: Any) -> None:
    run(rls.definer("probe_count()", "bigint", "SELECT 0::bigint").sql)
    if make is rls.redefine:
        run(make("probe_count()", "bigint", "SELECT count(*) FROM probe").sql)
    rows = run("SELECT prosecdef, provolatile, proconfig FROM pg_proc WHERE proname = 'probe_count'")
    assert rows == [(True, "s", ["search_path=public, pg_temp"])]


def test_another_shape_is_no_other_body() -> None:
    run(rls.definer("probe_count()", "bigint", "SELECT count(*) FROM probe").sql)
    with pytest.raises(Exception, match="cannot change return type"):
        run(rls.redefine("probe_count()", "text", "SELECT 'x'").sql)


def test_the_words_of_conditions_ask_once_a_query() -> None:
    words = (rls.STAFF, rls.SYSTEM, rls.BODY, rls.PERSON, rls.LINK)
    assert all(word.startswith("(SELECT ctx_") for word in words)
    assert len(set(words)) == len(words)
    for word in words:
        assert len(run(f"SELECT {word}")) == 1


def test_append_only_is_said_in_the_comment_and_unsaid() -> None:
    made = rls.append_only("probe")
    run(made.sql)
    assert run("SELECT obj_description('probe'::regclass)") == [("renkei: append-only",)]
    assert run("SELECT tgname FROM pg_trigger WHERE tgrelid = 'probe'::regclass AND NOT tgisinternal") == [("probe_append_only",)]
    run(made.reverse_sql)
    assert run("SELECT obj_description('probe'::regclass)") == [(None,)]
    assert run("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'probe'::regclass AND NOT tgisinternal") == [(0,)]


@pytest.mark.parametrize(
    ("actor", "kinds"),
    [
        (staff(ONE, "hibari-desk", "相川"), (True, False, False)), (Actor(ActorKind.STAFF, person=ONE), (False, False, False)),
        (Actor(ActorKind.STAFF, body="hibari-desk"), (True, False, False)), (company_person(ONE, "齋藤"), (False, True, False)),
        (Actor(ActorKind.COMPANY), (False, False, False)), (link_holder(ONE, body="hibari-lab"), (False, False, False)),
        (link_holder(ONE), (False, False, False)), (Actor(ActorKind.PARTNER, link=ONE), (False, False, False)), (GUEST, (False, False, False)),
        (SYSTEM, (False, False, True)),
    ],
)  # fmt: skip
def test_what_an_actor_is(actor: Actor, kinds: tuple[bool, bool, bool]) -> None:
    assert (actor.is_staff, actor.is_company, actor.is_system) == kinds
    with pytest.raises(AttributeError):
        actor.body = "hibari-bank"  # type: ignore[misc]  # nobody becomes another in the middle of an act
