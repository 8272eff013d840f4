"""Who may close a year, write a report and approve it."""

from __future__ import annotations

from renkei.accounts.rules import administers
from renkei.base.actor import Actor
from renkei.plan.queries import is_front_desk


def closes_periods(actor: Actor) -> bool:
    """Tell whether the actor may close a year: the front desk, which alone sees the figures of every body, or the system."""
    return actor.is_system or (actor.is_staff and is_front_desk(actor.body))


def writes_reports(actor: Actor) -> bool:
    """Tell whether the actor writes reports: the front desk, which alone counts for every body."""
    return closes_periods(actor)


def approves_reports(actor: Actor) -> bool:
    """Tell whether the actor approves reports: an administrator of the front desk, in person."""
    return not actor.is_system and writes_reports(actor) and actor.body is not None and administers(actor, actor.body)
