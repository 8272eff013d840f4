"""What has arrived and waits for its first answer, oldest deadline first."""

from __future__ import annotations

from django.db.models import Q

from renkei.base.actor import Actor
from renkei.cases.models import Case
from renkei.cases.queries.today import CaseRow, as_rows, slim, with_words
from renkei.cases.states import CaseState


def inbox(actor: Actor) -> list[CaseRow]:
    """Return consultations the actor's body holds that are not sorted or not answered yet: age, clock and first words."""
    waiting = Q(state=CaseState.ARRIVED) | Q(next_kind="answer")
    cases = Case.objects.visible_to(actor).held_by(str(actor.body)).filter(waiting)
    found = list(slim(cases.order_by("next_on", "arrived_at", "pk")))
    return with_words(as_rows(found), found, actor)
