"""Which words tell something. A word that most texts or most entries have is no reason for anything, and is not shown as one.

Three signs, each enough: the general words of offices and workshops (``weak`` in ``language.yaml``; nothing of a region),
a word common in all Japanese text, and a word that many entries of this very catalogue have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from renkei.matching import language, vectors
from renkei.matching.words import Word, words

COMMON = 2.5e-4  # of all text: 方法, 必要, 使う, 出す are above; 測定, 樹脂, 検査 far below
MANY = 0.2  # of the entries
_TAILS = {"接尾辞", "接頭辞"}  # 品, 機, 費: pieces of a word


def telling(units: Iterable[Word], often: Mapping[str, float]) -> list[Word]:
    """Return the words that tell something; ``often`` is the share of the entries that have each form."""
    return [unit for unit in units if unit.is_content and unit.pos not in _TAILS and not is_weak(unit.form, often.get(unit.form, 0.0))]


def is_weak(form: str, often: float = 0.0) -> bool:
    """Tell whether a word in normal form is too common to be a reason."""
    if often >= MANY or language.says("weak", form):
        return True
    table = vectors.table()
    return table is not None and table.share(form) >= COMMON


def telling_or_all(units: Collection[Word], often: Mapping[str, float]) -> list[Word]:
    """Return the words that tell something; where somebody typed nothing but common words, those."""
    return telling(units, often) or [unit for unit in units if unit.is_content]


def says_something(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the places of a text hold a word that tells something, or more than one word that carries meaning."""
    said = [unit for start, end in spans for unit in words(text[start:end]) if unit.is_content]
    return len(said) > 1 or bool(telling(said, {})) or not said
