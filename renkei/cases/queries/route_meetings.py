"""Meetings that decide on a step of a route. The package of meetings stands above and tells of them; the plan says who decides on what.

What nobody told of is not there: without meetings ahead a step has no day, and says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.cases.models import Case, Escalation, RouteStep, RungNumber
from renkei.cases.queries.ladder import rung_of
from renkei.cases.states import SupportState
from renkei.matching.schedule import NO_MEETING, PUT_TO, Council, Sitting
from renkei.plan.content import Series
from renkei.plan.queries import content_now

Teller = Callable[[Collection[Series], Actor], Mapping[str, list[Sitting]]]
_TELLERS: list[Teller] = []


@dataclass(frozen=True, slots=True)
class Climbing:
    """Needs that stand on the rung of the meetings, by their titles, and the next meeting of that rung."""

    needs: list[str]
    sitting: Sitting | None


class MeetingNews(StrEnum):
    """What has become of the meeting a step waits for since the step got its day."""

    MOVED = "moved"
    CLOSED = "closed"
    PLANNED = "planned"


NEWS_WORDS = {
    MeetingNews.MOVED: _("諮る会議の日が変わったか、取りやめになりました"),
    MeetingNews.CLOSED: _("会議の議題の締切を過ぎましたが、まだ頼んでいません"),
    MeetingNews.PLANNED: _("諮る会議の日が決まりました"),
}


def declare_meetings(teller: Teller) -> None:
    """Name who tells the meetings ahead of some series, the next first, as far as an actor may see them."""
    _TELLERS.append(teller)


def councils(actor: Actor) -> dict[str, Council]:
    """Return who decides on a service, by service, with the meetings ahead the actor may see; no query where the plan names nobody."""
    decided = content_now().decided_by
    told = _told({one.code: one for one in decided.values()}.values(), actor)
    return {service: Council(one.name, tuple(told.get(one.code, ()))) for service, one in decided.items()}


def climbing(case: Case, actor: Actor) -> Climbing | None:
    """Return the needs of a case that stand on the rung of the meetings, with the next meeting of that rung; None when none does."""
    rungs = Escalation.objects.visible_to(actor).open().filter(case=case, rung=RungNumber.MEETING)
    needs = list(rungs.values_list("need__title", flat=True))
    if not needs:
        return None
    content = content_now()
    rung = rung_of(content, RungNumber.MEETING)
    told = _told([one for one in content.series if rung is not None and one.code in rung.meetings], actor)
    return Climbing(needs, min((one for days in told.values() for one in days), key=lambda one: one.day, default=None))


def _told(series: Collection[Series], actor: Actor) -> dict[str, list[Sitting]]:
    found: dict[str, list[Sitting]] = {}
    for teller in _TELLERS if series else ():
        found |= teller(series, actor)
    return found


def meeting_news(step: RouteStep, state: SupportState, council: Council | None, today: dt.date) -> MeetingNews | None:
    """Return what the holder has to know of the meeting a written step waits for; None while all is as it was planned.

    What has begun, ended or met a no waits for no meeting; nor does a day set by people.
    """
    if council is None or state not in {SupportState.PROPOSED, SupportState.OFFERED} or _is_set(step):
        return None
    put = next((one for one in step.why if one["code"] == PUT_TO), None)
    if put is not None:
        if put["day"] < today.isoformat():  # over: that the step did not begin is said as of any other
            return None
        if put["day"] not in {one.day.isoformat() for one in council.sittings}:
            return MeetingNews.MOVED
        return MeetingNews.CLOSED if put["until"] < today.isoformat() and state == SupportState.PROPOSED else None
    if not any(one["code"] == NO_MEETING for one in step.missing):
        return None
    ready = max([today.isoformat(), *(one.get("until") or one.get("day", "") for one in step.why)])  # its call is closed, what comes before is over
    return MeetingNews.PLANNED if any(one.closes.isoformat() >= ready for one in council.sittings) else None


def _is_set(step: RouteStep) -> bool:
    """Tell whether people set the day a meeting would give: the end of what is handed in for a call, else the beginning."""
    is_called = any(one["code"] in {"call", "always"} for one in step.why)
    return (step.set_end if is_called else step.set_begin) is not None
