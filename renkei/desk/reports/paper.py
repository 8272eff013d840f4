"""A report on paper: the body's own docx, or the shipped one, filled with the report's words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.base.fiscal_year import FiscalYear
from renkei.desk.reports.page import ReportPage, ShownTable
from renkei.documents.models import LetterTemplate
from renkei.documents.papers import PAPERS, Row, left_out, paper_docx
from renkei.plan.models import Body
from renkei.plan.printing import content_at, sign_place
from renkei.reporting.models import Report, ReportKind

KINDS = {ReportKind.YEAR: "report", ReportKind.TERM: "report_term", ReportKind.LAB: "report_lab"}
# Which section each text is of, and which of its tables each list is (None: all of them, the table's title in the first column).
_TEXTS = {"目標の文": "targets", "支援の文": "work", "機関の文": "roles", "会議の文": "meetings", "不足の文": "gaps", "変更の文": "changes",
          "銀行の文": "banks", "指定の文": "lab", "課題の文": "next", "年度の文": "years", "継続の文": "left"}
_LISTS: dict[str, tuple[str, int | None]] = {
    "目標": ("targets", 0), "事業": ("targets", 1), "内訳": ("work", None), "機関": ("roles", 0), "役割": ("roles", -1), "会議": ("meetings", 0),
    "不足": ("gaps", None), "変更": ("changes", 0), "銀行": ("banks", 0), "指定": ("lab", None), "年度別": ("years", 0), "継続": ("left", 0),
}  # fmt: skip


def report_docx(report: Report, page: ReportPage, *, by: Actor) -> bytes:
    """Return a report as docx. Numbers stand as they are frozen, or as of the moment the page counts at."""
    kind = KINDS[ReportKind(report.kind)]
    tables = {one.section.code: one.tables for one in page.sections}
    texts = {one.section.code: one.section.text for one in page.sections}
    values = {**_head(report, page), "年度": _years(report, tables), **{name: texts.get(_TEXTS[name]) or _nothing(tables.get(_TEXTS[name])) for name in PAPERS[kind].texts}}
    lists = {name: _rows(list(columns), tables.get(_LISTS[name][0], []), _LISTS[name][1]) for name, columns in PAPERS[kind].lists.items()}
    return paper_docx(kind, values, lists, by=by)


def paper_leaves_out(report: Report, *, by: Actor) -> list[str]:
    """Return the headings of the sections that the acting body's own template has no place for."""
    own = LetterTemplate.objects.visible_to(by).in_use().filter(kind=KINDS[ReportKind(report.kind)]).first()
    return list(left_out(own).values()) if own else []


def version_words(report: Report) -> str:
    """Return which version it is and whether it stands."""
    return f"第{report.number}版（{'承認済み' if report.is_approved else '案'}）"


def _head(report: Report, page: ReportPage) -> dict[str, str]:
    approved, kind = report.approved_at, KINDS[ReportKind(report.kind)]
    signed = approved or clock.now()
    approval = f"{report.approved_by.name}　{wareki(approved.astimezone(clock.JST).date())}" if approved and report.approved_by else "まだ承認していません"
    return {
        "計画名": report.plan.title, "版": version_words(report), "作成日": wareki(clock.today()),
        "作成機関": Body.objects.get(pk=report.plan.front_desk_id).name + sign_place(content_at(report.plan, signed), signed.astimezone(clock.JST).date(), kind), "集計": f"{wareki(page.moment.astimezone(clock.JST).date())}までの記録",
        "承認": approval, "照合の値": f"{report.digest[:32]} {report.digest[32:]}" if report.digest else "―",
    }  # fmt: skip


def _years(report: Report, tables: Mapping[str, Sequence[ShownTable]]) -> str:
    """Return the fiscal year; of a term the first, by its first day or by the first year that is aimed at, and the last."""
    years = [row[0].text for table in tables.get("years", ()) for row in table.rows]
    if report.kind != ReportKind.TERM or not years:
        return str(report.year)
    begins = report.plan.term_from
    return f"{FiscalYear.of(begins) if begins else years[0]}から{report.year}まで"


def _rows(columns: list[str], tables: list[ShownTable], place: int | None) -> list[Row]:
    """Return the rows of one table, its total last (one that says so where there are none); of all tables, each row with its table's title: a page may end anywhere."""
    found: list[Row]
    if place is not None:
        found = [dict(zip(columns, row, strict=True)) for row in _texts(tables[place])] if tables else []
    else:
        found = [dict(zip(columns, [table.table.title, *row], strict=True)) for table in tables for row in _texts(table)]
    return found or [{column: ("ありません" if tables else "―") if column == columns[0] else "" for column in columns}]


def _nothing(tables: list[ShownTable] | None) -> str:
    """Return what stands where a section has no words: nothing above its tables, a dash where it has none."""
    return "" if tables else "―"


def _texts(table: ShownTable) -> list[list[str]]:
    return [[cell.text for cell in row] for row in (*table.rows, *([table.total] if table.total else []))]
