"""Which entries of the catalogue answer a consultation: what ``renkei match`` lists.

Likeness of words alone does not tell who wants to borrow a machine from who wants a loan to buy one. Beside the signs of
the ranking stand those of the proposal: an entry serves what is proposed, it is of a body that is proposed, and it
*speaks of* it: its own words are read by the same cues and sayings as a consultation's, so that an officer who looks after
certified products is met though nothing but prose says so. One weighted sum over all of them (``fusion``) makes the order.

The weights (``data/answering.json``) are learned by ``python -m bench.entries --learn`` from graded consultations.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from renkei.matching import fusion, index, learned
from renkei.matching.entries import KINDS, Match, Scored, forms_of, matched, matches, services_of, weighed
from renkei.matching.fusion import Model, Signs, Values, standard
from renkei.matching.knowledge import Knowledge, knowledge_of
from renkei.matching.models import Entry, EntryKind
from renkei.matching.proposal import Evidence, Proposal
from renkei.matching.reading import read
from renkei.matching.scoring import cues_met

MOST_KEPT = 20_000  # entries whose reading is kept
_FLOOR = 2.0  # keeps the last of a few good ones from looking worthless
_NAMED = 2  # services named as a reason
_READ = 600  # characters of an entry that are read for what it speaks of
Columns = NDArray[np.float64]


def answers(text: str, known: Knowledge, proposal: Proposal, *, limit: int) -> list[Match]:
    """Return the entries of all kinds that answer a text for which a proposal was made, best first; scores up to one."""
    index.ensure()
    entries, signs = signs_for(text, known, proposal)
    if not entries:  # nothing is found, or there is no index for now: names are looked through
        return matches(text, known, per_kind=limit)[:limit]
    score = published().score(signs).astype(float)
    low = float(score.min()) - _FLOOR
    share = (score - low) / (float(score.max()) - low)
    near = np.maximum(signs["near"], signs["near_title"]).tolist()
    marked = ((round(mark, 4), one, close) for mark, one, close in zip(share.tolist(), entries, near, strict=True))
    best = sorted(marked, key=lambda one: (-one[0], one[1].id))[:limit]
    return matched(text, [Scored(one, mark, close, forms_of(one)) for mark, one, close in best], known)


def served(match: Match, known: Knowledge, proposal: Proposal) -> list[Evidence]:
    """Return the proposed services that an entry serves, or a past case was helped by, as a reason; the two likeliest."""
    own = {service for service, _body in _helped(match.entry, known)}
    codes = [code for code in dict.fromkeys(one.service for one in proposal.supports) if code in own][:_NAMED]
    names = "、".join(known.services[code].name for code in codes)
    return [Evidence("met", _("提案の支援：%(names)s") % {"names": names})] if names else []


def signs_for(text: str, known: Knowledge, proposal: Proposal) -> tuple[list[Entry], Signs]:
    """Return the entries found for a text that stand, and every sign of each."""
    ids, told = index.pool(text, kinds=KINDS)
    standing, _windows = weighed(ids, known)
    kept = [n for n, one in enumerate(ids) if one in standing and _is_found(told, n)]
    entries = [standing[ids[n]] for n in kept]
    own = {name: values[kept] for name, values in told.items()}
    return entries, (own | _proposed(entries, known, proposal) | _of_kind(entries, own)) if entries else {}


@lru_cache(maxsize=1)
def published() -> Model:
    """Return the weights that are shipped."""
    return fusion.from_data(json.loads((files("renkei.matching") / "data" / "answering.json").read_text(encoding="utf-8")))


def _is_found(told: Signs, n: int) -> bool:
    shares = any(told[name][n] > 0 for name in ("words", "pairs", "synonyms"))
    return shares or max(told["near"][n], told["near_title"][n]) >= index.NEAR_ENOUGH


def _of_kind(entries: Sequence[Entry], told: Signs) -> dict[str, Values]:
    """Return the kind of each entry, and where it stands by words and meaning among its own kind."""
    kinds = np.array([one.kind for one in entries])
    score = learned.scores(told, lambda kind: kinds == kind, fusion.published())
    among = np.zeros(len(entries), dtype=np.float32)
    for kind in set(kinds.tolist()):
        at = np.flatnonzero(kinds == kind)
        among[at] = standard(score[at])
    return {"own_kind": among} | {f"is_{kind}": (kinds == kind).astype(np.float32) for kind in KINDS}


def _proposed(entries: Sequence[Entry], known: Knowledge, proposal: Proposal) -> dict[str, Values]:
    """Return how far each entry serves what is proposed, is of a body proposed (for that, for anything), and speaks of it."""
    shares = _Shares.of(proposal)
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
    def of(cls, proposal: Proposal) -> _Shares:
        top = max((one.score for one in proposal.supports), default=0.0) or 1.0
        services: dict[str, float] = defaultdict(float)
        offices: dict[tuple[str, str], float] = defaultdict(float)
        bodies: dict[str, float] = defaultdict(float)
        for one in proposal.supports:
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
    spoken = [_spoken(known.version, f"{one.name}。{one.summary}\n{one.text}"[:_READ]) for one in entries]
    return np.array([near for near, _cues in spoken]), np.array([cues for _near, cues in spoken])


@lru_cache(maxsize=MOST_KEPT)
def _spoken(version: int, text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    known = knowledge_of(version)
    told, clauses = known.sayings.nearness(text), read(text, known.lexicon)
    return (
        tuple(told.get(code, 0.0) for code in known.services),
        tuple(math.log1p(cues_met(clauses, code)) for code in known.services),
    )


def _standing_out(values: Columns) -> Columns:
    """Return each column less its mean by its spread: a service that every entry speaks of tells nothing."""
    spread = values.std(axis=0)
    return np.asarray((values - values.mean(axis=0)) / np.where(spread > 1e-6, spread, 1.0))
