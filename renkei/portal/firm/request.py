"""What a request of a signed-in person of a firm carries (set by the middleware from the firm in the URL)."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from renkei.base.actor import Actor
from renkei.companies.models import CompanyAccess


class FirmRequest(HttpRequest):
    """A request with its actor and the account by which the person acts for the firm."""

    actor: Actor
    access: CompanyAccess
    htmx: HtmxDetails
