"""The plan for everyone: as people know it, as its figure, in the order of the document, and the list of plans."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renkei.base.language import in_house_language
from renkei.documents.pdf import pdf_of
from renkei.documents.sending import sent_file
from renkei.plan import reading
from renkei.plan.models import Plan
from renkei.plan.printing import plan_blocks
from renkei.plan.queries import current_plan, plan_content, published_plans


def plan_page(request: HttpRequest, plan: str | None = None) -> HttpResponse:
    """Show a plan: head, fields, parties, targets, meetings, indicators, units, networks, contradictions."""
    return render(request, "public/plan/plan.html", reading.page(_plan(plan)))


def figure_page(request: HttpRequest, plan: str | None = None) -> HttpResponse:
    """Show the plan's figure: stages, services and bodies."""
    return render(request, "public/plan/figure.html", _figure(_plan(plan)))


def document_page(request: HttpRequest, plan: str) -> HttpResponse:
    """Show the plan in the order and the words of its document, to be printed on A4 [C98]."""
    found = _plan(plan)
    context = reading.page(found)
    return render(request, "public/plan/document.html", context | {"document": plan_content(found).section("document")})


@require_safe
def document_pdf(request: HttpRequest, plan: str) -> HttpResponse:  # noqa: ARG001  the same for everybody
    """Return the plan as the A4 document it came from [C98]."""
    found = _plan(plan)
    with in_house_language():
        data = pdf_of(plan_blocks(found), title=found.title)
    return sent_file(data, f"keikaku-{found.pk}.pdf", is_shown=True)


def plan_list(request: HttpRequest) -> HttpResponse:
    """Show all plans, the running one first."""
    plans = published_plans()
    rows = [(plan, reading.term_words(plan), plan.is_running()) for plan in plans]
    return render(request, "public/plan/list.html", {"rows": sorted(rows, key=lambda row: not row[2])})


def _plan(code: str | None) -> Plan:
    if code is None:
        return current_plan()
    plan = next((plan for plan in published_plans() if plan.pk == code), None)
    if plan is None:
        raise Http404
    return plan


def _figure(plan: Plan) -> dict[str, Any]:
    content = plan_content(plan)
    return {
        "plan": plan,
        "term": reading.term_words(plan),
        "figure": reading.figure(content, reading.day_of(plan)),
        "parties": content.section("parties"),
        "notes": content.section("notes"),
    }
