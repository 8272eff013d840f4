"""Which entries of the catalogue answer a consultation: what a proposal shows and ``renkei match`` lists.

Likeness of words alone does not tell who wants to borrow a machine from who wants a loan to buy one. Beside the signs of
the ranking stand those of the proposal: an entry serves what is proposed, it is of a body that is proposed, and it
*speaks of* it: its own words are read by the same cues and sayings as a consultation's, so that an officer who looks after
certified products is met though nothing but prose says so. One weighted sum over all of them (``fusion``) makes the order.

The weights (``data/answering.json``) are learned by ``python -m bench.entries --learn`` from graded consultations.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from renkei.matching import fusion, index
from renkei.matching.entries import KINDS, PER_KIND, Match, found_as_matches, services_of, weighed
from renkei.matching.fusion import Model, Signs, Values, standard
from renkei.matching.knowledge import Knowledge
from renkei.matching.models import Entry, EntryKind
from renkei.matching.people import by_circumstance
from renkei.matching.proposal import Candidate, Evidence
from renkei.matching.reading import read
from renkei.matching.scoring import cues_met
from renkei.matching.speaking import Told, spoken_of

LOOKED_AT = 20  # of each kind; all that is found would cost twice the time for a hundredth more
_FLOOR = 2.0  # keeps the last of a few good ones from looking worthless
_NAMED = 2  # services named as a reason
_READ = 600  # characters of an entry that are read for what it speaks of
Columns = NDArray[np.float64]


class Offer(NamedTuple):
    """A service of a body that is proposed, and how strongly."""

    service: str
    body: str
    score: float


@dataclass(frozen=True, slots=True)
class Sought:
    """What was found for a text and stands, in the order of the ranking alone, and every sign of each; no signs without an index."""

    matches: list[Match]
    signs: Signs


def seek(text: str, known: Knowledge, besides: Collection[str] = ()) -> Sought:
    """Look for the entries of each kind that share words or meaning with a text, ``besides`` left out. One search serves the whole proposal."""
    index.ensure()
    hits, told = index.find_with_signs(text, kinds=KINDS, limit=LOOKED_AT)
    entries, windows = weighed([hit.id for hit in hits if hit.id not in besides], known)
    standing = [n for n, hit in enumerate(hits) if hit.id in entries]
    listed = found_as_matches(text, [hits[n] for n in standing], entries, windows, known)
    order = sorted(range(len(listed)), key=lambda n: (-listed[n].score, listed[n].entry.id))
    return Sought([listed[n] for n in order], {name: values[[standing[n] for n in order]] for name, values in told.items()} if order else {})


def first_of_each_kind(listed: Sequence[Match]) -> list[Match]:
    """Return the first few matches of each kind, in the order given."""
    seen: Counter[str] = Counter()
    kept = []
    for one in listed:
        seen[one.entry.kind] += 1
        if seen[one.entry.kind] <= PER_KIND:
            kept.append(one)
    return kept


def answers(sought: Sought, known: Knowledge, proposed: Sequence[Offer | Candidate]) -> list[Match]:
    """Return what was found, as far as it answers what is proposed: best first, equal ones by id; scores up to one.

    Among people of one body who fit as well, who has less on hand comes first; who is away is marked.
    """
    if not sought.signs:
        return by_circumstance(sought.matches)
    score = published().score(signs_for(sought, known, proposed)).astype(float)
    low = float(score.min()) - _FLOOR
    share = (score - low) / (float(score.max()) - low)
    marked = (replace(one, score=round(mark, 4)) for one, mark in zip(sought.matches, share.tolist(), strict=True))
    return by_circumstance(sorted(marked, key=lambda one: (-one.score, one.entry.id)))


def served(match: Match, known: Knowledge, proposed: Sequence[Offer | Candidate]) -> list[Evidence]:
    """Return the proposed services that an entry serves, or a past case was helped by, as a reason; the two likeliest."""
    own = {service for service, _body in _helped(match.entry, known)}
    codes = [code for code in dict.fromkeys(one.service for one in proposed) if code in own][:_NAMED]
    names = "、".join(known.services[code].name for code in codes)
    return [Evidence("met", _("提案の支援：%(names)s") % {"names": names})] if names else []


def signs_for(sought: Sought, known: Knowledge, proposed: Sequence[Offer | Candidate]) -> Signs:
    """Return every sign of each entry found: those of the ranking, of what is proposed, and of its kind."""
    entries = [one.entry for one in sought.matches]
    return ({**sought.signs} | _proposed(entries, known, proposed) | _of_kind(sought.matches)) if sought.signs else {}


@lru_cache(maxsize=1)
def published() -> Model:
    """Return the weights that are shipped."""
    return fusion.from_data(json.loads((files("renkei.matching") / "data" / "answering.json").read_text(encoding="utf-8")))


def _of_kind(found: Sequence[Match]) -> dict[str, Values]:
    """Return the kind of each entry, and where it stands by words and meaning, as far as learned by this site, among its own kind."""
    kinds = np.array([one.entry.kind for one in found])
    score = np.array([one.score for one in found], dtype=np.float32)
    among = np.zeros(len(found), dtype=np.float32)
    for kind in set(kinds.tolist()):
        at = np.flatnonzero(kinds == kind)
        among[at] = standard(score[at])
    return {"own_kind": among} | {f"is_{kind}": (kinds == kind).astype(np.float32) for kind in KINDS}


def _proposed(entries: Sequence[Entry], known: Knowledge, proposed: Sequence[Offer | Candidate]) -> dict[str, Values]:
    """Return how far each entry serves what is proposed, is of a body proposed (for that, for anything), and speaks of it."""
    shares = _Shares.of(proposed)
    near, cues = speaking(entries, known)
    asked = np.array([shares.services.get(code, 0.0) for code in known.services])
    rows = [_leaning(one, known, shares) for one in entries]
    table = np.array(rows, dtype=np.float32)
    return {
        "serves": table[:, 0], "theirs": table[:, 1], "of_body": table[:, 2],
        "says_so": (_standing_out(near) @ asked).astype(np.float32), "cues_so": (_standing_out(cues) @ asked).astype(np.float32),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shares:
    """How strongly each service, each body for a service, and each body for anything is proposed: the best is one."""

    services: Mapping[str, float]
    offices: Mapping[tuple[str, str], float]
    bodies: Mapping[str, float]

    @classmethod
    def of(cls, proposed: Sequence[Offer | Candidate]) -> _Shares:
        top = max((one.score for one in proposed), default=0.0) or 1.0
        services: dict[str, float] = defaultdict(float)
        offices: dict[tuple[str, str], float] = defaultdict(float)
        bodies: dict[str, float] = defaultdict(float)
        for one in proposed:
            share = one.score / top
            services[one.service] = max(services[one.service], share)
            offices[one.service, one.body] = max(offices[one.service, one.body], share)
            bodies[one.body] = max(bodies[one.body], share)
        return cls(services, offices, bodies)


def _leaning(entry: Entry, known: Knowledge, shares: _Shares) -> tuple[float, float, float]:
    helped = _helped(entry, known)
    asked = [shares.services.get(service, 0.0) for service, _body in helped]
    is_case = entry.kind == EntryKind.EXAMPLE
    serves = sum(asked) / max(len(asked), 1) if is_case else max(asked, default=0.0)
    theirs = (shares.offices.get(one, 0.0) if one[1] else shares.services.get(one[0], 0.0) for one in helped)
    return serves, max(theirs, default=0.0), shares.bodies.get(entry.body_id or "", 0.0)


def _helped(entry: Entry, known: Knowledge) -> list[tuple[str, str]]:
    """Return the services an entry speaks for with whose they are; a past case speaks for all that helped in it."""
    if entry.kind == EntryKind.EXAMPLE:
        return [(service, body) for service, body, _result in entry.facts.get("supports", [])]
    return [(service, entry.body_id or "") for service in services_of(entry, known)]


def speaking(entries: Sequence[Entry], known: Knowledge) -> tuple[Columns, Columns]:
    """Return how near each entry comes to what firms say of each service, and how many of the service's cues it holds."""
    texts = [f"{one.name}。{one.summary}\n{one.text}"[:_READ] for one in entries]
    spoken = spoken_of(known, texts, place=index.home() / "spoken.sqlite", tell=lambda text: _spoken(known, text))
    return np.array([near for near, _cues in spoken]), np.array([cues for _near, cues in spoken])


def _spoken(known: Knowledge, text: str) -> Told:
    near, met = known.sayings.nearness(text), cues_met(read(text, known.lexicon))
    return (
        tuple(near.get(code, 0.0) for code in known.services),
        tuple(math.log1p(met.get(code, 0.0)) for code in known.services),
    )


def _standing_out(values: Columns) -> Columns:
    """Return each column less its mean by its spread: a service that every entry speaks of tells nothing."""
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0))
