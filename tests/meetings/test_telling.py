"""Bodies are told of meetings, minutes and tasks: on their list at once, by the one mail of the day, never of what is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.digest import run_digests, sweep
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import call_meeting, change_meeting, move_meeting
from renkei.meetings.actions.confirming import confirm, lock_minutes
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out
from renkei.meetings.calendar import calendar_meetings, meeting_events
from renkei.meetings.jobs import settle_news
from renkei.meetings.models import Meeting, Minutes
from renkei.meetings.queries import own_tasks, to_confirm
from renkei.plan.models import Body, PlanVersion
from renkei.post.calendars import make_calendar
from renkei.post.daily import compose
from renkei.post.models import Mail, Nudge
from tests.cases.making import fresh, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, WITH_MEETINGS, held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def told(kind: str | None = None) -> list[tuple[str, str, str]]:
    """What stands open on the lists, body by body, oldest first."""
    rows = Nudge.objects.open().order_by("made_at", "body")
    return [(one.body, one.kind, one.title) for one in (rows.filter(kind=kind) if kind else rows)]


def checked(region: World) -> tuple[Meeting, Minutes]:
    """Minutes that wait for the words of the bodies."""
    found = meeting(region, held_on=TODAY)
    item = add_item(found, by=region.center, wording=Wording("景況の報告"), kind="report")
    held(region, found)
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    Nudge.objects.all().delete()
    return found, send_out(fresh(found), by=region.center)


# What is told, and to whom


def test_every_other_body_hears_of_a_call_a_move_and_an_end(region: World) -> None:
    found = call_meeting("working", by=region.center, held_on=MEETING_DAY, starts=dt.time(14), ends=dt.time(16), place="ひばり館")
    assert told() == [(BANK, "meeting", "会議が開かれます"), (DESK, "meeting", "会議が開かれます"), (LAB, "meeting", "会議が開かれます")]
    one = Nudge.objects.get(body=LAB)
    assert (one.number, one.words, one.case, one.address, one.person) == (
        "ひばり定例会議 第1回", "12月9日（水） 14:00～16:00　ひばり館", found.pk, Body.objects.get(pk=LAB).mail, None)  # fmt: skip
    change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY, starts=dt.time(14), ends=dt.time(16), place="ひばり館", chair="露崎")
    assert len(told()) == 3, "who chairs is no news"
    change_meeting(found, by=region.desk, version=1, held_on=MEETING_DAY + dt.timedelta(days=1), starts=dt.time(10), place="別館")
    assert [body for body, _kind, title in told() if title == "会議の日時か場所が変わりました"] == [BANK, CENTER, LAB]
    assert set(Nudge.objects.filter(body=BANK).values_list("words", flat=True)) == {"12月9日（水） 14:00～16:00　ひばり館", "12月10日（木） 10:00　別館"}
    move_meeting(found, by=region.center, state="off", reason="大雪")
    move_meeting(found, by=region.center, state="planned", reason="晴れた")
    words = [(one.title, one.words) for one in Nudge.objects.filter(body=LAB, title__contains="取りやめ")]
    assert sorted(words) == [("会議を取りやめました", "12月10日（木） 10:00　別館　大雪"), ("取りやめた会議を開くことになりました", "12月10日（木） 10:00　別館　晴れた")]


def test_nothing_is_told_of_a_day_that_is_over_nor_of_opening_the_meeting(region: World) -> None:
    meeting(region, held_on=TODAY - dt.timedelta(days=1))
    assert told() == []
    found = meeting(region, held_on=TODAY)
    Nudge.objects.all().delete()
    move_meeting(found, by=region.center, state="held")
    assert told() == []


def test_of_a_circulation_nothing_is_told_before_it_is_sent_round(region: World) -> None:
    found = meeting(region, kind="circulation")
    change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY + dt.timedelta(days=1))
    move_meeting(found, by=region.center, state="off", reason="要らなくなった")
    assert told() == []


def test_minutes_wait_until_a_day_of_the_plan(region: World) -> None:
    _found, minutes = checked(region)
    assert minutes.due_on == dt.date(2026, 12, 2), "five business days where the plan says nothing"
    assert told() == [(body, "minutes", "議事録の確認をお願いします") for body in (BANK, DESK, LAB)]
    assert Nudge.objects.get(body=LAB).words == "12月2日（水）までに、このままでよいか、直してほしいところがあるかを答えてください。"
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_MEETINGS | {"clocks": WITH_MEETINGS["clocks"] | {"minutes_answer": {"business_days": 2}}},
                               published_at=clock.now())  # fmt: skip
    assert send_out(fresh(_found), by=region.center).due_on == dt.date(2026, 11, 27)


def test_a_task_is_told_to_its_body_alone_and_a_secret_one_without_its_words(region: World) -> None:
    found = meeting(region, held_on=TODAY)
    items = [add_item(found, by=region.desk, wording=Wording("景況")), add_item(found, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))]
    Nudge.objects.all().delete()
    for item in items:
        give_task(item, by=region.desk, what="試作の値段を聞く", body=Body.objects.get(pk=LAB), due_on=MEETING_DAY)
    assert [(one.body, one.kind, one.words) for one in Nudge.objects.order_by("made_at")] == [
        (LAB, "task", "12月9日（水）まで　試作の値段を聞く"), (LAB, "task", "12月9日（水）まで　内容は画面で読めます。")]  # fmt: skip
    give_task(items[0], by=region.desk, what="自分でする", body=Body.objects.get(pk=DESK), due_on=MEETING_DAY)
    assert Nudge.objects.filter(body=DESK).count() == 0, "nobody is told of their own acts"


# What settles it


def test_a_newer_word_replaces_the_older_and_a_day_that_is_over_ends_it(region: World) -> None:
    found = meeting(region)
    with clock.moved_to(NOON + dt.timedelta(minutes=5)):
        move_meeting(found, by=region.center, state="off", reason="大雪")
    assert (settle_news(), settle_news()) == (3, 0)
    assert told() == [(body, "meeting", "会議を取りやめました") for body in (BANK, DESK, LAB)]
    with clock.moved_to(clock.at(MEETING_DAY, 18)):
        assert settle_news() == 0
    with clock.moved_to(clock.at(MEETING_DAY + dt.timedelta(days=1), 9)):
        assert (settle_news(), told()) == (3, [])


def test_minutes_are_asked_until_the_body_has_answered(region: World) -> None:
    found, minutes = checked(region)
    confirm(minutes, by=region.lab, agrees=False, words="幅は5ミリ。")
    assert told() == [(BANK, "minutes", "議事録の確認をお願いします"), (DESK, "minutes", "議事録の確認をお願いします")]
    assert settle_news() == 0
    with clock.moved_to(NOON + dt.timedelta(hours=1)):
        again = send_out(fresh(found), by=region.center)
    assert (settle_news(), {one.about for one in Nudge.objects.open()}, len(told())) == (2, {again.pk}, 3)
    lock_minutes(found, by=region.center, version=fresh(found).version)
    assert (settle_news(), told()) == (3, [])


def test_a_task_is_asked_until_it_is_done_by_whomever(region: World) -> None:
    found = meeting(region, held_on=TODAY)
    item = add_item(found, by=region.desk, wording=Wording("景況"))
    tasks = [give_task(item, by=region.desk, what=what, body=Body.objects.get(pk=LAB), due_on=MEETING_DAY) for what in ("聞く", "送る", "見る")]
    Nudge.objects.filter(kind="meeting").delete()
    finish_task(tasks[0], by=region.lab, words="聞いた。")
    assert {one.about for one in Nudge.objects.open()} == {tasks[1].pk, tasks[2].pk}
    finish_task(tasks[1], by=region.center, words="代わりに送った。")
    settle_news()
    assert {one.about for one in Nudge.objects.open()} == {tasks[2].pk}


@pytest.mark.django_db(transaction=True)
def test_settling_under_the_real_logins(committed_world: World, login: Login) -> None:
    """A body's answer settles its own line at once; the host cannot touch the lines of others, the worker can."""
    region = with_meetings(committed_world)
    found, minutes = checked(region)
    with login("web"), acting(region.lab):
        confirm(minutes, by=region.lab, agrees=True)
    assert {body for body, _kind, _title in told("minutes")} == {BANK, DESK}
    with login("web"), acting(region.center):
        lock_minutes(found, by=region.center, version=fresh(found).version)
        assert Nudge.objects.count() == 0, "the host reads nobody else's list"
    with login("worker"):
        assert (settle_news(), settle_news()) == (2, 0)
    assert told() == []


