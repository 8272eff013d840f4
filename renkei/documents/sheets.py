"""Spreadsheets in and out: values only. Formulas are never worked out here, and a file cannot eat the machine."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import re
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.base.text import clean_text

MOST_BYTES = 5 * 1024 * 1024
MOST_UNPACKED = 100 * 1024 * 1024
MOST_PARTS = 2_000
MOST_COLUMNS = 80
_BROKEN = (
    ValueError, LookupError, TypeError, OSError, EOFError, AttributeError, SyntaxError, zipfile.BadZipFile,
    NotImplementedError, RuntimeError, OverflowError, struct.error, zlib.error,
)  # fmt: skip

MOST_NAMED = 5
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_PIECE = 1024 * 1024
_ESCAPED = re.compile(r"_x00([01][0-9A-Fa-f]|7[Ff])_")  # how a workbook writes what XML cannot hold, the ends of lines among it.
# openpyxl hands over a text that somebody really typed so (`_x005F_x000D_` in the file) as the same letters: it is read as the code it looks like.
_NO_LETTER = re.compile("[\uf8f0-\uf8f3]")  # what CP932 makes of bytes it does not know: the text is in another encoding


def read_sheet(data: bytes, *, most_rows: int) -> list[list[Any]]:
    """Return the rows of the first sheet; for a formula the value that was kept with it.

    Raises Refused for what is no xlsx file, too large, or a trap, and for formulas kept without a value (``no_value``).
    """
    if len(data) > MOST_BYTES:
        raise Refused(_("表は5メガバイトまでです。年度ごとに分けてください。"), "file_too_large", field="file")
    import openpyxl  # noqa: PLC0415  half a second, which every start would pay

    _check_parts(data)
    try:
        if _has_formulas(data) and (cells := _without_value(data, most_rows)):
            raise _no_value(cells)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        rows = [[_value(cell) for cell in row]
                for row in sheet.iter_rows(max_row=most_rows + 1, max_col=MOST_COLUMNS, values_only=True)]
        book.close()
    except _BROKEN as error:
        raise _not_readable() from error
    if len(rows) > most_rows:
        raise Refused(
            _("%(most)s行までです。年度ごとに分けてください。") % {"most": f"{most_rows:,}"}, "too_many_rows", field="file"
        )
    return rows


def read_table(data: bytes, *, most_rows: int) -> list[list[Any]]:
    """Return the rows of an xlsx file, or of a CSV file in UTF-8 or CP932 (as Japanese Excel writes it).

    Raises Refused for what is neither, too large, or has too many rows.
    """
    if data[:2] == b"PK" or b"\x00" in data[:1000]:
        return read_sheet(data, most_rows=most_rows)
    if len(data) > MOST_BYTES:
        raise Refused(_("表は5メガバイトまでです。年度ごとに分けてください。"), "file_too_large", field="file")
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ",")
    try:
        rows = [[clean_text(cell) for cell in row[:MOST_COLUMNS]] for row in itertools.islice(reader, most_rows + 1)]
    except csv.Error as error:
        raise _not_csv() from error
    if rows and "\n" in "".join(rows[-1]) and _is_open(text):
        raise _not_csv()
    if len(rows) > most_rows:
        raise Refused(_("%(most)s行までです。年度ごとに分けてください。") % {"most": f"{most_rows:,}"}, "too_many_rows", field="file")
    return rows


def _is_open(text: str) -> bool:
    """Tell whether a quote was never closed: every row behind it would be lost in one cell."""
    try:
        deque(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in text.partition("\n")[0] else ",", strict=True), maxlen=0)
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _NO_LETTER.search(text):
            return text
    raise Refused(_("文字コードが読めません。UTF-8かシフトJISのCSV、またはエクセルの表（.xlsx）にしてください。"), "encoding", field="file")


def write_sheet(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Write one sheet. A text that begins with = stays a text, a whole number a number, None an empty cell."""
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    import xlsxwriter  # noqa: PLC0415  like openpyxl above

    with xlsxwriter.Workbook(memory, options) as book:
        bold, day, text = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy/m/d"}), book.add_format()
        text.set_text_wrap()
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_column(0, len(header) - 1, 16)
        sheet.write_row(0, 0, header, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, dt.date):
                    sheet.write_datetime(number, column, dt.datetime.combine(value, dt.time()), day)
                elif isinstance(value, int) and not isinstance(value, bool):
                    sheet.write_number(number, column, value)
                else:
                    sheet.write_string(number, column, "" if value is None else str(value)[:32_000], text)
    return memory.getvalue()


def _check_parts(data: bytes) -> None:
    """Refuse what unpacks to more than a register can be, and XML that defines its own entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Refused(_("表の中身が大きすぎます。要る列だけの表にしてください。"), "file_too_large", field="file")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as file:
                        if b"<!DOCTYPE" in file.read(2048).upper():
                            raise _not_readable()
    except _BROKEN as error:
        raise _not_readable() from error


def _has_formulas(data: bytes) -> bool:
    """Tell whether a formula may stand anywhere: only then is the sheet read a second and third time."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in (one for one in archive.namelist() if one.endswith(".xml")):
            with archive.open(part) as file:
                end = b""
                while piece := file.read(_PIECE):
                    if _FORMULA.search(end + piece):
                        return True
                    end = piece[-40:]  # a tag may stand across two pieces
    return False


def _without_value(data: bytes, most_rows: int) -> list[str]:
    """Return the cells (B2) of the first sheet whose formula was kept without the value it had."""
    import openpyxl  # noqa: PLC0415  as above

    books = [openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=only, keep_links=False) for only in (False, True)]
    rows = [one.worksheets[0].iter_rows(max_row=most_rows + 1, max_col=MOST_COLUMNS) for one in books]
    found = [
        said.coordinate
        for written, values in zip(*rows, strict=True)
        for said, value in zip(written, values, strict=True)
        if said.data_type == "f" and value.value is None and value.data_type != "str"  # an empty text is a value
    ]
    for one in books:
        one.close()
    return found


def _no_value(cells: Sequence[str]) -> Refused:
    named = "、".join(cells[:MOST_NAMED])
    if len(cells) > MOST_NAMED:
        named = _("%(cells)sほか%(n)sか所") % {"cells": named, "n": f"{len(cells) - MOST_NAMED:,}"}
    return Refused(
        _("計算式に値が入っていないセルがあります（%(cells)s）。エクセルで開いて保存し直すか、値を入れてください。") % {"cells": named},
        "no_value", field="file",
    )  # fmt: skip


def _not_csv() -> Refused:
    return Refused(_("CSVとして読めません。エクセルで開いて、保存し直してください。"), "not_csv", field="file")


def _not_readable() -> Refused:
    return Refused(_("エクセルの表（.xlsx）として読めません。エクセルで開いて、.xlsxで保存し直してください。"), "not_xlsx", field="file")


def _value(cell: Any) -> Any:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date) or cell is None:
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return clean_text(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(cell)))
