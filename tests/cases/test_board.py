"""Lists of the desk and the bodies: what stands in them, and a number of queries that does not grow with the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.memo import remembering
from renkei.cases.actions.answers import accept
from renkei.cases.actions.intake import receive
from renkei.cases.actions.triage import change_need, keep_case
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Consent, Contact
from renkei.cases.queries.board import Board, BoardFilters, board
from renkei.cases.queries.counts import NavCounts, nav_counts
from renkei.cases.queries.inbox import inbox
from renkei.cases.queries.today import today
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from renkei.post.models import Notice, NoticeReceipt
from tests.cases.making import NOON, arrived, need_of, offered, said
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def kept(world: World, step: NextStep, **more: Any) -> Case:
    return keep_case(arrived(world, **more).case, by=world.desk, next_step=step)


def queries(read: Callable[[], object]) -> int:
    with remembering(), CaptureQueriesContext(connection) as caught:
        read()
    return len(caught)


def call(at: dt.time | None = None, on: dt.date = TODAY) -> NextStep:
    return NextStep("部品の発注を聞く", on, kind="call", at=at, phone="04-7100-0000")


class TestToday:
    def test_everything_has_its_place(self, world: World) -> None:
        with clock.moved_to(NOON - dt.timedelta(days=5)):
            late = kept(world, NextStep("返事をする", dt.date(2026, 11, 24), kind="work"))
        early, later = kept(world, call(dt.time(10))), kept(world, call())
        due = kept(world, NextStep("結果を伝える", TODAY))
        ahead = kept(world, NextStep("訪ねる", dt.date(2026, 12, 2), kind="visit"))
        kept(world, NextStep("来年", dt.date(2027, 4, 12)))
        new = arrived(world).case
        page = today(world.desk, DESK)
        assert [row.id for row in page.overdue] == [late.pk]
        assert [row.id for row in page.calls] == [early.pk, later.pk]
        assert [row.id for row in page.due_today] == [due.pk]
        assert [row.id for row in page.coming] == [ahead.pk]
        assert ([row.id for row in page.arrivals], page.arrivals_count) == ([new.pk], 1)
        assert (page.overdue[0].days, page.overdue[0].is_late, page.overdue[0].age) == (-1, True, 6)
        assert (page.calls[0].phone, page.calls[0].at, page.calls_left) == ("04-7100-0000", dt.time(10), 2)
        row = page.arrivals[0]
        assert (row.company, row.channel, row.text[:4], row.days, row.number) == (
            "狐火エレクトロ株式会社", "ウェブ", "電源装置", 2, new.number)

    def test_calls_count_attempts_and_show_what_is_done(self, world: World) -> None:
        vain, done = kept(world, call()), kept(world, NextStep("訪ねる", dt.date(2026, 12, 2)))
        for case, outcome in ((vain, "absent"), (vain, "absent"), (done, "talked")):
            Contact.objects.create(case=case, channel="phone", outcome=outcome, text="かけた", author_body_id=DESK,
                                   author=world.people[DESK], happened_at=NOON, recorded_at=NOON)
        page = today(world.desk, DESK)
        assert [(r.id, r.attempts, r.called_at) for r in page.calls] == [(vain.pk, 2, None), (done.pk, 0, NOON)]
        assert page.calls_left == 1

    def test_asked_body_moves_and_the_desk_follows(self, world: World) -> None:
        support = offered(world, due_on=dt.date(2026, 11, 26))
        with clock.moved_to(clock.at(dt.date(2026, 11, 27))):
            for actor, body in ((world.desk, DESK), (world.lab, LAB)):
                assert [(r.id, r.body, r.what) for r in today(actor, body).overdue] == [
                    (support.case_id, "工業試験所", "工業試験所の返事を待つ")]
            assert today(world.center, CENTER).overdue == []

    def test_notices_and_emptiness(self, world: World) -> None:
        notice = Notice.objects.create(from_body=LAB, by_person=world.lab.person, title="休館", text="休みます",
                                       sent_at=NOON)
        NoticeReceipt.objects.create(notice=notice, body=CENTER)
        NoticeReceipt.objects.create(notice=notice, body=BANK, read_at=NOON)
        assert [one.notice.title for one in today(world.center, CENTER).notices] == ["休館"]
        empty = today(world.bank, BANK)
        assert not any([empty.overdue, empty.calls, empty.due_today, empty.arrivals, empty.coming, empty.notices])

    def test_same_queries_with_one_row_and_three(self, world: World) -> None:
        def fill() -> None:
            kept(world, call())
            kept(world, NextStep("伝える", TODAY))
            arrived(world)

        fill()
        one = queries(lambda: today(world.desk, DESK))
        fill(), fill()
        assert (queries(lambda: today(world.desk, DESK)), one) == (13, 13)


class TestInbox:
    def test_oldest_deadline_first(self, world: World) -> None:
        second = arrived(world).case
        with clock.moved_to(NOON - dt.timedelta(days=1)):
            first = arrived(world, channel="phone").case
        kept(world, NextStep("訪ねる", TODAY))
        own = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        assert [(r.id, r.channel, r.days) for r in inbox(world.desk)] == [
            (first.pk, "電話", 1), (second.pk, "ウェブ", 2)]
        assert [r.id for r in inbox(world.lab)] == [own.pk]
        assert inbox(world.bank) == []

    def test_same_queries_with_one_row_and_three(self, world: World) -> None:
        arrived(world)
        one = queries(lambda: inbox(world.desk))
        arrived(world), arrived(world)
        assert (queries(lambda: inbox(world.desk)), one) == (5, 5)


class TestBoard:
    def place(self, page: Board) -> dict[str, list[str]]:
        return {column.code: [row.number for row in column.rows] for column in page.columns if column.count}

    @pytest.mark.covers("C41")
    def test_each_case_once_at_its_first_open_stage(self, world: World) -> None:
        new = arrived(world).case
        both = offered(world).case
        money = need_of(both, world, "2", "試作費")
        across = kept(world, NextStep("訪ねる", TODAY))
        need_of(across, world, "x", "横断")
        bare = kept(world, NextStep("訪ねる", TODAY))
        assert self.place(board(world.desk)) == {
            "arrived": [new.number], "2": [both.number], "x": [across.number], "": [bare.number]}
        change_need(money, stage="4", by=world.desk)
        assert self.place(board(world.desk))["3"] == [both.number]
        assert board(world.desk).total == 4

    def test_filters_and_their_counts(self, world: World) -> None:
        support = offered(world, takes_over=True)
        accept(support, by=world.lab)
        with clock.moved_to(NOON - dt.timedelta(days=30)):
            old = arrived(world).case
        with clock.moved_to(NOON - dt.timedelta(days=60)):
            older = arrived(world).case
        page = board(world.desk)
        assert [(b.code, b.name, b.count) for b in page.bodies] == [
            ("", "すべて", 3), (DESK, "①産業課", 2), (LAB, "②工業試験所", 1)]
        assert [(a.code, a.count) for a in page.ages] == [("", 3), ("30", 1), ("60", 1), ("61", 1)]
        assert self.place(board(world.desk, BoardFilters(body=LAB))) == {"3": [support.case.number]}
        assert self.place(board(world.desk, BoardFilters(age="60"))) == {"arrived": [old.number]}
        assert self.place(board(world.desk, BoardFilters(age="61"))) == {"arrived": [older.number]}
        assert self.place(board(world.desk, BoardFilters(order="age", limit=1)))["arrived"] == [older.number]

    def test_more_than_fits(self, world: World) -> None:
        for _ in range(3):
            arrived(world)
        column = board(world.desk, BoardFilters(limit=2)).columns[0]
        assert (column.count, len(column.rows), column.more) == (3, 2, 1)

    def test_alarms(self, world: World) -> None:
        with clock.moved_to(NOON - dt.timedelta(days=40)):
            idle = kept(world, NextStep("待つ", TODAY))
        with clock.moved_to(NOON - dt.timedelta(days=5)):
            late = kept(world, NextStep("返事をする", dt.date(2026, 11, 24)))
        ending = offered(world)
        Consent.objects.filter(case=ending.case).update(until=dt.date(2026, 11, 30))
        kept(world, NextStep("訪ねる", TODAY))
        run_clocks()
        page = board(world.desk)
        assert [(a.kind, a.row.id, a.text) for a in page.alarms] == [
            ("late", late.pk, "返事をする（産業課）"), ("idle", idle.pk, "動きがありません"),
            ("consent", ending.case_id, "同意が11月30日（月）まで")]
        assert page.alarm_count == 3

    def test_bodies_see_their_own(self, world: World) -> None:
        arrived(world)
        support = offered(world)
        assert board(world.lab).total == 1
        assert board(world.bank).total == 0
        assert self.place(board(world.lab)) == {"3": [support.case.number]}

    def test_same_queries_with_one_row_and_three(self, world: World) -> None:
        offered(world)
        one = queries(lambda: board(world.desk))
        offered(world), offered(world), arrived(world)
        assert (queries(lambda: board(world.desk)), one) == (9, 9)


class TestCounts:
    def test_of_desk_and_body(self, world: World) -> None:
        arrived(world)
        kept(world, call())
        offered(world), offered(world, left=False)
        with clock.moved_to(NOON - dt.timedelta(days=5)):
            kept(world, NextStep("返事をする", dt.date(2026, 11, 24)))
        notice = Notice.objects.create(from_body=LAB, by_person=world.lab.person, title="休館", text="休", sent_at=NOON)
        NoticeReceipt.objects.create(notice=notice, body=DESK)
        assert nav_counts(world.desk, DESK) == NavCounts(inbox=1, requests=0, overdue=1, calls=1, notices=1)
        assert nav_counts(world.lab, LAB) == NavCounts(inbox=0, requests=1, overdue=0, calls=0, notices=0)
        assert nav_counts(world.bank, BANK) == NavCounts(inbox=0, requests=0, overdue=0, calls=0, notices=0)
        assert queries(lambda: nav_counts(world.desk, DESK)) == 4
