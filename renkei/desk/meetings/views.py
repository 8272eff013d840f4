"""Meetings: the year, one meeting with its agenda, who came, the minutes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.base.forms import Refusing
from renkei.base.refusal import Refused
from renkei.desk.meetings.agenda import move_item, total_of
from renkei.desk.meetings.forms import AttendForm, CallForm, DayForm, ItemForm, ReasonForm, WordForm, open_bodies
from renkei.desk.request import StaffRequest
from renkei.meetings.actions.agenda import add_item
from renkei.meetings.actions.calling import (
    attend,
    attend_again,
    call_meeting,
    change_meeting,
    move_meeting,
    series_named,
    take_off,
)
from renkei.meetings.actions.confirming import confirm, lock_minutes, words_on
from renkei.meetings.actions.inviting import invite
from renkei.meetings.actions.minuting import send_out
from renkei.meetings.models import (
    Attendance,
    Meeting,
    MeetingKind,
    MeetingState,
    Minutes,
    MinutesItem,
    Stance,
)
from renkei.meetings.papers import materials_of
from renkei.meetings.queries import (
    came_before,
    cases_of,
    checking,
    items_of,
    last_of,
    missing_regulars,
    own_tasks,
    presence,
    series_names,
    this_year,
    to_confirm,
    waiting,
    years,
)
from renkei.meetings.rules import runs_meeting, writes_item
from renkei.meetings.trends import trends_of
from renkei.meetings.votes import rounds_waiting, tallies
from renkei.plan.content import Series
from renkei.plan.models import Body
from renkei.plan.queries import short_names

_EARLIEST = 2000
_VERSION = re.compile(r"[0-9]{1,9}")


@require_safe
def meetings(request: StaffRequest, body: str) -> HttpResponse:
    """Show the meetings of a fiscal year against what the plan wants, and what waits for one."""
    year = _year(request)
    shown = years(request.actor, year)
    page = {
        "body": body, "year": year, "before": year.start_year - 1, "after": year.start_year + 1, "is_now": year == this_year(),
        "rows": [{"year": one, "runs": runs_meeting(request.actor, one.series.owner)} for one in shown],
        "waiting": waiting(request.actor), "to_confirm": to_confirm(request.actor), "tasks": own_tasks(request.actor), "rounds": rounds_waiting(request.actor), "names": series_names(),
    }  # fmt: skip
    return render(request, "desk/meetings/list.html", page)


def call(request: StaffRequest, body: str, series: str) -> HttpResponse:
    """Call the next meeting of a series."""
    rule = _series(series)
    if not runs_meeting(request.actor, rule.owner):
        raise PermissionDenied
    last = last_of(series, request.actor)  # said once: hour, place and chair stay until somebody says otherwise
    start = {name: getattr(last, name) for name in ("starts", "ends", "place", "chair")} if last else {}
    form = CallForm(request.POST if request.method == "POST" else None, initial=start, sessions=rule.sessions)

    def run() -> Meeting:
        return call_meeting(series, by=request.actor, **form.cleaned_data)

    made = _done(request, form, run, _("会議を作りました。"))
    if made is not None:
        return redirect("desk-meeting", body=body, meeting=made.pk)
    return _form(request, form, body=body, heading=_("%(name)sを開く") % {"name": rule.name}, button=_("会議を作る"), last=last)


@require_safe
def meeting(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Show one meeting."""
    found = _found(request, meeting)
    return render(request, "desk/meetings/meeting.html", _page(request, body, found))


