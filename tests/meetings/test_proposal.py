"""What the rules propose for an agenda, who may read it, and what becomes of what people tick [C88, C89, C93]."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.escalation import climb
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Escalation, Need
from renkei.meetings import proposal
from renkei.meetings.actions.agenda import Wording, add_item, order_items
from renkei.meetings.actions.calling import move_meeting
from renkei.meetings.actions.minuting import decide, finish_task, give_task
from renkei.meetings.actions.proposed import take_proposals, time_items
from renkei.meetings.jobs import take_up_decisions
from renkei.meetings.models import AgendaItem, ItemSource, Meeting
from renkei.meetings.proposal import Proposed, last_day, proposals, stalled_cases
from renkei.plan.models import Body
from tests.cases.making import arrived, events, fresh, need_of, refuses, steps
from tests.meetings.making import MEETING_DAY, NOON, TODAY, hard_need, held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C88", "C89", "C93")
Login = Callable[[str], AbstractContextManager[None]]
LONG_AGO = NOON - dt.timedelta(days=60)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def stalled(region: World, *, public: bool = False) -> Case:
    """A consultation nobody has touched for sixty days."""
    with clock.moved_to(LONG_AGO):
        case = arrived(region).case
        need = need_of(case, region)
        if public:
            write_public(need, title="粉の固まり", summary="粉が固まる訳を知りたい。", by=region.desk, seen=True)
    Case.objects.filter(pk=case.pk).update(next_on=TODAY - dt.timedelta(days=50))
    return fresh(case)


def kinds(found: Meeting, actor: Any) -> list[tuple[str, str, str]]:
    return [(one.kind, one.title, one.level) for one in proposals(found, actor)]


# What is proposed


def test_a_need_that_climbed_is_proposed_with_its_words_who_was_tried_and_who_reads_it(region: World) -> None:
    need, secret = hard_need(region), hard_need(region, public=False)
    climb(need, by=region.desk, reason="県内で測れない。")
    climb(secret, by=region.desk, reason="県内で測れない。")
    found = [one for one in proposals(meeting(region), region.desk) if one.kind == "case"]
    assert sorted((one.title, one.question, one.level, one.bodies, one.tried) for one in found) == [
        ("薄い板の反り", "部品の反りを細かく測りたい。", "all", (), ("工業試験所　辞退　設備がない",)),
        (secret.title, "", "named", tuple(sorted({DESK, CENTER, LAB})), ("工業試験所　辞退　設備がない",)),
    ]  # fmt: skip
    assert [one.kind for one in proposals(meeting(region, "smart"), region.desk) if one.kind == "case"] == [], "this series is no rung"
    assert proposals(meeting(region), region.bank) == [], "nothing of cases one does not see from inside"


def test_a_case_stands_still_by_the_clock_of_the_plan(region: World) -> None:
    """Longer than the plan's business days without a step, and its next step lies behind; a word that it is idle is no movement."""
    old = stalled(region)
    moving = arrived(region).case
    Case.objects.filter(pk=moving.pk).update(next_on=TODAY)
    waits = stalled(region)
    Case.objects.filter(pk=waits.pk).update(next_on=TODAY + dt.timedelta(days=1))
    assert stalled_cases(region.desk) == [old]
    run_clocks()
    assert fresh(old).idle_told_at is not None
    Case.objects.filter(pk=old.pk).update(next_on=TODAY - dt.timedelta(days=50))
    assert (stalled_cases(region.desk), stalled_cases(region.bank)) == ([old], [])


def test_words_for_all_only_where_the_firm_confirmed_them(region: World) -> None:
    open_one, closed_one = stalled(region, public=True), stalled(region)
    found = {one.case.pk: one for one in proposals(meeting(region), region.desk) if one.kind == "stalled" and one.case}
    assert (found[open_one.pk].title, found[open_one.pk].level, found[open_one.pk].bodies) == ("粉の固まり", "all", ())
    other = found[closed_one.pk]
    assert (other.level, set(other.bodies)) == ("named", {closed_one.holder_id, closed_one.received_by_id, DESK})


