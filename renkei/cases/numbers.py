"""Receipt numbers: body, fiscal year, serial. Speakable on the telephone; they open nothing by themselves."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from renkei.base.era import ERAS
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Register
from renkei.plan.models import Body

_OURS = re.compile(r"(?P<prefix>.+) (?P<era>[HSTM]?)(?P<year>[0-9]{1,2})-(?P<serial>[0-9]{4,6})")


def draw_number(body: Body, day: dt.date) -> str:
    """Draw the next number of ``body`` in the fiscal year of ``day``, such as 県 8-0147. Locks the body's register."""
    year = FiscalYear.of(day)
    register = _locked(body, year)
    register.last += 1
    register.save(update_fields=["last"])
    return _written(body, year, register.last)


def keep_clear(numbers: Iterable[str]) -> None:
    """Let each register go on behind numbers from elsewhere that look like its own: no later draw runs into one."""
    bodies = {body.number_prefix: body for body in Body.objects.all()}
    for number in sorted(numbers):
        found = _OURS.fullmatch(number)
        body = bodies.get(found["prefix"]) if found else None
        if found is None or body is None or not int(found["year"]):
            continue
        year, serial = FiscalYear.parse(f"{found['era'] or ERAS[0].letter}{found['year']}"), int(found["serial"])
        if _written(body, year, serial) == number:
            register = _locked(body, year)
            register.last = max(register.last, serial)
            register.save(update_fields=["last"])


def _locked(body: Body, year: FiscalYear) -> Register:
    Register.objects.get_or_create(body=body, fiscal_year=year.start_year)
    return Register.objects.select_for_update().get(body=body, fiscal_year=year.start_year)


def _written(body: Body, year: FiscalYear, serial: int) -> str:
    """Write a number; years of former eras carry their letter, as 平成8年度 and 令和8年度 have the same count."""
    era = next(era for era in ERAS if era.name == year.era_name)
    letter = "" if era is ERAS[0] else era.letter
    return f"{body.number_prefix} {letter}{year.era_number}-{serial:04d}"
