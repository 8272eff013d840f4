"""Noon of one day, and a region with queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renkei.base import clock
from tests.research.making import NOON, with_queues
from tests.world import World


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_queues(world)
