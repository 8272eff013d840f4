"""Build an agenda: order and time what stands on it, tick what the rules propose."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.agenda import order_items
from renkei.meetings.actions.proposed import take_proposals, time_items
from renkei.meetings.models import AgendaItem, Meeting, MeetingState
from renkei.meetings.proposal import last_day, proposals
from renkei.meetings.queries import items_of, series_names
from renkei.meetings.rules import runs_meeting
from renkei.plan.queries import short_names

_NUMBER = re.compile(r"\s*([0-9０-９]{1,4})\s*分?\s*")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAKES = (MeetingState.PLANNED, MeetingState.HELD)


def agenda(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Show the agenda as it is being built, and do one thing with it: take up, time, or move one place."""
    found = get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=meeting)
    runs = runs_meeting(request.actor, found.host_id)
    refusal: Refused | None = None
    if request.method == "POST":
        if request.POST.get("part") != "take" and not runs:
            raise PermissionDenied
        try:
            place = _do(request, found)
        except Refused as error:
            refusal = error
        else:
            return redirect(_here(body, found, place))
    return _page(request, body, found, runs=runs, refusal=refusal)


def _do(request: StaffRequest, found: Meeting) -> str:
    """Do what was asked; returns the place of the page where it is seen."""
    if request.POST.get("part") == "take":
        taken = take_proposals(found, {key: _minutes(request.POST, key) for key in request.POST.getlist("pick")}, by=request.actor)
        if taken.items:
            messages.success(request, _("%(count)s件を議題にしました。") % {"count": len(taken.items)})
        for words in taken.refused:
            messages.error(request, words)
        return "ag"
    with transaction.atomic():
        return _order_and_time(request, found)


def _order_and_time(request: StaffRequest, found: Meeting) -> str:
    """Save the order in which the rows were sent where it is another than was shown, the minutes, and a press of up or down."""
    order, shown = _keys(request.POST.getlist("order")), _keys(request.POST.get("shown", "").split())
    if order != shown:
        order_items(found, order, by=request.actor, shown=shown)
    items = items_of(found, request.actor)
    time_items(found, {one.pk: _minutes(request.POST, str(one.pk)) for one in items if f"m-{one.pk}" in request.POST}, by=request.actor)
    for word, by in (("up", -1), ("down", 1)):
        if (key := request.POST.get(word)) is not None:
            move_item(found, items, key, by, request)
            return f"i-{key}"
    messages.success(request, _("順番と時間を保存しました。"))
    return "ag"


def _keys(given: Iterable[str]) -> list[uuid.UUID]:
    """Return the ids among what was sent."""
    return [uuid.UUID(one) for one in given if _ID.fullmatch(one)]


def move_item(found: Meeting, items: list[AgendaItem], key: str, by: int, request: StaffRequest) -> bool:
    """Move one of the items one sees by one place; False at an end of the list or for an unknown one."""
    keys = [one.pk for one in items]
    at = next((place for place, one in enumerate(keys) if str(one) == key), None)
    if at is None or not 0 <= at + by < len(keys):
        return False
    keys[at], keys[at + by] = keys[at + by], keys[at]
    order_items(found, keys, by=request.actor)
    return True


def _here(body: str, found: Meeting, place: str) -> str:
    return f"{reverse('desk-meeting-agenda', kwargs={'body': body, 'meeting': found.pk})}#{place}"


def _page(request: StaffRequest, body: str, found: Meeting, *, runs: bool, refusal: Refused | None) -> HttpResponse:
    items = items_of(found, request.actor)
    takes = found.state in _TAKES
    offered = proposals(found, request.actor) if takes else []
    shorts = short_names()
    ticked = set(request.POST.getlist("pick"))
    page: dict[str, Any] = {
        "body": body, "meeting": found, "name": series_names().get(found.series, found.series), "runs": runs and found.is_writable,
        "items": [{"item": one, "minutes": request.POST.get(f"m-{one.pk}", one.planned_minutes)} for one in items],
        "total": total_of(found, items), "since": last_day(found), "takes": takes, "refusal": refusal,
        "offered": [{"it": one, "named": "、".join(shorts.get(code, code) for code in one.bodies), "ticked": one.key in ticked,
                     "minutes": request.POST.get(f"m-{one.key}", one.minutes)} for one in offered],
    }  # fmt: skip
    return render(request, "desk/meetings/agenda.html", page, status=422 if refusal else 200)


def total_of(found: Meeting, items: list[AgendaItem]) -> dict[str, int | None]:
    """Return the minutes of the items in all, how long the meeting is, and what is left over or too much."""
    total = sum(one.planned_minutes for one in items)
    left = None if found.length is None else found.length - total
    return {"minutes": total, "length": found.length, "left": left if left is None or left >= 0 else None, "over": -left if left is not None and left < 0 else None}


def _minutes(data: Mapping[str, Any], key: str) -> int:
    """Return typed minutes (15, １５分); -1, which no item takes, for anything else."""
    found = _NUMBER.fullmatch(str(data.get(f"m-{key}", "")))
    return int(found[1]) if found else -1
