"""The page of figures, how they are counted, and the sheet of them (P5)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base.language import in_house_language, shown_fiscal_year
from renkei.desk.figures.asked import read_asked
from renkei.desk.figures.page import Page, figures_page, sees_all
from renkei.desk.request import StaffRequest
from renkei.documents.sending import sent_file
from renkei.documents.sheets import write_sheet
from renkei.plan import reading
from renkei.plan.queries import plan_content
from renkei.reporting.figures import FIGURES
from renkei.reporting.published import published_years
from renkei.reporting.queries import differences
from renkei.reporting.rules import closes_periods


@require_safe
def figures(request: StaffRequest, body: str) -> HttpResponse:
    """Show every figure of a year as known on a day, beside the plan's targets and, of a closed year, what was frozen."""
    asked = read_asked(request.GET)
    page = figures_page(asked, request.actor)
    context = {
        "body": body, "page": page, "asked": asked, "sees_all": sees_all(request.actor),
        "years": [(one.start_year, shown_fiscal_year(one)) for one in asked.years],
        "areas": reading.areas(plan_content(page.plan)) if page.plan else [],
        "changed": differences(page.period, request.actor) if page.period else [],
        "may_publish": closes_periods(request.actor) and page.period is not None and asked.year.start_year not in published_years(),
        "may_close": closes_periods(request.actor) and page.period is None and page.plan is not None and asked.year != asked.years[0],
    }  # fmt: skip
    return render(request, "desk/figures/figures.html", context)


@require_safe
def definitions(request: StaffRequest, body: str) -> HttpResponse:
    """Show how each figure is counted, with the number of its definition."""
    return render(request, "desk/figures/definitions.html", {"body": body, "figures": FIGURES})


@require_safe
def sheet(request: StaffRequest, body: str) -> HttpResponse:
    """Return the same figures as a sheet: numbers only, nothing of a firm."""
    asked = read_asked(request.GET)
    with in_house_language():
        rows = list(_rows(figures_page(asked, request.actor)))
        header = [_("数字"), _("区分"), _("値"), _("単位"), _("締めたときの値"), _("数え方の版"), _("数えた日")]
        data = write_sheet(str(asked.year), header, rows)
    name = f"suuji-{body}-{asked.year.start_year}-{asked.on:%Y%m%d}.xlsx"
    return sent_file(data, name)


def _rows(page: Page) -> list[list[object]]:
    on, rows = page.asked.on, []
    for target in page.targets:
        name = _("目標（%(words)s、%(aim)s件）") % {"words": target.words, "aim": target.aim}
        rows.append([name, _("すべて"), _value(target.cell.text), _("件"), None, 1, on])
        rows += [[name, short, _value(cell.text), _("件"), None, 1, on] for short, cell in target.bodies]
    for one in page.figures:
        figure = one.figure
        for name, cell in [(_("すべて"), one.total), *((line.name, line.cell) for line in (*one.parts, *one.bodies))]:
            then = _value(cell.then) if cell.then is not None else None
            rows.append([str(figure.name), name, _value(cell.text), str(figure.unit), then, figure.version, on])
    return rows


def _value(text: str) -> object:
    plain = text.replace(",", "")
    return int(plain) if plain.isdigit() else text


