"""What a request of a member of staff carries (set by the middleware from the body in the URL)."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from renkei.accounts.models import Membership
from renkei.base.actor import Actor


class StaffRequest(HttpRequest):
    """A request with its actor and the membership in whose name the person acts."""

    actor: Actor
    membership: Membership
    htmx: HtmxDetails
