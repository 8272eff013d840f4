"""A step whose day has gone by is told once to whoever has to move, and to nobody who has moved already."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.memo import remembering
from renkei.cases import digest
from renkei.cases.actions.answers import accept, decline, finish_support
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.routes import remove_step, replan
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Route, RouteStep, RouteVersion, Support
from renkei.cases.queries.route_late import late_cases, late_routes, late_steps
from renkei.cases.route_clock import LATE, tell_of_late_steps
from renkei.post.daily import put_digests
from renkei.post.models import Mail, Nudge
from tests.cases.making import arrived, events, leave, pick, summarise
from tests.cases.routing import NOON, Routed, first_need, routed
from tests.world import DESK, LAB, World

LATER = NOON + dt.timedelta(days=14)  # 9 December: the consultation began on the 1st, the course was on the 8th


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def there(world: World, there: Routed) -> Routed:
    summarise(there.case, world)
    return there


def told() -> list[tuple[str, str, str]]:
    """Body, service of the step, words of what is open."""
    names = dict(RouteStep.objects.values_list("key", "service__code"))
    rows = Nudge.objects.filter(kind=LATE, settled_at=None).order_by("made_at", "pk")
    return sorted((one.body, names[one.about], one.words) for one in rows)


def ask(there: Routed, service: str = "equipment-tests") -> Support:
    need = there.step(service).need
    made = send_offers(Case.objects.get(pk=there.case.pk), [pick(need, LAB, service)], by=there.world.desk)[0]
    leave(made)
    return Support.objects.get(pk=made.pk)


def swept() -> None:
    with transaction.atomic():
        digest.sweep()


def test_the_holder_is_told_of_what_was_not_asked_for_once_a_step_and_day(there: Routed) -> None:
    assert (tell_of_late_steps(there.case.pk), late_cases()) == (False, [])
    with clock.moved_to(LATER):
        assert late_cases() == [there.case.pk]
        assert tell_of_late_steps(there.case.pk)
        short = there.step("events").service.short
        assert told() == [
            (DESK, "events", f"{short}（工業試験所）は、12月8日（火）に終わる予定でした。日を組み直してください。"),
            (DESK, "rd-subsidy", "開発補助（センター）は、11月25日（水）に始める予定でしたが、まだ頼んでいません。頼むか、日を組み直してください。"),
            (DESK, "tech-consultation", "技術相談（工業試験所）は、12月1日（火）に始める予定でしたが、まだ頼んでいません。頼むか、日を組み直してください。"),
        ]  # fmt: skip
        assert not tell_of_late_steps(there.case.pk)
        assert (len(told()), events("route.late")) == (3, 1)
        swept()
        assert len(told()) == 3
        replan(there.route, by=there.world.desk, version=1)
        assert told() == []  # who planned anew has answered
        assert not tell_of_late_steps(there.case.pk)
    with clock.moved_to(LATER + dt.timedelta(days=40)):
        assert tell_of_late_steps(there.case.pk)  # the new days were missed as well
        assert {one[1] for one in told()} >= {"tech-consultation"}


def test_the_body_at_work_is_told_of_its_last_day_and_not_when_it_has_finished(there: Routed) -> None:
    support = ask(there)
    accept(support, by=there.world.lab)
    with clock.moved_to(LATER):
        tell_of_late_steps(there.case.pk)
        mine = [one for one in told() if one[0] == LAB]
        assert [one[1] for one in mine] == []
    with clock.moved_to(NOON + dt.timedelta(days=30)):
        tell_of_late_steps(there.case.pk)
        assert [one[1] for one in told() if one[0] == LAB] == ["equipment-tests"]
        nudge = Nudge.objects.get(kind=LATE, body=LAB)
        assert "終わっていれば結果を書き" in nudge.words
        assert nudge.person == there.world.lab.person  # who took it
        assert not any(one[:2] == (DESK, "equipment-tests") for one in told())
        finish_support(support, by=there.world.lab, done_on=clock.today(), text="測った", helped=True)
        assert [one for one in told() if one[0] == LAB] == []
        tell_of_late_steps(there.case.pk)
        assert [one for one in told() if one[1] == "equipment-tests"] == []


def test_no_word_about_what_met_a_no_or_is_asked_for(there: Routed) -> None:
    support = ask(there, "tech-consultation")
    with clock.moved_to(LATER):
        late = [one.step.service_id for one in late_steps([there.case.pk])]
        assert "tech-consultation" not in late  # asked for: the clock of the request speaks
        decline(support, by=there.world.lab, reason="busy")
        assert "tech-consultation" not in [one.step.service_id for one in late_steps([there.case.pk])]
        Case.objects.filter(pk=there.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
        assert (late_cases(), late_steps([there.case.pk]), tell_of_late_steps(there.case.pk)) == ([], [], False)


def test_what_is_no_longer_late_leaves_the_list_before_the_mail(there: Routed) -> None:
    with clock.moved_to(LATER):
        tell_of_late_steps(there.case.pk)
        remove_step(there.route, there.step("events").key, by=there.world.desk, version=1)
        Nudge.objects.filter(kind=LATE).update(settled_at=None)  # as after a change that another body made
        swept()
        assert "events" not in {one[1] for one in told()}
        Case.objects.filter(pk=there.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
        swept()
        assert told() == []


def test_a_case_that_was_never_there_is_nobodys_news(world: World) -> None:
    assert not tell_of_late_steps(uuid.uuid4())


def test_the_worker_tells_in_the_one_mail_of_the_day(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = routed(committed_world, monkeypatch)
    with clock.moved_to(LATER):
        with login("worker"):
            assert run_clocks().behind == 1
            assert run_clocks().behind == 0
        assert {(one[0], one[1]) for one in told()} == {(DESK, "events"), (DESK, "rd-subsidy"), (DESK, "tech-consultation")}
    with clock.moved_to(LATER + dt.timedelta(hours=6)), login("worker"):
        with acting(SYSTEM):
            digest.sweep()
        with acting(SYSTEM):
            assert put_digests() == 1
    assert Mail.objects.filter(purpose="digest").count() == 1
    assert first_need(there.case).title == "雷サージの試験"


def planned(there: Routed, arrived_at: dt.datetime, *days: dt.date) -> Case:
    """Another case of the desk's, with a version of its route a day: the step of each begins on that day."""
    need = first_need(there.case)
    made = arrived(there.world).case
    Case.objects.filter(pk=made.pk).update(arrived_at=arrived_at)
    route = Route.objects.create(case=made, version=len(days), made_at=NOON)
    for number, day in enumerate(days, 1):
        version = RouteVersion.objects.create(route=route, number=number, did="made", made_at=NOON, made_body_id=DESK)
        RouteStep.objects.create(version=version, order=1, need=need, service_id="tech-consultation", body_id=LAB, begins_on=day)
    return made


def test_the_first_page_tells_the_earliest_cases_first_and_only_what_stands(there: Routed) -> None:
    past, ahead = NOON.date(), LATER.date() + dt.timedelta(days=9)
    old = planned(there, NOON - dt.timedelta(days=9), past)
    planned(there, NOON - dt.timedelta(days=8), past, ahead)  # what was late was planned anew
    closed = planned(there, NOON - dt.timedelta(days=7), past)
    Case.objects.filter(pk=closed.pk).update(state="closed", closed_at=NOON, close_reason="solved")
    with clock.moved_to(LATER):
        assert [one.case for one in late_routes(there.world.desk, DESK)] == [old, there.case]
        assert late_routes(there.world.lab, LAB) == []


def test_the_first_page_asks_once_where_there_is_no_route_and_as_often_for_many(there: Routed) -> None:
    def queries(body: str) -> int:
        with remembering(), CaptureQueriesContext(connection) as seen:
            late_routes(there.world.actor(body), body)
        return len([one for one in seen if "cases_" in one["sql"]])

    with clock.moved_to(LATER):
        few = queries(DESK)
        planned(there, NOON, NOON.date())
        assert (queries(DESK), queries(LAB)) == (few, 1)
