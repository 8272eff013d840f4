"""Mails to firms with their states, and letters that came in and wait for a word."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.cases.actions.mail_in import accept_letter, discard_letter
from renkei.cases.actions.mail_out import send_again, send_request_again
from renkei.cases.models import Case, Incoming
from renkei.cases.queries.delivery import Sent, mails_to_firm
from renkei.desk.mails.forms import AgainForm, LetterForm
from renkei.desk.request import StaffRequest

PER_PAGE = 50


def sent(request: StaffRequest, body: str) -> HttpResponse:
    """Show the mails to firms, those that did not arrive first."""
    rows = mails_to_firm()
    cases = Case.objects.visible_to(request.actor).in_bulk({row.case for row in rows})
    lines = [(row, cases[row.case]) for row in rows if row.case in cases]
    lost = [line for line in lines if line[0].is_lost]
    others = [line for line in lines if not line[0].is_lost][:PER_PAGE]
    return render(request, "desk/mails/sent.html", {"lost": lost, "others": others, "body": body})


def again(request: StaffRequest, body: str, mail: uuid.UUID) -> HttpResponse:
    """Send one that did not arrive again, to a corrected address if one is given."""
    row, case = _lost(request, mail)
    form = AgainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            send_again(case, row.id, by=request.actor, address=form.cleaned_data["address"])
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("もう一度送ります。"))
            return redirect("desk-mails", body=body)
    return render(request, "desk/mails/again.html", {"form": form, "row": row, "case": case, "body": body})


def request_again(request: StaffRequest, body: str, case: uuid.UUID, mail: uuid.UUID) -> HttpResponse:
    """Send a request that did not arrive again, with a fresh link."""
    found = get_object_or_404(Case.objects.visible_to(request.actor), pk=case)
    if request.method != "POST":
        raise Http404
    try:
        support = send_request_again(found, mail, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(body)sに、依頼をもう一度送ります。") % {"body": support.body.name})
    return redirect("desk-case", body=body, case=found.pk)


def letters(request: StaffRequest, body: str) -> HttpResponse:
    """Show letters that wait for a word, then what became of the others."""
    found = Incoming.objects.visible_to(request.actor).select_related("case")
    held = found.held().order_by("received_at")
    rest = found.exclude(pk__in=held.values("pk"))[:PER_PAGE]
    return render(request, "desk/mails/letters.html", {"held": held, "rest": rest, "body": body})


def letter(request: StaffRequest, body: str, incoming: uuid.UUID) -> HttpResponse:
    """Show one letter; a POST puts it into a case or lays it aside."""
    found = get_object_or_404(Incoming.objects.visible_to(request.actor).select_related("case"), pk=incoming)
    form = LetterForm(request.POST if request.method == "POST" else None, has_case=found.case is not None)
    if request.method == "POST" and form.is_valid():
        try:
            _decide(request, found, form)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("メールの扱いを決めました。"))
            return redirect("desk-mails-in", body=body)
    return render(request, "desk/mails/letter.html", {"letter": found, "form": form, "body": body})


def _decide(request: StaffRequest, found: Incoming, form: LetterForm) -> None:
    data = form.cleaned_data
    if data["act"] == "discard":
        discard_letter(found, by=request.actor, reason=data["reason"])
        return
    number = clean_text(data.get("number", "")).strip()
    case = Case.objects.visible_to(request.actor).filter(number=number).first() if number else None
    if number and case is None:
        raise Refused(_("その受付番号の案件はありません。番号を確かめてください。"), "no_case", field="number")
    accept_letter(found, by=request.actor, case=case)


def _lost(request: StaffRequest, mail: uuid.UUID) -> tuple[Sent, Case]:
    row = next((one for one in mails_to_firm() if one.id == mail and one.is_lost), None)
    if row is None:
        raise Http404
    return row, get_object_or_404(Case.objects.visible_to(request.actor), pk=row.case)
