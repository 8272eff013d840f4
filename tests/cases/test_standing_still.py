"""Cases that stand still and first answers that come late: told once, on the right day, to the right people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import merge_cases
from renkei.cases.actions.talk import log_contact, write_to_company
from renkei.cases.actions.triage import keep_case
from renkei.cases.jobs import ClockReport, run_clocks
from renkei.cases.models import Case, Transition
from renkei.cases.steps import NextStep
from renkei.plan.models import Body, PlanVersion
from renkei.plan.queries import add_business_days
from renkei.post.models import Nudge
from tests.cases.making import NOON, arrived, company, events, fresh, mails, said, steps
from tests.cases.test_clocks import run_on
from tests.cases.test_lists_agree import given_case
from tests.storm.racing import at_once
from tests.world import CENTER, CONTENT, LAB, World

TODAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def kept(world: World, on: dt.date = TODAY, kind: str = "work") -> Case:
    return keep_case(arrived(world).case, by=world.desk, next_step=NextStep("待つ", on, kind=kind))


def is_first_told_on(day: dt.date) -> None:
    """The clocks tell of an idle case on ``day``: not the day before, when all that was due until then would have been told."""
    assert [run_on(one).idle for one in (day - dt.timedelta(days=1), day)] == [0, 1]


class TestIdle:
    @pytest.mark.parametrize(
        ("start", "told"),
        [
            (dt.date(2026, 6, 1), dt.date(2026, 6, 30)),  # twenty business days lie between, the day after is told
            (dt.date(2026, 11, 25), dt.date(2026, 12, 24)),
            (dt.date(2026, 12, 14), dt.date(2027, 1, 19)),  # over the closure at the year's end and a holiday
            (dt.date(2027, 4, 20), dt.date(2027, 5, 25)),  # over the holidays of May
            (dt.date(2028, 2, 10), dt.date(2028, 3, 14)),  # over a leap day and two holidays
        ],
    )
    def test_after_the_plans_business_days(self, world: World, start: dt.date, told: dt.date) -> None:
        with clock.moved_to(clock.at(start)):
            kept(world, start)
        is_first_told_on(told)
        assert add_business_days(told, -20) > start >= add_business_days(told, -21)

    def test_the_plan_says_how_long(self, world: World) -> None:
        content = {**CONTENT, "clocks": {**CONTENT["clocks"], "idle": {"business_days": 3}}}
        PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
        kept(world)
        is_first_told_on(dt.date(2026, 12, 1))
        assert "3営業日" in Nudge.objects.get(kind="idle").words

    @pytest.mark.parametrize("ahead", [0, 1])
    def test_a_step_that_still_lies_ahead_is_no_standstill(self, world: World, ahead: int) -> None:
        day = dt.date(2027, 3, 1)
        kept(world, day + dt.timedelta(days=ahead))
        assert run_on(day).idle == 1 - ahead

    def test_whatever_moves_starts_the_count_anew(self, world: World) -> None:
        case = kept(world)
        with clock.moved_to(clock.at(dt.date(2026, 12, 23))):
            log_contact(case, by=world.desk, channel="phone", text="話した")
        assert run_on(dt.date(2026, 12, 24)).idle == 0
        is_first_told_on(dt.date(2027, 1, 28))

    def test_told_once_until_a_new_step_is_set(self, world: World) -> None:
        case = kept(world)
        assert [run_on(dt.date(2027, 2, day)).idle for day in (1, 1, 2, 26)] == [1, 0, 0, 0]
        with clock.moved_to(clock.at(dt.date(2027, 2, 26))):
            set_next_step(case, NextStep("聞く", dt.date(2027, 2, 26)), by=world.desk)
        assert fresh(case).idle_told_at is None
        assert [run_on(dt.date(2027, 3, day)).idle for day in (29, 30)] == [0, 1]

    @pytest.mark.parametrize("ended", ["closed", "merged"])
    def test_what_has_ended_rests_and_what_is_taken_up_counts_again(self, world: World, ended: str) -> None:
        known = company()
        one, two = (arrived(world, company=known).case for _turn in range(2))
        for case in (one, two):
            keep_case(case, by=world.desk, next_step=NextStep("待つ", dt.date(2027, 6, 1)))
        if ended == "merged":
            merge_cases(one, two, by=world.desk)
            assert run_on(dt.date(2027, 3, 1)).idle == 0
            return
        close_case(two, by=world.desk, reason="solved", words="済")
        assert run_on(dt.date(2027, 3, 1)).idle == 0
        with clock.moved_to(clock.at(dt.date(2027, 3, 1))):
            reopen_case(two, by=world.desk, reason="また")
        assert run_on(dt.date(2027, 4, 1)).idle == 1

    def test_a_case_without_any_step_on_record_is_not_taken_for_idle(self, world: World) -> None:
        given_case(world, next_on=TODAY - dt.timedelta(days=200))
        assert run_on(TODAY).idle == 0

    def test_the_holder_is_told_and_the_step_is_on_record(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        with clock.moved_to(clock.at(dt.date(2027, 2, 1))):
            run_clocks()
        assert mails("idle") == [("hibari-lab@people.example", "waiting")]
        step = Transition.objects.get(case=case, verb="idle")
        assert (step.actor_kind, step.about_body, step.happened_on) == ("system", LAB, dt.date(2027, 2, 1))
        assert (fresh(case).version, events("case.idle")) == (case.version, 1)


class TestLateAnswer:
    def test_the_day_itself_is_in_time_and_the_next_is_late(self, world: World) -> None:
        case = arrived(world).case
        assert [run_on(case.next_on + dt.timedelta(days=n)).late for n in (-1, 0, 1, 2) if case.next_on] == [0, 0, 1, 0]

    def test_a_weekend_after_the_day_is_late_already(self, world: World) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 11, 25))):
            arrived(world)
        assert run_on(dt.date(2026, 11, 28)).late == 1

    def test_holder_elsewhere_and_desk_are_both_told(self, world: World) -> None:
        receive(said(), by=world.center, body=Body.objects.get(pk=CENTER), to_desk=False)
        run_on(dt.date(2026, 12, 1))
        assert mails("late") == [("hibari-center@people.example", "waiting"), ("hibari-desk@hibari.example", "waiting")]

    def test_an_answer_ends_it_and_a_letter_of_the_firm_begins_it_anew(self, world: World) -> None:
        case = arrived(world).case
        with clock.moved_to(clock.at(dt.date(2026, 12, 2))):
            assert run_clocks().late == 1
            write_to_company(case, by=world.desk, text="遅くなりました")
            assert fresh(case).next_kind == "choose"
            assert run_clocks() == ClockReport()

    def test_of_many_each_is_told_once_whoever_runs_first(self, committed_world: World, login: Any) -> None:
        world = committed_world
        for _turn in range(3):
            arrived(world)

        def run() -> ClockReport:
            with clock.moved_to(clock.at(dt.date(2026, 12, 1))):
                return run_clocks()

        with login("worker"):
            reports = at_once((world.desk, run), (world.desk, run))
        assert sum(report.late for report in reports) == 3
        assert len(mails("late")) == 3
        assert [steps(case)[-1] for case in Case.objects.all()] == [("silent", "", "")] * 3

    def test_nothing_is_due_in_an_empty_house(self, world: World) -> None:
        assert run_clocks() == ClockReport()
        assert run_clocks().total == 0
