"""Who may see what, over all cases of the firm."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renkei.plan.front_desk import desk_facts
from renkei.portal.firm.page import cases_of
from renkei.portal.firm.request import FirmRequest
from renkei.portal.status.door import Door
from renkei.portal.status.openings import opened, read_by
from renkei.portal.status.page import shown_to
from renkei.portal.status.words import class_words

PER_PAGE = 10


@require_safe
def sight(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show, a case at a time, which body may see what, what was taken back, and what is a rule."""
    cases = cases_of(company, request.actor).select_related("received_by").order_by("closed_at", "-arrived_at")
    page = Paginator(cases, PER_PAGE).get_page(request.GET.get("page"))
    desk = desk_facts().body
    rows = [
        {
            "case": case,
            "takers": sorted({one.name for one in (case.received_by, desk if case.at_desk else None) if one}),
            "shown": [row for row in shown_to(case, request.actor) if not row.is_inside],
            "openings": opened(case, request.actor),
            "readings": read_by(case, request.actor)[:20],
            "door": Door(case, company=company),
            "standing": class_words(case.standing_classes),
        }
        for case in page
    ]
    return render(request, "portal/firm/sight.html", {"rows": rows, "page": page})
