"""What a docx says, for a page that needs no office program: every line, table, header and footer, and nothing that runs."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
from renkei.documents.letters import Block, fill_template, letter_text
from renkei.documents.shipped import KINDS, shipped_rows, shipped_template


def made(change: Any) -> bytes:
    document, memory = docx.Document(), io.BytesIO()
    change(document)
    document.save(memory)
    return memory.getvalue()


def test_lines_tables_header_and_footer_in_the_order_of_the_paper() -> None:
    def change(document: Any) -> None:
        document.add_paragraph("上の行").alignment = WD_ALIGN_PARAGRAPH.RIGHT
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(table._cells, ["左上", "右上", "左下", "右下"], strict=True):
            cell.text = text
        document.add_paragraph("下の行").alignment = WD_ALIGN_PARAGRAPH.CENTER
        document.sections[0].header.paragraphs[0].text = "ひばり県"
        document.sections[0].footer.paragraphs[0].text = "1枚目"

    assert letter_text(made(change)) == [
        Block("ひばり県"), Block("上の行", side="right"), Block(rows=(("左上", "右上"), ("左下", "右下")), widths=(76, 76)), Block("下の行", side="center"), Block("1枚目"),
    ]  # fmt: skip


def test_a_merged_cell_stands_once() -> None:
    def change(document: Any) -> None:
        table = document.add_table(rows=2, cols=2)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "見出し"
        table.cell(1, 0).text, table.cell(1, 1).text = "左", "右"

    assert letter_text(made(change)) == [Block(rows=(("見出し",), ("左", "右")), widths=(152,))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_papers_are_read_as_they_are_drawn(kind: str) -> None:
    [table] = [block.rows for block in letter_text(shipped_template(kind)) if block.rows]
    assert list(table) == shipped_rows(kind)


def test_filled_words_are_read_back_with_their_line_breaks() -> None:
    data = made(lambda document: document.add_paragraph("{{ 本文 }}"))
    assert letter_text(fill_template(data, {"本文": "一行目\n二行目 <b>&amp;"})) == [Block("一行目\n二行目 <b>&amp;")]


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04", made(lambda _document: None)[:-40]])
def test_what_is_no_document_is_said(data: bytes) -> None:
    with pytest.raises(Refused) as told:
        letter_text(data)
    assert (told.value.code, told.value.field) == ("not_docx", "file")


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=30), max_size=5))
def test_any_words_come_back(lines: list[str]) -> None:
    data = made(lambda document: [document.add_paragraph(line) for line in lines])
    assert [block.text for block in letter_text(data)] == lines
