"""The workbench, the log, the people in posts."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.desk.coordinators.forms import LineForm, about_of, this_month
from renkei.desk.request import StaffRequest
from renkei.plan.queries import is_front_desk
from renkei.research.actions.logging import change_activity, is_same_day, log_activity, strike_activity
from renkei.research.models import Activity, ActivityVersion
from renkei.research.queries.month import month_of
from renkei.research.queries.posts import posts
from renkei.research.queries.workbench import workbench
from renkei.research.rules import first_of, is_author, kind_name, kinds, next_month

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@require_safe
def workbench_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show the queues of the plan, and a line to log what one just did."""
    mine = request.GET.get("whose") == "me"
    lanes = workbench(request.actor, request.actor.person if mine else None)
    page = {"body": body, "lanes": lanes, "mine": mine, "kinds": kinds(), "form": LineForm(actor=request.actor), "back": "workbench"}
    return render(request, "desk/coordinators/workbench.html", page)


def log(request: StaffRequest, body: str) -> HttpResponse:
    """Show a month of the log of one person, and take a line."""
    form = LineForm(request.POST if request.method == "POST" else None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        try:
            log_activity(form.line(), by=request.actor)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("活動の記録に入れました。"))
            return redirect(_back(request, body))
    first = read_month(request.GET.get("month", ""))
    whose = _whose(request, body)
    found = month_of(request.actor, whose, body, first)
    people = Activity.objects.visible_to(request.actor).filter(body_id=body).order_by("person__kana").values_list("person_id", "person__name").distinct()
    page = {
        "body": body, "form": form, "month": found, "before": (first - dt.timedelta(days=1)).strftime("%Y-%m"), "after": next_month(first).strftime("%Y-%m"),
        "is_now": first == first_of(clock.today()), "own": whose == request.actor.person, "whose": whose, "people": list(people), "back": "log",
        "names": {one.code: one.name for one in found.kinds},
    }  # fmt: skip
    return render(request, "desk/coordinators/log.html", page, status=422 if form.errors else 200)


def line(request: StaffRequest, body: str, activity: uuid.UUID) -> HttpResponse:
    """Show one line with what it said before; its author changes it."""
    found = get_object_or_404(Activity.objects.visible_to(request.actor).select_related("case", "company", "person", "body"), pk=activity)
    may = is_author(request.actor, found) and found.struck_at is None
    if request.method == "POST" and not may:
        raise PermissionDenied
    start = {"words": found.words, "kind": found.kind, "minutes": found.minutes, "day": found.day, "about": about_of(found)}
    form = LineForm(request.POST if request.method == "POST" else None, actor=request.actor, initial=start)
    version = _number(request, found.version)
    if request.method == "POST" and form.is_valid():
        try:
            change_activity(found, form.line(), by=request.actor, version=version)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("記録を直しました。"))
            return redirect("desk-coordinators-log", body=body)
    earlier = list(ActivityVersion.objects.visible_to(request.actor).filter(activity=found).select_related("replaced_by"))
    page = {"body": body, "line": found, "form": form, "may": may, "version": version, "earlier": earlier, "same_day": is_same_day(found),
            "names": _names(found, earlier)}  # fmt: skip
    return render(request, "desk/coordinators/line.html", page, status=422 if form.errors else 200)


@require_POST
def strike(request: StaffRequest, body: str, activity: uuid.UUID) -> HttpResponse:
    """Strike one's own line out."""
    found = get_object_or_404(Activity.objects.visible_to(request.actor), pk=activity)
    if not is_author(request.actor, found):
        raise PermissionDenied
    strike_activity(found, by=request.actor)
    messages.success(request, _("記録を消しました。数には入りません。"))
    return redirect("desk-coordinators-log", body=body)


@require_safe
def posts_page(request: StaffRequest, body: str) -> HttpResponse:
    """Show everybody in a post of the plan: speciality, term, load; first whose term ends soon."""
    found = posts(request.actor, sees_all=is_front_desk(body))
    page = {"body": body, "posts": found, "ending": [one for one in found if one.ends_soon]}
    return render(request, "desk/coordinators/posts.html", page)


def read_month(text: str) -> dt.date:
    """Return the first day of a month given as 2026-11; of this month for anything else."""
    return dt.date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) and text <= this_month() else first_of(clock.today())


def _whose(request: StaffRequest, body: str) -> uuid.UUID:
    """Return whose log is looked at: one's own, or a colleague's who has written."""
    assert request.actor.person is not None  # noqa: S101  the audience of the URL
    try:
        wanted = uuid.UUID(request.GET.get("who", ""))
    except ValueError:
        return request.actor.person
    written = Activity.objects.visible_to(request.actor).filter(body_id=body, person_id=wanted)
    return wanted if written.exists() else request.actor.person


def _back(request: HttpRequest, body: str) -> str:
    """Return where a logged line leads: back to where it was typed."""
    name = "desk-coordinators" if request.POST.get("back") == "workbench" else "desk-coordinators-log"
    return reverse(name, kwargs={"body": body})


def _names(line: Activity, earlier: list[ActivityVersion]) -> dict[str, str]:
    """Return the words of the kinds a line has and had, those the plan no longer knows too."""
    return {code: kind_name(code) for code in {line.kind, *(str(one.said["kind"]) for one in earlier)}}


def _number(request: HttpRequest, standing: int) -> int:
    """Return the version a form was shown with; -1, which nobody saved, for anything that is no number."""
    if request.method != "POST":
        return standing
    given: Any = request.POST.get("version", "")
    return int(given) if re.fullmatch(r"[0-9]{1,9}", given) else -1
