"""The planner of routes: what it promises for any plan (properties), and how each kind of step is placed (examples)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.schedule import (
    Council,
    Fault,
    Link,
    Placed,
    Reason,
    Sitting,
    Span,
    Task,
    changes,
    latest_known,
    linked,
    place,
    whole_end,
)
from renkei.plan.queries import WEEK, is_business_day

ON = dt.date(2026, 11, 25)  # a Wednesday
CLOSED = [(12, 29, 1, 3)]
DAY = dt.timedelta(days=1)


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


def one(task: Task, *before: Task, on: dt.date = ON) -> Placed:
    return place([*before, task], on=on, closed=CLOSED)[-1]


def call(opens: dt.date | None, closes: dt.date | None, *, always: bool = False) -> Span:
    return Span("call", opens, closes, always=always)


AFTER = (Link("a", "先に済ませる"),)
DONE_BY = Task("a", end=day(12, 10), begin=day(12, 1))


@pytest.mark.covers("C49", "C57")
@pytest.mark.parametrize(
    ("task", "begins", "ends", "why", "missing"),
    [
        # a call: from today while it is open, decided so many weeks after its last day
        (Task("t", (call(day(11, 1), day(12, 18)),), weeks=6), ON, day(1, 29, 2027), ["call", "weeks"], []),
        # not open yet: its first business day (the 6th is a Sunday)
        (Task("t", (call(day(12, 6), day(1, 29, 2027)),), weeks=1), day(12, 7), day(2, 5, 2027), ["call", "weeks"], []),
        # always open: decided so many weeks after it is handed in; a decision in the closed days falls on the first day after
        (Task("t", (call(None, None, always=True),), weeks=5), ON, day(1, 4, 2027), ["always", "weeks"], []),
        # nobody knows how long the decision takes: said, not invented
        (Task("t", (call(None, day(12, 18)),)), ON, None, ["call"], ["decision"]),
        # the first call that can still be had is taken, whatever the order they come in
        (Task("t", (call(day(4, 1, 2027), day(5, 20, 2027)), call(day(10, 1), day(11, 20))), weeks=2), day(4, 1, 2027), day(6, 3, 2027), ["call", "weeks"], []),
        # over
        (Task("t", (call(day(10, 1), day(11, 20)),), weeks=2), None, None, [], ["no_window"]),
        # preparing takes longer than the call is open
        (Task("t", (call(None, day(11, 30)),), weeks=2, lead_days=5), None, None, [], ["no_window"]),
        (Task("t", (call(None, day(12, 30)),), weeks=2, lead_days=2), day(11, 27), day(1, 13, 2027), ["lead", "call", "weeks"], []),
        # a course is on its day, while one can sign up
        (Task("t", (Span("course", None, day(12, 1), day(12, 8)),)), day(12, 8), day(12, 8), ["course"], []),
        (Task("t", (Span("course", None, day(11, 24), day(12, 8)),)), None, None, [], ["no_window"]),
        (Task("t", (Span("meeting", None, day(12, 1), day(12, 8)),), days=2), day(12, 8), day(12, 9), ["meeting"], []),
        # a slot holds all its days
        (Task("t", (Span("slot", day(12, 3), day(12, 4)),), days=2), day(12, 3), day(12, 4), ["slot", "days"], []),
        (Task("t", (Span("slot", day(12, 3), day(12, 4)), Span("slot", day(12, 14), day(12, 18))), days=3), day(12, 14), day(12, 16), ["slot", "days"], []),
        # without windows: after the body's answer; the end only where it is known
        (Task("t", answer_days=4), day(12, 1), None, ["answer"], ["length"]),
        (Task("t", answer_days=4, days=10), day(12, 1), day(12, 14), ["answer", "days"], []),
        (Task("t", days=1, lead_days=3), day(11, 30), day(11, 30), ["lead", "days"], []),
        (Task("t", weeks=3), ON, day(12, 16), ["weeks"], []),
        # open on Saturdays only
        (Task("t", days=2, weekdays=frozenset({5})), day(11, 28), day(12, 5), ["days"], []),
        # what people set and what happened
        (Task("t", begin=day(12, 2), days=3), day(12, 2), day(12, 4), ["set", "days"], []),
        (Task("t", begin=day(12, 2), end=day(12, 20)), day(12, 2), day(12, 20), ["set"], []),
        (Task("t", end=day(12, 20)), ON, day(12, 20), ["set_end"], []),
        (Task("t", began=day(11, 20), days=3), day(11, 20), day(11, 25), ["began", "days"], []),
        (Task("t", began=day(11, 10), done=day(11, 20)), day(11, 10), day(11, 20), ["done"], []),
        (Task("t", done=day(11, 20)), day(11, 20), day(11, 20), ["done"], []),
        # the day people know is kept, unless it has gone by
        (Task("t", days=1, not_before=day(12, 3)), day(12, 3), day(12, 3), ["days"], []),
        (Task("t", days=1, not_before=day(11, 3)), ON, ON, ["days"], []),
        (Task("t", days=1, answer_days=4, not_before=day(11, 27)), day(11, 27), day(11, 27), ["days"], []),
        (Task("t", days=1, answer_days=4, not_before=day(11, 24)), day(12, 1), day(12, 1), ["answer", "days"], []),
    ],
)  # fmt: skip
def test_a_step_alone(task: Task, begins: dt.date | None, ends: dt.date | None, why: list[str], missing: list[str]) -> None:
    placed = one(task)
    assert (placed.begins, placed.ends) == (begins, ends)
    assert ([reason.code for reason in placed.why], [reason.code for reason in placed.missing]) == (why, missing)
    assert placed.faults == ()


@pytest.mark.parametrize(
    ("task", "begins", "missing"),
    [
        (Task("t", after=AFTER, days=1), day(12, 11), []),
        # the call that closes before the other step ends cannot be had; the next one can
        (Task("t", (call(None, day(12, 10)), call(day(1, 12, 2027), day(3, 5, 2027))), AFTER, weeks=8), day(1, 12, 2027), []),
        (Task("t", (Span("course", None, day(12, 8), day(12, 10)),), AFTER), None, ["no_window"]),
        (Task("t", after=(Link("gone", "x"),), days=1), ON, []),
    ],
)
def test_a_step_after_another(task: Task, begins: dt.date | None, missing: list[str]) -> None:
    placed = one(task, DONE_BY)
    assert (placed.begins, [reason.code for reason in placed.missing]) == (begins, missing)


def test_what_waits_for_an_unknown_end_has_no_day_and_says_so() -> None:
    placed = place([Task("t", after=AFTER, days=2), Task("a", answer_days=1)], on=ON, closed=CLOSED)
    assert [(one.key, one.begins, one.ends) for one in placed] == [("t", None, None), ("a", day(11, 26), None)]
    assert placed[0].missing == (Reason("waits", text="先に済ませる"),)


def test_rules_in_a_circle_end_and_are_told() -> None:
    circle = [Task("a", after=(Link("b", "甲"),), days=1), Task("b", after=(Link("a", "乙"),), days=1)]
    placed = place(circle, on=ON, closed=CLOSED)
    assert {one.key: [reason.code for reason in one.missing] for one in placed} == {"a": [], "b": ["circle"]}
    assert placed[0].begins is not None
    assert placed[1].ends is not None
    assert placed[0].begins > placed[1].ends
    assert one(Task("s", after=(Link("s", "己"),), days=1)).missing == (Reason("circle", text="己"),)


@pytest.mark.parametrize(
    ("task", "faults"),
    [
        (Task("t", after=AFTER, begin=day(12, 10), days=1), [Fault("order", is_advice=False, day=day(12, 10), text="先に済ませる")]),
        (Task("t", after=(Link("a", "目安", is_advice=True),), begin=day(12, 3), days=1), [Fault("order", is_advice=True, day=day(12, 10), text="目安")]),
        (Task("t", after=AFTER, begin=day(12, 11), days=1), []),
        (Task("t", after=AFTER, began=day(12, 1), days=1), []),  # what has begun is as it is
        (Task("t", (call(day(12, 1), day(12, 18)),), begin=day(12, 21), weeks=1), [Fault("window", is_advice=False, day=day(12, 1), until=day(12, 18))]),
        (Task("t", (call(day(12, 1), day(12, 18)),), begin=day(12, 18), weeks=1), []),
        (Task("t", (Span("course", None, day(12, 1), day(12, 8)),), begin=day(12, 7)), [Fault("window", is_advice=False, day=day(12, 8))]),
        (Task("t", (Span("course", None, day(12, 1), day(12, 6)),), begin=day(12, 6)), []),  # a course may be on a Sunday
        (Task("t", begin=day(12, 6), days=1), [Fault("closed", is_advice=True, day=day(12, 6))]),
        (Task("t", begin=day(12, 30), days=1), [Fault("closed", is_advice=True, day=day(12, 30))]),
        (Task("t", begin=day(12, 5), days=1, weekdays=frozenset({5})), []),
    ],
)  # fmt: skip
def test_rules_that_set_days_break(task: Task, faults: list[Fault]) -> None:
    assert list(one(task, DONE_BY).faults) == faults


def sitting(held: dt.date, closes: dt.date, name: str = "第1回") -> Sitting:
    return Sitting(name, held, closes)


MEETS = Council("会議", (sitting(day(12, 2), day(11, 27)), sitting(day(12, 16), day(12, 11), "第2回"), sitting(day(1, 13, 2027), day(1, 8, 2027), "第3回")))


@pytest.mark.covers("C71")
@pytest.mark.parametrize(
    ("task", "on", "begins", "why", "missing"),
    [
        # the next one whose agenda is open today; on its last day still
        (Task("t", council=MEETS), ON, day(12, 2), ["put_to"], ["length"]),
        (Task("t", council=MEETS, days=2), day(11, 27), day(12, 2), ["put_to", "days"], []),
        (Task("t", council=MEETS), day(11, 30), day(12, 16), ["put_to"], ["length"]),
        # asked for in time: the agenda was open then
        (Task("t", council=MEETS, asked=day(11, 27)), day(11, 30), day(12, 2), ["put_to"], ["length"]),
        # what comes before is over on the 10th, a day before the agenda closes; asked for before, it still comes after
        (Task("t", after=AFTER, council=MEETS), ON, day(12, 16), ["after", "put_to"], ["length"]),
        (Task("t", after=AFTER, council=MEETS, asked=ON), ON, day(12, 16), ["after", "put_to"], ["length"]),
        # held on a day its body is closed: it begins on the next open one
        (Task("t", council=MEETS, weekdays=frozenset({4})), ON, day(12, 4), ["put_to"], ["length"]),
        # a machine's free days are had after it
        (Task("t", (Span("slot", day(11, 20), day(12, 20)),), council=MEETS), ON, day(12, 2), ["put_to", "slot"], []),
        # no meeting, none soon enough, none so far ahead: no day, and a question
        (Task("t", council=Council("会議")), ON, None, [], ["no_meeting"]),
        (Task("t", council=MEETS), day(1, 11, 2027), None, [], ["no_meeting"]),
        (Task("t", council=Council("会議", (sitting(day(12, 2, 2040), day(12, 2, 2040)),))), ON, None, [], ["no_meeting"]),
        # days that people set, and what happened, stay
        (Task("t", council=Council("会議"), begin=day(12, 1), days=1), ON, day(12, 1), ["set", "days"], ["no_meeting"]),
        (Task("t", council=MEETS, begin=day(12, 1), days=1), ON, day(12, 1), ["put_to", "set", "days"], []),
    ],
)
def test_a_step_that_a_meeting_decides(task: Task, on: dt.date, begins: dt.date | None, why: list[str], missing: list[str]) -> None:
    placed = one(task, DONE_BY, on=on)
    assert (placed.begins, [reason.code for reason in placed.why], [reason.code for reason in placed.missing]) == (begins, why, missing)


@pytest.mark.parametrize(
    ("task", "begins", "ends", "why", "missing"),
    [
        # what was handed in until the call closed is decided by the first meeting whose agenda closes after it, whatever weeks were told
        (Task("t", (call(day(12, 1), day(12, 4)),), weeks=8, council=MEETS), day(12, 1), day(12, 16), ["call", "put_to"], []),
        (Task("t", (call(None, None, always=True),), council=MEETS), ON, day(12, 2), ["always", "put_to"], []),
        (Task("t", (call(None, None, always=True),), council=MEETS, begin=day(11, 30)), day(11, 30), day(12, 16), ["set", "always", "put_to"], []),
        (Task("t", (call(None, None, always=True),), council=MEETS, begin=day(11, 30), asked=ON), day(11, 30), day(12, 2), ["set", "always", "put_to"], []),
        # none that could decide it: it can be handed in, and nobody knows until when it is decided
        (Task("t", (call(day(12, 1), day(1, 15, 2027)),), weeks=8, council=MEETS), day(12, 1), None, ["call"], ["no_meeting"]),
    ],
)
def test_a_meeting_decides_what_was_handed_in(task: Task, begins: dt.date, ends: dt.date | None, why: list[str], missing: list[str]) -> None:
    placed = one(task)
    found = (placed.begins, placed.ends, [reason.code for reason in placed.why], [reason.code for reason in placed.missing])
    assert found == (begins, ends, why, missing)


def test_what_waits_for_a_step_without_a_meeting_has_no_day_either() -> None:
    waits = one(Task("t", after=AFTER), Task("a", council=Council("会議")))
    assert (waits.begins, [reason.code for reason in waits.missing]) == (None, ["waits"])


RULES = [
    {"before": "course", "after": "machine", "when": "qualification", "text": "講習が先", "advice": True},
    {"before": "award", "after": "loan", "when": "award", "text": "決定が先"},
]


def test_links_follow_the_plan() -> None:
    tasks = [("c1", "course", "n1"), ("c2", "course", "n2"), ("m", "machine", "n1"), ("l", "loan", "n1"), ("w", "award", "n2")]
    assert linked(tasks, RULES, {}) == {
        "c1": (), "c2": (), "w": (),
        "m": (Link("c1", "講習が先", is_advice=True),),  # the same need's course is enough
        "l": (Link("w", "決定が先"),),  # another need's award counts where the same need has none
    }  # fmt: skip
    assert linked(tasks, RULES, {"m": frozenset({"qualification"}), "l": frozenset({"award"})}) == {key: () for key, *_more in tasks}


def test_changes_and_ends() -> None:
    a, b = Placed("a", day(12, 1), day(12, 2)), Placed("b", day(12, 3), None)
    moved = replace(a, ends=day(12, 9))
    assert changes([a, b], [moved, b, Placed("c", None, None)]) == [
        changes([a], [moved])[0], changes([], [Placed("c", None, None)])[0]]  # fmt: skip
    assert [(one.key, one.before, one.after) for one in changes([a, b], [b])] == [("a", a, None)]
    assert (whole_end([a, moved]), whole_end([a, b]), whole_end([])) == (day(12, 9), None, None)
    assert (latest_known([a, b]), latest_known([Placed("c", None, None)])) == (day(12, 3), None)


# --- what holds for every plan ---------------------------------------------------------------------------------------

DAYS = st.integers(-60, 400).map(lambda n: ON + dt.timedelta(days=n))
KINDS = st.sampled_from(["call", "slot", "meeting", "course"])


@st.composite
def spans(draw: st.DrawFn) -> Span:
    kind, closes = draw(KINDS), draw(DAYS)
    opens = draw(st.none() | st.integers(0, 60).map(lambda n: closes - dt.timedelta(days=n)))
    starts = draw(st.none() | st.integers(0, 20).map(lambda n: closes + dt.timedelta(days=n))) if kind in {"meeting", "course"} else None
    return Span(kind, opens, closes, starts, always=kind == "call" and draw(st.booleans()))


@st.composite
def councils(draw: st.DrawFn) -> Council:
    days = sorted(draw(st.lists(DAYS, max_size=3)))
    return Council("会議", tuple(sitting(one, one - dt.timedelta(days=draw(st.integers(0, 9)))) for one in days))


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    """Tasks where each may wait for earlier ones; shuffled, so that the order they come in helps nobody."""
    tasks = []
    for number in range(draw(st.integers(1, 6))):
        after = tuple(Link(str(n), "先") for n in range(number) if draw(st.booleans()))
        begin = draw(st.none() | DAYS.filter(lambda one: one >= ON))
        length = draw(st.none() | st.integers(0, 90))
        end = None if length is None else (begin or ON) + dt.timedelta(days=length)
        tasks.append(Task(
            str(number), tuple(draw(st.lists(spans(), max_size=2))), after,
            draw(st.sampled_from([WEEK, WEEK | {5}, frozenset({2})])), draw(st.none() | st.integers(1, 30)),
            draw(st.none() | st.integers(0, 20)), draw(st.integers(0, 10)), draw(st.integers(0, 10)), begin, end,
            council=draw(st.none() | councils()),
        ))  # fmt: skip
    return draw(st.permutations(tasks))


def lies_in(task: Task, begins: dt.date) -> bool:
    return any(
        span.always or begins == (span.starts or span.closes) if span.kind in {"meeting", "course"} or span.always
        else (span.opens or dt.date.min) <= begins <= (span.closes or dt.date.max)
        for span in task.spans
    )  # fmt: skip


@settings(max_examples=150)
@given(plans())
def test_properties(tasks: list[Task]) -> None:
    placed = place(tasks, on=ON, closed=CLOSED)
    by_key, task_of = {one.key: one for one in placed}, {one.key: one for one in tasks}
    assert [one.key for one in placed] == [one.key for one in tasks]
    assert placed == place(tasks, on=ON, closed=CLOSED)  # the same input, the same plan
    assert by_key == {one.key: one for one in place(list(reversed(tasks)), on=ON, closed=CLOSED)}  # in whatever order
    for one in placed:
        task = task_of[one.key]
        if one.begins is not None and one.ends is not None:
            assert one.begins <= one.ends
        if one.begins is None or one.ends is None:
            assert one.missing or task.begin or task.end  # what is not known is said
        if one.begins is None or task.begin:
            continue
        assert one.begins >= ON
        if task.council is not None:  # no step before a meeting that could take it
            decided = one.ends if any(span.kind == "call" for span in task.spans) else one.begins
            assert decided is None or task.end or any(ON <= meeting.day <= decided and meeting.closes >= ON for meeting in task.council.sittings)
        for link in task.after:  # no step before what must come before it
            ends = by_key[link.key].ends
            assert ends is not None
            assert one.begins > ends
        if task.spans:  # no step outside its windows
            assert lies_in(task, one.begins)
        dated = any(one.begins in {span.starts, span.closes} for span in task.spans)
        assert dated or is_business_day(one.begins, CLOSED, task.weekdays)  # opening days respected


@settings(max_examples=100)
@given(plans(), st.integers(1, 60))
def test_moving_a_step_moves_what_depends_on_it_and_nothing_else(tasks: list[Task], later: int) -> None:
    first = min(tasks, key=lambda one: one.key)  # waits for nobody
    before = {one.key: one for one in place(tasks, on=ON, closed=CLOSED)}
    moved = replace(first, begin=ON + dt.timedelta(days=400), end=ON + dt.timedelta(days=400 + later))
    after = {one.key: one for one in place([moved if one.key == first.key else one for one in tasks], on=ON, closed=CLOSED)}
    waiting = {first.key}
    for task in sorted(tasks, key=lambda one: one.key):
        if any(link.key in waiting for link in task.after):
            waiting.add(task.key)
    assert {key for key in after if (after[key].begins, after[key].ends) != (before[key].begins, before[key].ends)} <= waiting
    for task in tasks:
        new = after[task.key]
        if any(link.key == first.key for link in task.after) and task.begin is None and new.begins is not None:
            assert new.begins > ON + dt.timedelta(days=400 + later)
