"""Who may close a year."""

from __future__ import annotations

from renkei.base.actor import Actor
from renkei.plan.queries import is_front_desk


def closes_periods(actor: Actor) -> bool:
    """Tell whether the actor may close a year: the front desk, which alone sees the figures of every body, or the system."""
    return actor.is_system or (actor.is_staff and is_front_desk(actor.body))
