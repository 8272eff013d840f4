"""The plan for staff: the figure with the supports that run, targets against results; every number opens (P5)."""

from __future__ import annotations

import re
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.base.text import clean_text
from renkei.cases.actions.succession import left_open, may_take_over
from renkei.cases.models import Case, RegionalProject, Support
from renkei.cases.models.support import SupportQuerySet
from renkei.cases.states import AT_WORK, WAITING_FOR_ANSWER
from renkei.desk.request import StaffRequest
from renkei.plan import reading
from renkei.plan.models import Body, Plan, Service
from renkei.plan.queries import current_plan, is_front_desk, plan_content, published_plans
from renkei.plan.rules import edits_plan
from renkei.plan.upcoming import may_be_followed, upcoming
from renkei.reporting.figures import BY_CODE, PROJECTS
from renkei.reporting.queries import count

PER_PAGE = 50


def plan_page(request: StaffRequest, body: str, plan: str | None = None) -> HttpResponse:
    """Show the figure with open supports, and targets against results for the front desk, which sees every case."""
    found = find_plan(plan)
    content = plan_content(found)
    sees_all = is_front_desk(body)
    counted = _running(request.actor, found).order_by().values_list("service_id", "body_id").annotate(Count("pk"))
    results = _by_year(found) if sees_all else None
    lines = reading.targets(content, results)
    context: dict[str, Any] = {
        "plan": found,
        "term": reading.term_words(found),
        "figure": reading.figure(content, reading.day_of(found), {(one, two): n for one, two, n in counted}),
        "counted": True,
        "sees_all": sees_all,
        "targets": lines,
        "target_total": sum(line.count for line in lines),
        "result_total": sum((results or {}).values()),
        "parties": content.section("parties"),
        "notes": content.section("notes"),
        "others": [one for one in published_plans() if one != found],
        "may_edit": (may_edit := edits_plan(request.actor, found)),
        "upcoming": upcoming(found) if may_edit else None,
        "may_be_followed": may_edit and may_be_followed(found),
        "wraps_up": sees_all and FiscalYear.of(found.term_to).first_day <= clock.today(),
        "left_open": left_open(found, request.actor).count() if may_take_over(request.actor, found) else 0,
    }
    return render(request, "desk/plan/plan.html", context)


def supports(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Show the supports behind a number of the figure."""
    found = find_plan(plan)
    service = Service.objects.filter(pk=clean_text(request.GET.get("service", ""))[:40]).first()
    provider = Body.objects.filter(pk=clean_text(request.GET.get("by", ""))[:40]).first()
    rows = _running(request.actor, found).select_related("case", "service__stage", "body", "need").order_by("due_on", "made_at")
    if service:
        rows = rows.filter(service=service)
    if provider:
        rows = rows.filter(body=provider)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    ids = [row.case_id for row in page]
    seen = set(Case.objects.visible_to(request.actor).filter(pk__in=ids).values_list("pk", flat=True))
    title = "　".join(str(part) for part in (provider, service) if part) or _("すべての機関と支援")
    return render(
        request,
        "desk/plan/supports.html",
        {"plan": found, "page": page, "seen": seen, "title": title, "body": body},
    )


def results(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Show the regional projects behind a result; ``years`` is a set of fiscal years such as 2018-2019."""
    found = find_plan(plan)
    years = [int(part) for part in request.GET.get("years", "")[:60].split("-") if re.fullmatch(r"[1-9][0-9]{3}", part)]
    rows = RegionalProject.objects.visible_to(request.actor).filter(plan=found).select_related("company", "field")
    if years:
        rows = rows.filter(counted_fiscal_year__in=years)
    projects = rows.prefetch_related("bodies", "cases")
    return render(request, "desk/plan/results.html", {"plan": found, "projects": projects, "years": years, "body": body})


def find_plan(code: str | None) -> Plan:
    """Return the published plan of that code (the running one without a code). Raises Http404."""
    if code is None:
        code = current_plan().pk
    plan = next((plan for plan in published_plans() if plan.pk == code), None)
    if plan is None:
        raise Http404
    return plan


def _running(actor: Actor, plan: Plan) -> SupportQuerySet:
    found: SupportQuerySet = Support.objects.visible_to(actor)
    return found.filter(case__plan=plan, state__in=WAITING_FOR_ANSWER | AT_WORK)


def _by_year(plan: Plan) -> dict[int, int]:
    """Return how many projects count in each year of the plan's targets, by the one definition there is [C40]."""
    aimed = {year for one in plan_content(plan).targets for year in one.fiscal_years}
    if not aimed:
        return {}
    result = count(BY_CODE[PROJECTS], FiscalYear(min(aimed)), FiscalYear(max(aimed)), as_of=clock.now())
    return {int(year): len(result.number(split=year).records) for year in result.splits}
