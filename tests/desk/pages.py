"""A staff page as a member of a body sees it, and where its sentences stand."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from tests.world import DESK, World

HOSTILE = '"><script>alert(1)</script>'


def client(world: World, body: str = DESK) -> Client:
    """The first member of a body, signed in."""
    one = Client()
    one.force_login(world.people[body])
    return one


def address(name: str, body: str = DESK, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def said(answer: Any) -> str:
    return str(answer.content.decode())


def seen(world: World, name: str, body: str = DESK, given: Any = None, **more: Any) -> str:
    """The page, which must be there."""
    answer = client(world, body).get(address(name, body, **more), given)
    assert answer.status_code == 200
    return said(answer)


def fault(answer: Any, name: str) -> str:
    """The sentence beside a field; empty when there is none."""
    found = re.search(rf'class="err[^"]*" id="id_{name}_error">([^<]+)<', said(answer))
    return found.group(1) if found else ""


def part(text: str, start: str, end: str) -> str:
    """What stands between two marks of a page."""
    begin = text.index(start)
    return text[begin : text.index(end, begin)]
