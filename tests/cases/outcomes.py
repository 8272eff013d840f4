"""Try a deed and take it back: what it did to a row, or how it was refused, so that whole tables can be compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from renkei.audit.models import Event
from renkei.base.refusal import Refused
from renkei.cases.models import Transition


def tried(deed: Callable[[], object], told: Callable[[], Any]) -> Any:
    """Return what ``told`` says after the deed, or ``code`` / ``code:field`` of its refusal; nothing of it stays.

    A refusal that left an event or a transition behind is told as well: nothing may be half written.
    """
    before = _written()
    with transaction.atomic():
        try:
            with transaction.atomic():
                deed()
        except Refused as refused:
            if not refused.message.strip():
                raise AssertionError("a refusal without a sentence") from refused
            left = "" if _written() == before else " (half written)"
            found: Any = f"{refused.code}{left}"
        else:
            found = told()
        transaction.set_rollback(True)
    return found


def written_by(deed: Callable[[], object]) -> tuple[set[str], set[str]]:
    """Do the deed and take it back; returns the verbs of the events and of the transitions it wrote."""
    events, steps = set(Event.objects.values_list("id", flat=True)), set(Transition.objects.values_list("pk", flat=True))
    with transaction.atomic():
        deed()
        new = set(Event.objects.exclude(id__in=events).values_list("verb", flat=True))
        told = set(Transition.objects.exclude(pk__in=steps).values_list("verb", flat=True))
        transaction.set_rollback(True)
    return new, told


def _written() -> tuple[int, int]:
    return Event.objects.count(), Transition.objects.count()
