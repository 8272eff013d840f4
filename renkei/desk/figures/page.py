"""A figure as a page shows it: numbers with their addresses, bars, and what was frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.desk.figures.asked import Asked
from renkei.plan import reading
from renkei.plan.models import Body, Plan
from renkei.plan.queries import is_front_desk, plan_content
from renkei.reporting.counting.parts import ALL, UNKNOWN
from renkei.reporting.figures import BY_CODE, FIGURES, PROJECTS, Figure, Kind, Split
from renkei.reporting.models import ClosedPeriod, FrozenFigure
from renkei.reporting.queries import (
    Number,
    Result,
    TargetResult,
    closed_period,
    content_then,
    count,
    frozen,
    may_know_body,
    plan_of,
    targets,
)
from renkei.reporting.words import split_words

WIDE = 100


@dataclass(frozen=True, slots=True)
class Cell:
    """One number: how it is written, where its records are, and how long its bar is (of 100); ``then`` is what was frozen."""

    text: str
    url: str
    bar: int = 0
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One part, or one body, with its number."""

    name: str
    cell: Cell
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure with its numbers: of all, by part, by body."""

    figure: Figure
    total: Cell
    parts: list[Line]
    bodies: list[Line]
    within: int | None = None
    limit: int | None = None
    of: int = 0
    heads: list[str] = field(default_factory=list)
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)  # each body's parts, under ``heads``


@dataclass(frozen=True, slots=True)
class TargetLine:
    """A target with its result and the part of each body."""

    words: str
    aim: int
    cell: Cell
    bodies: list[tuple[str, Cell]]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of figures shows."""

    asked: Asked
    plan: Plan | None
    period: ClosedPeriod | None
    targets: list[TargetLine]
    figures: list[Shown]


def figures_page(asked: Asked, actor: Actor) -> Page:
    """Return the figures of a year as the actor may know them."""
    period, plan = closed_period(asked.year, actor), plan_of(asked.year)
    then = frozen(period, actor) if period else {}
    maker = Maker(asked, actor, then)
    shown = [maker.shown(count(figure, asked.year, as_of=asked.as_of)) for figure in FIGURES]
    return Page(asked, plan, period, maker.targets(plan) if plan else [], shown)


@dataclass(frozen=True)
class Maker:
    """Makes the cells of one page."""

    asked: Asked
    actor: Actor
    then: dict[tuple[str, str, str], FrozenFigure] = field(default_factory=dict)

    def shown(self, result: Result) -> Shown:
        """Return a figure with its parts and bodies."""
        figure = result.figure
        codes = result.splits if figure.split not in {Split.NONE, Split.YEAR} else []
        codes += [split for code, body, split in self.then if (code, body) == (figure.code, ALL) and split != ALL and split not in codes
                  and figure.split not in {Split.NONE, Split.YEAR}]  # fmt: skip
        numbers = [(code, name, result.number(split=code)) for code, name in split_words(figure, codes, self.asked.year).items()]
        names = [one for one in Body.objects.all() if may_know_body(self.actor, one.pk)]
        bodies = [(one, result.number(one.pk)) for one in names]
        bodies = [(one, number) for one, number in bodies if number.records or one.pk == self.actor.body]
        unshared = result.number(UNKNOWN) if figure.kind is Kind.SHARED and may_know_body(self.actor, UNKNOWN) else Number(None)
        most = max([Decimal(1), *(number.value or Decimal(0) for _code, _name, number in numbers)])
        widest = max([Decimal(1), *(number.value or Decimal(0) for _one, number in bodies)])
        limit = self._limit(figure)
        return Shown(
            figure, self.cell(figure, result.number()),
            [Line(name, self.cell(figure, number, split=code, most=most)) for code, name, number in numbers],
            [Line(one.short, self.cell(figure, number, body=one.pk, most=widest)) for one, number in bodies]
            + ([Line(_("分け方がまだ"), self.cell(figure, unshared, body=UNKNOWN, most=widest))] if unshared.records else []),
            result.within(limit) if limit is not None else None, limit, len(result.rows),
            [name for _code, name, _number in numbers], self._crossed(result, [code for code, _name, _number in numbers], [one for one, _n in bodies]),
        )  # fmt: skip

    def _crossed(self, result: Result, codes: list[str], bodies: list[Body]) -> list[tuple[str, list[Cell]]]:
        """Return the parts of each body that has any; nothing where one row would only say the same again."""
        if len(codes) < 2:
            return []
        having = [one for one in bodies if result.number(one.pk).records]
        return [(one.short, [self.cell(result.figure, result.number(one.pk, code), body=one.pk, split=code) for code in codes])
                for one in having]  # fmt: skip

    def cell(self, figure: Figure, number: Number, *, body: str = ALL, split: str = ALL, most: Decimal = Decimal(0)) -> Cell:
        """Return a number with the address of its records."""
        kept = self.then.get((figure.code, body, split))
        bar = int((number.value or 0) * WIDE / most) if most else 0
        return Cell(written_value(number.value), self._url(figure, body, split), bar, written_value(kept.value) if kept else None)

    def targets(self, plan: Plan) -> list[TargetLine]:
        """Return the plan's targets with what was done for each, all together last."""
        short = dict(Body.objects.order_by("order").values_list("pk", "short"))
        found = targets(plan, as_of=self.asked.as_of)
        said = reading.targets(plan_content(plan))
        return [self._target(one, words.words, short) for one, words in zip(found, said, strict=True)]

    def _target(self, one: TargetResult, words: str, short: dict[str, str]) -> TargetLine:
        figure = BY_CODE[PROJECTS]
        done = int(one.number.value or 0)
        names = {**short, UNKNOWN: _("分け方がまだ")}
        bodies = [(name, Cell(written_value(one.by_body[body].value), self._url(figure, body, ALL, one.years)))
                  for body, name in names.items() if body in one.by_body and one.by_body[body].records and may_know_body(self.actor, body)]  # fmt: skip
        cell = Cell(written_value(one.number.value), self._url(figure, ALL, ALL, one.years), min(done * WIDE // max(one.aim, 1), WIDE))
        return TargetLine(words, one.aim, cell, bodies, max(one.aim - done, 0))

    def _url(self, figure: Figure, body: str, split: str, years: tuple[int, ...] = ()) -> str:
        words: dict[str, str] = {"years": "-".join(map(str, years))} if years else {}
        if body != ALL:
            words["by"] = body
        if split != ALL:
            words["split"] = split
        more = f"&{urlencode(words)}" if words else ""
        return f"{reverse('desk-figure', kwargs={'body': self.actor.body, 'figure': figure.code})}?{self.asked.query}{more}"

    def _limit(self, figure: Figure) -> int | None:
        clock = content_then(self.asked.year, self.asked.as_of).clocks.get(figure.clock)
        return clock.business_days if clock else None


def written_value(value: Decimal | None) -> str:
    """Return a number as it is read: whole, or with as many of two places as it has; a dash where there is none."""
    if value is None:
        return "―"
    return f"{int(value):,}" if value == value.to_integral_value() else f"{value:,.2f}".rstrip("0")


def is_number_of_days(figure: Figure) -> bool:
    """Tell whether the figure is the middle of days, which no bar is drawn for."""
    return figure.kind in {Kind.DAYS, Kind.BUSINESS_DAYS}


def sees_all(actor: Actor) -> bool:
    """Tell whether the actor sees every body's column."""
    return is_front_desk(actor.body)
