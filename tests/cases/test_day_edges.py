"""The first page of a day at its edges: midnight, the last day of each list, ties, long lists, whose case it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.memo import remembering
from renkei.cases.models import Case, Consultation, Contact
from renkei.cases.queries.today import (
    AHEAD,
    MOST_ARRIVALS,
    MOST_COMING,
    MOST_ROWS,
    CaseRow,
    as_rows,
    concerning,
    slim,
    today,
    with_words,
)
from renkei.post.models import Notice, NoticeReceipt
from tests.cases.making import NOON, arrived, fresh, offered
from tests.world import BANK, CENTER, DESK, LAB, World

DAY = dt.timedelta(days=1)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def case(world: World, on: dt.date | None = None, **more: Any) -> Case:
    made = arrived(world).case
    Case.objects.filter(pk=made.pk).update(**{"state": "active", "next_kind": "work", "next_step": "する"} | ({"next_on": on} if on else {}) | more)
    return fresh(made)


def called(world: World, one: Case, at: dt.datetime, outcome: str = "talked", channel: str = "phone", body: str = DESK) -> None:
    Contact.objects.create(case=one, channel=channel, outcome=outcome, text="x", author_body_id=body, author=world.people[body], happened_at=at, recorded_at=at)


def ids(rows: list[CaseRow]) -> list[Any]:
    return [row.id for row in rows]


def test_each_day_falls_into_one_list(world: World) -> None:
    made = {days: case(world, TODAY + days * DAY) for days in (-30, -1, 0, 1, 21, 22)}
    page = today(world.desk, DESK)
    assert (ids(page.overdue), ids(page.due_today), ids(page.coming)) == (
        [made[-30].pk, made[-1].pk], [made[0].pk], [made[1].pk, made[21].pk])
    assert (AHEAD.days, page.overdue_count, page.due_today_count, page.arrivals_count, page.calls) == (21, 2, 1, 0, [])
    assert [row.days for row in page.overdue] == [-20, -1]


@pytest.mark.parametrize(("hour", "minute", "late"), [(0, 0, True), (12, 0, True), (23, 59, True)])
def test_the_day_turns_at_midnight_in_tokyo(world: World, hour: int, minute: int, late: bool) -> None:
    one = case(world, TODAY)
    with clock.moved_to(clock.at(TODAY, hour, minute)):
        assert (ids(today(world.desk, DESK).due_today), today(world.desk, DESK).overdue) == ([one.pk], [])
    with clock.moved_to(clock.at(TODAY + DAY, hour, minute)):
        assert (ids(today(world.desk, DESK).overdue) == [one.pk]) is late


def test_what_was_not_sorted_yet_stands_among_the_arrivals_and_not_ahead(world: World) -> None:
    new = case(world, TODAY + DAY, state="arrived")
    late = case(world, TODAY - DAY, state="arrived")
    page = today(world.desk, DESK)
    assert (ids(page.arrivals), page.arrivals_count, ids(page.coming), ids(page.overdue)) == ([late.pk, new.pk], 2, [], [late.pk])


def test_of_one_day_the_hour_decides_then_who_came_first(world: World) -> None:
    rows = [case(world, TODAY, next_time=at, arrived_at=NOON - ago * DAY) for at, ago in
            ((None, 1), (dt.time(15), 2), (dt.time(9), 3), (None, 4), (dt.time(9), 5))]  # fmt: skip
    assert ids(today(world.desk, DESK).due_today) == [rows[4].pk, rows[2].pk, rows[1].pk, rows[3].pk, rows[0].pk]


def test_calls_that_are_done_come_last_and_count_no_more(world: World) -> None:
    late, early, none = (case(world, TODAY, next_kind="call", next_time=at) for at in (dt.time(15), dt.time(9), None))
    done = case(world, TODAY + 3 * DAY)
    called(world, done, NOON)
    page = today(world.desk, DESK)
    assert (ids(page.calls), page.calls_left) == ([early.pk, late.pk, none.pk, done.pk], 3)
    assert [row.called_at for row in page.calls] == [None, None, None, NOON]
    assert page.due_today_count == 0


@pytest.mark.parametrize(
    ("channel", "outcome", "body", "hours", "shown"),
    [
        ("phone", "talked", DESK, 0, True), ("phone", "talked", DESK, -12, True), ("phone", "talked", DESK, -13, False), ("phone", "absent", DESK, 0, False),
        ("mail", "talked", DESK, 0, False), ("note", "", DESK, 0, False), ("phone", "talked", LAB, 0, False), ("phone", "", DESK, 0, True),
    ],
)  # fmt: skip
def test_only_whom_ones_own_body_reached_today_is_done(world: World, channel: str, outcome: str, body: str, hours: int, shown: bool) -> None:
    one = case(world, TODAY + 3 * DAY)
    called(world, one, NOON + dt.timedelta(hours=hours), outcome, channel, body)
    assert ids(today(world.desk, DESK).calls) == ([one.pk] if shown else [])


def test_tries_in_vain_count_for_fourteen_days(world: World) -> None:
    one = case(world, TODAY, next_kind="call")
    for days, outcome in ((0, "absent"), (13, "absent"), (14, "absent"), (15, "absent"), (1, "talked")):
        called(world, one, NOON - days * DAY, outcome)
    assert [(row.id, row.attempts) for row in today(world.desk, DESK).calls] == [(one.pk, 3)]


def test_long_lists_are_cut_and_counted_whole(world: World) -> None:
    def queries() -> int:
        with remembering(), CaptureQueriesContext(connection) as asked:
            today(world.desk, DESK)
        return len(asked)

    case(world, TODAY)
    new = case(world, TODAY + DAY, state="arrived")
    few = queries()
    Case.objects.filter(pk=new.pk).update(state="active")
    last = Case.objects.latest("number")

    def many(count: int, **more: Any) -> None:
        fields = {one.attname: getattr(last, one.attname) for one in Case._meta.concrete_fields if one.attname not in {"id", "number"}}
        Case.objects.bulk_create([Case(**fields | {"number": f"県 9-{more.get('next_on')}-{more.get('state')}-{n}"} | more) for n in range(count)])

    many(MOST_ROWS + 5, next_on=TODAY - DAY, state="active")
    many(MOST_ROWS + 5, next_on=TODAY, state="active")
    many(MOST_COMING + 5, next_on=TODAY + DAY, state="active")
    many(MOST_ARRIVALS + 5, next_on=TODAY + DAY, state="arrived")
    page = today(world.desk, DESK)
    assert [len(rows) for rows in (page.overdue, page.due_today, page.coming, page.arrivals)] == [MOST_ROWS, MOST_ROWS, MOST_COMING, MOST_ARRIVALS]
    assert (page.overdue_count, page.due_today_count, page.arrivals_count) == (MOST_ROWS + 5, MOST_ROWS + 6, MOST_ARRIVALS + 5)
    assert queries() == few


def test_whose_day_it_is(world: World) -> None:
    ours, theirs, moved = case(world, TODAY), case(world, TODAY, holder=LAB, next_body=LAB), case(world, TODAY, next_body=LAB)
    hidden = case(world, TODAY, holder=CENTER, next_body=CENTER, at_desk=False, received_by=CENTER)
    support = offered(world, due_on=TODAY)
    expected = {
        DESK: {ours.pk, theirs.pk, moved.pk, support.case_id},  # the front desk follows what was sent to it
        LAB: {theirs.pk, moved.pk, support.case_id} & set(Case.objects.visible_to(world.lab).values_list("pk", flat=True)),
        CENTER: {hidden.pk}, BANK: set(),
    }  # fmt: skip
    for body, mine in expected.items():
        assert (body, {one.pk for one in concerning(world.actor(body), body)}) == (body, mine)
    assert {theirs.pk, support.case_id} <= expected[LAB]


def test_a_closed_case_is_nobodys_day(world: World) -> None:
    one = case(world, TODAY, next_kind="call")
    Case.objects.filter(pk=one.pk).update(state="closed", closed_at=NOON, close_reason="solved")
    page = today(world.desk, DESK)
    assert (page.calls, page.due_today, page.overdue, page.coming, page.arrivals) == ([], [], [], [], [])


def shown(one: Case, actor: Actor) -> CaseRow:
    found = list(slim(Case.objects.filter(pk=one.pk)))
    return with_words(as_rows(found), found, actor)[0]


def test_words_are_the_newest_in_one_line_of_eighty(world: World) -> None:
    one = case(world, TODAY, state="arrived")
    Consultation.objects.filter(case=one).update(text="一行目\n二行目" + "あ" * 200, channel="fax")
    row = shown(one, world.desk)
    assert (row.channel, row.text) == ("FAX", "一行目 二行目" + "あ" * 73)
    hidden = shown(one, world.bank)
    assert (hidden.channel, hidden.text) == ("", "")


def test_unread_notices_newest_first_and_ten_at_most(world: World) -> None:
    for n in range(12):
        notice = Notice.objects.create(from_body=LAB, by_person=world.lab.person, title=f"第{n}報", text="x", sent_at=NOON - n * DAY)
        NoticeReceipt.objects.create(notice=notice, body=DESK, read_at=NOON if n == 1 else None)
    assert [one.notice.title for one in today(world.desk, DESK).notices] == [f"第{n}報" for n in (0, 2, 3, 4, 5, 6, 7, 8, 9, 10)]
    assert today(world.lab, LAB).notices == []


def test_a_row_says_what_the_list_shows(world: World) -> None:
    one = case(world, TODAY - DAY, next_step="電話する", next_phone="04-7100-0000", next_person=world.people[DESK], arrived_at=NOON - 9 * DAY)
    row = as_rows(slim(Case.objects.filter(pk=one.pk)))[0]
    assert (row.number, row.company, row.what, row.kind, row.phone, row.holder, row.body, row.person, row.days, row.age, row.is_late) == (
        one.number, "狐火エレクトロ株式会社", "電話する", "work", "04-7100-0000", "産業課", "産業課", "相川", -1, 10, True)
    assert (row.attempts, row.called_at, row.channel, row.text, row.stage) == (0, None, "", "", "")
