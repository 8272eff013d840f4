"""The meetings ahead as a route places its steps on them: what the plan lets a series decide [C71]."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.matching.schedule import Sitting
from renkei.meetings.models import Meeting, MeetingKind, MeetingState
from renkei.meetings.telling import meeting_name
from renkei.plan.content import Series
from renkei.plan.queries import add_business_days, current_plan


def sittings_ahead(series: Collection[Series], actor: Actor) -> dict[str, list[Sitting]]:
    """Return the planned meetings in rooms that take up what a series decides, by series, the next first; one query.

    A session that the plan does not name for it (a visit, a lesson) decides nothing; one whose form is not told may.
    """
    rules = {one.code: one for one in series}
    planned = Meeting.objects.visible_to(actor).filter(plan=current_plan(), series__in=rules, state=MeetingState.PLANNED, held_on__gte=clock.today())
    found: dict[str, list[Sitting]] = defaultdict(list)
    for one in planned.exclude(kind=MeetingKind.CIRCULATION).order_by("held_on", "number"):
        rule = rules[one.series]
        if not one.session or not rule.decides_in or one.session in rule.decides_in:
            found[one.series].append(Sitting(meeting_name(one), one.held_on, add_business_days(one.held_on, -rule.agenda_days)))
    return found
