"""Routes that fall behind: shown to the holder each day, until somebody asks, finishes, or plans anew."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db.models import F, Q
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, RouteStep, Support
from renkei.cases.queries.route_page import late_words
from renkei.cases.queries.route_plan import GONE, IN_VAIN, Ask
from renkei.cases.states import SupportState

MOST = 10
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class LateRoute:
    """A case whose route is behind, and what about it."""

    case: Case
    words: str


def late_routes(actor: Actor, body: str) -> list[LateRoute]:
    """Return the open cases that ``body`` holds whose route is late or met a no; two queries however many there are."""
    today = clock.today()
    steps = (
        RouteStep.objects.visible_to(actor)
        .filter(version__number=F("version__route__version"), version__route__case__holder_id=body)
        .exclude(version__route__case__state="closed")
        .select_related("service", "body", "version__route__case", "version__route__case__company")
        .order_by("version__route__case__arrived_at", "order")
    )
    touched = Q(begins_on__lt=today) | Q(ends_on__lt=today) | Q(version__route__case__supports__state__in=IN_VAIN)
    rows = list(steps.filter(touched).distinct()[:_MOST_STEPS])
    if not rows:
        return []
    supports = _supports(actor, {one.version.route.case_id for one in rows})
    found: dict[uuid.UUID, LateRoute] = {}
    for one in rows:
        words = _words(one, supports.get((one.need_id, one.service_id, one.body_id)))
        if words:
            found.setdefault(one.version.route.case_id, LateRoute(one.version.route.case, words))
    return list(found.values())[:MOST]


def _supports(actor: Actor, cases: set[uuid.UUID]) -> dict[Ask, Support]:
    rows = Support.objects.visible_to(actor).filter(case__in=cases).exclude(state__in=GONE).order_by("made_at")
    return {(one.need_id, one.service_id, one.body_id): one for one in rows}


def _words(step: RouteStep, support: Support | None) -> str:
    state = SupportState(support.state) if support else SupportState.PROPOSED
    what = _("次の案を選んでください") if state in IN_VAIN else late_words(step, state, clock.today())
    return f"{step.service.short}（{step.body.short}）：{what}" if what else ""
