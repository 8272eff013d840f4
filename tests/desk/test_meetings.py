"""The pages of meetings: the year, a meeting, an item, minutes; a need put up from its case [C77, C87-C93]."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import Case, Escalation
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, attend_again, move_meeting, take_off
from renkei.meetings.actions.confirming import confirm
from renkei.meetings.actions.minuting import decide, give_task, send_out, write_notes
from renkei.meetings.models import AgendaItem, Attendance, Meeting, Task
from renkei.plan.models import Body
from tests.cases.making import fresh
from tests.meetings.making import (
    MEETING_DAY,
    NOON,
    OPEN,
    TODAY,
    hard_need,
    held,
    meeting,
    no,
    on_agenda,
    trail,
    with_meetings,
)
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C77", "C89", "C90", "C93")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_year_says_how_many_took_place_of_how_many(region: World) -> None:
    held(region, meeting(region, held_on=TODAY))
    meeting(region, held_on=MEETING_DAY, place="ひばり館")
    page = text(as_(region, LAB).get(url("desk-meetings", LAB)))
    assert "年10回ほどのうち1回" in page
    assert "年1回ほどのうち0回" in page
    assert "ひばり館" in page
    assert "この年度の会議は、まだありません。" in page
    assert url("desk-meeting-call", LAB, series="working") not in page
    assert url("desk-meeting-call", CENTER, series="working") in text(as_(region, CENTER).get(url("desk-meetings", CENTER)))


@pytest.mark.parametrize("year", ["", "x", "1999", "99999", "2025", "２０２５"])
def test_any_year_is_answered(region: World, year: str) -> None:
    assert as_(region, LAB).get(url("desk-meetings", LAB), {"year": year}).status_code == 200


def test_a_plan_without_meetings_says_so(world: World) -> None:
    assert "この計画には会議がありません" in text(as_(world, LAB).get(url("desk-meetings", LAB)))


def test_a_meeting_is_called_and_what_is_wrong_stands_beside_its_field(region: World) -> None:
    client, page = as_(region, CENTER), url("desk-meeting-call", CENTER, series="working")
    bad = client.post(page, {"held_on": "そのうち", "kind": "extra", "place": "ひばり館"})
    assert bad.status_code == 422
    assert "ひばり館" in text(bad)
    without = client.post(page, {"held_on": "12月9日", "kind": "extra", "place": "ひばり館"})
    assert (without.status_code, "臨時に開く理由を書いてください。" in text(without)) == (422, True)
    good = client.post(page, {"held_on": "12月9日", "kind": "regular", "starts": "14時", "place": "ひばり館"})
    made = Meeting.objects.get()
    assert (good.status_code, good["Location"]) == (302, url("desk-meeting", CENTER, meeting=made.pk))
    assert (made.held_on, made.starts, made.place) == (MEETING_DAY, dt.time(14), "ひばり館")


def test_who_does_not_run_a_meeting_may_not_change_it(region: World) -> None:
    found = meeting(region)
    client = as_(region, LAB)
    assert client.get(url("desk-meeting-call", LAB, series="working")).status_code == 403
    assert client.get(url("desk-meeting-call", CENTER, series="working")).status_code in {403, 404}
    for name, more in (("edit", {}), ("move", {"state": "held"}), ("came", {}), ("send", {}), ("lock", {}), ("order", {})):
        assert client.post(url(f"desk-meeting-{name}", LAB, meeting=found.pk, **more)).status_code == 403, name
    assert as_(region, CENTER).get(url("desk-meeting-move", CENTER, meeting=found.pk, state="locked")).status_code == 403


def test_two_who_change_the_day_at_once(region: World) -> None:
    found = meeting(region)
    client, page = as_(region, CENTER), url("desk-meeting-edit", CENTER, meeting=found.pk)
    given = {"held_on": "12月10日", "place": "別館"}
    assert client.post(page, given | {"version": "0"}).status_code == 302
    second = client.post(page, given | {"version": "0", "place": "本館"})
    assert (second.status_code, "ほかの人が先に保存しました" in text(second), "本館" in text(second)) == (422, True, True)
    for strange in ("", "x", "9" * 30):
        assert client.post(page, given | {"version": strange}).status_code == 422
    assert fresh(found).place == "別館"


def test_a_need_is_put_up_from_its_case(region: World) -> None:
    need, found = hard_need(region), meeting(region)
    client = as_(region, DESK)
    case_page = text(client.get(url("desk-case", DESK, case=need.case_id)))
    page = url("desk-case-put-up", DESK, case=need.case_id, subject=need.pk)
    assert "段階的対応" in case_page
    assert page in case_page
    form = text(client.get(page))
    assert "ひばり定例会議 第1回（令和8年12月9日（水））" in form or "第1回" in form
    assert "薄い板の反り" in form
    given = {"meeting": str(found.pk), "reason": "県内で測れない。", "title": "薄い板の反り", "question": "知りませんか。", "level": "all", "minutes": "15"}
    bad = client.post(page, given | {"reason": "", "question": "とても長い文" + "長" * 1000})
    assert (bad.status_code, "長長長" in text(bad), AgendaItem.objects.count()) == (200, True, 0)
    assert client.post(page, given).status_code == 302
    item = AgendaItem.objects.get()
    assert (item.meeting_id, item.planned_minutes, item.question) == (found.pk, 15, "知りませんか。")
    after = text(client.get(url("desk-case", DESK, case=need.case_id)))
    assert "11月25日" in after
    assert "断られた機関：" in after
    assert "会議に諮る（ひばり定例会議 第1回）" in after


def test_without_words_the_firm_confirmed_the_page_says_what_is_missing(region: World) -> None:
    need = hard_need(region, public=False)
    form = text(as_(region, DESK).get(url("desk-case-put-up", DESK, case=need.case_id, subject=need.pk)))
    assert "名を伏せた文を書く" in form
    assert "これから開く会議がありません" in form


def test_who_sees_an_item_sees_its_words_and_nobody_the_case(region: World) -> None:
    item = on_agenda(region)
    page = text(as_(region, BANK).get(url("desk-meeting", BANK, meeting=item.meeting_id)))
    assert item.title in page
    assert "工業試験所　辞退　設備がない" in page
    case = Case.objects.get()
    assert case.number not in page
    assert "狐火" not in page
    assert case.number in text(as_(region, DESK).get(url("desk-meeting", DESK, meeting=item.meeting_id)))


def test_a_secret_item_is_on_no_page_of_others(region: World) -> None:
    found = meeting(region)
    item = add_item(found, by=region.desk, wording=Wording("内々の話", level="named", bodies=(CENTER,)))
    assert "内々の話" not in text(as_(region, BANK).get(url("desk-meeting", BANK, meeting=found.pk)))
    assert as_(region, BANK).get(url("desk-meeting-item", BANK, meeting=found.pk, item=item.pk)).status_code == 404
    assert "センターだけ" in text(as_(region, CENTER).get(url("desk-meeting", CENTER, meeting=found.pk)))


def test_notes_by_two_at_once_lose_nothing_on_the_page(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    page = {body: url("desk-meeting-item", body, meeting=item.meeting_id, item=item.pk) for body in (CENTER, DESK, BANK)}
    assert as_(region, CENTER).post(page[CENTER], {"part": "notes", "notes": "センターの記録", "version": "0"}).status_code == 302
    second = as_(region, DESK).post(page[DESK], {"part": "notes", "notes": "窓口の記録", "version": "0"})
    assert second.status_code == 422
    assert all(words in text(second) for words in ("センターの記録", "窓口の記録", 'value="1"'))
    assert as_(region, DESK).post(page[DESK], {"part": "notes", "notes": "センターの記録。窓口の記録", "version": "1"}).status_code == 302
    assert fresh(item).notes == "センターの記録。窓口の記録"
    assert as_(region, BANK).post(page[BANK], {"part": "notes", "notes": "よそから", "version": "2"}).status_code == 403
    for strange in ({}, {"part": "odd"}, {"part": "notes", "version": "x"}, {"part": "notes", "notes": "長" * 8001, "version": "2"}):
        assert as_(region, CENTER).post(page[CENTER], strange).status_code in {200, 422}


def test_a_decision_and_a_task_are_written_on_the_page(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    client, page = as_(region, CENTER), url("desk-meeting-item", CENTER, meeting=item.meeting_id, item=item.pk)
    bad = client.post(page, {"part": "decision", "outcome": "outside", "decision": "", "version": "0"})
    assert (bad.status_code, "決めたことを書いてください。" in text(bad)) == (422, True)
    assert client.post(page, {"part": "decision", "outcome": "outside", "decision": "外へ。", "version": "0"}).status_code == 302
    late = client.post(page, {"part": "task", "what": "尋ねる", "body": LAB, "due_on": "11月20日"})
    assert (late.status_code, "会議の日より前です。" in text(late)) == (422, True)
    assert client.post(page, {"part": "task", "what": "尋ねる", "body": LAB, "due_on": "12月1日"}).status_code == 302
    assert (fresh(item).outcome, Task.objects.get().body_id) == ("outside", LAB)
    shown = text(as_(region, LAB).get(url("desk-meetings", LAB)))
    assert "この機関の宿題" in shown
    task = url("desk-meeting-task", LAB, meeting=item.meeting_id, task=Task.objects.get().pk)
    assert as_(region, LAB).post(task, {"words": ""}).status_code == 422
    assert as_(region, LAB).post(task, {"words": "尋ねた。"}).status_code == 302
    assert as_(region, BANK).post(task.replace(LAB, BANK), {"words": "よそから"}).status_code == 403
    assert Task.objects.get().done_words == "尋ねた。"


def test_attendance_is_counted_by_party_and_body(region: World) -> None:
    found = meeting(region)
    client, page = as_(region, CENTER), url("desk-meeting-came", CENTER, meeting=found.pk)
    chosen = [client.get(page).context["form"].initial["body"]]
    for name, body in (("小出", LAB), ("相川", DESK), ("古川", BANK)):
        assert client.post(page, {"name": name, "body": body}).status_code == 302
        chosen.append(client.get(page).context["form"].initial["body"])
    assert chosen == [DESK, DESK, CENTER, CENTER]  # a body of which nobody is there yet, in the plan's order
    guest = client.post(page, {"name": "客", "body": ""})
    assert (guest.status_code, "所属を入れてください" in text(guest)) == (422, True)
    assert client.post(page, {"name": "客", "body": "", "organisation": "となり大学"}).status_code == 302
    assert "2者のうち2者、4機関のうち3機関" in text(client.get(page))
    who = Attendance.objects.get(name="古川")
    client.post(url("desk-meeting-absent", CENTER, meeting=found.pk, who=who.pk))
    assert "2者のうち1者、4機関のうち2機関" in text(client.get(page))


def test_from_the_call_to_locked_minutes_through_the_pages(region: World) -> None:
    item = on_agenda(region)
    found = item.meeting
    centre = as_(region, CENTER)
    early = centre.post(url("desk-meeting-move", CENTER, meeting=found.pk, state="held"))
    assert (early.status_code, "まだ開催の日になっていません" in text(early)) == (422, True)
    held(region, found)
    early = centre.post(url("desk-meeting-send", CENTER, meeting=found.pk), follow=True)
    assert "まだ結果を書いていない議題があります" in text(early)
    write_notes(item, by=region.center, notes="話した。", version=0)
    decide(item, by=region.center, outcome="helped", decision="見つかった。", version=1)
    give_task(item, by=region.center, what="紹介する", body=Body.objects.get(pk=LAB), due_on=MEETING_DAY)
    centre.post(url("desk-meeting-send", CENTER, meeting=found.pk))
    lab, page = as_(region, LAB), url("desk-meeting-minutes", LAB, meeting=found.pk, number=1)
    assert "確認を待っている議事録" in text(lab.get(url("desk-meetings", LAB)))
    assert all(words in text(lab.get(page)) for words in ("話した。", "見つかった。", "紹介する", "露崎 遥", "ひばり定例会議 第1回"))
    assert lab.post(page, {"agrees": "no", "words": ""}).status_code == 422
    assert lab.post(page, {"agrees": "no", "words": "数字が違う。"}).status_code == 302
    stuck = centre.post(url("desk-meeting-lock", CENTER, meeting=found.pk), {"version": fresh(found).version}, follow=True)
    assert "直してほしいと言っている機関があります：工業試験所" in text(stuck)
    with clock.moved_to(NOON + dt.timedelta(minutes=5)):
        assert lab.post(page, {"agrees": "yes"}).status_code == 302
    centre.post(url("desk-meeting-lock", CENTER, meeting=found.pk), {"version": fresh(found).version})
    assert fresh(found).state == "locked"
    assert "返事をする" not in text(lab.get(page))
    assert lab.get(url("desk-meeting-minutes", LAB, meeting=found.pk, number=2)).status_code == 404


def test_items_move_up(region: World) -> None:
    found = meeting(region)
    one, two = (add_item(found, by=region.center, wording=Wording(title)) for title in ("一", "二"))
    client, page = as_(region, CENTER), url("desk-meeting-order", CENTER, meeting=found.pk)
    client.post(page, {"up": str(two.pk)})
    assert [item.title for item in AgendaItem.objects.all()] == ["二", "一"]
    for strange in ("", "x", str(two.pk), str(found.pk)):
        assert client.post(page, {"up": strange}).status_code == 302
    assert [item.title for item in AgendaItem.objects.all()] == ["二", "一"]
    assert one.pk


def test_what_waits_for_a_meeting_is_listed_for_who_runs_the_case(region: World) -> None:
    item = on_agenda(region)
    held(region, item.meeting)
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    send_out(item.meeting, by=region.center)
    assert Escalation.objects.open().count() == 1
    assert "会議を待っている課題" in text(as_(region, DESK).get(url("desk-meetings", DESK)))
    assert "会議を待っている課題" not in text(as_(region, BANK).get(url("desk-meetings", BANK)))
    assert OPEN.title == item.title


def came(page: str) -> list[str]:
    """The names offered from the meeting before."""
    return re.findall(r'name="who" value="[^"]+" checked><span>([^　<]+)', page)


def test_a_new_meeting_begins_with_hour_place_and_chair_of_the_last(region: World) -> None:
    client, page = as_(region, CENTER), url("desk-meeting-call", CENTER, series="working")
    assert (client.get(page).context["form"].initial, "前の会議" in text(client.get(page))) == ({}, False)
    last = meeting(region, held_on=TODAY, starts=dt.time(14), ends=dt.time(16), place="ひばり館", chair="露崎", theme="試作")
    off = meeting(region, held_on=MEETING_DAY, place="大ホール")
    move_meeting(off, by=region.center, state="off", reason="大雪")
    meeting(region, kind="circulation", held_on=MEETING_DAY + dt.timedelta(days=9), place="書面")
    shown = client.get(page)
    assert shown.context["form"].initial == {"starts": dt.time(14), "ends": dt.time(16), "place": "ひばり館", "chair": "露崎"}
    assert "前の会議（11月25日（水））のもの" in text(shown)
    assert 'value="ひばり館"' in text(shown)
    wrong = text(client.post(page, {"held_on": "", "kind": "regular", "place": "別館"}))
    assert ('value="別館"' in wrong, 'value="ひばり館"' in wrong) == (True, False)  # what was typed stays
    assert as_(region, DESK).get(url("desk-meeting-call", DESK, series="full")).context["form"].initial == {}
    assert fresh(last).place == "ひばり館"


def test_who_came_before_comes_again_with_one_press(region: World) -> None:
    before, now = held(region, meeting(region, held_on=TODAY - dt.timedelta(days=30))), meeting(region, held_on=TODAY)
    Meeting.objects.filter(pk=before.pk).update(held_on=TODAY - dt.timedelta(days=30))
    attend(before, by=region.center, name="古川", body=Body.objects.get(pk=BANK), in_place_of="上の人")
    attend(before, by=region.center, name="客", organisation="となり大学")
    take_off(attend(before, by=region.center, name="来なかった人", body=Body.objects.get(pk=LAB)), by=region.center)
    attend(now, by=region.center, name="古川", body=Body.objects.get(pk=BANK))
    client, page = as_(region, CENTER), url("desk-meeting-came", CENTER, meeting=now.pk)
    assert came(text(client.get(page))) == ["露崎 遥", "客"]
    who = {one.name: str(one.pk) for one in Attendance.objects.filter(meeting=before)}
    wrong = client.post(page, {"again": "1", "who": [who["来なかった人"], "odd", str(before.pk)]}, follow=True)
    assert ("来た人に印を付けてください。" in text(wrong), Attendance.objects.filter(meeting=now).count()) == (True, 1)
    for _twice in range(2):
        client.post(page, {"again": "1", "who": [who["露崎 遥"], who["客"]]})
    assert list(Attendance.objects.filter(meeting=now).values_list("body_id", "name", "organisation", "in_place_of")) == [
        (CENTER, "露崎 遥", "", ""), (BANK, "古川", "", ""), (None, "客", "となり大学", "")]  # fmt: skip
    assert came(text(client.get(page))) == []
    assert "来ていない機関：" in text(client.get(url("desk-meeting", CENTER, meeting=now.pk)))


def test_who_comes_again_is_refused_in_words_and_leaves_its_trace(region: World) -> None:
    before, now = held(region, meeting(region, held_on=TODAY)), meeting(region, held_on=TODAY)
    people = list(Attendance.objects.filter(meeting=before))
    assert no(lambda: attend_again(now, [], by=region.center)) == ("nobody", None, "来た人に印を付けてください。")
    assert no(lambda: attend_again(now, people, by=region.lab))[:2] == ("not_allowed", None)
    made = attend_again(now, people * 2, by=region.center)
    assert [one.name for one in made] == ["露崎 遥"]
    assert trail("meeting.attend")[-1] == ("meeting.attend", "staff", CENTER, ["attendance", "meeting"])
    assert attend_again(now, people, by=region.center) == []
    move_meeting(now, by=region.center, state="off", reason="大雪")
    assert no(lambda: attend_again(now, people, by=region.center))[0] == "locked"


def test_a_meeting_is_opened_from_its_day_on(region: World) -> None:
    found = meeting(region, held_on=MEETING_DAY)
    client, page = as_(region, CENTER), url("desk-meeting", CENTER, meeting=found.pk)
    step = url("desk-meeting-move", CENTER, meeting=found.pk, state="held")
    assert step not in text(client.get(page))
    with clock.moved_to(clock.at(MEETING_DAY, 0)):
        assert step in text(client.get(page))
    assert step not in text(as_(region, LAB).get(url("desk-meeting", LAB, meeting=found.pk)))


def test_the_meeting_says_how_far_the_bodies_are_with_its_minutes(region: World) -> None:
    found = held(region, meeting(region, held_on=TODAY))
    client, page = as_(region, LAB), url("desk-meeting", LAB, meeting=found.pk)
    assert client.get(page).context["checking"] is None
    minutes = send_out(found, by=region.center)
    confirm(minutes, by=region.bank, agrees=False, words="日が違います。")
    confirm(minutes, by=region.desk, agrees=True)
    told = client.get(page).context["checking"]
    shorts = dict(Body.objects.values_list("pk", "short"))
    assert (told.minutes, told.objected, set(told.agreed) | set(told.silent)) == (minutes, [shorts[BANK]], set(shorts.values()) - {shorts[BANK]})
    assert shorts[DESK] in told.agreed
    assert shorts[LAB] in told.silent
    confirm(minutes, by=region.bank, agrees=True)
    assert client.get(page).context["checking"].objected == []
    assert "返事がまだ" in text(client.get(page))


def test_what_goes_round_in_writing_asks_for_nobodys_presence(region: World) -> None:
    client, found = as_(region, CENTER), meeting(region, kind="circulation")
    page = url("desk-meeting", CENTER, meeting=found.pk)
    assert 'id="pr"' not in text(client.get(page))
    assert 'id="pr"' in text(client.get(url("desk-meeting", CENTER, meeting=meeting(region).pk)))
    attend(found, by=region.center, name="小出", body=Body.objects.get(pk=LAB))  # what somebody wrote down stays to be read
    assert 'id="pr"' in text(client.get(page))
