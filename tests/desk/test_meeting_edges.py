"""What the pages of meetings make of odd input: no field, too much, markup, NUL, others' ids, no token; and how much they ask the database."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, move_meeting
from renkei.meetings.actions.going_round import Said, cast_votes, send_round
from renkei.meetings.actions.joining import join_series
from renkei.meetings.actions.materials import add_material
from renkei.meetings.actions.minuting import decide, give_task, send_out, write_notes
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.models import AgendaItem, Attendance, Meeting, Participant, Task, TrendNote
from renkei.plan.models import Body
from tests.cases.making import fresh
from tests.meetings.making import MEETING_DAY, NOON, TODAY, held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C77", "C87", "C89")
MARKUP = "<script>alert(1)</script>&\"'"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#x27;"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def as_(region: World, body: str, **more: Any) -> Client:
    client = Client(**more)
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, **more: Any) -> str:
    return reverse(f"desk-{name}", kwargs={"body": body, **more})


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def errors(answer: Any) -> set[str]:
    """The sentences of a refused form: each beside its field."""
    form = answer.context["form"]
    return {str(words) for found in form.errors.values() for words in found}


def written(region: World) -> tuple[Meeting, AgendaItem, Task]:
    """A meeting that is being minuted, with an item, a task of the lab, and somebody there."""
    found = meeting(region)
    item = add_item(found, by=region.center, wording=Wording("報告"), kind="report")
    found = held(region, found)
    return found, item, give_task(item, by=region.center, what="数字を送る", body=body(LAB), due_on=MEETING_DAY)


# Nothing typed


def test_a_form_sent_empty_says_what_is_missing_beside_each_field(region: World) -> None:
    found, _item, task = written(region)
    ahead = meeting(region)
    tries = {
        url("meeting-call", CENTER, series="working"): {"日を入れてください。", "1つ選んでください。"},
        url("meeting-item-new", CENTER, meeting=ahead.pk): {"議題を、ひとことで書いてください。", "何分かかるかを入れてください。", "1つ選んでください。"},
        url("meeting-task", CENTER, meeting=found.pk, task=task.pk): {"どうなったかを、ひとことで書いてください。"},
        url("meeting-came", CENTER, meeting=found.pk): {"お名前を入れてください。"},
        url("meeting-trend", CENTER, meeting=found.pk): {"企業動向を書いてください。", "1つ選んでください。"},
        url("meeting-material-new", CENTER, meeting=found.pk): {"ファイルを選んでください。"},
        url("series", CENTER, series="working"): {"所属を入れてください。", "お名前を入れてください。"},
    }
    client, before = as_(region, CENTER), Event.objects.count()
    for page, wanted in tries.items():
        answer = client.post(page, {})
        assert answer.status_code == 422, page
        assert errors(answer) == wanted, page
        assert all(words in text(answer) for words in errors(answer)), "every refusal is on the page"
    assert Event.objects.count() == before


def test_each_part_of_an_item_sent_empty_or_odd_changes_nothing(region: World) -> None:
    found, item, task = written(region)
    page, client = url("meeting-item", CENTER, meeting=found.pk, item=item.pk), as_(region, CENTER)
    before = AgendaItem.objects.values().get(pk=item.pk)
    tries: list[tuple[dict[str, str], int]] = [
        ({}, 200), ({"part": ""}, 200), ({"part": "odd"}, 200), ({"part": "notes"}, 422), ({"part": "notes", "notes": "x", "version": ""}, 422),
        ({"part": "decision"}, 422), ({"part": "decision", "outcome": "odd", "decision": "x", "version": "0"}, 422),
        ({"part": "decision", "outcome": "helped", "decision": "x", "version": "0"}, 422), ({"part": "decision", "outcome": "", "decision": "x", "version": "0"}, 422),
        ({"part": "decision", "outcome": "noted", "decision": "長" * 1001, "version": "0"}, 422), ({"part": "task"}, 422),
        ({"part": "task", "what": "x", "body": "odd", "due_on": "12月9日"}, 422), ({"part": "task", "what": "x", "body": LAB, "due_on": "そのうち"}, 422),
        ({"part": "task", "what": "長" * 10_000, "body": LAB, "due_on": "12月9日"}, 422), ({"part": "task", "what": "x", "body": LAB, "due_on": "令和8年11月1日"}, 422),
    ]  # fmt: skip
    assert [(given, client.post(page, given).status_code) for given, _status in tries] == tries
    assert (AgendaItem.objects.values().get(pk=item.pk), list(Task.objects.all())) == (before, [task])
    late = client.post(page, {"part": "task", "what": "試作の値段", "body": LAB, "due_on": "令和8年11月1日"})
    assert ("会議の日より前です。期限を確かめてください。" in text(late), "試作の値段" in text(late)) == (True, True)


# Too much, and what is no text


@pytest.mark.parametrize(("name", "series", "given", "field"), [
    ("meeting-call", "working", {"held_on": "12月9日", "kind": "regular"}, "place"), ("meeting-call", "working", {"held_on": "12月9日", "kind": "regular"}, "chair"),
    ("meeting-call", "working", {"held_on": "12月9日", "kind": "extra"}, "reason"), ("meeting-call", "working", {"held_on": "12月9日", "kind": "regular"}, "theme"),
    ("series", "working", {"name": "乙"}, "organisation"), ("series", "working", {"organisation": "甲"}, "name"),
])  # fmt: skip
def test_ten_thousand_letters_are_refused_with_their_number_and_stay_in_the_field(
    region: World, name: str, series: str, given: dict[str, str], field: str
) -> None:
    answer = as_(region, CENTER).post(url(name, CENTER, series=series), given | {field: "長" * 10_000})
    most = 200 if field in {"place", "reason", "organisation"} else 100
    assert (answer.status_code, answer.context["form"].errors[field]) == (
        422, [f"{most}字までです（いま10,000字）。短くするか、ファイルで付けてください。"])  # fmt: skip
    assert "長" * 10_000 in text(answer), "what was typed is not lost"
    assert (Meeting.objects.count(), Participant.objects.count()) == (0, 0)


def test_nul_and_direction_marks_are_dropped_and_markup_is_shown_as_it_was_typed(region: World) -> None:
    client = as_(region, CENTER)
    client.post(url("meeting-call", CENTER, series="working"), {
        "held_on": "11月25日", "kind": "extra", "reason": f"急\x00ぐ{MARKUP}", "place": f"ひばり\u202e館{MARKUP}", "chair": f"露\x00崎{MARKUP}", "theme": MARKUP})  # fmt: skip
    found = Meeting.objects.get()
    assert (found.reason, found.place, found.chair, found.theme) == (f"急ぐ{MARKUP}", f"ひばり館{MARKUP}", f"露崎{MARKUP}", MARKUP)
    client.post(url("meeting-item-new", CENTER, meeting=found.pk), {
        "kind": "report", "title": f"議\x00題{MARKUP}", "question": MARKUP, "presenter": MARKUP, "level": "all", "minutes": "１５"})  # fmt: skip
    item = AgendaItem.objects.get()
    client.post(url("meeting-move", CENTER, meeting=found.pk, state="held"), {})
    page = url("meeting-item", CENTER, meeting=found.pk, item=item.pk)
    client.post(page, {"part": "notes", "notes": f"聞\x00いた。\r\n{MARKUP}", "version": "0"})
    client.post(page, {"part": "decision", "outcome": "noted", "decision": MARKUP, "version": "1"})
    client.post(page, {"part": "task", "what": MARKUP, "body": LAB, "due_on": "12月9日"})
    client.post(url("meeting-came", CENTER, meeting=found.pk), {"body": "", "name": MARKUP, "organisation": MARKUP})
    client.post(url("meeting-trend", CENTER, meeting=found.pk), {"text": MARKUP, "basis": "anonymous"})
    now = fresh(item)
    assert (now.title, now.planned_minutes, now.notes, now.decision) == (f"議題{MARKUP}", 15, f"聞いた。\n{MARKUP}", MARKUP)
    assert (Task.objects.get().what, Attendance.objects.get().name, TrendNote.objects.get().text) == (MARKUP, MARKUP, MARKUP)
    send_out(found, by=region.center)
    shown = [url("meetings", LAB), url("meeting", LAB, meeting=found.pk), url("meeting-item", LAB, meeting=found.pk, item=item.pk),
             url("meeting-agenda", LAB, meeting=found.pk), url("meeting-minutes", LAB, meeting=found.pk, number=1), url("series", LAB, series="working")]  # fmt: skip
    for one in shown:
        answer = text(as_(region, LAB).get(one))
        assert (MARKUP in answer, "<script>alert" in answer, SAFE in answer) == (False, False, True), one


def test_an_agendas_minutes_are_read_as_people_type_them_and_nothing_else(region: World) -> None:
    found = meeting(region)
    item = add_item(found, by=region.center, wording=Wording("報告"))
    client, page = as_(region, CENTER), url("meeting-agenda", CENTER, meeting=found.pk)
    taken = {}
    for typed in ("15", "１６", " 17分 ", "240", "0", "241", "-5", "1.5", "²", "", "9" * 30, "x\x00"):
        AgendaItem.objects.update(planned_minutes=10)
        status = client.post(page, {"part": "time", f"m-{item.pk}": typed}).status_code
        taken[typed] = (status, fresh(item).planned_minutes)
    good, bad = {"15": 15, "１６": 16, " 17分 ": 17, "240": 240}, ("0", "241", "-5", "1.5", "²", "", "9" * 30, "x\x00")
    assert taken == {typed: (302, value) for typed, value in good.items()} | dict.fromkeys(bad, (422, 10))
    refused = client.post(page, {"part": "time", f"m-{item.pk}": "241"})
    assert "時間は1分から240分までで入れてください。" in text(refused)
    for picks in ({}, {"pick": ""}, {"pick": "rung:x"}, {"pick": "'; --", "m-'; --": "5"}):
        assert client.post(page, {"part": "take", **picks}).status_code in {302, 422}
    assert AgendaItem.objects.count() == 1


# Others' ids


def test_an_id_of_another_meeting_or_series_is_as_if_it_were_not_there(region: World) -> None:
    found, item, task = written(region)
    other = meeting(region, "full")
    came = Attendance.objects.get(meeting=found)
    paper = add_material(found, by=region.center, name="資料.txt", data=b"x")
    who = join_series("smart", by=region.desk, organisation="甲", name="乙")
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    send_out(found, by=region.center)
    desk, strange = as_(region, DESK), uuid.uuid4()
    pages: dict[str, dict[str, Any]] = {
        "meeting-item": {"item": item.pk}, "meeting-task": {"task": task.pk},
        "meeting-material-replace": {"material": paper.pk}, "meeting-item-material": {"item": item.pk}, "meeting-minutes": {"number": 1},
    }  # fmt: skip
    answers = {name: [desk.get(url(name, DESK, meeting=one, **more)).status_code for one in (found.pk, other.pk, strange)] for name, more in pages.items()}
    assert answers == {name: [200, 404, 404] for name in pages}
    assert [desk.get(url("meeting-material", DESK, meeting=one, material=paper.pk)).status_code for one in (other.pk, strange)] == [404, 404]
    assert desk.post(url("meeting-absent", DESK, meeting=other.pk, who=came.pk)).status_code == 404
    assert desk.post(url("series-leave", DESK, series="working", who=who.pk)).status_code == 404
    assert [desk.get(url("meeting-minutes", DESK, meeting=found.pk, number=number)).status_code for number in (0, 2, 99_999_999_999)] == [404] * 3
    for name in ("meeting", "meeting-edit", "meeting-came", "meeting-agenda", "meeting-item-new", "meeting-trend", "meeting-round"):
        assert desk.get(url(name, DESK, meeting=strange)).status_code == 404, name
    assert (fresh(came).ended_at, fresh(who).until, fresh(task).done_on) == (None, None, None)


def test_a_page_under_another_bodys_address_is_not_given(region: World) -> None:
    """Somebody of the lab who writes the centre's code into the address neither reads nor does anything in its name."""
    found, item, task = written(region)
    lab = as_(region, LAB)
    pages = [url("meetings", CENTER), url("meeting", CENTER, meeting=found.pk), url("meeting-edit", CENTER, meeting=found.pk),
             url("meeting-item", CENTER, meeting=found.pk, item=item.pk), url("meeting-agenda", CENTER, meeting=found.pk),
             url("meeting-task", CENTER, meeting=found.pk, task=task.pk), url("series", CENTER, series="working")]  # fmt: skip
    before = Event.objects.filter(verb__startswith="meeting.").count()
    given = {"part": "notes", "notes": "よそから", "version": "0", "words": "x", "name": "x", "organisation": "x", "held_on": "12月9日"}
    assert [(lab.get(page).status_code in {403, 404}, lab.post(page, given).status_code in {403, 404, 405}) for page in pages] == [(True, True)] * len(pages)
    assert Event.objects.filter(verb__startswith="meeting.").count() == before


