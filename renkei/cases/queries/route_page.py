"""A written route as people read it: each step with its state, what is late, why its dates are what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import (
    Case,
    PlannedStep,
    Route,
    RouteAnswer,
    RouteSending,
    RouteSentStep,
    RouteStep,
    RouteVersion,
    Support,
)
from renkei.cases.queries.route_meetings import NEWS_WORDS, meeting_news
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Ask
from renkei.cases.states import AT_WORK, SupportState
from renkei.matching.models import Entry
from renkei.matching.schedule import Council
from renkei.matching.schedule_words import from_data, missing_words, reason_words
from renkei.matching.standing import limits, standing_of

_Step = TypeVar("_Step", bound=PlannedStep)
_WAITING = {None, SupportState.PROPOSED}


@dataclass(frozen=True, slots=True)
class Line(Generic[_Step]):
    """One step, as it was written or sent, with the support it became, if it became one."""

    number: int
    step: _Step
    support: Support | None
    state: str
    label: str
    why: list[str]
    missing: list[str]
    late: str = ""
    over: str = ""  # why its entry can be had no more
    credit: str = ""  # the line the source of its entry asks for
    news: str = ""  # what has become of the meeting it waits for

    @property
    def is_vain(self) -> bool:
        """Tell whether the body declined or stayed silent: somebody has to plan anew."""
        return self.state in IN_VAIN

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can be planned any more."""
        return self.state == SupportState.DONE


def lines_of(version: RouteVersion, case: Case, actor: Actor) -> list[Line[RouteStep]]:
    """Return the steps of a version, as far as the actor may read it, with their states today; two queries."""
    return _lines(steps_of(version, actor), supports_of(case, actor))


def steps_of(version: RouteVersion, actor: Actor) -> list[RouteStep]:
    """Return the steps of a version, as far as the actor may read it."""
    steps = RouteStep.objects.visible_to(actor).filter(version=version)
    return list(steps.select_related("need", "service", "service__stage", "body", "trained_by"))


def sent_lines(steps: Iterable[RouteSentStep], case: Case, actor: Actor) -> list[Line[RouteSentStep]]:
    """Return steps as the firm reads them, with their states today."""
    return _lines(list(steps), supports_of(case, actor))


def sent_steps(sending: RouteSending, actor: Actor) -> QuerySet[RouteSentStep]:
    """Return what the firm was sent."""
    steps = RouteSentStep.objects.visible_to(actor).filter(sending=sending)
    return steps.select_related("need", "service", "service__stage", "body")


def supports_of(case: Case, actor: Actor) -> dict[Ask, Support]:
    """Return the newest support of each need, service and body; for the firm without what can still be taken back."""
    rows = Support.objects.visible_to(actor).filter(case=case).exclude(state__in=GONE).select_related("body", "service")
    found = {(one.need_id, one.service_id, one.body_id): one for one in rows.order_by("made_at")}
    if actor.is_staff or actor.is_system:
        return found
    return {ask: one for ask, one in found.items() if one.has_left and one.state != SupportState.PROPOSED}


def _lines(steps: Sequence[_Step], supports: dict[Ask, Support]) -> list[Line[_Step]]:
    today = clock.today()
    return [_line(number, one, supports.get((one.need_id, one.service_id, one.body_id)), today) for number, one in enumerate(steps, 1)]


def _line(number: int, step: _Step, support: Support | None, today: dt.date) -> Line[_Step]:
    state = SupportState(support.state) if support else SupportState.PROPOSED
    return Line(
        number, step, support, state.value, str(state.label), [word for one in step.why if (word := reason_words(from_data(one), today))],
        [word for one in step.missing if (word := missing_words(from_data(one), today))], late_words(step, state, today),
    )  # fmt: skip


def with_standing(lines: Sequence[Line[RouteStep]], entries: Mapping[str, Entry]) -> list[Line[RouteStep]]:
    """Return the lines with the credit of their entries, and each whose entry can be had no more with the sentence that says so; what is at work goes on."""
    today = clock.today()
    checks = limits(today)
    found = []
    for one in lines:
        entry = entries.get(one.step.entry)
        held = entry if one.state not in {*AT_WORK, SupportState.DONE} else None
        standing = standing_of(held, held.windows.all(), today, checks=checks) if held is not None else None
        over = standing.words if standing is not None and standing.is_dead else ""
        found.append(replace(one, over=over, credit=entry.credit if entry is not None else ""))
    return found


def with_news(lines: Sequence[Line[RouteStep]], councils: Mapping[str, Council]) -> list[Line[RouteStep]]:
    """Return the lines, each whose meeting has moved since it got its day with the sentence that says so."""
    today = clock.today()
    news = [meeting_news(one.step, SupportState(one.state), councils.get(one.step.service_id), today) for one in lines]
    return [replace(one, news=str(NEWS_WORDS[what])) if what else one for one, what in zip(lines, news, strict=True)]


def late_words(step: PlannedStep, state: SupportState, today: dt.date) -> str:
    """Return why a step is late: not asked for though its day has come, or not over though its last day has passed."""
    if state in {SupportState.DONE, *IN_VAIN}:
        return ""
    if step.ends_on is not None and step.ends_on < today:
        return _("終わる日を過ぎています")
    if step.begins_on is not None and step.begins_on < today and state in _WAITING:
        return _("始める日を過ぎましたが、まだ頼んでいません")
    return ""


def current_version(route: Route) -> RouteVersion:
    """Return the version that stands."""
    return RouteVersion.objects.select_related("made_by", "made_body").get(route=route, number=route.version)


def last_sending(case: Case, actor: Actor) -> RouteSending | None:
    """Return what the firm was sent last; None when it was sent nothing yet."""
    rows = RouteSending.objects.visible_to(actor).filter(route__case=case).select_related("sent_body", "sent_by")
    return rows.first()


def answers_to(sending: RouteSending, actor: Actor) -> list[RouteAnswer]:
    """Return what the firm said to it, newest first."""
    return list(RouteAnswer.objects.visible_to(actor).filter(sending=sending))
