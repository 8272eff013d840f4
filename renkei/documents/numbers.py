"""Draw the next number of a series: unique and without gaps, as the row is locked until the letter itself is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from renkei.base.fiscal_year import FiscalYear
from renkei.documents.models import NumberSeries

PLACE = "{n}"


def draw_letter_number(body: str, pattern: str, day: dt.date) -> str:
    """Return the next number of ``body`` in the fiscal year of ``day``, written by ``pattern`` (such as 産第{n}号).

    Two patterns that write the same words share one series, so no number is given twice. Must run in the transaction
    that writes the letter: when that fails the number falls back. Raises ValueError for a pattern without ``{n}``.
    """
    if PLACE not in pattern:
        raise ValueError(f"a number pattern needs {PLACE}: {pattern}")
    key: dict[str, Any] = {"body": body, "fiscal_year": FiscalYear.of(day).start_year, "series": pattern.replace(PLACE, "")[:60]}
    NumberSeries.objects.get_or_create(**key)
    series = NumberSeries.objects.select_for_update().get(**key)
    series.last += 1
    series.save(update_fields=["last"])
    return pattern.replace(PLACE, str(series.last))
