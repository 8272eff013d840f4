"""Which body for a service: by field, load, place and earlier contact, in the plan's order between equals [C67]."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from renkei.accounts.models import Absence, Membership
from renkei.base import clock
from renkei.base.language import shown_day
from renkei.matching.cues import Hit, Met
from renkei.matching.entries import Match
from renkei.matching.facts import Facts
from renkei.matching.knowledge import Knowledge
from renkei.matching.models import Load
from renkei.matching.proposal import Evidence
from renkei.plan.models import Body
from renkei.plan.queries import offered_on

NAMED, RULE, DEFAULT, CATALOGUE, CONTACT, NEAR = 4.0, 4.0, 0.6, 1.5, 0.3, 0.3
AWAY, _LOAD, _MOST_LOAD, _SHARE, _MOST_SHARE = 0.5, 0.02, 0.5, 0.01, 0.2  # between equals: taken off
_FADE = 0.75
_ENOUGH_WORDS = 4  # so many shared words make an entry a full reason


@dataclass
class Choice:
    """A body for a service, how well it fits, and why."""

    body: str
    score: float = 0.0
    evidence: list[Evidence] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)
    open_count: int = 0
    asked_count: int = 0
    held_back: dict[str, float] = field(default_factory=dict)  # what each circumstance took off the score

    def add(self, points: float, text: str) -> None:
        """Add points with their reason."""
        self.score += points
        self.evidence.append(Evidence("met", text))

    def hold_back(self, circumstance: str, points: float) -> None:
        """Take points off for a circumstance that says nothing about the fit; it decides between equals only."""
        if points > 0:
            self.held_back[circumstance] = points
            self.score -= points


@dataclass(frozen=True)
class Offices:
    """Who offers what on a day, how much they have on their hands, how often they were asked, and who is all away.

    ``away`` names, for bodies of whom everybody is absent on the day, the first day somebody is back.
    """

    providers: Mapping[str, list[Body]]
    loads: Mapping[tuple[str, str | None], int]
    asked: Mapping[tuple[str, str | None], int] = field(default_factory=dict)
    away: Mapping[str, dt.date] = field(default_factory=dict)

    @classmethod
    def on(cls, day: dt.date) -> Offices:
        """Read the provisions that hold on a day, the loads, and the absences; three queries, one more where somebody is away."""
        providers: dict[str, list[Body]] = {}
        for provision in offered_on(day):
            providers.setdefault(provision.service_id, []).append(provision.body)
        loads: dict[tuple[str, str | None], int] = {}
        asked: dict[tuple[str, str | None], int] = {}
        for body, service, count, times in Load.objects.values_list("body_id", "service_id", "open_count", "asked_count"):
            loads[body, service] = loads.get((body, service), 0) + count
            asked[body, service] = asked.get((body, service), 0) + times
        return cls(providers, loads, asked, _all_away(day))


def _all_away(day: dt.date) -> dict[str, dt.date]:
    """Return, for bodies whose every member is absent on a day, the first day somebody is back."""
    absent: dict[str, dict[UUID, dt.date]] = {}
    for body, person, until in Absence.objects.on(day).values_list("body_id", "person_id", "until"):
        back = until + dt.timedelta(days=1)
        absent.setdefault(body, {})[person] = max(back, absent.get(body, {}).get(person, back))
    if not absent:
        return {}
    there: dict[str, set[UUID]] = {}
    for body, person in Membership.objects.holding(day).filter(body__in=absent).values_list("body_id", "person_id"):
        there.setdefault(body, set()).add(person)
    return {body: min(absent[body][one] for one in people) for body, people in there.items() if people <= absent[body].keys()}


@dataclass(frozen=True)
class Asked:
    """What the choice rests on. ``denied`` are bodies the text says have declined: they come last."""

    text: str
    met: Met
    known: Knowledge
    offices: Offices
    matches: Sequence[Match]
    facts: Facts
    denied: frozenset[str] = frozenset()


def choose(service: str, asked: Asked) -> list[Choice]:
    """Return the bodies that offer a service, best first, each with its reasons."""
    choices = {body.pk: Choice(body.pk) for body in asked.offices.providers.get(service, [])}
    order = list(choices)
    _by_field(choices, asked.met.by(asked.known.fields_for.get(service) or asked.known.fields))
    _by_name(choices, asked.met.codes(asked.known.names))
    _by_catalogue(choices, service, asked.matches)
    _by_rule(choices, service, asked)
    _by_place(choices, asked)
    for code in asked.denied & choices.keys():
        choices[code].score -= 2 * NAMED
        choices[code].evidence.append(said_no())
    _by_circumstances(choices, service, asked.offices)
    ranked = sorted(choices.values(), key=lambda one: (-round(one.score, 3), order.index(one.body)))
    _tell_circumstances(ranked, order)
    return ranked


def said_no() -> Evidence:
    """Return that the text says a body declined, as a reason against it."""
    return Evidence("failed", _("この機関は断ったと書かれています"))


def _by_circumstances(choices: dict[str, Choice], service: str, offices: Offices) -> None:
    """Hold back who is all away, who has much in hand, and who was asked more often than others who offer the same."""
    fewest = min((offices.asked.get((code, service), 0) for code in choices), default=0)
    for code, choice in choices.items():
        choice.open_count, choice.asked_count = offices.loads.get((code, service), 0), offices.asked.get((code, service), 0)
        choice.hold_back("load", min(_MOST_LOAD, _LOAD * choice.open_count))
        choice.hold_back("share", min(_MOST_SHARE, _SHARE * (choice.asked_count - fewest)))
        if code in offices.away:
            choice.hold_back("away", AWAY)
            words = _("担当者が全員不在です（%(day)sに戻ります）")
            choice.evidence.append(Evidence("failed", words % {"day": shown_day(offices.away[code], clock.today())}))


def _tell_circumstances(ranked: Sequence[Choice], order: Sequence[str]) -> None:
    """Say so where a circumstance decided: without it, another would stand before this one."""
    told = [
        ("away", "open_count", _("担当者がいる機関を先にしています")),
        ("load", "open_count", _("この支援で動いているものが少ない機関を先にしています（%(n)s件、次の機関は%(most)s件）")),
        ("share", "asked_count", _("この1年の依頼が少ない機関を先にしています（%(n)s件、次の機関は%(most)s件）")),
    ]
    for circumstance, count, words in told:
        def before(one: Choice, name: str = circumstance) -> tuple[float, int]:
            return (-round(one.score + one.held_back.get(name, 0.0), 3), order.index(one.body))

        for place, one in enumerate(ranked):
            passed = [getattr(other, count) for other in ranked[place + 1 :] if before(other) < before(one)]
            if passed:
                one.evidence.append(Evidence("met", words % {"n": getattr(one, count), "most": max(passed)}))


def _by_field(choices: dict[str, Choice], met: Sequence[Sequence[Hit]]) -> None:
    counted: dict[str, set[tuple[int, int]]] = {}
    for hit in (hit for hits in met for hit in hits if hit.code in choices):
        counted.setdefault(hit.code, set()).update(hit.spans)
    for code, spans in counted.items():
        choices[code].score += sum(_FADE**rank for rank in range(len(spans)))
        choices[code].words = sorted(spans)


def _by_name(choices: dict[str, Choice], named: set[str]) -> None:
    for code in sorted(named & choices.keys()):
        choices[code].add(NAMED, _("文に名前があります"))


def _by_catalogue(choices: dict[str, Choice], service: str, matches: Sequence[Match]) -> None:
    best: dict[str, float] = {}
    for match in matches:
        code = match.entry.body_id
        if code in choices and service in match.services:
            sure = min(1.0, len(match.spans) / _ENOUGH_WORDS)
            best[str(code)] = max(best.get(str(code), 0.0), match.score * sure)
    for code, score in best.items():
        choices[code].score += CATALOGUE * score


def _by_rule(choices: dict[str, Choice], service: str, asked: Asked) -> None:
    text = unicodedata.normalize("NFKC", asked.text)  # any width: ＡＩ is AI, and case stays: ai is in mail
    for rule in asked.known.routing.get("rules", []):
        groups = [any(unicodedata.normalize("NFKC", word) in text for word in group) for group in rule["words"]]
        if service in rule["services"] and rule["first"] in choices and all(groups):
            choices[rule["first"]].add(RULE, _in_the_plan(rule) or _("計画の決まり"))
            for code in set(rule.get("with", [])) & choices.keys():
                choices[code].add(RULE / 4, _("計画の決まりで一緒に加わります"))
    for default in asked.known.routing.get("default", []):
        if default["body"] in choices and len(choices) > 1:
            choices[default["body"]].add(DEFAULT, _in_the_plan(default) or _("計画が定める受け持ち"))


def _in_the_plan(rule: Mapping[str, Any]) -> str:
    """Return the plan's words for a rule as a quotation: they may be a part of a sentence."""
    return _("計画に「%(words)s」とあります") % {"words": rule["written"]} if rule.get("written") else ""


def _by_place(choices: dict[str, Choice], asked: Asked) -> None:
    known, facts = asked.known, asked.facts
    near: dict[str, list[str]] = {
        code: one.get("near", []) for code, one in (known.cues.get("bodies") or {}).items() if code in choices
    }
    areas = next((areas for code, areas in known.places.values() if code == facts.municipality), ())
    for code, choice in choices.items():
        if set(near.get(code, [])) & set(areas):
            choice.add(NEAR, _("所在地に近い機関です"))
        if code in facts.contacts:
            choice.add(CONTACT, _("前にも関わった機関です"))
