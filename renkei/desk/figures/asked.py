"""What the address asks for: a year, and the day of knowledge. What cannot be read counts as not asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.era import parse_date
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year
from renkei.reporting.queries import counted_years, end_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A year, and the day as known on which it is counted; ``problem`` says what of the address could not be read."""

    year: FiscalYear
    years: list[FiscalYear]
    on: dt.date
    problem: str = ""
    moment: dt.datetime | None = None  # of the day, where a frozen number asks for its own

    @property
    def as_of(self) -> dt.datetime:
        """Return the last moment of the day, or now; the very moment where it is asked for."""
        return self.moment or end_of(self.on)

    @property
    def is_past(self) -> bool:
        """Tell whether another day than today is asked for."""
        return self.on < clock.today()

    @property
    def words(self) -> str:
        """Return the year as the reader's language says it."""
        return shown_fiscal_year(self.year)

    @property
    def query(self) -> str:
        """Return the address's words for the same year and day."""
        day = {"on": self.on.isoformat()} if self.is_past else {}
        if self.moment is not None:
            day = {"at": self.moment.isoformat()}
        return urlencode({"year": self.year.start_year, **day})


def read_asked(given: QueryDict) -> Asked:
    """Return what is asked for; this year and today where nothing is, or nothing that can be counted."""
    years, problem = counted_years(), ""
    year = next((one for one in years if str(one.start_year) == given.get("year", "")), None)
    if year is None:
        problem = _("その年度は数えられません。一覧から選んでください。") if given.get("year") else ""
        year = years[0]
    on, moment = clock.today(), _moment(given.get("at", ""))
    if moment is not None:
        return Asked(year, years, moment.astimezone(clock.JST).date(), problem, moment)
    if text := given.get("on", ""):
        try:
            on = parse_date(text, clock.today())
        except ValueError as error:
            problem = str(error)
        if on > clock.today():
            on, problem = clock.today(), _("まだ来ていない日です。今日の数字を出しています。")
    return Asked(year, years, on, problem)


def _moment(text: str) -> dt.datetime | None:
    """Return the moment of an address; None for what is none, or is still to come."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None and found <= clock.now() else None
