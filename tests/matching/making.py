"""A plan compiled for matching, and candidates, without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from renkei.matching.cues import Met, lexicon, word_lexicon
from renkei.matching.facts import Facts, gather
from renkei.matching.knowledge import Knowledge, Offer, word_cues
from renkei.matching.proposal import Candidate
from renkei.matching.reading import Clause, points, read
from renkei.matching.scoring import Sayings
from renkei.plan.content import PlanContent

DAY = dt.date(2026, 11, 25)
SERVICES = {"events": "1", "rd-subsidy": "2", "loan": "2", "tests": "3", "course": "3", "sales": "4"}
PLACES = {"ひばり市": ("999016", ("north",)), "ひばりが丘町": ("999024", ("south",)), "津市": ("999032", ())}


def known(
    *, cues: Mapping[str, Any] | None = None, routing: Mapping[str, Any] | None = None,
    precedence: Sequence[Mapping[str, Any]] = (), services: Mapping[str, str] = SERVICES,
) -> Knowledge:  # fmt: skip
    """Compile the sections given; every other section is empty."""
    said: dict[str, Any] = dict(cues or {})
    bodies: dict[str, Any] = said.get("bodies", {})
    return Knowledge(
        version=0,
        content=PlanContent({"cues": said, "routing": routing or {}, "precedence": list(precedence)}),
        services={code: Offer(code, stage, f"名{code}", n) for n, (code, stage) in enumerate(services.items())},
        lexicon=lexicon(said.get("services", {})),
        sayings=Sayings({}),
        names=word_lexicon({code: one.get("names", []) for code, one in bodies.items()}),
        fields=word_lexicon({code: one.get("words", []) for code, one in bodies.items()}),
        fields_for={
            service: word_lexicon({code: one.get("words_for", {}).get(service, []) for code, one in bodies.items()})
            for service in {service for one in bodies.values() for service in one.get("words_for", {})}
        },
        region=word_lexicon({"here": said.get("region", [])}),
        region_words=tuple(said.get("region", [])),
        states=word_cues(said.get("states", {})),
        fields_of_plan=word_lexicon(said.get("fields", {})),
        places=PLACES,
    )


def gathered(text: str, given: Facts | None = None, **cues: Any) -> Facts:
    """Return the facts a text tells under some cues."""
    return gather(text, Met(points(text)), known(cues=cues), given)


def clauses(text: str, cues: Mapping[str, Mapping[str, list[str]]] | None = None) -> list[Clause]:
    """Return the clauses of a text with the cues of services met in them."""
    return read(text, lexicon(cues or {}))


def candidate(service: str, body: str = "lab", **given: Any) -> Candidate:
    """Return a candidate whose stage is its service's."""
    return Candidate(service, body, SERVICES[service], given.pop("score", 1.0), 1, **given)
