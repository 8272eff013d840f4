"""Policies, append-only tables and definer functions as migrations make them, tried on a table of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.operations.special import RunSQL

from renkei.base import rls
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.grants import apply_grants
from renkei.base.models import Login
from tests.world import BANK, LAB, World


def run(statement: Any, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(str(statement), list(values) or None)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def texts() -> list[str]:
    return [text for (text,) in run("SELECT text FROM probe ORDER BY text")]


def make_table() -> None:
    """A table with one row of the lab and one of the bank, which the web login may read and write."""
    run("CREATE TABLE probe (body text, text text)")
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON probe TO renkei_web, renkei_worker")
    run("INSERT INTO probe VALUES (%s, 'of the lab'), (%s, 'of the bank')", LAB, BANK)


@pytest.fixture
def table(db: None) -> None:
    """The table inside the test's transaction."""
    make_table()


@pytest.fixture
def probe(committed_world: World) -> Iterator[World]:
    """The table as committed data, for the real logins."""
    make_table()
    try:
        yield committed_world
    finally:
        run("DROP TABLE probe")


OWN = f"body = {rls.BODY}"


@pytest.mark.storm
def test_a_row_is_seen_by_those_the_condition_names_and_nobody_else(probe: World, login: Any) -> None:
    run(rls.protect("probe", select=OWN).sql)
    with login("web"):
        with acting(probe.lab):
            assert texts() == ["of the lab"]
        with acting(probe.bank):
            assert texts() == ["of the bank"]
        with acting(probe.desk):
            assert texts() == []
        assert texts() == []
    assert texts() == ["of the bank", "of the lab"]  # the owner, who migrates


@pytest.mark.storm
def test_what_may_be_seen_may_be_written_unless_said_otherwise(probe: World, login: Any) -> None:
    run(rls.protect("probe", select=OWN).sql)
    with login("web"), acting(probe.lab):
        assert run("INSERT INTO probe VALUES (%s, 'new')", LAB) == 1
        assert run("UPDATE probe SET text = 'changed'") == 2
        for statement in (f"INSERT INTO probe VALUES ('{BANK}', 'foreign')", f"UPDATE probe SET body = '{BANK}'"):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                run(statement)
    assert texts() == ["changed", "changed", "of the bank"]


@pytest.mark.storm
def test_seeing_adding_and_changing_may_have_three_conditions(probe: World, login: Any) -> None:
    run(rls.protect("probe", select=rls.STAFF, insert=OWN, update="false").sql)
    with login("web"), acting(probe.lab):
        assert len(texts()) == 2
        assert run("INSERT INTO probe VALUES (%s, 'new')", LAB) == 1
        assert run("UPDATE probe SET text = 'changed'") == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            run("INSERT INTO probe VALUES (%s, 'foreign')", BANK)


@pytest.mark.storm
def test_nobody_but_the_owner_deletes_even_where_the_right_was_given(probe: World, login: Any) -> None:
    run(rls.protect("probe", select="true").sql)
    with login("web"), acting(probe.lab):
        assert run("DELETE FROM probe") == 0
    assert run("DELETE FROM probe") == 2


@pytest.mark.storm
def test_the_system_is_the_worker_and_never_the_web(probe: World, login: Any) -> None:
    run(rls.protect("probe", select=rls.SYSTEM).sql)
    with login("worker"), acting(SYSTEM):
        assert len(texts()) == 2
    with login("web"), acting(SYSTEM):
        assert texts() == []


@pytest.mark.storm
def test_undoing_a_protection_leaves_the_table_as_it_was(probe: World, login: Any) -> None:
    operation = rls.protect("probe", select="false")
    for _again in range(2):
        run(operation.sql)
        with login("web"), acting(probe.lab):
            assert texts() == []
        run(operation.reverse_sql)
        with login("web"):
            assert len(texts()) == 2
    assert run("SELECT count(*) FROM pg_policies WHERE tablename = 'probe'") == [(0,)]
    assert run("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'probe'") == [(False, False)]


