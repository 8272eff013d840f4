"""What kind of answer a text needs: a route, questions first, help from outside the region, or somebody else.

Signs of the text (how much of a service it tells, of somebody else's matter, of nothing at all; who is said to have refused; whether
help is looked for elsewhere) are weighed by weights learned from labelled texts (``python -m bench.kinds``, ``data/kinds.json``).
Four rules stand before the weights: a text without a telling word is asked about, outside the region is led only who met a no here
[C37], who plainly met one and looks further is not merely asked, and a matter is somebody else's only where it speaks of something
that somebody does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from renkei.matching import language
from renkei.matching.reading import Clause
from renkei.matching.scoring import Fit
from renkei.matching.words import Word

KINDS = ("route", "clarify", "outside_region", "out_of_scope")
NOTHING = "nothing"  # beside the services and contacts: what people say who tell nothing yet
OUTSIDE_AT_LEAST = 3.0  # beside services, a contact told less is not named
OUTSIDE_TOLD = 1.0  # told less, a matter is nobody's
_FEW = 8  # telling words
_NOT = {"無い", "ない", "ず", "ぬ", "ん"}
Near = Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Declined:
    """What the text says of bodies here: which are named beside a no, and whether help from elsewhere is asked for.

    ``bodies`` are those beside a plain refusal; ``doubted`` those beside any no, a weaker sign; ``named`` all that are named.
    """

    bodies: frozenset[str]
    is_nothing_here: bool
    asks_elsewhere: bool
    is_everywhere: bool = False
    doubted: frozenset[str] = frozenset()
    is_doubted_here: bool = False
    named: frozenset[str] = frozenset()

    @property
    def leads_outside(self) -> bool:
        """Tell whether bodies here plainly declined, or nothing here can serve, and the firm looks further."""
        said_no = bool(self.bodies or self.is_nothing_here)
        return said_no and (self.asks_elsewhere or self.is_everywhere or len(self.bodies) > 1)

    @property
    def is_no(self) -> bool:
        """Tell whether a no from here is told, or so much as two bodies here that were asked before looking further [C37]."""
        said = self.bodies or self.doubted or self.is_nothing_here or self.is_doubted_here
        return bool(said) or (self.asks_elsewhere and len(self.named) > 1)


def declined(clauses: Sequence[Clause], named: Sequence[frozenset[str]], here: Sequence[bool], own: Sequence[str]) -> Declined:
    """Read who declined. ``named`` and ``here`` hold per clause the bodies named and whether the region is named.

    A no belongs to a body named in the same clause or the one before; banks and other bodies without a technical field
    are not in ``named``.
    """
    bodies: set[str] = set()
    doubted: set[str] = set()
    nothing = everywhere = doubted_here = False
    for number, clause in enumerate(clauses):
        before = named[number - 1] if number and not named[number] else frozenset()
        if language.says("declined", clause.text):
            bodies |= named[number] | before
            nothing = nothing or here[number]
            everywhere = everywhere or ((here[number] or bool(named[number])) and language.says("everywhere", clause.text))
        if _is_no(clause):
            doubted |= named[number] | before
            doubted_here = doubted_here or here[number]
    elsewhere = any(_elsewhere(clause.text, own) for clause in clauses)
    return Declined(
        frozenset(bodies), nothing, elsewhere, everywhere,
        doubted=frozenset(doubted), is_doubted_here=doubted_here, named=frozenset().union(*named),
    )  # fmt: skip


def _is_no(clause: Clause) -> bool:
    return any(map(_denies, clause.sentence.words)) or language.says("refusing", clause.text)


def _denies(word: Word) -> bool:
    return word.form in _NOT and word.pos in {"助動詞", "形容詞", "助詞"}


def _elsewhere(text: str, own: Sequence[str]) -> bool:
    return _looks_further(text) or bool({text[start:end] for start, end in language.found("prefectures", text)} - set(own))


def _looks_further(text: str) -> bool:
    return language.says("elsewhere", text) and not language.says("inside", text)


def signs(services: Sequence[Fit], outside: Sequence[Fit], near: Near, clauses: Sequence[Clause], said: Declined) -> dict[str, float]:
    """Return what speaks for one kind or another; ``near`` holds for each clause how near it comes to what people say (``Sayings``)."""
    told = sorted((fit.told for fit in services), reverse=True)
    best, second = [*told, 0.0, 0.0][:2]
    other = max((fit.told for fit in outside), default=0.0)
    ours = _nearest(near, [fit.code for fit in services])
    theirs = _nearest(near, [fit.code for fit in outside])
    empty = _nearest(near, [NOTHING])
    telling = {word.form for clause in clauses for word in clause.sentence.words if word.is_content and not language.says("weak", word.form)}
    refused = any(language.says("declined", clause.text) for clause in clauses)
    asks = any(clause.is_request and _looks_further(clause.text) for clause in clauses)
    is_no = bool(said.doubted or said.is_doubted_here)
    wish, other_wish = _wished(services, clauses), _wished(outside, clauses)
    return {
        "told": best, "ahead": best - second, "other": other, "other_ahead": other - best,
        "wish": wish, "other_wish": other_wish, "other_wish_ahead": other_wish - wish,
        "near": ours, "near_other": theirs, "near_other_ahead": theirs - ours, "near_nothing": empty, "near_nothing_ahead": empty - ours,
        "words": math.log1p(len(telling)), "few": float(len(telling) < _FEW),
        "vague": float(any(language.says("vague", clause.text) for clause in clauses)),
        "named": float(min(len(said.named), 2)), "doubted": float(min(len(said.doubted), 2)), "doubted_here": float(said.is_doubted_here),
        "declined": float(min(len(said.bodies), 2)), "nothing_here": float(said.is_nothing_here), "refused": float(refused), "leads": float(said.leads_outside),
        "elsewhere": float(said.asks_elsewhere), "asks_elsewhere": float(asks), "everywhere": float(said.is_everywhere),
        "no_and_elsewhere": float(is_no and said.asks_elsewhere), "refused_and_elsewhere": float(refused and said.asks_elsewhere),
    }  # fmt: skip


def _wished(fits: Sequence[Fit], clauses: Sequence[Clause]) -> float:
    """Return how much of the best a clause tells that asks for something (any clause, where none asks)."""
    asking = [at for at, clause in enumerate(clauses) if clause.is_request] or range(len(clauses))
    return max((fit.by_clause[at] for fit in fits if fit.by_clause for at in asking), default=0.0)


def _nearest(near: Near, codes: Sequence[str]) -> float:
    return max((one.get(code, 0.0) for one in near for code in codes), default=0.0)


def kind_of(told: Mapping[str, float], *, is_no: bool) -> str:
    """Return ``route``, ``clarify``, ``outside_region`` or ``out_of_scope`` for signs; ``is_no``: somebody here said no."""
    if not told["words"]:
        return "clarify"
    scores = dict(zip(KINDS, published().scores(told).tolist(), strict=True))
    if not is_no:
        del scores["outside_region"]
    if told["leads"]:
        del scores["clarify"]
    if told["other"] < OUTSIDE_TOLD:
        del scores["out_of_scope"]
    return max(scores, key=lambda kind: scores[kind])


@dataclass(frozen=True)
class Weights:
    """One weight for each sign and kind, on signs less their mean by their spread, and what each kind starts with."""

    names: Sequence[str]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]
    start: NDArray[np.float64]

    def scores(self, told: Mapping[str, float]) -> NDArray[np.float64]:
        """Return a score for each of ``KINDS``."""
        values = np.array([told[name] for name in self.names])
        return np.asarray(((values - self.mean) / self.spread) @ self.weights + self.start)


@cache
def published() -> Weights:
    """Return the weights that are shipped."""
    told = json.loads((files("renkei.matching") / "data" / "kinds.json").read_text(encoding="utf-8"))
    rows = list(told["signs"].values())
    return Weights(
        list(told["signs"]), np.array([one["mean"] for one in rows]), np.array([one["spread"] for one in rows]),
        np.array([[one[kind] for kind in KINDS] for one in rows]), np.array([told["start"][kind] for kind in KINDS]),
    )  # fmt: skip


@cache
def nothing_told() -> tuple[str, ...]:
    """Return what people say who tell nothing yet: made-up sentences, one a line, general Japanese."""
    return tuple((files("renkei.matching") / "data" / "nothing_told.txt").read_text(encoding="utf-8").split("\n")[:-1])
