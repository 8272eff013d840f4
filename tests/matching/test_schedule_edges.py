"""The planner with odd calendars and odd numbers: far years, a plan that never opens, huge counts, long chains, circles."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.schedule import HORIZON, Fault, Link, Placed, Reason, Span, Task, place
from renkei.matching.schedule_words import as_data, fault_words, from_data, missing_words, reason_words
from renkei.plan.queries import WEEK, is_business_day

ON = dt.date(2026, 11, 25)  # a Wednesday
CLOSED = [(12, 29, 1, 3)]
NEVER = [(1, 1, 12, 31)]
LAST = dt.date.max
HUGE = 10**9


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


def one(task: Task, *before: Task, on: dt.date = ON, closed: list[tuple[int, int, int, int]] | None = None) -> Placed:
    return place([*before, task], on=on, closed=CLOSED if closed is None else closed)[-1]


def codes(placed: Placed) -> list[str]:
    return [reason.code for reason in placed.missing]


@pytest.mark.parametrize(
    ("task", "begins", "ends", "missing"),
    [
        # written as "no end": a call that closes in the last year there is, is one that never closes
        (Task("t", (Span("call", day(4, 1), LAST),), weeks=4), ON, day(12, 23), []),
        (Task("t", (Span("slot", ON, LAST),), days=1), ON, ON, []),
        # opens, or is held, further ahead than anything is planned: nobody is told a day in another decade
        (Task("t", (Span("call", day(4, 1, 2040), day(5, 1, 2040)),), weeks=4), None, None, ["no_window"]),
        (Task("t", (Span("course", None, None, LAST),)), None, None, ["no_window"]),
        (Task("t", (Span("meeting", None, day(4, 1, 2041), day(5, 1, 2041)),)), None, None, ["no_window"]),
        # every window is past
        (Task("t", (Span("call", day(4, 1), day(5, 1)), Span("call", None, day(11, 24))), weeks=1), None, None, ["no_window"]),
        (Task("t", (Span("slot", day(4, 1), day(11, 24)),), days=1), None, None, ["no_window"]),
        # closes today: still today; but not when it needs a day before
        (Task("t", (Span("call", None, ON),), weeks=1), ON, day(12, 2), []),
        (Task("t", (Span("call", None, ON),), weeks=1, lead_days=1), None, None, ["no_window"]),
        # a decision on a holiday or in the closed days waits for the next open one
        (Task("t", (Span("call", None, day(12, 1)),), weeks=4), ON, day(1, 4, 2027), []),
        (Task("t", begin=day(12, 28), days=2), day(12, 28), day(1, 4, 2027), []),
        # leap day: a day like any other
        (Task("t", begin=day(2, 29, 2028), days=2), day(2, 29, 2028), day(3, 1, 2028), []),
        (Task("t", (Span("call", None, day(2, 1, 2028)),), weeks=4), ON, day(2, 29, 2028), []),
    ],
)
def test_odd_windows(task: Task, begins: dt.date | None, ends: dt.date | None, missing: list[str]) -> None:
    placed = one(task)
    assert (placed.begins, placed.ends, codes(placed)) == (begins, ends, missing)


@pytest.mark.parametrize(
    "task",
    [
        Task("t", days=HUGE), Task("t", lead_days=HUGE), Task("t", answer_days=HUGE), Task("t", weeks=HUGE),
        Task("t", (Span("call", None, day(12, 18)),), weeks=HUGE), Task("t", (Span("slot", None, day(12, 18)),), days=HUGE),
        Task("t", (Span("course", None, None, day(12, 8)),), days=HUGE), Task("t", begin=LAST, weeks=5), Task("t", begin=LAST, days=5),
        Task("t", begin=LAST, end=LAST), Task("t", not_before=LAST), Task("t", (Span("call", LAST, LAST, always=True),), weeks=1),
        Task("t", began=LAST, days=1), Task("t", done=LAST), Task("t", weekdays=frozenset({0}), days=900),
    ],
)  # fmt: skip
def test_huge_numbers_and_the_last_day_there_is_end_in_an_answer(task: Task) -> None:
    """Facts of the catalogue come from lists of others: a wrong number must not stop the page of a route."""
    after = Task("z", after=(Link("t", "先"),), days=1)
    first, second = place([task, after], on=ON, closed=CLOSED)
    assert first.begins is None or first.ends is None or first.begins <= first.ends
    assert (first.begins and first.ends) or first.missing
    assert second.begins is None or first.ends is None or second.begins >= first.ends


def test_a_plan_that_never_opens_gives_an_answer_too() -> None:
    for task in (Task("t", days=3), Task("t", (Span("call", None, None, always=True),), weeks=2), Task("t", lead_days=4, answer_days=4)):
        placed = one(task, closed=NEVER)
        assert placed.begins is None or placed.begins <= ON + HORIZON
    assert one(Task("t", days=1), on=LAST).begins == LAST


@pytest.mark.parametrize(("on", "begins", "ends"), [
    (dt.date(2026, 12, 28), dt.date(2026, 12, 28), dt.date(2027, 1, 5)),  # the last day of work; three days of work
    (dt.date(2026, 12, 31), dt.date(2027, 1, 4), dt.date(2027, 1, 6)),
    (dt.date(2027, 4, 29), dt.date(2027, 4, 30), dt.date(2027, 5, 7)),  # golden week
    (dt.date(2028, 2, 28), dt.date(2028, 2, 28), dt.date(2028, 3, 1)),
    (dt.date(2027, 3, 31), dt.date(2027, 3, 31), dt.date(2027, 4, 2)),  # over the end of the fiscal year
])  # fmt: skip
def test_year_ends_holidays_and_leap_days(on: dt.date, begins: dt.date, ends: dt.date) -> None:
    placed = one(Task("t", days=3), on=on)
    assert (placed.begins, placed.ends) == (begins, ends)


def test_forty_steps_in_a_chain_and_in_a_circle() -> None:
    chain = [Task(str(n), after=(Link(str(n - 1), "先"),) if n else (), days=1) for n in range(40)]
    placed = place(chain, on=ON, closed=CLOSED)
    days = [one.begins for one in placed if one.begins]
    assert len(days) == 40
    assert days == sorted(set(days))
    circle = [replace(chain[0], after=(Link("39", "輪"),)), *chain[1:]]
    for order in (circle, list(reversed(circle))):
        placed = place(order, on=ON, closed=CLOSED)
        assert len(placed) == 40
        assert sum("circle" in codes(one) for one in placed) >= 1
    assert "circle" in codes(one(Task("t", after=(Link("t", "自分"),), days=1)))
    assert one(Task("t", after=(Link("gone", "ない"),), days=1)).begins == ON  # what is not in the route holds nothing up


def test_what_is_done_or_begun_stays_whatever_comes_before_it() -> None:
    late = Task("a", begin=day(12, 20), days=2)
    done = Task("b", after=(Link("a", "先"),), done=day(11, 20), began=day(11, 18))
    begun = Task("c", after=(Link("a", "先"),), began=day(11, 24), days=3)
    odd = Task("d", began=day(11, 22), done=day(11, 20))  # recorded the wrong way round
    placed = {one.key: one for one in place([late, done, begun, odd], on=ON, closed=CLOSED)}
    assert (placed["b"].begins, placed["b"].ends, placed["b"].faults) == (day(11, 18), day(11, 20), ())
    assert (placed["c"].begins, placed["c"].ends, placed["c"].faults) == (day(11, 24), day(11, 26), ())
    assert (placed["d"].begins, placed["d"].ends) == (day(11, 20), day(11, 20))


FACTS = st.fixed_dictionaries({
    "days": st.none() | st.integers(0, 5000), "weeks": st.none() | st.integers(0, 5000), "lead_days": st.integers(0, 5000),
    "answer_days": st.integers(0, 5000), "weekdays": st.sampled_from([WEEK, frozenset({6}), frozenset({2})]),
})  # fmt: skip
FAR = st.none() | st.dates(dt.date(1, 1, 1), dt.date.max)


@st.composite
def wild(draw: st.DrawFn) -> list[Task]:
    """Anything a list of others may say, with a past for some: done, begun, waiting for whatever."""
    tasks = []
    for number in range(draw(st.integers(1, 5))):
        spans = tuple(
            Span(draw(st.sampled_from(["call", "slot", "meeting", "course"])), draw(FAR), draw(FAR), draw(FAR), always=draw(st.booleans()))
            for _n in range(draw(st.integers(0, 2)))
        )
        after = tuple(Link(str(draw(st.integers(0, 5))), "先") for _n in range(draw(st.integers(0, 2))))
        past = draw(st.none() | st.dates(dt.date(2026, 4, 1), ON))
        tasks.append(Task(str(number), spans, after, done=past, not_before=draw(FAR), **draw(FACTS)))
    return tasks


@settings(max_examples=150)
@given(wild())
def test_nothing_stops_the_planner_and_what_is_done_keeps_its_day(tasks: list[Task]) -> None:
    placed = {one.key: one for one in place(tasks, on=ON, closed=CLOSED)}
    again = {one.key: one for one in place([replace(task, done=task.done or None) for task in tasks], on=ON + dt.timedelta(days=30), closed=CLOSED)}
    for task in tasks:
        now = placed[task.key]
        if task.done:
            assert (now.begins, now.ends) == (task.done, task.done)
            assert (again[task.key].begins, again[task.key].ends) == (task.done, task.done)  # planning again moves no past
            continue
        if now.begins is not None and now.ends is not None:
            assert now.begins <= now.ends
        if now.begins is not None:
            assert now.begins >= ON
        if now.begins is None or now.ends is None:
            assert now.missing
        for link in task.after:
            before = placed.get(link.key)
            if before is not None and before.ends is not None and now.begins is not None and before.ends < ON + HORIZON and "circle" not in codes(now):
                assert now.begins > before.ends or any("circle" in codes(one) for one in placed.values())


def test_each_reason_has_words_and_comes_back_from_what_is_kept() -> None:
    told = ["call", "slot", "always", "weeks", "days", "lead", "answer", "after", "course", "meeting", "began", "done", "set", "set_end", "note"]
    for code in told:
        for reason in (Reason(code, ON, day(12, 18), 3, "先に済ませる"), Reason(code, text="注意")):
            assert from_data(as_data(reason)) == reason
            assert reason_words(reason, ON)
            assert missing_words(reason, ON) == ""
    asked = ["waits", "circle", "no_window", "decision", "length", "course_missing", "earlier_missing"]
    for code in asked:
        for reason in (Reason(code, ON, n=2, text="講習が先"), Reason(code)):
            assert from_data(as_data(reason)) == reason
            assert missing_words(reason, ON)
            assert reason_words(reason, ON) == ""
    assert reason_words(Reason("unheard of"), ON) == missing_words(Reason("unheard of"), ON) == ""
    assert fault_words(Fault("order", is_advice=False, text="決定が先。"), ON) == "先の段取りの終わりが分かりません。決定が先。"
    assert "12月18日" in fault_words(Fault("window", is_advice=False, until=day(12, 18)), ON)
    assert "11月28日" in fault_words(Fault("closed", is_advice=True, day=day(11, 28)), ON)


def test_business_days_of_the_test_calendar() -> None:
    """What the examples above count on."""
    assert [is_business_day(one, CLOSED) for one in (ON, day(11, 23), day(12, 28), day(12, 29), day(1, 4, 2027), day(2, 29, 2028))] == [
        True, False, True, False, True, True]  # fmt: skip
