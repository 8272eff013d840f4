"""Whom an entry could serve: cases under way and firms, of those one may see. A seed, a machine or a large firm's need alike.

Nothing is counted over other bodies' cases or firms; how rare a word is, is counted among the visible rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerField, Q, Value

from renkei.base.actor import Actor
from renkei.cases.queries.similar import MOST_ROWS, SHARED, Hit, Similar, ranked, similar_cases, telling_words
from renkei.companies.models import Company
from renkei.companies.models.company import CompanyQuerySet
from renkei.matching.models import Entry
from renkei.matching.shelf import ANYWHERE, OUTSIDE, areas_of
from renkei.matching.synonyms import current

FEW = 8


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm and the words its profile shares with the entry."""

    company: Company
    words: list[str]


def cases_for(entry: Entry, *, actor: Actor) -> list[Similar]:
    """Return the visible cases under way whose title and summary share the most with an entry."""
    return similar_cases(text_of(entry), actor=actor, limit=FEW, only_open=True)


def firms_for(entry: Entry, *, actor: Actor) -> list[Firm]:
    """Return the visible firms whose trade, products and strengths share the most with an entry, within its area."""
    telling = telling_words(text_of(entry))
    if len(telling) < SHARED:
        return []
    firms = Company.objects.visible_to(actor).standing()
    limited = set(areas_of(entry.kind, entry.facts)) - {ANYWHERE, OUTSIDE}
    if limited:
        firms = firms.filter(municipality__in=limited)
    rows = _rows(telling, firms)
    best = ranked(rows, rows)[:FEW]
    found = Company.objects.visible_to(actor).select_related("municipality").in_bulk([firm for firm, _places in best])
    return [Firm(found[firm], [telling[place] for place in places]) for firm, places in best if firm in found]


def text_of(entry: Entry) -> str:
    """Return what an entry is matched by."""
    return f"{entry.name}\n{entry.summary}\n{entry.text}"


def _rows(telling: list[str], firms: CompanyQuerySet) -> list[Hit]:
    """Return firm and place of the word for each word, or word of the same meaning, that a profile says; in one query."""
    alike = current().expanded_by("、".join(telling))
    parts = [
        firms.order_by().filter(_says([word, *alike.get(word, [])]))
        .annotate(place=Value(place, output_field=IntegerField())).values_list("pk", "place")[:MOST_ROWS]
        for place, word in enumerate(telling)
    ]  # fmt: skip
    return list(parts[0].union(*parts[1:], all=True))


def _says(listed: list[str]) -> Q:
    found = Q()
    for word in listed[:4]:
        found |= Q(products__icontains=word) | Q(strengths__icontains=word) | Q(jsic_name__icontains=word)
    return found