# The mail of the day


def test_news_of_meetings_survive_the_sweep_and_leave_in_the_mail_of_the_day(region: World) -> None:
    meeting(region, place="ひばり館")
    with clock.moved_to(clock.at(TODAY, 17)):
        with acting(SYSTEM):
            assert sweep() == 0, "the case engine leaves alone what is about no case"
        assert (run_digests(), Mail.objects.filter(purpose="digest").count()) == (3, 3)
        assert run_digests() == 0, "one mail a day"
    letter = compose([], list(Nudge.objects.filter(body=LAB)))
    assert letter.text.split("\n")[:5] == ["知らせが1件あります。", "", "■ ひばり定例会議 第1回", "・会議が開かれます", "　12月9日（水）　ひばり館"]
    assert letter.text.rstrip().endswith(f"/d/{LAB}/nudges/")


# Pages


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def test_today_shows_minutes_that_wait_and_ones_own_tasks_with_their_days(region: World) -> None:
    found, minutes = checked(region)
    give_task(found.items.get(), by=region.center, what="数字を送る", body=Body.objects.get(pk=BANK), due_on=MEETING_DAY)
    pages = {}
    for body in (DESK, LAB, BANK, CENTER):
        page = as_(region, body).get(reverse("desk-today", kwargs={"body": body})).content.decode()
        pages[body] = ("ひばり定例会議 第1回の議事録を確かめる" in page, "数字を送る" in page)
    assert pages == {DESK: (True, False), LAB: (True, False), BANK: (True, True), CENTER: (True, False)}
    page = as_(region, BANK).get(reverse("desk-today", kwargs={"body": BANK})).content.decode()
    assert reverse("desk-meeting-minutes", kwargs={"body": BANK, "meeting": found.pk, "number": 1}) in page
    for body in (DESK, LAB, BANK, CENTER):
        confirm(minutes, by=region.actor(body), agrees=True)
    assert {body: (to_confirm(region.actor(body)), len(own_tasks(region.actor(body)))) for body in (DESK, BANK)} == {DESK: ([], 0), BANK: ([], 1)}


