"""A support route is made from the proposal, dated by the calendars, edited under the plan's rules; every version stays."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.routes import (
    MOST_STEPS,
    add_step,
    change_step,
    make_route,
    move_step,
    remove_step,
    replace_step,
    replan,
    undo,
)
from renkei.cases.models import Need, Route, RouteAnswer, RouteSending, RouteSentStep, RouteStep, RouteVersion, Support
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.actions_adding import add_facts
from renkei.matching.models import Entry, Window
from tests.cases.making import arrived, events, refuses, steps
from tests.cases.routing import NOON, Routed, candidate, catalogue, first_need, plan, proposing
from tests.world import BANK, CENTER, LAB, World


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


@pytest.mark.covers("C49", "C50", "C57", "C66", "C67")
def test_made_from_the_proposal_in_the_order_of_time(there: Routed) -> None:
    assert [(one.service_id, one.body_id, one.entry, one.need.title) for one in there.steps] == [
        ("rd-subsidy", CENTER, "PG1", "試作の補助"), ("tech-consultation", LAB, "", "雷サージの試験"),
        ("events", LAB, "EV1", "雷サージの試験"), ("equipment-tests", LAB, "EQ1", "雷サージの試験"), ("loan", BANK, "LN1", "試作の補助"),
    ]  # fmt: skip
    assert there.days == {
        "rd-subsidy": (day(11, 25), day(1, 29, 2027)),  # the call until 18 December and six weeks
        "tech-consultation": (day(12, 1), None),  # after the body's answer; when it ends nobody knows yet
        "events": (day(12, 8), day(12, 8)),
        "equipment-tests": (day(12, 9), day(12, 10)),  # the course is before the machine
        "loan": (day(2, 1, 2027), day(2, 22, 2027)),  # the award is before the loan
    }
    codes = {one.service_id: [why["code"] for why in one.why] for one in there.steps}
    assert codes["rd-subsidy"] == ["call", "weeks", "note"]
    assert codes["loan"] == ["after", "always", "weeks"]
    assert there.step("tech-consultation").missing == [{"code": "length"}]
    assert there.step("equipment-tests").chosen == ["所在地に近い機関です"]
    assert there.step("equipment-tests").entry_name == "EQ1の名"
    assert [one.title for one in Need.objects.filter(case=there.case)] == ["雷サージの試験", "試作の補助"]  # the second was only proposed
    assert steps(there.case)[-1] == ("route", "", "made")
    assert events("route.made") == 1


def test_made_twice_is_made_once(there: Routed) -> None:
    assert make_route(there.case, by=there.world.desk) == there.route
    assert (Route.objects.count(), RouteVersion.objects.count(), events("route.made")) == (1, 1, 1)


def test_what_was_chosen_already_stands_in_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.cases.making import offered

    plan(world)
    catalogue()
    proposing(monkeypatch)
    support = offered(world)
    route = Routed(world, support.case, make_route(support.case, by=world.desk))
    asked = route.step("equipment-tests")
    assert (asked.need_id, asked.body_id) == (support.need_id, LAB)
    assert [one.service_id for one in route.steps].count("equipment-tests") == 1
    assert asked.begins_on == support.due_on  # the body has until then


def test_a_course_missing_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(world)
    catalogue()
    proposing(monkeypatch, {"試験": [candidate("equipment-tests", LAB, ("EQ1", "equipment"))], "資金": [candidate("loan", BANK, ("LN1", "programme"))]})
    Window.objects.filter(entry="EV1").delete()
    route = Routed(world, arrived(world).case, make_route(arrived(world).case, by=world.desk))
    route.case = route.route.case
    assert [one.service_id for one in route.steps] == ["loan", "equipment-tests"]
    assert [one["code"] for one in route.step("equipment-tests").missing] == ["course_missing"]
    assert [one["code"] for one in route.step("loan").missing] == ["earlier_missing"]


def test_what_the_desk_adds_to_a_call_of_a_list_gives_the_route_its_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(world)
    window = WindowRow("call", closes=day(12, 18))
    put_entries([EntryRow(id="h-1", kind="programme", name="国の補助", owner_name="国", windows=(window,))], kept_by="harvest:abc", by=SYSTEM)
    proposing(monkeypatch, {"試作の補助": [candidate("rd-subsidy", CENTER, ("h-1", "programme"))]})
    case = arrived(world).case
    there = Routed(world, case, make_route(case, by=world.desk))
    assert there.days["rd-subsidy"] == (day(11, 25), None)
    add_facts(Entry.objects.get(pk="h-1"), {"decision_weeks": 6}, by=world.desk)
    replan(there.route, by=world.desk, version=1)
    assert there.days["rd-subsidy"] == (day(11, 25), day(1, 29, 2027))


@pytest.mark.parametrize("who", ["lab", "bank"])
def test_only_who_runs_the_case(there: Routed, who: str) -> None:
    other = getattr(there.world, who)
    key = there.steps[0].key
    for act in (
        lambda: make_route(there.case, by=other), lambda: undo(there.route, by=other, version=1),
        lambda: remove_step(there.route, key, by=other, version=1), lambda: replan(there.route, by=other, version=1),
    ):  # fmt: skip
        with refuses("not_allowed"):
            act()


def test_nothing_to_make_it_from(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(world)
    proposing(monkeypatch, {"何も": []})
    with refuses("no_steps"), transaction.atomic():
        make_route(arrived(world).case, by=world.desk)


def test_a_closed_case_is_left_alone(there: Routed) -> None:
    close_case(there.case, by=there.world.desk, reason="not_possible", words="終わり", result="no", needs="dropped",
               answer_to_company="できませんでした。")
    for act in (lambda: make_route(there.case, by=there.world.desk), lambda: replan(there.route, by=there.world.desk, version=1)):
        with refuses("case_closed"):
            act()


def change(there: Routed, service: str, **given: Any) -> RouteVersion:
    step = there.step(service)
    values: dict[str, Any] = {"body": step.body_id, "entry": step.entry, "begin": step.set_begin, "end": step.set_end}
    return change_step(there.route, step.key, by=there.world.desk, **({"version": there.version} | values | given))


def test_moving_a_step_moves_what_waits_for_it(there: Routed) -> None:
    before = there.days
    made = change(there, "rd-subsidy", end=day(2, 26, 2027))
    assert (made.number, made.base, made.did) == (2, 1, "changed")
    assert there.days == before | {"rd-subsidy": (day(11, 25), day(2, 26, 2027)), "loan": (day(3, 1, 2027), day(3, 23, 2027))}
    assert RouteStep.objects.filter(version__number=1).count() == 5  # the earlier version stays as it was
    assert steps(there.case)[-1] == ("route", "1", "changed")
    assert events("route.changed") == 1


def test_days_that_went_by_move_nothing_that_can_still_be_had(there: Routed) -> None:
    with clock.moved_to(NOON + dt.timedelta(days=2)):
        change(there, "rd-subsidy", end=day(2, 26, 2027))
    assert there.days["tech-consultation"] == (day(12, 1), None)


@pytest.mark.parametrize(
    ("service", "given", "code", "field"),
    [
        ("loan", {"begin": day(1, 29, 2027)}, "rule_broken", "begin"),  # the award comes first: a fact of the plan
        ("rd-subsidy", {"begin": day(12, 21)}, "rule_broken", "begin"),  # the call is over
        ("equipment-tests", {"begin": day(12, 8)}, "rule_advice", "override"),  # the course first: advice
        ("tech-consultation", {"begin": day(12, 5)}, "rule_advice", "override"),  # a Saturday
        ("tech-consultation", {"begin": day(11, 24)}, "begin_past", "begin"),
        ("tech-consultation", {"end": day(11, 24)}, "end_before_begin", "end"),
        ("tech-consultation", {"begin": day(12, 3), "end": day(12, 2)}, "end_before_begin", "end"),
        ("tech-consultation", {"body": BANK}, "no_provision", "provision"),
        ("tech-consultation", {"body": "gone"}, "no_provision", "provision"),
        ("tech-consultation", {"entry": "PG1"}, "unknown_entry", "entry"),
        ("tech-consultation", {"entry": "no-such"}, "unknown_entry", "entry"),
        ("tech-consultation", {"override": "あ" * 201}, "too_long", "override"),
        ("tech-consultation", {}, "nothing_changed", None),
        ("tech-consultation", {"version": 9, "begin": day(12, 3)}, "changed_meanwhile", None),
    ],
)
def test_what_a_change_is_refused_for(there: Routed, service: str, given: dict[str, Any], code: str, field: str | None) -> None:
    with refuses(code, field), transaction.atomic():
        change(there, service, **given)
    assert (there.version, RouteVersion.objects.count()) == (1, 1)


@pytest.mark.parametrize("service", ["equipment-tests", "tech-consultation"])
def test_advice_may_be_left_aside_with_a_reason(there: Routed, service: str) -> None:
    begin = day(12, 8) if service == "equipment-tests" else day(12, 5)
    change(there, service, begin=begin, override="操作は職員がします")
    step = there.step(service)
    assert (step.begins_on, step.set_begin, step.override) == (begin, begin, "操作は職員がします")


def test_another_body_loses_the_reasons_of_the_first(there: Routed) -> None:
    assert there.step("equipment-tests").chosen
    Entry.objects.filter(pk="EQ1").update(body=None)
    from renkei.plan.models import Provision

    Provision.objects.create(plan=there.world.plan, service_id="equipment-tests", body_id=CENTER, source="text")
    change(there, "equipment-tests", body=CENTER)
    assert (there.step("equipment-tests").body_id, there.step("equipment-tests").chosen) == (CENTER, [])


def test_added_removed_moved_and_undone(there: Routed) -> None:
    by, need = there.world.desk, first_need(there.case)
    add_step(there.route, by=by, version=1, need=need, service="sales-adviser", body=CENTER, begin=day(12, 15))
    assert there.steps[-1].service_id == "sales-adviser"
    assert there.days["sales-adviser"] == (day(12, 15), None)
    remove_step(there.route, there.step("rd-subsidy").key, by=by, version=2)
    assert there.days["loan"][0] == day(11, 25)  # nothing it waits for is there any more, and that is said
    assert [one["code"] for one in there.step("loan").missing] == ["earlier_missing"]
    order = [one.service_id for one in there.steps]
    move_step(there.route, there.steps[1].key, by=by, version=3, up=True)
    assert [one.service_id for one in there.steps] == [order[1], order[0], *order[2:]]
    move_step(there.route, there.steps[0].key, by=by, version=4, up=False)
    assert [one.service_id for one in there.steps] == order
    assert [one.did for one in RouteVersion.objects.order_by("number")] == ["made", "added", "removed", "changed", "changed"]
    for version, count in ((5, 5), (6, 5), (7, 6), (8, 5)):  # back along the way one came
        undo(there.route, by=by, version=version)
        assert len(there.steps) == count
    assert there.days["rd-subsidy"] == (day(11, 25), day(1, 29, 2027))
    with refuses("nothing_to_undo"):
        undo(there.route, by=by, version=9)
    assert events("route.undone") == 4


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"service": "loan", "body": CENTER}, "no_provision", "provision"), ({"entry": "EQ1"}, "unknown_entry", "entry"),
        ({"begin": day(11, 24)}, "begin_past", "begin"), ({"service": "equipment-tests", "body": LAB, "entry": "EQ1"}, "step_there", "provision"),
        ({"begin": day(12, 5)}, "rule_advice", "override"),
    ],
)  # fmt: skip
def test_what_adding_is_refused_for(there: Routed, given: dict[str, Any], code: str, field: str) -> None:
    values: dict[str, Any] = {"need": first_need(there.case), "service": "sales-adviser", "body": CENTER}
    with refuses(code, field), transaction.atomic():
        add_step(there.route, by=there.world.desk, version=1, **(values | given))
    assert there.version == 1


def test_only_so_many_steps_and_only_for_open_needs_of_the_case(there: Routed) -> None:
    by, foreign = there.world.desk, first_need(there.case)
    Need.objects.filter(pk=foreign.pk).update(state="settled")
    with refuses("wrong_need", "need"), transaction.atomic():
        add_step(there.route, by=by, version=1, need=foreign, service="sales-adviser", body=CENTER)
    version = RouteVersion.objects.get()
    extra = [RouteStep(version=version, order=10 + n, need=foreign, service_id="sales-adviser", body_id=CENTER) for n in range(MOST_STEPS - 5)]
    RouteStep.objects.bulk_create(extra)
    with refuses("too_many_steps"), transaction.atomic():
        add_step(there.route, by=by, version=1, need=foreign, service="sales-adviser", body=CENTER)


def test_edges_of_removing_and_moving(there: Routed) -> None:
    by, keys = there.world.desk, [one.key for one in there.steps]
    for key, up in ((keys[0], True), (keys[-1], False)):
        with refuses("at_the_edge"):
            move_step(there.route, key, by=by, version=1, up=up)
    for act in (lambda: remove_step(there.route, uuid.uuid4(), by=by, version=1),
                lambda: move_step(there.route, uuid.uuid4(), by=by, version=1, up=True)):  # fmt: skip
        with refuses("step_gone"):
            act()
    for number, key in enumerate(keys[1:], 1):
        remove_step(there.route, key, by=by, version=number)
    with refuses("last_step"):
        remove_step(there.route, keys[0], by=by, version=5)


def test_replaced_after_a_no_and_planned_anew(there: Routed) -> None:
    old = there.step("tech-consultation")
    made = replace_step(there.route, old.key, by=there.world.desk, version=1, service="tech-consultation", body=CENTER, chosen=["次の機関"])
    new = there.step("tech-consultation")
    assert (made.did, new.body_id, new.chosen, new.order) == ("replanned", CENTER, ["次の機関"], old.order)
    assert new.key != old.key  # another support
    with refuses("no_provision", "provision"):
        replace_step(there.route, new.key, by=there.world.desk, version=2, service="tech-consultation", body=BANK)
    with refuses("step_gone"):
        replace_step(there.route, old.key, by=there.world.desk, version=2, service="tech-consultation", body=LAB)


def test_planned_anew_only_when_something_moves(there: Routed) -> None:
    with refuses("nothing_changed"):
        replan(there.route, by=there.world.desk, version=1)
    with clock.moved_to(clock.at(day(12, 21), 9)):  # the call is over, the course too
        replan(there.route, by=there.world.desk, version=1)
        assert there.days["rd-subsidy"] == (None, None)
        assert there.step("rd-subsidy").missing == [{"code": "no_window", "day": "2026-12-18"}]
        assert there.days["loan"] == (None, None)
    assert there.version == 2


def test_what_happened_counts_as_it_was(there: Routed) -> None:
    step = there.step("rd-subsidy")
    Support.objects.create(
        case=there.case, need_id=step.need_id, service_id="rd-subsidy", body_id=CENTER, state="done", made_at=clock.now(), asked_by_body_id=LAB,
        started_on=day(11, 20), done_on=day(12, 2),
    )  # fmt: skip
    replan(there.route, by=there.world.desk, version=1)
    assert there.days["rd-subsidy"] == (day(11, 20), day(12, 2))
    assert there.days["loan"] == (day(12, 3), day(12, 24))  # earlier than planned


def test_versions_are_never_changed(there: Routed) -> None:
    version = RouteVersion.objects.get()
    sending = RouteSending.objects.create(route=there.route, version=version, number=1, sent_at=clock.now(), sent_body_id=LAB)
    RouteAnswer.objects.create(sending=sending, agrees=True, answered_at=clock.now())
    _sent_step(sending, there.steps[0])
    changes = ((RouteVersion, {"words": "x"}), (RouteStep, {"order": 9}), (RouteSending, {"text": "x"}), (RouteSentStep, {"order": 9}), (RouteAnswer, {"agrees": False}))
    for model, change_ in changes:
        for act in (lambda model=model, change_=change_: model.objects.update(**change_), lambda model=model: model.objects.all()._raw_delete("default")):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                act()


def test_the_database_refuses_by_name(there: Routed) -> None:
    version = RouteVersion.objects.get()
    sending = RouteSending.objects.create(route=there.route, version=version, number=1, sent_at=clock.now(), sent_body_id=LAB)
    step = there.steps[0]
    _sent_step(sending, step)
    made = {"made_at": clock.now(), "made_body_id": LAB}
    refused: list[tuple[str, Any]] = [
        ("route_version_once", lambda: RouteVersion.objects.create(route=there.route, number=1, did="made", **made)),
        ("route_version_did", lambda: RouteVersion.objects.create(route=there.route, number=2, did="lost", **made)),
        ("route_version_stands_on_earlier", lambda: RouteVersion.objects.create(route=there.route, number=2, base=2, did="changed", **made)),
        ("route_step_once", lambda: _step(version, step, key=step.key)),
        ("route_step_ends_after_start", lambda: _step(version, step, begins_on=day(12, 2), ends_on=day(12, 1))),
        ("route_step_trained_told", lambda: _step(version, step, trained_on=day(12, 1))),
        ("route_sent_once", lambda: RouteSending.objects.create(route=there.route, version=version, number=1, sent_at=clock.now(), sent_body_id=LAB)),
        ("route_sent_step_once", lambda: _sent_step(sending, step)),
        ("route_sent_step_tells_no_meeting", lambda: _sent_step(sending, step, order=2, why=[{"code": "call"}, {"code": "put_to", "day": "2026-12-01"}])),
        ("route_sent_step_tells_no_meeting", lambda: _sent_step(sending, step, order=2, missing=[{"code": "no_meeting", "text": "会議"}])),
        ("route_answer_says_something", lambda: RouteAnswer.objects.create(sending=sending, agrees=False, answered_at=clock.now())),
    ]
    for name, act in refused:
        with pytest.raises(DatabaseError, match=name), transaction.atomic():
            act()


def _sent_step(sending: RouteSending, like: RouteStep, **more: Any) -> RouteSentStep:
    return RouteSentStep.objects.create(**{"sending": sending, "order": 1, "need": like.need, "service_id": like.service_id, "body_id": like.body_id} | more)


def _step(version: RouteVersion, like: RouteStep, **more: Any) -> RouteStep:
    return RouteStep.objects.create(version=version, order=9, need=like.need, service_id=like.service_id, body_id=like.body_id, **more)
