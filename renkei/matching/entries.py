"""Entries for a text: found in the index, read from the database, each with its matched words and its services."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, TypeVar

from renkei.base import clock
from renkei.matching import fetching, index, synonyms
from renkei.matching.index import Found
from renkei.matching.knowledge import Knowledge
from renkei.matching.models import Entry, EntryKind, Window
from renkei.matching.standing import is_proposable, limits
from renkei.matching.synonyms import Term, Used
from renkei.matching.telling import as_said, telling, telling_or_all
from renkei.matching.words import Word, content_forms, words

Span = tuple[int, int]
PER_KIND = 8
KINDS = [kind.value for kind in EntryKind if kind not in {EntryKind.SERVICE, EntryKind.TEST}]
_MOST_WORDS = 5
_MOST_SAID = 4_000  # characters of a text that are looked through for shared words
_ENOUGH = 2.0  # one word that an entry in eight has, or two that one in three has
_RAREST = 1e-3
_MOST_TELLING = -math.log(_RAREST)
Placed = TypeVar("Placed", Word, Used)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry found: its score between nought and one, the words it shares with the text, the services it speaks for.

    ``spans`` are places of words that tell something; those in ``alike`` meet another word of the entry, that means the
    same. ``weight`` is how telling they are together: the sum of the logarithms of how rare each is among the entries.
    ``near`` is how near the whole text comes in meaning. Of a person ``away`` says that nobody is there today, and until
    when; ``ahead`` what put them before others who fit as well. ``names`` are places where the text names a body:
    the words there say of whom it speaks, not of what.
    """

    entry: Entry
    windows: tuple[Window, ...]
    score: float
    spans: tuple[Span, ...]
    services: tuple[str, ...]
    alike: tuple[tuple[Span, Term], ...] = ()
    near: float = 0.0
    weight: float = math.inf
    away: str = ""
    ahead: tuple[str, ...] = ()
    names: tuple[Span, ...] = ()

    def words(self, text: str) -> str:
        """Return the words that stand in the text and in the entry, as they stand in the text."""
        other = {span for span, _term in self.alike}
        return "、".join(dict.fromkeys(as_said(text, *span) for span in self.spans if span not in other))

    @property
    def has_reason(self) -> bool:
        """Tell whether anything can be named for which the entry was found; one word that every sixth entry has is too little."""
        return (bool(self.spans) and self.weight >= _ENOUGH) or self.near >= index.NEAR_ENOUGH


class Scored(NamedTuple):
    """An entry with how it was found, and its score among what was."""

    entry: Entry
    hit: Found
    score: float


def matches(  # noqa: PLR0913  a search has that many sides, each named
    text: str, known: Knowledge, *, kinds: Sequence[str] = tuple(KINDS), audience: str = "staff", per_kind: int = PER_KIND,
    without: Collection[str] = (), typed: bool = False,
) -> list[Match]:  # fmt: skip
    """Return the best entries of each kind, best first. What no longer stands is left out.

    ``without`` names synonyms (or their groups) that are not to be searched for. Where the words were ``typed`` to be
    searched for, common ones count as reasons when there are no others, and the words of a body's name as any other.
    """
    index.ensure()
    found = index.find_by_kind(text, audience=audience, kinds=kinds, limit=per_kind, without=without)
    entries, windows = weighed([hit.id for hit in found], known)
    listed = found_as_matches(text, found, entries, windows, known, audience=audience, without=without, typed=typed)
    return sorted(listed, key=lambda match: (-match.score, match.entry.id))


def found_as_matches(  # noqa: PLR0913  as above
    text: str, found: Sequence[Found], entries: Mapping[str, Entry], windows: Mapping[str, Sequence[Window]], known: Knowledge, *,
    audience: str = "staff", without: Collection[str] = (), typed: bool = False,
) -> list[Match]:  # fmt: skip
    """Return what was found among ``entries`` as matches, in the order given; the best has the score one."""
    top = max((hit.score for hit in found if hit.id in entries), default=0.0)
    if not top:
        return []
    scored = [Scored(entries[hit.id], hit, round(hit.score / top, 4)) for hit in found if hit.id in entries]
    return _matched(text, scored, known, windows, audience=audience, without=without, typed=typed)


