"""What is known of a firm and its answers, as the matcher takes it."""

from __future__ import annotations

from renkei.base.prefectures import prefecture_of
from renkei.cases.models import Case, Consultation, Need
from renkei.companies.queries import open_sites
from renkei.matching.facts import Facts


def facts_of(case: Case, said: list[Consultation], needs: list[Need] | None = None) -> Facts:
    """Return the facts behind a proposal: place, size and age of the firm, its answers to questions, and what the case itself is in the catalogue.

    ``needs``: all needs of the case, where they were read already.
    """
    listed = Need.objects.filter(case=case, entry__isnull=False) if needs is None else needs
    own = frozenset(one.entry_id for one in listed if one.entry_id is not None)
    answers = {key: str(value) for one in said for key, value in one.facts.items()}
    company = case.company
    if company is None:
        return Facts(answers=answers, own=own)
    sites = open_sites(company)
    prefectures = [prefecture_of(address) for address in (company.address, *(site.address for site in sites))]
    return Facts(
        employees=company.employees,
        capital_yen=company.capital_yen,
        municipality=company.municipality_id,
        age_years=company.age_years,
        jsic=company.jsic_code or None,
        deemed_large=company.is_deemed_large,
        in_region=True if any(site.municipality_id for site in sites) else None,
        prefectures=frozenset(prefectures) if all(prefectures) else frozenset(),  # a place that is not known may lie anywhere
        answers=answers,
        own=own,
    )
