"""Board, day, inbox and navigation against plain Python over the same cases: order, places, ages, and counts that
equal the lists they count."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.cases.actions.intake import receive
from renkei.cases.models import Case, Consultation, Contact, Need
from renkei.cases.queries import board as board_page
from renkei.cases.queries.board import AGES, BoardFilters, board
from renkei.cases.queries.counts import nav_counts
from renkei.cases.queries.history import company_history
from renkei.cases.queries.inbox import inbox
from renkei.cases.queries.today import AHEAD, MOST_COMING, as_rows, concerning, slim, today
from renkei.plan.models import Body
from renkei.plan.queries import content_now, is_business_day
from tests.cases.making import NOON, arrived, company, offered, said
from tests.cases.test_closing import close
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)
BODIES = [DESK, LAB, CENTER]
numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def given_case(world: World, **more: Any) -> Case:
    """A case written directly, in any state a list can meet."""
    n = next(numbers)
    stage = more.pop("stage", None)
    values: dict[str, Any] = {
        "number": f"表 8-{n:06d}", "company_given": f"会社{n}", "title": f"件名{n}", "received_by_id": DESK, "at_desk": True,
        "arrived_at": NOON - dt.timedelta(days=3), "state": "active", "holder_id": DESK, "holder_since": TODAY,
        "next_kind": "work", "next_step": "する", "next_on": TODAY, "next_set_at": NOON, "next_phone": "04-7100-0000",
    } | more  # fmt: skip
    case = Case.objects.create(plan=world.plan, next_body_id=values.pop("next_body_id", values["holder_id"]), **values)
    if stage:
        Need.objects.create(case=case, title="課題", stage_id=stage, added_at=NOON)
    return case


cases = st.lists(
    st.fixed_dictionaries({
        "holder_id": st.sampled_from(BODIES), "next_body_id": st.sampled_from(BODIES), "received_by_id": st.sampled_from(BODIES),
        "at_desk": st.booleans(), "state": st.sampled_from(["arrived", "active", "active"]),
        "next_kind": st.sampled_from(["call", "work", "answer"]), "next_on": st.sampled_from([-9, -1, 0, 0, 1, 6, AHEAD.days, AHEAD.days + 1]).map(lambda days: TODAY + dt.timedelta(days)),
        "next_time": st.sampled_from([None, dt.time(9), dt.time(16, 30)]), "stage": st.sampled_from([None, "1", "2", "3", "x"]),
        "arrived_at": st.integers(0, 70 * 24).map(lambda hours: NOON - dt.timedelta(hours=hours)),
    }),
    max_size=14,
)  # fmt: skip
quickly = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture],
                   phases=[Phase.explicit, Phase.reuse, Phase.generate])  # fmt: skip  # to shrink is slow with a database


class TestAgainstPlainPython:
    @quickly
    @given(cases, st.sampled_from(["date", "age"]), st.integers(1, 4))
    def test_the_board_has_each_case_in_one_place_in_order(
        self, world: World, drawn: list[dict[str, Any]], order: str, limit: int
    ) -> None:
        with transaction.atomic():
            made = [(one, given_case(world, **one)) for one in drawn]
            page = board(world.desk, BoardFilters(order=order, limit=limit))
            where = Counter("arrived" if one["state"] == "arrived" else one["stage"] or "" for one, _case in made)
            assert {column.code: column.count for column in page.columns if column.count} == dict(where)
            assert page.total == len(made) == sum(column.count for column in page.columns)
            for column in page.columns:
                keys = [(row.arrived_at, row.id) if order == "age" else (row.on, row.arrived_at, row.id) for row in column.rows]
                assert keys == sorted(keys)  # type: ignore[type-var]  open cases have a day
                assert (len(column.rows), column.more) == (min(limit, column.count), max(0, column.count - limit))
            transaction.set_rollback(True)

    @settings(quickly, max_examples=4)
    @given(cases)
    def test_every_filter_counts_what_it_then_shows(self, world: World, drawn: list[dict[str, Any]]) -> None:
        with transaction.atomic():
            for one in drawn:
                given_case(world, **one)
            for actor in (world.desk, world.lab):
                page = board(actor)
                assert [choice.count for choice in page.bodies] == [
                    board(actor, BoardFilters(body=choice.code)).total for choice in page.bodies]
                assert [choice.count for choice in page.ages] == [
                    board(actor, BoardFilters(age=choice.code)).total for choice in page.ages]
                assert page.total == page.bodies[0].count == page.ages[0].count == sum(one.count for one in page.ages[1:])
            transaction.set_rollback(True)

    @quickly
    @given(cases)
    def test_the_day_has_each_case_where_its_date_puts_it(self, world: World, drawn: list[dict[str, Any]]) -> None:
        with transaction.atomic():
            for one in drawn:
                given_case(world, **one)
            for actor, body in ((world.desk, DESK), (world.lab, LAB), (world.center, CENTER)):
                page, nav = today(actor, body), nav_counts(actor, body)
                mine = sorted(concerning(actor, body), key=lambda c: (c.next_on, c.next_time or dt.time.max, c.arrived_at, c.pk))
                late = [case.pk for case in mine if case.next_on and case.next_on < TODAY]
                now = [case for case in mine if case.next_on == TODAY]
                assert [row.id for row in page.overdue] == late
                assert [row.id for row in page.due_today] == [case.pk for case in now if case.next_kind != "call"]
                assert {row.id for row in page.calls} == {case.pk for case in now if case.next_kind == "call"}
                assert [row.id for row in page.coming] == [
                    case.pk for case in mine if case.next_on and TODAY < case.next_on <= TODAY + AHEAD
                    and case.state != "arrived"][:MOST_COMING]  # fmt: skip
                assert (page.overdue_count, page.due_today_count, page.arrivals_count) == (
                    len(page.overdue), len(page.due_today), len(page.arrivals))
                assert (nav.overdue, nav.calls, nav.inbox) == (page.overdue_count, page.calls_left, len(inbox(actor)))
            transaction.set_rollback(True)

    @quickly
    @given(st.lists(st.dates(dt.date(2026, 9, 1), dt.date(2027, 5, 31)), min_size=1, max_size=6))
    def test_days_left_are_business_days_counted_one_by_one(self, world: World, days: list[dt.date]) -> None:
        with transaction.atomic():
            closed, made = content_now().closed_days, {given_case(world, next_on=day).pk: day for day in days}
            for row in as_rows(slim(Case.objects.filter(pk__in=made))):
                first, last = sorted([TODAY, made[row.id]])
                between = (first + dt.timedelta(n) for n in range(1, (last - first).days + 1))
                count = sum(is_business_day(day, closed) for day in between)
                assert (row.days, row.is_late) == (count if made[row.id] >= TODAY else -count, made[row.id] < TODAY)
            transaction.set_rollback(True)


class TestAges:
    @pytest.mark.parametrize(
        ("days", "hour", "age", "bucket"),
        [
            (0, 0, 1, "30"), (0, 12, 1, "30"), (29, 0, 30, "30"), (30, 23, 31, "60"), (30, 0, 31, "60"), (59, 0, 60, "60"),
            (60, 23, 61, "61"), (400, 12, 401, "61"),
        ],
    )  # fmt: skip
    def test_a_case_grows_older_at_midnight_in_tokyo(self, world: World, days: int, hour: int, age: int, bucket: str) -> None:
        case = given_case(world, arrived_at=clock.at(TODAY - dt.timedelta(days=days), hour))
        page = board(world.desk)
        assert [choice.count for choice in page.ages] == [1, *(int(code == bucket) for code, *_ in AGES[1:])]
        assert [row.age for row in as_rows(slim(Case.objects.filter(pk=case.pk)))] == [age]

    @pytest.mark.parametrize("age", ["", "7", "x", "61 OR 1=1"])
    def test_an_unknown_age_narrows_nothing(self, world: World, age: str) -> None:
        given_case(world)
        assert board(world.desk, BoardFilters(age=age)).total == 1

    @pytest.mark.parametrize("body", ["nowhere", "HIBARI-DESK", "'"])
    def test_an_unknown_holder_holds_nothing(self, world: World, body: str) -> None:
        given_case(world)
        assert board(world.desk, BoardFilters(body=body)).total == 0

    @pytest.mark.parametrize(
        ("now", "next_on", "days"),
        [
            (dt.date(2026, 12, 28), dt.date(2027, 1, 4), 1), (dt.date(2026, 12, 31), dt.date(2027, 1, 4), 1),
            (dt.date(2027, 1, 4), dt.date(2026, 12, 28), -1), (dt.date(2028, 2, 28), dt.date(2028, 2, 29), 1),
            (dt.date(2028, 2, 29), dt.date(2028, 3, 1), 1), (dt.date(2026, 11, 20), dt.date(2026, 11, 24), 1),
            (dt.date(2026, 11, 21), dt.date(2026, 11, 23), 0), (dt.date(2027, 3, 31), dt.date(2027, 4, 1), 1),
        ],
    )  # fmt: skip
    def test_days_over_closures_holidays_and_ends_of_years(
        self, world: World, now: dt.date, next_on: dt.date, days: int
    ) -> None:
        given_case(world, next_on=next_on)
        with clock.moved_to(clock.at(now, 0)):
            assert [row.days for row in as_rows(slim(Case.objects.all()))] == [days]


class TestMoreThanFits:
    def test_lists_are_cut_and_counts_are_not(self, world: World) -> None:
        for n in range(45):
            given_case(world, next_on=TODAY - dt.timedelta(days=n + 1))
            given_case(world, state="arrived", next_on=TODAY + dt.timedelta(days=1))
        page = today(world.desk, DESK)
        assert (len(page.overdue), page.overdue_count) == (40, 45)
        assert (len(page.arrivals), page.arrivals_count) == (8, 45)
        assert page.overdue[0].on == TODAY - dt.timedelta(days=45)

    def test_alarms_past_what_is_read_are_still_counted(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(board_page, "MOST_READ", 14)
        for n in range(20):
            given_case(world, next_on=TODAY - dt.timedelta(days=n + 1))
        page = board(world.desk)
        assert (len(page.alarms), page.alarm_count) == (12, 20)
        assert [alarm.row.on for alarm in page.alarms[:2]] == [TODAY - dt.timedelta(days=n) for n in (20, 19)]

    @pytest.mark.parametrize("count", [13, 14, 15])
    def test_at_the_edge_of_what_is_read_nothing_is_lost(
        self, world: World, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        monkeypatch.setattr(board_page, "MOST_READ", 14)
        for _turn in range(count):
            given_case(world, next_on=TODAY - dt.timedelta(days=1))
        assert board(world.desk).alarm_count == count

    def test_nothing_at_all(self, world: World) -> None:
        for actor, body in ((world.desk, DESK), (world.bank, BANK)):
            page, board_of = today(actor, body), board(actor)
            assert (page.overdue, page.calls, page.due_today, page.arrivals, page.coming, page.overdue_count) == ([], [], [], [], [], 0)
            assert (board_of.total, board_of.alarms, [one.count for one in board_of.bodies]) == (0, [], [0])
            assert [column.code for column in board_of.columns] == ["arrived", "1", "2", "3", "4", "x"]


class TestCalls:
    def contact(self, case: Case, world: World, **more: Any) -> None:
        values = {"channel": "phone", "outcome": "absent", "text": "かけた", "author_body_id": DESK, "happened_at": NOON,
                  "author": world.people[DESK], "recorded_at": NOON} | more  # fmt: skip
        Contact.objects.create(case=case, **values)

    def test_by_the_clock_then_without_a_time_then_what_is_done(self, world: World) -> None:
        call = {"next_kind": "call"}
        late, early, free = (given_case(world, next_time=at, **call) for at in (dt.time(17), dt.time(9), None))
        done = given_case(world, next_on=TODAY + dt.timedelta(days=9))
        self.contact(done, world, outcome="talked")
        page = today(world.desk, DESK)
        assert [row.id for row in page.calls] == [early.pk, late.pk, free.pk, done.pk]
        assert page.calls_left == 3

    @pytest.mark.parametrize(("ago", "counts"), [(dt.timedelta(0), 1), (dt.timedelta(days=14), 1),
                                                 (dt.timedelta(days=14, seconds=1), 0)])  # fmt: skip
    def test_attempts_of_the_last_two_weeks_count(self, world: World, ago: dt.timedelta, counts: int) -> None:
        case = given_case(world, next_kind="call")
        self.contact(case, world, happened_at=NOON - ago)
        assert [row.attempts for row in today(world.desk, DESK).calls] == [counts]

    @pytest.mark.parametrize(
        ("more", "shown"),
        [
            ({"outcome": "talked"}, True), ({"outcome": "absent"}, False), ({"outcome": "talked", "channel": "mail"}, False),
            ({"outcome": "talked", "author_body_id": LAB}, False),
            ({"outcome": "talked", "happened_at": clock.at(TODAY, 0)}, True),
            ({"outcome": "talked", "happened_at": clock.at(TODAY, 0) - dt.timedelta(seconds=1)}, False),
        ],
    )  # fmt: skip
    def test_only_who_was_reached_today_by_telephone_is_done(self, world: World, more: dict[str, Any], shown: bool) -> None:
        case = given_case(world, next_on=TODAY + dt.timedelta(days=9))
        self.contact(case, world, **more)
        assert [row.id for row in today(world.desk, DESK).calls] == ([case.pk] if shown else [])


class TestWords:
    def test_the_beginning_of_the_first_words_on_one_line(self, world: World) -> None:
        case = arrived(world, text="一行目\n" + "長" * 200).case
        first = case.consultations.get()
        Consultation.objects.create(case=case, number="x", channel="phone", received_by_id=DESK, text="あとの話",
                                    consulted_at=NOON + dt.timedelta(hours=1), recorded_at=NOON)
        (row,) = inbox(world.desk)
        assert (row.text, row.channel) == (("一行目 " + first.text[4:])[:80], "ウェブ")

    def test_who_may_not_read_the_words_gets_the_row_without_them(self, world: World) -> None:
        case = receive(said(), by=world.center, body=Body.objects.get(pk=CENTER), to_desk=False).case
        Case.objects.filter(pk=case.pk).update(holder=LAB, next_body=LAB)
        assert [(row.id, row.text, row.channel) for row in inbox(world.lab)] == [(case.pk, "", "")]

    def test_counts_of_another_body_hold_no_requests(self, world: World) -> None:
        offered(world)
        assert (nav_counts(world.lab, LAB).requests, nav_counts(world.desk, LAB).requests) == (1, 0)


class TestHistory:
    def test_days_are_days_in_tokyo_and_words_are_the_plans(self, world: World) -> None:
        known = company()
        with clock.moved_to(clock.at(TODAY - dt.timedelta(days=9), 0)):
            case = arrived(world, company=known).case
        with clock.moved_to(clock.at(TODAY, 0)):
            close(case, world, result="no")
        (past,) = company_history(known, actor=world.desk)
        assert (past.arrived_on, past.closed_on, past.result, past.helped) == (
            TODAY - dt.timedelta(days=9), TODAY, "役に立たなかった", 0)

    def test_open_ones_first_each_half_newest_first(self, world: World) -> None:
        known, made = company(), list[Case]()
        for n in range(4):
            with clock.moved_to(NOON + dt.timedelta(hours=n)):
                made.append(arrived(world, company=known).case)
        for case in (made[0], made[3]):
            close(case, world)
        order = [past.case.pk for past in company_history(known, actor=world.desk)]
        assert order == [made[n].pk for n in (2, 1, 3, 0)]
        assert company_history(company(name="ほかの会社"), actor=world.desk) == []
