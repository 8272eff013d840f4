"""Cases like a text, among those one may see: found by the index of neighbouring characters, a rare word weighing more.

No score, count or order rests on a case that the reader may not see: how rare a word is, is counted among the visible ones.
"""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import BooleanField, IntegerField, Value
from django.db.models.expressions import RawSQL

from renkei.base.actor import Actor
from renkei.base.text import bigrams, search_key
from renkei.cases.models import Case
from renkei.cases.models.case import CaseQuerySet
from renkei.matching.telling import is_weak
from renkei.matching.words import words

MOST_WORDS = 10
MOST_ROWS = 300  # a word in more cases than that tells little; so many of them are looked at
SHARED = 2
_READ = 2_000
_WITH = "cases_case.id = ANY (ARRAY(SELECT case_with(%s)))"  # finds what the policy shows, and is asked as every row is
Hit = tuple[uuid.UUID, int]


@dataclass(frozen=True, slots=True)
class Similar:
    """A case and the words it shares with the text, rarest first."""

    case: Case
    words: list[str]


def similar_cases(
    text: str, *, actor: Actor, besides: uuid.UUID | None = None, limit: int = 5, only_open: bool = False
) -> list[Similar]:
    """Return the visible cases that share the most telling words with a text, best first; one query and one for the rows."""
    telling = telling_words(text)
    if len(telling) < SHARED:
        return []
    seen = Case.objects.visible_to(actor)
    rows = _rows(telling, seen.open() if only_open else seen)
    best = ranked([row for row in rows if row[0] != besides], rows)[:limit]
    cases = Case.objects.visible_to(actor).select_related("holder").prefetch_related("company").defer("grams").in_bulk([case for case, _places in best])
    return [Similar(cases[case], [telling[place] for place in places]) for case, places in best if case in cases]


def ranked(rows: list[Hit], among: list[Hit]) -> list[tuple[uuid.UUID, list[int]]]:
    """Return what shares two words or more, best first, each with the places of its words, the rarest (in ``among``) first."""
    common = Counter(place for _row, place in among)
    weight = {place: 1 / math.log(1.5 + count) for place, count in common.items()}
    shared: dict[uuid.UUID, set[int]] = defaultdict(set)
    for row, place in rows:
        shared[row].add(place)
    strong = [(row, places) for row, places in shared.items() if len(places) >= SHARED]
    strong.sort(key=lambda one: (-sum(weight[place] for place in one[1]), str(one[0])))
    return [(row, sorted(places, key=lambda one: (-weight[one], one))) for row, places in strong]


def telling_words(text: str) -> list[str]:
    """Return the nouns of a text that say what it is about, the longest first, no more than ``MOST_WORDS``."""
    said = (unit for unit in words(text[:_READ]) if unit.is_content and unit.pos == "名詞" and len(search_key(unit.surface)) > 1)
    found = dict.fromkeys(unit.surface for unit in said if not is_weak(unit.form))
    place = {word: number for number, word in enumerate(found)}
    return sorted(found, key=lambda word: (-len(word), place[word]))[:MOST_WORDS]


def _rows(telling: list[str], cases: CaseQuerySet) -> list[Hit]:
    """Return case and place of the word for each word found; all words in one query. The index of grams is asked past the policy."""
    seen = cases.order_by()
    parts = [
        seen.filter(RawSQL(_WITH, [sorted(set(bigrams(search_key(word))))], output_field=BooleanField()))  # noqa: S611  no text of a reader
        .annotate(place=Value(place, output_field=IntegerField())).values_list("pk", "place")[:MOST_ROWS]
        for place, word in enumerate(telling)
    ]  # fmt: skip
    return list(parts[0].union(*parts[1:], all=True))
