"""What the web and the worker login may do, set after every migration (and after every test database is made).

They own nothing, have no DELETE on anything that holds a case, and no UPDATE on append-only tables.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection

_DELETABLE = ("django_session", "account_", "mfa_", "usersessions_", "socialaccount_", "procrastinate_", "matching_window")
_TABLES = """
    SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""


_FUNCTIONS = """
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'public' AND p.proowner = current_user::regrole AND p.prokind = 'f'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
_ALL_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
_RIGHTS = """
    SELECT c.relname, array_agg(one)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, (SELECT %s::text AS role, %s::text[] AS words) AS ask,
         unnest(ask.words) AS one
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND has_table_privilege(ask.role, c.oid, one)
    GROUP BY c.relname
"""


def grants_for(table: str, comment: str) -> str:
    """Return the rights of both logins on ``table``, given its comment ('renkei: append-only' takes UPDATE away)."""
    if comment == "renkei: sealed":
        return ""
    if comment == "renkei: append-only":
        return "SELECT, INSERT"
    if table in {"base_login", "django_migrations"}:
        return "SELECT"
    if table.startswith(_DELETABLE):
        return "SELECT, INSERT, UPDATE, DELETE"
    return "SELECT, INSERT, UPDATE"


def apply_grants(**_signal: Any) -> None:
    """Grant the web and worker login what they need, and record which login plays which part. Runs as the owner."""
    logins = {part: role for part, role in settings.RENKEI_ROLES.items() if part != "owner"}
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(logins.values())])
        known = {name for (name,) in cursor.fetchall()}
        cursor.execute("DELETE FROM base_login")
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        cursor.execute(_FUNCTIONS)
        functions = ", ".join(name for (name,) in cursor.fetchall())
        cursor.execute(f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC")  # PostgreSQL gives it to everybody
        for part, role in logins.items():
            if role not in known:
                continue
            cursor.execute("INSERT INTO base_login (role, part) VALUES (%s, %s)", [role, part])
            name = quote(role)
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {name}")
            cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO {name}")
            for table, comment in tables:
                cursor.execute(f"REVOKE ALL ON {quote(table)} FROM {name}")
                if rights := grants_for(table, comment):
                    cursor.execute(f"GRANT {rights} ON {quote(table)} TO {name}")


def wrong_grants() -> list[str]:
    """Return ``login: table`` wherever web or worker have other rights than :func:`grants_for` gives. For the doctor."""
    wrong: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = cursor.fetchall()
        for part, role in settings.RENKEI_ROLES.items():
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if part == "owner" or cursor.fetchone() is None:
                continue
            cursor.execute(_RIGHTS, [role, list(_ALL_RIGHTS)])
            has = {table: set(rights) for table, rights in cursor.fetchall()}
            for table, comment in tables:
                should = {word for word in grants_for(table, comment).split(", ") if word}
                if has.get(table, set()) != should:
                    wrong.append(f"{role}: {table}")
    return wrong
