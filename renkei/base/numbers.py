"""Numbers with check digits, postal codes and telephone numbers."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _


def corporate_check_digit(base: str) -> int:
    """Return the check digit of the 12 base digits of a corporate number (法人番号)."""
    total = sum(int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(base)))
    return 9 - total % 9


def is_corporate_number(text: str) -> bool:
    """Tell whether ``text`` is a corporate number: 13 digits, the first being the check digit of the others."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return bool(re.fullmatch(r"[1-9][0-9]{12}", plain)) and int(plain[0]) == corporate_check_digit(plain[1:])


def municipality_check_digit(base: str) -> int:
    """Return the check digit of the 5 base digits of a municipality code (JIS X 0401 and 0402)."""
    total = sum(int(digit) * weight for digit, weight in zip(base, (6, 5, 4, 3, 2), strict=True))
    return (11 - total % 11) % 10


def is_municipality_code(text: str) -> bool:
    """Tell whether ``text`` is a six-digit municipality code with the right check digit."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return bool(re.fullmatch(r"[0-9]{6}", plain)) and int(plain[5]) == municipality_check_digit(plain[:5])


def whole_number(text: str) -> int | None:
    """Read what a page sent back as a number (a version, a row): up to nine ASCII digits; None for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def digits(text: str) -> str:
    """Return the ASCII digits in ``text``, full-width ones included."""
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isascii() and char.isdigit())


def phone_key(text: str) -> str:
    """Return the digits by which a telephone number is compared; +81 becomes the leading 0."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return digits(re.sub(r"^\+81[-\s(]*0?", "0", plain))


def parse_postal_code(text: str) -> str:
    """Read 1234567, 123-4567 or 〒１２３－４５６７ and return 123-4567. Raises ValueError with a Japanese sentence."""
    found = re.sub(r"[〒\s‐－ー―−–—-]", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[0-9]{7}", found):
        raise ValueError(_("郵便番号は7桁の数字で入れてください。例：123-4567"))
    return f"{found[:3]}-{found[3:]}"


def parse_phone(text: str) -> str:
    """Return a telephone number with half-width digits and hyphens as typed. Raises ValueError with a sentence."""
    plain = re.sub(r"[‐－ー―−–—()（）\s-]+", "-", unicodedata.normalize("NFKC", text).strip()).strip("-")
    if not re.fullmatch(r"\+?[0-9-]{10,20}", plain) or not 10 <= len(digits(plain)) <= 13:
        raise ValueError(_("電話番号は市外局番から入れてください。例：03-0000-0000"))
    return plain
