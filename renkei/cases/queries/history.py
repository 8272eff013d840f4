"""What was done for a firm before: its cases, as far as the actor may see them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Support
from renkei.cases.states import SupportState
from renkei.companies.models import Company
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class Past:
    """One case of the firm in short; ``result`` in the plan's words, ``helped`` the number of supports done."""

    case: Case
    arrived_on: dt.date
    closed_on: dt.date | None
    result: str
    helped: int


def company_history(company: Company, *, actor: Actor) -> list[Past]:
    """Return the firm's cases, open ones first, then the newest. Merged ones are told by the case they went into."""
    cases = Case.objects.visible_to(actor).filter(company=company, merged_into__isnull=True)
    done = Support.objects.visible_to(actor).filter(case__in=cases, state=SupportState.DONE)
    helped = Counter(done.values_list("case_id", flat=True))
    content = content_now()
    past = [
        Past(
            case=case,
            arrived_on=case.arrived_at.astimezone(clock.JST).date(),
            closed_on=case.closed_at.astimezone(clock.JST).date() if case.closed_at else None,
            result=content.word("results", case.result) if case.result else "",
            helped=helped[case.pk],
        )
        for case in cases.select_related("holder", "holder_person").order_by("-arrived_at")
    ]
    return sorted(past, key=lambda one: one.closed_on is not None)
