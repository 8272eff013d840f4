"""Made-up entries and questions: clauses of the example catalogue and words of our list, put together anew.

The same number gives the same texts. A word's frequency follows what a catalogue has: the clauses bring its common words,
made-up names of goods (drawn so that few are met often and most once or twice) its rare ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LENGTH = 200  # characters of an entry
LONG = 180  # characters of a long question
_CUT = re.compile(r"[。\n]|、(?=.{8})")
_HEAD = "アカサタナハマヤラワイキシチニヒミリウクスツヌフムユルエケセテネヘメレオコソトノホモヨロガザダバパギジビグズブゲデベゴドボ"
_TAIL = ["製", "式", "形", "系", "用", "材", "剤", "膜", "鋼", "板", "管", "粉", "液", "計", "炉", "機"]


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up entry."""

    id: str
    kind: str
    name: str
    text: str
    is_public: bool


class Composer:
    """Puts entries and questions together from clauses and words."""

    def __init__(self, texts: Sequence[tuple[str, str, str]], terms: Sequence[str], asked: Sequence[str]) -> None:
        """Take ``(kind, name, text)`` of real entries, words of the list, and texts that firms might send."""
        self._models = [(kind, name) for kind, name, _text in texts]
        self._clauses = sorted({part.strip() for _kind, _name, text in texts for part in _CUT.split(text) if len(part) > 6})
        self._terms = sorted({term for term in terms if len(term) > 1})
        self._asked = sorted({part.strip() for text in asked for part in _CUT.split(text) if len(part) > 6})

    def entries(self, count: int) -> Iterator[Made]:
        """Yield entries; the first thousand are the same whatever the count."""
        dice = random.Random(7)
        for number in range(count):
            kind, name = dice.choice(self._models)
            parts = [f"{self._rare(dice)}の{dice.choice(self._terms)}"]
            while len("。".join(parts)) < LENGTH:
                parts.append(dice.choice(self._clauses))
                if dice.random() < 0.3:
                    parts.append(f"{self._rare(dice)}と{dice.choice(self._terms)}")
            text = "。".join(parts)[: LENGTH + 20]
            yield Made(f"B{number:07d}", kind, f"{self._rare(dice)} {name}"[:120], text, dice.random() < 0.8)

    def short(self, count: int) -> list[str]:
        """Return questions of two to four words."""
        dice = random.Random(8)
        return [" ".join([*dice.sample(self._terms, dice.randint(1, 3)), self._rare(dice)]) for _ in range(count)]

    def long(self, count: int) -> list[str]:
        """Return questions as a firm tells its trouble, some 180 characters."""
        dice = random.Random(9)
        found = []
        for _ in range(count):
            parts = [f"{self._rare(dice)}の{dice.choice(self._terms)}で困っています"]
            while len("。".join(parts)) < LONG:
                parts.append(dice.choice(self._asked))
            found.append("。".join(parts)[: LONG + 15])
        return found

    @staticmethod
    def _rare(dice: random.Random) -> str:
        """Return a made-up name of goods out of some 60,000, the n-th drawn in proportion to 1/n."""
        number = int(60_000 ** dice.random()) - 1
        base = len(_HEAD)
        return f"{_HEAD[number % base]}{_HEAD[number // base % base]}{_HEAD[number * 7 // 3 % base]}{_TAIL[number % len(_TAIL)]}"
