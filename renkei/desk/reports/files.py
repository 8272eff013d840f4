"""A report as files: a workbook whose sums are formulas, a docx by the body's template, and that on A4 as PDF."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from renkei.base import clock
from renkei.base.era import wareki
from renkei.base.language import in_house_language
from renkei.desk.reports.page import ReportPage
from renkei.desk.reports.paper import report_docx, version_words
from renkei.desk.reports.views import find_report
from renkei.desk.request import StaffRequest
from renkei.documents.books import BookSheet, BookTable, write_book
from renkei.documents.pdf import pdf_of_docx
from renkei.documents.sending import sent_file
from renkei.reporting.models import Report
from renkei.reporting.report.parts import Cell, Ref, refs


@require_safe
def sheet(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:  # noqa: ARG001  of every page of the desk
    """Return a report as a workbook: a sheet a section, sums as formulas, and where each number comes from."""
    found = find_report(request, yearly)
    with in_house_language():
        page = ReportPage(found, request.actor)
        sheets = [BookSheet(one.section.title, [heading(page, found), *([one.section.text] if one.section.text else [])],
                            [_table(shown.table) for shown in one.tables]) for one in page.sections]  # fmt: skip
        sheets.append(BookSheet(_("数字の出どころ"), [_("数字は手で入れたものではなく、記録から数えたものです。")], [_sources(page)]))
        data = write_book(sheets, sum_words=_("上の行の和"), difference_words=_("差"))
    return sent_file(data, f"{file_stem(found)}.xlsx")


@require_safe
def paper(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:  # noqa: ARG001  of every page of the desk
    """Return a report as docx, by the body's own template where it has one."""
    found = find_report(request, yearly)
    with in_house_language():
        data = report_docx(found, ReportPage(found, request.actor), by=request.actor)
    return sent_file(data, f"{file_stem(found)}.docx")


@require_safe
def pdf(request: StaffRequest, body: str, yearly: uuid.UUID) -> HttpResponse:  # noqa: ARG001  of every page of the desk
    """Return the same paper on A4 as PDF."""
    found = find_report(request, yearly)
    with in_house_language():
        data = report_docx(found, ReportPage(found, request.actor), by=request.actor)
        title = f"{found.plan.title}　{found.year}　{found.get_kind_display()}"
        data = pdf_of_docx(data, title=title, foot=f"{found.year}　{found.get_kind_display()}　{version_words(found)}")
    return sent_file(data, f"{file_stem(found)}.pdf", is_shown=True)


def file_stem(report: Report) -> str:
    """Return the name of a report's files without ending."""
    return f"houkoku-{report.kind}-{report.fiscal_year}-{report.number}"


def heading(page: ReportPage, report: Report) -> str:
    """Return what the report is, which version, and as of when its numbers are."""
    day = wareki(page.moment.astimezone(clock.JST).date())
    state = _("承認済み") if report.is_approved else _("案")
    return f"{report.plan.title}　{report.year}　{report.get_kind_display()}　" + _("第%(n)s版（%(state)s）　%(day)sまでの記録") % {
        "n": report.number, "state": state, "day": day}  # fmt: skip


def _table(table: Any) -> BookTable:
    return BookTable(table.title, table.heads, [[_value(cell) for cell in row] for row in table.rows], table.sums,
                     [_value(cell) for cell in table.total], table.note)  # fmt: skip


def _value(cell: Cell) -> Decimal | str | int | None:
    if isinstance(cell, Ref):
        return cell.value
    return int(cell) if cell.isascii() and cell.isdigit() else cell


def _sources(page: ReportPage) -> BookTable:
    rows = [
        [section.title, table.title, words, ref.figure, ref.version, "・".join(map(str, ref.years)), ref.body, ref.split, ref.value]
        for section, table, words, ref in refs([one.section for one in page.sections])
    ]
    return BookTable("", [_("節"), _("表"), _("行"), _("数字"), _("数え方の版"), _("年度"), _("機関"), _("区分"), _("値")], rows)
