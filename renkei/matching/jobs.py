"""What the worker does for the catalogue."""

from __future__ import annotations

import logging

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.actions_harvest import note_fault, read_harvest, take_reading
from renkei.matching.models import CatalogueRun, Harvest
from renkei.matching.upkeep import tell_owner
from renkei.plan.models import Body

_log = logging.getLogger("renkei.matching")


def run_harvests() -> int:
    """Read every list whose day has come, each by itself; returns how many. Safe to run twice."""
    with acting(SYSTEM):
        due = list(Harvest.objects.filter(is_on=True, ended_on__isnull=True, next_on__lte=clock.today()).order_by("next_on", "pk"))
    count = 0
    for harvest in due:
        run = _read(harvest)
        if run is not None:
            count += 1
            _log.info("harvest %s: %s", harvest.pk, (run.fault and "not read") or run.counts)
    return count


def tell_owners() -> int:
    """Tell each body of entries it should look at again; returns how many were told. Safe to run twice."""
    with acting(SYSTEM):
        bodies = list(Body.objects.filter(closed_on__isnull=True).order_by("order"))
    count = 0
    for body in bodies:
        with acting(SYSTEM):
            count += tell_owner(body, by=SYSTEM)
    return count


def _read(harvest: Harvest) -> CatalogueRun | None:
    """Read one list and take it, apart: nobody waits for a row while a site is slow."""
    try:
        with acting(SYSTEM):
            reading = read_harvest(harvest)
    except Refused as refusal:
        with acting(SYSTEM):
            return note_fault(harvest, refusal.message, by=SYSTEM)
    with acting(SYSTEM):
        return take_reading(harvest, reading, by=SYSTEM)
