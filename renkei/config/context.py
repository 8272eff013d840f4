"""What every template may ask for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from renkei.accounts.queries import first_members
from renkei.example.files import PASSWORD
from renkei.plan.front_desk import desk_facts
from renkei.public.guide.topics import topic_of


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the actor, the acting membership (staff pages) and whether this is the fictional region."""
    return {
        "actor": getattr(request, "actor", None),
        "membership": getattr(request, "membership", None),
        "is_example": settings.RENKEI_EXAMPLE,
        "outside_providers": settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"],
        **(_example_people() if settings.RENKEI_EXAMPLE else {}),
    }


def front_desk(_request: HttpRequest) -> dict[str, Any]:
    """Return ``desk``, read only when a template asks for it."""
    return {"desk": SimpleLazyObject(desk_facts)}


def guide(request: HttpRequest) -> dict[str, Any]:
    """Return where the guide explains this page: its topic, or the list."""
    match = getattr(request, "resolver_match", None)
    topic = topic_of(match.url_name or "") if match else None
    return {"guide_url": reverse("public-guide-topic", kwargs={"topic": topic.slug}) if topic else reverse("public-guide")}


def _example_people() -> dict[str, Any]:
    """Return who may be signed in as by one click; asked of the database only by the page that shows it."""
    return {"example_people": SimpleLazyObject(first_members), "example_password": PASSWORD}
