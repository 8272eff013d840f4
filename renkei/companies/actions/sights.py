"""Which body knows which firm."""

from __future__ import annotations

from django.db import transaction

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.companies.actions.profile import lock_company, open_sight, require_staff
from renkei.companies.models import Company, Sight
from renkei.plan.models import Body


@transaction.atomic
def know_company(company: Company, body: Body, *, by: Actor) -> Sight:
    """Let a body know a firm from today. Doing it twice gives the same row."""
    require_staff(by)
    locked = lock_company(company, by=by)
    sight, is_new = open_sight(locked, body.pk)
    if is_new:
        record(by, "company.know", company, sight, body=body.pk)
    return sight


@transaction.atomic
def end_sight(company: Company, body: Body, *, by: Actor) -> None:
    """Let a body's sight of a firm end today; the row stays. A firm the body entered itself stays with it."""
    require_staff(by)
    open_ones = Sight.objects.select_for_update().filter(company=company, body=body, ended_on__isnull=True)
    for sight in open_ones:
        sight.ended_on = clock.today()
        sight.save(update_fields=["ended_on"])
        record(by, "company.end_sight", company, sight, body=body.pk)
