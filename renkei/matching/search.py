"""Search over the entries for the desk's and the public page."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.db.models import Q

from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key, to_katakana
from renkei.matching.entries import KINDS, Match, matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, EntryKind
from renkei.matching.proposal import EntryHit
from renkei.matching.reasons import reasons

_KINDS = [*KINDS, EntryKind.SERVICE.value, EntryKind.TEST.value]


def search(text: str, *, actor: Actor, kinds: Sequence[str] | None = None, limit: int = 20) -> list[EntryHit]:
    """Return the entries an actor may see for a text, best first. Two characters are enough.

    Staff and the system see all entries; everybody else the public ones. What the words do not find is looked for in
    names and readings as they are typed.
    """
    typed = clean_text(text)[:400]
    if not typed:
        return []
    wanted = [kind for kind in _KINDS if kinds is None or kind in kinds]
    audience = "staff" if sees_all(actor) else "public"
    found = matches(typed, knowledge(), kinds=wanted, audience=audience, per_kind=limit, typed=True)
    hits = [_hit(match, typed) for match in found if audience == "staff" or match.entry.is_public]
    return _with_names(typed, hits, actor, wanted, limit)[:limit]


def _hit(match: Match, text: str) -> EntryHit:
    return EntryHit(match.entry.id, match.entry.kind, match.score, match.entry.name, match.words(text), tuple(reasons(match, text)))


def _with_names(text: str, hits: list[EntryHit], actor: Actor, kinds: Sequence[str], limit: int) -> list[EntryHit]:
    """Put entries whose name holds the text as typed first: the start of a word is no word yet."""
    ids = named_ids(text, actor=actor, kinds=kinds, limit=limit)
    named = Entry.objects.in_bulk(ids)
    first = [EntryHit(id_, named[id_].kind, 1.0, named[id_].name, text) for id_ in ids]
    return [*first, *(hit for hit in hits if hit.id not in named)]


def named_ids(text: str, *, actor: Actor, kinds: Sequence[str], limit: int) -> list[str]:
    """Return the entries an actor may see whose name or reading holds the text as typed, by id."""
    held = Q()
    for written in {one for each in _writings(text) for one in (each, each.upper(), each.lower(), each.title())}:
        held |= Q(name__contains=written) | Q(kana__contains=written)  # folding case in the database costs it five times as much
    named = Entry.objects.filter(held, kind__in=kinds, withdrawn_on__isnull=True)
    if not sees_all(actor):
        named = named.filter(is_public=True)
    return list(named.order_by("id").values_list("id", flat=True)[:limit])


def sees_all(actor: Actor) -> bool:
    """Tell whether an actor sees every entry: staff and the system do, everybody else the public ones."""
    return actor.is_staff or actor.is_system


def _writings(text: str) -> set[str]:
    """Return the text as typed, in full width, in katakana as readings are kept, and with old characters made new."""
    plain = unicodedata.normalize("NFKC", text).strip()
    key = search_key(text)
    return {text, plain, to_katakana(plain), key if len(key) > 1 or len(plain) == 1 else text} - {""}
