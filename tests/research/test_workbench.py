"""The workbench's queues and the people in posts: counted from the cases there are [C42, C43]."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.cases.actions.answers import accept, decline
from renkei.cases.models import Case, Need
from renkei.plan.content import Queue
from renkei.plan.queries import content_now
from renkei.research.actions.bridging import Other, start_bridge
from renkei.research.actions.logging import log_activity
from renkei.research.queries import workbench as module
from renkei.research.queries.posts import posts
from renkei.research.queries.workbench import Row, workbench
from renkei.research.rules import first_of, next_month
from tests.cases.making import arrived, fresh, need_of, offered
from tests.research.making import NOON, TODAY, line
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C42", "C43")


def queues(world: World, body: str = DESK) -> dict[str, list[str]]:
    return {lane.queue.code: [row.title for row in lane.rows] for lane in workbench(world.actor(body)) if lane.rows}


def test_the_plan_divides(region: World) -> None:
    assert content_now().queues == [
        Queue("matching", "マッチング", ("1",), ("events",)), Queue("funds", "資金", ("2",), ("rd-subsidy",)), Queue("progress", "進み", ("3",)),
        Queue("commercial", "事業化", ("4",)),
    ]  # fmt: skip


def test_a_need_stands_by_stage_and_by_what_is_asked_for(region: World) -> None:
    support = offered(region, service="equipment-tests")
    assert queues(region) == {"progress": ["雷サージの試験"]}
    type(support).objects.filter(pk=support.pk).update(service_id="rd-subsidy")
    assert queues(region) == {"funds": ["雷サージの試験"], "progress": ["雷サージの試験"]}
    decline(fresh(support), by=region.lab, reason="busy")
    assert queues(region) == {"progress": ["雷サージの試験"]}


def test_what_is_settled_or_closed_is_in_no_queue(region: World) -> None:
    need = need_of(arrived(region).case, region)
    assert queues(region) == {"progress": ["雷サージの試験"]}
    Need.objects.filter(pk=need.pk).update(state="settled")
    assert queues(region) == {}
    Need.objects.filter(pk=need.pk).update(state="open")
    Case.objects.filter(pk=need.case_id).update(state="closed", closed_at=NOON, close_reason="solved")
    assert queues(region) == {}


def test_a_body_has_what_it_holds_and_what_it_is_asked_about(region: World) -> None:
    support = offered(region, left=False)
    assert {body: queues(region, body) for body in (DESK, LAB, CENTER)} == {DESK: {"progress": ["雷サージの試験"]}, LAB: {}, CENTER: {}}
    type(support).objects.filter(pk=support.pk).update(leaves_at=NOON - dt.timedelta(seconds=1))
    assert queues(region, LAB) == {"progress": ["雷サージの試験"]}
    accept(fresh(support), by=region.lab, text="できます。")
    lane = next(one for one in workbench(region.lab) if one.rows)
    assert [(row.state, row.age, row.case.pk, row.bridges) for row in lane.rows] == [("引受け", 1, support.case_id, 0)]


def test_what_is_due_first_stands_first_and_the_rest_is_counted(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    for number, day in enumerate([5, 1, 3]):
        case = arrived(region).case
        need_of(case, region, title=f"課題{number}")
        Case.objects.filter(pk=case.pk).update(next_on=TODAY + dt.timedelta(days=day))
    lane = next(one for one in workbench(region.desk) if one.rows)
    assert ([row.title for row in lane.rows], lane.count, lane.more) == (["課題1", "課題2"], 3, 1)


def test_one_persons_own(region: World) -> None:
    mine, other = arrived(region).case, arrived(region).case
    for case, title in ((mine, "私の"), (other, "ほかの")):
        need_of(case, region, title=title)
    person = region.people[DESK].pk
    Case.objects.update(holder_person=None, next_person=None)
    Case.objects.filter(pk=mine.pk).update(next_person=person)
    assert {row.title for lane in workbench(region.desk, person) for row in lane.rows} == {"私の"}


def test_a_later_module_adds_its_own_rows(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = arrived(region).case
    extra = Row(fresh(case), None, "外部資金の申請", "審査中", NOON - dt.timedelta(days=4))
    monkeypatch.setattr(module, "SOURCES", (*module.SOURCES, lambda _actor, _queues: [("funds", extra)]))
    assert [(lane.queue.code, [(row.title, row.age) for row in lane.rows]) for lane in workbench(region.desk) if lane.rows] == [("funds", [("外部資金の申請", 5)])]


def test_the_queries_do_not_grow_with_the_rows(region: World) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection ) as queries:
            workbench(region.desk)
        return len(queries)

    start_bridge(need_of(arrived(region).case, region), Other("空木 教授"), by=region.desk)
    one = asked()
    for _more in range(2):
        start_bridge(need_of(arrived(region).case, region), Other("空木 教授"), by=region.desk)
    assert asked() == one == 9


# Posts


def in_posts(**until: dt.date | None) -> None:
    for body, day in until.items():
        Membership.objects.filter(body_id=f"hibari-{body}").update(role="coordinator", until=day, specialities=["金属"])


def test_only_who_is_in_a_post_of_the_plan_today(region: World) -> None:
    in_posts(center=None, lab=TODAY, bank=TODAY - dt.timedelta(days=1))
    found = posts(region.desk, sees_all=True)
    assert [(one.membership.body_id, one.name, one.membership.specialities, one.days_left) for one in found] == [
        (LAB, "コーディネーター", ["金属"], 0), (CENTER, "コーディネーター", ["金属"], None),
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "soon"), [(0, True), (90, True), (91, False)])
def test_whose_term_ends_in_ninety_days(region: World, days: int, soon: bool) -> None:
    in_posts(center=TODAY + dt.timedelta(days=days))
    assert [one.ends_soon for one in posts(region.center, sees_all=False)] == [soon]


def test_load_is_open_cases_and_lines_of_the_last_whole_months(region: World) -> None:
    in_posts(center=TODAY + dt.timedelta(days=30), lab=TODAY + dt.timedelta(days=30))
    person = region.people[CENTER].pk
    held, closed, other = arrived(region).case, arrived(region).case, arrived(region).case
    Case.objects.filter(pk__in=[held.pk, closed.pk]).update(holder_id=CENTER, holder_person=person)
    Case.objects.filter(pk=closed.pk).update(state="closed", closed_at=NOON, close_reason="solved")
    Case.objects.filter(pk=other.pk).update(holder_id=CENTER, holder_person=None)
    for day in (dt.date(2026, 7, 31), dt.date(2026, 8, 1), dt.date(2026, 10, 31), dt.date(2026, 11, 1)):
        log_activity(line(day=day), by=region.center)
    own = {one.membership.body_id: (one.held, one.a_month, [case.pk for case in one.cases]) for one in posts(region.center, sees_all=False)}
    assert own == {CENTER: (1, 0.7, [held.pk]), LAB: (None, None, [])}
    desk = {one.membership.body_id: (one.held, [case.pk for case in one.cases]) for one in posts(region.desk, sees_all=True)}
    assert desk == {LAB: (0, []), CENTER: (1, [held.pk])}


def test_ones_own_body_stands_first(region: World) -> None:
    in_posts(center=None, lab=None, bank=None)
    assert [one.membership.body_id for one in posts(region.bank, sees_all=False)] == ["hibari-bank", LAB, CENTER]


@pytest.mark.parametrize(("day", "first", "after"), [(dt.date(2026, 11, 30), dt.date(2026, 11, 1), dt.date(2026, 12, 1)), (dt.date(2026, 12, 31), dt.date(2026, 12, 1), dt.date(2027, 1, 1))])
def test_months(day: dt.date, first: dt.date, after: dt.date) -> None:
    assert (first_of(day), next_month(first)) == (first, after)
    assert clock.JST
