"""Entries for a text: found in the index, read from the database, each with its matched words and its services."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from renkei.matching import index, synonyms
from renkei.matching.knowledge import Knowledge
from renkei.matching.models import Entry, EntryKind, Window
from renkei.matching.standing import proposable
from renkei.matching.synonyms import Used
from renkei.matching.words import Word, content_forms, words

PER_KIND = 8
KINDS = [kind.value for kind in EntryKind if kind not in {EntryKind.SERVICE, EntryKind.TEST}]
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Match:
    """An entry found: its score between nought and one, the words it shares with the text, the services it speaks for."""

    entry: Entry
    windows: tuple[Window, ...]
    score: float
    spans: tuple[tuple[int, int], ...]
    services: tuple[str, ...]

    def words(self, text: str) -> str:
        """Return the shared words as they stand in the text."""
        return "、".join(dict.fromkeys(text[start:end] for start, end in self.spans))


def matches(  # noqa: PLR0913  a search has that many sides, each named
    text: str, known: Knowledge, *, kinds: Sequence[str] = tuple(KINDS), audience: str = "staff", per_kind: int = PER_KIND,
    without: Collection[str] = (),
) -> list[Match]:  # fmt: skip
    """Return the best entries of each kind, best first. What no longer stands is left out.

    ``without`` names synonyms (or their groups) that are not to be searched for.
    """
    index.ensure()
    found = index.find_by_kind(text, audience=audience, kinds=kinds, limit=per_kind, without=without)
    entries = proposable(Entry.objects.all()).in_bulk([hit.id for hit in found])
    top = max((hit.score for hit in found if hit.id in entries), default=0.0)
    if not top:
        return []
    windows: dict[str, list[Window]] = {}
    for window in Window.objects.filter(entry__in=entries):
        windows.setdefault(window.entry_id, []).append(window)
    units = words(text[:4_000])
    alike = synonyms.current().used(units, without=without)
    listed = [
        Match(
            entry=entries[hit.id], windows=tuple(windows.get(hit.id, [])), score=round(hit.score / top, 4), spans=_shared(entries[hit.id], units, alike),
            services=_services(entries[hit.id], known),
        )
        for hit in found
        if hit.id in entries
    ]  # fmt: skip
    return sorted(listed, key=lambda match: (-match.score, match.entry.id))


def _services(entry: Entry, known: Knowledge) -> tuple[str, ...]:
    if entry.service_id:
        return (entry.service_id,)
    return tuple(known.services_of(entry.kind, entry.facts.get("post", "")))


def _shared(entry: Entry, units: Sequence[Word], alike: Sequence[Used]) -> tuple[tuple[int, int], ...]:
    """Return where the text has words of the entry, or words that mean the same; the longest words first."""
    forms = _forms(entry.id, entry.text_hash, f"{entry.name}\n{entry.summary}\n{entry.text}")
    spans: dict[str, tuple[int, int]] = {}
    for unit in units:
        if unit.is_content and unit.form in forms:
            spans.setdefault(unit.form, (unit.start, unit.end))
    own = list(spans.values())
    for one in alike:
        is_own = any(start < one.end and one.start < end for start, end in own)
        if not is_own and any(forms.issuperset(term.forms) for term in one.others):
            spans.setdefault(one.said, (one.start, one.end))
    telling = {form: span for form, span in spans.items() if span[1] - span[0] > 1} or spans
    chosen = sorted(telling.items(), key=lambda one: (one[0] not in forms, -len(one[0]), one[1]))[:_MOST_WORDS]
    return tuple(sorted(span for _form, span in chosen))


@lru_cache(maxsize=5_000)
def _forms(_entry: str, _hash: str, text: str) -> frozenset[str]:
    return frozenset(content_forms(text))
