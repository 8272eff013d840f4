"""Every act of a meeting by everybody, in every state; and by the bodies themselves under the real login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import GUEST, Actor, company_person
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.meetings.actions.agenda import Wording, add_item, order_items
from renkei.meetings.actions.calling import attend, call_meeting, change_meeting, move_meeting, take_off
from renkei.meetings.actions.confirming import confirm, lock_minutes
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out, write_notes
from renkei.meetings.models import (
    MEETING_STEPS,
    AgendaItem,
    Attendance,
    Confirmation,
    Meeting,
    MeetingState,
    Minutes,
    Task,
)
from renkei.meetings.queries import own_tasks, presence, to_confirm, years
from renkei.plan.models import Body
from tests.cases.making import events, fresh, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

Act = Callable[[Actor], object]
Login = Callable[[str], AbstractContextManager[None]]
REPORT = Wording("景況の報告", "一年の数字です。", presenter="古川 直")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def actors(region: World) -> dict[str, Actor]:
    firm = Person.objects.create_user("firm@firms.example", "hibari-secret-1", name="会社の人")
    return {"desk": region.desk, "center": region.center, "lab": region.lab, "bank": region.bank, "guest": GUEST, "firm": company_person(firm.pk)}


def done_by(act: Act, everybody: dict[str, Actor]) -> set[str]:
    """Who may: each tries, and each try is undone."""
    found = set()
    for name, actor in everybody.items():
        try:
            with transaction.atomic():
                act(actor)
                transaction.set_rollback(True)
        except Refused as refusal:
            assert (refusal.code, refusal.message[-1]) == ("not_allowed", "。"), name  # noqa: PT017  who may not is told so
        else:
            found.add(name)
    return found


def lab_item(region: World, found: Meeting) -> AgendaItem:
    return add_item(found, by=region.lab, wording=REPORT, kind="report")


def written_up(region: World) -> tuple[Meeting, AgendaItem, Task]:
    """A meeting that was held: the lab's report is noted, and the bank has promised something."""
    found = meeting(region)
    item = lab_item(region, found)
    found = held(region, found)
    write_notes(item, by=region.center, notes="聞いた。", version=0)
    decide(item, by=region.center, outcome="noted", decision="了承した。", version=1)
    return found, fresh(item), give_task(item, by=region.center, what="数字を送る", body=body(BANK), due_on=MEETING_DAY)


def test_who_may_do_each_act(region: World) -> None:
    """The host of the series and the front desk run a meeting; whoever put an item up writes it, too; every body reports."""
    everybody = actors(region)
    runs, staffs = {"desk", "center"}, {"desk", "center", "lab", "bank"}
    planned = meeting(region)
    other = lab_item(region, planned)
    guest_list = attend(planned, by=region.center, name="露崎 遥", body=body(CENTER))
    before: dict[str, tuple[set[str], Act]] = {
        "call": (runs, lambda by: call_meeting("working", by=by, held_on=MEETING_DAY)),
        "call of the desk's": ({"desk"}, lambda by: call_meeting("full", by=by, held_on=MEETING_DAY)),
        "change": (runs, lambda by: change_meeting(planned, by=by, version=planned.version, held_on=MEETING_DAY, place="二階")),
        "call off": (runs, lambda by: move_meeting(planned, by=by, state="off", reason="大雪")),
        "attend": (runs, lambda by: attend(planned, by=by, name="小出 渉", body=body(LAB))),
        "take off": (runs, lambda by: take_off(guest_list, by=by)),
        "add": (staffs, lambda by: add_item(planned, by=by, wording=REPORT)),
        "order": (runs, lambda by: order_items(planned, [other.pk], by=by)),
        "note": (runs | {"lab"}, lambda by: write_notes(other, by=by, notes="下書き", version=0)),
    }
    assert {name: done_by(act, everybody) for name, (_may, act) in before.items()} == {name: may for name, (may, _act) in before.items()}
    assert fresh(planned).version == planned.version
    found, item, task = written_up(region)
    after: dict[str, tuple[set[str], Act]] = {
        "decide": (runs | {"lab"}, lambda by: decide(item, by=by, outcome="dropped", decision="取り下げる。", version=item.version)),
        "task": (runs | {"lab"}, lambda by: give_task(item, by=by, what="送る", body=body(BANK), due_on=MEETING_DAY)),
        "done": (runs | {"bank"}, lambda by: finish_task(task, by=by, words="送った。")),
        "send out": (runs, lambda by: send_out(found, by=by)),
    }
    assert {name: done_by(act, everybody) for name, (_may, act) in after.items()} == {name: may for name, (may, _act) in after.items()}
    minutes = send_out(found, by=region.center)
    last: dict[str, tuple[set[str], Act]] = {
        "confirm": (staffs, lambda by: confirm(minutes, by=by, agrees=True)),
        "lock": (runs, lambda by: lock_minutes(found, by=by, version=fresh(found).version)),
    }
    assert {name: done_by(act, everybody) for name, (_may, act) in last.items()} == {name: may for name, (may, _act) in last.items()}
    assert (Confirmation.objects.count(), fresh(task).done_on, fresh(item).outcome) == (0, None, "noted")


