"""One story of each plot, played on two occasions: the same cases come out, shifted in time and in nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.cases.models import Case, Consent, Support, Transition
from renkei.example import load
from renkei.example.catalogue import shifted
from renkei.example.files import rows
from renkei.example.plots import PLOTS
from renkei.plan.commands import publish_built_in
from tests.cases.making import arrived
from tests.world import World

MORNING = clock.at(dt.date(2026, 11, 25), 11)
WEEKS = dt.timedelta(weeks=1)


@pytest.fixture
def one_of_each(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """The first story of each plot, without the catalogue, which is loaded elsewhere."""
    publish_built_in()
    first = {row["plot"]: row for row in reversed(list(rows("stories.jsonl")))}
    assert set(first) == set(PLOTS)
    monkeypatch.setattr(load, "rows", lambda _name: iter(first.values()))
    monkeypatch.setattr(load, "load_catalogue", lambda: 0)


def told() -> list[Any]:
    """What came out, without ids and moments."""
    cases = [(one.number, one.title, one.state, one.holder_id, one.next_step, one.next_kind, one.close_reason, one.result)
             for one in Case.objects.order_by("number")]  # fmt: skip
    supports = list(Support.objects.order_by("case__number", "service", "body", "made_at").values_list("service", "body", "state"))
    consents = sorted(Consent.objects.values_list("case__number", "body", "klass", "how"))
    steps = sorted(Transition.objects.values_list("case__number", "verb", "from_state", "to_state"))
    return [cases, supports, consents, steps]


@pytest.fixture
def played(one_of_each: None) -> list[list[Any]]:
    """What came out of two loadings at the same moment, the first taken back."""
    outcomes = []
    for _time in range(2):
        with clock.moved_to(MORNING), transaction.atomic():
            assert load.load_example(lambda _line: None) == len(PLOTS)
            outcomes.append(told())
            transaction.set_rollback(True)
    return outcomes


def test_two_loadings_tell_the_same(played: list[list[Any]]) -> None:
    first, second = played
    assert first == second
    assert len(first[0]) == len(PLOTS)


def test_an_error_in_a_story_leaves_an_empty_home(one_of_each: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_scene: Any) -> Iterator[dt.datetime]:
        raise ZeroDivisionError
        yield

    monkeypatch.setitem(PLOTS, "own", breaks)
    with clock.moved_to(MORNING), pytest.raises(ZeroDivisionError):
        load.load_example(lambda _line: None)
    assert (Case.objects.count(), Transition.objects.count()) == (0, 0)


def test_a_home_with_a_case_is_left_alone(world: World) -> None:
    arrived(world)
    people = Person.objects.count()
    said: list[str] = []
    assert load.load_example(said.append) == 0
    assert (said, Case.objects.count(), Person.objects.count()) == ([], 1, people)


@pytest.mark.parametrize("weeks", [-1, 0, 1, 5, 52])
@pytest.mark.parametrize("day", ["2026-11-26T13:30:00", "2027-04-12", "2026-12-31", "2028-02-29"])
def test_a_day_of_the_files_keeps_its_weekday_whenever_it_is_loaded(weeks: int, day: str) -> None:
    written = dt.date.fromisoformat(day[:10])
    for later in range(7):
        with clock.moved_to(MORNING + weeks * WEEKS + dt.timedelta(days=later)):
            moved = shifted(day)
        assert moved == written + weeks * WEEKS
        assert moved is not None
        assert moved.weekday() == written.weekday()


@pytest.mark.parametrize(
    ("days_ago", "turn", "now"),
    [(days, turn, now) for days in (0, 1, 3, 200) for turn in (0, 6, 8) for now in (MORNING, clock.at(dt.date(2027, 1, 2), 9), clock.at(dt.date(2026, 5, 4), 23))],
)  # fmt: skip
def test_a_story_begins_before_now_in_the_hours_of_an_office(world: World, days_ago: int, turn: int, now: dt.datetime) -> None:
    with clock.moved_to(now):
        start = load._start(days_ago, turn, clock.now())
        assert start < clock.now()
        if days_ago:
            assert 9 <= start.astimezone(clock.JST).hour < 17
            assert load.add_business_days(start.date() - dt.timedelta(days=1), 1) == start.date()
