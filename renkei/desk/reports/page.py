"""A report as a page shows it: every number with the address of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from renkei.base.actor import Actor
from renkei.desk.figures.page import written_value
from renkei.reporting.figures import BY_CODE
from renkei.reporting.models import Report
from renkei.reporting.queries import may_know_body
from renkei.reporting.report.numbers import Moved, moved
from renkei.reporting.report.parts import Cell, Ref, Section, Table
from renkei.reporting.report.queries import moment_of, period_of, sections_of, texts_of

FITS = 4  # columns of a table that stay beside each other on a telephone


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell as it is read; ``url`` opens the records of a number one may open."""

    text: str
    is_number: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table with its rows as they are read."""

    table: Table
    rows: list[list[ShownCell]]
    total: list[ShownCell]

    @property
    def heads(self) -> list[ShownCell]:
        """Return the heads, over numbers set like them."""
        like = next(iter([*self.rows, self.total]), [])
        return [ShownCell(words, place < len(like) and like[place].is_number) for place, words in enumerate(self.table.heads)]


    @property
    def is_wide(self) -> bool:
        """Tell whether a telephone shows each row as a list: a table that does not fit would hide its last columns."""
        return len(self.table.heads) > FITS

    @property
    def labelled(self) -> list[list[tuple[str, ShownCell]]]:
        """Return the rows, each cell with the head it stands under."""
        return [list(zip(self.table.heads, row, strict=True)) for row in self.rows]

    @property
    def labelled_total(self) -> list[tuple[str, ShownCell]]:
        """Return the total, each cell with the head it stands under."""
        return list(zip(self.table.heads, self.total, strict=True)) if self.total else []


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section under its number, with the number of its last words (0: none)."""

    number: int
    section: Section
    tables: list[ShownTable]
    writer: str = ""


class ReportPage:
    """Everything the page of a report shows."""

    def __init__(self, report: Report, actor: Actor) -> None:
        self.report, self.actor = report, actor
        self.period = period_of(report, actor)
        self.moment = moment_of(report, actor)
        found = sections_of(report, actor)
        words: Mapping[str, object] = {} if report.is_approved else texts_of(report, actor)
        self.sections = [self._section(number, one, words) for number, one in enumerate(found, start=1)]
        self.moved: list[Moved] = moved(found) if report.is_approved and _knows_all(found, actor) else []

    @property
    def changes(self) -> list[tuple[Moved, ShownCell, ShownCell]]:
        """Return what moved since the approval: what it was, what it is."""
        return [(one, self.cell(one.was), self.cell(one.now)) for one in self.moved]

    def _section(self, number: int, one: Section, words: Mapping[str, object]) -> ShownSection:
        tables = [ShownTable(table, [[self.cell(cell) for cell in row] for row in table.rows], [self.cell(cell) for cell in table.total])
                  for table in one.tables]  # fmt: skip
        writer = getattr(getattr(words.get(one.code), "written_by", None), "name", "")
        return ShownSection(number, one, tables, writer)

    def cell(self, cell: Cell) -> ShownCell:
        """Return a cell as it is read, a number with its address."""
        if isinstance(cell, str):
            return ShownCell(cell, cell.isdigit())
        return ShownCell(written_value(cell.value), True, self._url(cell))

    def _url(self, ref: Ref) -> str:
        if not may_know_body(self.actor, ref.body):
            return ""
        asked = {"year": str(self.report.fiscal_year), "years": "-".join(map(str, ref.years))}
        asked |= {"at": self.moment.isoformat()} if self.period or self.report.is_approved else {}
        asked |= {"by": ref.body} if ref.body != "*" else {}
        asked |= {"split": ref.split} if ref.split != "*" else {}
        asked |= {"v": str(ref.version)} if ref.version != BY_CODE[ref.figure].version else {}
        return f"{reverse('desk-figure', kwargs={'body': self.actor.body, 'figure': ref.figure})}?{urlencode(asked)}"


def _knows_all(sections: list[Section], actor: Actor) -> bool:
    """Tell whether the actor may count every number again: whoever may not know a body's would see false differences."""
    return all(may_know_body(actor, cell.body) for one in sections for table in one.tables
               for row in (*table.rows, table.total) for cell in row if isinstance(cell, Ref))  # fmt: skip
