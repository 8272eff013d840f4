"""The two languages of the pages, and the one language of what is kept and sent.

Pages speak the reader's language. What an action writes into a case, a notice or a mail is read by others, later and
elsewhere: it stays in the language of the house, whoever pressed the button.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, override

from renkei.base.era import screen_date, screen_time, wareki
from renkei.base.fiscal_year import FiscalYear
from renkei.base.yen import yen_words

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_english() -> bool:
    """Return whether the page being made is in English."""
    return (get_language() or "").startswith("en")


def written(text: str | Promise) -> str:
    """Return words (or the label of a choice) that are kept or sent, in the language of the house."""
    with override(settings.LANGUAGE_CODE):
        return gettext(text) if isinstance(text, str) else str(text)


def in_house_language() -> override:
    """Return a context in which all words are those of the house: for sheets, which others take in again."""
    return override(settings.LANGUAGE_CODE)


def shown_day(day: dt.date, today: dt.date) -> str:
    """Return a date of a page: 11月27日（金） or Fri 27 Nov; another year is said."""
    if not in_english():
        return screen_date(day, today)
    near = f"{_WEEKDAYS[day.weekday()]} " if day.year == today.year else ""
    return f"{near}{day.day} {_MONTHS[day.month - 1]}" + ("" if day.year == today.year else f" {day.year}")


def shown_full_day(day: dt.date) -> str:
    """Return 令和8年11月24日 or 24 Nov 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if in_english() else wareki(day)


def shown_month(day: dt.date) -> str:
    """Return 令和8年11月 or Nov 2026 for a day's month."""
    return f"{_MONTHS[day.month - 1]} {day.year}" if in_english() else f"{wareki(day).rpartition('月')[0]}月"


def shown_time(moment: dt.time) -> str:
    """Return 9時20分 or 9:20."""
    return f"{moment.hour}:{moment.minute:02d}" if in_english() else screen_time(moment)


def shown_money(amount: int) -> str:
    """Return 700万円 or 7,000,000 yen."""
    return f"{amount:,} yen".replace("-", "−") if in_english() else yen_words(amount)


def shown_fiscal_year(year: FiscalYear) -> str:
    """Return 令和8年度 or FY2026."""
    return f"FY{year.start_year}" if in_english() else str(year)


def shown_list(words: list[str]) -> str:
    """Return a list joined as the language does: 甲、乙 or A, B."""
    return (", " if in_english() else "、").join(words)
