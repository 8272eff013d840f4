"""What is known of the firm and its plans: given by people, or read from the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext_lazy as _

from renkei.base.language import written
from renkei.base.prefectures import prefectures_in
from renkei.base.text import search_key
from renkei.base.yen import parse_yen
from renkei.companies.industries import class_of, classes
from renkei.matching.cues import Met
from renkei.matching.knowledge import Knowledge

_MOST_HEADS, _MOST_YEARS = 999_999, 999  # 1998年 is a year, not an age
_COUNT = r"(\d{1,3}(?:,\d{3})+|\d{1,5})"
_HEADS = re.compile(rf"(?:従業員|社員|職員|スタッフ)(?:数)?(?:[はが約:：、 ]){{0,3}}\s*{_COUNT}\s*(?:名|人)|(?:^|[、。（(]|(?<!\d),)\s*(\d{{1,4}})名(?:の会社)?(?=[。、,です）)\n]|$)")
_TRADE = re.compile(r"[A-T]?\d{2,4}(?![\d人名年])|[A-T](?![A-Z])")
_ELSEWHERE = re.compile(r"[県都府道域]外|他県|ほかの県")
_MOST_PARTNERS = 99
PARTNERS = (_("決まっている"), _("候補がある"), _("まだいない"))  # the first says yes, the last says nobody
_AGE = re.compile(r"(?:創業|設立|操業)(?:から|して|以来)?\s*(\d{1,3})\s*年")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a firm; ``None`` is not known. ``answers`` holds what the firm answered, by a question's key.

    ``prefectures``: where all its known places lie. ``stage``: what the firm says; ``near_stages``: those its text speaks of.
    ``text`` is the text itself, for rules that look for words in it.
    ``own``: entries that are its own words; they answer nothing.
    """

    employees: int | None = None
    capital_yen: int | None = None
    municipality: str | None = None
    in_region: bool | None = None
    age_years: int | None = None
    jsic: str | None = None
    deemed_large: bool | None = None
    partners: int | None = None
    prefectures: frozenset[str] = frozenset()
    stage: str | None = None
    near_stages: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    own: frozenset[str] = frozenset()


def gather(text: str, met: Met, known: Knowledge, given: Facts | None) -> Facts:
    """Return the given facts, completed by the answers, then by what the text says.

    What people gave is never overruled: an answer that says no takes a state away that the text seems to tell.
    """
    facts = given or Facts()
    plain = unicodedata.normalize("NFKC", text)
    states = met.codes(known.states)
    asked = {str(one["key"]): one.get("choices", []) for one in known.cues.get("questions", [])}
    asked["partner"] = asked.get("partner") or _general(facts.answers.get("partner", ""))
    for key, answer in facts.answers.items():
        if choices := asked.get(key):
            telling = choices[-1] if key == "ordered" else choices[0]
            states = states | {key} if answer == telling else states - {key}
    answers = {key: unicodedata.normalize("NFKC", answer) for key, answer in facts.answers.items()}
    municipality, in_region = _region(facts, answers.get("municipality", ""), text, known)
    return replace(
        facts,
        employees=_first(facts.employees, _typed(answers.get("employees", ""), _MOST_HEADS), _heads(plain)),
        capital_yen=_first(facts.capital_yen, _yen(answers.get("capital_yen", ""))),
        municipality=municipality,
        in_region=in_region,
        age_years=_first(facts.age_years, _typed(answers.get("age_years", ""), _MOST_YEARS), _number(_AGE, plain)),
        jsic=facts.jsic or _trade(answers.get("jsic", "")),
        partners=_first(facts.partners, *_partners(facts.answers, asked["partner"])),
        stage=facts.stage or _stage(answers.get("stage", ""), known),
        states=facts.states | states,
        text=text,
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


def _region(facts: Facts, answer: str, text: str, known: Knowledge) -> tuple[str | None, bool | None]:
    """Return the firm's municipality and whether it has a place in the region: on record, answered, told, else by its address."""
    here = {code[:2] for code, _areas in known.places.values()}
    answered, named = _answered_place(answer, known), prefectures_in(answer)
    is_here = bool(named & here) if named else False if _ELSEWHERE.search(answer) else None
    municipality = facts.municipality or answered or (None if is_here is False else _place(text, known))
    told = (True if answered else None, facts.in_region, True if municipality else None, is_here)
    by_address = bool(facts.prefectures & here) if facts.prefectures else None
    return municipality, next((one for one in (*told, by_address) if one is not None), None)


def _trade(answer: str) -> str | None:
    """Return the code of a trade answered by its number (24, E24) or by a name the answer ends with; the longest counts."""
    plain = answer.strip()
    if (found := _TRADE.match(plain.upper())) and class_of(found.group()):
        return found.group()
    told = search_key(plain.rstrip("。 ").removesuffix("です"))
    named = [(len(one.name), one.code) for one in classes() if told.endswith(search_key(one.name))]
    return max(named)[1] if named else None


def _general(answer: str) -> list[str]:
    """Return the choices about partners in the language of the house, or in the reader's if the answer is one of those."""
    own = [str(one) for one in PARTNERS]
    return own if answer in own else [written(one) for one in PARTNERS]


def _partners(answers: Mapping[str, str], choices: list[str]) -> tuple[int | None, int | None]:
    """Return how many partners were answered; nobody yet is none, and decided says no number."""
    answer = answers.get("partner", "")
    count = _typed(unicodedata.normalize("NFKC", answers.get("partners", "")), _MOST_PARTNERS)
    return (0 if answer == choices[-1] else None), count


def _stage(answer: str, known: Knowledge) -> str | None:
    named = known.content.section("stages") if answer else []
    return next((str(one["code"]) for one in named if answer in {str(one["code"]), one.get("short"), one.get("name")}), None)


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
