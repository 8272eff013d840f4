"""What the worker does for meetings."""

from __future__ import annotations

import logging

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.meetings.actions.minuting import take_up_decision
from renkei.meetings.models import AgendaItem
from renkei.meetings.telling import settle_over

_log = logging.getLogger("renkei.meetings")


def settle_news() -> int:
    """Take everything that is over off the lists of the bodies; safe to run twice. Returns how many."""
    with acting(SYSTEM):
        return settle_over()


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
