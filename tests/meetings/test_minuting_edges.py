"""Every refusal of agenda, minutes, votes, materials and notes in its exact words, in English too; the audit row of each deed [C77, C86, C89, C91]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.meetings.actions.agenda import Wording, add_item, order_items, put_up
from renkei.meetings.actions.calling import attend, move_meeting
from renkei.meetings.actions.confirming import confirm, lock_minutes, words_on
from renkei.meetings.actions.going_round import Said, cast_votes, remind_of_round, send_round, silent_bodies
from renkei.meetings.actions.materials import add_material, replace_material
from renkei.meetings.actions.minuting import decide, finish_task, give_task, send_out, write_notes
from renkei.meetings.actions.proposed import take_proposals, time_items
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.models import (
    AgendaItem,
    Confirmation,
    Material,
    Meeting,
    Minutes,
    MinutesItem,
    Task,
    TrendNote,
    Vote,
)
from renkei.meetings.queries import to_confirm
from renkei.meetings.votes import tallies
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
    trail,
    with_meetings,
)
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C77", "C86", "C89", "C91")
Answer = tuple[str, str | None, str]
Tries = list[tuple[Callable[[], object], Answer]]
WRITERS = "これは、会議を開く機関か、議題を出した機関だけができます。"
CLOSED = "確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"
WROTE_FIRST = "ほかの人が先に書きました。下に、いまの文があります。あなたの文と合わせて、もう一度保存してください。"
OVER_AGENDA = "この会議の議題は、もう足せません。次の会議を選んでください。"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def long(most: int, now: int) -> str:
    return f"{most:,}字までです（いま{now:,}字）。短くするか、ファイルで付けてください。"


def check(tries: Tries) -> None:
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]


def minuted(region: World) -> tuple[Meeting, AgendaItem]:
    """A meeting that is being minuted, with the bank's report."""
    found = meeting(region)
    item = add_item(found, by=region.bank, wording=Wording("景況の報告"), kind="report")
    return held(region, found), fresh(item)


# Refusals of the agenda


def test_every_refusal_of_an_item_of_ones_own(region: World) -> None:
    found, off = meeting(region), meeting(region)
    move_meeting(off, by=region.center, state="off", reason="大雪")
    tries: Tries = [
        (lambda: add_item(found, by=GUEST, wording=OPEN), ("not_allowed", None, "機関の職員として入ってから送ってください。")),
        (lambda: add_item(found, by=region.lab, wording=OPEN, kind="case"), ("unknown_kind", "kind", "議題の種類を一覧から選んでください。")),
        (lambda: add_item(found, by=region.lab, wording=OPEN, kind="carried"), ("unknown_kind", "kind", "議題の種類を一覧から選んでください。")),
        (lambda: add_item(off, by=region.lab, wording=OPEN), ("over", "meeting", OVER_AGENDA)),
        (lambda: add_item(found, by=region.lab, wording=Wording(" \u3000")), ("title_empty", "title", "議題を、ひとことで書いてください。")),
        (lambda: add_item(found, by=region.lab, wording=Wording("長" * 101)), ("too_long", "title", long(100, 101))),
        (lambda: add_item(found, by=region.lab, wording=Wording("題", "長" * 1001)), ("too_long", "question", long(1000, 1001))),
        (lambda: add_item(found, by=region.lab, wording=Wording("題", presenter="長" * 101)), ("too_long", "presenter", long(100, 101))),
        (lambda: add_item(found, by=region.lab, wording=Wording("題", level="odd")), ("unknown_level", "level", "だれが読む議題かを選んでください。")),
        (lambda: add_item(found, by=region.lab, wording=Wording("題", level="named")), ("no_bodies", "bodies", "議題を読む機関を1つ以上選んでください。")),
        (lambda: add_item(found, by=region.lab, wording=Wording("題", level="named", bodies=("odd",))),
         ("no_bodies", "bodies", "議題を読む機関を1つ以上選んでください。")),
        *((lambda most=most: add_item(found, by=region.lab, wording=Wording("題", minutes=most)),
           ("minutes", "minutes", "時間は1分から240分までで入れてください。")) for most in (0, -1, 241, 10**9)),
    ]  # fmt: skip
    check(tries)
    assert (AgendaItem.objects.count(), trail("meeting.add_item")) == (0, [])
    edge = [add_item(found, by=region.lab, wording=Wording("長" * 100, "長" * 1000, presenter="長" * 100, minutes=most)) for most in (1, 240)]
    assert [(one.order, one.planned_minutes, one.put_up_by_id) for one in edge] == [(1, 1, LAB), (2, 240, LAB)]


