"""The one register of URLs: pattern, audience, object rule, whether it changes state.

There is no other way to add a URL. The middleware refuses a request whose match is not in the register, the build
fails on one that is not, and the permission matrix in ``tests/`` walks what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpResponseBase
from django.urls import URLPattern, path


class Audience(StrEnum):
    """Who a URL is for."""

    PUBLIC = "public"
    LINK = "link"  # whoever holds the signed link in the URL (argument ``token``)
    PERSON = "person"  # anyone signed in
    COMPANY = "company"  # a signed-in person with a current account of the firm in the URL (argument ``company``)
    STAFF = "staff"  # a current member of the body in the URL (argument ``body``)


@dataclass(frozen=True, slots=True)
class Route:
    """One URL. ``rule`` says in words which object it shows to whom; ``changes`` allows POST."""

    pattern: str
    name: str
    audience: Audience
    rule: str
    changes: bool


_register: dict[str, Route] = {}


def route(
    pattern: str,
    view: Callable[..., HttpResponseBase],
    *,
    name: str,
    audience: Audience,
    rule: str = "",
    changes: bool = False,
    **extra: Any,
) -> URLPattern:
    """Register a URL and return its Django pattern. Raises ValueError when the name is taken by another pattern."""
    entry = Route(pattern=pattern, name=name, audience=audience, rule=rule, changes=changes)
    if name in _register and _register[name] != entry:
        raise ValueError(f"two URLs are named {name}")
    _register[name] = entry
    return path(pattern, view, kwargs=extra or None, name=name)


def find(name: str | None) -> Route | None:
    """Return the registered route of that name."""
    return _register.get(name or "")


def all_routes() -> Iterator[Route]:
    """Yield every registered route in the order of registration."""
    yield from _register.values()
