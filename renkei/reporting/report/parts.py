"""What a report is made of: sections with tables whose numbers are references to figures, never typed (P5).

A frozen report is the same parts as JSON (:func:`frozen_parts`), so that a page, a sheet and a paper read one thing.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from renkei.reporting.counting.parts import ALL


@dataclass(frozen=True, slots=True)
class Ref:
    """A number by where it comes from: figure, version, body, part, and the fiscal years it is counted over.

    ``value`` is what it was when counted, ``seal`` a digest of the records behind it.
    """

    figure: str
    version: int
    years: tuple[int, ...]
    body: str = ALL
    split: str = ALL
    value: Decimal | None = None
    seal: str = ""

    @property
    def key(self) -> tuple[str, int, tuple[int, ...], str, str]:
        """Return what is counted, whatever it came to."""
        return self.figure, self.version, self.years, self.body, self.split


Cell = str | Ref


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads. ``sums`` are the columns whose rows add up to their total (the last row when ``total``)."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[int, ...] = ()
    total: tuple[Cell, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One section in the document's order: a heading, what people wrote, tables."""

    code: str
    title: str
    tables: tuple[Table, ...] = ()
    hint: str = ""
    text: str = field(default="")


def seal_of(records: Collection[uuid.UUID]) -> str:
    """Return a digest of which records stand behind a number; empty where none do."""
    ids = ",".join(sorted(str(one) for one in records))
    return hashlib.sha256(ids.encode()).hexdigest()[:16] if ids else ""


def refs(sections: Collection[Section]) -> Iterator[tuple[Section, Table, str, Ref]]:
    """Return every number with its section, table and the words of its row."""
    for section in sections:
        for table in section.tables:
            for row in [*table.rows, *([table.total] if table.total else [])]:
                words = str(next((cell for cell in row if isinstance(cell, str)), ""))
                for cell in row:
                    if isinstance(cell, Ref):
                        yield section, table, words, cell


def frozen_parts(sections: Collection[Section]) -> list[dict[str, Any]]:
    """Return sections as JSON that :func:`read_parts` reads."""
    return [
        {
            "code": one.code, "title": one.title, "hint": one.hint, "text": one.text,
            "tables": [{
                "title": table.title, "heads": list(table.heads), "rows": [_cells(row) for row in table.rows],
                "sums": list(table.sums), "total": _cells(table.total), "note": table.note,
            } for table in one.tables],
        }
        for one in sections
    ]  # fmt: skip


def read_parts(parts: Collection[dict[str, Any]]) -> list[Section]:
    """Return the sections of a frozen report."""
    return [
        Section(one["code"], one["title"], tuple(
            Table(table["title"], tuple(table["heads"]), tuple(_read(row) for row in table["rows"]), tuple(table["sums"]),
                  _read(table["total"]), table["note"]) for table in one["tables"]
        ), one["hint"], one["text"])
        for one in parts
    ]  # fmt: skip


def digest_of(parts: Collection[dict[str, Any]], **facts: Any) -> str:
    """Return the digest of a frozen report: the same parts and facts always give the same 64 characters."""
    whole = json.dumps({"parts": list(parts), **facts}, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()


def _cells(row: tuple[Cell, ...]) -> list[Any]:
    return [cell if isinstance(cell, str) else {
        "figure": cell.figure, "version": cell.version, "years": list(cell.years), "body": cell.body, "split": cell.split,
        "value": None if cell.value is None else str(cell.value), "seal": cell.seal,
    } for cell in row]  # fmt: skip


def _read(row: list[Any]) -> tuple[Cell, ...]:
    return tuple(cell if isinstance(cell, str) else Ref(
        cell["figure"], cell["version"], tuple(cell["years"]), cell["body"], cell["split"],
        None if cell["value"] is None else Decimal(cell["value"]), cell["seal"],
    ) for cell in row)  # fmt: skip
