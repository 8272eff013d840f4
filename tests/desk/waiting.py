"""Consultations that wait at the front desk, one or many."""

from __future__ import annotations

import datetime as dt
import uuid

from renkei.base import clock
from renkei.cases.models import Case
from tests.desk.scene import NOW, arrived
from tests.world import World


def waiting(world: World, name: str, days: int = 0, **more: object) -> Case:
    """A consultation whose answer is due in some days."""
    with clock.moved_to(NOW):
        case = arrived(world, name).case
    Case.objects.filter(pk=case.pk).update(next_on=NOW.date() + dt.timedelta(days=days), **more)
    return Case.objects.get(pk=case.pk)


def copies(case: Case, count: int) -> None:
    """Many more of the kind, each due a day later than the one before."""
    rows = []
    for number in range(1, count + 1):
        one = Case.objects.get(pk=case.pk)
        one.pk, one.number, one.company, one.company_given = uuid.uuid4(), f"県8-9{number:03d}", None, f"架空{number:03d}"
        one.next_on = (case.next_on or NOW.date()) + dt.timedelta(days=number)
        rows.append(one)
    Case.objects.bulk_create(rows)
