"""The example's coordinators in a small region: who plays, what they leave behind, week by week, over the year's end, and twice alike."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.cases.actions.answers import decline
from renkei.cases.models import Case, Gap, GapSource
from renkei.example.cast import Cast
from renkei.example.coordinators import coordinate
from renkei.example.scene import phrases
from renkei.matching.models import Entry
from renkei.plan.models import Body, PlanVersion
from renkei.research.models import Activity, ActivityReport, Bridge, BridgeStep
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered
from tests.research.making import WITH_QUEUES
from tests.world import CENTER, DESK, World

TODAY = NOON.date()
PLACED: dict[str, Any] = WITH_QUEUES | {"posts": [{"post": "coordinator", "body": CENTER}]}


def cast_of(world: World) -> Cast:
    return Cast({body: [(dt.date(2024, 4, 1), world.actor(body))] for body in world.people}, {}, Body.objects.in_bulk())


def region(world: World, content: dict[str, Any] | None = None) -> Cast:
    """A coordinator in the center, a case of hers, a seed, and a need of the desk that was declined."""
    PlanVersion.objects.create(plan=world.plan, number=2, content=content or PLACED, published_at=clock.now())
    Membership.objects.filter(body_id=CENTER).update(role="coordinator")
    with clock.moved_to(clock.at(TODAY - dt.timedelta(weeks=13), 9)):
        case = arrived(world).case
        need_of(case, world, title="薄い板の反り")
        Case.objects.filter(pk=case.pk).update(holder_id=CENTER, at_desk=False)
        decline(offered(world), by=world.lab, reason="no_equipment")
    for number in range(5):
        Entry.objects.create(id=f"S-{number}", kind="seed", name=f"シーズ{number}", owner_name="架空大学", kept_by="screen", text_hash="x")
    return cast_of(world)


def play(cast: Cast, today: dt.date = TODAY) -> list[dt.datetime]:
    """Move the clock to every moment the story names, as the loader does."""
    moments = []
    with clock.moved_to(clock.at(today, 9)):
        story = coordinate(cast, today)
    while True:
        with clock.moved_to(moments[-1] if moments else clock.at(today, 9)):
            moment = next(story, None)
        if moment is None:
            return moments
        moments.append(moment)


def test_she_logs_every_week_and_nobody_else_does(world: World) -> None:
    moments = play(region(world))
    assert (len(moments), moments == sorted(moments), moments[-1] < NOON) == (13, True, True)
    lines = set(Activity.objects.values_list("body_id", "person_id"))
    assert (Activity.objects.count(), lines, events("activity.log")) == (12, {(CENTER, world.people[CENTER].pk)}, 12)
    assert set(Activity.objects.values_list("kind", flat=True)) == {"visit", "bridge", "paper"}
    assert set(Activity.objects.values_list("words", flat=True)) <= set(phrases()["coordinators"]["lines"])
    assert len(set(Activity.objects.values_list("written_at", flat=True))) == 12


def test_a_bridge_comes_to_something_one_to_nothing_and_one_goes_on(world: World) -> None:
    play(region(world))
    said = phrases()["coordinators"]
    assert {(one.state, one.result) for one in Bridge.objects.all()} == {("came", said["came"]), ("failed", said["failed"]), ("tried", ""), ("talked", "")}
    assert set(BridgeStep.objects.filter(state="tried").values_list("words", flat=True)) == {said["tried"]}
    assert BridgeStep.objects.filter(state="tried").count() == Bridge.objects.count() == events("bridge.start")


def test_every_month_that_ended_was_tabled_with_its_numbers(world: World) -> None:
    play(region(world))
    found = {one.month: (one.state, one.counted["lines"], one.counted["begun"]) for one in ActivityReport.objects.all()}
    lines = {month: Activity.objects.filter(day__year=2026, day__month=month.month).count() for month in found}
    tried = {month: BridgeStep.objects.filter(state="tried", on__month=month.month).count() for month in found}
    assert found == {month: ("tabled", lines[month], tried[month]) for month in (dt.date(2026, 9, 1), dt.date(2026, 10, 1))}
    assert [one for one in ActivityReport.objects.all() if "狐火" in one.text] == []


def test_what_was_missing_is_said_of_the_need_that_was_declined(world: World) -> None:
    play(region(world))
    row = phrases()["coordinators"]["missing"][0]
    assert list(Gap.objects.values_list("kind", "what", "words", "said_body_id")) == [(row["kind"], row["what"], row["words"], DESK)]
    assert GapSource.objects.get().need.supports.get().state == "declined"


def test_the_years_end_makes_no_difference(world: World) -> None:
    today = dt.date(2027, 1, 20)
    moments = play(region(world), today)
    assert (len(moments), Activity.objects.count()) == (13, 12)
    assert {one.year for one in moments} == {2026, 2027}
    assert {(one.month.year, one.month.month) for one in ActivityReport.objects.all()} >= {(2026, 11), (2026, 12)}


@pytest.mark.parametrize("posts", [[], [{"post": "coordinator", "body": "nobody-knows"}], [{"post": "adviser", "body": CENTER}]])
def test_without_a_post_or_anybody_in_it_nothing_is_played(world: World, posts: list[dict[str, str]]) -> None:
    assert play(region(world, PLACED | {"posts": posts})) == []
    assert (Activity.objects.count(), Bridge.objects.count(), Gap.objects.count(), ActivityReport.objects.count()) == (0, 0, 0, 0)


def test_without_seeds_or_needs_the_log_goes_on_and_no_bridge_is_built(world: World) -> None:
    cast = region(world)
    Entry.objects.all().delete()
    play(cast)
    assert (Activity.objects.count(), Bridge.objects.count()) == (12, 0)


def test_a_case_she_holds_is_named_in_her_lines_and_no_other(world: World) -> None:
    play(region(world))
    held = Case.objects.get(holder_id=CENTER)
    assert set(Activity.objects.values_list("case_id", flat=True)) == {None, held.pk}
    assert fresh(held).state != "closed"
