"""The private calendar address of a person, and the feed behind it. Reading the feed writes nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from renkei.accounts.models import Person
from renkei.accounts.queries import bodies_of
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.base.context import clear_actor, set_actor
from renkei.base.refusal import Refused
from renkei.cases.queries.calendar import Entry, calendar_of
from renkei.desk.request import StaffRequest
from renkei.meetings.calendar import calendar_meetings, meeting_events
from renkei.meetings.models import Meeting, MeetingKind
from renkei.post.calendars import end_calendar, make_calendar, open_calendar
from renkei.post.models import CalendarLink


def address(request: HttpRequest) -> HttpResponse:
    """Make, renew or end one's own address; a new one is shown once, on this answer only."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by our middleware
    shown = ""
    if request.method == "POST":
        if request.POST.get("act") == "end":
            try:
                end_calendar(by=actor)
            except Refused as refusal:
                messages.error(request, refusal.message)
            else:
                messages.success(request, _("カレンダーのアドレスを止めました。もう何も出しません。"))
            return redirect("my-calendar")
        token = make_calendar(by=actor, with_words=bool(request.POST.get("with_words")))
        shown = f"{settings.RENKEI_ADDRESS}{reverse('calendar', kwargs={'secret': token})}"
    alive = CalendarLink.objects.visible_to(actor).filter(ended_at=None).first()
    return render(request, "desk/calendar/address.html", {"alive": alive, "shown": shown})


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Give the calendar; 404 for an unknown or ended address and for somebody who has left."""
    found = open_calendar(secret)
    person = Person.objects.filter(pk=found.person, is_active=True).first() if found else None
    if found is None or person is None:
        raise Http404
    entries: list[Entry] = []
    events: dict[str, Event] = {}
    for one in bodies_of(person):
        actor = staff(person.pk, one.body_id, person.name)
        set_actor(actor)  # the address stands for its person: the policies show what the person may see, body by body
        entries += calendar_of(actor)
        page = _meeting_page(one.body_id)
        events |= {str(event["uid"]): event for event in meeting_events(calendar_meetings(actor), page)}  # once, whatever the bodies
    clear_actor()
    data = _calendar([_event(one, with_words=found.with_words) for one in entries] + list(events.values()))
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(data, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="renkei.ics"'
    answer["ETag"] = tag
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


@require_safe
def meeting(request: StaffRequest, body: str, meeting: uuid.UUID) -> HttpResponse:
    """Give one meeting as a file that a calendar takes in."""
    found = get_object_or_404(Meeting.objects.visible_to(request.actor).exclude(kind=MeetingKind.CIRCULATION), pk=meeting)
    answer = HttpResponse(_calendar(meeting_events([found], _meeting_page(body))), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _meeting_page(body: str) -> str:
    here = uuid.UUID(int=0)
    path = reverse("desk-meeting", kwargs={"body": body, "meeting": here}).replace(str(here), "{meeting}")
    return f"{settings.RENKEI_ADDRESS}{path}"


def _calendar(events: list[Event]) -> bytes:
    made = Calendar()
    made.add("prodid", "-//Renkei//JA")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", "連携")
    made.add("x-wr-timezone", "Asia/Tokyo")
    for event in events:
        made.add_component(event)
    made.add_missing_timezones()
    return bytes(made.to_ical())


def _event(entry: Entry, *, with_words: bool) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed_at.astimezone(dt.UTC))
    event.add("last-modified", entry.changed_at.astimezone(dt.UTC))
    event.add("summary", f"{entry.title} {entry.words}".strip() if with_words else entry.title)
    if entry.at is None:
        event.add("dtstart", entry.on)
        event.add("dtend", (entry.until or entry.on) + dt.timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        start = dt.datetime.combine(entry.on, entry.at, tzinfo=clock.JST)
        event.add("dtstart", start)
        event.add("dtend", start + dt.timedelta(minutes=30))
    path = (reverse("desk-case", kwargs={"body": entry.body, "case": entry.case}) if entry.case
            else reverse("desk-absences", kwargs={"body": entry.body}))  # fmt: skip
    event.add("url", f"{settings.RENKEI_ADDRESS}{path}")
    return event
