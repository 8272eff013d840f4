"""Why an entry was found, in words that stand in both texts: shared words, words of the same meaning, nearness of the whole.

What is named of an entry is its name, or what means the same as a word of the firm: nothing else of its text is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from renkei.matching import vectors
from renkei.matching.entries import Match, Said, beside, forms_of
from renkei.matching.models import Entry
from renkei.matching.proposal import Evidence
from renkei.matching.synonyms import Term
from renkei.matching.telling import as_said, telling
from renkei.matching.vectors import Table, Vector
from renkei.matching.words import Word, words

ARROW, LINK = " → ", "と"
_CLOSE = 0.5  # two words less alike than this are not named
_PAIRS = 2


def reasons(match: Match, text: str) -> list[Evidence]:
    """Return why an entry was found for a text, and who is away; nearness in meaning is named only where no word is."""
    own = match.words(text)
    found = [Evidence("word", word) for word in own.split("、") if own]
    found += [Evidence("alike", said) for said in dict.fromkeys(_alike(match, text))]
    pairs = [] if found else nearest(beside(match.names, words(text[:4_000])), match.entry.name)
    if pairs or (not found and match.has_reason):
        found.append(Evidence("near", "、".join(pairs)))
    if match.away:
        found.append(Evidence("failed", match.away))
    return [*found, *(Evidence("met", words) for words in match.ahead)]


def why_found(entry: Entry, typed: str, said: Said, forms: frozenset[str] | None = None) -> list[Evidence]:
    """Return why an entry answers words that were typed; ``said`` is what they hold, ``forms`` which of them are in its text, where that is known."""
    spans, alike = said.shared(forms_of(entry) if forms is None else forms)
    return reasons(Match(entry, (), 0.0, spans, (), alike), typed)


def _alike(match: Match, text: str) -> list[str]:
    """Return what the firm said and what the entry says for it."""
    return [f"{as_said(text, *span)}{ARROW}{as_written(term, match.entry)}" for span, term in match.alike]


def as_written(term: Term, entry: Entry) -> str:
    """Return a word of the list as the entry writes it; the words of a phrase that stand apart are joined by dots."""
    own = f"{entry.name}\n{entry.summary}\n{entry.text}"
    if term.word in own:
        return term.word
    written: dict[str, str] = {}
    for unit in words(own):
        if unit.form in term.forms:
            written.setdefault(unit.form, unit.surface)
    return "…".join(written[form] for form in term.forms if form in written)


def nearest(said: Sequence[Word], name: str) -> list[str]:
    """Return pairs of different words, one of the text and one of a name, that are nearest in meaning; none where none are near."""
    table = vectors.table()
    if table is None:
        return []
    own = words(name)
    asked = _vectors(table, telling(said, {}), {unit.form for unit in own})
    named = _vectors(table, telling(own, {}), {unit.form for unit in said})
    if not asked or not named:
        return []
    likeness = np.array(list(asked.values())) @ np.array(list(named.values())).T
    order = np.argsort(-likeness, axis=None, kind="stable")
    found: list[tuple[str, str]] = []
    for place in order.tolist():
        row, column = divmod(place, len(named))
        if likeness[row, column] < _CLOSE or len(found) == _PAIRS:
            break
        pair = (list(asked)[row], list(named)[column])
        if not any(pair[0] == one or pair[1] == other for one, other in found):
            found.append(pair)
    return [f"{one}{LINK}{other}" for one, other in found]


def _vectors(table: Table, units: Sequence[Word], besides: AbstractSet[str]) -> dict[str, Vector]:
    found = ((unit.surface, table.word(unit.form)) for unit in units if unit.form not in besides)
    return {surface: vector for surface, vector in found if vector is not None}
