"""A plan ends: its successor takes over what is open in one act, and nothing else changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db.models import Model
from django.forms.models import model_to_dict

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.actions.succession import left_open, may_take_over, take_over_cases
from renkei.cases.models import Case, Transition
from renkei.plan.models import Plan, PlanVersion
from renkei.reporting.figures import FIGURES
from renkei.reporting.queries import count
from tests.cases.making import events, fresh, refuses
from tests.desk.pages import address, client, said
from tests.reporting.year import Year, a_year, at
from tests.world import BANK, CONTENT, DESK, LAB, World

APRIL = clock.at(dt.date(2027, 4, 1), 9)


def next_plan(world: World) -> Plan:
    """The year's plan ends in March 2027; the next one runs from April."""
    Plan.objects.filter(pk=world.plan.pk).update(term_to=dt.date(2027, 3, 31))
    made = Plan.objects.create(code="hibari-next", title="ひばり県連携支援計画　次期", term_from=dt.date(2027, 4, 1), term_to=dt.date(2032, 3, 31),
                               front_desk_id=DESK, lead_party=world.plan.lead_party, predecessor_id=world.plan.pk, is_fictional=True)  # fmt: skip
    PlanVersion.objects.create(plan=made, number=1, content=CONTENT, published_at=clock.now())
    return made


def everything_but_the_plan(case: Model) -> dict[str, Any]:
    return {key: value for key, value in model_to_dict(case).items() if key != "plan"}


def scene(world: World) -> tuple[Year, Plan, set[Any], set[Any]]:
    """The year, the next plan, and which cases are open and which are not."""
    year, plan = a_year(world), next_plan(world)
    ids = {one.pk: one.is_open for one in Case.objects.all()}
    return year, plan, {key for key, is_open in ids.items() if is_open}, {key for key, is_open in ids.items() if not is_open}


@pytest.mark.covers("C32", "C40")
def test_open_cases_move_with_number_holder_and_next_step_and_closed_ones_stay(world: World) -> None:
    _year, plan, opened, closed = scene(world)
    before = {one.pk: everything_but_the_plan(one) for one in Case.objects.all()}
    figures = {one.code: count(one, FiscalYear(2026), as_of=at(11, 27)).number() for one in FIGURES}
    with clock.moved_to(APRIL):
        assert set(left_open(plan, world.desk).values_list("pk", flat=True)) == opened
        assert take_over_cases(plan, by=world.desk) == len(opened) == 10
        after = {one.pk: everything_but_the_plan(one) for one in Case.objects.all()}
        assert {one.code: count(one, FiscalYear(2026), as_of=at(11, 27)).number() for one in FIGURES} == figures
    assert after == before
    assert set(Case.objects.filter(plan=plan).values_list("pk", flat=True)) == opened
    assert set(Case.objects.filter(plan=world.plan).values_list("pk", flat=True)) == closed
    steps = Transition.objects.filter(verb="plan_moved")
    assert {(one.case_id, one.from_state, one.to_state, one.happened_on, one.body) for one in steps} == {
        (key, "hibari-plan", "hibari-next", APRIL.date(), DESK) for key in opened}  # fmt: skip
    assert events("plan.take_over") == 1


def test_doing_it_twice_moves_nothing_more(world: World) -> None:
    _year, plan, opened, _closed = scene(world)
    with clock.moved_to(APRIL):
        take_over_cases(plan, by=world.desk)
        with refuses("nothing_open"):
            take_over_cases(plan, by=world.desk)
    assert (Transition.objects.filter(verb="plan_moved").count(), events("plan.take_over")) == (len(opened), 1)


def test_who_may_not_or_too_early_or_without_a_plan_before_is_refused(world: World) -> None:
    _year, plan, _opened, _closed = scene(world)
    with clock.moved_to(APRIL):
        for by in (world.lab, world.bank, GUEST, company_person(world.people[LAB].pk)):
            assert not may_take_over(by, plan)
            with refuses("not_allowed"):
                take_over_cases(plan, by=by)
        with refuses("no_predecessor"):
            take_over_cases(world.plan, by=world.desk)
    with clock.moved_to(at(3, 31)):
        assert not may_take_over(world.desk, plan)
        with refuses("not_begun"):
            take_over_cases(plan, by=world.desk)
    assert (Transition.objects.filter(verb="plan_moved").count(), Case.objects.filter(plan=plan).count(), events("plan.take_over")) == (0, 0, 0)


def test_it_works_under_the_real_login_for_the_desk_alone(committed_world: World, login: Any) -> None:
    world = committed_world
    _year, plan, opened, _closed = scene(world)
    with clock.moved_to(APRIL), login("web"), acting(world.lab):
        assert Case.objects.filter(plan=world.plan).exists()
        with refuses("not_allowed"):
            take_over_cases(plan, by=world.lab)
    with clock.moved_to(APRIL), login("web"), acting(world.desk):
        assert take_over_cases(plan, by=world.desk) == len(opened)
    with login("worker"), acting(SYSTEM):
        assert set(Case.objects.filter(plan=plan).values_list("pk", flat=True)) == opened


def test_the_page_shows_them_and_takes_them_over(world: World) -> None:
    year, plan, opened, _closed = scene(world)
    with clock.moved_to(APRIL):
        one, url = client(world), address("desk-plan-succession", plan=plan.pk)
        page = said(one.get(url))
        assert {number for number in Case.objects.values_list("number", flat=True) if number in page} == {
            case.number for case in Case.objects.filter(pk__in=opened)}  # fmt: skip
        assert "10件を引き継ぐ" in page
        assert "前の計画の案件を引き継ぐ（10件）" in said(one.get(address("desk-plan-of", plan=plan.pk)))
        answer = one.post(url)
        assert (answer.status_code, answer.url) == (302, address("desk-plan-of", plan=plan.pk))
        again = one.post(url)
        assert (again.status_code, "続いている案件はありません" in said(again)) == (422, True)
        assert "前の計画の案件を引き継ぐ" not in said(one.get(address("desk-plan-of", plan=plan.pk)))
        for body in (LAB, BANK):
            assert client(world, body).get(address("desk-plan-succession", body, plan=plan.pk)).status_code == 403
        assert "次の計画に引き継いだ" in said(one.get(address("desk-case", case=fresh(year.cases["late"]).pk)))
