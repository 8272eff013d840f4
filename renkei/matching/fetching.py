"""Entries and their windows by id, in SQL that is written once.

A question reads some sixty entries. Putting such a query together, id by id, costs Django twice what PostgreSQL needs to answer it, and
reading times and JSON of so many rows costs as much again: both come as text.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from renkei.matching.models import Entry, Window

_Model = TypeVar("_Model", bound=models.Model)


class _Statement(NamedTuple):
    """A query by ids, the names of what it reads, and the columns that come in another form than they are used."""

    text: str
    names: list[str]
    converted: list[tuple[str, Callable[[Any], Any]]]


def with_windows(ids: Sequence[str]) -> tuple[dict[str, Entry], dict[str, list[Window]]]:
    """Return the entries of ids, whichever there are and the database lets this context see, and the windows of each.

    Windows come earliest first; an entry without any is not named among them. Both are asked for at once.
    """
    of_entries, of_windows = _statement(Entry, "id"), _statement(Window, "entry_id")
    with connection.cursor() as cursor:
        cursor.execute(f"{of_entries.text}; {of_windows.text}", {"ids": list(ids)})
        entries = _made(Entry, of_entries, cursor.fetchall())
        cursor.nextset()
        windows: dict[str, list[Window]] = {}
        for one in _made(Window, of_windows, cursor.fetchall()):
            windows.setdefault(one.entry_id, []).append(one)
    return {one.id: one for one in entries}, windows


def _made(model: type[_Model], statement: _Statement, rows: list[tuple[Any, ...]]) -> list[_Model]:
    found, names, alias = [], statement.names, connection.alias
    for row in rows:
        one = model.__new__(model)  # what from_db makes, without asking each field how it is set
        told = one.__dict__
        told.update(zip(names, row, strict=True))
        for name, read in statement.converted:
            told[name] = read(told[name])
        state = one._state = ModelState()  # noqa: SLF001  as Django does
        state.adding, state.db = False, alias
        found.append(one)
    return found


@lru_cache(maxsize=4)
def _statement(model: type[models.Model], column: str) -> _Statement:
    """Return the query by ids of a column."""
    meta = model._meta  # noqa: SLF001  Django's own documented name
    fields = meta.concrete_fields
    selected = ", ".join(f'"{one.column}"::text' if _is_text(one) else f'"{one.column}"' for one in fields)
    order = ", ".join(f'"{one}"' for one in meta.ordering or ())
    converted = [(one.attname, _reader(one)) for one in fields if _is_text(one) or hasattr(one, "from_db_value")]
    return _Statement(
        f'SELECT {selected} FROM "{meta.db_table}" WHERE "{column}" = ANY(%(ids)s) ORDER BY {order}',
        [one.attname for one in fields], converted,
    )  # fmt: skip


def _is_text(field: Any) -> bool:
    """Tell whether a column is asked for as text: psycopg reads times in Python, and every JSON however empty."""
    return (isinstance(field, models.JSONField) and field.decoder is None) or isinstance(field, models.DateTimeField)


def _reader(field: Any) -> Callable[[Any], Any]:
    """Return what makes a column's value of what the database gives."""
    if _is_text(field):
        return _read_json if isinstance(field, models.JSONField) else _read_time
    convert: Callable[..., Any] = field.from_db_value  # the caller has asked whether there is one
    return lambda value: convert(value, None, connection)


def _read_json(text: str | None) -> Any:
    if text == "[]" or text == "{}":  # noqa: PLR1714  most are, and a tuple would be gone through
        return [] if text == "[]" else {}
    return None if text is None else json.loads(text)


def _read_time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
