"""Begin the next plan, and take over what the plan before left open, in one act each."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.cases.actions.succession import left_open, may_take_over, take_over_cases
from renkei.desk.plan.forms import NextPlanForm
from renkei.desk.plan.views import find_plan
from renkei.desk.request import StaffRequest
from renkei.plan.rules import edits_plan
from renkei.plan.upcoming import begin_next, may_be_followed, upcoming


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


def begin(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Begin the plan that follows; who comes while one is prepared is led to it."""
    found = find_plan(plan)
    if not edits_plan(request.actor, found):
        raise PermissionDenied
    if there := upcoming(found):
        return redirect("desk-plan-edit", body=body, plan=there.pk)
    form = NextPlanForm(request.POST if request.method == "POST" else None, plan=found)
    if request.method == "POST" and form.is_valid():
        try:
            made = begin_next(found, form.head(), by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("次の計画の下書きを、いまの計画から写しました。公開するまで、だれの画面も変わりません。"))
            return redirect("desk-plan-edit", body=body, plan=made.pk)
    context = {"body": body, "plan": found, "form": form, "may": may_be_followed(found)}
    return render(request, "desk/plan/next.html", context, status=422 if form.errors else 200)
