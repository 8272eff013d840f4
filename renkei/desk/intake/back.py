"""Call a firm back: the number large, what to ask, and one tap to record what came of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.reading import read_case
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Consultation, Contact
from renkei.cases.rules import runs_case
from renkei.cases.states import CaseState
from renkei.cases.steps import NextStep, due
from renkei.companies.models import CompanyPerson
from renkei.desk.intake.fields import Moment
from renkei.desk.intake.forms import BackForm
from renkei.desk.request import StaffRequest

TALKED, ABSENT = "talked", "absent"


def call_back(request: StaffRequest, body: str, case: uuid.UUID) -> HttpResponse:
    """Show whom to call and why; record 話せた or 不在 in one tap."""
    found = get_object_or_404(
        Case.objects.visible_to(request.actor).select_related("company", "holder", "holder_person"), pk=case
    )
    if not runs_case(request.actor, found):
        raise PermissionDenied
    form = BackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome = ABSENT if request.POST.get("do") == ABSENT else TALKED
        if _record(request, found, form, outcome):
            words = _("不在を記録しました。") if outcome == ABSENT else _("話したことを記録しました。")
            messages.success(request, words)
            is_new = found.state == CaseState.ARRIVED and outcome == TALKED
            return redirect("desk-triage", body=body, case=case) if is_new else redirect("desk-today", body=body)
    read_case(found, by=request.actor)
    return render(request, "desk/intake/back.html", _page(request, found, form), status=422 if form.errors else 200)


def _page(request: StaffRequest, case: Case, form: BackForm) -> dict[str, object]:
    said = Consultation.objects.visible_to(request.actor).filter(case=case).select_related("person")
    contacts = Contact.objects.visible_to(request.actor).filter(case=case).select_related("author", "author_body")
    people = CompanyPerson.objects.filter(company_id=case.company_id, left_on__isnull=True) if case.company_id else []
    return {
        "case": case,
        "form": form,
        "said": list(said),
        "contacts": list(contacts[:5]),
        "attempts": contacts.filter(outcome=ABSENT).count(),
        "people": list(people),
        "default_step": _default_step(case).what,
    }


def _record(request: StaffRequest, case: Case, form: BackForm, outcome: str) -> bool:
    data = form.cleaned_data
    text = data["text"] or (_("電話をかけたが不在") if outcome == ABSENT else _("電話で話した"))
    try:
        with transaction.atomic():
            log_contact(case, by=request.actor, channel="phone", text=text, outcome=outcome,
                        next_step=_next_step(case, data, outcome))
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return False
    return True


def _next_step(case: Case, data: dict[str, object], outcome: str) -> NextStep | None:
    """Return what follows: the call again when nobody was there, else what was typed, else the plain next thing."""
    at = data["next_at"] if isinstance(data["next_at"], Moment) else None
    what, loose = str(data["next_step"] or ""), f"（{at.words}）" if at and at.words else ""
    if outcome == ABSENT:
        day = at or Moment(clock.today())
        phone = case.next_phone or (case.company.phone if case.company else "")
        return NextStep(what=_with(what or case.next_step, loose), on=day.day, at=day.time,
                        kind="call" if phone else case.next_kind, phone=phone, body=case.next_body_id,
                        person=case.next_person_id)
    if not what and not at:
        return _default_step(case)
    plain = _default_step(case)
    return NextStep(what=_with(what or plain.what, loose), on=at.day if at else plain.on, at=at.time if at else None,
                    kind="work" if what else plain.kind, body=case.holder_id, person=case.holder_person_id)


def _with(what: str, loose: str) -> str:
    """Return the step with the loose time that was typed (夕方), once."""
    return f"{what.removesuffix(loose)[: 200 - len(loose)]}{loose}"


def _default_step(case: Case) -> NextStep:
    is_new = case.state == CaseState.ARRIVED
    what = _("宛先を決めて依頼し、会社に最初の回答をする") if is_new else _("話したことをもとに、次を決める")
    return NextStep(what=what, on=due("first_answer"), kind="answer" if is_new else "choose", body=case.holder_id,
                    person=case.holder_person_id)
