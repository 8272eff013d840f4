"""The list of entries that one may see: found by words, narrowed by what they are, with counts beside each narrowing.

Everything is counted after the permission: the public's words meet an index of public entries only, so neither result nor
count nor order tells of an entry that is kept among the staff.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from operator import attrgetter
from urllib.parse import urlencode

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text
from renkei.matching import index
from renkei.matching.index import Found
from renkei.matching.knowledge import knowledge
from renkei.matching.models import EntryKind
from renkei.matching.search import named_ids, sees_all
from renkei.matching.shelf import ANYWHERE, OUTSIDE, Line, lines
from renkei.matching.synonyms import current

LONGEST = 200
MOST_OF_A_KIND = 100  # five pages: of what many share nobody reads more, and each letter would wait for it
MOST_BY_MEANING = 40  # of a kind: they are shown only where hardly anything is found by words
WEAKEST = 0.18  # of the best score: what shares less with the words is no answer to them
ENOUGH = 5  # found by words: then what is near in meaning alone is left out, for a reader stops there
KINDS = [kind.value for kind in EntryKind]
_ORDER = {kind: place for place, kind in enumerate(KINDS)}
_SINGLE = ("kind", "body", "topic", "area", "fee", "dates")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for. ``dates`` is ``on`` for only what has a day ahead; ``first`` puts such entries first.

    ``over`` shows what is over as well; ``without`` are words like those typed that are not to be looked for.
    """

    q: str = ""
    kind: str = ""
    body: str = ""
    topic: str = ""
    area: str = ""
    fee: str = ""
    dates: str = ""
    first: str = ""
    over: str = ""
    without: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """Return the address's query: what stands there is what is saved."""
        return urlencode(self._pairs())

    def queries(self, name: str, values: Iterable[str]) -> list[str]:
        """Return the address's query with each of some values of one narrowing in the place of its own; an empty one gives it up."""
        place = _PLACES[name]
        begin = [pair for pair in self._pairs() if _PLACES[pair[0]] < place]
        end = [pair for pair in self._pairs() if _PLACES[pair[0]] > place]
        before, after = urlencode(begin), urlencode(end)
        return ["&".join(filter(None, (before, urlencode([(name, value)]) if value else "", after))) for value in values]

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = [(name, getattr(self, name)) for name in _PLACES if name != "without" and getattr(self, name)]
        return [*pairs, *(("without", word) for word in self.without)]

    @property
    def is_narrowed(self) -> bool:
        """Tell whether something beside words was chosen."""
        return any(getattr(self, name) for name in _SINGLE)

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing at all is asked for."""
        return not self.q and not self.is_narrowed


_PLACES = {one.name: place for place, one in enumerate(fields(Wish))}  # the order in an address; what is left out stands last


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one narrowing, each with how many entries it would leave."""

    name: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Look:
    """What was found: lines in order, counts, the words that were looked for beside those typed, and how each was found."""

    wish: Wish
    lines: list[Line]
    facets: list[Facet]
    over: int
    is_more: bool
    alike: dict[str, list[str]] = field(default_factory=dict)
    hits: Mapping[str, Found] = field(default_factory=dict)


_MOST_LOOKS = 64
_looks: dict[Wish, tuple[list[Line], Look]] = {}


def read_wish(given: Mapping[str, str], without: Iterable[str] = ()) -> Wish:
    """Read a wish from an address; what is not known is left out, long words are cut."""
    values = {one.name: clean_text(given.get(one.name, "")[: LONGEST * 10])[:LONGEST] for one in fields(Wish) if one.name != "without"}
    left = dict.fromkeys(clean_text(word)[:40] for word in without)
    return Wish(**values, without=tuple(word for word in left if word)[:20])


def look(wish: Wish, *, actor: Actor, today: dt.date | None = None) -> Look:
    """Return the entries an actor may see for a wish, best first: by words as well as they fit, else by kind and name."""
    day, known = today or clock.today(), knowledge()
    if not wish.q:
        return _browsed(wish, lines(known, is_staff=sees_all(actor), today=day))
    scores, hits = _scores(wish, actor)
    found = lines(known, is_staff=sees_all(actor), today=day, ids=list(scores))
    found.sort(key=lambda one: (-scores[one.id], one.id))
    capped = Counter(one.kind for one in found).most_common(1)
    narrowed = _narrowed(wish, found, alike(wish.q, wish.without), is_more=bool(capped and capped[0][1] >= MOST_OF_A_KIND))
    return replace(narrowed, hits=hits)