def test_every_refusal_of_a_hard_case_before_a_meeting(region: World) -> None:
    need, secret = hard_need(region), hard_need(region, public=False)
    found, smart = meeting(region), meeting(region, "smart")
    unsure = Wording("狐火エレクトロの反り")
    by, why = region.desk, "県内で測れない。"
    tries: Tries = [
        (lambda: put_up(need, smart, by=by, wording=OPEN, reason=why), ("not_on_ladder", "meeting", "難しい相談を諮る会議ではありません。ほかの会議を選んでください。")),
        (lambda: put_up(secret, found, by=by, wording=OPEN, reason=why),
         ("not_confirmed", "level", "すべての機関が読む議題には、会社が確かめた「名を伏せた文」が要ります。先に会社に確かめるか、要約に同意のある機関だけを名指ししてください。")),
        (lambda: put_up(need, found, by=by, wording=Wording("題", level="named", bodies=(BANK, LAB)), reason=why),
         ("no_consent", "bodies", "要約を見せる同意がありません：ひばり銀")),
    ]  # fmt: skip
    check(tries)
    assert no(lambda: put_up(need, found, by=by, wording=unsure, reason=why))[0] == "giveaway"
    assert (AgendaItem.objects.count(), trail("meeting.put_up")) == (0, [])
    put_up(need, found, by=by, wording=OPEN, reason=why)
    assert no(lambda: put_up(need, meeting(region), by=by, wording=OPEN)) == ("on_agenda", None, "この課題は、もう議題になっています。")
    Meeting.objects.filter(pk=found.pk).update(state="checking", held_at=NOON)
    assert no(lambda: put_up(secret, found, by=by, wording=OPEN, reason=why)) == ("over", "meeting", OVER_AGENDA)
    assert trail("meeting.put_up") == [("meeting.put_up", "staff", DESK, ["agendaitem", "meeting", "case", "need"])]


