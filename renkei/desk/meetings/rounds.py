"""A circulation on the desk: sent round by who runs it, answered by each body."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.going_round import cast_votes, send_round
from renkei.meetings.ballot import STANCES, ballot, read_ballot
from renkei.meetings.models import Meeting, MeetingKind
from renkei.meetings.queries import series_names
from renkei.meetings.rules import runs_meeting


@require_POST
def send(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Send a circulation round."""
    found = _found(request, meeting)
    if not runs_meeting(request.actor, found.host_id):
        raise PermissionDenied
    version = whole_number(request.POST.get("version", ""))
    try:
        send_round(found, by=request.actor, version=-1 if version is None else version)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("各機関に回しました。回答は、ここに集まります。"))
    return redirect("desk-meeting", body=body, meeting=found.pk)


def answer(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Take the body's word on each item that goes round."""
    found = _found(request, meeting)
    typed = request.POST if request.method == "POST" else None
    lines = ballot(found, request.actor, typed)
    page = {"body": body, "meeting": found, "name": series_names().get(found.series, found.series), "lines": lines, "stances": STANCES}
    if typed is not None:
        try:
            cast_votes(found, read_ballot(typed, lines), by=request.actor)
        except Refused as refusal:
            return render(request, "desk/meetings/round.html", page | {"refusal": refusal}, status=422)
        messages.success(request, _("回答を記録しました。期限までは直せます。"))
        return redirect("desk-meeting", body=body, meeting=found.pk)
    return render(request, "desk/meetings/round.html", page)


def _found(request: StaffRequest, meeting: uuid.UUID) -> Meeting:
    seen = Meeting.objects.visible_to(request.actor).filter(kind=MeetingKind.CIRCULATION).select_related("host")
    return get_object_or_404(seen, pk=meeting)
