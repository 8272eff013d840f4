"""The front desk as outside pages show it: whose plan this is, and where to call."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.base.refusal import Refused
from renkei.plan.models import Body
from renkei.plan.queries import content_now, current_plan


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """The front desk in the words of the public pages; ``body`` is None before any plan is published."""

    plan_title: str = ""
    body: Body | None = None
    hours: str = ""

    @property
    def phone_digits(self) -> str:
        """Return the number as a ``tel:`` link wants it."""
        return (self.body.phone if self.body else "").replace("-", "")


def desk_facts() -> FrontDesk:
    """Return the front desk of the running plan; empty facts when no plan is published yet."""
    try:
        plan = current_plan()
        hours = str((content_now().raw.get("front_desk") or {}).get("hours", ""))
    except Refused:
        return FrontDesk()
    return FrontDesk(plan.title, plan.front_desk, hours)
