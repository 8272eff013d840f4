"""What every template may ask for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the actor, the acting membership (staff pages) and whether this is the fictional region."""
    return {
        "actor": getattr(request, "actor", None),
        "membership": getattr(request, "membership", None),
        "is_example": settings.RENKEI_EXAMPLE,
    }
