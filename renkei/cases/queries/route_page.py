"""A written route as people read it: each step with its state, what is late, why its dates are what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Route, RouteAnswer, RouteSending, RouteStep, RouteVersion, Support
from renkei.cases.queries.route_meetings import NEWS_WORDS, meeting_news
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Ask
from renkei.cases.states import AT_WORK, SupportState
from renkei.matching.models import Entry
from renkei.matching.schedule import NO_MEETING, PUT_TO, Council
from renkei.matching.schedule_words import from_data, missing_words, reason_words
from renkei.matching.standing import limits, standing_of

_WAITING = {None, SupportState.PROPOSED}


@dataclass(frozen=True, slots=True)
class Line:
    """One step with the support it became, if it became one."""

    number: int
    step: RouteStep
    support: Support | None
    state: str
    label: str
    why: list[str]
    missing: list[str]
    late: str = ""
    over: str = ""  # why its entry can be had no more
    news: str = ""  # what has become of the meeting it waits for

    @property
    def is_vain(self) -> bool:
        """Tell whether the body declined or stayed silent: somebody has to plan anew."""
        return self.state in IN_VAIN

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can be planned any more."""
        return self.state == SupportState.DONE


def lines_of(version: RouteVersion, case: Case, actor: Actor) -> list[Line]:
    """Return the steps of a version, as far as the actor may read it, with their states today; two queries."""
    steps = RouteStep.objects.visible_to(actor).filter(version=version)
    rows = list(steps.select_related("need", "service", "service__stage", "body", "trained_by"))
    return _lines(rows, supports_of(case, actor))


def supports_of(case: Case, actor: Actor) -> dict[Ask, Support]:
    """Return the newest support of each need, service and body; for the firm without what can still be taken back."""
    rows = Support.objects.visible_to(actor).filter(case=case).exclude(state__in=GONE).select_related("body", "service")
    found = {(one.need_id, one.service_id, one.body_id): one for one in rows.order_by("made_at")}
    if actor.is_staff or actor.is_system:
        return found
    return {ask: one for ask, one in found.items() if one.has_left and one.state != SupportState.PROPOSED}


def _lines(steps: Sequence[RouteStep], supports: dict[Ask, Support]) -> list[Line]:
    today = clock.today()
    return [_line(number, one, supports.get((one.need_id, one.service_id, one.body_id)), today) for number, one in enumerate(steps, 1)]


def _line(number: int, step: RouteStep, support: Support | None, today: dt.date) -> Line:
    state = SupportState(support.state) if support else SupportState.PROPOSED
    return Line(
        number, step, support, state.value, str(state.label), [word for one in step.why if (word := reason_words(from_data(one), today))],
        [word for one in step.missing if (word := missing_words(from_data(one), today))], late_words(step, state, today),
    )  # fmt: skip


def with_standing(lines: Sequence[Line], entries: Mapping[str, Entry]) -> list[Line]:
    """Return the lines, each whose entry can be had no more with the sentence that says so; what is at work goes on."""
    today = clock.today()
    checks = limits(today)
    found = []
    for one in lines:
        entry = entries.get(one.step.entry) if one.state not in {*AT_WORK, SupportState.DONE} else None
        standing = standing_of(entry, entry.windows.all(), today, checks=checks) if entry is not None else None
        found.append(replace(one, over=standing.words) if standing is not None and standing.is_dead else one)
    return found


def with_news(lines: Sequence[Line], councils: Mapping[str, Council]) -> list[Line]:
    """Return the lines, each whose meeting has moved since it got its day with the sentence that says so."""
    today = clock.today()
    news = [meeting_news(one.step, SupportState(one.state), councils.get(one.step.service_id), today) for one in lines]
    return [replace(one, news=str(NEWS_WORDS[what])) if what else one for one, what in zip(lines, news, strict=True)]


def without_meetings(lines: Sequence[Line]) -> list[Line]:
    """Return the lines as the firm reads them: meetings are the bodies' own, so what waits for one has no day and says so.

    A day that people set stays.
    """
    return [_without_meeting(one) if {why["code"] for why in (*one.step.why, *one.step.missing)} & {PUT_TO, NO_MEETING} else one for one in lines]


def _without_meeting(line: Line) -> Line:
    step, today = copy(line.step), clock.today()
    held = next((dt.date.fromisoformat(one["day"]) for one in step.why if one["code"] == PUT_TO), None)
    if step.begins_on is not None and held is not None and step.begins_on >= held:
        step.begins_on = step.set_begin
    step.ends_on = step.set_end
    why = [word for one in step.why if one["code"] != PUT_TO and (word := reason_words(from_data(one), today))]
    missing = [word for one in step.missing if one["code"] != NO_MEETING and (word := missing_words(from_data(one), today))]
    waits = [] if step.set_begin else [_("機関の会議に諮って決まります。日は、決まったらお知らせします")]
    return replace(line, step=step, why=why, missing=[*waits, *missing])


def late_words(step: RouteStep, state: SupportState, today: dt.date) -> str:
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
    rows = RouteSending.objects.visible_to(actor).filter(route__case=case).select_related("version", "sent_body", "sent_by")
    return rows.first()


def answers_to(sending: RouteSending, actor: Actor) -> list[RouteAnswer]:
    """Return what the firm said to it, newest first."""
    return list(RouteAnswer.objects.visible_to(actor).filter(sending=sending))
