"""Meetings as a calendar reads them: one entry each, the same for ever, called off and moved ones included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from icalendar import Event

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.meetings.models import Meeting, MeetingKind, MeetingState
from renkei.meetings.telling import meeting_name

_KEPT = dt.timedelta(days=90)  # a calendar that looks seldom still learns that a meeting was called off
_UNSAID = dt.timedelta(hours=1)  # how long a meeting takes whose end is not set


def calendar_meetings(actor: Actor) -> list[Meeting]:
    """Return the meetings in rooms a calendar shows: those ahead and of the last three months."""
    seen = Meeting.objects.visible_to(actor).filter(held_on__gte=clock.today() - _KEPT)
    return list(seen.exclude(kind=MeetingKind.CIRCULATION).order_by("held_on", "pk"))


def meeting_events(meetings: Iterable[Meeting], address: str) -> list[Event]:
    """Return an event a meeting; ``address`` is that of its page, with ``{meeting}`` where its id stands.

    What Outlook and others go by [RFC 5545, 5546]: ``UID`` never changes, ``SEQUENCE`` rises with every change, and what is
    called off stays in the calendar as ``CANCELLED`` rather than vanishing from the feed.
    """
    return [_event(one, address.replace("{meeting}", str(one.pk))) for one in meetings]


def _event(meeting: Meeting, url: str) -> Event:
    off = meeting.state == MeetingState.OFF
    event = Event()
    event.add("uid", f"{meeting.pk}-meeting@renkei")
    event.add("sequence", meeting.version)
    event.add("dtstamp", meeting.changed_at.astimezone(dt.UTC))
    event.add("last-modified", meeting.changed_at.astimezone(dt.UTC))
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    event.add("summary", meeting_name(meeting))
    if meeting.starts is None:
        event.add("dtstart", meeting.held_on)
        event.add("dtend", meeting.held_on + dt.timedelta(days=1))
    else:
        start = dt.datetime.combine(meeting.held_on, meeting.starts, tzinfo=clock.JST)
        event.add("dtstart", start)
        event.add("dtend", dt.datetime.combine(meeting.held_on, meeting.ends, tzinfo=clock.JST) if meeting.ends else start + _UNSAID)
    event.add("transp", "TRANSPARENT" if off or meeting.starts is None else "OPAQUE")
    if meeting.place:
        event.add("location", meeting.place)
    if meeting.state_reason:
        event.add("description", meeting.state_reason)
    event.add("url", url)
    return event
