"""Loading does without savepoints; where somebody is refused something meanwhile, it goes on from the beginning with them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from renkei.base.refusal import Refused
from renkei.example import load
from renkei.example.cast import Cast
from renkei.plan.models import Body
from tests.world import World


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], list[bool]]:
    """Load nothing but what ``play`` does; returns whether savepoints were made at each go."""

    def put(play: Callable[[], None]) -> list[bool]:
        goes: list[bool] = []

        def played(_cast: Cast) -> None:
            goes.append(connection.features.uses_savepoints)
            play()

        for name in ("load_catalogue", "_deliver"):
            monkeypatch.setattr(load, name, lambda: None)
        monkeypatch.setattr(load, "gather", Cast)
        monkeypatch.setattr(load, "_play", played)
        return goes

    return put


@transaction.atomic
def _refuse() -> None:
    Body.objects.update(name="消える")
    raise Refused("できません。", "x")


def _a_clock_is_refused() -> None:
    with contextlib.suppress(Refused):
        _refuse()
    assert Body.objects.exists()


def test_it_goes_without_savepoints_and_leaves_them_on(world: World, short: Any) -> None:
    goes = short(lambda: None)
    assert load.load_example(lambda _text: None) == 0
    assert (goes, connection.features.uses_savepoints) == ([False], True)


def test_a_refusal_meanwhile_costs_a_second_go_and_nothing_of_the_first_stays(world: World, short: Any) -> None:
    goes = short(_a_clock_is_refused)
    said: list[str] = []
    assert load.load_example(said.append) == 0
    assert (goes, connection.features.uses_savepoints) == ([False, True], True)
    assert not Body.objects.filter(name="消える").exists()
    assert said[:3] == said[3:] != []


def test_what_fails_otherwise_fails_at_once(world: World, short: Any) -> None:
    def fail() -> None:
        raise ValueError("no such plot")

    goes = short(fail)
    with pytest.raises(ValueError, match="no such plot"):
        load.load_example(lambda _text: None)
    assert (goes, connection.features.uses_savepoints) == ([False], True)
