"""A scene that is laid again is the scene that was played; and it is played where anything could differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.cases.models import Case
from renkei.companies.models import Company
from renkei.plan.models import Body
from tests import ground
from tests.cases.making import fresh, offered, steps
from tests.desk.scene import NOW, Scene, asked, running
from tests.world import DESK, World


@pytest.fixture
def playing() -> tuple[Callable[..., Scene], list[str]]:
    """The scene under a memory of its own, and what was played."""
    played: list[str] = []

    def play(world: World, **more: Any) -> Scene:
        played.append(str(more))
        return asked.__wrapped__(world, **more)  # type: ignore[attr-defined]

    return ground.again(play), played


def undone(world: World, scene: Callable[..., Any], look: Callable[[Any], Any], **more: Any) -> Any:
    """What ``look`` sees of a scene, which is taken back: the next one finds the bare region."""
    world.is_untouched = lambda: True
    with transaction.atomic():
        seen = look(scene(world, **more))
        transaction.set_rollback(True)
    return seen


def whole(scene: Any) -> Any:
    del scene
    return {table: lines for table, lines in ground._all_rows().items() if table != "plan_planversion"}


def shape(scene: Scene) -> Any:
    """What is the same however often it is played: no ids, no secrets."""
    rows = {table: len(lines) for table, lines in ground._all_rows().items()}
    supports = [(one.service_id, one.body_id, one.state, one.leaves_at) for one in scene.supports]
    return rows, steps(scene.case), supports, [one.title for one in scene.needs], scene.case.next_step, scene.case.next_on, scene.world.desk


def test_the_third_is_laid_and_is_row_by_row_what_the_second_wrote(world: World, playing: tuple[Any, list[str]]) -> None:
    scene, played = playing
    with clock.moved_to(NOW):
        first = undone(world, scene, shape)
        second = undone(world, scene, lambda made: (whole(made), shape(made), made.case.pk))
        assert len(played) == 2
        third = undone(world, scene, lambda made: (whole(made), shape(made), made.case.pk))
        assert len(played) == 2
    assert third == second
    assert third[1] == first
    assert {"cases_case": 1, "cases_need": 2, "cases_support": 2}.items() <= first[0].items()
    assert len(first[1]) > 4


def test_another_moment_other_words_and_what_was_played_long_ago_are_played(
    world: World, playing: tuple[Any, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, played = playing
    with clock.moved_to(NOW):
        for _time in range(3):
            undone(world, scene, whole)
        undone(world, scene, whole, left=False)
    with clock.moved_to(NOW + dt.timedelta(minutes=1)):
        undone(world, scene, whole)
    assert played == ["{}", "{}", "{'left': False}", "{}"]
    for _time in range(3):
        undone(world, scene, whole)  # by the real clock, a moment later
    assert len(played) == 6
    monkeypatch.setattr(ground, "_FRESH_SECONDS", 0.0)
    undone(world, scene, whole)
    assert len(played) == 7


def test_whatever_was_written_patched_or_set_before_is_noticed(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.is_untouched()
    assert Body.objects.filter(pk=DESK).exists()
    with transaction.atomic():
        assert Case.objects.count() == 0
    assert world.is_untouched()
    assert ground._is_bare(world)
    with monkeypatch.context() as patch:
        patch.setattr(ground, "_FRESH_SECONDS", 1.0)
    assert ground._is_bare(world)
    settings.RENKEI_ADDRESS = "https://hibari.example"
    assert not ground._is_bare(world)


def test_one_patch_is_enough(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "_FRESH_SECONDS", 1.0)
    assert not ground._is_bare(world)


def test_one_row_written_is_enough(world: World) -> None:
    Body.objects.filter(pk=DESK).update(phone="0471-00-0002")
    assert not ground._is_bare(world)


def test_on_committed_data_everything_is_played(committed_world: World, playing: tuple[Any, list[str]]) -> None:
    scene, played = playing
    with clock.moved_to(NOW):
        made = scene(committed_world)
    assert len(played) == 1
    assert Case.objects.get() == made.case


def test_what_changes_a_row_of_the_region_is_never_laid(world: World) -> None:
    played = []

    def play(world: World) -> str:
        played.append(Company.objects.create(name="まぼろし計測", entered_by_id=DESK, entered_at=clock.now()))
        return str(Body.objects.filter(pk=DESK).update(phone="0471-00-0002"))

    scene = ground.again(play)
    with clock.moved_to(NOW):
        assert [undone(world, scene, lambda made: (made, Company.objects.count(), Body.objects.get(pk=DESK).phone)) for _time in range(4)] == [
            ("1", 1, "0471-00-0002")] * 4  # fmt: skip
    assert len(played) == 4


def test_what_was_laid_goes_on_as_what_was_played(world: World) -> None:
    """Scenes upon scenes, and single rows: the next act finds what it needs."""
    with clock.moved_to(NOW):
        told = [undone(world, running, lambda made: [fresh(one).state for one in made.supports]) for _time in range(4)]
        assert told == [["accepted", "declined"]] * 4
        support = [undone(world, offered, lambda made: (made.state, made.case.number, fresh(made.case).state)) for _time in range(4)]
    assert support == [support[0]] * 4
