"""Receipt numbers: body, fiscal year, serial. Speakable on the telephone; they open nothing by themselves."""

from __future__ import annotations

import datetime as dt

from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Register
from renkei.plan.models import Body


def draw_number(body: Body, day: dt.date) -> str:
    """Draw the next number of ``body`` in the fiscal year of ``day``, such as 県 8-0147. Locks the body's register."""
    year = FiscalYear.of(day)
    Register.objects.get_or_create(body=body, fiscal_year=year.start_year)
    register = Register.objects.select_for_update().get(body=body, fiscal_year=year.start_year)
    register.last += 1
    register.save(update_fields=["last"])
    return f"{body.number_prefix} {year.era_number}-{register.last:04d}"
