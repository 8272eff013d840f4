"""What the worker does for meetings."""

from __future__ import annotations

import datetime as dt
import logging

from django.db.models import Exists, F, OuterRef

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.meetings.actions.confirming import remind_of_minutes, stop_confirmed
from renkei.meetings.actions.going_round import REMINDER, ROUND, remind_of_round, stop_answered
from renkei.meetings.actions.minuting import take_up_decision
from renkei.meetings.models import AgendaItem, Meeting, MeetingKind, MeetingState, Minutes
from renkei.meetings.telling import CONFIRM, CONFIRM_REMINDER, settle_over
from renkei.plan.queries import add_business_days, content_now
from renkei.post.models import Mail, MailState

_log = logging.getLogger("renkei.meetings")


def settle_news() -> int:
    """Take everything that is over off the lists of the bodies; safe to run twice. Returns how many."""
    with acting(SYSTEM):
        for meeting in Meeting.objects.filter(pk__in=Mail.objects.filter(state=MailState.WAITING, purpose__in=[ROUND, REMINDER]).values("about")):
            stop_answered(meeting)
        asking = Mail.objects.filter(state=MailState.WAITING, purpose__in=[CONFIRM, CONFIRM_REMINDER]).values("about")
        for minutes in Minutes.objects.filter(pk__in=asking).select_related("meeting"):
            stop_confirmed(minutes)
        return settle_over()


def remind_of_rounds() -> int:
    """Remind of every circulation whose day is near, once; safe to run twice. Returns how many bodies were reminded."""
    with acting(SYSTEM):
        last = _last_day()
        near = list(Meeting.objects.filter(kind=MeetingKind.CIRCULATION, state=MeetingState.HELD, round_at__isnull=False, reminded_at__isnull=True,
                                           held_on__lte=last).values_list("pk", flat=True))  # fmt: skip
    count = 0
    for meeting in near:
        with acting(SYSTEM):
            count += remind_of_round(meeting, by=SYSTEM)
    return count


def remind_of_unconfirmed() -> int:
    """Remind of the newest minutes of every meeting whose day is near, not on the day they were sent; safe to run twice. Returns how many bodies."""
    with acting(SYSTEM):
        today = clock.today()
        newer = Minutes.objects.filter(meeting=OuterRef("meeting"), number__gt=OuterRef("number"))
        near = Minutes.objects.filter(~Exists(newer), meeting__state=MeetingState.CHECKING, number__gt=F("meeting__reminded_minutes"),
                                      due_on__range=(today, _last_day()), sent_at__lt=clock.at(today, 0))  # fmt: skip
        meetings = list(near.values_list("meeting_id", flat=True))
    count = 0
    for meeting in meetings:
        with acting(SYSTEM):
            count += remind_of_minutes(meeting, by=SYSTEM)
    return count


def _last_day() -> dt.date:
    """Return until which day what is asked for is near."""
    rule = content_now().clocks.get("offer_reminder")
    return add_business_days(clock.today(), rule.business_days if rule else 1)


def take_up_decisions() -> int:
    """Bring every decision into its case or onto the next agenda; safe to run twice. Returns how many."""
    with acting(SYSTEM):
        waiting = list(AgendaItem.objects.ready().values_list("pk", flat=True))
    count = 0
    for item in waiting:
        try:
            with acting(SYSTEM):
                count += take_up_decision(item, by=SYSTEM)
        except Refused as refusal:
            _log.error("take_up_decision: %s refused (%s)", item, refusal.code)
    return count
