"""What kind of answer a text needs: a route, questions first, help from outside the region, or somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from renkei.matching import language
from renkei.matching.reading import Clause
from renkei.matching.scoring import Fit

ENOUGH, ENOUGH_IF_TOLD, ENOUGH_IF_VAGUE = 2.6, 1.6, 5.0  # below this no service is told by the text
TOLD = 10  # so many words of content make a text that tells something
OUTSIDE_AT_LEAST, OUTSIDE_SHARE = 3.0, 0.9


@dataclass(frozen=True, slots=True)
class Declined:
    """What the text says of bodies here: which are named beside a no, and whether help from elsewhere is asked for."""

    bodies: frozenset[str]
    is_nothing_here: bool
    asks_elsewhere: bool
    is_everywhere: bool = False

    @property
    def leads_outside(self) -> bool:
        """Tell whether bodies here declined, or nothing here can serve, and the firm looks further [C37]."""
        said_no = bool(self.bodies or self.is_nothing_here)
        return said_no and (self.asks_elsewhere or self.is_everywhere or len(self.bodies) > 1)


def declined(clauses: Sequence[Clause], named: Sequence[frozenset[str]], here: Sequence[bool], own: Sequence[str]) -> Declined:
    """Read who declined. ``named`` and ``here`` hold per clause the bodies named and whether the region is named.

    A no belongs to a body named in the same clause or the one before; banks and other bodies without a technical field
    are not in ``named``.
    """
    bodies: set[str] = set()
    nothing = everywhere = False
    for number, clause in enumerate(clauses):
        if not language.says("declined", clause.text):
            continue
        before = named[number - 1] if number and not named[number] else frozenset()
        bodies |= named[number] | before
        nothing = nothing or here[number]
        everywhere = everywhere or ((here[number] or bool(named[number])) and language.says("everywhere", clause.text))
    elsewhere = any(_elsewhere(clause.text, own) for clause in clauses)
    return Declined(frozenset(bodies), nothing, elsewhere, everywhere)


def _elsewhere(text: str, own: Sequence[str]) -> bool:
    if language.says("elsewhere", text):
        return True
    names = {text[start:end] for start, end in language.found("prefectures", text)}
    return bool(names - set(own))


def kind_of(fits: Sequence[Fit], outside: Sequence[Fit], said: Declined, clauses: Sequence[Clause]) -> str:
    """Return ``route``, ``clarify``, ``outside_region`` or ``out_of_scope``."""
    service = max((fit.told for fit in fits), default=0.0)
    other = max((fit.told for fit in outside), default=0.0)
    if other >= OUTSIDE_AT_LEAST and other >= OUTSIDE_SHARE * service:
        return "out_of_scope"
    if said.leads_outside:
        return "outside_region"
    is_vague = any(language.says("vague", clause.text) for clause in clauses)
    told = sum(word.is_content for clause in clauses for word in clause.sentence.words) >= TOLD
    enough = ENOUGH_IF_VAGUE if is_vague else ENOUGH_IF_TOLD if told else ENOUGH
    return "clarify" if service < enough else "route"
