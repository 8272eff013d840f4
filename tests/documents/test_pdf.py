"""A4 in PDF: what was written stands in it in order, with our fonts inside; bundles keep order and number their pages."""

from __future__ import annotations

import datetime as dt
import io
import re
import struct
import zlib
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.documents import pdf
from renkei.documents.letters import Block
from renkei.documents.papers import PAPERS, example_paper, paper_template
from renkei.documents.pdf import Part, bind, pdf_of, pdf_of_docx

A4 = (595, 842)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data))


def words(data: bytes) -> str:
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in read(data).pages))


def sizes(data: bytes) -> list[tuple[int, int]]:
    return [(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in read(data).pages]


def title(data: bytes) -> str | None:
    known = read(data).metadata
    return known.title if known else None


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class TestOneDocument:
    def test_what_was_written_stands_in_it_in_order_and_nothing_is_markup(self) -> None:
        hard = "#let x = 1 *太く* $y$ \\ <b> @図 `code` // 終 [a](b) = 見出し"
        data = pdf_of([Block("表題", level=1, side="center"), Block(hard), Block(rows=(("件名", "件数"), ("髙﨑 #1", "1,234")), has_head=True), Block("右", side="right")], title="試し", foot="ひばり県")
        assert words(data) == re.sub(r"\s+", "", f"表題{hard}件名件数髙﨑 #11,234右ひばり県1/1")

    def test_a4_with_our_own_fonts_inside_and_a_title(self) -> None:
        data = pdf_of([Block("見出し", level=1), Block("本文")], title="報告書")
        fonts = {font for page in read(data).pages for font in page["/Resources"]["/Font"].values()}  # type: ignore[index]
        told = {(one.get_object()["/BaseFont"].split("+")[1], "/FontFile3" in one.get_object()["/DescendantFonts"][0]["/FontDescriptor"]) for one in fonts}
        assert (sizes(data), told) == ([A4], {("NotoSansJP-Regular-Identity-H", True), ("NotoSerifJP-Regular-Identity-H", True)})
        root: Any = read(data).trailer["/Root"]
        assert (title(data), bool(root["/MarkInfo"]["/Marked"])) == ("報告書", True)

    def test_wide_lies_on_its_side(self) -> None:
        assert sizes(pdf_of([Block("横")], title="横", is_wide=True)) == [(842, 595)]

    def test_a_long_table_repeats_its_head_and_loses_no_row(self) -> None:
        rows = tuple((f"第{n}行", str(n)) for n in range(200))
        data = pdf_of([Block(rows=(("行の名", "番号"), *rows), has_head=True)], title="長い")
        text, pages = words(data), len(read(data).pages)
        assert (text.count("行の名"), [n for n in range(200) if f"第{n}行" not in text], pages > 3) == (pages, [], True)

    def test_ragged_rows_and_nothing_at_all_are_still_a_page(self) -> None:
        assert words(pdf_of([Block(rows=(("a", "b", "c"), ("d",), ()))], title="x", foot=None)) == "abcd"
        assert sizes(pdf_of([], title="x")) == [A4]

    def test_the_same_blocks_give_the_same_bytes_on_a_day(self) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 11, 27), 9)):
            first, second = (pdf_of([Block("同じ")], title="同じ") for _ in range(2))
        assert first == second

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(text=st.text(max_size=60), cell=st.text(max_size=30), level=st.integers(0, 3), side=st.sampled_from(["", "right", "center"]))
    def test_any_words_make_a_page(self, text: str, cell: str, level: int, side: str) -> None:
        data = pdf_of([Block(text, level=level, side=side), Block(rows=((cell, text),))], title=text)
        assert set(sizes(data)) == {A4}

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_every_shipped_paper_reads_the_same_as_pdf(self, kind: str) -> None:
        data = words(pdf_of_docx(example_paper(kind, paper_template(kind)), title=kind))
        examples = [*PAPERS[kind].fields.items(), *(pair for columns in PAPERS[kind].lists.values() for pair in columns.items())]
        assert [name for name, example in examples if re.sub(r"\s+", "", example) not in data and name != "件名"] == []


