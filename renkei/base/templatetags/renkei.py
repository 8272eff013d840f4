"""Dates, deadlines, money and stages as the pages write them. Loaded for every template."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import (
    in_english,
    shown_day,
    shown_fiscal_year,
    shown_full_day,
    shown_money,
    shown_month,
    shown_time,
)
from renkei.base.typed import typed_words as words_of_form

register = template.Library()

SIGNS = {
    "proposed": "plan", "offered": "wait", "accepted": "run", "under_way": "run", "done": "done", "declined": "no",
    "expired": "late", "recalled": "stop", "withdrawn": "stop",
}  # fmt: skip


def _day(value: dt.date | dt.datetime | str) -> dt.date:
    if isinstance(value, str):  # a day inside a document of the plan
        return dt.date.fromisoformat(value)
    return value.astimezone(clock.JST).date() if isinstance(value, dt.datetime) else value


# Where the name of a body may go on in the next line: after what it is in law, a prefecture, a department or an institute, before katakana.
_ENDS_A_WORD = re.compile(r"(?<=法人)|(?<=株式会社)|(?<=[都道府県部局])(?!立)(?=[一-龠々]{3})|(?<=研究所)|(?<=[一-龠々]{2})(?<!所.)(?=[ァ-ヶ])")


@register.filter
def by_words(name: str) -> SafeString:
    """Return the name of a body so that a narrow page breaks it between its words: not every browser knows them."""
    parts = [part for part in _ENDS_A_WORD.split(str(name)) if part]
    return format_html('<span class="org">{}</span>', format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts)))


@register.filter
def jday(value: dt.date | dt.datetime | None) -> str:
    """Return 11月27日（金）, 来年4月12日 or 令和7年3月14日."""
    return shown_day(_day(value), clock.today()) if value else ""


@register.filter
def jera(value: dt.date | dt.datetime | str | None) -> str:
    """Return 令和8年11月27日."""
    return shown_full_day(_day(value)) if value else ""


@register.filter
def jmonth(value: dt.date | None) -> str:
    """Return 令和8年11月 or Nov 2026."""
    return shown_month(value) if value else ""


@register.filter
def jtime(value: dt.time | dt.datetime | None) -> str:
    """Return 10時 or 16時42分."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(clock.JST).time()
    return shown_time(value) if value else ""


@register.filter
def jmoment(value: dt.datetime | None) -> str:
    """Return 11月20日（金）16時42分."""
    return (f"{jday(value)} {jtime(value)}" if in_english() else f"{jday(value)}{jtime(value)}") if value else ""


@register.filter
def clock_time(value: dt.time | dt.datetime | None) -> str:
    """Return 10:00, as columns of times are written."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(clock.JST).time()
    return f"{value.hour}:{value.minute:02d}" if value else ""


@register.filter
def minutes_left(value: dt.datetime | None) -> int:
    """Return how many minutes are left, begun ones counted."""
    return max(0, -int((clock.now() - value).total_seconds() // 60)) if value else 0


@register.filter
def found_in(name: str, words: str) -> SafeString:
    """Return the name with the words it was found by marked, where they stand in it as they were typed."""
    start = name.find(words) if words else -1
    if start < 0:
        return format_html("{}", name)
    return format_html("{}<em>{}</em>{}", name[:start], words, name[start + len(words) :])


@register.filter
def age_days(value: dt.date | dt.datetime | None) -> str:
    """Return 77日目: the day of arrival is the first."""
    if not value:
        return ""
    count = (clock.today() - _day(value)).days + 1
    return f"day {count}" if in_english() else f"{count}日目"


@register.filter
def money(value: int | None) -> str:
    """Return 700万円."""
    return shown_money(value) if value is not None else ""


@register.filter
def fiscal(value: int | None) -> str:
    """Return 令和8年度 for 2026."""
    return shown_fiscal_year(FiscalYear(int(value))) if value else ""


@register.filter
def get(mapping: dict[str, object], key: str) -> object:
    """Return a value of a dictionary by a variable key, or an empty string."""
    return mapping.get(key, "")


@register.filter
def of_kind(things: list[Any] | None, kind: str) -> list[Any]:
    """Return the things whose ``kind`` it is."""
    return [one for one in things or [] if one.kind == kind]


def _sign(code: str) -> str:
    """Return the sign of a stage; what runs beside all stages has no number."""
    return ("X" if in_english() else "横") if code == "x" else code


@register.simple_tag
def stage(code: str, label: str) -> SafeString:
    """Return number, word and colour of a stage: never colour alone."""
    return format_html('<span class="stage s{}"><i>{}</i>{}</span>', code, _sign(code), label)


@register.simple_tag
def state(code: str, label: str) -> SafeString:
    """Return the sign and the word of a support's state."""
    return format_html('<span class="state {}">{}</span>', SIGNS.get(code, "plan"), label)


@register.simple_tag(takes_context=True)
def typed_words(context: template.Context) -> list[str]:
    """Return what the person typed into the form of this request: pages that answer no more give it back."""
    request = context.get("request")
    return words_of_form(request.POST) if request is not None and request.method == "POST" else []