def test_every_step_between_states_is_taken_or_refused_as_the_table_says(region: World) -> None:
    found = meeting(region)
    Meeting.objects.filter(pk=found.pk).update(held_on=TODAY)
    by_hand = {MeetingState.PLANNED, MeetingState.HELD, MeetingState.OFF}
    for before in MeetingState:
        taken = set()
        for after in MeetingState:
            Meeting.objects.filter(pk=found.pk).update(state=before, held_at=clock.now(), locked_number=1 if before == MeetingState.LOCKED else None)
            try:
                with transaction.atomic():
                    move_meeting(found, by=region.center, state=after, reason="わけ")
                    transaction.set_rollback(True)
            except Refused as refusal:
                assert refusal.code == "wrong_state", (before, after)  # noqa: PT017  each is taken or refused
            else:
                taken.add(after)
        assert taken == MEETING_STEPS[before] & by_hand, before


def test_what_may_be_written_in_each_state(region: World) -> None:
    found, item, _task = written_up(region)
    there = Attendance.objects.get()
    acts: dict[str, Callable[[], object]] = {
        "add": lambda: add_item(found, by=region.bank, wording=REPORT),
        "note": lambda: write_notes(item, by=region.center, notes="直した。", version=item.version),
        "decide": lambda: decide(item, by=region.center, outcome="noted", decision="了承した。", version=item.version),
        "task": lambda: give_task(item, by=region.center, what="送る", body=body(LAB), due_on=MEETING_DAY),
        "attend": lambda: attend(found, by=region.center, name="小出 渉", body=body(LAB)),
        "take off": lambda: take_off(there, by=region.center),
        "change": lambda: change_meeting(found, by=region.center, version=fresh(found).version, held_on=TODAY),
        "send out": lambda: send_out(found, by=region.center),
        "lock": lambda: lock_minutes(found, by=region.center, version=fresh(found).version),
    }  # fmt: skip
    writing = {"note", "task", "attend", "take off"}
    wanted = {
        "planned": writing | {"add", "change"}, "held": writing | {"add", "decide", "send out"}, "checking": writing | {"decide", "send out", "lock"},
        "locked": set(), "off": set(),
    }  # fmt: skip
    minutes = send_out(found, by=region.center)
    possible: dict[str, set[str]] = {}
    for state in MeetingState:
        Meeting.objects.filter(pk=found.pk).update(state=state, held_at=clock.now(), locked_number=minutes.number if state == MeetingState.LOCKED else None)
        found = fresh(found)
        possible[state.value] = set()
        for name, act in acts.items():
            try:
                with transaction.atomic():
                    act()
                    transaction.set_rollback(True)
            except Refused as refusal:
                assert refusal.code in {"over", "locked", "off", "held", "not_held", "wrong_state"}, (state, name)  # noqa: PT017  as above
            else:
                possible[state.value].add(name)
    assert possible == wanted


def test_twice_is_once(region: World) -> None:
    found, item, task = written_up(region)
    there = Attendance.objects.get()
    for _press in range(2):
        take_off(there, by=region.center)
        finish_task(task, by=region.bank, words="送った。")
    assert (events("meeting.take_off"), events("meeting.task_done")) == (1, 1)
    attend(found, by=region.center, name="露崎 遥", body=body(CENTER))  # who came after all is there again
    with refuses("there_already", "name"), transaction.atomic():
        attend(found, by=region.center, name="露崎 遥", body=body(CENTER))
    minutes = send_out(found, by=region.center)
    for _press in range(2):
        confirm(minutes, by=region.lab, agrees=True)
    lock_minutes(found, by=region.center, version=fresh(found).version)
    with refuses("wrong_state"):
        lock_minutes(found, by=region.center, version=fresh(found).version)
    with refuses("locked"):
        decide(item, by=region.lab, outcome="noted", decision="x", version=fresh(item).version)
    assert events("meeting.lock") == 1


