"""Firms: list, page, profile, people."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.refusal import Refused
from renkei.cases.actions import intake
from renkei.cases.actions.reading import read_cases
from renkei.cases.models import Case, Consultation, Contact
from renkei.cases.rules import runs_case
from renkei.cases.states import CaseState
from renkei.companies.actions import (
    add_person,
    mark_distinct,
    profile_mark,
    register_company,
    update_company,
)
from renkei.companies.industries import class_of
from renkei.companies.models import Company, Merge, PastContact
from renkei.companies.queries import company_size, possible_duplicates, successor_of
from renkei.desk.companies.forms import CompanyForm, PersonForm, first_values, others_saved, show_refusal
from renkei.desk.companies.numbers import looking
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now, is_front_desk

PER_PAGE = 50
FEW_CONTACTS = 20


@require_safe
def companies(request: StaffRequest, body: str) -> HttpResponse:
    """List the firms the body knows, by reading, or those that a word finds."""
    find = request.GET.get("q", "").strip()[:100]
    seen = Company.objects.visible_to(request.actor).standing().select_related("municipality")
    if find:
        seen = seen.matching(find)
    page = Paginator(seen.order_by("kana", "name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/companies/list.html", {"page": page, "find": find, "body": body})


def company(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Show a firm: profile, people, the cases one may see; write down another person."""
    seen = Company.objects.visible_to(request.actor).filter(withdrawn_at__isnull=True)
    found = seen.select_related("municipality", "entered_by").filter(pk=company).first()
    if found is None or found.merged_into_id:
        if successor := successor_of(company, actor=request.actor):
            messages.info(request, _("この会社は、%(name)sにまとめてあります。") % {"name": successor.name})
            return redirect("desk-company", body=body, company=successor.pk)
        found = get_object_or_404(Company, pk=found.pk if found else uuid.UUID(int=0))
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            add_person(found, **form.cleaned_data, by=request.actor)
        except Refused as refusal:
            show_refusal(form, refusal)
        else:
            messages.success(request, _("%(name)s様を書き加えました。") % {"name": form.cleaned_data["name"]})
            return redirect("desk-company", body=body, company=found.pk)
    cases = Case.objects.visible_to(request.actor).filter(company=found).select_related("holder")
    talks = Contact.objects.visible_to(request.actor).filter(case__company=found, corrected_by__isnull=True)
    contacts = list(talks.select_related("case", "author_body", "author").order_by("-happened_at")[:FEW_CONTACTS])
    read_cases([one.case_id for one in contacts], by=request.actor, classes=[one.klass for one in contacts])
    page = {
        "company": found,
        "people": found.people.filter(left_on__isnull=True),
        "left": found.people.filter(left_on__isnull=False, withdrawn_at__isnull=True),
        "sites": found.sites.select_related("municipality"),
        "formers": found.formers.all(),
        "size": company_size(found),
        "industry": class_of(found.jsic_code),
        "bodies": found.sights.filter(ended_on__isnull=True).select_related("body").order_by("body__order"),
        "contacts": contacts,
        "past": PastContact.objects.visible_to(request.actor).filter(company=found).select_related("body")[:FEW_CONTACTS],
        "channels": {term.code: term.name for term in content_now().vocabulary("channels")},
        "cases": list(cases.order_by("-arrived_at")[:100]),
        "form": form,
        "merges": Merge.objects.visible_to(request.actor).standing().filter(into=found).select_related("done_by", "done_body"),
        "is_desk": is_front_desk(body),
    }
    return render(request, "desk/companies/company.html", page, status=422 if form.errors else 200)


def company_edit(request: StaffRequest, body: str, company: uuid.UUID) -> HttpResponse:
    """Change the profile."""
    found = get_object_or_404(Company.objects.visible_to(request.actor).filter(withdrawn_at__isnull=True), pk=company)
    if look := looking(request):
        return render(request, "desk/companies/edit.html", look | {"company": found})
    form, theirs = CompanyForm(request.POST or None, initial=first_values(found), actor=request.actor), []
    if request.method == "POST" and form.is_valid():
        try:
            update_company(found, form.profile(), by=request.actor, seen=form.cleaned_data["seen"])
        except Refused as refusal:
            if refusal.code == "changed_meanwhile":
                theirs = others_saved(form, found)
                form.data = request.POST.copy()
                form.data["seen"] = profile_mark(found)  # looked at now: saving again is meant
            show_refusal(form, refusal)
        else:
            messages.success(request, _("会社の記録を直しました。"))
            return redirect("desk-company", body=body, company=found.pk)
    page = {"form": form, "company": found, "theirs": theirs}
    return render(request, "desk/companies/edit.html", page, status=422 if form.errors else 200)


def company_new(request: StaffRequest, body: str) -> HttpResponse:
    """Register a firm, from nothing or from what a case says; a firm that looks the same is shown first."""
    case = _case_to_bind(request)
    if case is not None and case.company_id:  # pressed twice, or an old page: the first press did it
        return redirect(_where_from(case), body=body, case=case.pk)
    if look := looking(request):
        return render(request, "desk/companies/edit.html", look | {"case": case})
    form = CompanyForm(request.POST or None, initial=_said_already(request, case), actor=request.actor)
    alike = []
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        alike = possible_duplicates(
            name=data["name"], corporate_number=data["corporate_number"], phone=data["phone"], email=data["email"],
            actor=request.actor,
        )  # fmt: skip
        made = _register(request, form, case, [one.company for one in alike]) if data["anyway"] or not alike else None
        alike = [] if data["anyway"] else alike
        if made is not None:
            messages.success(request, _("会社を登録しました。"))
            if case is not None:
                return redirect(_where_from(case), body=body, case=case.pk)
            return redirect("desk-company", body=body, company=made.pk)
    page = {"form": form, "alike": alike, "case": case}
    return render(request, "desk/companies/edit.html", page, status=422 if form.errors or alike else 200)


def _register(request: StaffRequest, form: CompanyForm, case: Case | None, others: list[Company]) -> Company | None:
    """Register the firm; ``others`` are those it was said not to be, which nobody has to say again."""
    try:
        with transaction.atomic():
            made = register_company(form.profile(), by=request.actor)
            for one in others:
                if one != made:
                    mark_distinct(made, one, by=request.actor)
            if case is not None:
                intake.bind_company(case, made, by=request.actor)
    except Refused as refusal:
        show_refusal(form, refusal)
        return None
    return made


def _case_to_bind(request: StaffRequest) -> Case | None:
    wanted = request.GET.get("case")
    if not wanted:
        return None
    try:
        key = uuid.UUID(wanted)
    except ValueError:
        return None
    case = get_object_or_404(Case.objects.visible_to(request.actor), pk=key)
    if not runs_case(request.actor, case):
        raise PermissionDenied
    return case


def _where_from(case: Case) -> str:
    """Return the page on which somebody was who registers the firm of a case: they are sorting it, or at work on it."""
    return "desk-triage" if case.state == CaseState.ARRIVED else "desk-case"


def _said_already(request: StaffRequest, case: Case | None) -> dict[str, Any]:
    if case is None:
        return {}
    said = Consultation.objects.visible_to(request.actor).filter(case=case).first()
    return {
        "name": case.company_given,
        "phone": said.phone if said else "",
        "email": said.email if said else "",
        "representative": said.person_given if said else "",
    }
