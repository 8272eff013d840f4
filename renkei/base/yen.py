"""Money is whole yen in integers."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from django.utils.translation import gettext as _

_UNITS = {"億": 100_000_000, "千万": 10_000_000, "百万": 1_000_000, "万": 10_000, "千": 1_000}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(億|千万|百万|万|千)?")
_MOST = 10**15


def yen(amount: int) -> str:
    """Return 1,900円."""
    return f"{amount:,}円".replace("-", "−")


def yen_words(amount: int) -> str:
    """Return the short form people say: 700万円, 1億2,000万円, 1,900円."""
    if amount < 0:
        return "−" + yen_words(-amount)
    if amount < 10_000 or amount % 10_000:
        return yen(amount)
    hundred_millions, rest = divmod(amount, 100_000_000)
    words = f"{hundred_millions:,}億" if hundred_millions else ""
    return words + (f"{rest // 10_000:,}万円" if rest else "円")


def parse_yen(text: str) -> int:
    """Read 700万円, 1億2000万, 1,900, ¥500. Raises ValueError with a Japanese sentence.

    Units must fall from left to right: 1万2万 is a slip of the hand, not 3万円.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("¥\\").removesuffix("yen").strip().removesuffix("円").replace(",", "").replace(" ", "")
    parts = _PART.findall(plain)
    sizes = [_UNITS.get(unit, 1) for _, unit in parts]
    read = "".join(number + unit for number, unit in parts)
    if not parts or read != plain or sizes != sorted(set(sizes), reverse=True):
        raise ValueError(_("金額は「700万円」「1,900円」のように入れてください。"))
    total = sum(Decimal(number) * size for (number, _), size in zip(parts, sizes, strict=True))
    if total > _MOST:
        raise ValueError(_("金額が大きすぎます。桁を確かめてください。"))
    if total != int(total):
        raise ValueError(_("1円より小さい金額は入れられません。"))
    return int(total)
