"""Every refusal of calling, moving, attending and joining in its exact words; the audit row of each; the year's end [C87, C90]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.fiscal_year import FiscalYear
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, call_meeting, change_meeting, move_meeting, take_off
from renkei.meetings.actions.confirming import lock_minutes
from renkei.meetings.actions.going_round import send_round
from renkei.meetings.actions.joining import join_series, leave_series
from renkei.meetings.actions.minuting import decide, send_out
from renkei.meetings.models import Attendance, Meeting, Participant
from renkei.meetings.proposal import last_day
from renkei.meetings.queries import missing_regulars, presence, years
from renkei.plan.models import Body, PlanVersion
from tests.cases.making import fresh
from tests.meetings.making import MEETING_DAY, NOON, TODAY, WITH_MEETINGS, held, meeting, no, trail, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C87", "C90")
TOO_LONG_200 = "200字までです（いま201字）。短くするか、ファイルで付けてください。"
TOO_LONG_100 = "100字までです（いま101字）。短くするか、ファイルで付けてください。"
TOLD_SINCE = "ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。"
ONLY_HOST = "これは、会議を開く機関か窓口だけができます。"
CLOSED = "確定した、または取りやめた会議です。直すときは、理由を書いて開き直してください。"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def locked(region: World) -> Meeting:
    """A meeting whose minutes stand."""
    found = held(region, meeting(region))
    item = add_item(found, by=region.center, wording=Wording("報告"))
    decide(item, by=region.center, outcome="noted", decision="聞いた。", version=0)
    send_out(found, by=region.center)
    lock_minutes(found, by=region.center, version=fresh(found).version)
    return Meeting.objects.get(pk=found.pk)


# Refusals, in their exact words


def test_every_refusal_of_a_call_says_which_field_and_nothing_is_called(region: World) -> None:
    center = region.center
    tries: list[tuple[Callable[[], object], tuple[str, str | None, str]]] = [
        (lambda: call_meeting("odd", by=center, held_on=MEETING_DAY), ("unknown_series", "series", "会議を一覧から選んでください。")),
        (lambda: call_meeting("", by=center, held_on=MEETING_DAY), ("unknown_series", "series", "会議を一覧から選んでください。")),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, kind="odd"), ("unknown_kind", "kind", "会議の種類を一覧から選んでください。")),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, kind="extra"), ("reason_empty", "reason", "臨時に開く理由を書いてください。")),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, kind="extra", reason=" \u3000\n"),
         ("reason_empty", "reason", "臨時に開く理由を書いてください。")),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, kind="extra", reason="長" * 201), ("too_long", "reason", TOO_LONG_200)),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, place="長" * 201), ("too_long", "place", TOO_LONG_200)),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, chair="長" * 101), ("too_long", "chair", TOO_LONG_100)),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, theme="長" * 101), ("too_long", "theme", TOO_LONG_100)),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, session="見学会"), ("unknown_session", "session", "会の形を一覧から選んでください。")),
        (lambda: call_meeting("working", by=center, held_on=MEETING_DAY, ends=dt.time(9)), ("ends_first", "ends", "終わりの時刻は、始まりより後にしてください。")),
        (lambda: call_meeting("working", by=region.lab, held_on=MEETING_DAY), ("not_allowed", None, "この会議を開けるのは、開催の機関か窓口だけです。")),
        (lambda: call_meeting("full", by=center, held_on=MEETING_DAY), ("not_allowed", None, "この会議を開けるのは、開催の機関か窓口だけです。")),
        (lambda: call_meeting("working", by=GUEST, held_on=MEETING_DAY), ("not_allowed", None, "この会議を開けるのは、開催の機関か窓口だけです。")),
    ]  # fmt: skip
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]
    assert (Meeting.objects.count(), trail("meeting.call")) == (0, [])
    exact = call_meeting("working", by=center, held_on=MEETING_DAY, kind="extra", reason="長" * 200, place="長" * 200, chair="長" * 100, theme="長" * 100)
    assert [len(words) for words in (exact.reason, exact.place, exact.chair, exact.theme)] == [200, 200, 100, 100], "the limit itself fits"


def test_every_refusal_of_a_change_leaves_the_call_as_it_stood(region: World) -> None:
    found = meeting(region, place="ひばり館", chair="露崎", starts=dt.time(14))
    before = Meeting.objects.values().get(pk=found.pk)
    given: dict[str, Any] = {"version": 0, "held_on": MEETING_DAY}
    tries: list[tuple[Callable[[], object], tuple[str, str | None, str]]] = [
        (lambda: change_meeting(found, by=region.center, version=1, held_on=MEETING_DAY), ("changed_meanwhile", None, TOLD_SINCE)),
        (lambda: change_meeting(found, by=region.center, version=-1, held_on=MEETING_DAY), ("changed_meanwhile", None, TOLD_SINCE)),
        (lambda: change_meeting(found, by=region.bank, **given), ("not_allowed", None, ONLY_HOST)),
        (lambda: change_meeting(found, by=GUEST, **given), ("not_allowed", None, ONLY_HOST)),
        (lambda: change_meeting(found, by=region.center, **given, place="長" * 201), ("too_long", "place", TOO_LONG_200)),
        (lambda: change_meeting(found, by=region.center, **given, chair="長" * 101), ("too_long", "chair", TOO_LONG_100)),
        (lambda: change_meeting(found, by=region.center, **given, theme="長" * 101), ("too_long", "theme", TOO_LONG_100)),
        (lambda: change_meeting(found, by=region.center, **given, session="odd"), ("unknown_session", "session", "会の形を一覧から選んでください。")),
        (lambda: change_meeting(found, by=region.center, **given, ends=dt.time(9)), ("ends_first", "ends", "終わりの時刻は、始まりより後にしてください。")),
        (lambda: change_meeting(found, by=region.center, version=0, held_on=dt.date(2027, 4, 1)),
         ("other_year", "held_on", "年度が変わります。取りやめて、新しい年度の会議を作ってください。")),
    ]  # fmt: skip
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]
    assert (Meeting.objects.values().get(pk=found.pk), trail("meeting.change")) == (before, [])
    now = held(region, found)
    assert no(lambda: change_meeting(now, by=region.center, version=now.version, held_on=TODAY)) == ("held", None, "開催した会議の日や場所は変えられません。")


def test_every_refusal_of_a_step_says_why(region: World) -> None:
    found, ahead = meeting(region), meeting(region)
    round_robin = meeting(region, kind="circulation")
    stands = locked(region)
    move_meeting(found, by=region.center, state="off", reason="大雪")
    why = ("reason_empty", "reason", "理由を書いてください。")
    tries: list[tuple[Callable[[], object], tuple[str, str | None, str]]] = [
        (lambda: move_meeting(ahead, by=region.center, state="held"),
         ("not_yet", None, "まだ開催の日になっていません。日が変わったときは、先に開催日を直してください。")),
        (lambda: move_meeting(ahead, by=region.center, state="off"), why), (lambda: move_meeting(ahead, by=region.center, state="off", reason="\u3000"), why),
        (lambda: move_meeting(ahead, by=region.center, state="off", reason="長" * 201), ("too_long", "reason", TOO_LONG_200)),
        (lambda: move_meeting(found, by=region.center, state="planned"), why), (lambda: move_meeting(stands, by=region.center, state="held"), why),
        (lambda: move_meeting(ahead, by=region.center, state="planned"),
         ("wrong_state", None, "いまは「開催前」です。「開催前」にはできません。画面を開き直してください。")),
        (lambda: move_meeting(ahead, by=region.center, state="locked"),
         ("wrong_state", None, "いまは「開催前」です。「確定」にはできません。画面を開き直してください。")),
        (lambda: move_meeting(found, by=region.center, state="held"),
         ("wrong_state", None, "いまは「取りやめ」です。「議事録を書いている」にはできません。画面を開き直してください。")),
        (lambda: move_meeting(round_robin, by=region.center, state="held"), ("wrong_state", None, "持ち回りは、「回す」の操作で進めてください。")),
        (lambda: move_meeting(ahead, by=region.lab, state="off", reason="大雪"), ("not_allowed", None, ONLY_HOST)),
    ]  # fmt: skip
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]
    now = held(region, ahead)
    assert no(lambda: move_meeting(now, by=region.center, state="checking")) == ("wrong_state", None, "議事録は、送る・確定するの操作で進めてください。")
    assert {one.pk: (one.state, one.state_reason) for one in Meeting.objects.all()} == {
        found.pk: ("off", "大雪"), ahead.pk: ("held", ""), round_robin.pk: ("planned", ""), stands.pk: ("locked", "")}  # fmt: skip


def test_every_refusal_of_who_came_names_its_field(region: World) -> None:
    found, full = meeting(region), meeting(region, "full")
    lab = body(LAB)
    attend(found, by=region.center, name="小出 渉", body=lab)
    attend(found, by=region.center, name="小出 渉", organisation="ひばり大学")
    there = ("there_already", "name", "この方は、もう出席者に入っています。")
    tries: list[tuple[Callable[[], object], tuple[str, str | None, str]]] = [
        (lambda: attend(found, by=region.center, name="", body=lab), ("name_empty", "name", "お名前を入れてください。")),
        (lambda: attend(found, by=region.center, name="\u3000 \u200b", body=lab), ("name_empty", "name", "お名前を入れてください。")),
        (lambda: attend(found, by=region.center, name="長" * 101, body=lab), ("too_long", "name", TOO_LONG_100)),
        (lambda: attend(found, by=region.center, name="甲", body=lab, in_place_of="長" * 101), ("too_long", "in_place_of", TOO_LONG_100)),
        (lambda: attend(found, by=region.center, name="甲", organisation="長" * 201), ("too_long", "organisation", TOO_LONG_200)),
        (lambda: attend(found, by=region.center, name="甲"), ("organisation_empty", "organisation", "機関の外の方は、所属を入れてください。")),
        (lambda: attend(full, by=region.desk, name="甲", organisation="大学"),
         ("no_guests", "body", "この会議に、機関の外の人は加わりません。機関を選んでください。")),
        (lambda: attend(found, by=region.center, name="小出\u3000渉", body=lab), there),
        (lambda: attend(found, by=region.center, name=" 小出   渉\n", body=lab), there),
        (lambda: attend(found, by=region.center, name="小出 渉", organisation="よそ"), there),
        (lambda: attend(found, by=region.bank, name="古川 靖", body=body(BANK)), ("not_allowed", None, ONLY_HOST)),
    ]  # fmt: skip
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]
    assert sorted((one.name, one.body_id, one.organisation) for one in Attendance.objects.filter(body=lab)) == [("小出 渉", LAB, "")]
    there_now = Attendance.objects.get(body=lab)
    move_meeting(found, by=region.center, state="off", reason="大雪")
    assert no(lambda: attend(found, by=region.center, name="乙", body=lab)) == ("locked", None, CLOSED)
    assert no(lambda: take_off(there_now, by=region.center)) == ("locked", None, CLOSED)
    assert (Attendance.objects.count(), fresh(there_now).ended_at) == (2, None)


def test_every_refusal_of_joining_and_leaving_a_series(region: World) -> None:
    one = join_series("smart", by=region.desk, organisation="あじさい精機", name="紫陽 花子")
    tries: list[tuple[Callable[[], object], tuple[str, str | None, str]]] = [
        (lambda: join_series("odd", by=region.desk, organisation="甲", name="乙"), ("unknown_series", "series", "会議を一覧から選んでください。")),
        (lambda: join_series("full", by=region.desk, organisation="甲", name="乙"), ("no_guests", None, "この会議に、機関の外の人は加わりません。")),
        (lambda: join_series("smart", by=region.desk, organisation="\u3000", name="乙"), ("organisation_empty", "organisation", "所属を入れてください。")),
        (lambda: join_series("smart", by=region.desk, organisation="甲", name="\n"), ("name_empty", "name", "お名前を入れてください。")),
        (lambda: join_series("smart", by=region.desk, organisation="長" * 201, name="乙"), ("too_long", "organisation", TOO_LONG_200)),
        (lambda: join_series("smart", by=region.desk, organisation="甲", name="長" * 101), ("too_long", "name", TOO_LONG_100)),
        (lambda: join_series("smart", by=region.desk, organisation="あじさい精機", name="紫陽\u3000花子"),
         ("there_already", "name", "この方は、もう参加者に入っています。")),
        (lambda: join_series("smart", by=region.lab, organisation="甲", name="乙"), ("not_allowed", None, ONLY_HOST)),
        (lambda: join_series("smart", by=region.center, organisation="甲", name="乙"), ("not_allowed", None, ONLY_HOST)),
        (lambda: leave_series(one, by=region.center), ("not_allowed", None, ONLY_HOST)), (lambda: leave_series(one, by=GUEST), ("not_allowed", None, ONLY_HOST)),
    ]  # fmt: skip
    assert [no(act) for act, _answer in tries] == [answer for _act, answer in tries]
    assert [(row.organisation, row.name, row.since, row.until) for row in Participant.objects.all()] == [("あじさい精機", "紫陽 花子", TODAY, None)]


def test_who_left_joins_again_as_another_part_and_the_series_counts_each_once(region: World) -> None:
    one = join_series("smart", by=region.desk, organisation="あじさい精機", name="紫陽 花子")
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        assert [leave_series(one, by=region.desk).until for _press in range(2)] == [dt.date(2026, 11, 26)] * 2
    with clock.moved_to(NOON + dt.timedelta(days=2)):
        again = join_series("smart", by=region.desk, organisation="あじさい精機", name="紫陽 花子")
    assert (again.since, list(Participant.objects.standing()), Participant.objects.count()) == (dt.date(2026, 11, 27), [again], 2)
    assert trail("meeting.join", "meeting.leave") == [
        ("meeting.join", "staff", DESK, ["participant"]), ("meeting.leave", "staff", DESK, ["participant"]), ("meeting.join", "staff", DESK, ["participant"])]  # fmt: skip
    found = meeting(region, "smart")
    assert missing_regulars(found, region.desk) == [again]
    assert (missing_regulars(found, GUEST), missing_regulars(meeting(region), region.desk)) == ([], []), "another series has its own"


# Audit


def test_each_deed_of_a_meeting_leaves_one_row_with_who_and_what(region: World) -> None:
    found = meeting(region)
    change_meeting(found, by=region.desk, version=0, held_on=TODAY, place="別館")
    move_meeting(found, by=region.desk, state="off", reason="大雪")
    move_meeting(found, by=region.center, state="planned", reason="晴れた")
    move_meeting(found, by=region.center, state="held")
    came = attend(found, by=region.center, name="小出 渉", body=body(LAB))
    take_off(came, by=region.desk)
    verbs = ("call", "change", "off", "planned", "held", "attend", "take_off")
    assert trail(*(f"meeting.{one}" for one in verbs)) == [
        ("meeting.call", "staff", CENTER, ["meeting"]), ("meeting.change", "staff", DESK, ["meeting"]), ("meeting.off", "staff", DESK, ["meeting"]),
        ("meeting.planned", "staff", CENTER, ["meeting"]), ("meeting.held", "staff", CENTER, ["meeting"]),
        ("meeting.attend", "staff", CENTER, ["attendance", "meeting"]), ("meeting.take_off", "staff", DESK, ["attendance", "meeting"]),
    ]  # fmt: skip
    own = Event.objects.filter(stream=f"meetings.meeting:{found.pk}").order_by("sequence")
    assert [(one.sequence, one.person) for one in own][:2] == [(1, region.people[CENTER].pk), (2, region.people[DESK].pk)]
    assert not any("大雪" in str(value) for value in Event.objects.values_list("objects_touched", flat=True)), "no words stand in the trail"
    assert fresh(found).version == 4, "one more with each save"


# The year's end and the first of April


@pytest.mark.parametrize(("day", "year"), [
    (dt.date(2026, 3, 31), 2025), (dt.date(2026, 4, 1), 2026), (dt.date(2026, 12, 31), 2026), (dt.date(2027, 1, 1), 2026), (dt.date(2027, 3, 31), 2026),
    (dt.date(2027, 4, 1), 2027), (dt.date(2028, 2, 29), 2027),
])  # fmt: skip
def test_a_meeting_belongs_to_the_fiscal_year_of_its_day(region: World, day: dt.date, year: int) -> None:
    made = meeting(region, held_on=day)
    assert (made.fiscal_year, made.number) == (year, 1)
    shown = {start: [one.pk for row in years(region.bank, FiscalYear(start)) for one in row.ahead] for start in (2025, 2026, 2027)}
    assert shown == {start: [made.pk] if start == year else [] for start in (2025, 2026, 2027)}


def test_numbers_begin_anew_on_the_first_of_april_and_none_is_given_twice(region: World) -> None:
    days = [dt.date(2027, 3, 30), dt.date(2027, 3, 31), dt.date(2027, 4, 1), dt.date(2027, 4, 2)]
    made = [meeting(region, held_on=day) for day in days]
    assert [(one.fiscal_year, one.number) for one in made] == [(2026, 1), (2026, 2), (2027, 1), (2027, 2)]
    move_meeting(made[1], by=region.center, state="off", reason="大雪")
    assert meeting(region, held_on=dt.date(2027, 3, 31)).number == 3, "what was called off keeps its number"
    assert meeting(region, "full", held_on=dt.date(2027, 3, 31)).number == 1, "another series counts for itself"
    for place, day, version in ((0, dt.date(2027, 4, 1), 0), (2, dt.date(2027, 3, 31), 0)):
        answer = no(lambda one=made[place], day=day, version=version: change_meeting(one, by=region.center, version=version, held_on=day))  # type: ignore[misc]
        assert answer[:2] == ("other_year", "held_on")
    moved = change_meeting(made[0], by=region.center, version=0, held_on=dt.date(2026, 12, 31))
    assert (moved.fiscal_year, moved.number) == (2026, 1), "within its year the day moves freely, over the turn of the calendar year too"


def test_what_counts_since_begins_with_the_fiscal_year_and_then_with_the_last_meeting_that_took_place(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 4, 20), 12)):
        first = meeting(region, held_on=dt.date(2027, 4, 20))
        assert last_day(first) == dt.date(2027, 4, 1)
        off = meeting(region, held_on=dt.date(2027, 4, 2))
        move_meeting(off, by=region.center, state="off", reason="大雪")
        written = meeting(region, kind="circulation", held_on=dt.date(2027, 4, 10))
        Meeting.objects.filter(pk=written.pk).update(state="held", held_at=clock.now())
        assert last_day(first) == dt.date(2027, 4, 1), "neither what was called off nor what went round in writing"
        march = meeting(region, held_on=dt.date(2027, 3, 18))
        move_meeting(march, by=region.center, state="held")
        assert last_day(first) == dt.date(2027, 3, 18), "the last one, of the former year too"
        other = meeting(region, "full", held_on=dt.date(2027, 4, 19))
        move_meeting(other, by=region.desk, state="held")
        assert (last_day(first), last_day(march)) == (dt.date(2027, 3, 18), dt.date(2026, 4, 1)), "of its own series"


@pytest.mark.parametrize(("state", "counts"), [("planned", 0), ("held", 1), ("checking", 1), ("locked", 1), ("off", 0)])
@pytest.mark.parametrize(("kind", "in_room"), [("regular", True), ("extra", True), ("circulation", False)])
def test_what_the_plan_counts_a_year_by_state_and_kind(region: World, state: str, counts: int, kind: str, in_room: bool) -> None:
    found = meeting(region, kind=kind, reason="急ぐ" if kind == "extra" else "")
    Meeting.objects.filter(pk=found.pk).update(state=state, held_at=NOON, locked_number=1)
    shown = {row.series.code: (row.held, len(row.ahead), len(row.gone)) for row in years(region.lab, FiscalYear(2026))}
    ahead = state == "planned"
    assert shown == {"working": (counts if in_room else 0, int(ahead), int(not ahead)), "full": (0, 0, 0), "smart": (0, 0, 0)}


# Who came, counted


def test_presence_counts_bodies_and_parties_once_and_guests_for_nobody(region: World) -> None:
    found = meeting(region)
    empty = presence(found, region.bank)
    assert (empty.people, empty.bodies, empty.parties, empty.all_bodies, empty.all_parties) == ([], 0, 0, 4, 2)
    for name, code in (("小出 渉", LAB), ("二人目", LAB), ("露崎 遥", CENTER), ("古川 靖", BANK)):
        attend(found, by=region.center, name=name, body=body(code))
    attend(found, by=region.center, name="大学の先生", organisation="ひばり大学")
    counted = presence(found, region.bank)
    assert ([one.name for one in counted.people], counted.bodies, counted.parties) == (["二人目", "小出 渉", "露崎 遥", "古川 靖", "大学の先生"], 3, 2)
    take_off(Attendance.objects.get(name="古川 靖"), by=region.center)
    Body.objects.filter(pk=BANK).update(closed_on=TODAY)
    counted = presence(found, region.bank)
    assert (len(counted.people), counted.bodies, counted.parties, counted.all_bodies, counted.all_parties) == (4, 2, 1, 3, 1)


def test_a_plan_that_drops_a_series_keeps_its_meetings_and_calls_no_more(region: World) -> None:
    found = meeting(region)
    rest = [one for one in WITH_MEETINGS["meetings"] if one["code"] != "working"]
    ladder = [one | ({"meetings": ["full"]} if one["code"] == "meeting" else {}) for one in WITH_MEETINGS["ladder"]]
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_MEETINGS | {"meetings": rest, "ladder": ladder}, published_at=clock.now())
    unknown = ("unknown_series", "series", "会議を一覧から選んでください。")
    assert no(lambda: call_meeting("working", by=region.center, held_on=MEETING_DAY)) == unknown
    assert no(lambda: change_meeting(found, by=region.center, version=0, held_on=MEETING_DAY)) == unknown
    assert [row.series.code for row in years(region.desk, FiscalYear(2026))] == ["full", "smart"]
    assert move_meeting(found, by=region.center, state="off", reason="計画が変わった。").state == "off", "it can still be called off"


def test_the_worker_calls_a_meeting_and_it_is_its_owners(region: World) -> None:
    made = call_meeting("full", by=SYSTEM, held_on=MEETING_DAY)
    assert (made.host_id, made.called_at, made.changed_at, made.state, trail("meeting.call")) == (
        DESK, NOON, NOON, "planned", [("meeting.call", "system", "", ["meeting"])])  # fmt: skip


def test_why_the_day_of_a_meeting_cannot_be_changed_is_said_as_it_is(region: World) -> None:
    """Held, called off and gone round are three things, and each says its own."""
    off, was_held, around = meeting(region), meeting(region, held_on=TODAY), meeting(region, kind="circulation")
    move_meeting(off, by=region.center, state="off", reason="大雪")
    move_meeting(was_held, by=region.center, state="held")
    add_item(around, by=region.center, wording=Wording("規約"))
    send_round(around, by=region.center, version=0)
    said = [no(lambda one=one: change_meeting(one, by=region.center, version=1, held_on=MEETING_DAY)) for one in (off, was_held, around)]
    assert said == [
        ("off", None, "取りやめた会議です。開くことにしてから、日や場所を直してください。"), ("held", None, "開催した会議の日や場所は変えられません。"),
        ("held", None, "もう回した持ち回りの期限は変えられません。"),
    ]  # fmt: skip
    move_meeting(off, by=region.center, state="planned", reason="晴れた")
    assert change_meeting(off, by=region.center, version=2, held_on=MEETING_DAY).held_on == MEETING_DAY
