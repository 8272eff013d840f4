"""The picture of a route over time: where each bar lies, in the units of the drawing. The table beside it says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.language import in_english
from renkei.cases.queries.route_page import Line

WIDTH, LEFT, ROW, HEAD = 1000, 16, 44, 34
_NARROW = 10  # so wide is a bar of one day
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Bar:
    """One step: where it lies, and its words; without an end the bar is open to the right."""

    x: float
    y: int
    width: float
    words_x: float
    words: str
    stage: str
    state: str
    is_open: bool
    is_late: bool
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of a month."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything the drawing shows. ``today`` is where today lies."""

    height: int
    today: float
    bars: list[Bar] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    width: int = WIDTH


def picture(lines: Sequence[Line[Any]], today: dt.date) -> Picture | None:
    """Return the drawing of the steps that have a day; None when none has."""
    dated = [one for one in lines if one.step.begins_on is not None]
    if not dated:
        return None
    days: list[dt.date] = [day for one in dated for day in (one.step.begins_on, one.step.ends_on) if day is not None]
    first, last = min([*days, today]), max(*days, today, today + dt.timedelta(days=60))
    scale = (WIDTH - 2 * LEFT) / max((last - first).days + 1, 1)

    def at(day: dt.date) -> float:
        return round(LEFT + (day - first).days * scale, 1)

    bars = [_bar(one, number, at, scale) for number, one in enumerate(dated)]
    return Picture(HEAD + ROW * len(bars) + 8, at(today), bars, [Tick(at(day), _month(day)) for day in _firsts(first, last)])


def _bar(line: Line[Any], number: int, at: Callable[[dt.date], float], scale: float) -> Bar:
    begins, ends = line.step.begins_on, line.step.ends_on
    assert begins is not None  # noqa: S101  only dated steps are drawn
    x = at(begins)
    width = max(((ends - begins).days + 1) * scale, _NARROW) if ends else max(14 * scale, 3 * _NARROW)
    width = round(min(width, WIDTH - x), 1)
    words = f"{line.number} {line.step.service.short}（{line.step.body.short}）"
    if line.over:
        words = _("%(step)s 終了") % {"step": words}
    is_right = x > WIDTH * 0.6
    return Bar(x, HEAD + ROW * number, width, round(x + width, 1) if is_right else x, words, line.step.service.stage_id, line.state,
               ends is None, bool(line.late), is_right)


def _firsts(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the firsts of months inside, no more than twelve."""
    found, day = [], (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    while day <= last:
        found.append(day)
        day = (day + dt.timedelta(days=32)).replace(day=1)
    step = max(1, -(-len(found) // 12))
    return found[::step]


def _month(day: dt.date) -> str:
    name = _MONTHS[day.month - 1] if in_english() else _("%(n)s月") % {"n": day.month}
    is_new_year = day.month == 1
    return f"{day.year}{' ' if in_english() else '年'}{name}" if is_new_year else name
