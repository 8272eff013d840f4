"""Tables people bring: CSV as Excel writes it here, tabs, old encodings, and what only looks like a table."""

from __future__ import annotations

import csv
import io
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.documents import sheets
from renkei.documents.sheets import MOST_COLUMNS, read_table, write_sheet

PLAIN = "会社名,電話\r\n狐火エレクトロ株式会社,04-7100-0000\r\n髙橋製作所,\r\n"
ROWS = [["会社名", "電話"], ["狐火エレクトロ株式会社", "04-7100-0000"], ["髙橋製作所", ""]]
# What a cell may hold: one line, nothing a cell would lose when it is cleaned.
SIGNS = [sign for sign in map(chr, range(0x10000)) if sign.encode("cp932", "ignore") and sign not in "¢£¬‖−〜" and category(sign) not in {"Cc", "Cs", "Zs", "Co"}]
CELLS = st.text(st.sampled_from(SIGNS), max_size=12).map(clean_text)


def refused(data: bytes, most_rows: int = 100) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        read_table(data, most_rows=most_rows)
    assert caught.value.message.endswith("。")
    return caught.value.code, caught.value.field


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(), b"\xef\xbb\xbf" + PLAIN.encode(), PLAIN.encode("cp932"), PLAIN.replace("\r\n", "\n").encode(), PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "\t").encode("cp932"), PLAIN.replace("狐火エレクトロ株式会社", '"狐火エレクトロ株式会社"').encode(),
        PLAIN.replace("髙橋製作所", " 髙橋製作所\u200b ").encode(), PLAIN.rstrip().encode(), write_sheet("表", ROWS[0], ROWS[1:]),
    ],
    ids=["utf8", "bom", "cp932", "unix", "tabs", "tabs-cp932", "quoted", "unseen", "no-end", "xlsx"],
)  # fmt: skip
def test_one_table_in_every_writing_is_one_table(data: bytes) -> None:
    assert [[cell or "" for cell in row[:2]] for row in read_table(data, most_rows=10)] == ROWS


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.lists(st.lists(CELLS, min_size=2, max_size=5), min_size=1, max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "cp932"]))
def test_what_is_written_as_csv_is_read_back(rows: list[list[str]], encoding: str) -> None:
    memory = io.StringIO(newline="")
    csv.writer(memory, quoting=csv.QUOTE_ALL).writerows(rows)
    data = memory.getvalue().encode(encoding)
    if encoding == "cp932" and data.decode("utf-8", "replace").count("�") == 0:
        return  # the same bytes are UTF-8 as well, which is tried first
    assert read_table(data, most_rows=10) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []), ("\n", [[]]), ("a", [["a"]]), ("a,b\n\nc", [["a", "b"], [], ["c"]]), ('"a\nb",c', [["a\nb", "c"]]), ('"a,b",c', [["a,b", "c"]]),
        ('"a""b"', [['a"b']]), ("a,b,c\nd", [["a", "b", "c"], ["d"]]), ("=1+1,+2,-3,@x", [["=1+1", "+2", "-3", "@x"]]), ("００１,0123", [["００１", "0123"]]),
        ("a\tb,c\nd\te", [["a", "b,c"], ["d", "e"]]), ("a,b\nc\td,e", [["a", "b"], ["c\td", "e"]]), ('"open', [["open"]]),
    ],
)  # fmt: skip
def test_rows_and_cells(text: str, rows: list[list[str]]) -> None:
    assert read_table(text.encode(), most_rows=10) == rows


@pytest.mark.parametrize(("rows", "fits"), [(0, True), (3, True), (4, False), (400, False)])
def test_as_many_rows_as_allowed_and_not_one_more(rows: int, fits: bool) -> None:
    data = "\n".join(f"会社{n}" for n in range(rows)).encode()
    if fits:
        assert len(read_table(data, most_rows=3)) == rows
    else:
        assert refused(data, 3) == ("too_many_rows", "file")


def test_columns_past_the_sixtieth_are_not_read() -> None:
    wide = ",".join(str(n) for n in range(MOST_COLUMNS + 40)).encode()
    assert read_table(wide, most_rows=1) == [[str(n) for n in range(MOST_COLUMNS)]]


def test_five_megabytes_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    assert read_table(b"a" * 10, most_rows=1) == [["a" * 10]]
    assert refused(b"a" * 11, 1) == ("file_too_large", "file")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe\xff", "encoding"), (b"a,\xa0", "encoding"), (b"\x82", "encoding"), ("会社名".encode("utf-16"), "encoding"),
        (b"PK", "not_xlsx"), (b"PK\x03\x04 nothing more", "not_xlsx"), (b"a,b\x00", "not_xlsx"), (b"\x00" * 100, "not_xlsx"),
        (b"x" * 140_000, "not_csv"),  # a cell longer than any table has
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(data: bytes, code: str) -> None:
    assert refused(data) == (code, "file")


@given(st.binary(max_size=300))
def test_broken_bytes_are_read_or_refused_and_never_crash(data: bytes) -> None:
    try:
        rows = read_table(data, most_rows=1000)
    except Refused:
        assert refused(data, 1000) in {(code, "file") for code in ("encoding", "not_csv", "not_xlsx", "file_too_large")}
    else:
        assert all(len(row) <= MOST_COLUMNS and all(clean_text(cell) == cell for cell in row) for row in rows)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('a,b\n1,"2\n3,4\n', False), ('a\tb\n1\t"2\n3\t4\n', False), ('a,b\n1,"2\n3"\n', True), ('a,b\n1,5"\n2,"x\ny"\n', True),
        ('a,b\n1,"x""\n', True), ('a,b\n1,""\n', True), ('a,b\n"1"x,"y\nz"\n', True),
    ],
)  # fmt: skip
def test_a_quote_that_is_never_closed_loses_no_rows_in_silence(text: str, fits: bool) -> None:
    if fits:
        assert len(read_table(text.encode(), most_rows=9)) == 2 + text.count("5")
        return
    with pytest.raises(Refused) as told:
        read_table(text.encode(), most_rows=9)
    assert told.value.code == "not_csv"
