"""The firm's own start: its cases, what it is asked, and which firms one acts for."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from renkei.cases.states import CaseState
from renkei.portal.firm.page import cases_of, firm_cases, open_follow_ups
from renkei.portal.firm.request import FirmRequest

PER_PAGE = 20


@require_safe
def firms(request: HttpRequest) -> HttpResponse:
    """List the firms the signed-in person acts for; who has one only goes straight to it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT company, name, role FROM my_firms()")
        rows = [{"company": company, "name": name, "is_admin": role == "admin"} for company, name, role in cursor.fetchall()]
    if len(rows) == 1 and "choose" not in request.GET:
        return redirect("portal-home", company=rows[0]["company"])
    return render(request, "portal/firm/firms.html", {"firms": rows})


@require_safe
def home(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show every open case; the closed ones stand in the archive."""
    cases = cases_of(company, request.actor)
    closed = cases.filter(state=CaseState.CLOSED)
    page = {
        "cases": firm_cases(cases.exclude(state=CaseState.CLOSED), request.actor),
        "closed": closed.count(),
        "waiting": firm_cases(cases.to_rate().filter(satisfaction__isnull=True)[:5], request.actor),
    }
    page["follow_ups"] = open_follow_ups(company, request.actor)
    return render(request, "portal/firm/home.html", page)


@require_safe
def archive(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show what has ended, newest first."""
    closed = cases_of(company, request.actor).filter(state=CaseState.CLOSED).order_by("-closed_at")
    page = Paginator(closed, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "portal/firm/archive.html", {"page": page})


@require_safe
def questions(request: FirmRequest, company: uuid.UUID) -> HttpResponse:
    """Show everything the firm is asked, over all cases, in one list."""
    rows = firm_cases(cases_of(company, request.actor).exclude(state=CaseState.CLOSED), request.actor)
    page = {"cases": [row for row in rows if row.asked], "follow_ups": open_follow_ups(company, request.actor)}
    return render(request, "portal/firm/questions.html", page)
