"""What every test stands on: the made-up region as rows ready to lay, and a database that is empty again after each test.

``build_world`` asks sixty times; here it runs once a session, and its rows are laid again in one round trip. The rows are
the same every time but for two things: moments are those of the test's clock, and the version of the plan has a new number
(the product remembers what a version says, and no test may meet what another made of it).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import psycopg
from django.db import connection, transaction
from psycopg import sql

from renkei.base import clock
from tests.cluster import SUPERUSER
from tests.world import World, build_world

Scene = TypeVar("Scene")

# Of the database itself: what migrations have done, and the names Django gives to models.
_LASTING = {"django_migrations", "django_content_type", "auth_permission"}
_MOMENT = dt.datetime(2001, 2, 3, 4, 5, 6, 789012, tzinfo=dt.UTC)  # stands for the moment of laying
_PATIENCE_SECONDS = 10.0
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_TOUCHED = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_NUMBERED = {"plan_planversion"}
_BEGUN = "SELECT EXISTS (SELECT FROM audit_event) OR EXISTS (SELECT FROM cases_case) OR EXISTS (SELECT FROM companies_company)"
_WRITING = """
    SELECT application_name, query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL
"""


@dataclass
class Ground:
    """Rows of the region and of the bare database, as statements; made by :func:`survey`."""

    bare: str = ""
    rows: str = ""
    world: bytes = b""
    superuser: psycopg.Connection[Any] | None = None

    def lay(self) -> World:
        """Write the region's rows (inside the transaction that is open, or committed) and return it."""
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(self.rows.replace(_MOMENT.isoformat(), now.isoformat()))
        world: World = pickle.loads(self.world)  # noqa: S301  our own
        for one in [world.plan, *world.people.values()]:
            for name, value in vars(one).items():
                if value == _MOMENT:
                    setattr(one, name, now)
        return world

    def clear(self) -> None:
        """Leave the bare database, as migrations made it. Waits for whoever still writes; raises AssertionError."""
        assert self.superuser is not None
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while writing := self.superuser.execute(_WRITING).fetchall():
            assert time.monotonic() < deadline, f"the test has ended, and these still write: {writing}"
            time.sleep(0.01)
        touched = sorted({name for (name,) in self.superuser.execute(_TOUCHED).fetchall()} - _LASTING)
        # The steps of a case are read in the order of their places, so their table begins anew (``steps`` in making.py).
        anew = [name for name in touched if name == "cases_transition"]
        words = [sql.SQL("TRUNCATE {}").format(sql.Identifier(name)) for name in anew]
        words += [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name in touched if name not in anew]
        self.superuser.execute(sql.SQL("; ").join([*words, sql.SQL(self.bare)]))


def survey() -> Ground:
    """Look at the bare database, build the region once in a transaction that is undone, and keep both as statements."""
    bare = _statements(_all_rows())
    with transaction.atomic():
        with clock.moved_to(_MOMENT):
            world = build_world()
        found = _all_rows()
        transaction.set_rollback(True)
    before = _all_rows()
    rows = {table: [row for row in lines if row not in before.get(table, [])] for table, lines in found.items()}
    return Ground(bare, _statements(rows, numbered=_NUMBERED), pickle.dumps(world))


def kept(play: Callable[[World], Scene]) -> Callable[[World], Scene]:
    """Play a scene on the region once a process, and lay its rows from then on: the same, in one round trip instead of a thousand.

    Played as before where something has happened already, or where the region is another. The scene keeps nothing but rows, moves the
    clock itself and returns an object whose ``world`` is the region.
    """
    memory: dict[bytes, tuple[str, bytes]] = {}

    @wraps(play)
    def scene(world: World) -> Scene:
        people = pickle.dumps(sorted(str(one.pk) for one in world.people.values()))
        with connection.cursor() as cursor:
            cursor.execute(_BEGUN)
            [is_begun] = cursor.fetchone() or [True]
        if is_begun:
            return play(world)
        if people not in memory:
            before = _all_rows()
            made = play(world)
            new = {table: [row for row in lines if row not in before.get(table, [])] for table, lines in _all_rows().items()}
            made.world = None  # type: ignore[attr-defined]
            memory[people] = _statements({table: lines for table, lines in new.items() if lines}, numbered=_NUMBERED), pickle.dumps(made)
            made.world = world  # type: ignore[attr-defined]
            return made
        rows, shape = memory[people]
        with connection.cursor() as cursor:
            cursor.execute(rows)
        laid: Scene = pickle.loads(shape)  # noqa: S301  our own
        laid.world = world  # type: ignore[attr-defined]
        return laid

    return scene


def superuser() -> psycopg.Connection[Any]:
    """Return a connection that may empty every table: no policy, no append-only trigger, no order of foreign keys binds it."""
    made = psycopg.connect(os.environ[SUPERUSER], dbname=connection.settings_dict["NAME"], autocommit=True)
    made.execute("SET session_replication_role = replica")
    return made


def _all_rows() -> dict[str, list[dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [name for (name,) in cursor.fetchall() if name not in _LASTING]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(one)::text FROM "{table}" one ORDER BY one.ctid')  # as they were written
            if lines := [json.loads(line) for (line,) in cursor.fetchall()]:
                found[table] = lines
    return found


def _statements(rows: dict[str, list[dict[str, Any]]], numbered: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """Return one statement a table; tables ``numbered`` get their next numbers instead of the rows' own."""
    made = []
    with connection.cursor() as cursor:
        for table, lines in rows.items():
            cursor.execute(_COLUMNS, [table])
            names = ", ".join(f'"{name}"' for (name,) in cursor.fetchall() if not (table in numbered and name == "id"))
            literal = sql.Literal(json.dumps(lines, ensure_ascii=False)).as_string(cursor.connection)
            made.append(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::"{table}", {literal})')
    return "; ".join(made)
