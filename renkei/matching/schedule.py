"""Steps of a route placed on real calendars: plan data in, dated steps out, each date with its reason (P7) [C49, C57].

Nothing is read here and nothing saved: the same tasks on the same day give the same plan. What must come before what
stands in ``Task.after`` (made from the plan's ``precedence``). A date that nobody can know is left out and said, never
invented.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from renkei.plan.queries import WEEK, Closed, is_business_day

CALL, SLOT, MEETING, COURSE = "call", "slot", "meeting", "course"
PUT_TO, NO_MEETING = "put_to", "no_meeting"  # why a step that a meeting decides has its day, or none
AT_MEETING = "at_meeting"  # what the firm is told instead
HORIZON = dt.timedelta(days=3 * 366)  # further ahead nothing is placed
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which something can be had: a call, a free slot, a meeting, a course. ``starts`` is the day it is held."""

    kind: str
    opens: dt.date | None = None
    closes: dt.date | None = None
    starts: dt.date | None = None
    always: bool = False


@dataclass(frozen=True, slots=True)
class Sitting:
    """One meeting ahead: its name, its day, the last day on which something is put on its agenda."""

    name: str
    day: dt.date
    closes: dt.date


@dataclass(frozen=True, slots=True)
class Council:
    """A series of meetings that decides on a step: its name, and the meetings ahead, the next first.

    With a call they decide what was handed in until it closed, and so end the step; else it begins with them.
    """

    name: str
    sittings: tuple[Sitting, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """What must be over before: the other task's key, the plan's sentence, whether people may decide otherwise."""

    key: str
    text: str
    is_advice: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One step before it has dates. ``days`` it takes are opening days, ``weeks`` until a decision are weeks.

    ``answer_days``: business days a body has for its answer, where it has to be asked first. ``begin`` and ``end`` were
    set by people and stay; ``began`` and ``done`` are what happened. ``not_before``: the day people were told, kept while it
    can be had. ``ready`` is the day before which nothing can begin because something outside the route has to be decided first,
    ``council`` who meets to decide on it; what the body was ``asked`` for in time stays with that meeting.
    """

    key: str
    spans: tuple[Span, ...] = ()
    after: tuple[Link, ...] = ()
    weekdays: frozenset[int] = WEEK
    days: int | None = None
    weeks: int | None = None
    lead_days: int = 0
    answer_days: int = 0
    begin: dt.date | None = None
    end: dt.date | None = None
    began: dt.date | None = None
    done: dt.date | None = None
    not_before: dt.date | None = None
    ready: Reason | None = None
    council: Council | None = None
    asked: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a date is what it is, or why it is not known; put into words by ``schedule_words``."""

    code: str
    day: dt.date | None = None
    until: dt.date | None = None
    n: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that dates set by people break. What ``is_advice`` may stand with a reason."""

    code: str
    is_advice: bool
    day: dt.date | None = None
    until: dt.date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A task with its days (None: not known), why, what has to be asked, and which rules it breaks."""

    key: str
    begins: dt.date | None
    ends: dt.date | None
    why: tuple[Reason, ...] = ()
    missing: tuple[Reason, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a task from one plan to the next; None where it was not or is no more."""

    key: str
    before: Placed | None
    after: Placed | None


def place(tasks: Sequence[Task], *, on: dt.date, closed: Closed) -> list[Placed]:
    """Return the tasks in their order, each on the first days it can have from ``on``. ``closed`` as the plan says."""
    calendar = _Calendar(on, closed)
    by_key = {task.key: task for task in tasks}
    done: dict[str, Placed] = {}
    for task in tasks:
        _place(task, by_key, done, calendar, ())
    return [done[task.key] for task in tasks]


def whole_end(placed: Iterable[Placed]) -> dt.date | None:
    """Return the day the last step ends; None while a step's end is not known."""
    ends = [one.ends for one in placed]
    known = [day for day in ends if day is not None]
    return max(known) if known and len(known) == len(ends) else None


def latest_known(placed: Iterable[Placed]) -> dt.date | None:
    """Return the latest day that is known at all."""
    return max((day for one in placed for day in (one.begins, one.ends) if day is not None), default=None)


def changes(before: Sequence[Placed], after: Sequence[Placed]) -> list[Change]:
    """Return what differs, in the order of the new plan, what fell away last."""
    old, new = {one.key: one for one in before}, {one.key: one for one in after}
    found = [Change(key, old.get(key), one) for key, one in new.items() if not _same(old.get(key), one)]
    return found + [Change(key, one, None) for key, one in old.items() if key not in new]


def linked(
    tasks: Sequence[tuple[str, str, str]], rules: Sequence[Mapping[str, object]], known: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Link, ...]]:
    """Return what comes before each task by the plan's ``precedence``.

    Args:
        tasks: key, service and need of each.
        rules: rows with ``before`` and ``after`` (services), ``when`` and ``text``; ``advice`` where people may decide otherwise.
        known: for a task's key the rules (their ``when``) that are settled, or do not concern it.
    """
    found: dict[str, tuple[Link, ...]] = {}
    for key, service, need in tasks:
        links = []
        for rule in rules:
            if rule["after"] != service or str(rule.get("when", "")) in known.get(key, frozenset()):
                continue
            earlier = [(other, its) for other, done, its in tasks if done == rule["before"] and other != key]
            near = [other for other, its in earlier if its == need] or [other for other, _its in earlier]
            links += [Link(other, str(rule["text"]), bool(rule.get("advice"))) for other in near]
        found[key] = tuple(links)
    return found


def _same(one: Placed | None, other: Placed) -> bool:
    return one is not None and (one.begins, one.ends) == (other.begins, other.ends)


@dataclass(frozen=True, slots=True)
class _Calendar:
    today: dt.date
    closed: Closed

    def is_open(self, day: dt.date, weekdays: frozenset[int]) -> bool:
        return day > self.end or is_business_day(day, self.closed, weekdays)

    @property
    def end(self) -> dt.date:
        """Return the last day on which anything is placed."""
        return _ahead(self.today, HORIZON.days)

    def first(self, day: dt.date, weekdays: frozenset[int] = WEEK) -> dt.date:
        """Return the first open day from ``day`` on; at the end of what is planned the day itself, open or not."""
        while day < self.end and not self.is_open(day, weekdays):
            day += _DAY
        return day

    def last(self, day: dt.date, weekdays: frozenset[int] = WEEK) -> dt.date:
        """Return the last open day up to ``day``."""
        while not self.is_open(day, weekdays):
            day -= _DAY
        return day

    def later(self, day: dt.date, count: int, weekdays: frozenset[int] = WEEK) -> dt.date:
        """Return the day ``count`` open days after ``day``."""
        for _turn in range(count):
            if day >= self.end:
                break
            day = self.first(day + _DAY, weekdays)
        return day


def _ahead(day: dt.date, days: int) -> dt.date:
    """Return the day so many days later; the calendar's last where there is none."""
    return day + dt.timedelta(days=min(days, (dt.date.max - day).days))


def _place(
    task: Task, by_key: Mapping[str, Task], done: dict[str, Placed], calendar: _Calendar, above: tuple[str, ...]
) -> Placed:
    if task.key in done:
        return done[task.key]
    why: list[Reason] = []
    missing: list[Reason] = []
    earliest: dt.date | None = calendar.first(max(calendar.today, task.not_before or calendar.today), task.weekdays)
    if task.ready is not None and task.ready.day is not None:
        why.append(task.ready)
        earliest = max(earliest or calendar.today, calendar.first(task.ready.day, task.weekdays))
    before: list[tuple[Link, Placed]] = []
    for link in task.after:
        if link.key not in by_key:
            continue
        if link.key in above or link.key == task.key:  # the plan's rules go in a circle
            missing.append(Reason("circle", text=link.text))
            continue
        before.append((link, _place(by_key[link.key], by_key, done, calendar, (*above, task.key))))
    for link, one in before:
        if one.ends is None:
            missing.append(Reason("waits", text=link.text))
            earliest = None
        else:
            follows = calendar.first(_ahead(one.ends, 1), task.weekdays)
            why.append(Reason("after", day=one.ends, text=link.text))
            earliest = max(earliest, follows) if earliest else None
    if task.council is not None and earliest is not None and not any(span.kind == CALL for span in task.spans):
        sitting = _taken_up(task.council, earliest, task.asked or earliest, calendar)
        if sitting is None:
            missing.append(Reason(NO_MEETING, text=task.council.name))
            earliest = None
        else:
            why.append(_put_to(sitting))
            earliest = calendar.first(sitting.day, task.weekdays)
    placed = _dated(task, earliest, calendar)
    faults = tuple(_faults(task, placed, before, calendar))
    done[task.key] = replace(placed, why=(*why, *placed.why), missing=(*missing, *placed.missing), faults=faults)
    return done[task.key]


def _taken_up(council: Council, earliest: dt.date, asked: dt.date, calendar: _Calendar) -> Sitting | None:
    """Return the next meeting that can take a step up: not before ``earliest``, its agenda open on the day it is ``asked`` for."""
    return next((one for one in council.sittings if earliest <= one.day <= calendar.end and asked <= one.closes), None)


def _put_to(sitting: Sitting) -> Reason:
    return Reason(PUT_TO, day=sitting.day, until=sitting.closes, text=sitting.name)


def _dated(task: Task, earliest: dt.date | None, calendar: _Calendar) -> Placed:
    """Return the task on its days: what happened, else what people set, else the first days it can have."""
    if task.done:
        begins = min(task.began or task.begin or task.done, task.done)
        return Placed(task.key, begins, task.done, (Reason("done", day=task.done),))
    begin = task.began or task.begin
    if begin is None and earliest is None:
        return Placed(task.key, None, task.end)
    if begin is not None:
        why = (Reason("began" if task.began else "set", day=begin),)
        length = _length(task, begin, calendar, _span_at(task, begin))
        return replace(length, why=(*why, *length.why), ends=task.end or length.ends,
                       missing=() if task.end else length.missing)
    found = _found(task, earliest or calendar.today, calendar)
    if task.end is None:
        return found
    return replace(found, ends=max(task.end, found.begins or task.end), why=(*found.why, Reason("set_end", day=task.end)), missing=tuple(one for one in found.missing if one.code != "length"))  # fmt: skip


def _found(task: Task, earliest: dt.date, calendar: _Calendar) -> Placed:
    """Return the first days that the windows leave, or the first open days where there are none."""
    if not task.spans:
        begins = calendar.first(earliest, task.weekdays)
        why: tuple[Reason, ...] = ()
        is_told = task.not_before is not None and task.not_before >= calendar.today
        if task.answer_days and not is_told:
            answered = calendar.later(calendar.first(calendar.today), task.answer_days)
            begins = max(begins, calendar.first(answered, task.weekdays))
            why = (Reason("answer", day=answered, n=task.answer_days),)
        begins = calendar.later(begins, task.lead_days, task.weekdays) if task.lead_days else begins
        if task.lead_days:
            why = (*why, Reason("lead", n=task.lead_days))
        placed = _length(task, begins, calendar, None)
        return replace(placed, why=(*why, *placed.why))
    for span in sorted(task.spans, key=lambda one: (not one.always, one.starts or one.closes or dt.date.max)):
        placed_in = _in_span(task, span, earliest, calendar)
        if placed_in is not None:
            return placed_in
    last = max((span.closes or span.starts or calendar.today for span in task.spans), default=None)
    return Placed(task.key, None, None, (), (Reason("no_window", day=last),))


def _in_span(task: Task, span: Span, earliest: dt.date, calendar: _Calendar) -> Placed | None:
    """Return the task inside one window; None when it is over or comes too early for what must come before."""
    if span.kind in {COURSE, MEETING} and (span.starts or span.closes):
        held = span.starts or span.closes
        assert held is not None  # noqa: S101  one of the two is there
        if not earliest <= held <= calendar.end or (span.closes and span.closes < calendar.today):
            return None
        until = calendar.later(held, max((task.days or 1) - 1, 0), task.weekdays)
        return Placed(task.key, held, until, (Reason(span.kind, day=held, until=span.closes),))
    ready = calendar.later(earliest, task.lead_days, task.weekdays) if task.lead_days else earliest
    begins = calendar.first(max(ready, span.opens or ready), task.weekdays)
    if begins >= calendar.end or (span.closes and not span.always and begins > span.closes):
        return None
    placed = _length(task, begins, calendar, span)
    if span.kind == SLOT and span.closes and placed.ends and placed.ends > span.closes:
        return None
    lead = (Reason("lead", n=task.lead_days),) if task.lead_days else ()
    return replace(placed, why=(*lead, *placed.why))


def _length(task: Task, begins: dt.date, calendar: _Calendar, span: Span | None) -> Placed:
    """Return the task from its first day to its last: a meeting or a decision after a call, a number of days, or an end not known."""
    why: list[Reason] = []
    start = begins
    if span is not None and span.kind in {CALL, SLOT}:
        why.append(Reason("always" if span.always else span.kind, day=span.opens, until=span.closes))
        if span.kind == CALL and span.closes and not span.always and span.closes <= calendar.end:  # else it closes never
            start = max(begins, span.closes)
    if task.council is not None and span is not None and span.kind == CALL:
        sitting = _taken_up(task.council, start, task.asked or start if span.always else start, calendar)
        if sitting is None:
            return Placed(task.key, begins, None, tuple(why), (Reason(NO_MEETING, text=task.council.name),))
        return Placed(task.key, begins, calendar.first(sitting.day), (*why, _put_to(sitting)))
    if task.weeks is not None:
        why.append(Reason("weeks", n=task.weeks))
        ends = calendar.first(_ahead(start, 7 * min(task.weeks, HORIZON.days)))
        return Placed(task.key, begins, ends, tuple(why))
    if span is not None and span.kind == CALL:
        return Placed(task.key, begins, None, tuple(why), (Reason("decision"),))
    days = task.days or (1 if span is not None else None)
    if days is None:
        return Placed(task.key, begins, None, tuple(why), (Reason("length"),))
    if task.days:
        why.append(Reason("days", n=task.days))
    return Placed(task.key, begins, calendar.later(begins, days - 1, task.weekdays), tuple(why))


def _span_at(task: Task, day: dt.date) -> Span | None:
    """Return the window a day lies in."""
    return next((span for span in task.spans if _holds(span, day)), None)


def _holds(span: Span, day: dt.date) -> bool:
    if span.always:
        return True
    if span.kind in {COURSE, MEETING}:
        return day == (span.starts or span.closes)
    return (span.opens or dt.date.min) <= day <= (span.closes or dt.date.max)


def _faults(
    task: Task, placed: Placed, before: Sequence[tuple[Link, Placed]], calendar: _Calendar
) -> Iterable[Fault]:
    """Yield the rules that days set by people break. What has begun or is over is as it is."""
    if task.done or task.began or placed.begins is None:
        return
    for link, one in before:
        if one.ends is None or placed.begins <= one.ends:
            yield Fault("order", link.is_advice, day=one.ends, text=link.text)
    if task.begin is None:
        return
    if task.spans and _span_at(task, task.begin) is None:
        near = next((span for span in task.spans if (span.closes or dt.date.max) >= task.begin), task.spans[-1])
        yield Fault("window", is_advice=False, day=near.starts or near.opens, until=None if near.starts else near.closes)
    dated = any(span.starts == task.begin for span in task.spans)
    if not dated and not calendar.is_open(task.begin, task.weekdays):
        yield Fault("closed", is_advice=True, day=task.begin)
