"""Which course comes before which machine: the machine says that it wants one, the course names what it qualifies for [C57]."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from renkei.base import clock
from renkei.base.text import search_key
from renkei.matching.models import Entry, EntryKind
from renkei.matching.standing import alive

AFTER_COURSE = 2  # of ``training_level``: at 1 anybody may use the machine, at 3 staff is present
_LEAST = 2  # characters a kind of equipment is named by; one alone stands in too many names


def wants_course(facts: Mapping[str, Any]) -> bool:
    """Tell whether a machine may be used only after a course."""
    return facts.get("training_level") in {AFTER_COURSE, str(AFTER_COURSE)}


def qualifies(course: Entry, machine: Entry) -> bool:
    """Tell whether a course names a machine by its number, or its kind by words of the machine's name.

    A kind counts among the machines of the body that gives the course: another's machine has to be named by its number.
    """
    named = course.facts.get("qualifies_for") or []
    words = [named] if isinstance(named, str) else [str(word) for word in named]
    if machine.pk in words:
        return True
    name, keys = search_key(machine.name), [search_key(word) for word in words]
    return course.body_id == machine.body_id and any(len(key) >= _LEAST and key in name for key in keys)


def next_course(machine: Entry, service: str, bodies: Collection[str]) -> Entry | None:
    """Return the first course of a service, given by one of the bodies, that qualifies for a machine and takes people on."""
    today = clock.today()
    rows = alive(Entry.objects.filter(service=service, kind=EntryKind.EVENT, body__in=bodies, windows__closes__gte=today))
    ordered = rows.order_by("windows__starts", "windows__closes", "pk")
    return next((one for one in ordered if qualifies(one, machine)), None)
