"""One series of the plan: its sessions with their themes, and who takes part beside the bodies [C21, C71]."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from renkei.base.forms import Refusing, TextField
from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.calling import series_named
from renkei.meetings.actions.joining import join_series, leave_series
from renkei.meetings.models import Meeting, Participant
from renkei.meetings.rules import runs_meeting
from renkei.plan.models import Body
from renkei.plan.queries import current_plan


class JoinForm(Refusing):
    """Somebody who takes part."""

    organisation = TextField(label=gettext_lazy("所属"), max_length=200, error_messages={"required": gettext_lazy("所属を入れてください。")})
    name = TextField(label=gettext_lazy("お名前"), max_length=100, error_messages={"required": gettext_lazy("お名前を入れてください。")})


def series(request: StaffRequest, body: str, series: str) -> HttpResponse:
    """Show a series; who runs it writes down who takes part."""
    try:
        rule = series_named(series)
    except Refused as refusal:
        raise Http404 from refusal
    runs = runs_meeting(request.actor, rule.owner)
    if request.method == "POST" and not runs:
        raise PermissionDenied
    form = JoinForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            join_series(series, by=request.actor, **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("参加者に入れました。"))
            return redirect("desk-series", body=body, series=series)
    plan = current_plan()
    page = {
        "body": body, "series": rule, "host": Body.objects.get(pk=rule.owner), "runs": runs and rule.guests, "form": form,
        "meetings": list(Meeting.objects.visible_to(request.actor).filter(plan=plan, series=series).order_by("-held_on", "-number")),
        "people": list(Participant.objects.visible_to(request.actor).standing().filter(plan=plan, series=series)),
    }  # fmt: skip
    return render(request, "desk/meetings/series.html", page, status=422 if form.errors else 200)


@require_POST
def leave(request: StaffRequest, body: str, series: str, who: uuid.UUID) -> HttpResponse:
    """Write down that somebody takes part no more."""
    found = get_object_or_404(Participant.objects.visible_to(request.actor).filter(series=series), pk=who)
    try:
        leave_series(found, by=request.actor)
    except Refused as refusal:
        raise PermissionDenied from refusal
    messages.success(request, _("参加を終えたことを記録しました。"))
    return redirect("desk-series", body=body, series=series)
