"""Everything read and found for one text, before anybody is proposed: its clauses, kind, services, entries, facts of the firm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from renkei.matching import kinds
from renkei.matching.answering import Sought, first_of_each_kind, seek
from renkei.matching.bodies import Offices
from renkei.matching.cues import Met
from renkei.matching.entries import Match
from renkei.matching.facts import Facts, gather
from renkei.matching.knowledge import OUT, Knowledge, knowledge
from renkei.matching.models import EntryKind
from renkei.matching.reading import Clause, clauses_of, points
from renkei.matching.scoring import Fit, fits
from renkei.matching.words import MAX_LENGTH

NEED_SHARE = 0.45  # a service this near to the best is spoken for, not only mentioned
_SHARE, _FEWEST, _MOST = 0.22, 3, 7  # services kept: this share of the best, but not fewer and not more
_CASE_VOTE, _ENTRY_VOTE = 1.0, 0.8


@dataclass(frozen=True)
class Reading:
    """Everything read and found for one text."""

    text: str
    on: dt.date
    known: Knowledge
    met: Met
    clauses: list[Clause]
    near: kinds.Near
    facts: Facts
    sought: Sought
    services: list[Fit]
    outside: list[Fit]
    said: kinds.Declined
    signs: dict[str, float]
    kind: str
    offices: Offices
    declined: frozenset[tuple[str, str]]


def signs_of(text: str, *, on: dt.date) -> dict[str, float]:
    """Return the signs by which a text's kind is told (``kinds.signs``), as the weights are learned from them."""
    return read(text, None, on, frozenset()).signs


def read(text: str, facts: Facts | None, on: dt.date, declined: frozenset[tuple[str, str]]) -> Reading:
    """Read a text and find what stands near it on a day; ``declined`` names (service, body) pairs that said no."""
    known = knowledge(on)
    sentences = points(text)
    met = Met(sentences)
    clauses = clauses_of(sentences, met.by(known.lexicon))
    sought = seek(text[:MAX_LENGTH], known, facts.own if facts else ()) if text.strip() else Sought([], {})
    votes = _votes(first_of_each_kind(sought.matches), known)
    near = known.sayings.of(clauses)
    scored = fits(clauses, near, [*known.services, *_outside_codes(known)], votes)
    services = [fit for fit in scored if fit.code in known.services]
    outside = [fit for fit in scored if fit.code.startswith(OUT)]
    technical = {code for code, one in (known.cues.get("bodies") or {}).items() if one.get("words")}
    named = [frozenset(hit.code for hit in hits) & technical for hits in met.by(known.names)]
    here = [bool(hits) for hits in met.by(known.region)]
    said = kinds.declined(clauses, named, here, known.region_words)
    signs = kinds.signs(services, outside, near, clauses, said)
    reading = Reading(
        text, on, known, met, clauses, near, gather(text, met, known, facts), sought, services, outside, said,
        signs, kinds.kind_of(signs, is_no=said.is_no), Offices.on(on), declined,
    )  # fmt: skip
    return replace(reading, facts=replace(reading.facts, near_stages=_near_stages(reading)))


def _outside_codes(known: Knowledge) -> list[str]:
    return [OUT + contact.code for contact in known.content.outside_contacts]


def _votes(found: Sequence[Match], known: Knowledge) -> dict[str, float]:
    """Return what past cases and the catalogue say for each service: near cases count, and near entries a little."""
    votes: dict[str, float] = {}
    examples = [match for match in found if match.entry.kind == EntryKind.EXAMPLE]
    best = max((match.score for match in examples), default=0.0)
    for match in examples[:6]:
        helped = list(dict.fromkeys(s for s, _body, result in match.entry.facts.get("supports", []) if result == "done"))
        for service in helped:
            votes[service] = votes.get(service, 0.0) + _CASE_VOTE * (match.score / best) / (6 * len(helped))
    seen: dict[str, float] = {}
    for match in found:
        if match.entry.kind in {EntryKind.PROGRAMME, EntryKind.EVENT}:
            for service in match.services:
                seen[service] = max(seen.get(service, 0.0), match.score)
    for service, score in seen.items():
        votes[service] = votes.get(service, 0.0) + _ENTRY_VOTE * score * score
    return {code: vote for code, vote in votes.items() if code in known.services}


def kept_of(reading: Reading) -> list[Fit]:
    """Return the services worth showing: near enough to the best, and offered by somebody on that day."""
    offered = [fit for fit in reading.services if reading.offices.providers.get(fit.code)]
    if not offered:
        return []
    top = max(offered[0].score, 0.0)
    near = [fit for number, fit in enumerate(offered) if number < _FEWEST or fit.score >= _SHARE * top]
    return [fit for fit in near[:_MOST] if fit.score > 0]


def _near_stages(reading: Reading) -> frozenset[str]:
    """Return the stages of the services the text speaks for most."""
    kept = kept_of(reading)
    return frozenset(reading.known.services[fit.code].stage for fit in kept if fit.score >= NEED_SHARE * kept[0].score)
