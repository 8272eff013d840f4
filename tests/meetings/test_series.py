"""A council as place and opportunity: its sessions with themes, and who takes part, by the plan's data alone [C21, C71]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.meetings.actions.calling import attend, change_meeting
from renkei.meetings.actions.joining import join_series, leave_series
from renkei.meetings.models import Attendance, Meeting, Participant
from renkei.meetings.queries import missing_regulars
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import PlanVersion
from tests.cases.making import events, fresh, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, WITH_MEETINGS, meeting
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C21", "C71")
Login = Callable[[str], AbstractContextManager[None]]
SESSIONS = ["会合", "見学会", "勉強会"]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def with_sessions(world: World) -> World:
    """A plan whose third series says what its meetings may be."""
    series = [one | ({"sessions": SESSIONS} if one["code"] == "smart" else {}) for one in WITH_MEETINGS["meetings"]]
    PlanVersion.objects.create(plan=world.plan, number=2, content=WITH_MEETINGS | {"meetings": series}, published_at=clock.now())
    return world


@pytest.fixture
def region(world: World) -> World:
    return with_sessions(world)


def joined(region: World, organisation: str = "株式会社あじさい精機", name: str = "紫陽 花子") -> Participant:
    return join_series("smart", by=region.desk, organisation=organisation, name=name)


def test_a_session_has_a_theme_and_one_of_the_plans_forms(region: World) -> None:
    found = meeting(region, "smart", theme="工場の見える化", session="見学会")
    assert (found.theme, found.session) == ("工場の見える化", "見学会")
    with refuses("unknown_session", "session"):
        meeting(region, "smart", session="懇親会")
    with refuses("unknown_session", "session"):
        meeting(region, session="見学会")  # the plan names none for the working meeting
    with refuses("too_long", "theme"):
        meeting(region, theme="長" * 101)
    changed = change_meeting(found, by=region.desk, version=0, held_on=MEETING_DAY, theme="ロボット", session="勉強会")
    assert (changed.theme, changed.session) == ("ロボット", "勉強会")
    with refuses("unknown_session", "session"):
        change_meeting(changed, by=region.desk, version=1, held_on=MEETING_DAY, session="odd")
    assert (fresh(found).session, Meeting.objects.count()) == ("勉強会", 1)


def test_who_takes_part_joins_once_and_leaves(region: World) -> None:
    one = joined(region, "株式会社　あじさい精機", "紫陽　花子")
    assert (one.organisation, one.name, one.since, one.until) == ("株式会社 あじさい精機", "紫陽 花子", TODAY, None)
    with refuses("there_already", "name"):
        joined(region, "株式会社 あじさい精機", "紫陽 花子")
    assert (leave_series(one, by=region.desk).until, leave_series(one, by=region.desk).until) == (TODAY, TODAY)
    joined(region, "株式会社 あじさい精機", "紫陽 花子")
    assert (Participant.objects.count(), Participant.objects.standing().count(), events("meeting.join"), events("meeting.leave")) == (2, 1, 2, 1)


@pytest.mark.parametrize(("series", "organisation", "name", "code", "field"), [
    ("odd", "甲社", "乙", "unknown_series", "series"), ("full", "甲社", "乙", "no_guests", None), ("smart", " ", "乙", "organisation_empty", "organisation"),
    ("smart", "甲社", "　", "name_empty", "name"), ("smart", "長" * 201, "乙", "too_long", "organisation"),
])  # fmt: skip
def test_what_joining_needs(region: World, series: str, organisation: str, name: str, code: str, field: str | None) -> None:
    with refuses(code, field):
        join_series(series, by=region.desk, organisation=organisation, name=name)
    for other in (region.lab, region.center, GUEST):
        with refuses("not_allowed"):
            join_series("smart", by=other, organisation="甲社", name="乙")
    assert Participant.objects.count() == 0


def test_only_who_runs_the_series_ends_a_part(region: World) -> None:
    one = joined(region)
    for other in (region.lab, GUEST):
        with refuses("not_allowed"):
            leave_series(one, by=other)
    assert (fresh(one).until, Participant.objects.visible_to(GUEST).count(), Participant.objects.visible_to(region.lab).count()) == (None, 0, 1)


def test_who_usually_takes_part_is_offered_until_written_down(region: World) -> None:
    found = meeting(region, "smart", held_on=TODAY)
    one, two = joined(region), joined(region, "ひばり大学", "客 一郎")
    leave_series(joined(region, "もう来ない社", "昔 太郎"), by=region.desk)
    assert missing_regulars(found, region.desk) == [two, one]
    attend(found, by=region.desk, name=one.name, organisation=one.organisation)
    assert (missing_regulars(found, region.desk), missing_regulars(meeting(region), region.desk)) == ([two], [])


def test_the_shipped_plan_makes_the_council_by_data_alone() -> None:
    council = next(one for one in load(builtin_plans()["chiba"]).document["meetings"] if one["code"] == "smart")
    assert (council["name"], council["guests"], council["sessions"]) == ("千葉県スマート化推進会議", True, SESSIONS)


def test_the_database_takes_a_participant_once(region: World) -> None:
    one = joined(region)
    values = {"plan": region.plan, "series": "smart", "organisation": one.organisation, "name": one.name, "since": TODAY}
    for name, given in {"participant_once": values, "participant_is_named": values | {"name": ""}}.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Participant.objects.create(**given)


@pytest.mark.django_db(transaction=True)
def test_participants_under_the_real_logins(committed_world: World, login: Login) -> None:
    region = with_sessions(committed_world)
    with login("web"), acting(region.desk), transaction.atomic():
        one = joined(region)
    with login("web"), acting(region.lab):
        assert list(Participant.objects.all()) == list(Participant.objects.visible_to(region.lab)) == [one]
    with login("web"), acting(GUEST):
        assert Participant.objects.count() == 0
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Participant.objects.create(plan=region.plan, series="smart", organisation="x", name="x", since=TODAY)


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def test_a_series_on_its_page(region: World) -> None:
    meeting(region, "smart", theme="工場の見える化", session="見学会")
    desk, page = as_(region, DESK), reverse("desk-series", kwargs={"body": DESK, "series": "smart"})
    assert page in desk.get(reverse("desk-meetings", kwargs={"body": DESK})).content.decode()
    assert desk.post(page, {"organisation": "", "name": "乙"}).status_code == 422
    assert desk.post(page, {"organisation": "甲社", "name": "乙 太郎"}).status_code == 302
    again = desk.post(page, {"organisation": "甲社", "name": "乙 太郎"})
    assert (again.status_code, "もう参加者に入っています" in again.content.decode()) == (422, True)
    lab_page = reverse("desk-series", kwargs={"body": LAB, "series": "smart"})
    shown = as_(region, LAB).get(lab_page).content.decode()
    assert all(words in shown for words in ("工場の見える化", "見学会", "乙 太郎", "甲社", "1人", "1回"))
    assert ("参加者に入れる" in shown, as_(region, LAB).post(lab_page, {"organisation": "x", "name": "y"}).status_code) == (False, 403)
    who = Participant.objects.get()
    ends = {body: reverse("desk-series-leave", kwargs={"body": body, "series": "smart", "who": who.pk}) for body in (DESK, LAB)}
    assert (as_(region, LAB).post(ends[LAB]).status_code, desk.post(ends[DESK]).status_code, fresh(who).until) == (403, 302, TODAY)
    for code, words in (("full", "この会議は、機関だけで開きます。"), ("working", "まだ開かれていません")):
        assert words in desk.get(reverse("desk-series", kwargs={"body": DESK, "series": code})).content.decode()
    assert desk.get(reverse("desk-series", kwargs={"body": DESK, "series": "odd"})).status_code == 404


def test_theme_form_and_regulars_on_the_pages_of_a_meeting(region: World) -> None:
    desk = as_(region, DESK)
    call = reverse("desk-meeting-call", kwargs={"body": DESK, "series": "smart"})
    assert "見学会" in desk.get(call).content.decode()
    assert "見学会" not in as_(region, CENTER).get(reverse("desk-meeting-call", kwargs={"body": CENTER, "series": "working"})).content.decode()
    assert desk.post(call, {"held_on": "11月25日", "kind": "regular", "theme": "見える化", "session": "odd"}).status_code == 422
    desk.post(call, {"held_on": "11月25日", "kind": "regular", "theme": "見える化", "session": "見学会"})
    found = Meeting.objects.get()
    assert "見える化" in desk.get(reverse("desk-meeting", kwargs={"body": DESK, "meeting": found.pk})).content.decode()
    one = joined(region)
    came = reverse("desk-meeting-came", kwargs={"body": DESK, "meeting": found.pk})
    assert "いつもの参加者" in desk.get(came).content.decode()
    assert desk.post(came, {"body": "", "name": one.name, "organisation": one.organisation}).status_code == 302
    assert ([(row.name, row.organisation, row.body_id) for row in Attendance.objects.all()], "いつもの参加者" in desk.get(came).content.decode()) == (
        [(one.name, one.organisation, None)], False)  # fmt: skip
