"""Regional projects: recorded once, counted once [C38-C40]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.cases.actions.intake import receive
from renkei.cases.actions.projects import record_project
from renkei.cases.models import Case, RegionalProject
from renkei.plan.models import Body, Field
from tests.cases.linking import web
from tests.cases.making import NOON, arrived, company, events, fresh, refuses, said, steps
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world, company=company()).case


def bodies(*codes: str) -> list[Body]:
    return list(Body.objects.filter(pk__in=codes or [DESK]))


def project(case: Case, world: World, **more: Any) -> RegionalProject:
    given = {"number": "ひばり牽引-12", "approved_on": dt.date(2026, 3, 31), "title": "電源の量産",
             "field": Field.objects.get(pk="A"), "bodies": bodies(LAB, CENTER), "by": world.desk}
    return record_project(case, **{**given, **more})


@pytest.mark.covers("C38", "C40")
def test_counts_in_the_year_of_its_approval_whoever_helped(world: World, case: Case) -> None:
    made = project(case, world)
    assert (made.number, made.counted_fiscal_year, made.field_id, made.company_id, made.plan_id) == (
        "ひばり牽引-12", 2025, "A", case.company_id, case.plan_id)
    assert {body.pk for body in made.bodies.all()} == {LAB, CENTER}
    assert [one.pk for one in made.cases.all()] == [case.pk]
    assert steps(case)[-1] == ("project", "", "2025")
    assert events("project.record") == 1


@pytest.mark.covers("C40")
def test_a_second_case_joins_and_it_still_counts_once(world: World, case: Case) -> None:
    first = project(case, world)
    second = arrived(world, company=case.company).case
    again = project(second, world, approved_on=dt.date(2026, 10, 1), bodies=bodies(DESK))
    assert again == first
    assert (RegionalProject.objects.count(), fresh(first).counted_fiscal_year) == (1, 2025)
    assert {one.pk for one in again.cases.all()} == {case.pk, second.pk}
    assert {body.pk for body in again.bodies.all()} == {LAB, CENTER, DESK}


def test_twice_is_one_step(world: World, case: Case) -> None:
    project(case, world)
    project(case, world)
    assert [verb for verb, _b, _a in steps(case)].count("project") == 1


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"number": " "}, "number_empty", "number"),
        ({"number": "1" * 61}, "too_long", "number"),
        ({"title": ""}, "title_empty", "title"),
        ({"approved_on": dt.date(2026, 11, 26)}, "future", "approved_on"),
        ({"bodies": []}, "no_bodies", "bodies"),
    ],
)
def test_refuses(world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
    with refuses(code, field):
        project(case, world, **more)
    assert not RegionalProject.objects.exists()


def test_refuses_other_firms_numbers_and_strangers(world: World, case: Case) -> None:
    project(case, world)
    other = arrived(world, company=company(name="まぼろし計測")).case
    with refuses("number_taken", "number"):
        project(other, world)
    with refuses("no_company"):
        project(arrived(world).case, world)
    with refuses("not_allowed"):
        project(case, world, by=world.lab)
    with pytest.raises(IntegrityError, match="regional_project_number_once"), transaction.atomic():
        RegionalProject.objects.create(plan=case.plan, company=case.company, number="ひばり牽引-12", title="x",
                                       approved_on=clock.today(), field_id="A", counted_fiscal_year=2026,
                                       recorded_at=clock.now())


def test_under_the_web_login(committed_world: World, login: Any) -> None:
    world = committed_world
    case = arrived(world, company=company()).case
    with web(login, world.desk):
        project(case, world)
        assert RegionalProject.objects.count() == 1
    with web(login, world.lab):
        assert not RegionalProject.objects.exists()
    hidden = company(LAB, name="まぼろし計測")
    with web(login, world.lab):
        own = receive(said(company=hidden), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        with refuses("number_taken", "number"):
            project(own, world, by=world.lab)  # the number of a project it may not see
        assert project(own, world, by=world.lab, number="別の番号").cases.get() == own
        assert RegionalProject.objects.count() == 1