def test_new_cases_are_one_report_that_names_confirmed_words_only(region: World) -> None:
    found = meeting(region)
    assert last_day(found) == dt.date(2026, 4, 1), "the first of the year has no meeting before it"
    held(region, meeting(region, held_on=TODAY))
    assert last_day(found) == TODAY
    with clock.moved_to(NOON - dt.timedelta(days=1)):
        arrived(region)
    hard_need(region)
    arrived(region)
    (report,) = [one for one in proposals(found, region.desk) if one.kind == "new"]
    assert (report.title, report.question, report.level) == ("新しい相談の報告（2件）", "前回から2件の相談がありました。\n・薄い板の反り", "all")


def test_what_was_promised_is_asked_about_until_it_is_done(region: World) -> None:
    before, found = meeting(region, held_on=TODAY), meeting(region)
    item = add_item(before, by=region.desk, wording=Wording("景況"))
    secret = add_item(before, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
    task = give_task(item, by=region.desk, what="数字を送る", body=Body.objects.get(pk=BANK), due_on=MEETING_DAY)
    give_task(secret, by=region.desk, what="内々の宿題", body=Body.objects.get(pk=LAB), due_on=MEETING_DAY)
    assert [(one.title, one.question) for one in proposals(found, region.lab)] == [("前回までの宿題（1件）", f"・{task.body.short}　数字を送る（12/9）")]
    assert (proposals(meeting(region, "full"), region.lab), proposals(found, GUEST)) == ([], []), "of this series, and told to staff"
    finish_task(task, by=region.bank, words="送った。")
    assert proposals(found, region.lab) == []


def test_reports_of_other_packages_are_asked_for_the_days_between(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def report(actor: Any, since: dt.date, until: dt.date) -> list[Proposed]:
        asked.append((actor.body, since, until))
        return [Proposed("report:1", "report", "コーディネーターの報告", "11月の活動", "報告書ができています")]

    monkeypatch.setattr(proposal, "REPORTS", [report])
    found = meeting(region)
    assert kinds(found, region.lab) == [("report", "コーディネーターの報告", "all")]
    assert asked == [(LAB, dt.date(2026, 4, 1), MEETING_DAY)]
    take_proposals(found, {"report:1": 15}, by=region.lab)
    assert [(one.title, one.planned_minutes, one.put_up_by_id, one.made_from) for one in found.items.all()] == [("コーディネーターの報告", 15, LAB, "report:1")]
    assert kinds(found, region.lab) == [], "what stands on the agenda is proposed no more"


# What is ticked


def test_what_is_ticked_stands_on_the_agenda_in_its_time(region: World) -> None:
    need, found = hard_need(region), meeting(region)
    climb(need, by=region.desk, reason="県内で測れない。")
    still = stalled(region)
    keys = {one.kind: one.key for one in proposals(found, region.desk)}
    taken = take_proposals(found, {keys["case"]: 20, keys["stalled"]: 5, keys["new"]: 3}, by=region.desk)
    assert (len(taken.items), taken.refused) == (3, [])
    rows = [(one.kind, one.planned_minutes, one.level) for one in AgendaItem.objects.filter(meeting=found)]
    assert rows == [("case", 20, "all"), ("stalled", 5, "named"), ("new", 3, "all")]
    assert {(one.case_id, one.escalation_id) for one in ItemSource.objects.all()} == {(need.case_id, Escalation.objects.open().get().pk), (still.pk, None)}
    assert (Case.objects.get(pk=need.case_id).next_step, events("meeting.take_up_case")) == ("会議に諮る（ひばり定例会議 第1回）", 1)
    again = take_proposals(found, {keys["case"]: 20, keys["new"]: 3}, by=region.desk)
    assert (again.items, again.refused) == ([], ["選んだうちの1件は、もう議題になっているか、片づいています。"] * 2)
    assert AgendaItem.objects.count() == 3


def test_what_cannot_be_put_up_is_told_and_the_rest_stands(region: World) -> None:
    need, found = hard_need(region), meeting(region)
    climb(need, by=region.desk, reason="県内で測れない。")
    Need.objects.filter(pk=need.pk).update(public_title="狐火エレクトロ株式会社の反り")
    keys = {one.kind: one.key for one in proposals(found, region.desk)}
    taken = take_proposals(found, {keys["case"]: 20, keys["new"]: 3}, by=region.desk)
    assert ([one.kind for one in taken.items], len(taken.refused)) == (["new"], 1)
    assert taken.refused[0].startswith("狐火エレクトロ株式会社の反り：")
    assert (Escalation.objects.open().get().rung, ItemSource.objects.count()) == (2, 0)


@pytest.mark.parametrize(("picks", "code"), [({}, "nothing_ticked"), ({"new:x": 0}, "minutes"), ({"new:x": 241}, "minutes"), ({"new:x": -1}, "minutes")])
def test_nothing_is_half_ticked(region: World, picks: dict[str, int], code: str) -> None:
    found = meeting(region)
    with refuses(code, "minutes" if code == "minutes" else None):
        take_proposals(found, picks, by=region.desk)
    for actor in (GUEST, SYSTEM):
        with refuses("not_allowed"):
            take_proposals(found, {"a": 5}, by=actor)
    assert AgendaItem.objects.count() == 0


def test_nothing_is_ticked_for_a_meeting_that_is_over(region: World) -> None:
    arrived(region)
    found = meeting(region)
    key = proposals(found, region.desk)[0].key
    move_meeting(found, by=region.center, state="off", reason="大雪")
    with refuses("over", "meeting"):
        take_proposals(found, {key: 5}, by=region.desk)


def test_the_decision_about_a_case_that_stood_still_is_its_next_step(region: World) -> None:
    case, found = stalled(region), meeting(region)
    key = next(one.key for one in proposals(found, region.desk) if one.kind == "stalled")
    (item,) = take_proposals(found, {key: 5}, by=region.desk).items
    assert proposals(meeting(region, held_on=TODAY), region.desk) != [], "what is new is told at each meeting"
    assert [one for one in proposals(meeting(region), region.desk) if one.kind == "stalled"] == [], "asked about once at a time"
    held(region, found)
    with refuses("not_of_case", "outcome"):
        decide(item, by=region.desk, outcome="outside", decision="外へ。", version=0)
    decide(item, by=region.desk, outcome="noted", decision="会社に電話する。", version=0)
    assert (take_up_decisions(), take_up_decisions()) == (1, 0)
    assert (fresh(case).next_step, fresh(case).next_kind, steps(case)[-1][0]) == ("会議で決まったことを読み、次を決める", "choose", "next_step")


def test_a_case_that_stood_still_is_carried_over_as_such(region: World) -> None:
    case, found = stalled(region), meeting(region, held_on=TODAY)
    (item,) = take_proposals(found, {f"idle:{case.pk}": 5}, by=region.desk).items
    held(region, found)
    decide(item, by=region.desk, outcome="carried", decision="時間切れ。", version=0)
    following = meeting(region)
    take_up_decisions()
    carried = AgendaItem.objects.get(meeting=following)
    assert (carried.kind, carried.carried_from_id, carried.source.case_id, carried.source.escalation_id) == ("stalled", item.pk, case.pk, None)
    assert fresh(case).next_step == f"会議に諮る（ひばり定例会議 第{following.number}回）"


# Time


def test_items_get_their_time_from_who_runs_the_meeting(region: World) -> None:
    found = meeting(region)
    one, two = (add_item(found, by=region.lab, wording=Wording(title)) for title in ("一", "二"))
    assert (time_items(found, {one.pk: 20, two.pk: 10}, by=region.center), time_items(found, {one.pk: 20}, by=region.center)) == (1, 0)
    assert (fresh(one).planned_minutes, fresh(two).planned_minutes, events("meeting.time")) == (20, 10, 1)
    for code, minutes, by in (("minutes", 0, region.center), ("not_allowed", 5, region.lab)):
        with refuses(code, "minutes" if code == "minutes" else None):
            time_items(found, {one.pk: minutes}, by=by)
    Meeting.objects.filter(pk=found.pk).update(state="off")
    with refuses("locked"):
        time_items(found, {one.pk: 5}, by=region.center)


def test_the_database_takes_a_proposal_once_a_meeting(region: World) -> None:
    found = meeting(region)
    AgendaItem.objects.create(meeting=found, order=1, kind="new", title="x", put_up_by_id=DESK, made_from="new:1")
    with pytest.raises(IntegrityError, match="item_proposed_once"), transaction.atomic():
        AgendaItem.objects.create(meeting=found, order=2, kind="new", title="x", put_up_by_id=DESK, made_from="new:1")
    for number in (3, 4):
        AgendaItem.objects.create(meeting=found, order=number, kind="other", title="x", put_up_by_id=DESK)


@pytest.mark.django_db(transaction=True)
def test_each_body_ticks_its_own_under_the_real_logins(committed_world: World, login: Login) -> None:
    """The bank sees nothing of the desk's cases; the desk ticks, and the item for some is on no list of the bank's."""
    region = with_meetings(committed_world)
    need, case, found = hard_need(region), stalled(region), meeting(region)
    climb(need, by=region.desk, reason="県内で測れない。")
    offered = {}
    for actor in (region.desk, region.lab, region.center, region.bank):
        with login("web"), acting(actor):
            offered[actor.body] = sorted(one.kind for one in proposals(found, actor))
    assert offered == {DESK: ["case", "new", "stalled"], LAB: [], CENTER: [], BANK: []}
    with login("web"), acting(region.bank), transaction.atomic():
        assert len(take_proposals(found, {f"idle:{case.pk}": 5}, by=region.bank).refused) == 1
    with login("web"), acting(region.desk), transaction.atomic():
        taken = take_proposals(found, {one.key: 5 for one in proposals(found, region.desk)}, by=region.desk)
    assert (len(taken.items), taken.refused) == (3, [])
    seen = {}
    for actor in (region.desk, region.bank):
        with login("web"), acting(actor):
            seen[actor.body] = sorted(AgendaItem.objects.values_list("kind", flat=True))
    assert seen == {DESK: ["case", "new", "stalled"], BANK: ["case", "new"]}


# The page


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def page_of(found: Meeting, body: str) -> str:
    return reverse("desk-meeting-agenda", kwargs={"body": body, "meeting": found.pk})


def test_an_agenda_is_built_on_its_page(region: World) -> None:
    need = hard_need(region)
    climb(need, by=region.desk, reason="県内で測れない。")
    found = meeting(region, starts=dt.time(14), ends=dt.time(14, 30))
    desk, page = as_(region, DESK), page_of(found, DESK)
    shown = desk.get(page).content.decode()
    assert all(words in shown for words in ("議題はまだありません", "薄い板の反り", "すべての機関が読む", "会議の段で待っています", "新しい相談の報告（1件）"))
    keys = {one.kind: one.key for one in proposals(found, region.desk)}
    bad = desk.post(page, {"part": "take", "pick": [keys["case"]], f"m-{keys['case']}": "たくさん"})
    assert (bad.status_code, "たくさん" in bad.content.decode(), "checked" in bad.content.decode(), AgendaItem.objects.count()) == (422, True, True, 0)
    assert desk.post(page, {"part": "take"}).status_code == 422
    good = desk.post(page, {"part": "take", "pick": list(keys.values()), f"m-{keys['case']}": "２０分", f"m-{keys['new']}": "15"})
    assert (good.status_code, good["Location"]) == (302, f"{page}#ag")
    assert [(one.kind, one.planned_minutes) for one in AgendaItem.objects.all()] == [("case", 20), ("new", 15)]
    assert "会議は30分。5分足りません" in desk.get(page).content.decode()


def test_items_are_moved_and_timed_in_one_press_and_by_who_runs_it(region: World) -> None:
    found = meeting(region, starts=dt.time(14), ends=dt.time(16))
    one, two, three = (add_item(found, by=region.lab, wording=Wording(title)) for title in ("一", "二", "三"))
    center, page = as_(region, CENTER), page_of(found, CENTER)
    times = {f"m-{item.pk}": "30" for item in (one, two, three)}

    def order() -> list[str]:
        return [item.title for item in AgendaItem.objects.filter(meeting=found)]

    answer = center.post(page, {**times, "down": str(one.pk)})
    assert (answer["Location"], order(), {item.planned_minutes for item in AgendaItem.objects.all()}) == (f"{page}#i-{one.pk}", ["二", "一", "三"], {30})
    center.post(page, {"up": str(three.pk)})
    assert order() == ["二", "三", "一"]
    for still in ({"up": str(two.pk)}, {"down": str(one.pk)}, {"up": "nobody"}, {"down": ""}):
        assert center.post(page, still).status_code == 302
    assert order() == ["二", "三", "一"]
    assert "会議は120分。あと30分" in center.get(page).content.decode()
    assert center.post(page, {f"m-{one.pk}": "x", "part": "time"}).status_code == 422
    assert as_(region, LAB).post(page_of(found, LAB), {"part": "time"}).status_code == 403
    lab = as_(region, LAB).get(page_of(found, LAB)).content.decode()
    assert ("順番と時間を保存する" in lab, 'name="up"' in lab, "決まりから集まる案はありません" in lab) == (False, False, True)


def test_the_order_in_which_the_rows_were_sent_is_saved_with_their_times_or_refused_whole(region: World) -> None:
    """What dragging sends: the rows as they stand, and as they stood; who moved them meanwhile is not overruled unseen."""
    found = meeting(region)
    items = [add_item(found, by=region.lab, wording=Wording(title)) for title in ("一", "二", "三")]
    hidden = add_item(found, by=region.bank, wording=Wording("内々", level="named", bodies=(LAB,)))
    center, page = as_(region, CENTER), page_of(found, CENTER)

    def sent(order: str, shown: str, minutes: str = "15") -> dict[str, object]:
        keys = {title: str(one.pk) for title, one in zip("一二三", items, strict=True)}
        return {"order": [keys.get(one, "x") for one in order], "shown": " ".join(keys[one] for one in shown), "part": "time"} | {f"m-{key}": minutes for key in keys.values()}

    def now() -> tuple[list[str], set[int]]:
        rows = AgendaItem.objects.filter(meeting=found)
        return [one.title for one in rows], {one.planned_minutes for one in rows if one.pk != hidden.pk}

    shown = center.get(page).content.decode()
    assert re.findall(r'name="order" value="([^"]+)"', shown) == [str(one.pk) for one in items], "without a script they are sent as they stand"
    assert (center.post(page, sent("一二三", "一二三")).status_code, now()) == (302, (["一", "二", "三", "内々"], {15}))
    assert (center.post(page, sent("三一二", "一二三", "20")).status_code, now()) == (302, (["三", "一", "二", "内々"], {20}))
    late = center.post(page, sent("二一三", "一二三", "25"))
    words = late.content.decode()
    assert (late.status_code, "ほかの人が先に順番を変えました。新しい順番を確かめて、もう一度動かしてください。" in words, words.count('value="25"')) == (422, True, 3)
    assert now() == (["三", "一", "二", "内々"], {20}), "neither order nor times are half saved"
    assert (center.post(page, sent("一三二", "三一二", "x")).status_code, now()[0][0]) == (422, "三")
    add_item(found, by=region.lab, wording=Wording("四"))
    assert center.post(page, sent("一x二三", "三一二")).status_code == 302
    assert now()[0] == ["一", "二", "三", "内々", "四"], "what came meanwhile, and what one does not read, stay behind"
    assert as_(region, LAB).post(page_of(found, LAB), sent("三二一", "一二三")).status_code == 403
    move_meeting(found, by=region.center, state="off", reason="大雪")
    with refuses("locked"):
        order_items(found, [items[2].pk], by=region.center)


def test_of_a_meeting_that_is_over_nothing_is_offered(region: World) -> None:
    arrived(region)
    found = meeting(region)
    move_meeting(found, by=region.center, state="off", reason="大雪")
    shown = as_(region, DESK).get(page_of(found, DESK)).content.decode()
    assert ("議題の案" in shown, "順番と時間を保存する" in shown) == (False, False)
