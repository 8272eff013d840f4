"""The status page behind the private link: who holds it, what happens next, what is shown to whom."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from renkei.portal.status.door import Door, DoorRequest, door_of
from renkei.portal.status.openings import opened, read_by
from renkei.portal.status.page import status_page
from renkei.post.models import LinkPurpose


def _page(request: DoorRequest, door: Door) -> dict[str, Any]:
    """Add whom it is opened to by name, and who read it: shown when the page is looked at, not beside a form that failed."""
    people = {"openings": opened(door.case, request.actor), "readings": read_by(door.case, request.actor)}
    return status_page(request, door) | people


@require_safe
def status(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Show where the case stands. A draft's link leads back to the form."""
    if "token" in where and request.link.purpose == LinkPurpose.DRAFT:
        return redirect("public-draft", token=where["token"], step=1)
    return render(request, "portal/status/status.html", _page(request, door_of(request, where)))