def _matched(  # noqa: PLR0913  as above
    text: str, scored: Sequence[Scored], known: Knowledge, windows: Mapping[str, Sequence[Window]], *, audience: str,
    without: Collection[str], typed: bool,
) -> list[Match]:  # fmt: skip
    """Return scored entries as matches, in the order given: with their windows, services and shared words."""
    units = words(text[:_MOST_SAID])
    alike = synonyms.current().used_in(text[:_MOST_SAID], without=without)
    names = () if typed else tuple(known.names.places(text[:_MOST_SAID]))
    units, alike = beside(names, units), beside(names, alike)
    often = index.often({unit.form for unit in units if unit.is_content}, audience=audience)
    told = telling_or_all(units, often) if typed else telling(units, often)
    said = Said(told, alike, often)
    shared = cache(said.shared)  # many entries have the same of its words
    much = {(unit.start, unit.end): -math.log(max(often.get(unit.form, 0.0), _RAREST)) for unit in told}
    indexed = index.words_of([one.hit for one in scored], said.asked)
    listed = []
    for one in scored:
        mark, forms = indexed.get(one.hit.id, (None, frozenset()))
        spans, others = shared(forms if mark == one.entry.text_hash else forms_of(one.entry))  # told anew where the index holds another wording
        held = tuple(windows.get(one.entry.pk, ()))
        weight = sum(much.get(span, _MOST_TELLING) for span in spans) if often else math.inf
        listed.append(Match(one.entry, held, one.score, spans, services_of(one.entry, known), others, one.hit.near, weight, names=names))
    return listed


def weighed(ids: Sequence[str], known: Knowledge) -> tuple[dict[str, Entry], dict[str, list[Window]]]:
    """Return the entries among ids that a proposal may weigh today, and the windows of each."""
    entries, windows = fetching.with_windows(ids)
    today = clock.today()
    checks = limits(today, known.content)
    return {key: one for key, one in entries.items() if is_proposable(one, windows.get(key, ()), today, checks)}, windows


def services_of(entry: Entry, known: Knowledge) -> tuple[str, ...]:
    """Return the services an entry speaks for: its own, else those the plan names for its kind or post."""
    if entry.service_id:
        return (entry.service_id,)
    return tuple(known.services_of(entry.kind, entry.facts.get("post", "")))


def beside(names: Sequence[Span], said: Iterable[Placed]) -> list[Placed]:
    """Return what is said without what stands wholly within a name."""
    return [one for one in said if not any(start <= one.start and one.end <= end for start, end in names)]


class Said:
    """The telling words of a text and words of the list it says, asked once for every entry what of them it shares.

    ``often`` is the share of the entries that have each word; where it is not known longer words go first.
    """

    def __init__(self, told: Iterable[Word], alike: Sequence[Used], often: Mapping[str, float]) -> None:
        self._often, self._alike = often, alike
        self._places: dict[str, Span] = {}
        for unit in told:
            self._places.setdefault(unit.form, (unit.start, unit.end))
        self._begun: dict[str, list[int]] = defaultdict(list)  # which words alike begin with a form
        for number, one in enumerate(alike):
            for form in one.begins:
                self._begun[form].append(number)
        self.asked = frozenset(self._places).union(*(term.forms for one in alike for term in one.others))

    def shared(self, forms: frozenset[str]) -> tuple[tuple[Span, ...], tuple[tuple[Span, Term], ...]]:
        """Return where the text has words of an entry (its ``forms``), or words that mean the same, and for the latter what they meet.

        Of many the rarest are kept; the entry's own words before others.
        """
        spans = {form: self._places[form] for form in forms if form in self._places}
        own = list(spans.values())
        met: dict[Span, Term] = {}
        for number in sorted({number for form in forms for number in self._begun.get(form, ())}):
            one = self._alike[number]
            is_own = any(start < one.end and one.start < end for start, end in own)
            term = None if is_own or one.said in spans else next((term for term in one.others if forms.issuperset(term.forms)), None)
            if term is not None:
                met[spans.setdefault(one.said, (one.start, one.end))] = term
        long = {form: span for form, span in spans.items() if span[1] - span[0] > 1} or spans
        chosen = sorted(long.items(), key=lambda one: (one[0] not in forms, self._often.get(one[0], 0.0), -len(one[0]), one[1]))[:_MOST_WORDS]
        kept = sorted(span for _form, span in chosen)
        return tuple(kept), tuple((span, met[span]) for span in kept if span in met)


def forms_of(entry: Entry) -> frozenset[str]:
    """Return the words of an entry, told from its text."""
    return _analysed(entry.id, entry.text_hash, f"{entry.name}\n{entry.summary}\n{entry.text}")


@lru_cache(maxsize=5_000)
def _analysed(_entry: str, _hash: str, text: str) -> frozenset[str]:
    return frozenset(content_forms(text))
