"""The numbers in the navigation of the staff pages."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.base.actor import Actor
from renkei.cases.models import Support
from renkei.cases.queries.today import day_counts
from renkei.post.models import NoticeReceipt


@dataclass(frozen=True, slots=True)
class NavCounts:
    """What waits: consultations to sort, requests to answer, what is overdue, calls of today, unread notices."""

    inbox: int
    requests: int
    overdue: int
    calls: int
    notices: int


def nav_counts(actor: Actor, body: str) -> NavCounts:
    """Return the numbers of ``body``, in three queries."""
    day = day_counts(actor, body)
    asked = Support.objects.asked_of(actor) if actor.body == body else Support.objects.none()
    unread = NoticeReceipt.objects.filter(body=body, read_at__isnull=True)
    return NavCounts(requests=asked.waiting().count(), notices=unread.count(),
                     inbox=day["inbox"], overdue=day["overdue"], calls=day["calls"])  # fmt: skip
