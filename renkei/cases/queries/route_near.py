"""What almost fits a case and is therefore in no route: with what would make it fit (a partner, a date, a size)."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.base.actor import Actor
from renkei.cases.models import Case
from renkei.cases.queries.route_proposal import proposal_for

MOST = 6


@dataclass(frozen=True, slots=True)
class Near:
    """An entry's name, the rule it fails, what would make it fit, and the line its source asks for."""

    name: str
    rule: str
    wants: str
    credit: str


def near_misses(case: Case, actor: Actor) -> list[Near]:
    """Return what almost fits, each name once, in the order of the proposal."""
    found: dict[str, Near] = {}
    for miss in proposal_for(case, actor).near_misses:
        found.setdefault(miss.name, Near(miss.name, miss.text, miss.wants, miss.credit))
    return list(found.values())[:MOST]
