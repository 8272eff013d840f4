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
_INFLECTED, _JOINS = {"動詞", "形容詞"}, {"て", "で", "ば"}
_ENDING = 12  # signs; no ending that anybody writes is longer


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


def as_said(text: str, start: int, end: int) -> str:
    """Return a word of a text with the ending it has there: 直せない where 直せ was met, 測った for 測っ. A noun has none."""
    units = words(text[start : end + _ENDING]) if "ぁ" <= text[end : end + 1] <= "ん" else []
    last = next((unit for unit in units if unit.end == end - start), None)
    if last is None or last.pos not in _INFLECTED or last.surface[-1] == last.form[-1]:
        return text[start:end]
    for unit in units[units.index(last) + 1 :]:
        if unit.pos != "助動詞" and unit.surface not in _JOINS:
            break
        end = start + unit.end
        if unit.surface in _JOINS:
            break
    return text[start:end]
