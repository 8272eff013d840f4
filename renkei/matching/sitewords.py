"""The list of synonyms as a site has it: the shipped list with the site's changes over it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from renkei.base.text import search_key
from renkei.matching.wordfile import Group, Listed, shipped
from renkei.matching.wordmodels import SynonymGroup

STATES = {"shipped": _("標準"), "changed": _("直した"), "own": _("加えた"), "ended": _("使わない")}


@dataclass(frozen=True, slots=True)
class SiteGroup:
    """A group as it stands: ``state`` of ``STATES``, the version a second editor is told by (0: as shipped)."""

    group: Group
    state: str
    version: int = 0
    ended_on: dt.date | None = None
    changed_at: dt.datetime | None = None

    @property
    def label(self) -> str:
        """Return the state in words."""
        return str(STATES[self.state])

    @property
    def code(self) -> str:
        """Return the group's code."""
        return self.group.code

    def of_kind(self, kind: str) -> list[str]:
        """Return the words of a kind."""
        return [one.word for one in self.group.words if one.kind == kind]

    def matches(self, key: str) -> bool:
        """Tell whether a word of the group, or its code, holds what was typed (as a search key)."""
        return self.code == key or any(key in search_key(one.word) for one in self.group.words)


def all_groups() -> list[SiteGroup]:
    """Return every group, the site's own first (newest first), then the shipped ones in their order."""
    rows = SynonymGroup.objects.in_bulk()
    listed = {group.code: group for group in shipped()}
    own = [_site(row, None) for row in rows.values() if row.code not in listed]
    own.sort(key=lambda one: (one.changed_at, one.code), reverse=True)
    return own + [_site(rows[code], group) if code in rows else SiteGroup(group, "shipped") for code, group in listed.items()]


def find_group(code: str) -> SiteGroup | None:
    """Return the group of a code as it stands."""
    group = shipped_group(code)
    row = SynonymGroup.objects.filter(pk=code).first()
    if row is not None:
        return _site(row, group)
    return SiteGroup(group, "shipped") if group else None


def shipped_group(code: str) -> Group | None:
    """Return the group of a code as it comes with the program."""
    return _standard().get(code)


def groups_now() -> list[Group]:
    """Return the groups a search goes by."""
    return [one.group for one in all_groups() if one.state != "ended"]


def as_state(group: Group, ended_on: dt.date | None) -> dict[str, Any]:
    """Return what the history keeps of a group."""
    return {"words": [[one.word, one.kind] for one in group.words], "ended_on": ended_on.isoformat() if ended_on else None}


def words_of(state: dict[str, Any]) -> tuple[Listed, ...]:
    """Return the words of a state in the history."""
    return tuple(Listed(word, kind) for word, kind in state["words"])


@lru_cache(maxsize=1)
def _standard() -> dict[str, Group]:
    return {group.code: group for group in shipped()}


def _site(row: SynonymGroup, standard: Group | None) -> SiteGroup:
    group = Group(row.code, tuple(Listed(word, kind) for word, kind in row.words))
    is_standard = standard is not None and group.words == standard.words
    state = "ended" if row.ended_on else "shipped" if is_standard else "changed" if standard else "own"
    return SiteGroup(group, state, row.version, row.ended_on, row.changed_at)
