"""The days of the week that opening hours name, as people write them: 「平日 9時から17時」「火・木曜」「水曜定休」, or in English."""

from __future__ import annotations

import re
import unicodedata

WEEK = frozenset(range(5))
_ALL = frozenset(range(7))
_DAYS = "月火水木金土日"
_DAY = rf"[{_DAYS}](?:曜日?)?"
_NAMED = {"平日": WEEK, "weekday": WEEK, "毎日": _ALL, "無休": _ALL, "daily": _ALL, "週末": frozenset({5, 6}),
          "saturday": frozenset({5}), "sunday": frozenset({6})}  # fmt: skip
_CLOSED = r"(?:お?休|定休|除|以外|閉)"
# The sign of a day counts where no other word holds it: not in 「1日」「日時」「月に2回」「土木の」.
_SAID = re.compile(
    rf"(?P<named>{'|'.join(_NAMED)})"
    rf"|(?<![0-9一-龥])(?:(?P<first>{_DAY})(?:から|[~〜ー―‐–-])(?P<last>{_DAY})|(?P<listed>{_DAY}(?:(?:[・、,/と ]|及び)*{_DAY})*))"
    rf"(?=祝|{_CLOSED}|のみ|[^一-龥0-9のにでが]|$)"
)
_IS_CLOSED = re.compile(rf"[・、, ]*(?:祝日?|年末年始|[・、, ])*[はをが]?{_CLOSED}")


def weekdays_of(opening: str) -> frozenset[int]:
    """Return the days of the week (Monday is nought) on which something is open; the usual five where none is named."""
    text = unicodedata.normalize("NFKC", opening).lower()
    is_open: set[int] = set()
    is_closed: set[int] = set()
    for said in _SAID.finditer(text):
        (is_closed if _IS_CLOSED.match(text, said.end()) else is_open).update(_days(said))
    return frozenset((is_open or WEEK) - is_closed) or WEEK


def _days(said: re.Match[str]) -> frozenset[int]:
    if said["named"]:
        return _NAMED[said["named"]]
    if said["listed"]:
        return frozenset(_DAYS.index(one[0]) for one in re.findall(_DAY, said["listed"]))
    first, last = _DAYS.index(said["first"][0]), _DAYS.index(said["last"][0])
    return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
