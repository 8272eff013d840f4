"""One deed on many cases: tried first with nothing changed, then done to each that still stands as it was shown."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.cases.actions import bulk
from renkei.cases.actions.bulk import Assign, Close, Step, do_all, try_all
from renkei.cases.models import Case, Transition
from renkei.plan.queries import add_business_days
from renkei.post.models import Mail
from tests.cases.lettering import colleague
from tests.cases.making import events, fresh, refuses
from tests.desk.scene import arrived, running
from tests.world import World

END = Close("solved", "終わった。", needs="settled")


def several(world: World) -> list[Case]:
    """Two with the desk, and one the lab holds with a support under way."""
    return [arrived(world).case, arrived(world, "有限会社浦島製網").case, running(world).case]


def shown(cases: list[Case]) -> dict[uuid.UUID, int]:
    return {one.pk: fresh(one).version for one in cases}


def problems(outcomes: list[Any]) -> list[bool]:
    return [bool(one.problem) for one in outcomes]


def test_a_trial_changes_nothing(world: World) -> None:
    cases = several(world)
    before = (Transition.objects.count(), Mail.objects.count(), shown(cases), events("case.close"))
    outcomes = try_all(cases, END, by=world.desk)
    assert problems(outcomes) == [False, False, True]
    assert "終わっていない支援が1件あります。" in outcomes[2].problem
    assert (Transition.objects.count(), Mail.objects.count(), shown(cases), events("case.close")) == before


def test_a_trial_says_what_the_deed_then_does(world: World) -> None:
    cases = several(world)
    for order in (Assign(world.people["hibari-desk"].pk), Step("電話する", on=clock.today() + dt.timedelta(days=9)), END):
        tried = [one.problem for one in try_all(cases, order, by=world.desk)]
        done = [one.problem for one in do_all(cases, order, by=world.desk, versions=shown(cases))]
        assert tried == done
    assert [fresh(one).state for one in cases] == ["closed", "closed", "active"]
    assert (events("case.close"), events("case.bulk")) == (2, 3)


def test_a_second_press_does_nothing_more(world: World) -> None:
    cases = several(world)[:2]
    versions = shown(cases)
    order = Step("電話する", later=3)
    assert problems(do_all(cases, order, by=world.desk, versions=versions)) == [False, False]
    days = [fresh(one).next_on for one in cases]
    again = do_all(cases, order, by=world.desk, versions=versions)
    assert [one.problem for one in again] == ["確かめたあとに変わりました。案件を開いて確かめてください。"] * 2
    assert ([fresh(one).next_on for one in cases], events("case.bulk"), events("case.next_step")) == (days, 1, 2)


def test_what_was_not_in_the_summary_is_left(world: World) -> None:
    cases = several(world)[:2]
    assert problems(do_all(cases, END, by=world.desk, versions=shown(cases[:1]))) == [False, True]


def test_days_are_counted_from_each_ones_own(world: World) -> None:
    one, two = several(world)[:2]
    late, ahead = clock.today() - dt.timedelta(days=30), add_business_days(clock.today(), 5)
    Case.objects.filter(pk=one.pk).update(next_on=late, next_step="返事を書く")
    Case.objects.filter(pk=two.pk).update(next_on=ahead)
    do_all([fresh(one), fresh(two)], Step(later=2), by=world.desk, versions=shown([one, two]))
    assert (fresh(one).next_on, fresh(one).next_step) == (add_business_days(clock.today(), 2), "返事を書く")
    assert fresh(two).next_on == add_business_days(ahead, 2)


def test_who_moves_and_the_telephone_stay(world: World) -> None:
    one = several(world)[0]
    Case.objects.filter(pk=one.pk).update(next_kind="call", next_phone="000-111-2222")
    do_all([fresh(one)], Step("かけ直す", on=clock.today()), by=world.desk, versions=shown([one]))
    assert (fresh(one).next_kind, fresh(one).next_phone, fresh(one).next_step, fresh(one).next_on) == ("call", "000-111-2222", "かけ直す", clock.today())


def test_each_is_asked_whether_the_actor_may(world: World) -> None:
    cases = several(world)
    helper = colleague("二番")
    assert problems(try_all(cases, Assign(helper.person or uuid.uuid4()), by=world.desk)) == [False, False, True]
    assert problems(try_all(cases, END, by=world.bank)) == [True, True, True]


@pytest.mark.parametrize("act", [lambda cases, by: try_all(cases, END, by=by), lambda cases, by: do_all(cases, END, by=by, versions={})])
def test_refusals_of_the_whole(world: World, act: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = several(world)
    with refuses("nobody"):
        act([], world.desk)
    with refuses("not_allowed"):
        act(cases, GUEST)
    monkeypatch.setattr(bulk, "MOST_CASES", 2)
    with refuses("too_many"):
        act(cases, world.desk)


def test_nothing_done_leaves_no_event(world: World) -> None:
    cases = several(world)
    do_all(cases, END, by=world.desk, versions={})
    assert (events("case.bulk"), [fresh(one).is_open for one in cases]) == (0, [True] * 3)


def test_under_the_real_login(committed_world: World, login: Any) -> None:
    world = committed_world
    cases = several(world)
    versions = shown(cases)
    with login("web"):
        with acting(world.desk):
            assert problems(try_all(cases, END, by=world.desk)) == [False, False, True]
            assert all(one.is_open for one in Case.objects.all())
            assert problems(do_all(cases, END, by=world.desk, versions=versions)) == [False, False, True]
    assert [fresh(one).is_open for one in cases] == [False, False, True]