def test_no_button_works_without_the_token_of_its_page(region: World) -> None:
    found, item, task = written(region)
    came = Attendance.objects.get()
    client = as_(region, CENTER, enforce_csrf_checks=True)
    pages = [
        url("meeting-call", CENTER, series="working"), url("series", CENTER, series="working"), url("meeting-edit", CENTER, meeting=found.pk),
        url("meeting-move", CENTER, meeting=found.pk, state="off"), url("meeting-came", CENTER, meeting=found.pk),
        url("meeting-absent", CENTER, meeting=found.pk, who=came.pk), url("meeting-item-new", CENTER, meeting=found.pk),
        url("meeting-agenda", CENTER, meeting=found.pk), url("meeting-order", CENTER, meeting=found.pk), url("meeting-send", CENTER, meeting=found.pk),
        url("meeting-item", CENTER, meeting=found.pk, item=item.pk), url("meeting-task", CENTER, meeting=found.pk, task=task.pk),
        url("meeting-material-new", CENTER, meeting=found.pk), url("meeting-trend", CENTER, meeting=found.pk), url("meeting-lock", CENTER, meeting=found.pk),
        url("meeting-round", CENTER, meeting=found.pk), url("meeting-round-send", CENTER, meeting=found.pk),
    ]  # fmt: skip
    before = Event.objects.filter(verb__startswith="meeting.").count()
    assert {page: client.post(page, {"part": "notes", "notes": "x", "version": "0"}).status_code for page in pages} == dict.fromkeys(pages, 403)
    assert Event.objects.filter(verb__startswith="meeting.").count() == before


