"""The status page behind the private link: who holds it, what happens next, what is shown to whom."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from renkei.portal.status.door import DoorRequest, door_of
from renkei.portal.status.page import status_page
from renkei.post.models import LinkPurpose


@require_safe
def status(request: DoorRequest, **where: Any) -> HttpResponseBase:
    """Show where the case stands. A draft's link leads back to the form."""
    if "token" in where and request.link.purpose == LinkPurpose.DRAFT:
        return redirect("public-draft", token=where["token"], step=1)
    return render(request, "portal/status/status.html", status_page(request, door_of(request, where)))
