"""Who was asked for what, as counts: was it whom the proposal put first, and what became of it [C67].

Counted by one reviewed function of the database: it returns counts only, to the front desk for every body, to the
staff of another body for that body alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from renkei.base.actor import Actor
from renkei.base.language import shown_list
from renkei.plan.models import Body, Service
from renkei.plan.queries import is_front_desk, provisions_on

_COUNTS = "service, body, asked, as_first, as_later, beside, passed_over, accepted, declined, silent, waiting, helped, days, last_on"


@dataclass(frozen=True, slots=True)
class Chosen:
    """How often a body was asked for a service in a span of days, and what became of it.

    ``asked`` is the sum of ``as_first`` (the proposal put it first), ``as_later`` and ``beside`` (chosen without the
    proposal); ``passed_over`` counts needs for which it stood first and others were asked; ``days`` is the median of
    days until it answered.
    """

    service: Service
    body: Body
    asked: int = 0
    as_first: int = 0
    as_later: int = 0
    beside: int = 0
    passed_over: int = 0
    accepted: int = 0
    declined: int = 0
    silent: int = 0
    waiting: int = 0
    helped: int = 0
    days: int | None = None
    last_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """A service with the bodies that offer it or were asked for it, the one asked most first."""

    service: Service
    bodies: list[Chosen]

    @property
    def asked(self) -> int:
        """Return how many requests there were for the service."""
        return sum(one.asked for one in self.bodies)

    @property
    def forgotten(self) -> list[Chosen]:
        """Return the bodies that were never asked, where others were."""
        return [one for one in self.bodies if not one.asked] if self.asked else []

    @property
    def forgotten_names(self) -> str:
        """Return their names."""
        return shown_list([one.body.short for one in self.forgotten])


def shares(actor: Actor, since: dt.date, until: dt.date) -> list[Shares]:
    """Return, in the plan's order of services, who was asked between two days (both included), as far as the actor may count.

    Bodies that offer a service today and were never asked stand there with noughts, for whoever may count them.
    """
    sees_all = is_front_desk(actor.body)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COUNTS} FROM case_choices(%s, %s)", [since, until])
        counted = {(row[0], row[1]): row[2:] for row in cursor.fetchall() if sees_all or row[1] == actor.body}
    bodies, services = Body.objects.in_bulk(), Service.objects.in_bulk()
    offered = {(one.service_id, one.body_id) for one in provisions_on() if sees_all or one.body_id == actor.body}
    found: dict[str, list[Chosen]] = {}
    for service, body in {*counted, *offered}:
        found.setdefault(service, []).append(Chosen(services[service], bodies[body], *counted.get((service, body), ())))
    return [
        Shares(one, sorted(found[one.pk], key=lambda row: (-row.asked, row.body.order)))
        for one in sorted(services.values(), key=lambda one: one.order) if one.pk in found
    ]  # fmt: skip
