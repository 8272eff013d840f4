"""Spreadsheets in and out: what goes out comes back, formulas are words, and no file eats the machine."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
from renkei.documents import sheets
from renkei.documents.sheets import MOST_COLUMNS, read_sheet, write_sheet


def book(*rows: list[Any]) -> bytes:
    """A workbook as somebody's office program writes it."""
    made, memory = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(memory)
    return memory.getvalue()


def archive(**parts: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return memory.getvalue()


def with_part(data: bytes, name: str, put: bytes) -> bytes:
    """The same workbook with one part replaced."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, put if part == name else old.read(part))
    return memory.getvalue()


def filled(data: bytes, most_rows: int) -> list[list[Any]]:
    """The rows without the empty cells at their ends."""
    rows = read_sheet(data, most_rows=most_rows)
    return [row[: max((at for at, cell in enumerate(row, 1) if cell is not None), default=0)] for row in rows]


def code_of(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read_sheet(data, most_rows=10)
    assert refused.value.field == "file"
    assert refused.value.message.endswith("。")
    return refused.value.code


def test_a_count_is_a_number_and_nothing_is_nothing() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_sheet("表", ["件数", "番号"], [[0, "0012"], [None, ""], [-3, True]])))
    rows = list(sheet.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert rows == [(0, "0012"), ("", ""), (-3, "True")]


def test_what_goes_out_comes_back() -> None:
    day = dt.date(2028, 2, 29)
    data = write_sheet("台帳", ["受付日", "会社名", "内容"], [[day, "株式会社まぼろし計測", "一行目\n二行目"], [None, "", "髙﨑 𠮷田 👩‍🏭"]])
    assert filled(data, 3) == [
        ["受付日", "会社名", "内容"], [day, "株式会社まぼろし計測", "一行目\n二行目"],
        ["", "", "髙﨑 𠮷田 👩‍🏭"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://evil.example")', "@SUM(A1)", "+81", "-5", "=cmd|' /C calc'!A0", "00123", "1e5", "2026/11/25"]
)
def test_a_text_stays_a_text_whatever_it_begins_with(text: str) -> None:
    data = write_sheet("台帳", ["内容"], [[text]])
    cell = openpyxl.load_workbook(io.BytesIO(data)).active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert filled(data, 2)[1] == [text]


def calculated(cells: str) -> bytes:
    """A workbook as an office program keeps it: formulas with the values they had."""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    return with_part(book(["x"]), "xl/worksheets/sheet1.xml", sheet.encode())


def test_a_formula_is_read_as_the_value_kept_with_it_and_never_worked_out() -> None:
    data = calculated(
        '<row r="1"><c r="A1"><f>1+1</f><v>7</v></c><c r="B1" t="str"><f>WEBSERVICE("http://evil.example")</f><v>めっき</v></c>'
        '<c r="C1" t="str"><f>IF(D1="","",D1)</f><v></v></c><c r="D1" t="b"><f>TRUE()</f><v>1</v></c>'
        '<c r="E1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="F1" t="inlineStr"><is><t>=1+1</t></is></c></row>'
    )
    assert filled(data, 1) == [["7", "めっき", None, "True", "#DIV/0!", "=1+1"]]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ('<row r="2"><c r="B2"><f>1+1</f></c></row>', "（B2）"), ('<row r="2"><c r="B2"><f>1+1</f><v/></c><c r="C2"><v>1</v></c></row>', "（B2）"),
        ('<row r="1"><c r="A1"><f>1</f><v>0</v></c></row><row r="3"><c r="A3"><f>1</f></c><c r="AB3"><f>2</f></c></row>', "（A3、AB3）"),
        ('<row r="1">' + "".join(f'<c r="{name}1"><f>1</f></c>' for name in "ABCDEFG") + "</row>", "（A1、B1、C1、D1、E1ほか2か所）"),
    ],
)  # fmt: skip
def test_a_formula_without_a_value_is_named_by_its_cell(cells: str, named: str) -> None:
    with pytest.raises(Refused) as refused:
        read_sheet(calculated(cells), most_rows=10)
    assert (refused.value.code, refused.value.field, named in refused.value.message) == ("no_value", "file", True)
    assert "保存し直す" in refused.value.message


def test_what_lies_outside_the_rows_and_columns_that_are_read_is_not_asked_for() -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c><c r="ZZ1"><f>1</f></c></row>'
    assert filled(calculated(far), 1) == [["1"]]


def test_a_formula_is_seen_across_two_pieces_and_in_another_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_PIECE", 3)
    assert code_of(calculated('<row r="1"><c r="A1"><f>1</f></c></row>')) == "no_value"
    assert code_of(calculated('<row r="1"><c r="A1"><x:f xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">1</x:f></c></row>')) == "no_value"
    assert filled(book(["f", "<f>", "=1"[1:]]), 1) == [["f", "<f>", "1"]]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        (7, "7"), (7.0, "7"), (1_900_000_000_000.0, "1900000000000"), (0.5, "0.5"), (-3, "-3"), (True, "True"), (0, "0"),
        (dt.datetime.combine(dt.date(2026, 11, 25), dt.time(23, 59)), dt.date(2026, 11, 25)), (dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
        ("  前後\u200b\u202e  ", "前後"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_cells_are_read_as_people_see_them(cell: Any, read: Any) -> None:
    assert filled(book(["見出し", "x"], [cell, "x"]), 2)[1] == [read, "x"]


@pytest.mark.parametrize(("rows", "fits"), [(1, True), (9, True), (10, True), (11, False), (500, False)])
def test_as_many_rows_as_allowed_and_not_one_more(rows: int, fits: bool) -> None:
    data = book(*[[f"行{number}"] for number in range(rows)])
    if fits:
        assert filled(data, 10) == [[f"行{number}"] for number in range(rows)]
    else:
        assert code_of(data) == "too_many_rows"


def test_columns_past_the_sixtieth_are_not_read() -> None:
    (row,) = filled(book([str(number) for number in range(MOST_COLUMNS + 40)]), 1)
    assert row == [str(number) for number in range(MOST_COLUMNS)]


def test_the_first_sheet_is_read_and_no_other() -> None:
    made, memory = openpyxl.Workbook(), io.BytesIO()
    made.active.append(["一枚目"])
    made.create_sheet("二").append(["二枚目"])
    made.save(memory)
    assert filled(memory.getvalue(), 1) == [["一枚目"]]


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"%PDF-1.7", b"a,b\r\n1,2\r\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"PK\x05\x06" + bytes(18),
     archive(a=b"x"), book(["x"])[:-40], book(["x"])[:200], archive(**{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x"})],
)  # fmt: skip
def test_what_is_no_workbook_is_refused_in_words(data: bytes) -> None:
    assert code_of(data) == "not_xlsx"


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'encoding="UTF-8"', b'encoding="nope"'), (b'encoding="UTF-8"', b'encoding="UTF-16"'), (b'r="A2"', b'r="ZZZZ9"'), (b'r="A2"', b'r="A99999999"'), (b't="s"', b't="zz"'),
     (b"<v>1</v>", b"<v>99</v>"), (b"<v>1</v>", b"<v>-9</v>"), (b"<v>1</v>", b"<v>x</v>"), (b"<v>1</v>", b"<v>" + b"9" * 5_000 + b"</v>"), (b'r:id="rId1"', b'r:id="rId9"'),
     (b"worksheets/sheet1.xml", b"worksheets/none.xml"), (b"worksheets/sheet1.xml", b"../../etc/passwd"), (b"<sheets>", b"<sheets/><x>"), (b'<row r="2"', b'<row r="x"'),
     (b'<row r="2"', b'<row r="900000"'), (b'ref="A1:A3"', b'ref="A1:XFD1048576"'), (b'ref="A1:A3"', b'ref="x"'), (b's="2"', b's="99"'), (b's="2"', b's="x"')],
)  # fmt: skip
def test_what_a_damaged_part_says_is_read_or_refused_in_words(old: bytes, new: bytes) -> None:
    """One sign of the workbook changed, in every part where it stands."""
    data, touched = write_sheet("会社", ["会社名"], [["まぼろし"], ["つばめ"]]), 0
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = [name for name in parts.namelist() if old in parts.read(name)]
    for name in names:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            changed = with_part(data, name, parts.read(name).replace(old, new))
        touched += 1
        try:
            rows = read_sheet(changed, most_rows=10)
        except Refused as refused:
            assert refused.code in {"not_xlsx", "too_many_rows"}  # noqa: PT017  either is an answer in words
        else:
            assert all(cell is None or isinstance(cell, (str, dt.date)) for row in rows for cell in row)
    assert touched or old.startswith((b"s=", b"ref="))


@pytest.mark.parametrize(
    ("text", "read"),
    [("一行目\r\n二行目", "一行目\n二行目"), ("一\r二", "一\n二"), ("名\x00\x0b前", "名前"), ("_x0041_", "_x0041_"), ("_x000Z_", "_x000Z_"), ("<b>&amp;</b>", "<b>&amp;</b>")],
)  # fmt: skip
def test_what_xml_cannot_hold_comes_back_without_its_code(text: str, read: str) -> None:
    assert filled(write_sheet("会社", ["名"], [[text]]), 2)[1] == [read]
    assert filled(book(["名"], ["一_x000D_\n二"]), 2)[1] == ["一\n二"]  # as a workbook filled from another system holds it


@settings(max_examples=40)
@given(data=st.binary(max_size=400), cut=st.integers(0, 4000))
def test_broken_bytes_are_refused_and_never_crash(data: bytes, cut: int) -> None:
    whole = book(["見出し"], ["値"])
    place = cut % len(whole)
    try:
        rows = read_sheet(whole[:place] + data + whole[place + len(data) :], most_rows=10)
    except Refused as refused:
        assert refused.code in {"not_xlsx", "file_too_large"}  # noqa: PT017  a file may also survive what hit it
    else:
        assert all(isinstance(row, list) for row in rows)


def test_five_megabytes_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    data = book(["x"])
    monkeypatch.setattr(sheets, "MOST_BYTES", len(data))
    assert filled(data, 1) == [["x"]]
    monkeypatch.setattr(sheets, "MOST_BYTES", len(data) - 1)
    assert code_of(data) == "file_too_large"


def test_a_small_file_that_unpacks_to_a_flood_is_refused_unread() -> None:
    flood = with_part(book(["x"]), "docProps/core.xml", bytes(101 * 1024 * 1024))
    assert len(flood) < 200_000
    assert code_of(flood) == "file_too_large"


def test_a_file_of_thousands_of_parts_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_PARTS", 5)
    assert code_of(archive(**{f"{number}.xml": b"<x/>" for number in range(6)})) == "file_too_large"


@pytest.mark.parametrize("head", [b"<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", b"<!doctype x>", b" " * 1500 + b"<!DOCTYPE x>"])
@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "_rels/.rels"])
def test_xml_that_makes_its_own_entities_is_refused(head: bytes, part: str) -> None:
    assert code_of(with_part(book(["x"]), part, b"<?xml version='1.0'?>" + head + b"<x/>")) == "not_xlsx"


def test_a_very_long_text_is_cut_to_what_a_cell_holds() -> None:
    data = write_sheet("台帳", ["内容"], [["長" * 40_000]])
    assert filled(data, 2)[1] == ["長" * 32_000]


def test_a_sheet_without_rows_has_its_header_frozen_on_a4() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_sheet("台帳", ["一", "二"], []))).active
    assert (sheet.title, sheet.freeze_panes, sheet.page_setup.paperSize, sheet.page_setup.orientation) == ("台帳", "A2", 9, "landscape")
    assert [cell.value for cell in sheet[1]] == ["一", "二"]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.max_row == 1
