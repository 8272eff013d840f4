"""The status page behind the private link: who holds it, what happens next, what is shown to whom."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from renkei.portal.status.page import status_page
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose


@require_safe
def status(request: LinkRequest, token: str) -> HttpResponseBase:
    """Show where the case stands. A draft's link leads back to the form."""
    if request.link.purpose == LinkPurpose.DRAFT:
        return redirect("public-draft", token=token, step=1)
    require_purpose(request, LinkPurpose.STATUS)
    return render(request, "portal/status/status.html", status_page(request, token))
