"""Whom an entry could serve: cases under way and firms, of those one may see. A seed, a machine or a large firm's need alike; a case's need finds firms.

Nothing is counted over other bodies' cases or firms; how rare a word is, is counted among the visible rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import IntegerField, Q, Value

from renkei.base.actor import Actor
from renkei.cases.models import Case, Need
from renkei.cases.queries.similar import MOST_ROWS, SHARED, Hit, Similar, ranked, similar_cases, telling_words
from renkei.companies.models import Company
from renkei.companies.models.company import CompanyQuerySet
from renkei.matching.models import Entry
from renkei.matching.shelf import ANYWHERE, OUTSIDE, areas_of
from renkei.matching.standing import CASES
from renkei.matching.synonyms import current

FEW = 8


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm and the words its profile shares with the entry."""

    company: Company
    words: list[str]


def cases_for(entry: Entry, *, actor: Actor) -> list[Similar]:
    """Return the visible cases under way whose title and summary share the most with an entry."""
    own = own_need(entry, actor=actor)
    return similar_cases(text_of(entry), actor=actor, besides=own.case_id if own else None, limit=FEW, only_open=True)


def firms_for(entry: Entry, *, actor: Actor) -> list[Firm]:
    """Return the visible firms whose trade, products and strengths share the most with an entry, within its area."""
    firms = Company.objects.visible_to(actor).standing()
    limited = set(areas_of(entry.kind, entry.facts)) - {ANYWHERE, OUTSIDE}
    if limited:
        firms = firms.filter(municipality__in=limited)
    own = own_need(entry, actor=actor)
    return _like(text_of(entry), firms.exclude(pk=own.case.company_id) if own and own.case.company_id else firms, actor=actor)


def firms_for_need(need: Need, *, actor: Actor) -> list[Firm]:
    """Return the visible firms, but its own, whose trade, products and strengths share the most with a need of a case."""
    case = need.case
    text = "\n".join(filter(None, [need.title, need.public_title, need.public_summary, case.title, case.summary]))
    firms = Company.objects.visible_to(actor).standing()
    return _like(text, firms.exclude(pk=case.company_id) if case.company_id else firms, actor=actor)


def own_need(entry: Entry, *, actor: Actor) -> Need | None:
    """Return the need that an entry says, to whoever sees the case of it; None to everybody else."""
    if entry.kept_by != CASES:
        return None
    inside = Case.objects.inside(actor).values("pk")
    return Need.objects.visible_to(actor).filter(entry=entry, case__in=inside).select_related("case").first()


def _like(text: str, firms: CompanyQuerySet, *, actor: Actor) -> list[Firm]:
    telling = telling_words(text)
    if len(telling) < SHARED:
        return []
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
