"""What the database has that an index may lack: asked before each search, so it counts no table.

A database is told by its cluster and its oid: our own server takes another port at each start, and one restored from a dump
counts its transactions anew. One set back to an older day is told by its transactions, and by the newest change that the
index has seen: where that is not there any more, another hand was at the table.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection

_PENDING = """
    SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()),
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
           (SELECT count(*) FROM matching_entrychange
            WHERE tx >= coalesce(%(since)s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint)),
           coalesce((SELECT id || '/' || tx FROM matching_entrychange WHERE %(newest)s IS NULL OR id = %(newest)s ORDER BY id DESC LIMIT 1), ''),
           CASE WHEN %(count)s THEN matching_standing_count() END
    FROM pg_control_system()
"""


class Pending(NamedTuple):
    """The database, the oldest open transaction, how many changes there are since one, the newest (id and transaction), and how many entries, where counted."""

    database: str
    xmin: int
    changes: int
    newest: str
    entries: int | None = None


def pending() -> Pending:
    """Return what there is, the changes from the oldest open transaction on.

    Asked before the entries are read, so that a change committed meanwhile counts as not seen.
    """
    return _asked(None, None, count=False)


def pending_since(xmin: int, newest: str, *, count: bool = False) -> Pending:
    """Return what there is from the transaction ``xmin`` on; ``newest`` is the change of that name, if it still stands.

    With ``count`` the entries are counted: of a million that takes longer than a question.
    """
    return _asked(xmin, int(newest.partition("/")[0] or 0), count=count)


def _asked(since: int | None, newest: int | None, *, count: bool) -> Pending:
    with connection.cursor() as cursor:
        cursor.execute(_PENDING, {"since": since, "newest": newest, "count": count})
        found: tuple[Any, ...] = cursor.fetchone()
        return Pending(*found)
