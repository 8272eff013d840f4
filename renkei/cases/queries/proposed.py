"""Needs that may climb now: bodies declined with reasons, or clocks ran out, and nobody is being asked [C37]."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.base.actor import Actor
from renkei.cases.models import Escalation, Need, Support
from renkei.cases.models.case import of_inside
from renkei.cases.queries.ladder import IN_VAIN, Tried, in_vain, may_climb, tried_in_words
from renkei.cases.rules import runs_case
from renkei.cases.states import OPEN_SUPPORTS, CaseState, NeedState
from renkei.plan.models import Body
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class Proposed:
    """A need that may climb: who was asked in vain and why, and whether the actor may let it climb."""

    need: Need
    tried: list[Tried]
    may_run: bool


def waiting_to_climb(actor: Actor) -> QuerySet[Need]:
    """Return those needs of cases the actor sees from inside; ``may_climb`` says the same of one need."""
    supports = Support.objects.filter(need=OuterRef("pk"))
    return Need.objects.visible_to(actor).filter(
        Exists(supports.filter(state__in=IN_VAIN)), ~Exists(supports.filter(state__in=OPEN_SUPPORTS)),
        ~Exists(Escalation.objects.open().filter(need=OuterRef("pk"))),
        of_inside(actor), ~Q(case__state=CaseState.CLOSED), state=NeedState.OPEN,
    )  # fmt: skip


def proposed_climbs(actor: Actor) -> list[Proposed]:
    """Return what may climb with who declined why, the oldest need first, in a fixed number of queries."""
    bodies = Body.objects.in_bulk()
    content = content_now()
    needs = waiting_to_climb(actor).select_related("case__company", "case__holder", "stage").prefetch_related("supports").order_by("added_at", "pk")
    found = []
    for need in needs:
        supports = sorted(need.supports.all(), key=lambda one: (one.offered_at is not None, one.offered_at or one.made_at))
        if may_climb(need, supports, stands=False):
            found.append(Proposed(need, tried_in_words(in_vain(supports), content, bodies), runs_case(actor, need.case)))
    return found
