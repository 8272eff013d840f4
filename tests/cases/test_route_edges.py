"""Routes at their edges: what is decided outside the route, far days, the second editor, the double press, a no after something is done."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, decline, finish_support
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.routes import (
    add_step,
    change_step,
    make_route,
    move_step,
    remove_step,
    replace_step,
    replan,
    undo,
)
from renkei.cases.models import Case, RegionalProject, Route, RouteStep, RouteVersion, Support
from renkei.cases.queries.route_plan import draft_of, ground, planned, told_days
from renkei.desk.routes.page import route_page
from renkei.matching.models import Entry
from renkei.plan.models import Field
from tests.cases.making import arrived, company, events, leave, need_of, pick, refuses, summarise
from tests.cases.routing import NOON, PRECEDENCE, Routed, candidate, catalogue, entry, plan, proposing, routed
from tests.world import BANK, CENTER, LAB, World

APPROVAL = {"code": "approval-first", "before": "plan-approval", "after": "rd-subsidy", "when": "needs_approval", "weeks": 4, "text": "承認が先。"}


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


def rows(there: Routed) -> list[tuple[Any, ...]]:
    return list(RouteVersion.objects.filter(route=there.route).order_by("number").values_list("number", "base", "did"))


def funded(world: World, monkeypatch: pytest.MonkeyPatch, *, needs: bool | None, weeks: int | None = 4) -> Routed:
    plan(world, precedence=[*PRECEDENCE, APPROVAL | {"weeks": weeks} if weeks else {key: value for key, value in APPROVAL.items() if key != "weeks"}])
    catalogue()
    facts = {} if needs is None else {"needs_approval": needs}
    entry("PG9", "programme", "rd-subsidy", CENTER, {"kind": "call", "opens": day(11, 1), "closes": day(1, 29, 2027)}, decision_weeks=6, **facts)
    proposing(monkeypatch, {"試作の補助": [candidate("rd-subsidy", CENTER, ("PG9", "programme"))]})
    case = arrived(world).case
    need_of(case, world, title="試作の補助")
    return Routed(world, case, make_route(case, by=world.desk))


@pytest.mark.covers("C49")
@pytest.mark.parametrize(("needs", "begins"), [(True, day(12, 23)), (False, day(11, 25)), (None, day(11, 25))])
def test_a_fund_that_needs_an_approval_waits_the_weeks_the_plan_gives(
    world: World, monkeypatch: pytest.MonkeyPatch, needs: bool | None, begins: dt.date
) -> None:
    there = funded(world, monkeypatch, needs=needs)
    step = there.step("rd-subsidy")
    assert step.begins_on == begins
    assert [why["n"] for why in step.why if why["code"] == "decided"] == ([4] if needs else [])
    if not needs:
        return
    with clock.moved_to(NOON + dt.timedelta(days=2)), refuses("nothing_changed"), transaction.atomic():
        replan(there.route, by=world.desk, version=1)  # a day that was told does not move because days go by
    firm = company()
    Case.objects.filter(pk=there.case.pk).update(company=firm)
    there.route.case.refresh_from_db()
    RegionalProject.objects.create(plan=world.plan, company=firm, number="第1号", approved_on=day(11, 1), field=Field.objects.first(),
                                   title="電源", counted_fiscal_year=2026, recorded_at=NOON, **approving(world)).cases.add(there.case)  # fmt: skip
    draft = draft_of(there.step("rd-subsidy"))
    on = ground(Case.objects.get(pk=there.case.pk), [draft], actor=world.desk)
    assert on.is_approved
    assert (planned([draft], on)[0].begins, [why.code for why in planned([draft], on)[0].why]) == (day(11, 25), ["call", "weeks", "note"])
    assert told_days([step], replace(on, is_approved=False)) == {step.key: day(12, 23)}  # waiting, a told day is kept
    with clock.moved_to(NOON + dt.timedelta(days=2)):
        shown = route_page(Case.objects.get(pk=there.case.pk), there.route, world.desk)
        assert [(one.was, one.now, one.is_earlier) for one in shown["slipped"]] == [
            ("12月23日（水）から来年3月12日", "11月27日（金）から来年3月12日", True)]
        assert shown["is_sooner"]
        assert replan(there.route, by=world.desk, version=1).number == 2  # approved: the earlier day is offered, and one press takes it
    step = there.step("rd-subsidy")
    assert (step.begins_on, [why["code"] for why in step.why if why["code"] == "decided"]) == (day(11, 27), [])
    with clock.moved_to(NOON + dt.timedelta(days=2)):
        shown = route_page(Case.objects.get(pk=there.case.pk), Route.objects.get(), world.desk)
        assert (shown["slipped"], shown["is_sooner"]) == ([], False)


@pytest.mark.covers("C49")
@pytest.mark.parametrize(("needs", "missing"), [(True, [("earlier_missing", "承認が先。")]), (False, []), (None, [])])
def test_a_plan_that_gives_no_weeks_invents_no_day_and_says_what_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch, needs: bool | None, missing: list[tuple[str, str]]
) -> None:
    there = funded(world, monkeypatch, needs=needs, weeks=None)
    step = there.step("rd-subsidy")
    assert (step.begins_on, [why["code"] for why in step.why]) == (day(11, 25), ["call", "weeks", "note"])
    assert [(one["code"], one["text"]) for one in step.missing] == missing
    if needs:
        draft = draft_of(step)
        on = replace(ground(there.case, [draft], actor=world.desk), is_approved=True)
        assert planned([draft], on)[0].missing == ()


def approving(world: World) -> dict[str, Any]:
    """What else the record of an approval wants."""
    names = {one.name for one in RegionalProject._meta.get_fields()}
    given = {"recorded_body_id": world.desk.body, "recorded_by_id": world.desk.person, "entered_by_id": world.desk.person}
    return {name: value for name, value in given.items() if name.removesuffix("_id") in names}


def test_days_that_cannot_be(there: Routed) -> None:
    """A table of bad days in one world; after each nothing is half written."""
    step = there.step("equipment-tests")
    past, far, last = day(11, 24), day(11, 28, 2029), dt.date.max
    for begin, end, code, field in (
        (past, None, "begin_past", "begin"), (far, None, "too_far", "begin"), (last, None, "too_far", "begin"),
        (None, far, "too_far", "end"), (None, last, "too_far", "end"), (day(12, 14), day(12, 11), "end_before_begin", "end"),
        (None, day(11, 1), "end_before_begin", "end"), (dt.date.min, None, "begin_past", "begin"),
        (day(12, 12), None, "rule_advice", "override"),  # a Saturday: the lab is not open
    ):  # fmt: skip
        with refuses(code, field), transaction.atomic():
            change_step(there.route, step.key, by=there.world.desk, version=1, body=LAB, entry="EQ1", begin=begin, end=end)
        with refuses(code if code != "rule_advice" else "step_there", field if code != "rule_advice" else "provision"), transaction.atomic():
            add_step(there.route, by=there.world.desk, version=1, need=step.need, service="equipment-tests", body=LAB,
                     entry="" if code != "rule_advice" else "EQ1", begin=begin, end=end)  # fmt: skip
    assert rows(there) == [(1, 0, "made")]
    changed = change_step(there.route, step.key, by=there.world.desk, version=1, body=LAB, entry="EQ1", begin=day(12, 12), override="土曜に開けてもらう")
    assert (changed.number, there.step("equipment-tests").begins_on) == (2, day(12, 12))


def test_the_second_editor_and_the_double_press_change_nothing(there: Routed) -> None:
    by, key = there.world.desk, there.step("equipment-tests").key
    move_step(there.route, key, by=by, version=1, up=True)
    acts: list[Any] = [
        lambda: move_step(there.route, key, by=by, version=1, up=True),
        lambda: remove_step(there.route, key, by=by, version=1),
        lambda: undo(there.route, by=by, version=1),
        lambda: replan(there.route, by=by, version=1),
        lambda: replace_step(there.route, key, by=by, version=1, service="tech-consultation", body=CENTER),
        lambda: change_step(there.route, key, by=by, version=1, body=LAB, entry="EQ1", begin=day(12, 14)),
        lambda: add_step(there.route, by=by, version=1, need=there.steps[0].need, service="loan", body=BANK, entry=""),
        lambda: move_step(there.route, key, by=by, version=3, up=True),  # a version that was never there
        lambda: move_step(there.route, key, by=by, version=0, up=True),
        lambda: move_step(there.route, key, by=by, version=-1, up=True),
    ]
    for act in acts:
        with refuses("changed_meanwhile"), transaction.atomic():
            act()
    assert rows(there) == [(1, 0, "made"), (2, 1, "changed")]
    assert events("route.changed") == 1


def test_undo_goes_back_along_the_line_and_planning_again_after_it_begins_there(there: Routed) -> None:
    by = there.world.desk
    first = [(one.key, one.begins_on, one.ends_on) for one in there.steps]
    remove_step(there.route, there.step("loan").key, by=by, version=1)
    remove_step(there.route, there.step("events").key, by=by, version=2)
    undo(there.route, by=by, version=3)
    assert {one.service_id for one in there.steps} == {"rd-subsidy", "tech-consultation", "events", "equipment-tests"}
    undo(there.route, by=by, version=4)
    assert [(one.key, one.begins_on, one.ends_on) for one in there.steps] == first
    with refuses("nothing_to_undo"), transaction.atomic():
        undo(there.route, by=by, version=5)
    remove_step(there.route, there.step("loan").key, by=by, version=5)
    undo(there.route, by=by, version=6)
    assert [one.key for one in there.steps] == [key for key, _begins, _ends in first]
    assert rows(there)[-1][:2] == (7, 0)


def asked(there: Routed, service: str) -> Support:
    need = there.step(service).need
    made = send_offers(Case.objects.get(pk=there.case.pk), [pick(need, LAB, service)], by=there.world.desk)[0]
    leave(made)
    return Support.objects.get(pk=made.pk)


def test_planning_again_after_a_no_keeps_what_is_done_and_what_is_under_way(there: Routed) -> None:
    by = there.world.desk
    summarise(there.case, there.world)
    tested = asked(there, "equipment-tests")
    accept(tested, by=there.world.lab)
    finish_support(tested, by=there.world.lab, done_on=NOON.date(), text="測った", helped=True)
    talked = asked(there, "tech-consultation")
    decline(talked, by=there.world.lab, reason="busy")
    key = there.step("tech-consultation").key
    with clock.moved_to(NOON + dt.timedelta(days=9)):
        replace_step(there.route, key, by=by, version=1, service="tech-consultation", body=CENTER)
        done, new = there.step("equipment-tests"), there.step("tech-consultation")
        assert (done.begins_on, done.ends_on) == (NOON.date(), NOON.date())
        assert (new.body_id, new.key == key, new.order) == (CENTER, False, next(one.order for one in RouteStep.objects.filter(key=key)))
        assert new.begins_on is not None
        assert new.begins_on >= clock.today()
        with refuses("step_gone"), transaction.atomic():  # pressed twice from two windows
            replace_step(there.route, key, by=by, version=2, service="tech-consultation", body=CENTER)


def test_an_entry_that_goes_and_one_of_another_body(there: Routed) -> None:
    step = there.step("rd-subsidy")
    Entry.objects.filter(pk="PG2").update(withdrawn_on=NOON.date())
    for code in ("PG2", "LN1", "nothing", "x" * 400, "'; DROP TABLE cases_route; --", "🙂"):
        with refuses("unknown_entry", "entry"), transaction.atomic():
            change_step(there.route, step.key, by=there.world.desk, version=1, body=CENTER, entry=code)
    for body in ("", "nobody", LAB, "🙂"):
        with refuses("no_provision", "provision"), transaction.atomic():
            change_step(there.route, step.key, by=there.world.desk, version=1, body=body, entry="PG1")
    Entry.objects.filter(pk="PG1").update(withdrawn_on=NOON.date())  # the one that stands in the route is gone now
    remove_step(there.route, there.step("loan").key, by=there.world.desk, version=1)
    assert there.step("rd-subsidy").entry_name == "PG1の名"
    with refuses("step_gone"), transaction.atomic():
        change_step(there.route, uuid.uuid4(), by=there.world.desk, version=2, body=CENTER)


def test_an_entry_that_has_ended_cannot_be_chosen_and_the_steps_own_one_stays(there: Routed) -> None:
    step, yesterday = there.step("rd-subsidy"), NOON.date() - dt.timedelta(days=1)
    Entry.objects.filter(pk__in=["PG1", "PG2"]).update(ends_on=yesterday)
    with refuses("unknown_entry", "entry"), transaction.atomic():
        change_step(there.route, step.key, by=there.world.desk, version=1, body=CENTER, entry="PG2")
    with refuses("unknown_entry", "entry"), transaction.atomic():
        replace_step(there.route, step.key, by=there.world.desk, version=1, service="rd-subsidy", body=CENTER, entry="PG2")
    change_step(there.route, step.key, by=there.world.desk, version=1, body=CENTER, entry="PG1", words="様子を見る", end=step.ends_on + dt.timedelta(days=7) if step.ends_on else None)
    assert (there.step("rd-subsidy").entry, there.route.versions.count()) == ("PG1", 2)


def test_who_sees_and_who_changes_under_the_real_login(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = routed(committed_world, monkeypatch)
    world = there.world
    key = there.step("events").key
    with login("web"):
        for actor, seen in ((world.desk, 5), (world.lab, 0), (world.center, 0), (world.bank, 0)):
            with acting(actor):
                assert RouteStep.objects.count() == RouteStep.objects.visible_to(actor).count() == seen
                assert Route.objects.count() == (1 if seen else 0)
        for actor in (world.lab, world.bank):
            with pytest.raises(Exception, match=".+"), acting(actor):
                remove_step(Route(pk=there.route.pk, case=there.case), key, by=actor, version=1)
        with acting(world.desk):
            remove_step(Route.objects.get(pk=there.route.pk), key, by=world.desk, version=1)
    assert there.version == 2
