"""Two at the same moment on agenda, call, attendance, tasks, votes and papers; and what each login reads and writes of it, in both directions."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, company_person, link_holder
from renkei.base.context import acting
from renkei.meetings.actions import calling, going_round, joining, materials, minuting, proposed, trends
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, call_meeting, change_meeting, move_meeting, take_off
from renkei.meetings.actions.confirming import confirm
from renkei.meetings.actions.going_round import Said, cast_votes, remind_of_round, send_round
from renkei.meetings.actions.joining import join_series, leave_series
from renkei.meetings.actions.materials import add_material, replace_material
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out, take_up_decision, write_notes
from renkei.meetings.actions.proposed import take_proposals
from renkei.meetings.actions.trends import correct_trend, take_back_trend, tell_trend
from renkei.meetings.models import (
    AgendaItem,
    Attendance,
    Confirmation,
    Material,
    Meeting,
    Minutes,
    MinutesItem,
    Participant,
    Task,
    TrendEnd,
    TrendNote,
    Vote,
)
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Mail
from tests.cases.making import arrived, fresh
from tests.meetings.making import NOON, held, meeting, with_meetings
from tests.storm.racing import PATIENCE, at_once, codes, meet_in
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.storm
Login = Callable[[str], AbstractContextManager[None]]
SOON = clock.today() + dt.timedelta(days=20)


@pytest.fixture
def region(committed_world: World) -> World:
    """Committed data; the clock is the real one, which every thread reads."""
    return with_meetings(committed_world)


@pytest.fixture
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def verbs(*wanted: str) -> int:
    return Event.objects.filter(verb__in=wanted).count()


# Two at once


def test_two_meetings_called_at_once_get_two_numbers_or_one_is_told(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_in(monkeypatch, calling, "_session")  # both have yet to look which number is next
    with login("web"):
        got = at_once((region.center, lambda: call_meeting("working", by=region.center, held_on=SOON)),
                      (region.desk, lambda: call_meeting("working", by=region.desk, held_on=SOON)))  # fmt: skip
    made = [one for one in got if isinstance(one, Meeting)]
    assert codes(got) in (["ok", "ok"], ["called_meanwhile", "ok"])
    assert sorted(one.number for one in Meeting.objects.all()) == list(range(1, len(made) + 1))
    assert verbs("meeting.call") == len(made)


def test_of_two_who_change_a_call_at_once_one_is_told(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    found = meeting(region, held_on=SOON)
    meet_in(monkeypatch, calling, "lock_meeting")
    with login("web"):
        got = at_once(*((by, lambda by=by, place=place: change_meeting(found, by=by, version=0, held_on=SOON, place=place))
                        for by, place in ((region.center, "二階"), (region.desk, "三階"))))  # fmt: skip
    (kept,) = [one for one in got if isinstance(one, Meeting)]
    assert (codes(got), fresh(found).place, fresh(found).version, verbs("meeting.change")) == (["changed_meanwhile", "ok"], kept.place, 1, 1)


def test_a_meeting_called_off_by_two_at_once_is_called_off_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    found = meeting(region, held_on=SOON)
    meet_in(monkeypatch, calling, "lock_meeting")
    with login("web"):
        got = at_once(*((by, lambda by=by: move_meeting(found, by=by, state="off", reason="大雪")) for by in (region.center, region.desk)))
    assert (codes(got), fresh(found).version, verbs("meeting.off")) == (["ok", "wrong_state"], 1, 1)


def test_somebody_written_down_by_two_at_once_came_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    found = meeting(region, held_on=SOON)
    lab = body(LAB)
    meet_in(monkeypatch, calling, "lock_meeting")
    with login("web"):
        got = at_once(*((by, lambda by=by: attend(found, by=by, name="小出 渉", body=lab)) for by in (region.center, region.desk)))
    assert (codes(got), Attendance.objects.count(), verbs("meeting.attend")) == (["ok", "there_already"], 1, 1)
    came = Attendance.objects.get()
    with login("web"):
        got = at_once(*((by, lambda by=by: take_off(came, by=by)) for by in (region.center, region.desk)))
    assert (codes(got), verbs("meeting.take_off"), fresh(came).ended_at is not None) == (["ok", "ok"], 1, True)


def test_somebody_joined_by_two_at_once_takes_part_once_and_leaves_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_in(monkeypatch, joining, "runs_meeting")
    with login("web"):
        got = at_once(*((by, lambda by=by: join_series("working", by=by, organisation="甲社", name="乙")) for by in (region.center, region.desk)))
    assert (codes(got), Participant.objects.count(), verbs("meeting.join")) == (["ok", "there_already"], 1, 1)
    one = Participant.objects.get()
    with login("web"):
        got = at_once(*((by, lambda by=by: leave_series(one, by=by)) for by in (region.center, region.desk)))
    assert (codes(got), verbs("meeting.leave"), fresh(one).until) == (["ok", "ok"], 1, clock.today())


def test_of_two_notes_written_at_once_none_is_lost(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    item = add_item(meeting(region, held_on=SOON), by=region.bank, wording=Wording("景況"))
    meet_in(monkeypatch, minuting, "lock_item")
    with login("web"):
        got = at_once(*((by, lambda by=by: write_notes(item, by=by, notes=str(by.body), version=0)) for by in (region.center, region.bank)))
    (kept,) = [one for one in got if isinstance(one, AgendaItem)]
    assert (codes(got), fresh(item).notes, fresh(item).version, verbs("meeting.note")) == (["changed_meanwhile", "ok"], kept.notes, 1, 1)


def test_a_task_finished_by_two_at_once_is_finished_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    item = add_item(meeting(region, held_on=SOON), by=region.bank, wording=Wording("景況"))
    task = give_task(item, by=region.bank, what="送る", body=body(LAB), due_on=SOON)
    meet_in(monkeypatch, minuting, "fit")
    with login("web"):
        got = at_once((region.lab, lambda: finish_task(task, by=region.lab, words="lab")), (region.desk, lambda: finish_task(task, by=region.desk, words="desk")))
    assert (codes(got), verbs("meeting.task_done")) == (["ok", "ok"], 1)
    assert fresh(task).done_words in {"lab", "desk"}


def test_of_two_who_replace_a_paper_at_once_one_is_told(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    found = meeting(region, held_on=SOON)
    kept = add_material(found, by=region.lab, name="資料.txt", data=b"one")
    meet_in(monkeypatch, materials, "lock_writable")
    with login("web"):
        got = at_once(*((by, lambda by=by: replace_material(kept, by=by, name="新.txt", data=b"two")) for by in (region.lab, region.center)))
    assert (codes(got), Material.objects.count(), Material.objects.newest().count(), verbs("meeting.replace_material")) == (["changed_meanwhile", "ok"], 2, 1, 1)


def test_of_two_who_change_a_note_on_trends_at_once_one_is_told(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tell_trend(meeting(region, held_on=SOON), by=region.bank, text="受注が減った。", basis="anonymous")
    meet_in(monkeypatch, trends, "_lock_own")
    with login("web"):
        got = at_once((region.bank, lambda: correct_trend(note, by=region.bank, text="い", basis="anonymous")), (region.bank, lambda: correct_trend(note, by=region.bank, text="ろ", basis="anonymous")))
    last = TrendNote.objects.get(version=2)
    with login("web"):
        back = at_once(*((region.bank, lambda: take_back_trend(last, by=region.bank, reason="誤り")) for _time in range(2)))
    assert (codes(got), verbs("meeting.correct_trend"), TrendNote.objects.count()) == (["changed_meanwhile", "ok"], 1, 2)
    assert (codes(back), verbs("meeting.take_back_trend"), TrendEnd.objects.count()) == (["ok", "ok"], 1, 1)


def test_what_two_tick_at_once_stands_on_the_agenda_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    arrived(region)
    found = meeting(region, held_on=SOON)
    key = f"new:{found.pk}:{DESK}"
    meet_in(monkeypatch, proposed, "check_minutes")
    with login("web"):
        got = at_once(*((region.desk, lambda: take_proposals(found, {key: 5}, by=region.desk)) for _time in range(2)))
    assert codes(got) == ["ok", "ok"]
    assert sorted((len(one.items), one.refused) for one in got) == [(0, ["選んだうちの1件は、もう議題になっているか、片づいています。"]), (1, [])]
    assert [one.made_from for one in AgendaItem.objects.all()] == [key]


def test_a_circulation_sent_round_by_two_at_once_asks_each_body_once(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    found = meeting(region, kind="circulation", held_on=SOON)
    add_item(found, by=region.center, wording=Wording("規約"))
    meet_in(monkeypatch, going_round, "lock_meeting")
    with login("web"):
        got = at_once(*((by, lambda by=by: send_round(found, by=by, version=0)) for by in (region.center, region.desk)))
    assert (codes(got), verbs("meeting.send_round")) == (["changed_meanwhile", "ok"], 1)
    assert sorted(Mail.objects.filter(purpose="round").values_list("to_body", flat=True)) == sorted([DESK, LAB, CENTER, BANK])


def test_nothing_is_decided_while_a_vote_is_on_its_way(region: World, login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vote that was let in is counted: what the minutes will hold is not fixed between its check and its row."""
    found = meeting(region, kind="circulation", held_on=SOON)
    item = add_item(found, by=region.center, wording=Wording("規約"))
    send_round(found, by=region.center, version=0)
    token = re.findall(r"/round/([^/]+)/", Mail.objects.get(to_body=LAB, purpose="round").text)[0]
    link = open_link(token)
    assert link is not None
    actor, real, let_in, decided = link_holder(link.id, link.body), going_round.fit_name, threading.Event(), threading.Event()

    def slowly(*args: Any) -> str:
        let_in.set()
        decided.wait(PATIENCE)
        return real(*args)

    def end_it() -> Any:
        let_in.wait(10)
        got = decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
        decided.set()
        return got

    monkeypatch.setattr(going_round, "fit_name", slowly)
    with login("web"):
        got = at_once((actor, lambda: cast_votes(found, {item.pk: Said("agree")}, by=actor, name="小出 渉")), (region.center, end_it))
    assert codes(got) == ["ok", "ok"]
    send_out(fresh(found), by=region.center)
    assert [one["name"] for one in MinutesItem.objects.get().said["votes"]] == ["小出 渉"]


