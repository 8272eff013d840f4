"""The saved views a person is offered, with how much is new in them."""

from __future__ import annotations

from django.db.models import Count, Q

from renkei.base.actor import Actor
from renkei.cases.models import SavedView


def views_of(actor: Actor) -> list[SavedView]:
    """Return one's own views in the chosen order, then what colleagues share; ``fresh`` counts what is new to oneself."""
    unseen = Q(hits__seen_at__isnull=True, hits__left_at__isnull=True)
    found = SavedView.objects.visible_to(actor).living().select_related("person").annotate(fresh=Count("hits", filter=unseen))
    return sorted(found, key=lambda one: (one.person_id != actor.person, one.place, one.made_at))
