"""What the running plan says for matching, compiled once a version: cues, sayings, names, states, routing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from renkei.matching.cues import Lexicon, lexicon, word_lexicon
from renkei.matching.kinds import NOTHING, nothing_told
from renkei.matching.scoring import Sayings
from renkei.matching.words import content_forms
from renkei.plan.content import OutsideContact, PlanContent
from renkei.plan.models import Municipality, Service
from renkei.plan.queries import current_plan, newest_key, version_content

OUT = "outside:"  # an outside contact stands beside the services under this prefix


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as matching needs it."""

    code: str
    stage: str
    name: str
    order: int


@dataclass(frozen=True)
class Knowledge:
    """One version of the plan, compiled."""

    version: int
    content: PlanContent
    services: Mapping[str, Offer]
    lexicon: Lexicon
    sayings: Sayings
    names: Lexicon
    fields: Lexicon
    fields_for: Mapping[str, Lexicon]
    region: Lexicon
    region_words: tuple[str, ...]
    states: Lexicon
    fields_of_plan: Lexicon
    places: Mapping[str, tuple[str, tuple[str, ...]]]

    @property
    def cues(self) -> dict[str, Any]:
        """Return the section of cues."""
        found: dict[str, Any] = self.content.raw.get("cues") or {}
        return found

    @property
    def routing(self) -> dict[str, Any]:
        """Return the section of routing rules."""
        found: dict[str, Any] = self.content.raw.get("routing") or {}
        return found

    @property
    def precedence(self) -> list[dict[str, Any]]:
        """Return what must come before what."""
        return self.content.section("precedence")

    def contact(self, code: str) -> OutsideContact | None:
        """Return an outside contact by its code."""
        return next((one for one in self.content.outside_contacts if one.code == code), None)

    def services_of(self, kind: str, post: str = "") -> list[str]:
        """Return the services an entry of a kind (and of a person's post) speaks for."""
        by_post: dict[str, list[str]] = self.cues.get("post_services") or {}
        by_kind: dict[str, list[str]] = self.cues.get("entry_services") or {}
        return by_post.get(post, []) if kind == "person" else by_kind.get(kind, [])


def knowledge(on: dt.date | None = None) -> Knowledge:
    """Return what the plan running on a day says. Raises Refused when no plan is published."""
    return knowledge_of(newest_key(current_plan(on)))


@lru_cache(maxsize=8)
def knowledge_of(version: int) -> Knowledge:
    """Return what one published version says; it never changes, so it is kept."""
    content = version_content(version)
    cues: dict[str, Any] = content.raw.get("cues") or {}
    services = {
        one.code: Offer(one.code, one.stage_id, one.short, number)
        for number, one in enumerate(Service.objects.select_related("stage").order_by("stage__order", "order"))
    }
    told = _told(content, cues, services)
    bodies: dict[str, Any] = cues.get("bodies") or {}
    names = {code: [one.get("short", ""), one.get("name", "")] for code, one in _bodies(content).items()}
    for code, one in bodies.items():
        names[code] = [name for name in (*names.get(code, []), *one.get("names", [])) if name]
    special = {service for one in bodies.values() for service in one.get("words_for", {})}
    return Knowledge(
        version=version,
        content=content,
        services=services,
        lexicon=lexicon(told),
        sayings=Sayings({code: one["says"] for code, one in told.items() if one.get("says")} | {NOTHING: nothing_told()}),
        names=word_lexicon(names),
        fields=word_lexicon({code: one.get("words", []) for code, one in bodies.items()}),
        fields_for={
            service: word_lexicon({code: one.get("words_for", {}).get(service, []) for code, one in bodies.items()})
            for service in special
        },
        region=word_lexicon({"here": [*cues.get("region", []), *_meetings(content)]}),
        region_words=tuple(cues.get("region", [])),
        fields_of_plan=word_lexicon(cues.get("fields") or {}),
        states=word_cues(cues.get("states") or {}),
        places={one.name: (one.code, tuple(one.areas)) for one in Municipality.objects.all()},
    )


def word_cues(states: Mapping[str, list[str]]) -> Lexicon:
    """Compile states: any of the cues tells that one holds."""
    return lexicon({name: {"words": listed} for name, listed in states.items()})


def _meetings(content: PlanContent) -> list[str]:
    """Return the names of the plan's meetings: who was looked for there in vain was looked for here [C37]."""
    return [name for one in content.section("meetings") for name in (one["name"], *one.get("aliases", []))]


def _bodies(content: PlanContent) -> dict[str, dict[str, Any]]:
    return {one["code"]: one for one in content.section("bodies")}


def _told(content: PlanContent, cues: dict[str, Any], services: Mapping[str, Offer]) -> dict[str, dict[str, Any]]:
    """Return the cues of every service and outside contact; what the plan gives no cues is told by its own words."""
    about = {one["code"]: f"{one.get('about', '')} {one.get('text', '')}" for one in content.section("services")}
    given: dict[str, Any] = cues.get("services") or {}
    told = {
        code: given.get(code) or {"words": list(dict.fromkeys(content_forms(f"{one.name} {about.get(code, '')}")))}
        for code, one in services.items()
    }
    outside: dict[str, Any] = cues.get("outside") or {}
    for contact in content.outside_contacts:
        told[OUT + contact.code] = outside.get(contact.code) or {"strong": list(contact.words)}
    return told