@pytest.mark.parametrize("many", [1, 3])
def test_what_waits_for_a_word_takes_one_query(region: World, many: int, django_assert_num_queries: Callable[..., AbstractContextManager[object]]) -> None:
    waiting = [checked(region)[1] for _one in range(many)]
    with django_assert_num_queries(1):
        assert sorted(one.pk for one in to_confirm(region.lab)) == sorted(one.pk for one in waiting)


def test_from_the_list_one_comes_to_the_meeting(region: World) -> None:
    found = meeting(region)
    client, page = as_(region, LAB), reverse("desk-nudges", kwargs={"body": LAB})
    shown = client.get(page).content.decode()
    assert ("会議を見る" in shown, "案件を開く" in shown, "ひばり定例会議 第1回" in shown) == (True, False, True)
    answer = client.post(reverse("desk-nudges-read", kwargs={"body": LAB}), {"case": str(found.pk), "open": "1"})
    assert answer["Location"] == reverse("desk-meeting", kwargs={"body": LAB, "meeting": found.pk})
    assert "会議が開かれます" not in client.get(page).content.decode()


# The calendar


def test_a_meeting_keeps_its_identity_in_every_calendar(region: World) -> None:
    """The same UID for ever; the sequence rises with every change; called off is said, and taken back."""
    found = call_meeting("working", by=region.center, held_on=MEETING_DAY, starts=dt.time(14), ends=dt.time(16), place="ひばり館")
    seen = []

    def look(minutes: int) -> None:
        (event,) = meeting_events([fresh(found)], "https://here/{meeting}/")
        assert (str(event["uid"]), str(event["url"])) == (f"{found.pk}-meeting@renkei", f"https://here/{found.pk}/")
        assert event.decoded("dtstamp") == NOON + dt.timedelta(minutes=minutes)
        start = event.decoded("dtstart")
        seen.append((event["sequence"], str(event["status"]), str(event["transp"]), start, event.decoded("dtend") - start))

    look(0)
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY, starts=dt.time(15), place="別館")
    look(1)
    with clock.moved_to(NOON + dt.timedelta(minutes=2)):
        move_meeting(found, by=region.center, state="off", reason="大雪")
    look(2)
    with clock.moved_to(NOON + dt.timedelta(minutes=3)):
        move_meeting(found, by=region.center, state="planned", reason="晴れた")
    look(3)
    with clock.moved_to(NOON + dt.timedelta(minutes=4)):
        change_meeting(found, by=region.center, version=3, held_on=MEETING_DAY)
    look(4)
    two, three = clock.at(MEETING_DAY, 14), clock.at(MEETING_DAY, 15)
    assert seen == [
        (0, "CONFIRMED", "OPAQUE", two, dt.timedelta(hours=2)), (1, "CONFIRMED", "OPAQUE", three, dt.timedelta(hours=1)),
        (2, "CANCELLED", "TRANSPARENT", three, dt.timedelta(hours=1)), (3, "CONFIRMED", "OPAQUE", three, dt.timedelta(hours=1)),
        (4, "CONFIRMED", "TRANSPARENT", MEETING_DAY, dt.timedelta(days=1)),
    ]  # fmt: skip


