"""What of a route's steps the firm is told: all but the meetings, which are the bodies' own.

What a meeting decides has no day of that meeting, nor what names it as a reason; that it waits is said. A day that people set is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from renkei.cases.models import RouteSentStep, RouteStep
from renkei.matching.schedule import AT_MEETING, NO_MEETING, PUT_TO


def told(steps: Sequence[RouteStep]) -> list[RouteSentStep]:
    """Return the steps as the firm is told of them, not saved and of no sending yet."""
    hidden = {one.ends_on.isoformat() for one in steps if _waits(one) and one.ends_on is not None and one.set_end is None}
    return [_told(one, hidden) for one in steps]


def _told(step: RouteStep, hidden: set[str]) -> RouteSentStep:
    begins, ends, why, missing = step.begins_on, step.ends_on, step.why, step.missing
    if _waits(step):
        held = next((dt.date.fromisoformat(one["day"]) for one in why if one["code"] == PUT_TO), None)
        if begins is not None and held is not None and begins >= held:
            begins = step.set_begin
        ends, why, missing = step.set_end, _without(why, PUT_TO), _without(missing, NO_MEETING)
        if not step.set_begin:
            missing = [{"code": AT_MEETING}, *missing]
    why = [one for one in why if one["code"] != "after" or one.get("day") not in hidden]  # the end of what waits, told by what comes next
    return RouteSentStep(order=step.order, need=step.need, service=step.service, body=step.body, entry=step.entry, entry_name=step.entry_name,
                         begins_on=begins, ends_on=ends, why=why, missing=missing)  # fmt: skip


def _waits(step: RouteStep) -> bool:
    """Tell whether a meeting decides on a step."""
    return bool({one["code"] for one in (*step.why, *step.missing)} & {PUT_TO, NO_MEETING})


def _without(reasons: Iterable[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    return [one for one in reasons if one["code"] != code]