def test_what_only_a_press_may_do_is_not_done_by_a_link(region: World) -> None:
    """A GET of an address that changes something is refused or only shows its form."""
    found, _item, _task = written(region)
    came = Attendance.objects.get()
    client, before = as_(region, CENTER), Event.objects.filter(verb__startswith="meeting.").count()
    answers = {name: client.get(url(name, CENTER, meeting=found.pk, **more)).status_code for name, more in {
        "meeting-send": {}, "meeting-lock": {}, "meeting-order": {}, "meeting-round-send": {}, "meeting-absent": {"who": came.pk}, "meeting-edit": {},
        "meeting-came": {}, "meeting-item-new": {}, "meeting-trend": {}, "meeting-material-new": {}}.items()}  # fmt: skip
    assert answers == dict.fromkeys(("meeting-send", "meeting-lock", "meeting-order", "meeting-round-send", "meeting-absent"), 405) | dict.fromkeys(
        ("meeting-edit", "meeting-came", "meeting-item-new", "meeting-trend", "meeting-material-new"), 200)  # fmt: skip
    assert Event.objects.filter(verb__startswith="meeting.").count() == before


# How much is asked


def queries(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    return len(asked)


def more_rows(region: World, found: Meeting) -> None:
    """One more of everything a meeting's page lists: an item for all and one for some, each with its task and paper, a guest, a note on trends."""
    mark = AgendaItem.objects.count()
    for wording in (Wording(f"報告{mark}"), Wording(f"内々{mark}", level="named", bodies=(LAB, BANK))):
        item = add_item(found, by=region.center, wording=wording)
        write_notes(item, by=region.center, notes="聞いた。", version=0)
        give_task(item, by=region.center, what="送る", body=body(LAB), due_on=MEETING_DAY)
        add_material(found, by=region.center, name=f"資料{mark}.txt", data=b"x", item=item)
    add_material(found, by=region.center, name=f"全体{mark}.txt", data=b"x")
    attend(found, by=region.center, name=f"先生{mark}", organisation="ひばり大学")
    attend(found, by=region.center, name=f"所員{mark}", body=body(LAB))
    tell_trend(found, by=region.lab, text="受注が減った。", basis="anonymous")
    join_series("working", by=region.center, organisation=f"甲社{mark}", name="乙")
    meeting(region)


def test_a_page_asks_as_much_for_three_rows_as_for_one(region: World) -> None:
    found = held(region, meeting(region))
    centre = as_(region, CENTER)
    names: dict[str, dict[str, Any]] = {
        "meetings": {}, "meeting": {"meeting": found.pk}, "meeting-came": {"meeting": found.pk}, "meeting-agenda": {"meeting": found.pk},
        "series": {"series": "working"}, "meeting-item-new": {"meeting": found.pk}}  # fmt: skip
    asked: list[dict[str, int]] = []
    for times in (1, 2):
        for _time in range(times):
            more_rows(region, found)
        centre.get(url("meetings", CENTER))  # what is kept for a while is kept now
        asked.append({name: queries(centre, url(name, CENTER, **more)) for name, more in names.items()})
    assert asked[0] == asked[1]


def test_a_circulation_and_its_minutes_ask_as_much_for_three_items_as_for_one(region: World) -> None:
    asked: list[dict[str, int]] = []
    lab = as_(region, LAB)
    for many in (1, 3):
        found = meeting(region, kind="circulation")
        items = [add_item(found, by=region.center, wording=Wording(f"規約{place}")) for place in range(many)]
        found = send_round(found, by=region.center, version=0)
        for actor in (region.lab, region.bank, region.desk)[:many]:
            cast_votes(found, {one.pk: Said("against", "早い。") for one in items}, by=actor)
        going = {name: queries(lab, url(name, LAB, meeting=found.pk)) for name in ("meeting", "meeting-round")}
        for one in items:
            decide(one, by=region.center, outcome="noted", decision="改正する。", version=0)
        send_out(found, by=region.center)
        asked.append(going | {"minutes": queries(lab, url("meeting-minutes", LAB, meeting=found.pk, number=1))})
    assert asked[0] == asked[1]


# Empty and over


def test_an_empty_meeting_says_what_comes_where(region: World) -> None:
    found = meeting(region)
    page = text(as_(region, LAB).get(url("meeting", LAB, meeting=found.pk)))
    for words in ("議題はまだありません", "会議の日から、ここだけで読めます。", "会議のあと、議事録を送ると、ここに版が並びます。", "2者のうち0者、4機関のうち0機関"):
        assert words in page
    assert "まだだれも入っていません" in text(as_(region, CENTER).get(url("meeting-came", CENTER, meeting=found.pk)))
    assert "機関の外の参加者は、まだいません。" in text(as_(region, LAB).get(url("series", LAB, series="working")))


@pytest.mark.parametrize(("state", "wanted"), [
    ("planned", {"会議を開く", "日時と場所を直す", "取りやめる", "議題を足す", "出席者を入れる", "企業動向を伝える", "資料を付ける"}),
    ("held", {"議事録を送り、確認を頼む", "議題を足す", "出席者を入れる", "企業動向を伝える", "資料を付ける"}),
    ("checking", {"議事録を送り直す", "議事録を確定する", "出席者を入れる", "企業動向を伝える", "資料を付ける"}),
    ("locked", {"開き直す"}), ("off", {"開くことにする"}),
])  # fmt: skip
def test_a_meeting_offers_what_its_state_allows_and_nothing_else(region: World, state: str, wanted: set[str]) -> None:
    found = meeting(region, held_on=TODAY)
    Meeting.objects.filter(pk=found.pk).update(state=state, held_at=NOON, locked_number=1)
    offered = {"会議を開く", "日時と場所を直す", "取りやめる", "議題を足す", "出席者を入れる", "企業動向を伝える", "資料を付ける", "議事録を送り、確認を頼む", "議事録を送り直す",
               "議事録を確定する", "開き直す", "開くことにする"}  # fmt: skip
    page = text(as_(region, CENTER).get(url("meeting", CENTER, meeting=found.pk)))
    buttons = {re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<(?:a|button) class=\"btn[^>]*>(.*?)</(?:a|button)>", page)}
    assert buttons & offered == wanted
    others = text(as_(region, LAB).get(url("meeting", LAB, meeting=found.pk)))
    running = {"会議を開く", "日時と場所を直す", "取りやめる", "出席者を入れる", "議事録を送り、確認を頼む", "議事録を送り直す", "議事録を確定する", "開き直す", "開くことにする"}
    own = {re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<(?:a|button) class=\"btn[^>]*>(.*?)</(?:a|button)>", others)}
    assert own & offered == wanted - running


