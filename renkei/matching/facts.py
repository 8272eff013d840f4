"""What is known of the firm and its plans: given by people, or read from the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from renkei.matching.cues import Met
from renkei.matching.knowledge import Knowledge

_HEADS = re.compile(r"(?:従業員|社員|職員|スタッフ)(?:数)?(?:[はが約:：、 ]){0,3}\s*(\d{1,5})\s*(?:名|人)|(?:^|[、。,（(])\s*(\d{1,4})名(?:の会社)?(?=[。、,です）)\n]|$)")
_AGE = re.compile(r"(?:創業|設立|操業)(?:から|して|以来)?\s*(\d{1,3})\s*年")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a firm; ``None`` is not known. ``answers`` holds what the firm answered, by a question's key."""

    employees: int | None = None
    capital_yen: int | None = None
    municipality: str | None = None
    in_region: bool | None = None
    age_years: int | None = None
    jsic: str | None = None
    partners: int | None = None
    contacts: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)


def gather(text: str, met: Met, known: Knowledge, given: Facts | None) -> Facts:
    """Return the given facts, completed by what the text says; what people gave is never overruled."""
    facts = given or Facts()
    plain = unicodedata.normalize("NFKC", text)
    place = _place(text, known) if facts.municipality is None else None
    states = met.codes(known.states)
    asked = {str(one["key"]): one for one in known.cues.get("questions", [])}
    for key, answer in facts.answers.items():
        choices = asked.get(key, {}).get("choices", [])
        states = (states | {key}) if choices and answer == choices[0] and key != "ordered" else states
        states = (states | {key}) if key == "ordered" and choices and answer == choices[-1] else states
    municipality = facts.municipality or place
    return replace(
        facts,
        employees=facts.employees if facts.employees is not None else _heads(plain),
        municipality=municipality,
        in_region=facts.in_region if facts.in_region is not None else (True if municipality else None),
        age_years=facts.age_years if facts.age_years is not None else _number(_AGE, plain),
        states=facts.states | states,
    )


def _place(text: str, known: Knowledge) -> str | None:
    """Return the code of the municipality named first; short names count without their ending (市, 町, 村)."""
    found = []
    for name, (code, _areas) in known.places.items():
        at = text.find(name)
        if at < 0 and len(name) > 2:
            at = next((m.start() for m in re.finditer(re.escape(name[:-1]) + r"(?=[でのにと、])", text)), -1)
        if at >= 0:
            found.append((at, -len(name), code))
    return min(found)[2] if found else None


def _heads(text: str) -> int | None:
    match = _HEADS.search(text)
    return int(match.group(1) or match.group(2)) if match else None


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)) if match else None
