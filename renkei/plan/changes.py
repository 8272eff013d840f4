"""What differs between two documents, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.language import shown_list
from renkei.plan.files import SECTIONS

_KEYS = ("code", "written", "post", "number", "from")


@dataclass(frozen=True, slots=True)
class Change:
    """One value: where (section first), what it was and what it is; None where there is none."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def section(self) -> str:
        """Return the section."""
        return self.path[0]

    @property
    def before_words(self) -> str:
        """Return the old value on a line."""
        return in_words(self.before)

    @property
    def after_words(self) -> str:
        """Return the new value on a line."""
        return in_words(self.after)


def in_words(value: Any) -> str:
    """Return a value as people read it: rows as ``name: value``, lists with 、 between."""
    if isinstance(value, dict):
        return "　".join(f"{key}: {in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return shown_list([in_words(inner) for inner in value]) or _("（空）")
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    return _("（空）") if value in (None, "") else str(value)


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return the changes from ``old`` to ``new``, in the order of the sections.

    Rows of a list are matched by what names them (a code, else service and body), so moving a row is no change of it.
    """
    names = [name for name in [*SECTIONS, *sorted({*old, *new} - set(SECTIONS))] if name in old or name in new]
    return [change for name in names for change in _differ((name,), old.get(name), new.get(name))]


def _differ(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differ((*path, str(key)), old.get(key), new.get(key))
        return
    if isinstance(old, list) and isinstance(new, list):
        before, after = _named(old), _named(new)
        if before is not None and after is not None:
            changes = [c for key in [*before, *(k for k in after if k not in before)]
                       for c in _differ((*path, key), before.get(key), after.get(key))]
            yield from changes or [Change((*path, _("順番")), list(before), list(after))]
            return
    yield Change(path, old, new)


def _named(rows: list[Any]) -> dict[str, Any] | None:
    """Return the rows by name; None when they are no rows or two have the same name."""
    if not all(isinstance(row, dict) for row in rows):
        return None
    named = {name_of(row, index): row for index, row in enumerate(rows)}
    return named if len(named) == len(rows) else None


def name_of(row: dict[str, Any], index: int) -> str:
    """Return what names a row of a list."""
    if "service" in row and "body" in row:
        return " ".join(str(row[key]) for key in ("service", "body", "from") if row.get(key))
    if "area" in row and "name" in row:
        return f"{row['area'] or _('全体')} {row['name']}"
    if "post" in row and "body" in row:
        return f"{row['post']} {row['body']}"
    return next((str(row[key]) for key in _KEYS if row.get(key)), str(index + 1))
