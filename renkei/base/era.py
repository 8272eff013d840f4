"""Japanese eras and the dates people here read and write."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

_WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True, slots=True)
class Era:
    """An era: its name, its letter and its first day."""

    name: str
    letter: str
    first_day: dt.date


ERAS = (
    Era("令和", "R", dt.date(2019, 5, 1)),
    Era("平成", "H", dt.date(1989, 1, 8)),
    Era("昭和", "S", dt.date(1926, 12, 25)),
    Era("大正", "T", dt.date(1912, 7, 30)),
    Era("明治", "M", dt.date(1868, 1, 25)),
)
_DATE = re.compile(
    r"(?:(?:(?P<era>令和|平成|昭和|大正|明治|[RHSTM])\s*)?(?P<year>元|[0-9]{1,4})\s*[年./-])?\s*"
    r"(?P<month>[0-9]{1,2})\s*[月./-]\s*(?P<day>[0-9]{1,2})\s*日?(?:\s*\([月火水木金土日]\))?",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"(?:[a-z]{3,9},?\s+)?(?P<day>[0-9]{1,2})\s+(?P<month>[a-z]{3})[a-z]*\.?(?:,?\s+(?P<year>[0-9]{4}))?", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = re.compile(
    r"(?P<half>午前|午後)?\s*(?P<hour>[0-9]{1,2})\s*(?:時\s*(?:(?P<minute>[0-9]{1,2})\s*分?|(?P<sharp>半))?|:\s*(?P<past>[0-9]{1,2}))"
)
_FURTHEST = 100
_NEAR = {"今日": 0, "本日": 0, "きょう": 0, "明日": 1, "あす": 1, "あした": 1, "明後日": 2, "あさって": 2,
         "昨日": -1, "きのう": -1, "一昨日": -2, "おととい": -2, "today": 0, "tomorrow": 1, "yesterday": -1}


def era_of(day: dt.date) -> tuple[str, int]:
    """Return era name and year of ``day``. Raises ValueError before 1868."""
    for era in ERAS:
        if day >= era.first_day:
            return era.name, day.year - era.first_day.year + 1
    raise ValueError(f"明治より前の日付です: {day}")


def era_of_year(year: int) -> tuple[str, int]:
    """Return era name and year for the fiscal year that begins in April of ``year`` (2019 is 令和元年度)."""
    return era_of(dt.date(year, 12, 31))


def wareki(day: dt.date) -> str:
    """Return 令和8年11月24日."""
    name, year = era_of(day)
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"


def weekday(day: dt.date) -> str:
    """Return the one-character day of the week."""
    return _WEEKDAYS[day.weekday()]


def screen_date(day: dt.date, today: dt.date) -> str:
    """Return a date as staff read it: this year 11月27日（金）, next year 来年4月12日, other years 令和7年3月14日."""
    if day.year == today.year:
        return f"{day.month}月{day.day}日（{weekday(day)}）"
    if day.year == today.year + 1:
        return f"来年{day.month}月{day.day}日"
    return wareki(day)


def parse_date(text: str, today: dt.date) -> dt.date:
    """Read a date as people type it: 11月27日, 令和8年11月27日, R8.11.27, 2026-11-27, 11/27, 明日, 27 Nov 2026, tomorrow.

    Without a year, or with two digits of it (26.11.27), the day nearest to ``today`` is meant. An era's count may run
    past its end (平成35年 = 2023). Raises ValueError with a Japanese sentence.
    """
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if plain.lower() in _NEAR:
        return today + dt.timedelta(days=_NEAR[plain.lower()])
    found = _DATE.fullmatch(_numbers(plain))
    if found is None:
        raise ValueError(_("日付は「11月27日」「令和8年11月27日」のように入れてください。"))
    years = _years(found["era"], found["year"], today)
    days = [day for year in years if (day := _day(year, int(found["month"]), int(found["day"])))]
    if not days:
        raise ValueError(_("「%(day)s」という日はありません。日付を確かめてください。") % {"day": plain})
    return min(days, key=lambda day: abs((day - today).days))


def _numbers(text: str) -> str:
    """Return 2026-11-27 for 27 Nov 2026 and 11-27 for Fri 27 Nov; other text as it is."""
    found = _ENGLISH.fullmatch(text)
    if found is None or found["month"].lower() not in _MONTHS:
        return text
    return "-".join(part for part in (found["year"], str(_MONTHS.index(found["month"].lower()) + 1), found["day"]) if part)


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _years(era: str | None, written: str | None, today: dt.date) -> list[int]:
    """Return the years that may be meant, none when it is no year people use."""
    if written is None:
        return list(range(today.year - 8, today.year + 9))  # 29 February: up to eight years away
    count = 1 if written == "元" else int(written)
    if era is not None:
        start = next(one for one in ERAS if era.upper() in {one.name, one.letter})
        years = [start.first_day.year + count - 1] if count else []
    elif count < 100:
        years = [2000 + count, ERAS[0].first_day.year + count - 1] if count else []  # 26 is 2026, 8 is 令和8年
    else:
        years = [count]
    return [year for year in years if ERAS[-1].first_day.year < year < today.year + _FURTHEST]


def parse_time(text: str) -> dt.time:
    """Read 10時, 9時20分, 13:30, 午後3時半. Raises ValueError with a Japanese sentence."""
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise ValueError(_("時刻は「10時」「13時30分」のように入れてください。"))
    hour = int(found["hour"]) + (12 if found["half"] == "午後" and int(found["hour"]) < 12 else 0)
    minute = 30 if found["sharp"] else int(found["minute"] or found["past"] or 0)
    if hour > 23 or minute > 59:
        raise ValueError(_("「%(time)s」という時刻はありません。") % {"time": text})
    return dt.time(hour, minute)


def screen_time(moment: dt.time) -> str:
    """Return 10時 or 9時20分."""
    return f"{moment.hour}時" + (f"{moment.minute:02d}分" if moment.minute else "")