def edit(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Change day, hour, place and chair."""
    found = _run_by(request, meeting)
    start = {"held_on": found.held_on, "starts": found.starts, "ends": found.ends, "place": found.place, "chair": found.chair, "theme": found.theme, "session": found.session}
    form = DayForm(request.POST if request.method == "POST" else None, initial=start, sessions=_series(found.series).sessions)
    version = _number(request, found.version)
    made = _done(request, form, lambda: change_meeting(found, by=request.actor, version=version, **form.cleaned_data), _("直しました。"))
    if made is not None:
        return redirect("desk-meeting", body=body, meeting=found.pk)
    return _form(request, form, body=body, meeting=found, heading=_("日時と場所を直す"), button=_("保存する"), version=version)


def move(request: StaffRequest, body: str, meeting: uuid.UUID, state: str) -> HttpResponse:
    """Hold, call off, call anew, reopen."""
    found = _run_by(request, meeting)
    words = {
        MeetingState.HELD: _("会議を開く") if found.state == MeetingState.PLANNED else _("議事録を開き直す"), MeetingState.OFF: _("会議を取りやめる"),
        MeetingState.PLANNED: _("取りやめた会議を開くことにする"),
    }  # fmt: skip
    if state not in words:
        raise PermissionDenied
    form = ReasonForm(request.POST if request.method == "POST" else None)
    made = _done(request, form, lambda: move_meeting(found, by=request.actor, state=state, **form.cleaned_data), _("会議の状態を変えました。"))
    if made is not None:
        return redirect("desk-meeting", body=body, meeting=found.pk)
    heading = words[MeetingState(state)]
    return _form(request, form, body=body, meeting=found, heading=heading, button=heading)


def came(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Write down who came."""
    found = _run_by(request, meeting)
    there = presence(found, request.actor)
    absent_body = next((one.pk for one in open_bodies() if one.short in there.missing), "")  # who is written down next
    form = AttendForm(request.POST if request.method == "POST" else None, initial={"body": absent_body}, guests=_series(found.series).guests)

    def run() -> Attendance:
        data = dict(form.cleaned_data)
        code = data.pop("body")
        who = Body.objects.get(pk=code) if code else None
        return attend(found, by=request.actor, body=who, **data)

    before = came_before(found, request.actor)
    if request.method == "POST" and "again" in request.POST:
        ticked = set(request.POST.getlist("who"))
        _say(request, lambda: attend_again(found, [one for one in before if str(one.pk) in ticked], by=request.actor), _("出席者に入れました。"))
        return redirect("desk-meeting-came", body=body, meeting=found.pk)
    made = _done(request, form, run, _("出席者に入れました。"))
    if made is not None:
        return redirect("desk-meeting-came", body=body, meeting=found.pk)
    more = {"before": before, "presence": there, "regulars": missing_regulars(found, request.actor)}
    return _form(request, form, body=body, meeting=found, heading=_("出席者"), button=_("出席者に入れる"), template="came", **more)


@require_POST
def absent(request: StaffRequest, body: str, meeting: uuid.UUID, who: uuid.UUID) -> HttpResponse:
    """Take somebody off who did not come after all."""
    found = _run_by(request, meeting)
    one = get_object_or_404(Attendance.objects.visible_to(request.actor).filter(meeting=found), pk=who)
    _say(request, lambda: take_off(one, by=request.actor), _("出席者から外しました。"))
    return redirect("desk-meeting-came", body=body, meeting=found.pk)


def item_new(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Add a report or anything else; a hard case is put up from its own page."""
    found = _found(request, meeting)
    form = ItemForm(request.POST if request.method == "POST" else None, initial={"presenter": request.actor.name})
    made = _done(
        request, form, lambda: add_item(found, by=request.actor, wording=form.wording(), kind=form.cleaned_data["kind"]), _("議題を足しました。")
    )
    if made is not None:
        return redirect("desk-meeting", body=body, meeting=found.pk)
    return _form(request, form, body=body, meeting=found, heading=_("議題を足す"), button=_("議題を足す"))


@require_POST
def order(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Move an item up one place."""
    found = _run_by(request, meeting)
    if move_item(found, items_of(found, request.actor), request.POST.get("up", ""), -1, request):
        messages.success(request, _("順番を変えました。"))
    return redirect("desk-meeting", body=body, meeting=found.pk)


@require_POST
def send(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Send the minutes out to be confirmed."""
    found = _run_by(request, meeting)
    _say(request, lambda: send_out(found, by=request.actor), _("議事録を各機関に送り、確認を頼みました。"))
    return redirect("desk-meeting", body=body, meeting=found.pk)


@require_POST
def invitation(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Send the bodies the invitation with the agenda."""
    found = _run_by(request, meeting)
    _say(request, lambda: invite(found, by=request.actor, version=_number(request, found.version)), _("各機関に案内を送りました。"))
    return redirect("desk-meeting", body=body, meeting=found.pk)


@require_POST
def lock(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Let the minutes stand for good."""
    found = _run_by(request, meeting)
    _say(request, lambda: lock_minutes(found, by=request.actor, version=_number(request, found.version)), _("議事録を確定しました。"))
    return redirect("desk-meeting", body=body, meeting=found.pk)


def minutes(request: StaffRequest, body: str, meeting: uuid.UUID, number: int) -> HttpResponse:
    """Show minutes as they were sent out; a body says whether they are right."""
    found = _found(request, meeting)
    one = get_object_or_404(Minutes.objects.visible_to(request.actor).filter(meeting=found), number=number)
    words = words_on(one)
    own = words.get(body)
    form = WordForm(request.POST if request.method == "POST" else None, initial={"agrees": "yes" if own is None or own.agrees else "no"})
    made = _done(
        request, form, lambda: confirm(one, by=request.actor, agrees=form.cleaned_data["agrees"] == "yes", words=form.cleaned_data["words"]),
        _("確認の返事を記録しました。"),
    )  # fmt: skip
    if made is not None:
        return redirect("desk-meeting-minutes", body=body, meeting=found.pk, number=number)
    bodies = {one.pk: one for one in Body.objects.all()}
    newest = found.minutes.first()
    page = {
        "body": body, "meeting": found, "minutes": one, "items": list(MinutesItem.objects.visible_to(request.actor).filter(minutes=one)),
        "bodies": {key: value.short for key, value in bodies.items()}, "stances": dict(Stance.choices), "words": list(words.values()), "own": own, "form": form,
        "silent": [value.short for key, value in bodies.items() if value.closed_on is None and key not in words],
        "may_answer": found.state == MeetingState.CHECKING and newest is not None and newest.pk == one.pk, "is_newest": newest is not None and newest.pk == one.pk,
    }  # fmt: skip
    return render(request, "desk/meetings/minutes.html", page, status=422 if form.errors else 200)


def _page(request: StaffRequest, body: str, found: Meeting) -> dict[str, Any]:
    items = items_of(found, request.actor)
    sources = cases_of(items, request.actor)
    materials = materials_of(found, items, request.actor)
    counted = tallies(items, request.actor) if found.kind == MeetingKind.CIRCULATION and found.round_at else {}
    shorts = short_names()  # in the plan's order
    return {
        "body": body, "meeting": found, "name": series_names().get(found.series, found.series), "runs": runs_meeting(request.actor, found.host_id),
        "items": [{"item": one, "source": sources.get(one.pk), "writes": found.is_writable and writes_item(request.actor, one),
                   "named": "、".join(short for code, short in shorts.items() if code in one.bodies), "tally": counted.get(one.pk), "materials": materials.get(one.pk, [])} for one in items],
        "total": total_of(found, items), "presence": presence(found, request.actor),
        "materials": materials.get(None, []), "trends": trends_of(found, request.actor),
        "checking": checking(found, request.actor), "is_day": found.held_on <= clock.today(),
        "sent": list(Minutes.objects.visible_to(request.actor).filter(meeting=found)),
    }  # fmt: skip


def _series(code: str) -> Series:
    try:
        return series_named(code)
    except Refused as refusal:
        raise PermissionDenied from refusal


def _year(request: HttpRequest) -> FiscalYear:
    """Return the fiscal year asked for; this year's for anything that is none."""
    try:
        wanted = int(request.GET.get("year", ""))
    except ValueError:
        return this_year()
    return FiscalYear(wanted) if _EARLIEST <= wanted <= this_year().start_year + 5 else this_year()


def _found(request: StaffRequest, meeting: uuid.UUID) -> Meeting:
    return get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=meeting)


def _run_by(request: StaffRequest, meeting: uuid.UUID) -> Meeting:
    found = _found(request, meeting)
    if not runs_meeting(request.actor, found.host_id):
        raise PermissionDenied
    return found


def _number(request: HttpRequest, standing: int) -> int:
    """Return the version a form was shown with: ``standing`` when it is shown now; -1, which nobody saved, for anything else."""
    if request.method != "POST":
        return standing
    given = request.POST.get("version", "")
    return int(given) if _VERSION.fullmatch(given) else -1


def _done(request: HttpRequest, form: Refusing, run: Callable[[], Any], said: str) -> Any:
    """Run what a good form asks for: its result, or None with the refusal beside its field."""
    if request.method == "POST" and form.is_valid():
        try:
            result = run()
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return result
    return None


def _say(request: HttpRequest, run: Callable[[], Any], said: str) -> None:
    """Run a deed without a form, and say what came of it."""
    try:
        run()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, said)


def _form(request: HttpRequest, form: Refusing, *, template: str = "form", **page: Any) -> HttpResponse:
    return render(request, f"desk/meetings/{template}.html", {"form": form, **page}, status=422 if form.errors else 200)
