"""Text: cleaned as typed, and normalised into the key by which Japanese names are found."""

from __future__ import annotations

import re
import unicodedata

_VARIANTS = str.maketrans(
    {
        "髙": "高", "﨑": "崎", "碕": "崎", "𠮷": "吉", "邊": "辺", "邉": "辺", "齋": "斎", "齊": "斎", "斉": "斎", "澤": "沢",
        "濱": "浜", "濵": "浜", "廣": "広", "國": "国", "櫻": "桜", "嶋": "島", "嶌": "島", "瀧": "滝", "龍": "竜", "眞": "真",
        "惠": "恵", "德": "徳", "榮": "栄", "豐": "豊", "藏": "蔵", "曾": "曽", "冨": "富", "鐵": "鉄", "鉃": "鉄", "舘": "館",
        "淵": "渕", "條": "条", "關": "関", "會": "会", "萬": "万", "與": "与", "壽": "寿", "來": "来",
        "ヶ": "ケ", "ヵ": "カ",
    }
)  # fmt: skip
_FORMS = ("株式会社", "有限会社", "合同会社", "合資会社", "合名会社", "(株)", "(有)", "(同)")
_DROP = re.compile(r"[\s\-‐－―−–—・,.、。'’`\"“”()（）「」\[\]/／&＆\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Return ``text`` without control and direction characters, line ends unified, outer space removed."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def to_katakana(text: str) -> str:
    """Return ``text`` with hiragana turned into katakana."""
    return "".join(chr(ord(char) + 0x60) if "ぁ" <= char <= "ゖ" else char for char in text)


def search_key(text: str) -> str:
    """Return the key by which a name is found.

    NFKC (half and full width, ㈱), no legal form, kana as katakana, common variants of kanji folded (髙 and 高),
    ヶ ケ が alike in kanji names, no space, punctuation or variation selector, lower case.
    ``search_key(search_key(x)) == search_key(x)``: what one pass leaves may meet anew (株式-会社), so it is repeated
    until nothing changes.
    """
    key, before = _fold(text), None
    while key != before:
        key, before = _fold(key), key
    return key


def _fold(text: str) -> str:
    key = unicodedata.normalize("NFKC", _CONTROL.sub("", text))
    for form in _FORMS:
        key = key.replace(form, "")
    key = _DROP.sub("", key.lower())
    key = unicodedata.normalize("NFKC", to_katakana(_small_ga(key)).translate(_VARIANTS))
    return key.replace("ー", "").lower()


def _small_ga(key: str) -> str:
    """Fold ヶ ケ が ガ between two kanji only: ガラス must stay ガラス."""
    return re.sub(r"(?<=[\u4e00-\u9fff])[ヶケがガ](?=[\u4e00-\u9fff])", "ケ", key)


def bigrams(key: str) -> list[str]:
    """Return the pairs of neighbouring characters of a search key; a single character stands for itself."""
    return [key] if len(key) == 1 else [key[i : i + 2] for i in range(len(key) - 1)]
