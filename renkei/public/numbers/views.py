"""The numbers everybody may read: totals of closed years, without what is too small to be told."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import shown_fiscal_year
from renkei.reporting.figures import VERSIONS
from renkei.reporting.published import FEWEST, published, published_years, tables_of


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """Show the newest published year, or the one that is asked for."""
    years = published_years()
    year = next((one for one in years if str(one) == request.GET.get("year", "")), years[0] if years else None)
    rows = published(year) if year is not None else []
    told = [(VERSIONS[row.figure, row.version], row.split, row.value) for row in rows]
    context = {
        "tables": tables_of(told, FiscalYear(year)) if year is not None else [], "fewest": FEWEST, "day": rows[0].published_at if rows else None,
        "year": shown_fiscal_year(FiscalYear(year)) if year is not None else "",
        "years": [(one, shown_fiscal_year(FiscalYear(one)), one == year) for one in years],
    }  # fmt: skip
    return render(request, "public/numbers/numbers.html", context)