class TestBundle:
    def test_papers_in_order_numbered_and_bookmarked(self) -> None:
        agenda, text = pdf_of([Block("次第の頁")], title="次第", foot=None), "あ\nい".encode()
        paper = example_paper("minutes", paper_template("minutes"))
        data = bind([Part("次第", agenda, "application/pdf"), Part("メモ.txt", text, "text/plain"), Part("図.png", png(), "image/png"), Part("前回.docx", paper, DOCX),
                     Part("表.xlsx", b"PK", "application/zip")], title="第3回 資料")  # fmt: skip
        pages = [re.sub(r"\s+", "", page.extract_text()) for page in read(data).pages]
        assert [one[-3:] for one in pages] == [f"{n}/5" for n in range(1, 6)]
        assert [one.title for one in read(data).outline] == ["次第", "メモ.txt", "図.png", "前回.docx", "表.xlsx"]  # type: ignore[union-attr]
        assert [read(data).get_destination_page_number(one) for one in read(data).outline] == [0, 1, 2, 3, 4]  # type: ignore[arg-type]
        assert (pages[0], pages[1], pages[2], pages[4]) == ("次第の頁1/5", "あい2/5", "図.png3/5", "表.xlsxこの資料はページにできない形式です。元のファイルを開いてください。5/5")
        assert title(data) == "第3回 資料"

    def test_a_wide_and_a_turned_page_stay_readable(self) -> None:
        writer = pypdf.PdfWriter()
        writer.add_blank_page(842, 595)
        writer.add_blank_page(595, 842).rotate(90)
        memory = io.BytesIO()
        writer.write(memory)
        data = bind([Part("横.pdf", memory.getvalue(), "application/pdf")], title="横")
        assert (sizes(data), [page.rotation for page in read(data).pages], words(data)) == ([(842, 595), (842, 595)], [0, 0], "1/22/2")

    @pytest.mark.parametrize("damage", ["cut", "locked", "words", "picture"])
    def test_what_cannot_be_read_is_named(self, damage: str) -> None:
        whole = pdf_of([Block("x")], title="x")
        parts = {"cut": Part("壊れ.pdf", whole[:40], "application/pdf"), "words": Part("壊れ.pdf", b"hello", "application/pdf"), "picture": Part("壊れ.png", png()[:20], "image/png")}
        if damage == "locked":
            writer = pypdf.PdfWriter(io.BytesIO(whole))
            writer.encrypt("secret", algorithm="RC4-128")
            memory = io.BytesIO()
            writer.write(memory)
            parts["locked"] = Part("鍵.pdf", memory.getvalue(), "application/pdf")
        with pytest.raises(Refused) as refused:
            bind([Part("良い.pdf", whole, "application/pdf"), parts[damage]], title="x")
        assert (refused.value.code, parts[damage].name in refused.value.message) == ("unreadable", True)

    def test_too_many_pages_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pdf, "MOST_PAGES", 2)
        one = Part("一.pdf", pdf_of([Block("x")], title="x"), "application/pdf")
        assert len(read(bind([one, one], title="x")).pages) == 2
        with pytest.raises(Refused) as refused:
            bind([one, one, one], title="x")
        assert refused.value.code == "too_many_pages"

    def test_nothing_to_bind_is_an_empty_bundle(self) -> None:
        assert sizes(bind([], title="x")) == []


def test_a_heading_whose_section_has_no_words_goes_over_the_page_with_its_table() -> None:
    """Lines that fill a page until only the heading has room: it stands on the page of the table, no gap holds it back."""
    table = Block(rows=(("機関", "件数"), ("試験所", "3")), has_head=True)
    for lines in range(30, 42):
        made = read(pdf_of([*[Block("行")] * lines, Block("節", level=2), Block(), Block("小見出し", level=2), table], title="題"))
        pages = [page.extract_text() for page in made.pages]
        assert [("節" in page) for page in pages] == [("試験所" in page) for page in pages], lines


def test_a_short_row_stays_whole_and_a_long_one_goes_on() -> None:
    long = "支援の役割を長く書く。" * 300
    made = read(pdf_of([Block("行")] * 3 + [Block(rows=(("一", "二"), ("甲", long)), has_head=True)], title="題"))
    assert len(made.pages) > 1
    assert re.sub(r"\s", "", "".join(page.extract_text() for page in made.pages)).count("支援の役割を長く書く") >= 290
