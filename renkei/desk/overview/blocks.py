"""What the overview shows: flows of months, what is open now, loads, meetings. Every number has the address of its records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.accounts.queries import members_of
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year, shown_month
from renkei.cases.models import Case
from renkei.cases.queries.board import AGES
from renkei.cases.queries.finding import QUEUE, Wanted, cases_wanted
from renkei.desk.figures.page import Cell, written_value
from renkei.meetings.queries import years
from renkei.plan.models import Stage
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE
from renkei.reporting.months import Month, by_month, last_months

APRIL, HEIGHT = 4, 100


@dataclass(frozen=True, slots=True)
class Column:
    """A month of a flow: its words, the fiscal year where one begins (or the drawing), and each figure's number with its place in the drawing."""

    words: str
    full: str
    year: str
    is_quarter: bool
    cells: list[Cell]
    bars: list[tuple[int, int, int]]  # x, y and height; 100 in all


@dataclass(frozen=True, slots=True)
class Flow:
    """Figures month by month, drawn beside each other."""

    names: list[str]
    unit: str
    columns: list[Column]
    most: str
    width: int

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is there to be drawn."""
        return not any(height for column in self.columns for _x, _y, height in column.bars)


@dataclass(frozen=True, slots=True)
class Load:
    """A line of open cases: how many, and how many past their date."""

    name: str
    cell: Cell
    late: Cell


@dataclass(frozen=True, slots=True)
class Block:
    """A table of open cases."""

    title: str
    head: str
    lines: list[Load]
    note: str = ""


def flow(actor: Actor, codes: tuple[str, ...], *, body: str = ALL) -> Flow:
    """Return figures over the last thirteen months."""
    months = last_months(clock.today())
    figures = [BY_CODE[code] for code in codes]
    numbers = [by_month(figure, months, as_of=clock.now(), body=body) for figure in figures]
    most = max([Decimal(1), *(one.value or Decimal(0) for row in numbers for one in row)])
    wide = len(codes) * 2 + 1
    columns = []
    for place, month in enumerate(months):
        cells = [Cell(written_value(row[place].value), _records(actor, code, month, body)) for code, row in zip(codes, numbers, strict=True)]
        heights = [int((row[place].value or 0) * HEIGHT / most) for row in numbers]
        bars = [(place * wide + 2 * turn + 1, HEIGHT - height, height) for turn, height in enumerate(heights)]
        year = shown_fiscal_year(month.year) if not place or month.first.month == APRIL else ""
        columns.append(Column(_("%(month)s月") % {"month": month.first.month}, shown_month(month.first), year, month.first.month in {1, 4, 7, 10}, cells, bars))
    return Flow([str(figure.name) for figure in figures], str(figures[0].unit), columns, written_value(most), len(months) * wide + 1)


def _records(actor: Actor, code: str, month: Month, body: str) -> str:
    words = {"year": str(month.year.start_year), "month": month.code} | ({"by": body} if body != ALL else {})
    return f"{reverse('desk-figure', kwargs={'body': actor.body, 'figure': code})}?{urlencode(words)}"


def open_now(actor: Actor, *, body: str = "") -> Block:
    """Return the open cases (of a body) by how long they have gone on."""
    lines = [(str(name), Wanted(age=code, by=body, state="open")) for code, name, _since, _until in AGES[1:]]
    return Block(_("続いている案件"), _("経過"), _lines(actor, lines))


def by_body(actor: Actor) -> Block:
    """Return what each body carries, the most first. Only the front desk asks this."""
    held = Case.objects.visible_to(actor).open().values_list("holder_id", "holder__short").annotate(n=Count("pk"))
    return Block(_("主担当の機関"), _("機関"), _lines(actor, [(short, Wanted(by=code, state="open")) for code, short, _n in held.order_by("-n", "holder__order")]))


def by_person(actor: Actor) -> Block:
    """Return what each person of one's own body has in hand or moves next; last what nobody has taken."""
    body = str(actor.body)
    people = [(one.person.name, Wanted(who=str(one.person_id), by=body, state="open")) for one in members_of(body)]
    lines = [one for one in _lines(actor, [*people, (_("まだ担当者がいない"), Wanted(who=QUEUE, by=body, state="open"))]) if one.cell.text != "0"]
    return Block(_("担当者ごとの荷"), _("担当者"), lines, _("担当か、次に動く人として名前のある案件です。"))


def stages(actor: Actor, *, body: str = "") -> Block:
    """Return the open cases by the stage of their needs: a case with needs at two stages stands at both."""
    lines = [(name, Wanted(stage=code, by=body, state="open")) for code, name in Stage.objects.order_by("order").values_list("code", "short")]
    return Block(_("段階"), _("段階"), _lines(actor, lines), _("課題が2つの段階にある案件は、どちらにも数えます。足し合わせません。"))


def meetings(actor: Actor) -> list[tuple[str, int, int, str]]:
    """Return each series of the plan: held and planned this fiscal year, with the way to its meetings."""
    url = reverse("desk-meetings", kwargs={"body": actor.body})
    return [(one.series.name, one.held, one.series.per_year, url) for one in years(actor, FiscalYear.of(clock.today()))]


def _lines(actor: Actor, rows: list[tuple[str, Wanted]]) -> list[Load]:
    """Return how many cases each list holds, and how many of them are past their date: the number is that of the list it opens."""
    url, found = reverse("desk-cases", kwargs={"body": actor.body}), []
    for name, wanted in rows:
        late = replace(wanted, late="on")
        found.append((name, wanted, cases_wanted(wanted, actor).count(), late, cases_wanted(late, actor).count()))
    most = max([1, *(n for _name, _wanted, n, _late, _m in found)])
    return [Load(name, Cell(f"{n:,}", f"{url}?{wanted.query}", n * HEIGHT // most), Cell(f"{m:,}", f"{url}?{late.query}")) for name, wanted, n, late, m in found]
