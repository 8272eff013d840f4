"""Industrial estates: those of the plan, or, where the plan names none, those that stand in the firms' records."""

from __future__ import annotations

from renkei.base.actor import Actor
from renkei.companies.models import Company
from renkei.plan.queries import content_now

MOST_KNOWN = 200


def plan_estates() -> list[str]:
    """Return the names of the plan's estates; empty when it names none."""
    return [one["name"] for one in content_now().section("estates")]


def known_estates(actor: Actor) -> list[str]:
    """Return the estates of firms the actor sees, by name."""
    seen = Company.objects.visible_to(actor).standing().exclude(estate="")
    return list(seen.order_by("estate").values_list("estate", flat=True).distinct()[:MOST_KNOWN])
