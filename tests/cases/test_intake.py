"""A consultation arrives."""

from __future__ import annotations

from typing import Any

from renkei.cases.models import Case
from renkei.plan.models import Body
from tests.world import DESK, World


def test_world_stands(world: World) -> None:
    assert Body.objects.count() == 4
    assert not Case.objects.exists()
    assert world.desk.body == DESK


def test_real_login_sees_nothing_without_actor(committed_world: World, login: Any) -> None:
    with login("web"):
        assert list(Case.objects.all()) == []
        assert Body.objects.count() == 4
