"""What was missing in a fiscal year: what is written alike is one line; a need counts once in it [C33]."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Gap, GapKind, GapSource
from renkei.plan.content import PlanContent
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class GapLine:
    """One thing that was missing: how many needs felt it in the year, and in all years so far; rough cost from to, in yen."""

    newest: Gap
    needs: int
    ever: int
    fields: list[str]
    bodies: list[str]
    least: int | None
    most: int | None

    @property
    def kind_name(self) -> str:
        """Return the word of its kind."""
        return str(GapKind(self.newest.kind).label)


def gaps_of(actor: Actor, year: FiscalYear) -> list[GapLine]:
    """Return what was missing in a year, the most felt first; a gap belongs to the year it was said in."""
    seen = Gap.objects.visible_to(actor)
    rows = list(seen.filter(said_on__gte=year.first_day, said_on__lte=year.last_day).select_related("said_body"))
    ever = {(kind, key): n for kind, key, n in seen.filter(said_on__lte=year.last_day).values_list("kind", "key").annotate(n=Count("pk")).order_by()}
    groups: dict[tuple[str, str], list[Gap]] = {}
    for one in rows:
        groups.setdefault((one.kind, one.key), []).append(one)
    content = content_now()
    found = [_line(own, ever[key], content) for key, own in groups.items()]
    return sorted(found, key=lambda line: (-line.needs, -line.ever, line.newest.what))


def alike(gap: Gap, actor: Actor) -> list[Gap]:
    """Return all that is written like a gap, of every year, the newest first."""
    return list(Gap.objects.visible_to(actor).filter(kind=gap.kind, key=gap.key).select_related("said_body"))


def sources_of(gaps: Iterable[Gap], actor: Actor) -> dict[uuid.UUID, GapSource]:
    """Return at which need each gap was felt, as far as the actor sees that case from inside."""
    return {one.gap_id: one for one in GapSource.objects.visible_to(actor).filter(gap__in=list(gaps)).select_related("case", "need")}


def _line(own: list[Gap], ever: int, content: PlanContent) -> GapLine:
    costs = [one.yen for one in own if one.yen is not None]
    fields = sorted({content.word("tech_fields", one.tech_field) for one in own if one.tech_field})
    bodies = list({one.said_body_id: one.said_body.short for one in sorted(own, key=lambda one: one.said_body.order)}.values())
    return GapLine(own[0], len(own), ever, fields, bodies, min(costs, default=None), max(costs, default=None))
