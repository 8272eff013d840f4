"""Whose account a person's entry is tied to: that of one of the people of its owner, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.text import search_key

ACCOUNT = "account"  # the fact of a person's entry


@dataclass(frozen=True, slots=True)
class _Member:
    """One who belongs to a body, or did."""

    account: str
    email: str
    name: str
    has_left: bool


def account_of(said: str, body: str | None) -> str:
    """Return the id of the account that an id, an address or a name means among people of a body; empty where none or several fit.

    An id may be of somebody who has left: what was tied stays, and is told as such.
    """
    people = _people(body)
    if any(one.account == said for one in people):
        return said
    meant = {one.account for one in people if not one.has_left and (one.email == said.lower() or search_key(one.name) == search_key(said))}
    return meant.pop() if len(meant) == 1 else ""


def account_choices(body: str | None, *, name: str = "", kept: str = "") -> list[tuple[str, str]]:
    """Return the people of a body to choose from: who has the entry's name first, and ``kept`` even after they have left."""
    found = {"": _("選んでいません")}
    people = _people(body)
    for one in sorted(people, key=lambda one: search_key(one.name) != search_key(name)):
        if not one.has_left:
            found[one.account] = _("%(name)s（同じ名前）") % {"name": one.name} if search_key(one.name) == search_key(name) else one.name
    gone = [one.name for one in people if one.account == kept not in found]
    return [*found.items(), *((kept, _("%(name)s（離任）") % {"name": whose}) for whose in gone[:1])]


def _people(body: str | None) -> list[_Member]:
    rows = Membership.objects.filter(body_id=body).order_by("person__kana", "person__name", "person", "since")
    told = rows.values_list("person_id", "person__email", "person__name", "person__is_active", "until")
    return [_Member(str(pk), email.lower(), name, not active or (until is not None and until < clock.today())) for pk, email, name, active, until in told]
