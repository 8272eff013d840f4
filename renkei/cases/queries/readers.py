"""Who read a case, when: from the log of readings, through one reviewed function of the database (decision 0012).

The firm sees every reading by body and person with the classes that were shown at that moment; who runs the case sees
the same. Whoever renders secret content writes ``record_read`` with the case (alone or beside what was read).
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection

from renkei.base.actor import Actor
from renkei.cases.models import Case, Consent, Opening
from renkei.cases.states import DisclosureClass
from renkei.plan.models import Body

MOST = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: when, which body (its name), who, and which classes were shown.

    ``was_recorded`` is False for readings older than that record: their classes are those that were allowed then.
    """

    at: dt.datetime
    body: str
    person: str
    classes: list[str]
    was_recorded: bool = False


def readings(case: Case, *, actor: Actor) -> list[Reading]:
    """Return the latest readings of the case, newest first; nothing for whom the database does not count as entitled."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, body, person, holder, opening, classes FROM case_readings(%s) LIMIT %s", [case.pk, MOST])
        rows = cursor.fetchall()
    bodies = dict(Body.objects.values_list("code", "name"))
    consents = list(Consent.objects.visible_to(actor).filter(case=case))
    openings = {one.pk: one for one in Opening.objects.visible_to(actor).filter(case=case)}
    return [_reading(row, case, bodies, consents, openings) for row in rows]


def _reading(
    row: tuple[dt.datetime, str, str, str, uuid.UUID | None, list[str]], case: Case, bodies: dict[str, str],
    consents: list[Consent], openings: dict[uuid.UUID, Opening],
) -> Reading:  # fmt: skip
    at, body, person, holder, key, recorded = row
    opening = openings.get(key) if key else None
    if recorded:
        who = (opening.organisation, opening.name) if opening else (bodies.get(body, body), person or holder)
        return Reading(at, *who, [k for k in DisclosureClass.values if k in recorded], was_recorded=True)
    # Before the classes were written down with the reading, they are what was allowed at that moment.
    if opening is not None:
        return Reading(at, opening.organisation, opening.name, list(opening.classes))
    if body == case.received_by_id:
        return Reading(at, bodies.get(body, body), person or holder, list(DisclosureClass.values))
    given = [one for one in consents if one.body_id == body and one.given_at <= at]
    held = {one.klass for one in given if one.withdrawn_at is None or one.withdrawn_at > at}
    return Reading(at, bodies.get(body, body), person or holder, [k for k in DisclosureClass.values if k in held])
