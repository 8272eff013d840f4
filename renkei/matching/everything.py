"""Every entry that stands, for what is derived from all of them: whoever's question it is that makes the index follow.

Read through a function of the owner's, because the policies show a guest the public entries only, and an index built from those
would lack the others for the staff. Nothing that is shown to anybody comes from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

_AT_ONCE = 2_000


class Text(NamedTuple):
    """What an entry is found by, and whether everybody may find it."""

    id: str
    kind: str
    name: str
    summary: str
    text: str
    text_hash: str
    is_public: bool


def texts(ids: Sequence[str] | None = None) -> Iterator[Text]:
    """Yield the entries that stand (of ``ids``, of all when None)."""
    return _rows("SELECT * FROM matching_standing(%s)", [ids if ids is None else list(ids)])


def sample(count: int, *, is_public: bool = False, after: int = 0) -> Iterator[Text]:
    """Yield ``count`` entries (of the public ones), the same each time as long as their texts are; the first ``after`` left out."""
    return _rows(
        "SELECT * FROM matching_standing(NULL) WHERE is_public OR NOT %s ORDER BY text_hash, id LIMIT %s OFFSET %s", [is_public, count, after]
    )


def count() -> int:
    """Return how many entries stand."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT matching_standing_count()")
        found: int = cursor.fetchone()[0]
        return found


def _rows(statement: str, given: Sequence[Any]) -> Iterator[Text]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, given)
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from (Text(*row) for row in rows)