def test_the_feed_of_a_person_holds_meetings_once_and_keeps_what_was_called_off(region: World) -> None:
    kept = [meeting(region, held_on=TODAY - dt.timedelta(days=90)), meeting(region), meeting(region, "full")]
    move_meeting(kept[2], by=region.desk, state="off", reason="大雪")
    meeting(region, held_on=TODAY - dt.timedelta(days=91))
    meeting(region, kind="circulation")
    assert [one.pk for one in calendar_meetings(region.bank)] == [one.pk for one in sorted(kept, key=lambda one: (one.held_on, one.pk))]
    answer = Client().get(f"/calendar/{make_calendar(by=region.bank)}.ics")
    events = {str(one["uid"]): str(one["status"]) for one in Calendar.from_ical(answer.content).walk("VEVENT")}
    assert events == {f"{kept[0].pk}-meeting@renkei": "CONFIRMED", f"{kept[1].pk}-meeting@renkei": "CONFIRMED", f"{kept[2].pk}-meeting@renkei": "CANCELLED"}


def test_one_meeting_as_a_file(region: World) -> None:
    found = call_meeting("working", by=region.center, held_on=MEETING_DAY, starts=dt.time(14), place="ひばり館")
    page = reverse("desk-meeting-calendar", kwargs={"body": LAB, "meeting": found.pk})
    answer = as_(region, LAB).get(page)
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (answer["Content-Type"], str(event["summary"]), str(event["location"])) == ("text/calendar; charset=utf-8", "ひばり定例会議 第1回", "ひばり館")
    assert b"TZID:Asia/Tokyo" in answer.content
    assert f"/d/{LAB}/meeting/{found.pk}/" in str(event["url"])
    round_robin = meeting(region, kind="circulation")
    assert as_(region, LAB).get(reverse("desk-meeting-calendar", kwargs={"body": LAB, "meeting": round_robin.pk})).status_code == 404
    assert Client().get(page).status_code == 302


@pytest.mark.parametrize(("starts", "ends"), [(None, dt.time(16)), (dt.time(16), dt.time(16)), (dt.time(16), dt.time(14))])
def test_a_meeting_ends_after_it_begins(region: World, starts: dt.time | None, ends: dt.time) -> None:
    with refuses("ends_first", "ends"):
        meeting(region, starts=starts, ends=ends)
    found = meeting(region, starts=dt.time(14), ends=dt.time(15, 30))
    with refuses("ends_first", "ends"):
        change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY, starts=starts, ends=ends)
    assert (fresh(found).length, meeting(region, starts=dt.time(14)).length) == (90, None)
