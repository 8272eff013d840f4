"""Letters that wait for somebody, and those of a request."""

from __future__ import annotations

from renkei.accounts.queries import answering_for
from renkei.base.actor import Actor
from renkei.cases.models import Letter, LetterStep, Support

MOST = 20


def waiting_letters(actor: Actor) -> list[LetterStep]:
    """Return what waits for the acting person's decision or eyes, the oldest first; only letters it may still read.

    What waits for the decision of somebody who is away waits for who stands in.
    """
    mine = LetterStep.objects.waiting_for(actor, answering_for(actor.person, actor.body))
    steps = mine.select_related("letter", "letter__author", "person").order_by("asked_at")[:MOST]
    waiting = list(steps)
    seen = set(Letter.objects.visible_to(actor).filter(pk__in=[one.letter_id for one in waiting]).values_list("pk", flat=True)) if waiting else set()
    return [one for one in waiting if one.letter_id in seen]


def letters_of(support: Support, actor: Actor) -> list[Letter]:
    """Return the letters that belong to a request, as far as the actor may read them."""
    return list(Letter.objects.visible_to(actor).filter(support=support).select_related("author_body"))