@pytest.mark.parametrize("change", ["UPDATE probe SET text = 'x'", "DELETE FROM probe", "UPDATE probe SET text = text WHERE body = 'x'"])
def test_what_is_append_only_grows_and_never_changes_not_even_for_the_owner(table: None, change: str) -> None:
    run(rls.append_only("probe").sql)
    run("INSERT INTO probe VALUES ('x', 'third')")
    with pytest.raises(IntegrityError, match="table probe is append-only"), transaction.atomic():
        run(change)
    assert texts() == ["of the bank", "of the lab", "third"]


def test_the_grants_of_an_append_only_table_take_update_and_delete_away(table: None) -> None:
    run(rls.append_only("probe").sql)
    apply_grants()
    rights = run("SELECT privilege_type FROM information_schema.role_table_grants WHERE table_name = 'probe' AND grantee = 'renkei_web'")
    assert sorted(right for (right,) in rights) == ["INSERT", "SELECT"]


def test_undoing_append_only_lets_rows_change_again(table: None) -> None:
    operation = rls.append_only("probe")
    run(operation.sql)
    run(operation.reverse_sql)
    assert run("DELETE FROM probe") == 2
    assert run("SELECT obj_description('probe'::regclass, 'pg_class')") == [(None,)]


@pytest.mark.storm
def test_a_definer_function_sees_what_its_caller_does_not_with_a_path_nobody_bends(probe: World, login: Any) -> None:
    run(rls.protect("probe", select="false").sql)
    operation: RunSQL = rls.definer("probe_count()", "bigint", "SELECT count(*) FROM probe WHERE ctx_kind() = 'staff'")
    run(operation.sql)
    try:
        apply_grants()
        assert run("SELECT prosecdef, proconfig FROM pg_proc WHERE proname = 'probe_count'") == [
            (True, ["search_path=public, pg_temp"])
        ]
        assert run("SELECT has_function_privilege('public', 'probe_count()', 'EXECUTE')") == [(False,)]
        with login("web"):
            run("CREATE TEMPORARY TABLE probe (body text, text text)")  # a table of the same name, put before ours
            assert run("SELECT probe_count()") == [(0,)]
            with acting(probe.lab):
                assert run("SELECT probe_count()") == [(2,)]
    finally:
        run(operation.reverse_sql)
    assert run("SELECT count(*) FROM pg_proc WHERE proname = 'probe_count'") == [(0,)]


def test_a_part_is_web_or_worker(db: None) -> None:
    with pytest.raises(IntegrityError, match="login_part_known"), transaction.atomic():
        Login.objects.create(role="x", part="owner")
    assert str(Login(role="renkei_web", part="web")) == "renkei_web (web)"


def test_no_policy_of_the_house_asks_for_its_actor_once_a_row(db: None) -> None:
    """``ctx_*()`` stands inside a sub-select everywhere, so that PostgreSQL asks once a query."""
    rows = run("SELECT tablename, policyname, coalesce(qual, '') || ' ' || coalesce(with_check, '') FROM pg_policies")
    assert len(rows) > 40
    bare = re.compile(r"(?<!SELECT )\bctx_(?:kind|body|person|link)\(\)")
    assert [(table, policy) for table, policy, words in rows if bare.search(words)] == []


def test_every_protected_table_binds_its_owner_but_for_the_one_policy_that_names_him(db: None) -> None:
    switched = run("SELECT relname, relforcerowsecurity FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')")
    assert len(switched) > 10
    assert [table for table, is_forced in switched if not is_forced] == []
    policies: dict[str, set[str]] = {}
    for table, policy in run("SELECT tablename, policyname FROM pg_policies"):
        policies.setdefault(table, set()).add(policy)
    assert {table for table, _forced in switched} == set(policies)
