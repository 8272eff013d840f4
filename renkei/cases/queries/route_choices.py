"""What of the catalogue a step of a route can be done with: alive, and told for its service by the entry or by the plan for its kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base.text import search_key
from renkei.cases.models import RouteStep
from renkei.matching.entries import matches, services_of
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, EntryKind
from renkei.matching.standing import alive

DATED = (EntryKind.PROGRAMME, EntryKind.EVENT, EntryKind.EQUIPMENT, EntryKind.TEST)
MACHINES = frozenset({EntryKind.EQUIPMENT.value, EntryKind.TEST.value})
Group = tuple[str, list[tuple[str, str]]]


def choosable(service: str = "", *, own: str = "") -> list[Entry]:
    """Return what a step of a service (of any, when none is told) can be done with, by body, kind and reading; ``own`` too while alive.

    One query, without the entries' words and windows.
    """
    known = knowledge()
    rows = alive(Entry.objects.filter(kind__in=DATED))
    if service:
        kinds = [kind for kind in DATED if service in known.services_of(kind)]
        rows = rows.filter(Q(service=service) | Q(service=None, kind__in=kinds) | Q(pk=own))
    found = [one for one in rows.select_related("body").defer("text", "summary") if one.pk == own or services_of(one, known)]
    return sorted(found, key=_order)


def grouped(entries: Iterable[Entry], first: str) -> list[Group]:
    """Return entries as groups of choices, one a body and kind, those of the body ``first`` before others."""
    groups: dict[tuple[bool, str], list[tuple[str, str]]] = {}
    for one in entries:
        words = f"{_owner(one)}　{EntryKind(one.kind).label}"
        groups.setdefault((one.body_id != first, words), []).append((one.pk, one.name))
    return [(words, groups[is_other, words]) for is_other, words in sorted(groups, key=lambda key: key[0])]


def labelled(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Return entries by words that tell them apart: name and body, and the number where these are the same."""
    found: dict[str, Entry] = {}
    for one in entries:
        words = _("%(name)s（%(body)s）") % {"name": one.name, "body": _owner(one)}
        found[words if words not in found else f"{words} {one.pk}"] = one
    return found


def told(words: str, entries: Sequence[Entry], *, service: str, body: str) -> Entry | None:
    """Return the one entry a body can use for a service that the words tell: its label, number or name; none when several do."""
    known = knowledge()
    exact = labelled(entries).get(words)
    fits = [one for one in entries if one.body_id in {None, body} and service in services_of(one, known)]
    for found in ([one for one in fits if one is exact or one.pk == words], [one for one in fits if search_key(one.name) == search_key(words)]):
        if found:
            return found[0] if len(found) == 1 else None
    return None


def near_machines(step: RouteStep, entries: Iterable[Entry], most: int) -> list[Entry]:
    """Return the machines and tests among entries that come nearest to what a step is for, nearest first."""
    listed = {one.pk: one for one in entries if one.kind in MACHINES}
    if not listed:
        return []
    kinds = sorted({one.kind for one in listed.values()})
    found = matches(f"{step.need.title}\n{step.entry_name}", knowledge(), kinds=kinds)
    return [listed[one.entry.pk] for one in found if one.entry.pk in listed][:most]


def _order(one: Entry) -> tuple[bool, int, str, int, str, str]:
    body = one.body
    return (body is None, body.order if body else 0, one.owner_name, DATED.index(EntryKind(one.kind)), one.kana or one.name, one.pk)


def _owner(one: Entry) -> str:
    return one.body.short if one.body else one.owner_name
