"""What the person at the desk should look at: questions, clashes, what must come first, and the way in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from renkei.matching.eligibility import general_questions
from renkei.matching.facts import Facts
from renkei.matching.knowledge import Knowledge
from renkei.matching.proposal import Candidate, Clash, Evidence, PathStep, Question

_MOST_QUESTIONS = 6
AWARD, ORDERED, QUALIFICATION = "award", "ordered", "qualification"


def questions(
    known: Knowledge, facts: Facts, services: Sequence[str], unknown: Iterable[str], *, is_vague: bool
) -> list[Question]:
    """Return what is not known and matters for the services named, most telling first."""
    listed = [_opening()] if is_vague else []
    for one in known.cues.get("questions", []):
        is_known = one["key"] in facts.states or one["key"] in facts.answers
        if not is_known and any(service in services for service in one.get("services", [])):
            listed.append(Question(one["key"], one["text"], one.get("help", ""), list(one.get("choices", []))))
    given = {question.key for question in listed}
    listed += [one for one in general_questions(set(unknown), _stages(known)) if one.key not in given | facts.answers.keys()]
    return listed[:_MOST_QUESTIONS]


def _stages(known: Knowledge) -> list[str]:
    """Return the stages a firm can be at, by name; ``x`` stands across."""
    return [one.get("short") or one["name"] for one in known.content.section("stages") if one["code"] != "x"]


def _opening() -> Question:
    return Question(
        "wish",
        _("いちばん困っていること、または実現したいことは何ですか"),
        _("何を作っている会社で、いつまでに、どうなればよいかを一つずつ聞きます。"),
        [],
    )


def blocked(candidate_service: str, known: Knowledge, facts: Facts) -> str:
    """Return why a service cannot be asked for yet, in the plan's words; empty when it can.

    Award before bridge loan, and before any order: from the plan's ``precedence``. What is unknown blocks nothing here;
    it is asked for.
    """
    for rule in known.precedence:
        if rule["after"] != candidate_service:
            continue
        said_no = facts.answers.get(rule["when"], "") not in {"", _first_choice(known, rule["when"])}
        if rule["when"] == AWARD and AWARD not in facts.states and said_no:
            return str(rule["text"])
    return ""


def courses_first(candidate_service: str, known: Knowledge, facts: Facts, courses: bool) -> list[Evidence]:
    """Return the reminder that a course comes before the machine [C57]: the body is asked all the same."""
    if not courses or QUALIFICATION in facts.states:
        return []
    rules = [rule for rule in known.precedence if rule["after"] == candidate_service and rule["when"] == QUALIFICATION]
    return [Evidence("unknown", str(rule["text"])) for rule in rules]


def _first_choice(known: Knowledge, key: str) -> str:
    asked: dict[str, Any] = next((one for one in known.cues.get("questions", []) if one["key"] == key), {})
    choices = asked.get("choices") or [""]
    return str(choices[0])


def clashes(known: Knowledge, facts: Facts, supports: Sequence[Candidate], on: dt.date) -> list[Clash]:
    """Return what does not go together: an order before the award, a deadline before a call opens."""
    services = {one.service for one in supports}
    found = []
    for rule in known.precedence:
        is_award = rule["when"] == AWARD and rule["before"] in services and AWARD not in facts.states
        if is_award and rule["after"] == "order" and ORDERED in facts.states:
            found.append(Clash(_("決定より前の発注"), rule["text"]))
        elif is_award and rule["after"] in services:
            found.append(Clash(_("順番があります"), rule["text"]))
    late = [one for one in supports if one.is_ahead and one.date and one.date > on + dt.timedelta(days=90)]
    found += [Clash(_("受付はまだ先です"), f"{known.services[one.service].name}: {one.date_words}") for one in late[:2]]
    return found


def path(known: Knowledge, supports: Sequence[Candidate]) -> list[PathStep]:
    """Return the way in time: the stages in the plan's order, each with its services and the day that matters."""
    steps: dict[str, list[Candidate]] = {}
    order = {stage: number for number, stage in enumerate(dict.fromkeys(o.stage for o in known.services.values()))}
    for one in supports:
        if all(one.service != other.service for other in steps.get(one.stage, [])):
            steps.setdefault(one.stage, []).append(one)
    found = []
    for stage in sorted(steps, key=lambda code: order.get(code, 99)):
        dated = [one for one in steps[stage] if one.date_words]
        names = [known.services[one.service].name for one in steps[stage]]
        found.append(PathStep(stage, min(dated, key=lambda o: o.date or dt.date.max).date_words if dated else "", names))
    return found
