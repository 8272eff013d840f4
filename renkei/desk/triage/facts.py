"""What is known of a firm and its answers, as the matcher takes it."""

from __future__ import annotations

from typing import Any

from renkei.cases.models import Case, Consultation


def facts_of(case: Case, said: list[Consultation]) -> Any:
    """Return the facts behind a proposal: place, size and age of the firm, answers to questions."""
    from renkei.matching.propose import Facts

    company = case.company
    answers = {key: str(value) for one in said for key, value in one.facts.items()}
    return Facts(
        employees=company.employees if company else None,
        municipality=company.municipality_id or "" if company else "",
        age_years=company.age_years if company else None,
        answers=answers,
    )
