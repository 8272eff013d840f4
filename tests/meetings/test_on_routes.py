"""What the plan lets a series of meetings decide stands in a route on the next meeting that can still take it up [C49, C71]."""

from __future__ import annotations

import datetime as dt
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.cases.actions.answers import accept
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.route_sending import send_route
from renkei.cases.actions.routes import change_step, make_route, replan
from renkei.cases.models import Escalation, RouteSentStep, Support
from renkei.cases.queries.route_late import late_cases, late_routes, late_steps
from renkei.cases.queries.route_meetings import councils
from renkei.cases.queries.route_told import told as sent_as
from renkei.cases.route_clock import LATE, tell_of_late_steps
from renkei.meetings.actions.calling import change_meeting, move_meeting
from renkei.meetings.models import Meeting, MeetingKind, MeetingState
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import PlanVersion
from renkei.post.models import Mail, Nudge
from tests.cases.making import arrived, fresh, leave, need_of, pick, summarise
from tests.cases.routing import PRECEDENCE, QUESTIONS, Routed, candidate, entry, proposing
from tests.desk.pages import address, client, said
from tests.meetings.making import NOON, TODAY, WITH_MEETINGS, meeting
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C49", "C71")
SERVICE, SERIES = "tech-consultation", "ひばりスマート会議"
DAY = dt.timedelta(days=1)
FIRST, SECOND = dt.date(2026, 12, 9), dt.date(2026, 12, 23)  # both Wednesdays


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def deciding(**more: Any) -> dict[str, Any]:
    """A plan whose third series decides on a service in its sittings, and takes it up until three business days before."""
    rule = {"decides": [SERVICE], "sessions": ["会合", "見学会"], "decides_in": ["会合"], "agenda_days": 3, **more}
    series = [one | (rule if one["code"] == "smart" else {}) for one in WITH_MEETINGS["meetings"]]
    return WITH_MEETINGS | {"meetings": series, "precedence": PRECEDENCE, "cues": {"questions": QUESTIONS}}


@pytest.fixture
def region(world: World) -> World:
    PlanVersion.objects.create(plan=world.plan, number=2, content=deciding(), published_at=clock.now())
    return world


def council(world: World, held_on: dt.date = FIRST, **more: Any) -> Meeting:
    return meeting(world, "smart", held_on, **({"session": "会合"} | more))


