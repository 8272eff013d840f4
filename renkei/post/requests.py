"""Requests that came through a private link: each page accepts the purposes it was made for, the rest is not found."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from renkei.base.actor import Actor
from renkei.post.links import OpenLink


class LinkRequest(HttpRequest):
    """A request with the actor and the open link the middleware found."""

    actor: Actor
    link: OpenLink
    htmx: HtmxDetails


class GuestRequest(HttpRequest):
    """A request of anybody."""

    actor: Actor
    htmx: HtmxDetails


def require_purpose(request: LinkRequest, *purposes: str) -> None:
    """Raise Http404 when the link was made for something else: foreign and missing look the same."""
    if request.link.purpose not in purposes:
        raise Http404