def test_pressing_a_button_of_a_page_that_is_old_says_so_and_changes_nothing(region: World) -> None:
    found = meeting(region)
    client = as_(region, CENTER)
    move_meeting(found, by=region.center, state="off", reason="大雪")
    late = client.post(url("meeting-send", CENTER, meeting=found.pk), follow=True)
    assert "いまは「取りやめ」です。「各機関が確認中」にはできません。画面を開き直してください。" in text(late)
    late = client.post(url("meeting-lock", CENTER, meeting=found.pk), {"version": "0"}, follow=True)
    assert "ほかの人が先に保存しました。" in text(late)
    late = client.post(url("meeting-edit", CENTER, meeting=found.pk), {"held_on": "12月10日", "version": str(fresh(found).version)})
    assert late.status_code == 422
    assert (fresh(found).state, fresh(found).held_on, fresh(found).version) == ("off", MEETING_DAY, 1)


def test_a_file_with_a_long_or_odd_name_is_kept_or_refused_and_never_breaks(region: World) -> None:
    found = meeting(region)
    client, page = as_(region, LAB), url("meeting-material-new", LAB, meeting=found.pk)
    answers = {}
    for name in ("数字.txt", "../../etc/passwd.txt", f"{'長' * 300}.txt", "<b>.txt", "x.html", "x", ".txt"):
        answers[name] = client.post(page, {"file": SimpleUploadedFile(name, "中身".encode())}).status_code
    assert set(answers.values()) <= {302, 422}
    assert (answers["数字.txt"], answers["x.html"], answers["x"]) == (302, 422, 422)
    names = list(found.materials.values_list("name", flat=True))
    assert all("/" not in one and len(one) <= 200 for one in names), names
    assert "<b>.txt" not in text(client.get(url("meeting", LAB, meeting=found.pk)))
    assert client.post(page, {"file": "数字.txt"}).status_code == 422, "a name without a file"