def test_a_second_editor_of_the_call_is_told_and_loses_nothing(region: World) -> None:
    found = meeting(region)
    change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY, place="二階")
    with refuses("changed_meanwhile"):
        change_meeting(found, by=region.desk, version=0, held_on=MEETING_DAY, place="三階")
    assert (fresh(found).place, fresh(found).version, events("meeting.change")) == ("二階", 1, 1)


def test_ones_own_lists(region: World) -> None:
    """What waits for a body's word and what it has promised; who came, counted; and the year of each series."""
    found, _item, task = written_up(region)
    assert {one: own_tasks(region.actor(one)) for one in (DESK, LAB, BANK)} == {DESK: [], LAB: [], BANK: [task]}
    minutes = send_out(found, by=region.center)
    confirm(minutes, by=region.lab, agrees=False, words="幅は5ミリ。")
    assert {one: to_confirm(region.actor(one)) for one in (DESK, LAB, CENTER, BANK)} == {DESK: [minutes], LAB: [], CENTER: [minutes], BANK: [minutes]}
    again = send_out(found, by=region.center)
    assert to_confirm(region.lab) == [again]
    attend(found, by=region.center, name="大学の先生", organisation="ひばり大学")
    attend(found, by=region.center, name="小出 渉", body=body(LAB), in_place_of="試験所長")
    counted = presence(found, region.bank)
    assert (len(counted.people), counted.bodies, counted.all_bodies) == (3, 2, Body.objects.filter(closed_on__isnull=True).count())
    assert (presence(found, GUEST).people, to_confirm(GUEST), own_tasks(GUEST)) == ([], [], [])
    year = {one.series.code: (one.held, len(one.ahead), len(one.gone)) for one in years(region.bank, FiscalYear.of(TODAY))}
    assert year == {"working": (1, 0, 1), "full": (0, 0, 0), "smart": (0, 0, 0)}


def test_a_body_acts_for_itself_under_the_real_login(committed_world: World, login: Login) -> None:
    """What needs no running of the meeting is done by any body, the row of the meeting locked meanwhile."""
    region = with_meetings(committed_world)
    found = meeting(region)
    with login("web"), acting(region.bank), transaction.atomic():
        item = add_item(found, by=region.bank, wording=REPORT, kind="report")
        write_notes(item, by=region.bank, notes="配った資料のとおり。", version=0)
    with login("web"), acting(region.lab), transaction.atomic():
        with refuses("not_allowed"):
            write_notes(item, by=region.lab, notes="よそから。", version=1)
        with refuses("not_allowed"):
            attend(found, by=region.lab, name="小出 渉", body=body(LAB))
    held(region, found)
    with login("web"), acting(region.bank), transaction.atomic():
        decide(item, by=region.bank, outcome="noted", decision="了承した。", version=1)
        task = give_task(item, by=region.bank, what="数字を送る", body=body(LAB), due_on=MEETING_DAY)
    with login("web"), acting(region.lab), transaction.atomic():
        finish_task(task, by=region.lab, words="送った。")
    with login("web"), acting(region.center), transaction.atomic():
        minutes = send_out(fresh(found), by=region.center)
    for actor in (region.lab, region.bank):
        with login("web"), acting(actor), transaction.atomic():
            assert to_confirm(actor) == [minutes]
            confirm(minutes, by=actor, agrees=True)
            assert to_confirm(actor) == []
    with login("web"), acting(region.center), transaction.atomic():
        lock_minutes(found, by=region.center, version=fresh(found).version)
    assert (fresh(found).state, fresh(task).done_words, Minutes.objects.count(), Confirmation.objects.count()) == ("locked", "送った。", 1, 2)
    with login("web"), acting(GUEST):
        assert [table.objects.count() for table in (Meeting, AgendaItem, Task, Attendance, Minutes, Confirmation)] == [0] * 6
