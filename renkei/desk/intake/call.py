"""The call screen: find the firm while the caller talks, save with one sentence, say the number aloud."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import MOST_WORDS, close_case
from renkei.cases.actions.consents import give_consent, set_standing
from renkei.cases.actions.intake import Received, Said, receive
from renkei.cases.models import Case
from renkei.cases.rules import runs_case
from renkei.cases.steps import NextStep
from renkei.companies.actions import know_company
from renkei.companies.models import Company, CompanyPerson
from renkei.companies.queries import Hit, lookup
from renkei.desk.intake.fields import Moment
from renkei.desk.intake.forms import ANSWERED, BACK, NOT_OURS, ROUTE, CallForm, chosen_company, people_of
from renkei.desk.request import StaffRequest
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk

CLOSE_REASON = {ANSWERED: "solved", NOT_OURS: "not_ours"}


@dataclass(frozen=True, slots=True)
class Found:
    """A firm found, with its open cases counted and its last case."""

    hit: Hit
    open_count: int
    last: Case | None

    @property
    def company(self) -> Company:
        """Return the firm."""
        return self.hit.company


def call(request: StaffRequest, body: str) -> HttpResponse:
    """Take a call. Searching, choosing and every error keep what was typed."""
    if request.method == "POST" and request.POST.get("do") != "find":
        form = CallForm(request.POST, actor=request.actor)
        if form.is_valid() and (received := _save(request, form)):
            case = Case.objects.get(pk=received.case.pk)  # what followed the call has changed its row
            sorts = request.POST.get("do") == "triage" and case.is_open and runs_case(request.actor, case)
            return redirect("desk-triage" if sorts else "desk-call-done", body=body, case=case.pk)
    else:
        initial = {"key": uuid.uuid4(), "find": request.GET.get("find", ""), "company": request.GET.get("company", "")}
        form = CallForm(initial=initial | request.POST.dict() | _lists(request), actor=request.actor)
    status = 422 if form.is_bound else 200
    return render(request, "desk/intake/call.html", _page(request, form), status=status)


@require_safe
def call_lookup(request: StaffRequest, body: str) -> HttpResponse:
    """Show the firms found, as a part of the call screen."""
    form = CallForm(initial=request.GET.dict(), actor=request.actor)
    return render(request, "desk/intake/_firm.html", _page(request, form) | {"body": body})


@require_safe
def call_done(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show the number to say aloud and what happens next."""
    found = get_object_or_404(Case.objects.visible_to(request.actor).select_related("company", "holder"), pk=case)
    return render(request, "desk/intake/call_done.html", {"case": found, "body": body})


def _page(request: StaffRequest, form: CallForm) -> dict[str, Any]:
    find = str(form["find"].value() or "")[:100]
    company = chosen_company(str(form["company"].value() or ""), request.actor)
    found = _found(find, company, request)
    names = [one.company.name_key for one in found] + [one.company.kana for one in found if one.company.kana]
    return {
        "form": form,
        "find": find,
        "found": found,
        "alike": len(found) > 1 and len(set(names)) < len(names),
        "company": company,
        "people": list(people_of(company)) if company else [],
        "person": str(form["person"].value() or ""),
        "last": _last_case(company, request) if company else None,
        "now": clock.now(),
    }


def _found(find: str, company: Company | None, request: StaffRequest) -> list[Found]:
    hits = lookup(find, actor=request.actor, limit=8)
    if company and all(hit.company.pk != company.pk for hit in hits):
        hits.insert(0, Hit(company, None))
    cases: dict[uuid.UUID | None, list[Case]] = {}
    seen = Case.objects.visible_to(request.actor).filter(company__in=[hit.company.pk for hit in hits])
    for case in seen.select_related("holder").order_by("-arrived_at"):
        cases.setdefault(case.company_id, []).append(case)
    return [
        Found(hit, sum(case.is_open for case in mine), mine[0] if mine else None)
        for hit in hits
        for mine in [cases.get(hit.company.pk, [])]
    ]


def _last_case(company: Company, request: StaffRequest) -> Case | None:
    return (
        Case.objects.visible_to(request.actor).filter(company=company).select_related("holder").order_by("-arrived_at").first()
    )


def _lists(request: StaffRequest) -> dict[str, list[str]]:
    return {name: request.POST.getlist(name) for name in ("share_classes", "share_with") if name in request.POST}


def _save(request: StaffRequest, form: CallForm) -> Received | None:
    """Store the call and what follows in one step; a refusal is shown beside its field and nothing is written."""
    try:
        with transaction.atomic():
            received = _receive(request, form)
            if received.token:  # empty when a second click met the first one's case
                _follow(request, form, received.case)
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return None
    return received


def _receive(request: StaffRequest, form: CallForm) -> Received:
    data = form.cleaned_data
    said = Said(
        text=data["text"],
        channel=data["channel"] or "phone",
        consulted_at=data["heard"],
        wanted_by=data["wanted_by"],
        company=data["company"],
        person=data["person"],
        company_given=data["company_given"],
        person_given=data["person_given"],
        phone=data["phone"],
        email=data["email"],
        reach_me=" ".join(filter(None, [data["reach_me"], data["back_at"].words if data["back_at"] else ""])),
    )
    if data["company"]:
        know_company(data["company"], request.membership.body, by=request.actor)
    is_desks = data["after"] == ROUTE or (data["after"] == BACK and is_front_desk(request.actor.body))
    return receive(said, by=request.actor, body=request.membership.body, to_desk=is_desks,
                   idempotency_key=data["key"], next_step=_next_step(data, request))


def _next_step(data: dict[str, Any], request: StaffRequest) -> NextStep | None:
    if data["after"] != BACK:
        return None
    at: Moment = data["back_at"] or Moment(clock.today())
    return NextStep(what="折り返し電話をかける", on=at.day, at=at.time, kind="call", phone=data["phone"],
                    body=request.membership.body_id, person=request.actor.person)


def _follow(request: StaffRequest, form: CallForm, case: Case) -> None:
    """Write down the oral consent, and close what was answered on the spot."""
    data, by = form.cleaned_data, request.actor
    speaker = _speaker(data["person"], data["person_given"], case)
    classes = set(data["share_classes"]) | ({"summary"} if data["share_with"] else set())
    if classes and not data["share_with"]:
        set_standing(case, sorted(classes), by=by)
    for code in data["share_with"]:
        for klass in sorted(classes):
            give_consent(case, body=Body.objects.get(pk=code), klass=klass, by=by, how="oral", given_by=speaker)
    if data["after"] in CLOSE_REASON:
        close_case(case, by=by, reason=CLOSE_REASON[data["after"]], words=data["answer"][:MOST_WORDS],
                   answer_to_company=data["answer"])


def _speaker(person: CompanyPerson | None, given: str, case: Case) -> str:
    return (person.name if person else "") or given or f"{case.company_name}の方"[:100]

