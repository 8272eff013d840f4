"""Read how projects are shared: which there are, what was proposed last, who has said what, what holds."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Exists, OuterRef

from renkei.base.actor import Actor
from renkei.cases.models import ProjectShares, ShareAnswer
from renkei.cases.models.shares import ProjectSharesQuerySet


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal with the answers to it, by body."""

    shares: ProjectShares
    answers: dict[str, ShareAnswer]

    @property
    def missing(self) -> list[str]:
        """Return the bodies that have not answered."""
        return [code for code in self.shares.bodies if code not in self.answers]

    @property
    def refused(self) -> list[ShareAnswer]:
        """Return the answers that say no."""
        return [one for one in self.answers.values() if not one.agreed]

    @property
    def is_agreed(self) -> bool:
        """Tell whether every body named has said yes."""
        return not self.missing and not self.refused


@dataclass(frozen=True, slots=True)
class SharedProject:
    """A project as everybody named reads it: number, day, field, who helped; no firm, no title (P2). Newest proposal first."""

    pk: uuid.UUID
    number: str
    approved_on: dt.date
    year: int
    field_name: str
    helped: list[str]
    proposals: list[Proposal] = field(default_factory=list)

    @property
    def newest(self) -> Proposal | None:
        """Return the last proposal."""
        return self.proposals[0] if self.proposals else None

    @property
    def held(self) -> Proposal | None:
        """Return the shares that are counted: the last that all have agreed to."""
        return next((one for one in self.proposals if one.is_agreed), None)

    @property
    def open(self) -> Proposal | None:
        """Return the last proposal while somebody has still to agree."""
        return self.newest if self.newest and not self.newest.is_agreed else None

    @property
    def came_later(self) -> list[str]:
        """Return the bodies that helped and are not in the shares that hold."""
        return [code for code in self.helped if self.held and code not in self.held.shares.bodies]

    def waits_for(self, body: str | None) -> bool:
        """Tell whether an answer of the body is missing."""
        return self.open is not None and not self.open.refused and body in self.open.missing


def shared_projects(actor: Actor, project: uuid.UUID | None = None) -> list[SharedProject]:
    """Return the projects whose shares the actor may see (or that one), those that wait for its body first, then the newest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT project, number, approved_on, counted, field, helped FROM project_named() WHERE %s::uuid IS NULL OR project = %s::uuid", [project, project])
        rows = cursor.fetchall()
    found: dict[uuid.UUID, list[ProjectShares]] = {}
    proposals = ProjectShares.objects.visible_to(actor).filter(project__in=[row[0] for row in rows]).select_related("proposed_body", "proposed_by")
    for one in proposals.order_by("-number"):
        found.setdefault(one.project_id, []).append(one)
    said: dict[uuid.UUID, dict[str, ShareAnswer]] = {}
    for answer in ShareAnswer.objects.visible_to(actor).filter(shares__in=[one.pk for many in found.values() for one in many]).select_related("answered_by"):
        said.setdefault(answer.shares_id, {})[answer.body_id] = answer
    made = [
        SharedProject(pk, number, approved_on, year, field_name, helped, [Proposal(one, said.get(one.pk, {})) for one in found.get(pk, [])])
        for pk, number, approved_on, year, field_name, helped in rows
    ]
    return sorted(made, key=lambda one: (not one.waits_for(actor.body), -one.approved_on.toordinal(), one.number))


def shares_waiting(actor: Actor) -> ProjectSharesQuerySet:
    """Return the proposals that wait for a word of the actor's body: the newest of their project, refused by nobody."""
    said = ShareAnswer.objects.filter(shares=OuterRef("pk"))
    newer = ProjectShares.objects.filter(project=OuterRef("project"), number__gt=OuterRef("number"))
    named = ProjectShares.objects.visible_to(actor).filter(bodies__contains=[actor.body])
    return named.exclude(Exists(newer)).exclude(Exists(said.filter(body=actor.body))).exclude(Exists(said.filter(agreed=False)))
