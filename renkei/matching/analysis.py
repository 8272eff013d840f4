"""What the text is about, in the plan's vocabularies: field, technical fields, themes, pressures, purposes, marks.

The cues for the codes are plan data (``cues.vocabularies``); a code without cues is told by its own name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from renkei.matching.cues import Lexicon, Met, word_lexicon
from renkei.matching.knowledge import Knowledge, knowledge_of
from renkei.matching.proposal import Analysis, Mark

VOCABULARIES = ("tech_fields", "themes", "pressures", "purposes")
_MOST = 3


@lru_cache(maxsize=16)
def _lexicon(version: int, vocabulary: str) -> Lexicon:
    known = knowledge_of(version)
    given = (known.cues.get("vocabularies") or {}).get(vocabulary) or {}
    named = {term.code: re.split(r"[・、（）]", term.name) for term in known.content.vocabulary(vocabulary)}
    return word_lexicon(
        {code: given.get(code) or [name for name in names if len(name) > 1] for code, names in named.items()}
    )


def codes(known: Knowledge, vocabulary: str, met: Met) -> list[str]:
    """Return the codes of a vocabulary the text speaks of, most spoken of first."""
    counted = Counter(hit.code for hits in met.by(_lexicon(known.version, vocabulary)) for hit in hits)
    order = [term.code for term in known.content.vocabulary(vocabulary)]
    return sorted(counted, key=lambda code: (-counted[code], order.index(code)))[:_MOST]


def field_of(known: Knowledge, met: Met, kind: str) -> str:
    """Return which supported field the text lies in: ``A``, ``B``, ``both`` or ``outside``."""
    if kind == "out_of_scope":
        return "outside"
    found = met.codes(known.fields_of_plan)
    first = next((one["code"] for one in known.content.section("fields")), "A")
    return "both" if len(found) > 1 else found.pop() if found else first


def analyse(
    known: Knowledge, met: Met, *, kind: str, stages: list[str], marks: Sequence[Mark]
) -> Analysis:
    """Return the analysis of a read text."""
    tech, themes, pressures, purposes = (codes(known, name, met) for name in VOCABULARIES)
    field = field_of(known, met, kind)
    return Analysis(field, stages, tech, themes, pressures, purposes, sorted(marks, key=lambda m: (m.start, m.end)))