def test_every_refusal_of_ticking_and_timing(region: World) -> None:
    found, _item = minuted(region)
    need = hard_need(region)
    off = meeting(region)
    move_meeting(off, by=region.center, state="off", reason="大雪")
    one = AgendaItem.objects.get()
    tries: Tries = [
        (lambda: take_proposals(found, {"x": 10}, by=GUEST), ("not_allowed", None, "機関の職員として入ってから送ってください。")),
        (lambda: take_proposals(found, {"x": 10}, by=SYSTEM), ("not_allowed", None, "機関の職員として入ってから送ってください。")),
        (lambda: take_proposals(found, {}, by=region.desk), ("nothing_ticked", None, "議題にするものに印を付けてください。")),
        (lambda: take_proposals(found, {"x": 0}, by=region.desk), ("minutes", "minutes", "時間は1分から240分までで入れてください。")),
        (lambda: time_items(found, {one.pk: 241}, by=region.center), ("minutes", "minutes", "時間は1分から240分までで入れてください。")),
        (lambda: time_items(found, {one.pk: 5}, by=region.bank), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
        (lambda: time_items(off, {one.pk: 5}, by=region.center), ("locked", None, CLOSED)),
        (lambda: order_items(found, [one.pk], by=region.bank), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
    ]  # fmt: skip
    check(tries)
    gone = take_proposals(found, {"x": 10, "rung:y": 5}, by=region.desk)
    assert (gone.items, gone.refused) == ([], ["選んだうちの1件は、もう議題になっているか、片づいています。"] * 2)
    assert (time_items(found, {one.pk: 10, need.pk: 5}, by=region.center), trail("meeting.time")) == (0, []), "the same time is no change"
    assert (time_items(found, {one.pk: 25}, by=region.center), trail("meeting.time")) == (1, [("meeting.time", "staff", CENTER, ["meeting"])])


# Refusals of writing and deciding


def test_every_refusal_of_notes_decisions_and_tasks(region: World) -> None:
    found, item = minuted(region)
    secret = add_item(found, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
    early = add_item(meeting(region), by=region.bank, wording=Wording("先の話"))
    center, bank = region.center, region.bank
    of_case = ("not_of_case", "outcome", "難しい相談の議題だけで選べます。")
    tries: Tries = [
        (lambda: write_notes(item, by=center, notes="x", version=1), ("changed_meanwhile", None, WROTE_FIRST)),
        (lambda: write_notes(item, by=center, notes="長" * 8001, version=0), ("too_long", "notes", long(8000, 8001))),
        (lambda: write_notes(item, by=region.lab, notes="x", version=0), ("not_allowed", None, WRITERS)),
        (lambda: decide(item, by=GUEST, outcome="noted", decision="x", version=0), ("not_allowed", None, WRITERS)),
        (lambda: decide(early, by=bank, outcome="noted", decision="x", version=0), ("not_held", None, "会議を開いてから、決めたことを書いてください。")),
        (lambda: decide(item, by=bank, outcome="", decision="x", version=0), ("unknown_outcome", "outcome", "どうなったかを1つ選んでください。")),
        (lambda: decide(item, by=bank, outcome="odd", decision="x", version=0), ("unknown_outcome", "outcome", "どうなったかを1つ選んでください。")),
        (lambda: decide(item, by=bank, outcome="helped", decision="x", version=0), of_case), (lambda: decide(item, by=bank, outcome="outside", decision="x", version=0), of_case),
        (lambda: decide(item, by=bank, outcome="noted", decision="\u3000", version=0), ("decision_empty", "decision", "決めたことを書いてください。")),
        (lambda: decide(item, by=bank, outcome="noted", decision="長" * 1001, version=0), ("too_long", "decision", long(1000, 1001))),
        (lambda: decide(item, by=bank, outcome="noted", decision="x", version=9), ("changed_meanwhile", None, WROTE_FIRST)),
        (lambda: give_task(item, by=bank, what="", body=body(LAB), due_on=MEETING_DAY), ("what_empty", "what", "することを書いてください。")),
        (lambda: give_task(item, by=bank, what="長" * 201, body=body(LAB), due_on=MEETING_DAY), ("too_long", "what", long(200, 201))),
        (lambda: give_task(item, by=bank, what="x", body=body(LAB), due_on=TODAY - dt.timedelta(days=1)),
         ("due_past", "due_on", "会議の日より前です。期限を確かめてください。")),
        (lambda: give_task(secret, by=region.desk, what="x", body=body(BANK), due_on=MEETING_DAY), ("not_theirs", "body", "ひばり銀は、この議題を読めません。")),
    ]  # fmt: skip
    check(tries)
    assert trail("meeting.note", "meeting.decide", "meeting.task") == []
    on_the_day = give_task(secret, by=region.desk, what="x", body=body(DESK), due_on=TODAY)
    assert (on_the_day.due_on, [one.body_id for one in Task.objects.all()]) == (TODAY, [DESK]), "who put it up reads it, and the day itself is not too early"


def test_every_refusal_of_finishing_a_task_and_twice_is_once(region: World) -> None:
    found, item = minuted(region)
    task = give_task(item, by=region.bank, what="数字を送る", body=body(LAB), due_on=MEETING_DAY)
    check([
        (lambda: finish_task(task, by=region.lab, words=" "), ("words_empty", "words", "どうなったかを、ひとことで書いてください。")),
        (lambda: finish_task(task, by=region.lab, words="長" * 401), ("too_long", "words", long(400, 401))),
        (lambda: finish_task(task, by=region.bank, words="x"), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
        (lambda: finish_task(task, by=GUEST, words="x"), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
        (lambda: finish_task(task, by=link_holder(found.pk, LAB), words="x"), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
    ])  # fmt: skip
    with clock.moved_to(NOON + dt.timedelta(days=3)):
        finish_task(task, by=region.lab, words="送った。")
    with clock.moved_to(NOON + dt.timedelta(days=9)):
        finish_task(task, by=region.desk, words="べつの言い方。")
    now = fresh(task)
    assert (now.done_on, now.done_words, trail("meeting.task_done")) == (dt.date(2026, 11, 28), "送った。", [("meeting.task_done", "staff", LAB, ["task"])])


# Minutes


def test_every_refusal_of_minutes_and_their_words(region: World) -> None:
    found = meeting(region, held_on=TODAY)
    items = [add_item(found, by=region.bank, wording=Wording(title)) for title in ("一", "二")]
    ahead = "いまは「開催前」です。「各機関が確認中」にはできません。画面を開き直してください。"
    check([(lambda: send_out(found, by=region.center), ("wrong_state", None, ahead))])
    move_meeting(found, by=region.center, state="held")
    found = fresh(found)
    check([
        (lambda: send_out(found, by=region.bank), ("not_allowed", None, "これは、会議を開く機関か窓口だけができます。")),
        (lambda: send_out(found, by=region.center), ("undecided", None, "まだ結果を書いていない議題があります：一、二")),
    ])  # fmt: skip
    for one in items:
        decide(one, by=region.bank, outcome="noted", decision="聞いた。", version=0)
    check([(lambda: send_out(found, by=region.center), ("nobody_there", None, "出席者を入れてから送ってください。"))])
    attend(found, by=region.center, name="露崎 遥", body=body(CENTER))
    first = send_out(found, by=region.center)
    check([
        (lambda: confirm(first, by=region.lab, agrees=False, words="\n"), ("words_empty", "words", "直してほしいところを書いてください。")),
        (lambda: confirm(first, by=region.lab, agrees=False, words="長" * 1001), ("too_long", "words", long(1000, 1001))),
        (lambda: confirm(first, by=SYSTEM, agrees=True), ("not_allowed", None, "これを書けるのは、機関の人だけです。")),
        (lambda: lock_minutes(found, by=region.center, version=0),
         ("changed_meanwhile", None, "ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。")),
    ])  # fmt: skip
    confirm(first, by=region.lab, agrees=False, words="幅は5ミリ。")
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        confirm(first, by=region.bank, agrees=False, words="名が違う。")
    check([(lambda: lock_minutes(found, by=region.center, version=fresh(found).version),
            ("change_asked", None, "直してほしいと言っている機関があります：工業試験所、ひばり銀"))])  # fmt: skip
    second = send_out(found, by=region.center)
    check([(lambda: confirm(first, by=region.lab, agrees=True), ("outdated", None, "新しい議事録が送られています。新しいほうを確かめてください。"))])
    assert (words_on(second), [to_confirm(region.actor(code)) for code in (LAB, BANK)]) == ({}, [[second], [second]]), "a new sending asks everybody anew"
    lock_minutes(found, by=region.center, version=fresh(found).version)
    check([(lambda: confirm(second, by=region.lab, agrees=True), ("wrong_state", None, "確認を待っている議事録ではありません。"))])
    assert trail("meeting.send_out", "meeting.confirm", "meeting.lock") == [
        ("meeting.send_out", "staff", CENTER, ["minutes", "meeting"]), ("meeting.confirm", "staff", LAB, ["confirmation", "minutes"]),
        ("meeting.confirm", "staff", BANK, ["confirmation", "minutes"]), ("meeting.send_out", "staff", CENTER, ["minutes", "meeting"]),
        ("meeting.lock", "staff", CENTER, ["meeting"])]  # fmt: skip
    assert (fresh(found).locked_number, Minutes.objects.count(), Confirmation.objects.count()) == (2, 2, 2)


def test_minutes_hold_what_stood_when_they_were_sent_whatever_comes_later(region: World) -> None:
    found, item = minuted(region)
    write_notes(item, by=region.bank, notes="はじめの文", version=0)
    decide(item, by=region.bank, outcome="noted", decision="はじめの決定", version=1)
    task = give_task(item, by=region.bank, what="数字を送る", body=body(LAB), due_on=MEETING_DAY)
    first = send_out(found, by=region.center)
    write_notes(item, by=region.bank, notes="あとの文", version=2)
    decide(item, by=region.bank, outcome="dropped", decision="あとの決定", version=3)
    finish_task(task, by=region.lab, words="送った。")
    attend(found, by=region.center, name="小出 渉", body=body(LAB), in_place_of="所長")
    second = send_out(found, by=region.center)
    said = {one.minutes.number: (one.said["notes"], one.said["decision"], [task["what"] for task in one.said["tasks"]])
            for one in MinutesItem.objects.select_related("minutes")}  # fmt: skip
    assert said == {1: ("はじめの文", "はじめの決定", ["数字を送る"]), 2: ("あとの文", "あとの決定", ["数字を送る"])}
    assert [[row["name"] for row in one.head["attendance"]] for one in (first, second)] == [["露崎 遥"], ["小出 渉", "露崎 遥"]]
    assert (first.number, second.number, first.due_on, first.head["name"]) == (1, 2, dt.date(2026, 12, 2), "ひばり定例会議 第1回")


# Votes


def test_every_refusal_of_a_vote_and_of_sending_round(region: World) -> None:
    found = meeting(region, kind="circulation")
    room = meeting(region)
    check([
        (lambda: send_round(room, by=region.center, version=0),
         ("no_round", None, "集まって開く会議です。持ち回りで諮るときは、持ち回りの会議を作ってください。")),
        (lambda: send_round(found, by=region.center, version=0), ("no_items", None, "議題がありません。先に議題を足してください。")),
    ])  # fmt: skip
    item = add_item(found, by=region.center, wording=Wording("規約"))
    over = "この持ち回りは、もう締め切りました。変わったことは、開いた機関に伝えてください。"
    check([(lambda: cast_votes(found, {item.pk: Said("agree")}, by=region.lab), ("not_round", None, over))])
    found = send_round(found, by=region.center, version=0)

    def say(stance: str, words: str = "") -> Callable[[], object]:
        return lambda: cast_votes(found, {item.pk: Said(stance, words)}, by=region.lab)

    check([
        (say(stance="odd"), ("unknown_stance", f"s-{item.pk}", "賛成・反対などを1つ選んでください。")),
        (say(stance="against"), ("words_empty", f"w-{item.pk}", "条件・反対・回答は、ひとことを書いてください：規約")),
        (say(stance="answer", words="\u3000"), ("words_empty", f"w-{item.pk}", "条件・反対・回答は、ひとことを書いてください：規約")),
        (say(stance="agree", words="長" * 10_000), ("too_long", f"w-{item.pk}", long(400, 10_000))),
        (lambda: cast_votes(found, {}, by=region.lab), ("nothing_said", None, "議題ごとに、賛成・反対などを選んでください。")),
        (lambda: cast_votes(found, {found.pk: Said("agree")}, by=region.lab), ("unknown_item", None, "この議題は読めません。")),
        (lambda: cast_votes(found, {item.pk: Said("agree")}, by=SYSTEM), ("not_allowed", None, "機関の職員として入ってから送ってください。")),
        (lambda: cast_votes(found, {item.pk: Said("agree")}, by=region.lab, name="長" * 101), ("too_long", "answered_by", long(100, 101))),
        (lambda: send_round(found, by=region.center, version=found.version), ("wrong_state", None, "いまは「議事録を書いている」です。「議事録を書いている」にはできません。画面を開き直してください。")),
    ])  # fmt: skip
    assert (Vote.objects.count(), trail("meeting.vote")) == (0, [])
    decide(item, by=region.center, outcome="noted", decision="改正する。", version=0)
    check([(say(stance="agree"), ("decided", f"s-{item.pk}", "もう決まった議題です：規約"))])
    assert (silent_bodies(found), remind_of_round(found.pk, by=SYSTEM)) == ([], 0), "nobody is reminded of what is decided"


def test_a_tally_in_words_names_every_stance_in_order_and_closed_bodies_are_not_silent(region: World) -> None:
    found = meeting(region, kind="circulation")
    item = add_item(found, by=region.center, wording=Wording("規約"))
    assert tallies([item], region.desk)[item.pk].in_words == "返事なし4機関"
    found = send_round(found, by=region.center, version=0)
    for actor, said in ((region.bank, Said("answer", "読んだ。")), (region.lab, Said("abstain")), (region.desk, Said("against", "早い。")), (region.center, Said("agree"))):
        cast_votes(found, {item.pk: said}, by=actor)
    tally = tallies([item], region.lab)[item.pk]
    assert tally.in_words == "賛成1機関（1者）、反対1機関（1者）、棄権1機関（1者）、回答だけ1機関（1者）"
    assert [(one.body_id, one.stance) for one in tally.votes] == [(DESK, "against"), (LAB, "abstain"), (CENTER, "agree"), (BANK, "answer")]
    other = add_item(found, by=region.center, wording=Wording("次"))
    Body.objects.filter(pk=BANK).update(closed_on=TODAY)
    assert [one.pk for one in tallies([other], region.lab)[other.pk].silent] == [DESK, LAB, CENTER]
    assert tallies([], region.lab) == {}


# Materials and notes on trends


def test_every_refusal_of_a_paper_and_of_a_note(region: World) -> None:
    found, item = minuted(region)
    kept = add_material(found, by=region.bank, name="数字.txt", data=b"x", item=item)
    day = TODAY - dt.timedelta(days=5)
    anonymous: dict[str, Any] = {"text": "受注が減った。", "basis": "anonymous"}
    consent: dict[str, Any] = {"text": "受注が減った。", "basis": "consent"}

    def tell(**more: Any) -> Callable[[], object]:
        return lambda: tell_trend(found, by=region.bank, **more)

    no_day = ("consent_day", "consent_on", "取引先が同意した日を入れてください。")
    check([
        (lambda: add_material(found, by=GUEST, name="x.txt", data=b"x"), ("not_allowed", None, "これを書けるのは、機関の人だけです。")),
        (lambda: add_material(found, by=region.lab, name="x.txt", data=b"x", item=item), ("not_allowed", None, WRITERS)),
        (lambda: replace_material(kept, by=region.lab, name="x.txt", data=b"x"),
         ("not_allowed", None, "資料を差し替えられるのは、付けた機関か、会議を開く機関だけです。")),
        (tell(text=" ", basis="anonymous"), ("text_empty", "text", "企業動向を書いてください。")),
        (tell(text="長" * 2001, basis="anonymous"), ("too_long", "text", long(2000, 2001))),
        (tell(text="x", basis=""), ("unknown_basis", "basis", "どちらの書き方かを選んでください。")),
        (tell(**consent), ("client_empty", "client", "同意した取引先を書いてください。")),
        (tell(**consent, client="長" * 201), ("too_long", "client", long(200, 201))), (tell(**consent, client="甲社"), no_day),
        (tell(**consent, client="甲社", consent_on=TODAY + dt.timedelta(days=1)), no_day),
        (lambda: tell_trend(found, by=GUEST, **anonymous), ("not_allowed", None, "これを書けるのは、機関の人だけです。")),
    ])  # fmt: skip
    assert (Material.objects.count(), TrendNote.objects.count()) == (1, 0)
    notes = [tell_trend(found, by=region.bank, **consent, client="甲社", consent_on=TODAY), tell_trend(found, by=region.bank, **anonymous, client="甲社", consent_on=day)]
    assert [(one.client, one.consent_on) for one in notes] == [("甲社", TODAY), ("", None)], "what names nobody keeps no name, whatever was typed"
    Meeting.objects.filter(pk=found.pk).update(state="locked", locked_number=1)
    check([(act, ("locked", None, CLOSED)) for act in (
        tell(**anonymous), lambda: add_material(found, by=region.bank, name="x.txt", data=b"x"), lambda: replace_material(kept, by=region.bank, name="x.txt", data=b"x"))])  # fmt: skip
    assert trail("meeting.material", "meeting.replace_material", "meeting.trend") == [
        ("meeting.material", "staff", BANK, ["material", "meeting"]), *[("meeting.trend", "staff", BANK, ["trendnote", "meeting"])] * 2]  # fmt: skip


def test_a_paper_of_an_item_lies_in_the_meeting_of_that_item_only(region: World) -> None:
    _found, item = minuted(region)
    other = meeting(region)
    assert no(lambda: add_material(other, by=region.bank, name="x.txt", data=b"x", item=item)) == ("other_meeting", None, "この会議の議題ではありません。")
    assert Material.objects.count() == 0
