"""What people add to the rows of a list: facts that the list does not tell.

They are put beside the list's own facts when an entry is written, so that whatever reads entries (rules, routes, search, index)
finds them without asking for more. ``facts["added"]`` names those in use: without them the entry is again what the list says.
Where the list tells a fact itself its word stands: it is the owner's, and read again at each run. What was added waits meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from renkei.matching.fields import value_of, with_values
from renkei.matching.models import Addition
from renkei.matching.standing import HARVEST

if TYPE_CHECKING:  # it is written there with what is made here
    from renkei.matching.actions import EntryRow

ADDED = "added"
BESIDE = ("service", "tech_fields", "themes")  # may be added as well, and are no facts


def completed(rows: Iterable[EntryRow], kept_by: str) -> list[EntryRow]:
    """Return the rows of a list with what people added to each; rows of other keepers as they are."""
    listed = list(rows)
    if not kept_by.startswith(HARVEST):
        return listed
    added: dict[str, dict[str, Any]] = defaultdict(dict)
    given = Addition.objects.filter(value__isnull=False)
    for entry, key, value in given.filter(entry__in=[row.id for row in listed]).values_list("entry", "key", "value"):
        added[entry][key] = value
    return [merged(row, added.get(row.id, {})) for row in listed]


def merged(row: EntryRow, added: Mapping[str, Any]) -> EntryRow:
    """Return a list's row with what was added, as far as the row does not tell it itself."""
    used = {key: value for key, value in added.items() if not tells(row, key)}
    if not used:
        return row
    facts = with_values(row.facts, {key: value for key, value in used.items() if key not in BESIDE})
    said: dict[str, Any] = {key: value for key, value in used.items() if key in BESIDE}
    return replace(row, facts={**facts, ADDED: sorted(used)}, **said)


def own(row: EntryRow) -> EntryRow:
    """Return what the list itself says of a row."""
    used = row.facts.get(ADDED)
    if not used:
        return row
    facts = {key: value for key, value in row.facts.items() if key != ADDED}
    said: dict[str, Any] = {key: None if key == "service" else [] for key in used if key in BESIDE}
    return replace(row, facts=with_values(facts, dict.fromkeys(key for key in used if key not in BESIDE)), **said)


def tells(row: EntryRow, key: str) -> bool:
    """Tell whether a row says something of a fact; no, and nought, is something."""
    return told_by(row, key) not in (None, "", [], ())


def told_by(row: EntryRow, key: str) -> Any:
    """Return what a row says of a fact, or of a field that may be added as well."""
    return getattr(row, key) if key in BESIDE else value_of(row.facts, key)