@pytest.fixture
def there(region: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    """A case whose route has a step that a meeting decides, and one that none does; two meetings are ahead."""
    council(region)
    council(region, SECOND)
    return route(region, monkeypatch)


def route(region: World, monkeypatch: pytest.MonkeyPatch, hit: tuple[str, str] | None = None) -> Routed:
    proposing(monkeypatch, {"自動化": [candidate(SERVICE, LAB, hit), candidate("sales-adviser", CENTER)]})
    case = arrived(region).case
    need_of(case, region, title="自動化")
    summarise(case, region)
    return Routed(region, case, make_route(case, by=region.desk))


def step(there: Routed) -> tuple[dt.date | None, list[dict[str, Any]], list[dict[str, Any]]]:
    found = there.step(SERVICE)
    return found.begins_on, found.why, found.missing


def put_to(day: dt.date, until: dt.date, number: int) -> dict[str, Any]:
    return {"code": "put_to", "day": day.isoformat(), "until": until.isoformat(), "text": f"{SERIES} 第{number}回"}


def move(found: Meeting, day: dt.date, world: World) -> None:
    now = fresh(found)
    change_meeting(now, by=world.desk, version=now.version, held_on=day, session=now.session)


def first(there: Routed) -> Meeting:
    assert there.world
    return Meeting.objects.get(series="smart", number=1)


def call_off(found: Meeting, world: World) -> None:
    move_meeting(fresh(found), by=world.desk, state=MeetingState.OFF, reason="会場が使えない")


def ask(there: Routed) -> Support:
    made = send_offers(fresh(there.case), [pick(there.step(SERVICE).need, LAB, SERVICE)], by=there.world.desk)[0]
    leave(made)
    return Support.objects.get(pk=made.pk)


def anew(there: Routed) -> None:
    replan(there.route, by=there.world.desk, version=there.version)


def row(there: Routed) -> str:
    """The page's row of the step in plain words."""
    text = said(client(there.world).get(address("desk-route", case=there.case.pk)))
    found = next(one for one in re.findall(r"<tr[ >].*?</tr>", text, re.DOTALL) if ">技術相談<" in one)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def heading(there: Routed) -> str:
    """The heading over the days that have changed; empty when none has."""
    found = re.search(r'<h2 id="slip">([^<]+)</h2>', said(client(there.world).get(address("desk-route", case=there.case.pk))))
    return found[1] if found else ""


def words(there: Routed) -> list[str]:
    """What the first page says of the case's route."""
    return [one.words for one in late_routes(there.world.desk, DESK) if one.case == there.case]


def told(there: Routed) -> list[str]:
    tell_of_late_steps(there.case.pk)
    return list(Nudge.objects.filter(kind=LATE, settled_at=None, about=there.step(SERVICE).key).order_by("made_at").values_list("words", flat=True))


# --- where a step is placed ------------------------------------------------------------------------------------------


def test_a_step_that_a_meeting_decides_stands_on_the_next_one_with_its_reason(there: Routed) -> None:
    assert step(there) == (FIRST, [put_to(FIRST, dt.date(2026, 12, 4), 1)], [{"code": "length"}])
    assert there.step("sales-adviser").begins_on == dt.date(2026, 12, 1)  # what no meeting decides waits for its body's answer
    assert "12月9日（水）から 終わりは未定 12月9日（水）のひばりスマート会議 第1回に諮る。議題は12月4日（金）まで" in row(there)


def test_after_its_agenda_is_closed_the_meeting_after_takes_it(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    council(region)
    council(region, SECOND)
    with clock.moved_to(clock.at(dt.date(2026, 12, 4), 12)):
        on_the_last_day = route(region, monkeypatch)
        assert step(on_the_last_day)[0] == FIRST
    with clock.moved_to(clock.at(dt.date(2026, 12, 7), 12)):
        assert words(on_the_last_day) == ["技術相談（工業試験所）：会議の議題の締切を過ぎましたが、まだ頼んでいません"]
        anew(on_the_last_day)
        assert step(on_the_last_day)[0] == SECOND
        assert words(on_the_last_day) == []


def test_what_was_asked_for_in_time_stays_with_its_meeting(there: Routed) -> None:
    ask(there)
    with clock.moved_to(clock.at(dt.date(2026, 12, 7), 12)):
        assert words(there) == ["販路相談（センター）：始める日を過ぎましたが、まだ頼んでいません"]
        change_step(there.route, there.step("sales-adviser").key, by=there.world.desk, version=1, body=CENTER, begin=dt.date(2026, 12, 10))
        assert step(there)[0] == FIRST


def test_what_has_begun_waits_for_no_meeting(there: Routed) -> None:
    accept(ask(there), by=there.world.lab)
    anew(there)
    assert [one["code"] for one in step(there)[1]] == ["began"]
    call_off(first(there), there.world)
    assert words(there) == []


def test_without_a_meeting_it_says_so_and_has_no_day(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lone = route(region, monkeypatch)
    assert step(lone) == (None, [], [{"code": "no_meeting", "text": SERIES}])
    assert "日は未定 ？ 「ひばりスマート会議」に諮りますが、間に合う回の日がまだ決まっていません。開く機関に確かめてください" in row(lone)
    assert words(lone) == []
    council(region, SECOND)
    assert words(lone) == ["技術相談（工業試験所）：諮る会議の日が決まりました"]
    assert heading(lone) == "日が分かった段取りがあります"
    assert "諮る会議の日が決まりました" in row(lone)
    anew(lone)
    assert step(lone)[0] == SECOND
    assert words(lone) == []


@pytest.mark.parametrize("more", [{"session": "見学会"}, {"kind": MeetingKind.CIRCULATION}])
def test_a_visit_or_a_circulation_takes_nothing_up(region: World, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> None:
    council(region, **more)
    council(region, SECOND, session="")  # its form is not told: it may
    assert step(route(region, monkeypatch))[0] == SECOND


def test_people_may_set_another_day(there: Routed) -> None:
    day = dt.date(2026, 12, 2)
    change_step(there.route, there.step(SERVICE).key, by=there.world.desk, version=1, body=LAB, begin=day)
    assert (step(there)[0], [one["code"] for one in step(there)[1]]) == (day, ["put_to", "set"])
    call_off(first(there), there.world)
    assert words(there) == []  # the day is theirs
    assert "取りやめ" not in row(there)


# --- when the meeting moves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [FIRST - 2 * DAY, FIRST + 5 * DAY])
def test_moving_the_meeting_moves_the_step(there: Routed, day: dt.date) -> None:
    move(first(there), day, there.world)
    assert words(there) == ["技術相談（工業試験所）：諮る会議の日が変わったか、取りやめになりました"]
    assert "諮る会議の日が変わったか、取りやめになりました" in row(there)
    assert step(there)[0] == FIRST  # nothing moves silently
    assert heading(there) == ("早められる日があります" if day < FIRST else "このままでは間に合わない日があります")
    anew(there)
    assert step(there)[0] == day
    assert words(there) == []


def test_calling_it_off_leaves_the_next_or_none(there: Routed) -> None:
    call_off(first(there), there.world)
    anew(there)
    assert step(there)[0] == SECOND
    call_off(Meeting.objects.get(series="smart", number=2), there.world)
    assert heading(there) == "このままでは間に合わない日があります"
    anew(there)
    assert step(there)[0] is None
    move_meeting(first(there), by=there.world.desk, state=MeetingState.PLANNED, reason="会場が使える")
    anew(there)
    assert step(there)[0] == FIRST


def test_the_holder_is_told_once_a_version(there: Routed) -> None:
    assert (told(there), late_cases()) == ([], [])
    move(first(there), FIRST + DAY, there.world)
    assert late_cases() == [there.case.pk]
    sentence = "技術相談（工業試験所）：諮る会議の日が変わったか、取りやめになりました。日を組み直してください。"
    assert told(there) == [sentence]
    assert told(there) == [sentence]
    with clock.moved_to(NOON + 2 * DAY):
        assert told(there) == [sentence]
        anew(there)
        assert (told(there), late_steps([there.case.pk])) == ([], [])
    with clock.moved_to(NOON + 3 * DAY):
        move(first(there), FIRST, there.world)
        assert told(there) == [sentence]  # another version, another word


def test_the_first_page_asks_as_often_for_two_as_for_one(there: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            late_routes(there.world.desk, DESK)
        return len([one for one in seen if "meetings_" in one["sql"]])

    route(there.world, monkeypatch)
    assert queries() == 1


# --- who sees the day ------------------------------------------------------------------------------------------------


def test_who_may_not_see_a_meeting_does_not_see_its_day(there: Routed) -> None:
    send_route(there.route, by=there.world.desk, version=1)
    text = Mail.objects.filter(case=there.case.pk, purpose="receipt").latest("made_at").text
    found = re.search(r"/status/([^/\s]+)/", text)
    assert found is not None
    firm = said(Client().get(reverse("portal-status-route", kwargs={"token": found.group(1)})))
    sent = said(client(there.world).get(address("desk-route", case=there.case.pk)))
    assert "12月9日" in sent
    assert "ひばりスマート会議" in sent
    for hidden in ("12月9日", "12月4日", "ひばりスマート会議"):
        assert hidden not in firm
    assert "機関の会議に諮って決まります。日は、決まったらお知らせします" in firm
    assert "12月1日" in firm  # other days are there
    told_ = list(RouteSentStep.objects.values("service", "begins_on", "ends_on", "why", "missing"))
    assert [one["begins_on"] is None for one in told_] == [one["service"] == SERVICE for one in told_], "the rows the firm may read tell no other day than its page"
    for hidden in ("2026, 12, 9", "2026-12-09", "2026-12-04", SERIES):
        assert hidden not in str(told_)
    for actor, days in ((there.world.bank, 2), (SYSTEM, 2), (GUEST, 0)):
        assert len(councils(actor)[SERVICE].sittings) == days


def test_what_comes_after_does_not_tell_the_day_either(there: Routed) -> None:
    """The next step keeps its own days, which are an estimate; that the earlier one ends on that very day is left out."""
    first, second = there.step(SERVICE), there.step("sales-adviser")
    first.ends_on = FIRST
    second.begins_on, second.why = FIRST + DAY, [after(FIRST), after(FIRST - DAY), {"code": "days", "n": 2}]
    assert [(one.begins_on, one.ends_on, one.why) for one in sent_as([first, second])] == [
        (None, None, []), (FIRST + DAY, None, [after(FIRST - DAY), {"code": "days", "n": 2}]),
    ]  # fmt: skip
    first.set_end = FIRST  # people set it: it is for the firm to know
    assert sent_as([first, second])[1].why[0] == after(FIRST)


def after(day: dt.date) -> dict[str, Any]:
    return {"code": "after", "day": day.isoformat(), "text": "先に決まること"}


def test_what_was_sent_before_is_told_as_what_is_sent_now(there: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration writes for old sendings what the action writes for new ones."""
    entry("PJ1", "programme", SERVICE, LAB, {"kind": "call", "opens": dt.date(2026, 12, 2), "closes": dt.date(2026, 12, 9)}, decision_weeks=8)
    routes = [there, route(there.world, monkeypatch, ("PJ1", "programme"))]
    lasting = routes[0].step(SERVICE)
    change_step(there.route, lasting.key, by=there.world.desk, version=1, body=LAB, begin=dt.date(2026, 12, 10))
    for one in routes:
        send_route(one.route, by=one.world.desk, version=one.version)
    columns = ("sending", "order", "need", "service", "body", "entry", "entry_name", "begins_on", "ends_on", "why", "missing")
    rows = RouteSentStep.objects.order_by("sending", "order").values_list(*columns)
    before = list(rows)
    migration = importlib.import_module("renkei.cases.migrations.0016_what_the_firm_was_sent")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE cases_routesentstep DISABLE TRIGGER cases_routesentstep_append_only; DELETE FROM cases_routesentstep")
        cursor.execute(migration.TOLD)
    assert len(before) == 4
    assert list(rows.all()) == before


def test_what_was_handed_in_for_a_call_ends_with_the_meeting_after_it(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    council(region)
    entry("PJ1", "programme", SERVICE, LAB, {"kind": "call", "opens": dt.date(2026, 12, 2), "closes": dt.date(2026, 12, 9)}, decision_weeks=8)
    called = route(region, monkeypatch, ("PJ1", "programme"))
    assert (called.days[SERVICE], words(called)) == ((dt.date(2026, 12, 2), None), [])  # the only meeting comes too early for it
    late = council(region, SECOND)
    assert words(called) == ["技術相談（工業試験所）：諮る会議の日が決まりました"]
    anew(called)
    assert (called.days[SERVICE], words(called), late_cases()) == ((dt.date(2026, 12, 2), SECOND), [], [])
    page = said(client(region).get(address("desk-route-send", case=called.case.pk)))
    assert "12月2日（水）から" in page  # the call is open to all, the meeting is not
    assert "12月23日" not in page
    change_step(called.route, called.step(SERVICE).key, by=region.desk, version=called.version, body=LAB, entry="PJ1", begin=dt.date(2026, 12, 3))
    move(late, SECOND - DAY, region)
    assert words(called) == ["技術相談（工業試験所）：諮る会議の日が変わったか、取りやめになりました"]  # when it is handed in is theirs, not when it is decided
    anew(called)
    assert (called.days[SERVICE], words(called)) == ((dt.date(2026, 12, 3), SECOND - DAY), [])


def test_the_page_before_sending_shows_what_the_firm_reads(there: Routed) -> None:
    page = said(client(there.world).get(address("desk-route-send", case=there.case.pk)))
    assert "機関の会議に諮って決まります" in page
    assert "12月9日" not in page
    change_step(there.route, there.step(SERVICE).key, by=there.world.desk, version=1, body=LAB, begin=dt.date(2026, 12, 10))
    again = said(client(there.world).get(address("desk-route-send", case=there.case.pk)))
    assert "12月10日" in again  # what people set is for the firm to know
    assert "12月9日" not in again


# --- the ladder, and the plan ----------------------------------------------------------------------------------------


def test_a_need_on_the_rung_of_meetings_names_the_next_one(there: Routed) -> None:
    hint = "会議の段にあります。"
    assert hint not in said(client(there.world).get(address("desk-route", case=there.case.pk)))
    need = there.step(SERVICE).need
    base = {"case": there.case, "need": need, "reason": "県内で測れない。", "opened_on": TODAY, "opened_at": clock.now(), "opened_body_id": DESK}
    desk = Escalation.objects.create(rung=1, end="higher", ended_on=TODAY, ended_at=clock.now(), **base)
    Escalation.objects.create(rung=2, below=desk, below_rung=1, below_end="higher", **base)
    page = said(client(there.world).get(address("desk-route", case=there.case.pk)))
    assert "課題「自動化」は、会議の段にあります。<br>次の会議の日は、まだ決まっていません。" in page
    meeting(there.world, "full", FIRST)
    meeting(there.world, "working", FIRST - DAY)
    page = said(client(there.world).get(address("desk-route", case=there.case.pk)))
    assert "課題「自動化」は、会議の段にあります。<br>次は12月8日（火）のひばり定例会議 第1回です。" in page


def test_a_plan_where_no_meeting_decides_asks_nothing(world: World) -> None:
    PlanVersion.objects.create(plan=world.plan, number=2, content=WITH_MEETINGS, published_at=clock.now())
    with CaptureQueriesContext(connection) as seen:
        assert councils(world.desk) == {}
    assert [one for one in seen if "meetings_" in one["sql"]] == []


def test_chiba_says_what_its_council_decides() -> None:
    series = {one["code"]: one for one in load(builtin_plans()["chiba"]).document["meetings"]}
    decides = {code: (one["decides"], one["decides_in"], one["agenda_days"]) for code, one in series.items() if "decides" in one}
    assert decides == {"smart": (["smart-council"], ["会合"], 5)}
