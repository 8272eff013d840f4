"""A moment as people say it on the telephone: 今日 15時, 明日 午前, 11月27日 夕方."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.era import parse_date, parse_time
from renkei.base.language import shown_day, shown_time

_LOOSE = ("午前中", "午前", "午後", "夕方", "昼休み", "昼", "朝", "夜", "終日", "いつでも", "morning", "afternoon", "evening")
_CLOCK = re.compile(r"(?:午前|午後)?\s*\d{1,2}\s*(?:時\s*(?:半|\d{1,2}\s*分)?|[::]\s*\d{1,2})\s*(?:ごろ|頃)?$")


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, perhaps a time, perhaps a loose word instead of one (夕方)."""

    day: dt.date
    time: dt.time | None = None
    words: str = ""

    def __str__(self) -> str:
        tail = shown_time(self.time) if self.time else self.words
        return f"{shown_day(self.day, clock.today())} {tail}".strip()


def read_moment(text: str, today: dt.date) -> Moment:
    """Read a day with or without a time; a time alone means today. Raises ValueError with a Japanese sentence."""
    plain = unicodedata.normalize("NFKC", text).strip()
    loose = next((word for word in _LOOSE if plain.endswith(word)), "")
    found = None if loose else _CLOCK.search(plain)
    day_words = (plain.removesuffix(loose) if loose else plain[: found.start()] if found else plain).strip(" 、,の")
    time = parse_time(re.sub(r"(ごろ|頃)$", "", found.group())) if found else None
    return Moment(parse_date(day_words, today) if day_words else today, time, loose)


class MomentField(forms.Field):
    """A day to come, with or without a time, in one field; what has passed is refused."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Show a moment in words and leave typed text as it is."""
        return str(value) if isinstance(value, Moment) else value

    def to_python(self, value: Any) -> Moment | None:
        """Read the moment. Raises ValidationError with a sentence."""
        if value in self.empty_values:
            return None
        try:
            moment = read_moment(str(value)[:100], clock.today())
        except ValueError as error:
            raise ValidationError(_("日時は「今日 15時」「明日 午前」「11月27日 10時」のように入れてください。"),
                                  code="not_a_moment") from error
        now = clock.now().astimezone(clock.JST)
        if _is_before(moment, now):
            raise ValidationError(
                _("過ぎた日時です。今日の%(now)sより後にしてください。") % {"now": shown_time(now.time())}, code="past"
            )
        return moment


def _is_before(moment: Moment, now: dt.datetime) -> bool:
    if moment.day != now.date():
        return moment.day < now.date()
    return moment.time is not None and moment.time < now.time()

