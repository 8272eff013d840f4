"""Addresses on the firm's pages: the same page is reached by a private link and by an account."""

from __future__ import annotations

from typing import Any

from django import template

from renkei.cases.models import Case

register = template.Library()


@register.simple_tag(takes_context=True)
def door(context: dict[str, Any], act: str = "", **more: Any) -> str:
    """Return the address of an act on the shown case, through the door the reader came by."""
    return str(context["door"].url(act, **more))


@register.simple_tag(takes_context=True)
def door_to(context: dict[str, Any], case: Case) -> str:
    """Return the address of another case of the firm."""
    return str(context["door"].to(case).url())
