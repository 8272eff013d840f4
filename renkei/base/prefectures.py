"""The 47 prefectures in the order of their codes (JIS X 0401): the first two digits of a municipality's code."""

from __future__ import annotations

from importlib.resources import files

_NAMES = (files("renkei.base") / "data" / "prefectures.txt").read_text(encoding="utf-8").split()
_CODES = {name: f"{number:02}" for number, name in enumerate(_NAMES, start=1)}


def prefecture_of(address: str) -> str:
    """Return the code of the prefecture an address begins with; empty where it names none."""
    plain = address.strip()
    return next((code for name, code in _CODES.items() if plain.startswith(name)), "")


def prefectures_in(text: str) -> set[str]:
    """Return the codes of the prefectures a text names; short names count (東京, but not the 京都 of 東京都)."""
    found = set()
    for name, code in sorted(_CODES.items(), key=lambda pair: text.find(pair[0])):
        if name in text:
            found.add(code)
            text = text.replace(name, "、")
    return found | {code for name, code in _CODES.items() if name != "北海道" and name[:-1] in text}
