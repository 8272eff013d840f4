"""A course stands before a machine only where it qualifies for it; where none does, the route says that it is missing [C57]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.routes import add_step, change_step, make_route, note_course_taken, replace_step, undo
from renkei.matching.courses import qualifies
from renkei.matching.models import Entry
from renkei.plan.models import Provision
from tests.cases.making import arrived, offered, refuses
from tests.cases.routing import NOON, Routed, candidate, catalogue, entry, plan, proposing
from tests.world import BANK, CENTER, LAB, World

USE = candidate("equipment-tests", LAB, ("EQ1", "equipment"))
PAST = NOON.date() - dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def made(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a route for a need the machine answers, over a catalogue with a gathering of the lab before its course."""
    plan(world)
    catalogue()
    window = {"kind": "course", "closes": dt.date(2026, 11, 27), "starts": dt.date(2026, 11, 30)}
    entry("EV0", "event", "events", LAB, window)
    for body in (LAB, CENTER):
        Provision.objects.get_or_create(plan=world.plan, service_id="events", body_id=body, defaults={"source": "both"})

    def make(*more: Any) -> Routed:
        proposing(monkeypatch, {"試験": [USE, *more]})
        case = arrived(world).case
        return Routed(world, case, make_route(case, by=world.desk))

    return make


def told(there: Routed) -> tuple[list[tuple[str, str]], list[str], bool]:
    """The steps, and of the machine what is missing and whether it waits for an earlier step."""
    machine = there.step("equipment-tests")
    return [(one.service_id, one.entry) for one in there.steps], [one["code"] for one in machine.missing], "after" in [one["code"] for one in machine.why]


@pytest.mark.covers("C57")
def test_a_gathering_of_the_same_body_is_no_course_for_the_machine(made: Any) -> None:
    assert told(made()) == ([("events", "EV1"), ("equipment-tests", "EQ1")], [], True)


@pytest.mark.covers("C57")
@pytest.mark.parametrize(
    "course",
    [
        {"facts": {}}, {"facts": {"qualifies_for": ["電波暗室"]}}, {"facts": {"qualifies_for": ["EQ"]}, "body_id": CENTER}, {"ends_on": PAST},
        {"withdrawn_on": PAST}, {"kept_by": "screen", "last_checked": dt.date(2020, 1, 1)}, {"service_id": "loan"},
    ],
    ids=["names nothing", "another kind", "another body's kind", "ended", "withdrawn", "not checked for years", "another service"],
)  # fmt: skip
def test_where_no_course_qualifies_the_route_says_that_it_is_missing(made: Any, world: World, course: dict[str, Any]) -> None:
    plan(world, catalogue={"check_months": {"event": 12}, "warn_days": 30})
    Entry.objects.filter(pk="EV1").update(**course)
    assert told(made()) == ([("equipment-tests", "EQ1")], ["course_missing"], False)


@pytest.mark.covers("C57")
@pytest.mark.parametrize("level", [None, 0, 1, 3])
def test_a_machine_that_anybody_may_use_or_beside_which_staff_stands_wants_no_course(made: Any, level: int | None) -> None:
    Entry.objects.filter(pk="EQ1").update(facts={"training_level": level, "days": 2})
    assert told(made()) == ([("equipment-tests", "EQ1")], [], False)


@pytest.mark.covers("C57")
def test_a_gathering_that_stands_in_the_route_is_not_waited_for(made: Any) -> None:
    there = made(candidate("events", LAB, ("EV0", "event")))
    assert told(there)[0] == [("events", "EV0"), ("events", "EV1"), ("equipment-tests", "EQ1")]
    assert there.step("equipment-tests").begins_on == dt.date(2026, 12, 9)  # the day after its own course
    Entry.objects.filter(pk="EV1").update(facts={})
    step = there.step("equipment-tests")
    change_step(there.route, step.key, by=there.world.desk, version=1, body=LAB, entry="EQ1", begin=dt.date(2026, 12, 1))
    assert told(there)[1:] == (["course_missing"], False)


@pytest.mark.covers("C57")
def test_a_step_without_an_event_is_left_to_people(made: Any) -> None:
    assert told(made(candidate("events", CENTER)))[:2] == ([("events", ""), ("equipment-tests", "EQ1")], ["waits"])  # its day is not known


