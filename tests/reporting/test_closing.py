"""A year is closed: what stands, who may do it, who sees it, and what shows as a difference afterwards (P5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, company_person
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.actions.intake import receive
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.talk import write_to_company
from renkei.plan.models import Body, Field, PlanVersion
from renkei.reporting.actions import close_period
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import BY_CODE, FIGURES
from renkei.reporting.models import ClosedPeriod, FrozenFigure
from renkei.reporting.queries import closed_period, count, differences, frozen
from tests.cases.making import company, events, fresh, refuses, said
from tests.reporting.year import a_year
from tests.world import BANK, CENTER, DESK, LAB, World

YEAR = FiscalYear(2026)
MAY = clock.at(dt.date(2027, 5, 31), 15)
Login = Callable[[str], AbstractContextManager[None]]


def close(world: World, on: dt.date | None = None) -> ClosedPeriod:
    with clock.moved_to(MAY):
        return close_period(YEAR, on=on, by=world.desk)


@pytest.mark.covers("C38", "C40")
def test_every_figure_is_frozen_by_body_and_part_with_its_records(world: World) -> None:
    a_year(world)
    period = close(world)
    assert (period.plan_id, period.fiscal_year, period.as_of, period.body, period.closed_by_id, events("period.close")) == (
        world.plan.pk, 2026, MAY, DESK, world.desk.person, 1)  # fmt: skip
    rows = {(row.figure, row.body, row.split): (row.version, row.value, set(row.records)) for row in FrozenFigure.objects.all()}
    assert {figure for figure, body, split in rows if (body, split) == (ALL, ALL)} == {one.code for one in FIGURES}
    for figure in FIGURES:
        result = count(figure, YEAR, as_of=MAY)
        wanted = {
            (figure.code, body, split): (figure.version, number.value, set(number.records))
            for body in [ALL, *result.bodies] for split in [ALL, *result.splits]
            if (number := result.number(body, split)).records or (body, split) == (ALL, ALL)
        }  # fmt: skip
        assert {key: row for key, row in rows.items() if key[0] == figure.code} == wanted, figure.code
    projects = {key[1:]: row[1] for key, row in rows.items() if key[0] == "projects" and key[2] == ALL}
    assert projects == {(ALL, ALL): Decimal(1), (LAB, ALL): Decimal("0.6"), (CENTER, ALL): Decimal("0.4")}


def test_recomputation_for_the_frozen_moment_is_the_frozen_figure_whatever_comes_later(world: World) -> None:
    a_year(world)
    period = close(world, dt.date(2027, 3, 31))
    before = {one.code: count(one, YEAR, as_of=period.as_of).number() for one in FIGURES}
    assert differences(period, world.desk) == []
    late = _later(world)
    with clock.moved_to(MAY + dt.timedelta(days=1)):
        kept = {(row.figure, row.body, row.split): (row.value, set(row.records)) for row in FrozenFigure.objects.all()}
        assert {one.code: count(one, YEAR, as_of=period.as_of).number() for one in FIGURES} == before
        assert {code: (one.value, set(one.records)) for code, one in before.items()} == {
            code: kept[code, ALL, ALL] for code in before}  # fmt: skip
        moved = differences(period, world.desk)
        found = {one.figure.code: (one.frozen.value, one.now.value, one.came, one.went, one.cases) for one in moved if one.body == ALL}
    consultation = late.consultations.get().pk
    project = late.projects.get().pk
    assert found["consultations"] == (Decimal(9), Decimal(10), {consultation}, set(), {consultation: late.pk})
    assert found["projects"] == (Decimal(1), Decimal(2), {project}, set(), {project: None})
    assert [(one.body, one.frozen.value, one.now.value) for one in moved if one.body != ALL] == [(LAB, Decimal("0.6"), Decimal("1.6"))]
    assert found["open"][2:4] == ({late.pk}, set())
    assert set(found) == {"consultations", "projects", "open", "areas", "pressures", "purposes"}


def test_a_year_that_is_over_keeps_the_closures_it_was_counted_with(world: World) -> None:
    a_year(world)
    period = close(world)
    days = {code: [row.days for row in count(BY_CODE[code], YEAR, as_of=MAY).rows] for code in ("first_answer", "body_answer")}
    assert all(days.values())
    with clock.moved_to(MAY + dt.timedelta(days=1)):
        newest = PlanVersion.objects.order_by("-number")[0]
        shut = newest.content | {"calendar": {"closed": [{"from": "04-01", "to": "04-30"}, {"from": "06-01", "to": "06-10"}]}}
        PlanVersion.objects.create(plan=newest.plan, number=newest.number + 1, content=shut, published_at=clock.now())
        assert differences(period, world.desk) == []
        assert {code: [row.days for row in count(BY_CODE[code], YEAR, as_of=clock.now()).rows] for code in days} == days
    with clock.moved_to(MAY + dt.timedelta(days=2)):
        case = receive(said(company=company(name="六月製作所")), by=world.desk, body=Body.objects.get(pk=DESK)).case
    with clock.moved_to(MAY + dt.timedelta(days=4)):
        write_to_company(fresh(case), by=world.desk, text="試験所に聞いています。")
        [answered] = count(BY_CODE["first_answer"], FiscalYear(2027), as_of=clock.now()).rows
    assert answered.days == 0  # the year that runs is counted with the closures of today: two days otherwise


def _later(world: World) -> Any:
    """In May the desk writes down what was said, and approved, in March."""
    with clock.moved_to(MAY):
        firm = company(name="遅れた株式会社")
        march = clock.at(dt.date(2027, 3, 20), 10)
        case = receive(said(company=firm, consulted_at=march), by=world.desk, body=Body.objects.get(pk=DESK)).case
        record_project(fresh(case), number="牽引-9", approved_on=dt.date(2027, 3, 25), title="遅れ", field=Field.objects.get(pk="A"),
                       bodies=[Body.objects.get(pk=LAB)], by=world.desk)  # fmt: skip
    return case


@pytest.mark.parametrize(
    ("year", "on", "code", "field"),
    [
        (2027, None, "not_over", "year"),
        (2026, dt.date(2027, 3, 30), "before_the_end", "on"),
        (2026, dt.date(2027, 6, 1), "future", "on"),
        (2023, None, "unknown_year", "year"),
        (2040, None, "unknown_year", "year"),
    ],
)
def test_a_year_that_cannot_be_closed_is_refused(world: World, year: int, on: dt.date | None, code: str, field: str) -> None:
    with clock.moved_to(MAY), refuses(code, field):
        close_period(FiscalYear(year), on=on, by=world.desk)
    assert (ClosedPeriod.objects.count(), FrozenFigure.objects.count(), events("period.close")) == (0, 0, 0)


def test_only_the_front_desk_closes_and_only_once(world: World) -> None:
    for by in (world.lab, world.bank, GUEST, company_person(world.people[LAB].pk)):
        with clock.moved_to(MAY), refuses("not_allowed"):
            close_period(YEAR, by=by)
    close(world)
    with refuses("closed_already", "year"):
        close(world)
    assert (ClosedPeriod.objects.count(), events("period.close")) == (1, 1)
    assert closed_period(YEAR, world.lab) == ClosedPeriod.objects.get()
    assert closed_period(YEAR, GUEST) is closed_period(FiscalYear(2025), world.desk) is None


def test_the_database_knows_no_later_knowledge_no_second_close_and_no_number_of_nobody(world: World) -> None:
    period = close(world)
    given: dict[str, Any] = {"plan": world.plan, "closed_at": MAY, "as_of": MAY, "fiscal_year": 2025}
    wrong = {
        "closed_period_once": lambda: ClosedPeriod.objects.create(**{**given, "fiscal_year": 2026}),
        "closed_period_knows_the_past": lambda: ClosedPeriod.objects.create(**{**given, "as_of": MAY + dt.timedelta(seconds=1)}),
        "frozen_figure_once": lambda: FrozenFigure.objects.create(period=period, figure="open", version=1, body=ALL, split=ALL),
        "frozen_figure_of_somebody": lambda: FrozenFigure.objects.create(period=period, figure="x", version=1, body="", split=""),
    }
    for name, deed in wrong.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            deed()


def test_what_is_frozen_is_never_changed(world: World) -> None:
    period = close(world)
    for deed in (lambda: FrozenFigure.objects.update(value=5), lambda: FrozenFigure.objects.all().delete(),
                 lambda: ClosedPeriod.objects.filter(pk=period.pk).update(fiscal_year=2025)):  # fmt: skip
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            deed()


def test_who_sees_what_of_frozen_and_counted_figures_under_the_real_logins(committed_world: World, login: Login) -> None:
    world = committed_world
    year = a_year(world)
    period = close(world)
    everyone = [(world.desk, {ALL, DESK, LAB, CENTER}), (world.lab, {ALL, LAB}), (world.center, {ALL, CENTER}), (world.bank, {ALL})]
    for actor, bodies in everyone:
        with login("web"), acting(actor):
            mine = set(FrozenFigure.objects.visible_to(actor).values_list("pk", flat=True))
            assert mine == set(FrozenFigure.objects.values_list("pk", flat=True))
            assert {row.body for row in frozen(period, actor).values()} == bodies
            assert ClosedPeriod.objects.count() == 1
            counted = {one.code: count(one, YEAR, as_of=MAY) for one in FIGURES}
            assert {body for result in counted.values() for body in result.bodies} == bodies - {ALL}
            # The plan's totals are the same for everybody, whoever may see the cases behind them.
            assert {code: result.number().records for code, result in counted.items()} == {
                row.figure: frozenset(row.records) for row in FrozenFigure.objects.filter(body=ALL, split=ALL)}  # fmt: skip
            assert differences(period, actor) == []
    for nobody in (GUEST, company_person(world.people[LAB].pk)):
        with login("web"), acting(nobody):
            assert [FrozenFigure.objects.count(), ClosedPeriod.objects.count(), FrozenFigure.objects.visible_to(nobody).count()] == [0, 0, 0]
            assert [one.code for one in FIGURES if count(one, YEAR, as_of=MAY).rows] == []
    with login("worker"), acting(SYSTEM):
        assert count(BY_CODE["consultations"], YEAR, as_of=MAY).bodies == [DESK, LAB]
        assert len(year.cases) == count(BY_CODE["open"], YEAR, as_of=MAY).number().value + 4  # twice, spam, undone, gone


def test_only_the_desk_writes_and_nobody_changes_under_the_web_login(committed_world: World, login: Login) -> None:
    world = committed_world
    given: dict[str, Any] = {"plan": world.plan, "closed_at": MAY, "as_of": MAY}
    with login("web"):
        with pytest.raises(DatabaseError, match="row-level security"), acting(world.lab):
            ClosedPeriod.objects.create(fiscal_year=2026, **given)
        with acting(world.desk), clock.moved_to(MAY):
            period = close_period(YEAR, by=world.desk)
        with pytest.raises(DatabaseError, match="row-level security"), acting(world.lab):
            FrozenFigure.objects.create(period=period, figure="x", version=1, body=ALL, split=ALL)
        for sql in ("UPDATE reporting_frozenfigure SET value = 1", "DELETE FROM reporting_frozenfigure", "DELETE FROM reporting_closedperiod"):
            with pytest.raises(DatabaseError, match="permission denied"), acting(world.desk), connection.cursor() as cursor:
                cursor.execute(sql)
    assert FrozenFigure.objects.filter(body=BANK).count() == 0
