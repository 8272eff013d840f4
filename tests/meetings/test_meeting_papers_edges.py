"""Papers, calendar entries, proposals and totals at their edges: nothing there, midnight, the year's end, very many [C88, C89, C98]."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import docx
import pytest

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.desk.meetings.agenda import total_of
from renkei.meetings import proposal
from renkei.meetings.actions.agenda import Wording, add_item, order_items
from renkei.meetings.actions.calling import attend, call_meeting, move_meeting
from renkei.meetings.actions.confirming import lock_minutes
from renkei.meetings.actions.materials import add_material, replace_material
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out, write_notes
from renkei.meetings.actions.proposed import take_proposals
from renkei.meetings.calendar import calendar_meetings, meeting_events
from renkei.meetings.models import AgendaItem, Meeting, Task
from renkei.meetings.papers import agenda_docx, materials_of, minutes_docx, numbered_materials
from renkei.meetings.proposal import proposals
from renkei.meetings.queries import items_of
from renkei.meetings.telling import answer_day, day_words, meeting_name
from renkei.plan.models import Body
from tests.cases.making import arrived, fresh
from tests.meetings.making import MEETING_DAY, NOON, TODAY, held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C88", "C89", "C98")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def words_of(data: bytes) -> str:
    """Every word of a docx, its tables in order."""
    paper = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in paper.paragraphs), *cells])


# Papers


def test_an_agenda_that_runs_over_midnight_goes_on_counting_its_hours(region: World) -> None:
    found = call_meeting("working", by=region.center, held_on=MEETING_DAY, starts=dt.time(23, 30))
    for title, minutes in (("一", 20), ("二", 40), ("三", 10)):
        add_item(found, by=region.center, wording=Wording(title, minutes=minutes))
    rows = [[cell.text for cell in row.cells] for table in docx.Document(io.BytesIO(agenda_docx(found, region.lab))).tables for row in table.rows]
    times = {title: cell for row in rows for title in ("一", "二", "三") for cell in row if title in row and ":" in cell}
    assert times == {"一": "23:30", "二": "23:50", "三": "00:30"}


def test_minutes_on_paper_name_proxies_guests_absent_bodies_and_tasks(region: World) -> None:
    found = meeting(region, place="ひばり館", chair="露崎 遥")
    item = add_item(found, by=region.bank, wording=Wording("景況の報告"), kind="report")
    found = held(region, found)
    attend(found, by=region.center, name="小出 渉", body=body(LAB), in_place_of="所長")
    attend(found, by=region.center, name="大学の先生", organisation="ひばり大学")
    write_notes(item, by=region.bank, notes="受注の話。", version=0)
    decide(item, by=region.bank, outcome="noted", decision="了承した。", version=1)
    give_task(item, by=region.bank, what="数字を送る", body=body(LAB), due_on=dt.date(2027, 4, 1))
    minutes = send_out(found, by=region.center)
    shown = words_of(minutes_docx(minutes, region.lab))
    for words in ("小出 渉（所長の代理）", "ひばり大学", "大学の先生", "欠席", "代理", "了承した。", "数字を送る", "令和9年4月1日", "第1版", "令和8年12月2日までに各機関が確認"):
        assert words in shown, words
    lock_minutes(found, by=region.center, version=fresh(found).version)
    locked = words_of(minutes_docx(type(minutes).objects.get(), region.lab))
    assert ("確定" in locked, "までに各機関が確認" in locked) == (True, False)


def test_numbers_of_papers_follow_the_agenda_when_it_is_put_in_another_order(region: World) -> None:
    found = meeting(region)
    one, two = (add_item(found, by=region.center, wording=Wording(title)) for title in ("一", "二"))
    first = add_material(found, by=region.center, name="一.txt", data=b"1", item=one)
    add_material(found, by=region.center, name="二.txt", data=b"2", item=two)
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        add_material(found, by=region.center, name="一の二.txt", data=b"3", item=one)

    def numbers() -> list[tuple[str, str]]:
        return [(number, paper.name) for number, paper in numbered_materials(found, items_of(found, region.lab), region.lab)]

    assert numbers() == [("1-1", "一.txt"), ("1-2", "一の二.txt"), ("2-1", "二.txt")]
    order_items(found, [two.pk, one.pk], by=region.center)
    assert numbers() == [("1-1", "二.txt"), ("2-1", "一.txt"), ("2-2", "一の二.txt")]
    with clock.moved_to(NOON + dt.timedelta(minutes=2)):
        replace_material(first, by=region.center, name="一の新.txt", data=b"4")
    shown = materials_of(found, items_of(found, region.lab), region.lab)
    assert {key: [(paper.number, paper.material.name, [old.name for old in paper.earlier]) for paper in papers] for key, papers in shown.items()} == {
        two.pk: [("1-1", "二.txt", [])], one.pk: [("2-1", "一の二.txt", []), ("2-2", "一の新.txt", ["一.txt"])]}  # fmt: skip


# The calendar


def test_a_whole_day_at_the_years_end_ends_on_the_first_of_the_next(region: World) -> None:
    for day, after in ((dt.date(2026, 12, 31), dt.date(2027, 1, 1)), (dt.date(2027, 3, 31), dt.date(2027, 4, 1)), (dt.date(2028, 2, 29), dt.date(2028, 3, 1))):
        (event,) = meeting_events([meeting(region, held_on=day)], "https://here/{meeting}/")
        assert (event.decoded("dtstart"), event.decoded("dtend"), str(event["transp"]), event.get("location"), event.get("description")) == (
            day, after, "TRANSPARENT", None, None)  # fmt: skip


def test_a_meeting_that_begins_late_and_one_that_was_called_off(region: World) -> None:
    late = meeting(region, held_on=dt.date(2026, 12, 31), starts=dt.time(23, 30))
    (event,) = meeting_events([late], "https://here/{meeting}/")
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (clock.at(dt.date(2026, 12, 31), 23, 30), clock.at(dt.date(2027, 1, 1), 0, 30))
    move_meeting(late, by=region.center, state="off", reason="大雪")
    (event,) = meeting_events([fresh(late)], "https://here/{meeting}/")
    assert (str(event["status"]), str(event["description"]), event["sequence"], str(event["url"])) == ("CANCELLED", "大雪", 1, f"https://here/{late.pk}/")
    assert [one.pk for one in calendar_meetings(region.lab)] == [late.pk]


# Words


@pytest.mark.parametrize(("days", "words"), [
    (0, "11月25日（水）"), (179, dt.date(2027, 5, 23)), (180, "令和9年5月24日"), (-179, "5月30日（土）"), (-180, "令和8年5月29日"), (400, "令和9年12月30日"),
])  # fmt: skip
def test_a_day_is_said_so_that_it_stays_right_whenever_the_mail_is_read(days: int, words: str | dt.date) -> None:
    said = day_words(TODAY + dt.timedelta(days=days))
    assert "来年" not in said
    if isinstance(words, str):
        assert said == words
    else:
        assert said.startswith(f"{words.month}月{words.day}日（")


def test_a_meeting_is_named_by_the_plan_or_by_its_code_and_answers_skip_closed_days(region: World) -> None:
    assert [meeting_name(one) for one in (meeting(region), Meeting(series="gone", number=3))] == ["ひばり定例会議 第1回", "gone 第3回"]
    with clock.moved_to(clock.at(dt.date(2026, 12, 28), 12)):
        assert answer_day() == dt.date(2027, 1, 8), "from 29 December to 3 January the bodies are closed"


# Proposals and totals


def test_what_was_promised_is_said_in_one_item_and_never_longer_than_an_item_may_be(region: World) -> None:
    found = meeting(region, held_on=TODAY)
    item = add_item(found, by=region.center, wording=Wording("景況"))
    tasks = [give_task(item, by=region.center, what=f"{place:02}{'長' * 150}", body=body(LAB), due_on=MEETING_DAY) for place in range(12)]
    following = meeting(region)
    (one,) = [one for one in proposals(following, region.bank) if one.key.startswith("tasks:")]
    assert (one.title, len(one.question), one.question.startswith("・工業試験所　"), one.minutes) == ("前回までの宿題（12件）", 1000, True, 5)
    taken = take_proposals(following, {one.key: 7}, by=region.bank)
    assert ([(row.kind, row.planned_minutes, row.put_up_by_id) for row in taken.items], taken.refused) == ([("carried", 7, BANK)], [])
    assert [one for one in proposals(following, region.lab) if one.key.startswith("tasks:")] == [], "once a meeting, whoever ticked it"
    for task in tasks:
        finish_task(task, by=region.lab, words="した。")
    assert (Task.objects.filter(done_on__isnull=True).count(), [one.key for one in proposals(meeting(region), region.bank)]) == (0, [])


def test_what_is_new_counts_from_the_last_meeting_and_is_proposed_once_a_body(region: World) -> None:
    for day in (dt.date(2026, 11, 1), dt.date(2026, 11, 20)):
        with clock.moved_to(clock.at(day, 12)):
            arrived(region)
    found = meeting(region)

    def titles(actor: Actor) -> list[str]:
        return [one.title for one in proposals(found, actor) if one.kind == "new"]

    assert (titles(region.desk), titles(region.bank)) == (["新しい相談の報告（2件）"], []), "of the cases one sees from inside"
    last = meeting(region, held_on=dt.date(2026, 11, 10))
    move_meeting(last, by=region.center, state="held")
    assert titles(region.desk) == ["新しい相談の報告（1件）"]
    take_proposals(found, {f"new:{found.pk}:{DESK}": 5}, by=region.desk)
    assert (titles(region.desk), [one.question for one in AgendaItem.objects.all()]) == ([], ["前回から1件の相談がありました。"])


def test_proposals_of_each_kind_are_at_most_so_many(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposal, "MOST", 2)
    found = meeting(region, held_on=TODAY)
    item = add_item(found, by=region.center, wording=Wording("景況"))
    for _place in range(3):
        give_task(item, by=region.center, what="送る", body=body(LAB), due_on=MEETING_DAY)
    assert [one.title for one in proposals(meeting(region), region.bank)] == ["前回までの宿題（2件）"]


@pytest.mark.parametrize(("ends", "minutes", "wanted"), [
    (None, (10, 20), {"minutes": 30, "length": None, "left": None, "over": None}), (dt.time(15), (10, 20), {"minutes": 30, "length": 60, "left": 30, "over": None}),
    (dt.time(15), (30, 30), {"minutes": 60, "length": 60, "left": 0, "over": None}), (dt.time(15), (40, 30), {"minutes": 70, "length": 60, "left": None, "over": 10}),
    (dt.time(15), (), {"minutes": 0, "length": 60, "left": 60, "over": None}),
])  # fmt: skip
def test_the_minutes_of_an_agenda_against_the_length_of_the_meeting(ends: dt.time | None, minutes: tuple[int, ...], wanted: dict[str, int | None]) -> None:
    found = Meeting(starts=dt.time(14), ends=ends)
    assert total_of(found, [AgendaItem(planned_minutes=one) for one in minutes]) == wanted


def test_somebody_who_left_the_region_still_stands_on_the_papers(region: World) -> None:
    found = held(region, meeting(region))
    item = add_item(found, by=region.bank, wording=Wording("景況"), kind="report")
    decide(item, by=region.bank, outcome="noted", decision="聞いた。", version=0)
    attend(found, by=region.center, name="古川 靖", body=body(BANK))
    minutes = send_out(found, by=region.center)
    Body.objects.filter(pk=BANK).update(closed_on=TODAY)
    shown = words_of(minutes_docx(minutes, region.lab))
    assert "古川 靖" in shown, "who was there was there, whatever became of the body"
    assert CENTER in {one["body"] for one in minutes.head["attendance"]}
