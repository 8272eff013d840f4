"""A hard case is put up, decided, and comes back into its case; minutes are sent out, confirmed and locked [C77, C87-C93]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.models import Case, Escalation, RungEnd
from renkei.meetings.actions.agenda import Wording, add_item, order_items, put_up
from renkei.meetings.actions.calling import attend, call_meeting, change_meeting, move_meeting, take_off
from renkei.meetings.actions.confirming import confirm, lock_minutes, words_on
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out, take_up_decision, write_notes
from renkei.meetings.jobs import take_up_decisions
from renkei.meetings.models import AgendaItem, Attendance, ItemSource, Meeting, MeetingState, Minutes, MinutesItem, Task
from renkei.plan.models import Body
from tests.cases.making import events, fresh, refuses, steps
from tests.meetings.making import MEETING_DAY, NOON, OPEN, TODAY, hard_need, held, meeting, on_agenda, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C77", "C87", "C89", "C90", "C91", "C93")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def lab() -> Body:
    return Body.objects.get(pk=LAB)


# Calling


def test_numbers_run_in_a_series_and_fiscal_year(region: World) -> None:
    days = [dt.date(2026, 12, 9), dt.date(2027, 3, 31), dt.date(2027, 4, 1)]
    made = [meeting(region, held_on=day) for day in days] + [meeting(region, "full")]
    assert [(one.series, one.fiscal_year, one.number, one.host_id, one.state) for one in made] == [
        ("working", 2026, 1, CENTER, "planned"), ("working", 2026, 2, CENTER, "planned"), ("working", 2027, 1, CENTER, "planned"),
        ("full", 2026, 1, DESK, "planned"),
    ]  # fmt: skip
    assert events("meeting.call") == 4


def test_who_may_call_and_what_a_call_needs(region: World) -> None:
    with refuses("not_allowed"):
        call_meeting("working", by=region.lab, held_on=MEETING_DAY)
    with refuses("unknown_series", "series"):
        call_meeting("odd", by=region.desk, held_on=MEETING_DAY)
    with refuses("unknown_kind", "kind"):
        call_meeting("working", by=region.desk, held_on=MEETING_DAY, kind="odd")
    with refuses("reason_empty", "reason"):
        call_meeting("full", by=region.desk, held_on=MEETING_DAY, kind="extra", reason=" ")
    with refuses("too_long", "place"):
        call_meeting("full", by=region.desk, held_on=MEETING_DAY, place="長" * 201)
    assert call_meeting("working", by=region.desk, held_on=MEETING_DAY).host_id == CENTER
    assert Meeting.objects.count() == 1


def test_only_what_took_place_in_a_room_is_counted(region: World) -> None:
    states = [("regular", "held"), ("regular", "planned"), ("regular", "off"), ("circulation", "held"), ("extra", "checking")]
    for number, (kind, state) in enumerate(states):
        made = meeting(region, held_on=TODAY + dt.timedelta(days=number), kind=kind, reason="急ぐ")
        Meeting.objects.filter(pk=made.pk).update(state=state, held_at=clock.now() if state in {"held", "checking"} else None)
    assert [(one.kind, one.state) for one in Meeting.objects.counted()] == [("extra", "checking"), ("regular", "held")]


def test_a_call_is_changed_until_the_day(region: World) -> None:
    found = meeting(region)
    changed = change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY + dt.timedelta(days=1), starts=dt.time(14), place="ひばり館", chair="露崎")
    assert (changed.held_on, changed.starts, changed.place, changed.chair, changed.version) == (dt.date(2026, 12, 10), dt.time(14), "ひばり館", "露崎", 1)
    with refuses("changed_meanwhile"):
        change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY)
    with refuses("other_year", "held_on"):
        change_meeting(found, by=region.center, version=1, held_on=dt.date(2027, 4, 1))
    with refuses("not_allowed"):
        change_meeting(found, by=region.lab, version=1, held_on=MEETING_DAY)
    held(region, found)
    with refuses("held"):
        change_meeting(found, by=region.center, version=fresh(found).version, held_on=MEETING_DAY)


def test_a_meeting_is_held_on_its_day_and_called_off_with_a_reason(region: World) -> None:
    found = meeting(region)
    with refuses("not_yet"):
        move_meeting(found, by=region.center, state="held")
    with refuses("reason_empty", "reason"):
        move_meeting(found, by=region.center, state="off")
    with refuses("wrong_state"):
        move_meeting(found, by=region.center, state="locked")
    assert move_meeting(found, by=region.center, state="off", reason="台風").state_reason == "台風"
    with refuses("reason_empty", "reason"):
        move_meeting(found, by=region.center, state="planned")
    assert move_meeting(found, by=region.desk, state="planned", reason="日を改める").state == "planned"


def test_attendance_by_body_proxy_and_guest(region: World) -> None:
    found = meeting(region)
    attend(found, by=region.center, name="小出 渉", body=lab(), in_place_of="所長")
    attend(found, by=region.center, name="客 一郎", organisation="となり大学")
    with refuses("name_empty", "name"):
        attend(found, by=region.center, name="　", body=lab())
    with refuses("organisation_empty", "organisation"):
        attend(found, by=region.center, name="客 二郎")
    for name in ("小出 渉", "小出　渉", " 小出  渉 "):
        with refuses("there_already", "name"):
            attend(found, by=region.center, name=name, body=lab())
    with refuses("no_guests", "body"):
        attend(meeting(region, "full"), by=region.desk, name="客", organisation="どこか")
    with refuses("not_allowed"):
        attend(found, by=region.lab, name="わたし", body=lab())
    rows = Attendance.objects.filter(meeting=found)
    assert [(one.body_id, one.name, one.organisation, one.in_place_of) for one in rows] == [(LAB, "小出 渉", "", "所長"), (None, "客 一郎", "となり大学", "")]
    first = rows[0]
    assert take_off(first, by=region.center).ended_at is not None
    take_off(first, by=region.center)
    assert events("meeting.take_off") == 1
    attend(found, by=region.center, name="小出 渉", body=lab())  # came after all


# The agenda


def test_a_hard_case_climbs_onto_the_agenda_and_waits_for_its_day(region: World) -> None:
    item = on_agenda(region)
    case = Case.objects.get()
    assert (item.kind, item.level, item.bodies, item.put_up_by_id, item.order) == ("case", "all", [], DESK, 1)
    assert item.tried == ["工業試験所　辞退　設備がない"]
    assert (case.next_step, case.next_on, case.next_kind) == ("会議に諮る（ひばり定例会議 第1回）", MEETING_DAY, "wait")
    assert Escalation.objects.open().get().rung == 2
    assert (item.source.case_id, events("meeting.put_up"), events("need.climb")) == (case.pk, 1, 1)


def test_what_every_body_reads_is_confirmed_and_names_nobody(region: World) -> None:
    need, found = hard_need(region, public=False), meeting(region)
    with refuses("not_confirmed", "level"):
        put_up(need, found, by=region.desk, wording=OPEN, reason="難しい")
    confirmed = hard_need(region)
    named = Wording("狐火エレクトロ株式会社の反り")
    with refuses("giveaway", "sure"):
        put_up(confirmed, found, by=region.desk, wording=named, reason="難しい")
    assert AgendaItem.objects.count() == Escalation.objects.count() == 0
    put_up(confirmed, found, by=region.desk, wording=Wording(named.title, sure=True), reason="難しい")


def test_an_item_for_some_names_only_who_may_read_the_summary(region: World) -> None:
    need, found = hard_need(region, public=False), meeting(region)
    with refuses("no_consent", "bodies"):
        put_up(need, found, by=region.desk, wording=Wording("反り", level="named", bodies=(CENTER, BANK)), reason="難しい")
    with refuses("no_bodies", "bodies"):
        put_up(need, found, by=region.desk, wording=Wording("反り", level="named"), reason="難しい")
    item = put_up(need, found, by=region.desk, wording=Wording("反り", level="named", bodies=(CENTER,)), reason="難しい")
    seen = [actor.body for actor in (region.desk, region.center, region.lab, region.bank) if AgendaItem.objects.visible_to(actor).filter(pk=item.pk)]
    assert seen == [DESK, CENTER]


def test_a_need_is_put_up_once_and_only_where_the_ladder_says(region: World) -> None:
    item = on_agenda(region)
    need = Escalation.objects.open().get().need
    with refuses("on_agenda"):
        put_up(need, meeting(region, "full"), by=region.desk, wording=OPEN)
    other = hard_need(region)
    with refuses("not_on_ladder", "meeting"):
        put_up(other, meeting(region, "smart"), by=region.desk, wording=OPEN, reason="難しい")
    late = meeting(region, "full", held_on=TODAY)
    Meeting.objects.filter(pk=late.pk).update(state="locked", locked_number=1, held_at=clock.now())
    with refuses("over", "meeting"):
        put_up(other, fresh(late), by=region.desk, wording=OPEN, reason="難しい")
    with refuses("not_allowed"):
        put_up(other, item.meeting, by=region.lab, wording=OPEN, reason="難しい")


def test_what_stands_outside_already_goes_to_no_meeting(region: World) -> None:
    need = hard_need(region)
    end_rung(climb(need, by=region.desk, reason="難しい"), by=region.desk, end=RungEnd.HIGHER, words="外へ")
    with refuses("on_rung"):
        put_up(need, meeting(region), by=region.desk, wording=OPEN)


@pytest.mark.parametrize(("wording", "kind", "code", "field"), [
    (Wording(" "), "other", "title_empty", "title"), (Wording("報告"), "case", "unknown_kind", "kind"),
    (Wording("長" * 101), "other", "too_long", "title"), (Wording("報告", "長" * 1001), "report", "too_long", "question"),
    (Wording("報告", minutes=0), "report", "minutes", "minutes"), (Wording("報告", minutes=241), "report", "minutes", "minutes"),
    (Wording("報告", level="odd"), "report", "unknown_level", "level"), (Wording("報告", level="named"), "report", "no_bodies", "bodies"),
])  # fmt: skip
def test_other_items_and_what_they_need(region: World, wording: Wording, kind: str, code: str, field: str) -> None:
    found = meeting(region)
    with refuses(code, field):
        add_item(found, by=region.bank, wording=wording, kind=kind)
    made = add_item(found, by=region.bank, wording=Wording("景況の報告", presenter="古川"), kind="report")
    assert (made.put_up_by_id, made.presenter, made.planned_minutes) == (BANK, "古川", 10)


def test_items_are_ordered_by_who_runs_the_meeting(region: World) -> None:
    found = meeting(region)
    one, two, three = (add_item(found, by=region.lab, wording=Wording(title)) for title in ("一", "二", "三"))
    order_items(found, [three.pk, one.pk], by=region.center)
    assert [item.title for item in AgendaItem.objects.filter(meeting=found)] == ["三", "一", "二"]
    with refuses("not_allowed"):
        order_items(found, [two.pk], by=region.lab)


# Meeting


def test_two_who_write_at_once_lose_nothing(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    write_notes(item, by=region.center, notes="センターが書いた。", version=0)
    with refuses("changed_meanwhile"):
        write_notes(item, by=region.desk, notes="窓口が書いた。", version=0)
    assert fresh(item).notes == "センターが書いた。"
    write_notes(item, by=region.desk, notes="センターが書いた。窓口が書いた。", version=1)
    assert (fresh(item).notes, fresh(item).version, events("meeting.note")) == ("センターが書いた。窓口が書いた。", 2, 2)
    with refuses("not_allowed"):
        write_notes(item, by=region.bank, notes="よそから。", version=2)


def test_a_decision_to_go_outside_comes_into_the_case(region: World) -> None:
    item = on_agenda(region)
    with refuses("not_held"):
        decide(item, by=region.center, outcome="outside", decision="外へ。", version=0)
    held(region, item.meeting)
    decide(item, by=region.center, outcome="outside", decision="どの機関も知らない。県外に求める。", version=0)
    assert Escalation.objects.open().get().rung == 2, "the centre does not see the case: the worker brings it in"
    assert (take_up_decisions(), take_up_decisions()) == (1, 0)
    rung = Escalation.objects.open().get()
    assert (rung.rung, rung.reason) == (3, "どの機関も知らない。県外に求める。")
    assert steps(Case.objects.get())[-2:] == [("rung_ended", "2", "higher"), ("climbed", "2", "3")]
    with refuses("taken_up"):
        decide(item, by=region.center, outcome="helped", decision="やはり。", version=1)


def test_help_found_comes_back_as_a_next_step(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    decide(item, by=region.center, outcome="helped", decision="センターの伝手で測れる。", version=0)
    take_up_decisions()
    assert (Case.objects.get().next_step, Escalation.objects.open().count()) == ("見つかった支援を頼む", 0)


def test_what_is_only_noted_stays_on_its_rung_with_a_next_step(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    decide(item, by=region.center, outcome="noted", decision="聞き置く。", version=0)
    assert take_up_decisions() == 1
    assert (Case.objects.get().next_step, Escalation.objects.open().get().rung) == ("会議で決まったことを読み、次を決める", 2)
    put_up(Escalation.objects.open().get().need, meeting(region, "full"), by=region.desk, wording=OPEN)


def test_what_is_carried_waits_for_the_next_meeting_of_the_series(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    decide(item, by=region.center, outcome="carried", decision="時間切れ。", version=0)
    assert (take_up_decisions(), list(AgendaItem.objects.ready())) == (0, []), "no meeting has been called yet"
    earlier = meeting(region, held_on=TODAY - dt.timedelta(days=1))
    other = meeting(region, "full", held_on=dt.date(2027, 1, 12))
    off = move_meeting(meeting(region, held_on=dt.date(2027, 1, 12)), by=region.center, state="off", reason="大雪")
    assert (list(AgendaItem.objects.ready()), {one.state for one in (earlier, other, off)}) == ([], {"planned", "off"})
    following = meeting(region, held_on=dt.date(2027, 1, 13))
    assert list(AgendaItem.objects.ready()) == [item]
    assert (take_up_decisions(), take_up_decisions(), list(AgendaItem.objects.ready())) == (1, 0, [])
    carried = AgendaItem.objects.get(meeting=following)
    assert (carried.kind, carried.title, carried.carried_from_id, carried.put_up_by_id) == ("carried", item.title, item.pk, DESK)
    assert ItemSource.objects.get(item=carried).escalation_id == item.source.escalation_id
    assert (Case.objects.get().next_step, Case.objects.get().next_on) == ("会議に諮る（ひばり定例会議 第4回）", dt.date(2027, 1, 13))


@pytest.mark.parametrize(("outcome", "decision", "code", "field"), [
    ("", "x", "unknown_outcome", "outcome"), ("odd", "x", "unknown_outcome", "outcome"), ("noted", " ", "decision_empty", "decision"),
    ("helped", "x", "not_of_case", "outcome"), ("outside", "x", "not_of_case", "outcome"), ("noted", "長" * 1001, "too_long", "decision"),
])  # fmt: skip
def test_a_decision_says_what(region: World, outcome: str, decision: str, code: str, field: str) -> None:
    item = add_item(meeting(region), by=region.center, wording=Wording("報告"), kind="report")
    held(region, item.meeting)
    with refuses(code, field):
        decide(item, by=region.center, outcome=outcome, decision=decision, version=0)
    assert fresh(item).is_open


def test_tasks_go_to_who_may_read_the_item(region: World) -> None:
    need, found = hard_need(region), meeting(region)
    item = put_up(need, found, by=region.desk, wording=Wording("反り", level="named", bodies=(CENTER,)), reason="難しい")
    with refuses("not_theirs", "body"):
        give_task(item, by=region.desk, what="尋ねる", body=lab(), due_on=MEETING_DAY)
    with refuses("due_past", "due_on"):
        give_task(item, by=region.desk, what="尋ねる", body=Body.objects.get(pk=CENTER), due_on=MEETING_DAY - dt.timedelta(days=1))
    with refuses("what_empty", "what"):
        give_task(item, by=region.desk, what="", body=Body.objects.get(pk=CENTER), due_on=MEETING_DAY)
    task = give_task(item, by=region.desk, what="伝手に尋ねる", body=Body.objects.get(pk=CENTER), due_on=MEETING_DAY)
    with refuses("words_empty", "words"):
        finish_task(task, by=region.center, words="")
    with refuses("not_allowed"):
        finish_task(task, by=region.bank, words="勝手に")
    finish_task(task, by=region.center, words="二社を紹介した。")
    finish_task(task, by=region.center, words="もう一度")
    assert (fresh(task).done_on, fresh(task).done_words, events("meeting.task_done")) == (TODAY, "二社を紹介した。", 1)


# Minutes


def decided(region: World) -> tuple[Meeting, AgendaItem]:
    item = on_agenda(region)
    found = held(region, item.meeting)
    write_notes(item, by=region.center, notes="議論した。", version=0)
    decide(item, by=region.center, outcome="helped", decision="測れる。", version=1)
    return found, item


def test_minutes_are_sent_out_confirmed_and_locked(region: World) -> None:
    found, item = decided(region)
    give_task(item, by=region.center, what="紹介する", body=lab(), due_on=MEETING_DAY)
    first = send_out(found, by=region.center)
    assert (fresh(found).state, first.number, first.head["name"], [one["name"] for one in first.head["attendance"]]) == (
        "checking", 1, "ひばり定例会議 第1回", ["露崎 遥"])  # fmt: skip
    frozen = MinutesItem.objects.get(minutes=first)
    assert (frozen.title, frozen.said["notes"], frozen.said["decision"], frozen.said["tasks"]) == (
        item.title, "議論した。", "測れる。", [{"what": "紹介する", "body": LAB, "due_on": "2026-12-09"}])  # fmt: skip
    confirm(first, by=region.lab, agrees=False, words="幅は5ミリ。")
    with refuses("change_asked"):
        lock_minutes(found, by=region.center, version=fresh(found).version)
    write_notes(item, by=region.center, notes="幅5ミリまで測れるかを議論した。", version=fresh(item).version)
    second = send_out(found, by=region.center)
    with refuses("outdated"):
        confirm(first, by=region.lab, agrees=True)
    confirm(second, by=region.lab, agrees=True)
    assert {body: word.agrees for body, word in words_on(second).items()} == {LAB: True}
    locked = lock_minutes(found, by=region.center, version=fresh(found).version)
    assert (locked.state, locked.locked_number) == ("locked", 2)
    assert [one.said["notes"] for one in MinutesItem.objects.order_by("minutes__number")] == ["議論した。", "幅5ミリまで測れるかを議論した。"]
    with refuses("locked"):
        write_notes(item, by=region.center, notes="あとから", version=fresh(item).version)
    with refuses("wrong_state"):
        confirm(second, by=region.lab, agrees=True)


def test_locked_minutes_are_reopened_with_a_reason_and_get_a_new_number(region: World) -> None:
    found, _item = decided(region)
    send_out(found, by=region.center)
    lock_minutes(found, by=region.center, version=fresh(found).version)
    with refuses("reason_empty", "reason"):
        move_meeting(found, by=region.center, state="held")
    move_meeting(found, by=region.center, state="held", reason="数字の誤り")
    send_out(found, by=region.center)
    lock_minutes(found, by=region.center, version=fresh(found).version)
    assert (fresh(found).locked_number, Minutes.objects.count()) == (2, 2)


def test_minutes_wait_for_outcomes_and_names(region: World) -> None:
    item = on_agenda(region)
    with refuses("wrong_state"):
        send_out(item.meeting, by=region.center)
    found = held(region, item.meeting)
    with refuses("undecided"):
        send_out(found, by=region.center)
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    Attendance.objects.update(ended_at=clock.now())
    with refuses("nobody_there"):
        send_out(found, by=region.center)


# What the database holds


def test_named_rules_of_the_tables(region: World) -> None:
    found = meeting(region)
    item = add_item(found, by=region.center, wording=Wording("報告"))
    tries = [
        ("meeting_kind", lambda: Meeting.objects.filter(pk=found.pk).update(kind="odd")),
        ("meeting_state", lambda: Meeting.objects.filter(pk=found.pk).update(state="odd")),
        ("meeting_extra_has_reason", lambda: Meeting.objects.filter(pk=found.pk).update(kind="extra")),
        ("meeting_held_has_moment", lambda: Meeting.objects.filter(pk=found.pk).update(state="held")),
        ("meeting_locked_has_minutes", lambda: Meeting.objects.filter(pk=found.pk).update(state="locked", held_at=clock.now())),
        ("item_has_title", lambda: AgendaItem.objects.filter(pk=item.pk).update(title="")),
        ("item_kind", lambda: AgendaItem.objects.filter(pk=item.pk).update(kind="odd")),
        ("item_level_names_bodies", lambda: AgendaItem.objects.filter(pk=item.pk).update(level="named")),
        ("item_outcome", lambda: AgendaItem.objects.filter(pk=item.pk).update(outcome="odd", decision="x", decided_at=clock.now())),
        ("item_decided_says_what", lambda: AgendaItem.objects.filter(pk=item.pk).update(outcome="noted", decided_at=clock.now())),
        ("task_says_what", lambda: Task.objects.create(item=item, what="", body_id=LAB, due_on=TODAY)),
        ("task_done_says_how", lambda: Task.objects.create(item=item, what="x", body_id=LAB, due_on=TODAY, done_on=TODAY)),
        ("attendance_has_name", lambda: Attendance.objects.create(meeting=found, body_id=LAB, name="")),
        ("attendance_guest_is_from", lambda: Attendance.objects.create(meeting=found, name="客")),
    ]  # fmt: skip
    for name, attempt in tries:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            attempt()


Login = Callable[[str], AbstractContextManager[None]]


@pytest.mark.django_db(transaction=True)
def test_secret_items_are_read_by_named_bodies_only_under_the_real_logins(committed_world: World, login: Login) -> None:
    region = with_meetings(committed_world)
    need, found = hard_need(region), meeting(region)
    item = put_up(need, found, by=region.desk, wording=Wording("秘密の反り", level="named", bodies=(LAB,)), reason="難しい")
    held(region, found)
    with login("web"), acting(region.desk), transaction.atomic():
        decide(item, by=region.desk, outcome="outside", decision="外へ求める。", version=0)
    with login("web"), acting(region.center), transaction.atomic():
        send_out(fresh(found), by=region.center)  # the host freezes what it cannot read
    rows = {actor.body: _counts(actor, login) for actor in (region.desk, region.lab, region.center, region.bank)}
    assert rows == {DESK: (1, 1, 1), LAB: (1, 1, 0), CENTER: (0, 0, 0), BANK: (0, 0, 0)}
    with login("worker"):
        assert take_up_decisions() == 1
    assert Escalation.objects.open().get().rung == 3


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_out_while_a_secret_item_is_undecided(committed_world: World, login: Login) -> None:
    """The host may not read it, and is told only which body has to write: nothing is frozen, whoever asks the database."""
    region = with_meetings(committed_world)
    need, found = hard_need(region), meeting(region)
    item = put_up(need, found, by=region.desk, wording=Wording("秘密の反り", level="named", bodies=(LAB,)), reason="難しい")
    held(region, found)
    for actor, told in ((region.center, "産業課"), (region.desk, "秘密の反り")):
        with login("web"), acting(actor), pytest.raises(Refused) as refusal:
            send_out(fresh(found), by=actor)
        assert (refusal.value.code, refusal.value.message.partition("：")[2]) == ("undecided", told), actor.body
    with login("web"), acting(region.center), pytest.raises(DatabaseError, match="undecided"), transaction.atomic():
        minutes = Minutes.objects.create(meeting=found, number=1, head={}, sent_at=clock.now())
        with connection.cursor() as cursor:
            cursor.execute("SELECT meeting_freeze(%s)", [minutes.pk])
    assert (Minutes.objects.count(), MinutesItem.objects.count(), fresh(found).state) == (0, 0, "held")
    asked = {}
    for actor in (region.center, region.desk, region.lab, region.bank):
        with login("web"), acting(actor), connection.cursor() as cursor:
            cursor.execute("SELECT meeting_undecided(%s)", [found.pk])
            asked[actor.body] = [code for (code,) in cursor.fetchall()]
    assert asked == {CENTER: [DESK], DESK: [DESK], LAB: [], BANK: []}
    with login("web"), acting(region.desk), transaction.atomic():
        decide(item, by=region.desk, outcome="noted", decision="聞いた。", version=0)
    with login("web"), acting(region.center), transaction.atomic():
        assert send_out(fresh(found), by=region.center).number == 1


def _counts(actor: Actor, login: Login) -> tuple[int, int, int]:
    with login("web"), acting(actor):
        found = tuple(table.objects.count() for table in (AgendaItem, MinutesItem, ItemSource))
        assert found == tuple(table.objects.visible_to(actor).count() for table in (AgendaItem, MinutesItem, ItemSource))
        return found


@pytest.mark.django_db(transaction=True)
def test_what_the_web_login_may_not_do(committed_world: World, login: Login) -> None:
    region = with_meetings(committed_world)
    found, item = decided(region)
    minutes = send_out(found, by=region.center)
    acts: list[tuple[Actor, Callable[[], object]]] = [
        (region.lab, lambda: Meeting.objects.create(plan=region.plan, series="working", fiscal_year=2026, number=9, host_id=CENTER, held_on=TODAY, called_at=clock.now(), changed_at=clock.now())),
        (region.lab, lambda: AgendaItem.objects.create(meeting=found, order=9, kind="other", title="x", put_up_by_id=BANK)),
        (region.lab, lambda: Attendance.objects.create(meeting=found, name="x", body_id=LAB)),
        (region.lab, lambda: Minutes.objects.create(meeting=found, number=9, head={}, sent_at=clock.now())),
        (region.center, lambda: MinutesItem.objects.create(minutes=minutes, order=1, title="x", said={}, level="all", put_up_by_id=CENTER)),
    ]  # fmt: skip
    for actor, act in acts:
        with login("web"), acting(actor), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            act()
    with login("web"), acting(region.bank), transaction.atomic():
        assert AgendaItem.objects.filter(pk=item.pk).update(notes="よそから") == 0
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MinutesItem.objects.all().delete()
    with login("web"), acting(region.lab), pytest.raises(DatabaseError, match="not minutes"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT meeting_freeze(%s)", [minutes.pk])


def test_the_worker_takes_up_nothing_that_is_open(region: World) -> None:
    item = on_agenda(region)
    assert take_up_decision(item.pk, by=SYSTEM) is False
    assert MeetingState(fresh(item.meeting).state) == MeetingState.PLANNED
