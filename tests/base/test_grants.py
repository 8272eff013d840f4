"""What web and worker may do: nothing is deleted, and what is append-only is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base.context import acting
from renkei.base.grants import apply_grants, grants_for, wrong_grants
from renkei.base.models import Login
from tests.world import World

MAY_DELETE = ("django_session", "account_", "mfa_", "usersessions_", "socialaccount_", "procrastinate_", "matching_window")  # no case in them


def _rights(part: str) -> dict[str, set[str]]:
    """What PostgreSQL itself says a login may do to each table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s AND table_schema = 'public'",
            [f"renkei_{part}"],
        )
        found: dict[str, set[str]] = {}
        for table, right in cursor.fetchall():
            found.setdefault(table, set()).add(right)
    return found


def _append_only() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%_append_only'")
        return {name for (name,) in cursor.fetchall()} - {"audit_event"}


@pytest.mark.parametrize(("table", "comment", "rights"), [
    ("cases_case", "", "SELECT, INSERT, UPDATE"),
    ("cases_transition", "renkei: append-only", "SELECT, INSERT"),
    ("audit_event", "renkei: sealed", ""),
    ("django_session", "", "SELECT, INSERT, UPDATE, DELETE"),
    ("base_login", "", "SELECT"), ("django_migrations", "", "SELECT"),
])  # fmt: skip
def test_rights_follow_from_the_table(table: str, comment: str, rights: str) -> None:
    assert grants_for(table, comment) == rights


@pytest.mark.parametrize("part", ["web", "worker"])
def test_nothing_but_sessions_and_jobs_is_ever_deleted(db: None, part: str) -> None:
    rights = _rights(part)
    assert {table for table, may in rights.items() if "DELETE" in may and not table.startswith(MAY_DELETE)} == set()
    assert {table for table, may in rights.items() if may & {"TRUNCATE", "REFERENCES", "TRIGGER"}} == set()
    assert "audit_event" not in rights


@pytest.mark.parametrize("part", ["web", "worker"])
def test_append_only_tables_have_trigger_and_rights(db: None, part: str) -> None:
    tables = _append_only()
    assert {"cases_transition"} <= tables
    assert {table: _rights(part)[table] for table in tables} == dict.fromkeys(tables, {"SELECT", "INSERT"})


def test_logins_are_recorded_with_their_part(db: None) -> None:
    apply_grants()
    assert set(Login.objects.values_list("role", "part")) == {("renkei_web", "web"), ("renkei_worker", "worker")}
    assert wrong_grants() == []


def test_unknown_login_is_left_out(db: None, settings: Any) -> None:
    settings.RENKEI_ROLES = {"owner": "renkei_owner", "web": "renkei_web", "worker": "nobody_of_this_name"}
    apply_grants()
    assert list(Login.objects.values_list("role", flat=True)) == ["renkei_web"]


@pytest.mark.storm
@pytest.mark.parametrize("part", ["web", "worker"])
def test_real_logins_cannot_change_tables_roles_or_context(committed_world: World, login: Any, part: str) -> None:
    with login(part), acting(committed_world.desk):
        for statement in (
            "DELETE FROM cases_case", "TRUNCATE cases_case", "DROP TABLE cases_case", "CREATE TABLE mine (n int)",
            "ALTER TABLE cases_case DISABLE ROW LEVEL SECURITY", "UPDATE base_login SET part = 'worker'",
            "INSERT INTO base_login VALUES ('renkei_web', 'worker')", "SET ROLE renkei_owner", "DELETE FROM plan_body",
            "UPDATE cases_transition SET verb = 'x'", "DELETE FROM cases_transition",
            "CREATE OR REPLACE FUNCTION ctx_kind() RETURNS text LANGUAGE sql AS $$ SELECT 'system' $$",
        ):  # fmt: skip
            with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
                connection.cursor().execute(statement)


@pytest.mark.storm
def test_owner_itself_cannot_rewrite_history(committed_world: World) -> None:
    """The trigger binds everyone; only switching it off, which the schema test would show, gets past it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%_append_only' AND tgenabled <> 'O'")
        assert cursor.fetchone() == (0,)
