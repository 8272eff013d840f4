"""Search over the entries for the desk's and the public page."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from django.db import connection

from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key, to_katakana
from renkei.matching.entries import KINDS, Match, matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, EntryKind, Window
from renkei.matching.proposal import EntryHit
from renkei.matching.reasons import reasons
from renkei.matching.standing import standing_of

_KINDS = [*KINDS, EntryKind.SERVICE.value, EntryKind.TEST.value]


def search(text: str, *, actor: Actor, kinds: Sequence[str] | None = None, limit: int = 20) -> list[EntryHit]:
    """Return the entries an actor may see for a text, best first, what can be had no more last and with that said. Two characters are enough.

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
    told = _with_names(typed, hits, actor, wanted, limit)[:limit]
    return sorted(told, key=lambda hit: bool(hit.over))


def _hit(match: Match, text: str) -> EntryHit:
    return EntryHit(match.entry.id, match.entry.kind, match.score, match.entry.name, match.words(text), tuple(reasons(match, text)),
                    _over(match.entry, match.windows), credit=match.entry.credit)


def _with_names(text: str, hits: list[EntryHit], actor: Actor, kinds: Sequence[str], limit: int) -> list[EntryHit]:
    """Put entries whose name holds the text as typed first: the start of a word is no word yet."""
    ids = named_ids(text, actor=actor, kinds=kinds, limit=limit)
    named = Entry.objects.prefetch_related("windows").in_bulk(ids)
    first = [EntryHit(id_, one.kind, 1.0, one.name, text, over=_over(one, one.windows.all()), credit=one.credit) for id_ in ids for one in [named[id_]]]
    return [*first, *(hit for hit in hits if hit.id not in named)]


def _over(entry: Entry, windows: Iterable[Window]) -> str:
    standing = standing_of(entry, windows)
    return standing.words if standing.is_dead else ""


def named_ids(text: str, *, actor: Actor, kinds: Sequence[str], limit: int) -> list[str]:
    """Return the entries an actor may see whose name or reading holds the text as typed, by id. Asked at every letter: in SQL that is written out."""
    written = sorted({one for each in _writings(text) for one in (each, each.upper(), each.lower(), each.title())})
    held = " OR ".join(["strpos(name, %s) > 0 OR strpos(kana, %s) > 0"] * len(written))  # folding case would take five times as long, LIKE half as long again
    asked = f"SELECT id FROM matching_entry WHERE withdrawn_on IS NULL AND (is_public OR %s) AND kind = ANY(%s) AND ({held}) ORDER BY id LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(asked, [sees_all(actor), list(kinds), *(one for one in written for _column in range(2)), limit])
        return [id_ for (id_,) in cursor.fetchall()]


def sees_all(actor: Actor) -> bool:
    """Tell whether an actor sees every entry: staff and the system do, everybody else the public ones."""
    return actor.is_staff or actor.is_system


def _writings(text: str) -> set[str]:
    """Return the text as typed, in full width, in katakana as readings are kept, and with old characters made new."""
    plain = unicodedata.normalize("NFKC", text).strip()
    key = search_key(text)
    return {text, plain, to_katakana(plain), key if len(key) > 1 or len(plain) == 1 else text} - {""}