def test_two_workers_remind_once_and_take_a_decision_up_once(region: World, login: Login) -> None:
    found = meeting(region, kind="circulation", held_on=SOON)
    item = add_item(found, by=region.center, wording=Wording("規約"))
    send_round(found, by=region.center, version=0)
    with login("worker"):
        got = at_once(*((SYSTEM, lambda: remind_of_round(found.pk, by=SYSTEM)) for _time in range(2)))
    assert (sorted(got), Mail.objects.filter(purpose="round_reminder").count(), verbs("meeting.remind_round")) == ([0, 4], 4, 1)
    decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
    with login("worker"):
        got = at_once(*((SYSTEM, lambda: take_up_decision(item.pk, by=SYSTEM)) for _time in range(2)))
    assert (sorted(got), verbs("meeting.take_up")) == ([False, True], 1)


# The real logins, each table in both directions


def everything(region: World) -> tuple[Meeting, AgendaItem, AgendaItem]:
    """A meeting sent out with an item for all and one the desk and the lab read, each with a task and a paper; a circulation that goes round."""
    found = meeting(region)
    item = add_item(found, by=region.bank, wording=Wording("景況"), kind="report")
    secret = add_item(found, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
    found = held(region, found)
    for one, by in ((item, region.bank), (secret, region.desk)):
        give_task(one, by=by, what="送る", body=body(LAB), due_on=SOON)
        add_material(found, by=by, name="資料.txt", data=b"x", item=one)
        decide(one, by=by, outcome="noted", decision="聞いた。", version=0)
    minutes = send_out(found, by=region.center)
    confirm(minutes, by=region.lab, agrees=True)
    tell_trend(found, by=region.bank, text="受注が減った。", basis="anonymous")
    take_back_trend(tell_trend(found, by=region.bank, text="受注が増えた。", basis="anonymous"), by=region.bank, reason="誤り")
    join_series("smart", by=region.desk, organisation="甲社", name="乙")
    round_robin = meeting(region, kind="circulation")
    asked = add_item(round_robin, by=region.center, wording=Wording("規約"))
    round_robin = send_round(round_robin, by=region.center, version=0)
    cast_votes(round_robin, {asked.pk: Said("agree")}, by=region.bank)
    return found, item, secret


TABLES: tuple[type[models.Model], ...] = (
    Meeting, AgendaItem, Task, Attendance, Minutes, MinutesItem, Confirmation, Material, TrendNote, TrendEnd, Participant, Vote)  # fmt: skip


def test_each_actor_reads_by_the_policies_what_visible_to_says_of_every_table(region: World, login: Login, noon: None) -> None:
    everything(region)
    token = re.findall(r"/round/([^/]+)/", Mail.objects.get(to_body=LAB, purpose="round").text)[0]
    link = open_link(token)
    assert link is not None
    actors = {"desk": region.desk, "lab": region.lab, "center": region.center, "bank": region.bank, "guest": GUEST,
              "firm": company_person(region.people[BANK].pk), "link": link_holder(link.id, link.body)}  # fmt: skip
    seen = {}
    for name, actor in actors.items():
        with login("web"), acting(actor):
            for table in TABLES:
                rows: Any = table._default_manager
                assert set(rows.visible_to(actor)) == set(rows.all()), (name, table)
            seen[name] = tuple(table._default_manager.count() for table in TABLES)
    all_of_it, without = (2, 3, 2, 1, 1, 2, 1, 2, 1, 1, 1, 1), (2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert seen == {"desk": all_of_it, "lab": all_of_it, "center": without, "bank": (*without[:8], 2, *without[9:]), "guest": (0,) * 12, "firm": (0,) * 12,
                    "link": (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}  # fmt: skip


def test_nobody_deletes_and_who_may_not_changes_no_row_of_any_table(region: World, login: Login, noon: None) -> None:
    everything(region)
    sizes = [table._default_manager.count() for table in TABLES]
    for actor in (region.center, region.lab, GUEST):
        for table in TABLES:
            with login("web"), acting(actor), pytest.raises(DatabaseError, match="permission denied|append-only"), transaction.atomic():
                table._default_manager.all()._raw_delete("default")
    assert [table._default_manager.count() for table in TABLES] == sizes
    changes: list[tuple[type[models.Model], dict[str, object]]] = [
        (AgendaItem, {"notes": "x"}), (Attendance, {"name": "x"}), (Participant, {"name": "x"}), (Material, {"name": "x"}), (TrendNote, {"text": "x"}), (TrendEnd, {"reason": "x"})]
    left: dict[str, object] = {}
    for table, values in changes:
        for name, actor in (("guest", GUEST), ("firm", company_person(region.people[BANK].pk))):
            with login("web"), acting(actor), transaction.atomic():
                try:
                    with transaction.atomic():
                        left[f"{name} {table.__name__}"] = table._default_manager.update(**values)
                except DatabaseError:
                    left[f"{name} {table.__name__}"] = 0
    assert set(left.values()) == {0}
    assert len(left) == 12


def test_nobody_writes_a_row_in_anothers_name(region: World, login: Login, noon: None) -> None:
    """By the policies: past every action, a body writes neither another's word nor a row of what it may not read or does not run."""
    found, _item, secret = everything(region)
    minutes = Minutes.objects.get()
    now, day = clock.now(), clock.today()
    person = region.people[BANK]
    tries: list[tuple[str, Actor, Callable[[], object]]] = [
        ("a meeting", region.bank, lambda: Meeting.objects.create(plan=region.plan, series="full", fiscal_year=2026, number=9, host_id=DESK, held_on=day, called_at=now, changed_at=now)),
        ("an item of the lab", region.bank, lambda: AgendaItem.objects.create(meeting=found, order=9, kind="other", title="x", put_up_by_id=LAB)),
        ("a task of what is secret", region.bank, lambda: Task.objects.create(item=secret, what="x", body_id=BANK, due_on=day)),
        ("who came", region.bank, lambda: Attendance.objects.create(meeting=found, body_id=BANK, name="x")),
        ("minutes", region.bank, lambda: Minutes.objects.create(meeting=found, number=9, head={}, sent_at=now)),
        ("a word of the lab", region.bank, lambda: Confirmation.objects.create(minutes=minutes, body_id=LAB, agrees=True, said_at=now, said_by=person)),
        ("a note of the lab", region.bank, lambda: TrendNote.objects.create(meeting=found, body_id=LAB, text="x", basis="anonymous", written_by=person, written_at=now)),
        ("a part by a guest", GUEST, lambda: Participant.objects.create(plan=region.plan, series="smart", organisation="x", name="x", since=day)),
        ("a word by a guest", GUEST, lambda: Confirmation.objects.create(minutes=minutes, body_id=LAB, agrees=True, said_at=now, said_by=person)),
        ("who came by a firm", company_person(person.pk), lambda: Attendance.objects.create(meeting=found, body_id=BANK, name="x")),
    ]  # fmt: skip
    written = {}
    for name, actor, attempt in tries:
        with login("web"), acting(actor):
            try:
                with transaction.atomic():
                    attempt()
                    transaction.set_rollback(True)
            except DatabaseError as error:
                written[name] = "row-level security" in str(error) or "permission denied" in str(error)
            else:
                written[name] = False
    assert written == dict.fromkeys((name for name, _actor, _attempt in tries), True)
