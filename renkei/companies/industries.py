"""The national classification of industries (日本標準産業分類): twenty divisions and ninety-nine middle groups, by name.

Letters, numbers and meaning of both levels are the same in the revisions of 2013 (H25) and 2023 (R5); the names are
written as in the later one. Finer codes of three or four digits are kept as given and read by their middle group.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from renkei.base.text import search_key


@dataclass(frozen=True, slots=True)
class IndustryClass:
    """A division (``group`` empty) or a middle group of it."""

    letter: str
    group: str
    name: str

    @property
    def code(self) -> str:
        """Return what is kept of it: 27, or E for a whole division."""
        return self.group or self.letter


@cache
def classes() -> tuple[IndustryClass, ...]:
    """Return divisions and middle groups in their order."""
    text = (files("renkei.companies") / "data" / "jsic.tsv").read_text(encoding="utf-8")
    return tuple(IndustryClass(*line.split("\t")) for line in text.splitlines())


@cache
def _by_code() -> dict[str, IndustryClass]:
    return {one.code: one for one in classes()}


def class_of(code: str) -> IndustryClass | None:
    """Return the middle group (else the division) of E, 27, E27, 273 or 2731; None for what the classification has not."""
    plain = unicodedata.normalize("NFKC", code).strip().upper()
    letter, figures = (plain[:1], plain[1:]) if plain[:1].isalpha() else ("", plain)
    found = _by_code().get(figures[:2] if figures else letter)
    return None if found is None or (letter and found.letter != letter) else found


def shown_class(code: str) -> str:
    """Return code and name as they stand in lists: 27 業務用機械器具製造業; the code alone when it has no name."""
    found = class_of(code)
    return f"{code} {found.name}" if found is not None and found.code == code else code


def read_class(text: str) -> str:
    """Return the code for what was typed or chosen: from code and name, or a name alone; anything else unchanged."""
    first, _gap, rest = text.strip().partition(" ")
    wanted = search_key(text)
    if rest and class_of(first) is not None:
        return first
    return next((one.code for one in reversed(classes()) if wanted and search_key(one.name) == wanted), text)
