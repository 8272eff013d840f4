"""What a sentence is for: to ask, to lay aside, to put first or later, to say that somebody declined. General Japanese."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

import yaml


@lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    text = (files("renkei.matching") / "data" / "language.yaml").read_text(encoding="utf-8")
    return {name: re.compile("|".join(f"(?:{one})" for one in listed)) for name, listed in yaml.safe_load(text).items()}


def says(name: str, text: str) -> bool:
    """Tell whether ``text`` holds a phrase of the named kind."""
    return _patterns()[name].search(text) is not None


def found(name: str, text: str) -> list[tuple[int, int]]:
    """Return the places of the phrases of the named kind."""
    return [match.span() for match in _patterns()[name].finditer(text)]
