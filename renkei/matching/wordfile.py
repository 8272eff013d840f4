"""The file format of the Sudachi synonym dictionary, as far as our list uses it.

A line is a word: group, 1 (noun), expansion, number, kind, 0, 0, (field), the word, and two empty columns. Expansion 1
says that a word starts nothing and is only searched for (a way of testing). Sudachi has no mark for the opposite, a
plain word of firms that stands in no catalogue: those carry ``(症状)`` in the column for the field.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

ALIKE, SYMPTOM, MEANS = "alike", "symptom", "means"
KINDS = (ALIKE, SYMPTOM, MEANS)
SYMPTOM_FIELD = "(症状)"
COLUMNS = 11
_GROUP, _EXPANSION, _FIELD, _WORD = 0, 2, 7, 8


@dataclass(frozen=True, slots=True)
class Listed:
    """One word of a group and what it does: ``alike`` both ways, ``symptom`` starts only, ``means`` is only added."""

    word: str
    kind: str = ALIKE


@dataclass(frozen=True, slots=True)
class Group:
    """Words that mean the same; ``code`` names the group."""

    code: str
    words: tuple[Listed, ...]

    @property
    def title(self) -> str:
        """Return the word the group goes by."""
        return self.words[0].word


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its number, and its group and word, or the columns that could not be read."""

    number: int
    code: str
    word: Listed | None
    columns: int = COLUMNS


def lines(text: str) -> list[Line]:
    """Return the lines of a file that say something, wrong ones too (``word`` is None)."""
    found = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            row = next(csv.reader([line]))
        except csv.Error:  # longer than any table's cell
            row = [""]
        whole = len(row) == COLUMNS and row[_GROUP].strip() and row[_WORD].strip()
        found.append(Line(number, row[_GROUP].strip(), _listed(row) if whole else None, len(row)))
    return found


def groups(found: Iterable[Line]) -> list[Group]:
    """Return the groups of lines that could be read, in the order in which they begin."""
    words: dict[str, list[Listed]] = {}
    for line in found:
        if line.word is not None and line.word not in words.setdefault(line.code, []):
            words[line.code].append(line.word)
    return [Group(code, tuple(listed)) for code, listed in words.items()]


def written(listed: Iterable[Group]) -> str:
    """Return groups as a file that :func:`lines` reads back."""
    head = "# Sudachi の同義語辞書と同じ書式の、自前の同義語。ふだんの言葉と専門の言葉を結ぶ。(症状) は探すきっかけだけの言葉。\n"
    parts = ("".join(_line(group.code, word) for word in group.words) for group in listed)
    return head + "\n".join(parts)


@lru_cache(maxsize=1)
def shipped() -> tuple[Group, ...]:
    """Return the list that comes with the program."""
    text = (files("renkei.matching") / "data" / "synonyms.txt").read_text(encoding="utf-8")
    return tuple(groups(lines(text)))


def _listed(row: list[str]) -> Listed:
    word = unicodedata.normalize("NFKC", row[_WORD]).strip()
    if row[_FIELD] == SYMPTOM_FIELD:
        return Listed(word, SYMPTOM)
    return Listed(word, MEANS if row[_EXPANSION] == "1" else ALIKE)


def _line(code: str, listed: Listed) -> str:
    doubled = listed.word.replace('"', '""')
    word = f'"{doubled}"' if {",", '"'} & set(listed.word) else listed.word
    field = SYMPTOM_FIELD if listed.kind == SYMPTOM else "()"
    return f"{code},1,{int(listed.kind == MEANS)},1,0,0,0,{field},{word},,\n"
