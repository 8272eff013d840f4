"""Hand a request to a researcher of the body, read what comes back, and answer it, all from the request [C85]."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.refusal import Refused
from renkei.cases.actions.openings import open_to, send_partner_file, shut, write_note
from renkei.cases.models import Opening, OpeningKind
from renkei.cases.states import DisclosureClass
from renkei.desk.answers.page import request_of
from renkei.desk.answers.views import find_request, show_request
from renkei.desk.openings.views import OpeningForm
from renkei.desk.request import StaffRequest


class HandForm(OpeningForm):
    """A researcher by name, and what of that which the body may show."""

    kind = None  # type: ignore[assignment]  # Django drops the field: inside the body there is nothing to choose

    def __init__(self, sent: QueryDict | None, *, may: list[str], organisation: str) -> None:
        super().__init__(sent, initial={"classes": [DisclosureClass.SUMMARY], "organisation": organisation})
        self.fields["classes"].choices = [one for one in DisclosureClass.choices if one[0] in may]  # type: ignore[attr-defined]  # a choice field


def hand(request: StaffRequest, body: str, support: uuid.UUID) -> HttpResponse:
    """Open what was asked to one researcher of the body; the firm's consent to the body carries it."""
    found = find_request(request, body, support)
    row = request_of(found, request.actor)
    if row.case is None or not row.may_be_handed:
        messages.info(request, _("この依頼は、いまは研究者に渡せません。"))
        return redirect("desk-request", body=body, support=found.pk)
    sent = request.POST if request.method == "POST" else None
    form = HandForm(sent, may=row.may_show, organisation=found.body.name)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_to(row.case, by=request.actor, kind=OpeningKind.INSIDE, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            messages.success(request, _("%(name)sさんに渡しました。メールが届きます。") % {"name": made.name})
            return redirect(_place(body, found.pk))
    page = {"row": row, "support": found, "form": form, "body": body}
    return render(request, "desk/answers/hand.html", page, status=422 if form.errors else 200)


@require_POST
def answer_person(request: StaffRequest, body: str, support: uuid.UUID, opening: uuid.UUID) -> HttpResponse:
    """Write to the person, send a file, or both; or shut (``deed``). What cannot be sent stays where it was typed."""
    found = find_request(request, body, support)
    own = Opening.objects.visible_to(request.actor).filter(case_id=found.case_id, body_id=request.actor.body)
    person = get_object_or_404(own.select_related("body", "case"), pk=opening)
    if request.POST.get("deed") == "shut":
        shut(person, by=request.actor)
        messages.success(request, _("閉じました。次に開くときから読めません。"))
        return redirect(_place(body, found.pk))
    try:
        _write(request, person)
    except Refused as refusal:
        wrong = {"opening": person.pk, "field": refusal.field or "text", "message": refusal.message, "text": request.POST.get("text", "")}
        return show_request(request, body, found, wrong)
    messages.success(request, _("%(name)sさんに伝えました。") % {"name": person.name})
    return redirect(_place(body, found.pk))


@transaction.atomic
def _write(request: StaffRequest, person: Opening) -> None:
    text, upload = request.POST.get("text", ""), request.FILES.get("file")
    if text.strip() or upload is None:
        write_note(person, text=text, by=request.actor)
    if upload is not None:
        send_partner_file(person, name=upload.name or "", data=upload.read(), by=request.actor)


def _place(body: str, support: uuid.UUID) -> str:
    return reverse("desk-request", kwargs={"body": body, "support": support}) + "#h-handed"