@pytest.mark.parametrize(
    ("named", "body", "does"),
    [
        (["EQ1"], LAB, True), (["EQ1"], BANK, True), (["EQ"], LAB, False), (["恒温恒湿槽"], LAB, True), (["恒温恒湿槽"], BANK, False),
        (["旋盤", "恒温 恒湿槽"], LAB, True), (["ＨＯＴ"], LAB, True), (["槽"], LAB, False), (["恒温恒湿槽８００Ｌ型"], LAB, False), ([""], LAB, False),
        ([], LAB, False), (None, LAB, False), ("恒温恒湿槽", LAB, True), ([7], LAB, False),
    ],
)  # fmt: skip
def test_what_a_course_names(named: Any, body: str, does: bool) -> None:
    machine = Entry(pk="EQ1", name="大型恒温恒湿槽（Hot）", body_id=LAB)
    assert qualifies(Entry(pk="EV", body_id=body, facts={"qualifies_for": named}), machine) is does


def note(there: Routed, service: str = "equipment-tests", by: Any = None) -> None:
    note_course_taken(there.route, there.step(service).key, by=by or there.world.desk, version=there.version)


@pytest.mark.covers("C57")
def test_of_a_firm_that_has_had_the_course_no_machine_waits(made: Any) -> None:
    there = made()
    before = there.step("equipment-tests").begins_on
    note(there)
    assert told(there) == ([("equipment-tests", "EQ1")], [], False)
    step = there.step("equipment-tests")
    assert (step.trained_on, step.trained_by_id) == (NOON.date(), there.world.desk.person)
    assert step.begins_on < before
    undo(there.route, by=there.world.desk, version=there.version)
    assert told(there) == ([("events", "EV1"), ("equipment-tests", "EQ1")], [], True)
    assert there.step("equipment-tests").trained_on is None


@pytest.mark.covers("C57")
def test_a_missing_course_is_missed_no_more(made: Any) -> None:
    Entry.objects.filter(pk="EV1").update(withdrawn_on=PAST)
    there = made()
    assert told(there)[1] == ["course_missing"]
    note(there)
    assert told(there) == ([("equipment-tests", "EQ1")], [], False)


def test_it_is_a_course_for_this_machine(made: Any) -> None:
    """Another machine still waits, and keeps the course; the same step with another machine waits again."""
    entry("EQ2", "equipment", None, LAB, training_level=2)
    Entry.objects.filter(pk="EQ2").update(name="EQ1の名の2号機")
    there = made()
    first = there.step("equipment-tests")
    add_step(there.route, by=there.world.desk, version=there.version, need=first.need, service="equipment-tests", body=LAB, entry="EQ2")
    note(there)
    assert [(one.entry, "after" in [why["code"] for why in one.why]) for one in there.steps] == [("EV1", False), ("EQ1", False), ("EQ2", True)]
    change_step(there.route, first.key, by=there.world.desk, version=there.version, body=LAB, entry="", begin=first.set_begin, end=first.set_end)
    assert there.step("equipment-tests").trained_on is None


def test_a_course_that_somebody_was_asked_for_stays(made: Any) -> None:
    there = made()
    assert offered(there.world, case=there.case, service="events").need_id == there.step("events").need_id
    note(there)
    assert [one.entry for one in there.steps] == ["EV1", "EQ1"]
    assert told(there)[2] is False


def test_of_what_waits_for_no_course_none_is_noted(made: Any) -> None:
    there = made(candidate("tech-consultation", LAB))
    note(there)
    for service in ("tech-consultation", "equipment-tests"):
        with refuses("no_course"):
            note(there, service)
    with refuses("not_allowed"):
        note(there, by=there.world.bank)


@pytest.mark.parametrize("entry_code", ["LOOSE", "SEED"])
def test_an_entry_without_a_service_fits_what_the_plan_gives_its_kind_and_no_other(made: Any, entry_code: str) -> None:
    """The list to choose from says the same; what is posted is not of the list."""
    entry("LOOSE", "equipment", None, LAB)
    entry("SEED", "seed", None, None)
    there = made(candidate("tech-consultation", LAB))
    wrong, right = there.step("tech-consultation"), there.step("equipment-tests")

    def change(step: Any, code: str) -> None:
        change_step(there.route, step.key, by=there.world.desk, version=there.version, body=LAB, entry=code, begin=step.set_begin, end=step.set_end)

    with refuses("unknown_entry", "entry"):
        change(wrong, entry_code)
    with refuses("unknown_entry", "entry"):
        add_step(there.route, by=there.world.desk, version=there.version, need=wrong.need, service="loan", body=BANK, entry=entry_code)
    with refuses("unknown_entry", "entry"):
        replace_step(there.route, wrong.key, by=there.world.desk, version=there.version, service="tech-consultation", body=LAB, entry=entry_code)
    change(right, "LOOSE")
    assert there.step("equipment-tests").entry == "LOOSE"
