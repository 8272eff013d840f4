"""What the matcher answers: plain values, nothing saved. Every part says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from renkei.matching.near import wants_of


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason: ``kind`` is word, alike, near, met, failed or unknown; ``question`` is the key of a Question.

    Of ``alike`` the text is what was said, an arrow, what the entry says; of ``near`` pairs of words, or nothing.
    """

    kind: str
    text: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class EntryHit:
    """A found entry and why: ``words`` are the matched words as they stand in the text, or a short note.

    ``body`` is whose it is, if one of ours; ``credit`` is the line its source asks for; ``over`` is a sentence where the entry can be had no more; it is shown with that, and never proposed.
    """

    id: str
    kind: str
    score: float
    name: str
    words: str = ""
    reasons: tuple[Evidence, ...] = ()
    over: str = ""
    body: str = ""
    credit: str = ""

    @property
    def comes_last(self) -> bool:
        """Tell whether a reason speaks against the entry: a person who is away today, or one of a body that declined."""
        return any(one.kind == "failed" for one in self.reasons)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One body's service for one need; ``blocked_by`` says why it cannot be asked yet.

    ``date`` is the day that matters: the last day of a call, or its first (``is_ahead``) when it has not opened.
    """

    service: str
    body: str
    stage: str
    score: float
    need: int
    date: dt.date | None = None
    date_words: str = ""
    entries: list[EntryHit] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    blocked_by: str = ""
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What almost fits, and the rule it fails."""

    name: str
    service: str
    body: str
    rule: str
    text: str
    credit: str = ""

    @property
    def wants(self) -> str:
        """Return what would make it fit; empty where nothing that anybody could do is known."""
        return wants_of(self.rule)


@dataclass(frozen=True, slots=True)
class Question:
    """What is not known and matters. Answers go into ``Facts`` under ``key``."""

    key: str
    text: str
    help: str = ""
    choices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two things in the text or the dates that do not go together."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the way in time."""

    stage: str
    when: str
    what: list[str]


@dataclass(frozen=True, slots=True)
class Contact:
    """Who helps with what is not ours; ``spans`` are the places of the text that ``evidence`` names."""

    code: str
    name: str
    about: str
    phone: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked place in the text: offsets, and the number of the need (0 when of none)."""

    start: int
    end: int
    need: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the text is about, in codes of the plan's vocabularies."""

    field: str
    stages: list[str]
    tech_fields: list[str]
    themes: list[str]
    pressures: list[str]
    purposes: list[str]
    marks: list[Mark]


@dataclass(frozen=True, slots=True)
class ProposedNeed:
    """One problem told in the text, with who can help."""

    number: int
    title: str
    stage: str
    spans: list[tuple[int, int]]
    candidates: list[Candidate]
    near_misses: list[NearMiss]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The whole answer to one text; ``supports`` best first, ``answers`` the entries of all kinds that answer it, best first."""

    kind: str
    field: str
    stages: list[str]
    needs: list[ProposedNeed]
    supports: list[Candidate]
    near_misses: list[NearMiss]
    questions: list[Question]
    clashes: list[Clash]
    path: list[PathStep]
    outside: list[Contact]
    analysis: Analysis
    missing: str = ""
    answers: Sequence[EntryHit] = ()