def alike(text: str, without: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return for each word of a text the words of the same meaning that are looked for as well."""
    found = current().expanded_by(text, without=frozenset(without))
    return {said: list(listed) for said, listed in found.items() if listed}


def _scores(wish: Wish, actor: Actor) -> tuple[dict[str, float], dict[str, Found]]:
    """Return the score of each entry found, and what the index found; a name that holds the words as typed stands before all others."""
    audience = "staff" if sees_all(actor) else "public"
    index.ensure()
    found = index.find_by_kind(wish.q, audience=audience, kinds=KINDS, limit=MOST_OF_A_KIND, near=MOST_BY_MEANING, without=wish.without)
    top = max((hit.score for hit in found), default=0.0)
    told = [hit for hit in found if hit.is_told and hit.score >= WEAKEST * top]
    if len(told) >= ENOUGH:
        found = told
    scores = {hit.id: hit.score / top for hit in found if hit.score >= WEAKEST * top}
    for id_ in named_ids(wish.q, actor=actor, kinds=KINDS, limit=MOST_OF_A_KIND):
        scores[id_] = 2.0 + scores.get(id_, 0.0)
    return scores, {hit.id: hit for hit in found}


def _browsed(wish: Wish, whole: list[Line]) -> Look:
    """Return the list without words; what was counted over the very same rows is not counted again."""
    kept = _looks.get(wish)
    if kept is not None and kept[0] is whole:
        return kept[1]
    found = _narrowed(wish, _by_kind(whole), {}, is_more=False)
    if len(_looks) >= _MOST_LOOKS:
        _looks.clear()
    _looks[wish] = (whole, found)
    return found


def _by_kind(found: list[Line]) -> list[Line]:
    return sorted(found, key=lambda one: (_ORDER[one.kind], one.ahead is None, one.ahead or dt.date.max, one.name, one.id))


def _narrowed(wish: Wish, found: list[Line], same: dict[str, list[str]], *, is_more: bool) -> Look:
    """Narrow, and count each value over what all the other narrowings leave."""
    chosen = [(name, getattr(wish, name)) for name in _SINGLE if getattr(wish, name)]
    kept: list[Line] = []
    beside: dict[str, list[Line]] = {name: [] for name in _SINGLE}  # what one narrowing alone leaves out
    over = 0
    for one in found:
        failed = [name for name, value in chosen if not _fits(one, name, value)] if chosen else []
        if len(failed) > 1:
            continue
        if one.is_over and not wish.over:
            over += not failed
        elif failed:
            beside[failed[0]].append(one)
        else:
            kept.append(one)
    facets = [Facet(name, _counted(name, [*kept, *beside[name]])) for name in _SINGLE]
    if wish.first:
        kept.sort(key=lambda one: not one.has_dates)
    kept.sort(key=lambda one: one.is_over)
    return Look(wish, kept, facets, over, is_more, same)


def _fits(one: Line, name: str, value: str) -> bool:
    if name == "topic":
        return value in one.topics
    if name == "area":
        return value in one.areas or (value != OUTSIDE and ANYWHERE in one.areas)
    return one.has_dates if name == "dates" else bool(getattr(one, name) == value)


def _counted(name: str, found: list[Line]) -> Counter[str]:
    """Return how many lines each value of a narrowing would leave."""
    if name == "dates":
        return Counter({"on": count} if (count := sum(one.has_dates for one in found)) else {})
    if name in {"topic", "area"}:
        counts = Counter(chain.from_iterable(one.topics if name == "topic" else one.areas for one in found))
    else:
        counts = Counter(map(attrgetter(name), found))
        counts.pop("", None)
    if name == "area":  # a municipality's own and what can be had anywhere: that is what is left when it is chosen
        anywhere = counts[ANYWHERE]
        for code in counts.keys() - {ANYWHERE, OUTSIDE}:
            counts[code] += anywhere
    return counts


def without_word(wish: Wish, word: str) -> Wish:
    """Return the wish without one of the words of the same meaning."""
    return replace(wish, without=(*wish.without, word))
