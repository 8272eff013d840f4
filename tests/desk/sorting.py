"""The triage page as the desk works on it: a consultation that can be sent, and what a browser posts."""

from __future__ import annotations

import re
from typing import Any

from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case
from tests.desk.pages import address, client, said
from tests.desk.scene import SUMMARY, arrived
from tests.world import DESK, World

SUBSIDY, TESTS, ADVICE = "p1-rd-subsidy-hibari-center", "p2-equipment-tests-hibari-lab", "p2-tech-consultation-hibari-lab"


def ready(world: World) -> Case:
    """A consultation with a summary the firm has seen; summary and technical matters are open in general."""
    case = arrived(world).case
    set_summary(case, title="水質計を発売したい", summary=SUMMARY, by=world.desk, seen=True)
    return Case.objects.get(pk=case.pk)


def url(case: Case, body: str = DESK, name: str = "desk-triage") -> str:
    return address(name, body, case=case.pk)


def page(world: World, case: Case, body: str = DESK) -> str:
    answer = client(world, body).get(url(case, body))
    assert answer.status_code == 200
    return said(answer)


def line(key: str, **more: Any) -> dict[str, Any]:
    """What a browser posts for a ticked line."""
    typed = {"ask": "よろしくお願いします", "due_on": "", "classes": ["technical"]} | more
    return {f"{key}-{name}": value for name, value in typed.items()}


def post(world: World, case: Case, do: str, *keys: str, body: str = DESK, **more: Any) -> Any:
    typed: dict[str, Any] = {"do": do, "version": Case.objects.get(pk=case.pk).version, "pick": list(keys)}
    for key in keys:
        typed |= line(key)
    return client(world, body).post(url(case, body), typed | more)


def boxes(text: str) -> list[str]:
    """The lines that can be ticked."""
    return re.findall(r'name="pick" value="([^"]+)"', text)


def ticks(text: str) -> list[str]:
    """The lines that are ticked."""
    return re.findall(r'name="pick" value="([^"]+)" data-body="[^"]+" checked', text)
