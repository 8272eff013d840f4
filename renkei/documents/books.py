"""A workbook of several tables: numbers as numbers, and formulas where people check sums. Nothing is worked out here."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_LONGEST_NAME = 31


@dataclass(frozen=True, slots=True)
class BookTable:
    """One table. ``sums`` are the columns that get a row of SUM; ``total`` is what they ought to come to, with the difference."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    sums: Sequence[int] = ()
    total: Sequence[Any] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class BookSheet:
    """One sheet: words above, tables below each other."""

    name: str
    words: Sequence[str] = ()
    tables: Sequence[BookTable] = field(default=())


def write_book(sheets: Iterable[BookSheet], *, sum_words: str, difference_words: str) -> bytes:
    """Return an xlsx, A4 across. A text that begins with = stays a text; only the sums and differences are formulas."""
    import xlsxwriter  # noqa: PLC0415  as slow to load as in sheets

    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(memory, options) as book:
        writer = _Writer(book, sum_words, difference_words)
        for number, one in enumerate(sheets, start=1):
            writer.sheet(number, one)
    return memory.getvalue()


class _Writer:
    def __init__(self, book: Any, sum_words: str, difference_words: str) -> None:
        self.book, self.sum_words, self.difference_words = book, sum_words, difference_words
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "top"})
        self.cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
        self.plain = book.add_format({"text_wrap": True, "valign": "top"})

    def sheet(self, number: int, one: BookSheet) -> None:
        name = _NOT_IN_SHEET_NAMES.sub("", f"{number} {one.name}")[:_LONGEST_NAME]
        page, row = self.book.add_worksheet(name), 0
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.set_column(0, 0, 28)
        page.set_column(1, 12, 15)
        for words in one.words:
            page.merge_range(row, 0, row, 6, words, self.plain if row else self.bold)
            page.set_row(row, 15 * (1 + words.count("\n") + len(words) // 60))
            row += 1
        for table in one.tables:
            row = self.table(page, row + 1, table)

    def table(self, page: Any, row: int, table: BookTable) -> int:
        page.write_string(row, 0, table.title, self.bold)
        row += 1
        page.write_row(row, 0, table.heads, self.head)
        first = row + 1
        for values in table.rows:
            row += 1
            self.values(page, row, values)
        last = row
        if table.sums and table.rows:
            row = self.sums(page, first, last, table)
        elif table.total:
            row += 1
            self.values(page, row, table.total)
        if table.note:
            row += 1
            page.write_string(row, 0, table.note)
        return row + 1

    def sums(self, page: Any, first: int, last: int, table: BookTable) -> int:
        """Write the row of SUM and, where the total is known, that total and what lies between."""
        from xlsxwriter.utility import xl_rowcol_to_cell as at  # noqa: PLC0415  see above

        row = last + 1
        page.write_string(row, 0, self.sum_words, self.head)
        added = [sum((_number(values[column]) or Decimal(0)) for values in table.rows) for column in table.sums]
        for column, value in zip(table.sums, added, strict=True):
            page.write_formula(row, column, f"=SUM({at(first, column)}:{at(last, column)})", self.cell, float(value))
        if not table.total:
            return row
        self.values(page, row + 1, table.total)
        page.write_string(row + 2, 0, self.difference_words, self.head)
        for column, value in zip(table.sums, added, strict=True):
            away = float((_number(table.total[column]) or Decimal(0)) - value)
            page.write_formula(row + 2, column, f"={at(row + 1, column)}-{at(row, column)}", self.cell, away)
        return row + 2

    def values(self, page: Any, row: int, values: Sequence[Any]) -> None:
        for column, value in enumerate(values):
            number = _number(value)
            if number is None:
                page.write_string(row, column, "" if value is None else str(value)[:32_000], self.cell)
            else:
                page.write_number(row, column, float(number), self.cell)


def _number(value: Any) -> Decimal | None:
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
