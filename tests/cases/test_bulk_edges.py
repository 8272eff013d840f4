"""One deed on many cases at its edges: mixed states, others' cases, hostile words, who left, and the whole trace [C31]."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from renkei.accounts.models import Membership
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.refusal import Refused
from renkei.cases.actions import bulk
from renkei.cases.actions.bulk import Assign, Close, Step, do_all, try_all
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case, Transition
from tests.cases.making import NOON, arrived, fresh, need_of, offered
from tests.cases.test_saved_views import colleague
from tests.cases.trying import kept, tried
from tests.world import World

DONE = Close("solved", "済んだ", result="solved", needs="settled")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def versions(*cases: Case) -> dict[uuid.UUID, int]:
    return {case.pk: fresh(case).version for case in cases}


def mixed(world: World) -> list[Case]:
    """Ready to end; with an open need; with an open request; already ended."""
    plain, needing, asking = arrived(world).case, arrived(world).case, offered(world).case
    ended = arrived(world).case
    need_of(needing, world)
    close_case(ended, by=world.desk, reason="solved", words="済", result="solved", needs="settled")
    return [fresh(one) for one in (plain, needing, asking, ended)]


def test_each_case_is_told_by_itself_and_the_trial_says_what_the_deed_then_does(world: World) -> None:
    cases = mixed(world)
    order = Close("solved", "済んだ", result="solved")
    before = kept(Case)
    tried_ = try_all(cases, order, by=world.desk)
    assert kept(Case) == before
    did = do_all(cases, order, by=world.desk, versions=versions(*cases))
    assert [one.problem for one in did] == [one.problem for one in tried_]
    assert [bool(one.problem) for one in did] == [False, True, True, True]
    assert [fresh(one).state for one in cases] == ["closed", *[case.state for case in cases[1:]]]
    event = Event.objects.get(verb="case.bulk")
    assert event.verb == "case.bulk"
    assert all(one.problem.endswith("。") for one in did if one.problem)


def test_what_one_case_refuses_leaves_no_half_written_row(world: World) -> None:
    cases = mixed(world)
    untouched = {one.pk: Case.objects.filter(pk=one.pk).values().get() for one in cases[1:]}
    steps = Transition.objects.exclude(case=cases[0]).count()
    do_all(cases, Close("solved", "済んだ", result="solved"), by=world.desk, versions=versions(*cases))
    assert {one.pk: Case.objects.filter(pk=one.pk).values().get() for one in cases[1:]} == untouched
    assert Transition.objects.exclude(case=cases[0]).count() == steps


@pytest.mark.parametrize("by", [GUEST, SYSTEM])
def test_only_signed_staff_begin(world: World, by: Any) -> None:
    case = arrived(world).case
    for act in (lambda: try_all([case], DONE, by=by), lambda: do_all([case], DONE, by=by, versions=versions(case))):
        assert tried(act, Case) == "not_allowed"


def test_no_case_and_too_many_are_refused_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [arrived(world).case for _number in range(3)]
    assert tried(lambda: try_all([], DONE, by=world.desk), Case) == "nobody"
    monkeypatch.setattr(bulk, "MOST_CASES", 2)
    assert tried(lambda: do_all(cases, DONE, by=world.desk, versions=versions(*cases)), Case) == "too_many"
    assert tried(lambda: do_all(cases[:2], DONE, by=world.desk, versions=versions(*cases)), Case) == "ok"


def test_somebody_else_was_quicker(world: World) -> None:
    one, two = arrived(world).case, arrived(world).case
    seen = versions(one, two)
    need_of(one, world)
    Case.objects.filter(pk=one.pk).update(version=seen[one.pk] + 1)
    did = do_all([one, two], Step("訪ねる", on=dt.date(2026, 12, 1)), by=world.desk, versions=seen)
    assert [one_.problem for one_ in did] == ["確かめたあとに変わりました。案件を開いて確かめてください。", ""]
    again = do_all([one, two], Step("訪ねる", on=dt.date(2026, 12, 1)), by=world.desk, versions=seen)
    assert [bool(one_.problem) for one_ in again] == [True, True]  # the second press is an old summary for both
    assert Event.objects.filter(verb="case.bulk").count() == 1


def test_one_case_named_twice_is_done_once(world: World) -> None:
    case = arrived(world).case
    did = do_all([case, case], Step("訪ねる", on=dt.date(2026, 12, 1)), by=world.desk, versions=versions(case))
    assert [bool(one.problem) for one in did] == [False, True]


@pytest.mark.parametrize("who", ["nobody", "another body", "left", "comes later"])
def test_nobody_is_assigned_who_is_not_there(world: World, who: str) -> None:
    case, other = arrived(world).case, colleague()
    before = Case.objects.filter(pk=case.pk).values().get()
    person = {"nobody": uuid.uuid4(), "another body": world.lab.person}.get(who, other.person)
    if who == "left":
        Membership.objects.filter(person_id=other.person).update(since=dt.date(2026, 4, 1), until=dt.date(2026, 11, 24))
    if who == "comes later":
        Membership.objects.filter(person_id=other.person).update(since=dt.date(2026, 11, 26))
    assert person is not None
    (outcome,) = try_all([case], Assign(person), by=world.desk)
    assert outcome.problem
    (outcome,) = do_all([case], Assign(person), by=world.desk, versions=versions(case))
    assert outcome.problem
    assert Case.objects.filter(pk=case.pk).values().get() == before
    assert not Event.objects.filter(verb="case.bulk").exists()


@pytest.mark.parametrize(
    ("order", "day"),
    [
        (Step(later=1), dt.date(2026, 12, 2)), (Step(later=0, on=dt.date(2027, 4, 1)), dt.date(2027, 4, 1)),
        (Step(later=25), dt.date(2027, 1, 12)), (Step(on=dt.date(2026, 11, 25)), dt.date(2026, 11, 25)),
    ],
)  # fmt: skip
def test_days_pass_over_the_end_of_the_year_and_the_closed_days(world: World, order: Step, day: dt.date) -> None:
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(next_on=dt.date(2026, 12, 1), next_step="電話する")
    (outcome,) = do_all([fresh(case)], order, by=world.desk, versions=versions(case))
    assert outcome.problem == ""
    after = fresh(case)
    assert (after.next_step, after.next_on.year, after.next_on.month) == ("電話する", day.year, day.month)


@pytest.mark.parametrize("order", [Step("訪ねる", on=dt.date(2026, 11, 24)), Step("訪ねる", on=dt.date(2040, 1, 1)),
                                   Close("unknown", "済"), Close("solved", "", result="solved"), Close("solved", "済", result="magic")])  # fmt: skip
def test_an_order_that_makes_no_sense_changes_nothing(world: World, order: bulk.Order) -> None:
    case = arrived(world).case
    before = Case.objects.filter(pk=case.pk).values().get()
    try:
        outcomes = do_all([case], order, by=world.desk, versions=versions(case))
    except Refused as refused:
        outcomes = [bulk.Outcome(case, refused.message)]
    assert [bool(one.problem) for one in outcomes] == [True]
    assert Case.objects.filter(pk=case.pk).values().get() == before
