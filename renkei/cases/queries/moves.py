"""Caseloads that move: which cases name a person, what waits for whom, and what a body's people give away."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.accounts.models import Membership
from renkei.accounts.queries import answering_for
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Move, MovePack, Support
from renkei.cases.states import AT_WORK, PackState, SupportState

SOON = dt.timedelta(days=30)
ASKED = [SupportState.OFFERED, *AT_WORK]


def naming(body: str, person: uuid.UUID) -> Q:
    """Return the condition on cases that name ``person`` of ``body``: as holder, as who moves next, or in a support."""
    helps = Support.objects.filter(body_id=body, person_id=person, state__in=ASKED).values("case_id")
    return Q(holder_id=body, holder_person_id=person) | Q(next_body_id=body, next_person_id=person) | Q(pk__in=helps)


def caseload(body: str, person: uuid.UUID, actor: Actor) -> QuerySet[Case]:
    """Return the open cases that name a person of a body, the most urgent first."""
    return Case.objects.visible_to(actor).open().filter(naming(body, person)).order_by("next_on", "number")


def naming_who_left() -> QuerySet[Case]:
    """Return open cases that name, as holder's person or as who moves, somebody who is not of that body today."""
    return Case.objects.open().filter(
        Q(holder_person__isnull=False) & ~_member("holder_person", "holder")
        | Q(next_person__isnull=False) & ~_member("next_person", "next_body")
    )


def supports_of_who_left() -> QuerySet[Support]:
    """Return supports asked or at work that name somebody who is not of their body today."""
    asked = Support.objects.filter(state__in=ASKED, person__isnull=False).exclude(case__state="closed")
    return asked.filter(~_member("person", "body"))


def _member(person: str, body: str) -> Exists:
    day = clock.today()
    there = Membership.objects.filter(
        Q(until__isnull=True) | Q(until__gte=day), person_id=OuterRef(f"{person}_id"), body_id=OuterRef(f"{body}_id"),
        since__lte=day, person__is_active=True,
    )  # fmt: skip
    return Exists(there)


def waiting_packs(actor: Actor) -> QuerySet[MovePack]:
    """Return the packs that wait for the actor's yes: for the person, for whom the person stands in, for the body's queue."""
    mine = Q(to_person_id__in=[actor.person, *answering_for(actor.person, actor.body)]) | Q(to_person__isnull=True)
    packs = MovePack.objects.visible_to(actor).live().filter(mine, state=PackState.OFFERED, to_body_id=actor.body)
    return packs.exclude(from_person_id=actor.person).select_related("case", "case__company", "from_person", "move", "to_person")


def moves_of(actor: Actor) -> QuerySet[Move]:
    """Return the moves of the actor's body that are not cancelled, the nearest last day first."""
    return Move.objects.visible_to(actor).filter(cancelled_at__isnull=True).select_related("person").order_by("-on", "pk")


def ending_soon() -> list[Membership]:
    """Return memberships that end within ``SOON`` and whose person open cases name, with no move opened yet."""
    day = clock.today()
    soon = Membership.objects.current().filter(until__lte=day + SOON)
    moved = Move.objects.filter(cancelled_at__isnull=True, on__gte=day).values_list("body_id", "person_id")
    known = set(moved)
    return [
        one for one in soon if (one.body_id, one.person_id) not in known
        and Case.objects.open().filter(naming(one.body_id, one.person_id)).exists()
    ]  # fmt: skip
