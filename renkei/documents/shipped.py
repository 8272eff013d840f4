"""The templates that come with Renkei, drawn on A4: what a letter is made with until a body puts its own in place.

They are drawn rather than kept as files, so that a change of theirs can be read. Fonts are named, not embedded.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renkei.documents.papers import Paper, Table

FONT = "游明朝"
_LETTER = [
    ("right", "{{ 文書番号 }}"), ("right", "{{ 日付 }}"), ("", ""), ("", "{{ 宛先 }}"), ("", ""), ("right", "{{ 差出人機関 }}"),
    ("right", "{{ 差出人 }}"), ("", ""), ("title", "{{ 件名 }}"), ("", ""), ("", "{{ 本文 }}"), ("", ""),
]  # fmt: skip
_FOOT = [("", ""), ("right", "担当　{{ 差出人機関 }}　{{ 担当者 }}"), ("right", "電話　{{ 担当電話 }}　{{ 担当メール }}")]
_CENTER = [("center", "記"), ("", "")]
_TABLES: dict[str, list[tuple[str, str]]] = {
    "sheet": [
        ("受付番号", "{{ 受付番号 }}"), ("受付日", "{{ 受付日 }}"), ("会社名", "{{ 会社名 }}"), ("所在地", "{{ 会社所在地 }}"),
        ("相談者", "{{ 会社担当者 }}　{{ 会社電話 }}"), ("件名", "{{ 件名 }}"), ("要約", "{{ 要約 }}"), ("相談内容", "{{ 相談内容 }}"),
        ("課題（段階）", "{{ 課題 }}"), ("回答・対応", "{{ 支援一覧 }}"), ("次の行動・期日", "{{ 次の一手 }}　{{ 次の期日 }}"),
        ("主担当", "{{ 主担当 }}"), ("所見・指示", "{{ 本文 }}"),
    ],
    "request": [
        ("1 依頼事項", "{{ 依頼事項 }}"), ("2 相談の要約", "{{ 要約 }}"), ("3 会社", "{{ 会社名 }}"), ("4 受付番号", "{{ 受付番号 }}"),
        ("5 回答の期限", "{{ 回答期限 }}"), ("6 添付", "{{ 添付一覧 }}"),
    ],
    "reply": [
        ("1 受付番号", "{{ 受付番号 }}"), ("2 ご相談の件名", "{{ 相談件名 }}"), ("3 依頼事項", "{{ 依頼事項 }}"), ("4 回答", "{{ 回答 }}"),
    ],
    "handover": [
        ("1 受付番号・件名", "{{ 受付番号 }}　{{ 相談件名 }}"), ("2 会社", "{{ 会社名 }}"), ("3 いまの状態", "{{ 引継状態 }}"),
        ("4 約束したこと", "{{ 約束 }}"), ("5 残っていること", "{{ 未了事項 }}"), ("6 次の一手・期日", "{{ 次の一手 }}　{{ 次の期日 }}"),
        ("7 添付", "{{ 添付一覧 }}"),
    ],
}  # fmt: skip
KINDS = tuple(_TABLES)
_CORNER = ("文書番号", "作成日", "日付", "版")


def shipped_rows(kind: str) -> list[tuple[str, str]]:
    """Return the labelled rows of a kind of letter, for the page on screen; none for a kind that has none."""
    return _TABLES.get(kind, [])


@cache
def shipped_template(kind: str) -> bytes:
    """Return the docx that is shipped for a kind of letter. Raises KeyError for a kind that has none."""
    import docx  # noqa: PLC0415  as slow to load as the filler

    rows, document = _TABLES[kind], docx.Document()
    _page(document)
    if kind == "sheet":
        _lines(document, [("title", "相　談　票"), ("right", "{{ 文書番号 }}　{{ 日付 }}"), ("right", "{{ 差出人機関 }}")])
        _table(document, rows)
    else:
        _lines(document, [*_LETTER, *_CENTER])
        _table(document, rows)
        _lines(document, _FOOT)
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def shipped_paper(paper: Paper) -> bytes:
    """Return the docx that is shipped for a paper: title, fields in a table, what is text, then each list with its repeated row."""
    import docx  # noqa: PLC0415  see above
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415  see above

    document = docx.Document()
    _page(document)
    _lines(document, [("right", "{{ " + name + " }}") for name in _CORNER if name in paper.fields])
    document.add_paragraph(paper.title, style="Heading 1").alignment = WD_ALIGN_PARAGRAPH.CENTER
    _lines(document, [("", "")])
    inside = [name for name in paper.fields if name not in _CORNER and name not in paper.texts and name not in paper.title]
    _table(document, [(name, "{{ " + name + " }}") for name in inside])
    order = paper.order or (*paper.texts, *paper.tables)
    for name, following in zip(order, (*order[1:], ""), strict=True):
        if name in paper.tables:
            _heading(document, paper.tables[name].heading)
            _repeated(document, name, paper.tables[name])
        else:
            _heading(document, paper.headings.get(name, name))
            text = document.add_paragraph("{{ " + name + " }}")  # often empty: then the section's heading must not stay behind alone
            text.paragraph_format.keep_with_next = following in paper.tables
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def _heading(document: Any, text: str) -> None:
    from docx.shared import Pt  # noqa: PLC0415  see above

    heading = document.add_paragraph(text, style="Heading 2")
    heading.paragraph_format.space_before = Pt(14)  # not an empty line, at which a page could end


def _repeated(document: Any, name: str, of: Table) -> None:
    """Add a table with a head that comes again on each page, and one row a row of the list; figures stand at the right."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415  see above
    from docx.oxml import OxmlElement  # noqa: PLC0415  see above
    from docx.shared import Mm  # noqa: PLC0415  see above

    columns = {column: width for column, (_example, width) in of.columns.items()}
    table = document.add_table(rows=0, cols=len(columns))
    table.style = "Table Grid"
    table.autofit = False
    head = table.add_row()
    head._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001  python-docx has no name for it
    loop, row, end = table.add_row(), table.add_row(), table.add_row()
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001  see above; a row stays on one page
    loop.cells[0].text, end.cells[0].text = "{%tr for 行 in " + name + " %}", "{%tr endfor %}"
    _widths(table, *columns.values())
    for number, (column, width) in enumerate(columns.items()):
        head.cells[number].text, row.cells[number].text = column, "{{ 行." + column + " }}"
        for one in (head, loop, row, end):
            one.cells[number].width = Mm(width)
        if column in of.figures:
            for one in (head, row):
                one.cells[number].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _widths(table: Any, *widths: int) -> None:
    """Set the grid of a table in mm: Word reads the cells, LibreOffice only the grid."""
    from docx.shared import Mm  # noqa: PLC0415  see above

    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)


