"""Where the needs of a case stand on the ladder, who was tried, and which may climb [C37, C93]."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Escalation, Need, Support
from renkei.cases.states import OPEN_SUPPORTS, NeedState, SupportState
from renkei.plan.content import Member, Network, PlanContent, Rung
from renkei.plan.models import Body
from renkei.plan.queries import content_now

IN_VAIN = (SupportState.DECLINED, SupportState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Tried:
    """A body that was asked in vain: what it said, and why."""

    body: str
    said: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A rung of a need as a page shows it."""

    escalation: Escalation
    name: str
    tried: list[Tried]


@dataclass(frozen=True, slots=True)
class Climb:
    """A need with the rungs it has been on, and whether it may climb now."""

    need: Need
    rungs: list[Standing]
    may_climb: bool

    @property
    def now(self) -> Standing | None:
        """Return the rung it stands on."""
        return next((one for one in reversed(self.rungs) if one.escalation.is_open), None)


def in_vain(supports: Iterable[Support]) -> list[dict[str, Any]]:
    """Return as data who was asked in vain: body, service, what it said, reason, day. The newest word of each counts."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in supports:
        if one.state in IN_VAIN:
            day = (one.answered_at.date() if one.answered_at else one.due_on)
            found[one.body_id, one.service_id] = {
                "body": one.body_id, "service": one.service_id, "state": str(one.state), "reason": one.decline_reason,
                "on": day.isoformat() if day else "",
            }  # fmt: skip
    return list(found.values())


def may_climb(need: Need, supports: Iterable[Support], *, stands: bool) -> bool:
    """Tell whether a need may go to a meeting: open, on no rung, somebody asked in vain and nobody is being asked or at work."""
    states = {one.state for one in supports}
    return need.state == NeedState.OPEN and not stands and bool(states & set(IN_VAIN)) and not states & OPEN_SUPPORTS


def climbs(case: Case, actor: Actor, needs: Iterable[tuple[Need, Sequence[Support]]], bodies: dict[str, Body]) -> list[Climb]:
    """Return which of the needs of a case (each with its supports) stood on a rung or may climb, in the order given."""
    rungs: dict[UUID, list[Escalation]] = {}
    for rung in Escalation.objects.visible_to(actor).filter(case=case):
        rungs.setdefault(rung.need_id, []).append(rung)
    content = content_now()
    found = []
    for need, supports in needs:
        own = rungs.get(need.pk, [])
        may = may_climb(need, supports, stands=any(one.is_open for one in own))
        if own or may:
            found.append(Climb(need, [standing(one, content, bodies) for one in own], may))
    return found


def standing(escalation: Escalation, content: PlanContent, bodies: dict[Any, Body]) -> Standing:
    """Return a rung in words: its name by the plan, and who had been tried."""
    return Standing(escalation, rung_name(content, escalation.rung), tried_in_words(escalation.tried, content, bodies))


def tried_in_words(tried: list[dict[str, Any]], content: PlanContent, bodies: dict[Any, Body]) -> list[Tried]:
    """Return kept tries in the reader's words."""
    return [
        Tried(
            bodies[one["body"]].short if one["body"] in bodies else one["body"], str(SupportState(one["state"]).label),
            content.word("decline_reasons", one["reason"]) if one["reason"] else "",
        )
        for one in tried
    ]  # fmt: skip


def rung_name(content: PlanContent, number: int) -> str:
    """Return the plan's name of a rung, else our own."""
    rung = rung_of(content, number)
    return rung.name if rung else [_("窓口"), _("会議"), _("地域外")][number - 1]


def reachable(body: str) -> list[tuple[Network, Member]]:
    """Return whom a body reaches outside the region today, through its networks: nobody of one that is dissolved [C34]."""
    return [(net, one) for net in content_now().networks if net.through == body for one in net.reach(clock.today())]


def rung_of(content: PlanContent, number: int) -> Rung | None:
    """Return what the plan says of a rung; None where it says nothing."""
    return content.ladder[number - 1] if len(content.ladder) >= number else None
