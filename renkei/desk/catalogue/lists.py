"""The list of entries: what one may narrow it by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key, to_katakana
from renkei.matching.keeping import kept_filter
from renkei.matching.models import Entry, EntryKind, EntryQuerySet
from renkei.matching.standing import alive, looked_at, to_check
from renkei.plan.models import Body

ELSEWHERE = "-"  # the body of what belongs to no body of the plan


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed by; empty means all."""

    find: str = ""
    kind: str = ""
    body: str = ""
    state: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether anything narrows the list."""
        return bool(self.find or self.kind or self.body or self.state)


def read_wanted(given: Mapping[str, str]) -> Wanted:
    """Read the filters of an address; what is unknown narrows nothing."""
    kind, state = given.get("kind", ""), given.get("state", "")
    return Wanted(
        find=clean_text(given.get("q", "")).strip()[:100], kind=kind if kind in EntryKind.values else "",
        body=clean_text(given.get("of", ""))[:50], state=state if state in dict(states()) else "",
    )  # fmt: skip


def states() -> list[tuple[str, str]]:
    """Return the states one can ask for."""
    return [
        ("ok", _("使える")), ("dead", _("使えない（終わった・取り下げた・古い）")), ("check", _("確かめるもの")), ("mine", _("ここで直せる")),
        ("public", _("公開")), ("inside", _("職員だけ")),
    ]  # fmt: skip


def bodies() -> list[tuple[str, str]]:
    """Return the owners one can ask for."""
    return [*Body.objects.order_by("order").values_list("pk", "short"), (ELSEWHERE, _("計画の外の機関"))]


def entries_wanted(wanted: Wanted, actor: Actor, on: dt.date | None = None) -> EntryQuerySet:
    """Return the entries, by reading."""
    day = on or clock.today()
    found = looked_at(Entry.objects.visible_to(actor))
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.body:
        found = found.filter(body__isnull=True) if wanted.body == ELSEWHERE else found.filter(body_id=wanted.body)
    if wanted.find:
        found = found.filter(_named(wanted.find))
    if wanted.state == "ok":
        found = alive(found, day)
    elif wanted.state == "dead":
        found = found.exclude(pk__in=alive(Entry.objects.all(), day).values("pk"))
    elif wanted.state == "check":
        found = to_check(found.filter(kept_filter(actor)), day)
    elif wanted.state == "mine":
        found = found.filter(kept_filter(actor))
    elif wanted.state:
        found = found.filter(is_public=wanted.state == "public")
    return found.order_by("kind", "kana", "name", "pk")


def _named(text: str) -> Q:
    named = Q()
    for writing in {text, to_katakana(text), search_key(text)} - {""}:
        named |= Q(name__icontains=writing) | Q(kana__icontains=writing) | Q(owner_name__icontains=writing) | Q(pk=writing)
    return named