def _page(document: Any) -> None:
    from docx.oxml.ns import qn  # noqa: PLC0415  see above
    from docx.shared import Mm, Pt, RGBColor  # noqa: PLC0415  see above

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin = section.bottom_margin = Mm(25)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    for named, size in (("Heading 1", 14), ("Heading 2", 12)):
        heading = document.styles[named]
        heading.font.name, heading.font.size, heading.font.color.rgb = FONT, Pt(size), RGBColor(0, 0, 0)
        heading.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
        for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):  # a theme's font would win over ours
            heading.element.rPr.rFonts.attrib.pop(qn(name), None)
    style.paragraph_format.space_after = Pt(0)
    for language in document.styles.element.iter(qn("w:lang")):  # else the full stop stands in the middle, as in Taiwan
        language.set(qn("w:eastAsia"), "ja-JP")
    document.core_properties.author = "Renkei"
    document.core_properties.language = "ja-JP"


def _lines(document: Any, lines: list[tuple[str, str]]) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415  see above
    from docx.shared import Pt  # noqa: PLC0415  see above

    sides = {"right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER, "title": WD_ALIGN_PARAGRAPH.CENTER}
    for kind, text in lines:
        paragraph = document.add_paragraph()
        run = paragraph.add_run(text)
        if kind in sides:
            paragraph.alignment = sides[kind]
        if kind == "title":
            run.font.size = Pt(14)


def _table(document: Any, rows: list[tuple[str, str]]) -> None:
    from docx.shared import Mm  # noqa: PLC0415  see above

    table = document.add_table(rows=0, cols=2)
    table.style = "Table Grid"
    table.autofit = False
    _widths(table, 40, 120)
    for label, text in rows:
        cells = table.add_row().cells
        cells[0].width, cells[1].width = Mm(40), Mm(120)
        cells[0].text, cells[1].text = label, text
