"""Fiscal years: April to March."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import total_ordering

from renkei.base.era import ERAS, era_of_year

_WRITTEN = re.compile(r"(?P<era>令和|平成|昭和|大正|明治|[RHSTM])?\s*(?P<year>元|[0-9]{1,4})\s*(?:年度|年)?")


@total_ordering
@dataclass(frozen=True, slots=True)
class FiscalYear:
    """A fiscal year, named by the calendar year its April lies in."""

    start_year: int

    @classmethod
    def of(cls, day: dt.date) -> FiscalYear:
        """Return the fiscal year ``day`` lies in."""
        return cls(day.year if day.month >= 4 else day.year - 1)

    @classmethod
    def parse(cls, text: str) -> FiscalYear:
        """Read 平成35年度, 令和元年度, 2023年度, H35, R5. An era's count may run past its end. Raises ValueError."""
        found = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip())
        if found is None:
            raise ValueError(f"年度として読めません: {text}")
        year = 1 if found["year"] == "元" else int(found["year"])
        if year == 0:
            raise ValueError(f"0年度はありません: {text}")
        if found["era"] is None:
            if year < ERAS[-1].first_day.year:
                raise ValueError(f"西暦4桁か元号を付けて書いてください: {text}")
            return cls(year)
        era = next(era for era in ERAS if found["era"] in {era.name, era.letter})
        return cls(era.first_day.year + year - 1)

    def __lt__(self, other: FiscalYear) -> bool:
        return self.start_year < other.start_year

    def __str__(self) -> str:
        return f"{self.era_name}{'元' if self.era_number == 1 else self.era_number}年度"

    @property
    def first_day(self) -> dt.date:
        """Return 1 April."""
        return dt.date(self.start_year, 4, 1)

    @property
    def last_day(self) -> dt.date:
        """Return 31 March of the following calendar year."""
        return dt.date(self.start_year + 1, 3, 31)

    @property
    def era_number(self) -> int:
        """Return the year of the era, as fiscal years are counted (令和元年度 began in April 2019)."""
        return era_of_year(self.start_year)[1]

    @property
    def era_name(self) -> str:
        """Return the name of the era the year is counted in."""
        return era_of_year(self.start_year)[0]

    def as_written(self, text: str) -> str:
        """Return the plan's own wording with ours beside it: 平成35年度［令和5年度］; alone when they are the same."""
        plain = unicodedata.normalize("NFKC", text).replace(" ", "")
        return plain if plain == str(self) else f"{plain}［{self}］"

    def contains(self, day: dt.date) -> bool:
        """Tell whether ``day`` lies in this fiscal year."""
        return self.first_day <= day <= self.last_day
