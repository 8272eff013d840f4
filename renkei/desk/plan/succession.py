"""Take over what the plan before left open, in one act."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.cases.actions.succession import left_open, may_take_over, take_over_cases
from renkei.desk.plan.views import find_plan
from renkei.desk.request import StaffRequest


def take_over(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Show the open cases of the plan before; a POST takes all of them over."""
    found = find_plan(plan)
    if not may_take_over(request.actor, found):
        raise PermissionDenied
    problem = ""
    if request.method == "POST":
        try:
            count = take_over_cases(found, by=request.actor)
        except Refused as refusal:
            problem = refusal.message
        else:
            messages.success(request, _("%(n)s件の案件を引き継ぎました。番号、主担当、次の一手はそのままです。") % {"n": count})
            return redirect("desk-plan-of", body=body, plan=plan)
    cases = left_open(found, request.actor).select_related("holder", "company").order_by("next_on", "number")
    context = {"body": body, "plan": found, "cases": list(cases), "problem": problem}
    return render(request, "desk/plan/succession.html", context, status=422 if problem else 200)
