"""The way of a letter: who is asked, and what each of them says."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.accounts.again import asks_again
from renkei.accounts.queries import answering_for
from renkei.base.refusal import Refused
from renkei.cases.actions.letter_steps import (
    approve_step,
    ask_decision,
    circulate_letter,
    pass_step,
    read_step,
    send_back,
)
from renkei.cases.actions.letters import rule_of
from renkei.cases.models import LetterStep
from renkei.desk.letters.forms import AskForm, ShowForm, StepForm
from renkei.desk.letters.views import find_letter, letter_page, own_letter
from renkei.desk.request import StaffRequest
from renkei.plan.queries import content_now


def ask(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Choose who decides and who takes note."""
    found = own_letter(request, case, letter)
    if found.is_locked and request.method != "POST":
        raise PermissionDenied
    rule = rule_of(found.kind)
    roles = {term.code: term.name for term in content_now().vocabulary("roles")}
    form = AskForm(request.POST if request.method == "POST" else None, letter=found, rule=rule, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            ask_decision(found, by=request.actor, approvers=form.approvers, readers=form.readers)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("回しました。それぞれの「今日」に出ます。"))
            return redirect("desk-letter", body=body, case=case, letter=letter)
    context = {"form": form, "letter": found, "case": found.case, "rule": rule, "body": body}
    return render(request, "desk/letters/ask.html", context)


def show(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID) -> HttpResponse:
    """Let more colleagues take note of a decided letter."""
    found = own_letter(request, case, letter)
    form = ShowForm(request.POST if request.method == "POST" else None, letter=found)
    if request.method == "POST" and form.is_valid():
        try:
            circulate_letter(found, by=request.actor, readers=form.people)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("供覧に回しました。"))
            return redirect("desk-letter", body=body, case=case, letter=letter)
    return render(request, "desk/letters/ask.html", {"form": form, "letter": found, "case": found.case, "body": body, "showing": True})


@require_POST
def step(request: StaffRequest, **where: Any) -> HttpResponse:
    """Say yes, send back, pass on, or mark as seen. A decision asks again who is there; having seen does not."""
    return (_step if request.POST.get("deed") == "read" else asks_again(_step))(request, **where)


def _step(request: StaffRequest, body: str, case: uuid.UUID, letter: uuid.UUID, turn: uuid.UUID) -> HttpResponse:
    found = find_letter(request, case, letter)
    whose = {request.actor.person or uuid.uuid4(), *answering_for(request.actor.person, request.actor.body)}
    own = LetterStep.objects.visible_to(request.actor).filter(letter=found, person_id__in=whose)
    mine = get_object_or_404(own, pk=turn)
    mine.letter = found
    form = StepForm(request.POST, letter=found)
    if form.is_valid():
        try:
            said = _say(mine, form.cleaned_data, request)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect("desk-letter", body=body, case=case, letter=letter)
    return render(request, "desk/letters/letter.html", letter_page(request, found) | {"body": body, "step_form": form})


def _say(step: LetterStep, given: dict[str, Any], request: StaffRequest) -> str:
    deeds: dict[str, tuple[Callable[[], Any], str]] = {
        "approve": (lambda: approve_step(step, by=request.actor), _("決裁しました。")),
        "back": (lambda: send_back(step, by=request.actor, reason=given["reason"]), _("差し戻しました。理由が起案した人に見えます。")),
        "pass": (lambda: pass_step(step, by=request.actor, to=uuid.UUID(given["to"])), _("代わりの人に回しました。")),
        "read": (lambda: read_step(step, by=request.actor), _("見たことを記録しました。")),
    }
    deed, sentence = deeds[given["deed"]]
    deed()
    return sentence
