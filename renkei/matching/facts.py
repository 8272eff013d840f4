"""What is known of the firm and its plans: given by people, or read from the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from renkei.base.yen import parse_yen
from renkei.matching.cues import Met
from renkei.matching.knowledge import Knowledge

_MOST_HEADS, _MOST_YEARS = 999_999, 999  # 1998年 is a year, not an age
_COUNT = r"(\d{1,3}(?:,\d{3})+|\d{1,5})"
_HEADS = re.compile(rf"(?:従業員|社員|職員|スタッフ)(?:数)?(?:[はが約:：、 ]){{0,3}}\s*{_COUNT}\s*(?:名|人)|(?:^|[、。（(]|(?<!\d),)\s*(\d{{1,4}})名(?:の会社)?(?=[。、,です）)\n]|$)")
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
    deemed_large: bool | None = None
    partners: int | None = None
    contacts: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)


def gather(text: str, met: Met, known: Knowledge, given: Facts | None) -> Facts:
    """Return the given facts, completed by the answers, then by what the text says.

    What people gave is never overruled: an answer that says no takes a state away that the text seems to tell.
    """
    facts = given or Facts()
    plain = unicodedata.normalize("NFKC", text)
    states = met.codes(known.states)
    asked = {str(one["key"]): one for one in known.cues.get("questions", [])}
    for key, answer in facts.answers.items():
        if choices := asked.get(key, {}).get("choices", []):
            telling = choices[-1] if key == "ordered" else choices[0]
            states = states | {key} if answer == telling else states - {key}
    answers = {key: unicodedata.normalize("NFKC", answer) for key, answer in facts.answers.items()}
    municipality = facts.municipality or _answered_place(answers.get("municipality", ""), known) or _place(text, known)
    return replace(
        facts,
        employees=_first(facts.employees, _typed(answers.get("employees", ""), _MOST_HEADS), _heads(plain)),
        capital_yen=_first(facts.capital_yen, _yen(answers.get("capital_yen", ""))),
        municipality=municipality,
        in_region=facts.in_region if facts.in_region is not None else (True if municipality else None),
        age_years=_first(facts.age_years, _typed(answers.get("age_years", ""), _MOST_YEARS), _number(_AGE, plain)),
        states=facts.states | states,
    )


def _first(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _typed(answer: str, most: int) -> int | None:
    """Return the one number of an answer such as 約40人; nothing when there are two, or when it cannot be meant."""
    found = re.findall(r"\d[\d,]*", answer)
    value = int(found[0].replace(",", "")[:9]) if len(found) == 1 else most + 1
    return value if value <= most else None


def _yen(answer: str) -> int | None:
    try:
        return parse_yen(answer) if answer else None
    except ValueError:
        return None


def _answered_place(answer: str, known: Knowledge) -> str | None:
    codes = {code for code, _areas in known.places.values()}
    return answer if answer in codes else _place(answer, known)


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
    return int((match.group(1) or match.group(2)).replace(",", "")) if match else None


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match.group(1)) if match else None
