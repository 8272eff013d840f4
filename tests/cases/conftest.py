"""What several files of these tests begin with: a route, a letter that waits for its approvers, an index of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Letter
from renkei.matching import index
from tests.cases.lettering import colleague, letter, letters_plan
from tests.cases.making import NOON
from tests.cases.routing import Routed, routed
from tests.desk.scene import running
from tests.world import World


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    """A case the desk took, with a route made from the proposal."""
    return routed(world, monkeypatch)


@pytest.fixture
def draft(world: World) -> Letter:
    """A draft of the desk's that a manager and then its writer decide on."""
    letters_plan({"code": "reply", "steps": ["manager", ""]})
    return letter(world, running(world).case)


@pytest.fixture
def two(world: World) -> tuple[Actor, Actor]:
    """A manager and a colleague of the desk."""
    return colleague("一番", role="manager"), colleague("二番")


@pytest.fixture
def index_at_noon(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Noon of the test's day, and an index that no other test has written."""
    settings.RENKEI_HOME = tmp_path
    index.forget()
    with clock.moved_to(NOON):
        yield
    index.forget()
