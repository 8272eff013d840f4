"""Taking over what a plan left open: every kind of case, two at once, only this plan's, and pages that say no."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.succession import left_open, may_take_over, take_over_cases
from renkei.cases.models import Case, Transition
from renkei.plan.models import Plan, PlanVersion
from tests.cases.making import arrived, events, fresh, refuses
from tests.cases.test_succession import APRIL, next_plan, scene
from tests.desk.pages import address, client, said
from tests.reporting.year import a_year, at
from tests.storm.racing import at_once
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]


def follower(world: World, code: str, before: str | None, since: dt.date, until: dt.date) -> Plan:
    """Another plan after one."""
    made = Plan.objects.create(code=code, title=f"計画 {code}", term_from=since, term_to=until, front_desk_id=DESK,
                               lead_party=world.plan.lead_party, predecessor_id=before, is_fictional=True)  # fmt: skip
    PlanVersion.objects.create(plan=made, number=1, content=CONTENT, published_at=clock.now())
    return made


@pytest.mark.parametrize(
    ("day", "runs"),
    [(dt.date(2027, 3, 31), False), (dt.date(2027, 4, 1), True), (dt.date(2032, 3, 31), True), (dt.date(2032, 4, 1), False)],
)
def test_it_is_possible_from_the_first_to_the_last_day_of_the_term(world: World, day: dt.date, runs: bool) -> None:
    plan = next_plan(world)
    arrived(world)
    with clock.moved_to(clock.at(day, 12)):
        assert (may_take_over(world.desk, plan), may_take_over(SYSTEM, plan)) == (runs, runs)
        if runs:
            assert take_over_cases(plan, by=world.desk) == 1
        else:
            with refuses("not_begun"):
                take_over_cases(plan, by=world.desk)


def test_the_system_takes_over_in_nobodys_name(world: World) -> None:
    _year, plan, opened, _closed = scene(world)
    with clock.moved_to(APRIL):
        assert take_over_cases(plan, by=SYSTEM) == len(opened)
    steps = Transition.objects.filter(verb="plan_moved")
    assert {(one.person, one.body, one.actor_kind) for one in steps} == {(None, "", "system")}


def test_only_the_cases_of_the_plan_right_before_move_not_those_of_the_one_before_that(world: World) -> None:
    _year, plan, opened, _closed = scene(world)
    third = follower(world, "hibari-third", plan.pk, dt.date(2027, 4, 1), dt.date(2035, 3, 31))
    with clock.moved_to(APRIL):
        with refuses("nothing_open"):
            take_over_cases(third, by=world.desk)
        assert set(Case.objects.filter(plan=world.plan).open().values_list("pk", flat=True)) == opened
        take_over_cases(plan, by=world.desk)
        assert take_over_cases(third, by=world.desk) == len(opened)
    path = [(one.from_state, one.to_state) for one in Transition.objects.filter(verb="plan_moved", case_id=next(iter(opened))).order_by("recorded_at")]
    assert sorted(path) == [("hibari-next", "hibari-third"), ("hibari-plan", "hibari-next")]
    assert events("plan.take_over") == 2


def test_a_case_that_comes_later_under_the_old_plan_is_taken_by_a_second_time(world: World) -> None:
    _year, plan, opened, _closed = scene(world)
    with clock.moved_to(APRIL):
        take_over_cases(plan, by=world.desk)
        late = arrived(world).case
        Case.objects.filter(pk=late.pk).update(plan=world.plan)
        assert set(left_open(plan, world.desk)) == {late}
        assert take_over_cases(plan, by=world.desk) == 1
    moved = Transition.objects.filter(verb="plan_moved").values_list("case_id", flat=True)
    assert (sorted(map(str, moved)), events("plan.take_over")) == (sorted(map(str, {*opened, late.pk})), 2)


def test_an_empty_plan_before_has_nothing_to_take_over(world: World) -> None:
    plan = next_plan(world)
    with clock.moved_to(APRIL):
        assert list(left_open(plan, world.desk)) == []
        with refuses("nothing_open"):
            take_over_cases(plan, by=world.desk)
        page = said(client(world).get(address("desk-plan-succession", plan=plan.pk)))
    assert ("続いている案件はありません" in page, "件を引き継ぐ</button>" in page) == (True, False)
    assert (Event.objects.filter(verb="plan.take_over").count(), Transition.objects.count()) == (0, 0)


def test_the_audit_row_names_the_plan_and_every_case(world: World) -> None:
    _year, plan, opened, closed = scene(world)
    with clock.moved_to(APRIL):
        take_over_cases(plan, by=world.desk)
    event = Event.objects.get(verb="plan.take_over")
    touched = str(event.objects_touched)
    assert [pk for pk in opened if str(pk) not in touched] == []
    assert [pk for pk in closed if str(pk) in touched] == []
    assert (plan.pk in touched, event.person, event.body, event.at) == (True, world.desk.person, DESK, APRIL)


def test_what_other_bodies_see_of_open_cases_is_what_they_saw(world: World) -> None:
    _year, plan, _opened, _closed = scene(world)
    actors = {body: world.actor(body) for body in (DESK, LAB, CENTER, BANK)} | {"guest": GUEST}
    before = {name: set(Case.objects.visible_to(actor).values_list("pk", flat=True)) for name, actor in actors.items()}
    with clock.moved_to(APRIL):
        seen = {name: set(left_open(plan, actor).values_list("pk", flat=True)) for name, actor in actors.items()}
        take_over_cases(plan, by=world.desk)
        assert {name: set(Case.objects.visible_to(actor).values_list("pk", flat=True)) for name, actor in actors.items()} == before
    assert seen["guest"] == set()
    assert seen[LAB] < seen[DESK]
    assert {name: ids <= before[name] for name, ids in seen.items()} == dict.fromkeys(seen, True)


class TestAtOnce:
    def test_two_who_take_over_move_each_case_once(self, committed_world: World, login: Login) -> None:
        world = committed_world
        _year, plan, opened, _closed = scene(world)

        def deed() -> int:
            with clock.moved_to(APRIL):
                return take_over_cases(plan, by=world.desk)

        with login("web"):
            answers = at_once((world.desk, deed), (world.desk, deed))
        assert sorted(one.code if isinstance(one, Refused) else str(one) for one in answers) == sorted([str(len(opened)), "nothing_open"])
        moved = Transition.objects.filter(verb="plan_moved").values_list("case_id", flat=True)
        assert sorted(map(str, moved)) == sorted(map(str, opened))
        assert events("plan.take_over") == 1

    def test_nobody_else_moves_a_case_under_another_plan_by_the_web_login(self, committed_world: World, login: Login) -> None:
        world = committed_world
        _year, plan, opened, _closed = scene(world)
        for by in (world.lab, world.center, world.bank, GUEST):
            with clock.moved_to(APRIL), login("web"), acting(by), refuses("not_allowed"):
                take_over_cases(plan, by=by)
        assert set(Case.objects.filter(plan=world.plan).open().values_list("pk", flat=True)) == opened
        assert events("plan.take_over") == 0


class TestPages:
    def test_without_the_forms_secret_nothing_moves(self, world: World) -> None:
        _year, plan, opened, _closed = scene(world)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(world.people[DESK])
        with clock.moved_to(APRIL):
            assert strict.post(address("desk-plan-succession", plan=plan.pk)).status_code == 403
        assert Case.objects.filter(plan=world.plan, pk__in=opened).count() == len(opened)

    @pytest.mark.parametrize("code", ["gone", "hibari-plan-2", "x" * 40])
    def test_a_plan_that_is_not_there_is_not_found(self, world: World, code: str) -> None:
        next_plan(world)
        with clock.moved_to(APRIL):
            for method in ("get", "post"):
                assert getattr(client(world), method)(address("desk-plan-succession", plan=code)).status_code == 404

    def test_a_plan_without_one_before_says_so_and_takes_nothing(self, world: World) -> None:
        arrived(world)
        one, url = client(world), address("desk-plan-succession", plan=world.plan.pk)
        with clock.moved_to(at(11, 27)):
            assert "続いている案件はありません" in said(one.get(url))
            answer = one.post(url)
        assert (answer.status_code, "この計画には前の計画がありません。" in said(answer), events("plan.take_over")) == (422, True, 0)

    def test_other_bodies_and_guests_neither_see_nor_do_it(self, world: World) -> None:
        _year, plan, opened, _closed = scene(world)
        with clock.moved_to(APRIL):
            for body in (LAB, CENTER, BANK):
                one = client(world, body)
                assert [one.get(address("desk-plan-succession", body, plan=plan.pk)).status_code, one.post(address("desk-plan-succession", body, plan=plan.pk)).status_code,
                        one.post(address("desk-plan-succession", DESK, plan=plan.pk)).status_code] in ([403, 403, 403], [403, 403, 404])  # fmt: skip
                assert "前の計画の案件を引き継ぐ" not in said(one.get(address("desk-plan-of", body, plan=plan.pk)))
            assert Client().post(address("desk-plan-succession", plan=plan.pk)).status_code in {302, 403}
        assert Case.objects.filter(plan=world.plan, pk__in=opened).count() == len(opened)

    def test_too_early_the_page_is_closed_and_no_link_leads_there(self, world: World) -> None:
        _year, plan, _opened, _closed = scene(world)
        with clock.moved_to(clock.at(dt.date(2027, 3, 31), 23)):
            assert client(world).get(address("desk-plan-succession", plan=plan.pk)).status_code == 403
            assert "前の計画の案件を引き継ぐ" not in said(client(world).get(address("desk-plan-of", plan=plan.pk)))

    def test_titles_with_markup_stand_as_text_and_rows_come_by_date(self, world: World) -> None:
        _year, plan, opened, _closed = scene(world)
        first = Case.objects.filter(pk__in=opened).order_by("-number")[0]
        Case.objects.filter(pk=first.pk).update(title="<script>alert(1)</script>" + "長" * 60, next_on=dt.date(2020, 1, 6))
        with clock.moved_to(APRIL):
            page = said(client(world).get(address("desk-plan-succession", plan=plan.pk)))
        table = page[page.index("<tbody>"):]
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in table
        assert table.index(first.number) == min(table.index(number) for number in Case.objects.filter(pk__in=opened).values_list("number", flat=True))

    def test_the_page_asks_as_often_for_one_case_as_for_ten(self, world: World) -> None:
        _year, plan, opened, _closed = scene(world)
        one, url = client(world), address("desk-plan-succession", plan=plan.pk)

        def asked() -> int:
            with CaptureQueriesContext(connection) as found, clock.moved_to(APRIL):
                assert one.get(url).status_code == 200
            return len(found)

        asked()
        many = asked()
        Case.objects.filter(pk__in=sorted(opened, key=str)[1:]).update(plan=plan)
        assert asked() <= many <= asked() + 1

    def test_in_english_it_is_english(self, world: World) -> None:
        _year, plan, opened, _closed = scene(world)
        with clock.moved_to(APRIL):
            page = said(client(world).get(address("desk-plan-succession", plan=plan.pk), HTTP_ACCEPT_LANGUAGE="en"))
        assert '<html lang="en">' in page
        assert "件を引き継ぐ" not in page
        assert str(len(opened)) in page


def test_the_reports_of_the_old_year_stay_with_the_old_plan(world: World) -> None:
    from renkei.base.fiscal_year import FiscalYear
    from renkei.reporting.queries import plan_of

    a_year(world)
    plan = next_plan(world)
    with clock.moved_to(APRIL):
        take_over_cases(plan, by=world.desk)
        assert [plan_of(FiscalYear(year)) for year in (2026, 2027)] == [world.plan, plan]
        assert fresh(plan).predecessor_id == world.plan.pk
