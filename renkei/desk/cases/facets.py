"""The counts beside the list of cases: how many fall under a value, each a link that narrows by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from renkei.cases.queries.finding import facets
from renkei.desk.cases.filters import CaseFilter


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its word, how many, the address narrowed by it, and whether it is set."""

    label: str
    count: int
    url: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one filter."""

    label: str
    values: list[Value]


def counted(given: CaseFilter, query: QueryDict) -> list[Group]:
    """Return the counts over open cases; a list with closed ones grows for ever and is not counted."""
    wanted = given.wanted
    if wanted.state not in {"", "open", "arrived", "active"}:
        return []
    found = facets(given.cases(), given.actor)
    groups = [("by", _("主担当"), found.bodies), ("stage", _("段階"), found.stages)]
    shown = [_group(given, query, name, label, counts) for name, label, counts in groups]
    pairs: dict[tuple[str, str], str] = {
        ("who", "mine"): _("自分"), ("who", "queue"): _("担当が未定"), ("late", "on"): _("期限超過"), ("idle", "on"): _("動きなし"),
        ("age", "30"): _("30日まで"), ("age", "60"): _("31日から60日"), ("age", "61"): _("61日から"),
    }  # fmt: skip
    values = [_value(query, name, code, label, found.others.get(f"{name}={code}", 0)) for (name, code), label in pairs.items()]
    return [one for one in [*shown, Group(_("ほか"), [one for one in values if one.count])] if one.values]


def _group(given: CaseFilter, query: QueryDict, name: str, label: str, counts: dict[str, int]) -> Group:
    choices: Any = given.fields[name].choices  # type: ignore[attr-defined]  # a list of choices by its name
    values = [_value(query, name, str(code), str(word), counts[code]) for code, word in choices if counts.get(code)]
    return Group(label, values)


def _value(query: QueryDict, name: str, code: str, label: str, count: int) -> Value:
    narrowed = query.copy()
    narrowed[name] = code
    narrowed.pop("page", None)
    return Value(label, count, f"?{narrowed.urlencode()}", query.get(name) == code)
