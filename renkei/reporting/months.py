"""A figure month by month: the same records as the year's, laid out by the month of their day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.counting.parts import ALL
from renkei.reporting.figures import Figure
from renkei.reporting.queries import Number, Result, count


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month by its first day."""

    first: dt.date

    @property
    def code(self) -> str:
        """Return the month as addresses write it: 2026-11."""
        return f"{self.first:%Y-%m}"

    @property
    def year(self) -> FiscalYear:
        """Return the fiscal year it lies in."""
        return FiscalYear.of(self.first)

    def before(self, months: int) -> Month:
        """Return the month so many months earlier."""
        number = self.first.year * 12 + self.first.month - 1 - months
        return Month(dt.date(number // 12, number % 12 + 1, 1))

    def holds(self, day: dt.date) -> bool:
        """Tell whether a day lies in the month."""
        return (day.year, day.month) == (self.first.year, self.first.month)

    @classmethod
    def read(cls, text: str) -> Month | None:
        """Return the month of an address, or None for what is none."""
        try:
            return cls(dt.date.fromisoformat(f"{text}-01")) if len(text) == 7 else None
        except ValueError:
            return None


def last_months(day: dt.date, count_of: int = 13) -> list[Month]:
    """Return the months up to that of a day, the oldest first: a year and the same month of the year before."""
    here = Month(day.replace(day=1))
    return [here.before(back) for back in range(count_of - 1, -1, -1)]


def by_month(figure: Figure, months: list[Month], *, as_of: dt.datetime, body: str = ALL) -> list[Number]:
    """Return a figure's number in each month as known at ``as_of``. Only for figures that are counted by their day."""
    result = count(figure, months[0].year, months[-1].year, as_of=as_of)
    return [of_month(result, month).number(body) for month in months]


def of_month(result: Result, month: Month) -> Result:
    """Return the part of a result whose day lies in a month."""
    return replace(result, rows=[row for row in result.rows if month.holds(row.day)])
