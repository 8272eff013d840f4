"""Coordinators of the made-up region."""

from __future__ import annotations

import datetime as dt
from typing import Any

from renkei.base import clock
from renkei.plan.models import PlanVersion
from renkei.research.actions.logging import Line
from tests.world import CONTENT, World

TODAY = dt.date(2026, 11, 25)  # a Wednesday
NOON = clock.at(TODAY, 12)
WITH_QUEUES: dict[str, Any] = CONTENT | {
    "vocabularies": CONTENT["vocabularies"] | {"activities": [
        {"code": "visit", "name": "訪ねた"}, {"code": "bridge", "name": "橋渡し"}, {"code": "paper", "name": "書類"},
    ]},
    "queues": [
        {"code": "matching", "name": "マッチング", "stages": ["1"], "services": ["events"]},
        {"code": "funds", "name": "資金", "stages": ["2"], "services": ["rd-subsidy"]},
        {"code": "progress", "name": "進み", "stages": ["3"]},
        {"code": "commercial", "name": "事業化", "stages": ["4"]},
    ],
}  # fmt: skip


def with_queues(world: World) -> World:
    """Publish a plan that knows queues and kinds of activity."""
    PlanVersion.objects.create(plan=world.plan, number=2, content=WITH_QUEUES, published_at=clock.now())
    return world


def line(**more: Any) -> Line:
    given: dict[str, Any] = {"words": "測れる所を尋ねた", "minutes": 30, "kind": "visit"}
    return Line(**given | more)
