"""What people's deeds say about proposals, taken up as judgments: a body that accepted or declined, one chosen by hand.

It is read from the requests themselves, so that an answer counts however it came: on screen, by link, by telephone. The
judgments hold ids only; who is asked beside the proposal speaks through whom the desk chose.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.models import Support
from renkei.cases.models.support import Origin
from renkei.cases.states import SupportState
from renkei.matching.models import Entry, Judgment, JudgmentOrigin

_YES = (SupportState.ACCEPTED, SupportState.UNDER_WAY, SupportState.DONE)
_AT_ONCE = 500
_LOOKED_BACK = dt.timedelta(days=800)


def take_up_judgments() -> int:
    """Write the judgments that new answers and choices give; returns how many. Safe to run twice and at once."""
    total = 0
    for origin, found in _sources().items():
        while made := _take_up(origin, found):
            total += made
    return total


def _sources() -> dict[JudgmentOrigin, QuerySet[Support]]:
    since = clock.now() - _LOOKED_BACK
    answered = Support.objects.filter(answered_at__gte=since)
    beside = Q(place__isnull=True, origin=Origin.PROPOSED) & ~Q(state__in=[SupportState.PROPOSED, SupportState.RECALLED])
    return {
        JudgmentOrigin.ACCEPTED: answered.filter(state__in=_YES),
        JudgmentOrigin.DECLINED: answered.filter(state=SupportState.DECLINED),
        JudgmentOrigin.CHOSEN: Support.objects.filter(beside, leaves_at__gte=since, leaves_at__lte=clock.now()),
    }


def _take_up(origin: JudgmentOrigin, found: QuerySet[Support]) -> int:
    """Write the next judgments of an origin; nought when all are there."""
    with acting(SYSTEM), transaction.atomic():
        there = Judgment.objects.filter(support=OuterRef("pk"), origin=origin)
        supports = list(found.filter(~Exists(there)).order_by("made_at", "pk")[:_AT_ONCE])
        known = set(Entry.objects.filter(pk__in={one for support in supports for one in support.entries}).values_list("pk", flat=True))
        rows = [_row(support, origin, entry) for support in supports for entry in _entries(support, known)]
        Judgment.objects.bulk_create(rows, ignore_conflicts=True)
        if rows:
            record(SYSTEM, "proposal.judgments", *rows[:50], origin=str(origin), ids=[str(row.pk) for row in rows])
        return len(rows)


def _entries(support: Support, known: set[str]) -> list[str | None]:
    """Return the entries a request names that are there, each once; one nothing where it names none."""
    named: list[str | None] = [one for one in dict.fromkeys(support.entries) if one in known]
    return named or [None]


def _row(support: Support, origin: JudgmentOrigin, entry: str | None) -> Judgment:
    is_choice = origin is JudgmentOrigin.CHOSEN
    return Judgment(
        need=support.need_id, service_id=support.service_id, body_id=support.body_id, entry_id=entry, origin=origin,
        fits=origin is not JudgmentOrigin.DECLINED, reason=support.decline_reason if origin is JudgmentOrigin.DECLINED else "",
        support=support.pk, judged_by=support.asked_by_id if is_choice else support.recorded_by_id,
        judged_body_id=support.asked_by_body_id if is_choice else support.body_id,
        judged_at=(support.leaves_at if is_choice else support.answered_at) or clock.now(),
    )  # fmt: skip
