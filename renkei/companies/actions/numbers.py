"""Load the register of corporate numbers (全件データ, CSV without a header, thirty columns, UTF-8 or CP932)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.base.numbers import is_corporate_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.companies.lookup import municipality_code
from renkei.companies.models import RegisteredNumber

COLUMNS = 30
AT_ONCE = 2_000
FIELDS = ["name", "kana", "postal_code", "municipality", "address", "closed_on", "successor", "updated_on"]


@transaction.atomic
def load_numbers(path: Path, *, by: Actor) -> tuple[int, int]:
    """Write the file's rows, newer ones over older; returns how many were written and how many lines were none.

    The same file twice gives the same rows. Refused: ``no_file``, ``not_the_register`` (first line).
    """
    if not path.is_file():
        raise Refused(_("ファイルがありません：%(path)s。場所を確かめてください。") % {"path": path}, "no_file")
    written = wrong = 0
    batch: dict[str, RegisteredNumber] = {}
    with _opened(path) as file:
        for line, cells in enumerate(_rows(file), start=1):
            row = _row(cells)
            if row is None:
                if line == 1:
                    raise Refused(_("法人番号の全件データ（30列のCSV）ではありません。公表サイトのファイルを選んでください。"), "not_the_register")
                wrong += 1
                continue
            if cells[23] == "0":  # a state that a later line of the same number has replaced
                continue
            if row.number in batch and batch[row.number].updated_on > row.updated_on:
                continue
            batch[row.number] = row
            if len(batch) >= AT_ONCE:
                written += _write(batch)
    written += _write(batch)
    record(by, "company.load_numbers", rows=written, wrong=wrong)
    return written, wrong


def _rows(file: io.TextIOWrapper) -> Iterator[list[str]]:
    """Yield the lines as cells; no cells for one the reader breaks on (a quotation that never ends)."""
    reader = csv.reader(file)
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield []
        except StopIteration:
            return


def _opened(path: Path) -> io.TextIOWrapper:
    try:
        with path.open(encoding="utf-8-sig") as file:
            file.read(4096)
    except UnicodeDecodeError:
        return path.open(encoding="cp932", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _row(cells: list[str]) -> RegisteredNumber | None:
    if len(cells) != COLUMNS or not is_corporate_number(cells[1]) or not clean_text(cells[6]):
        return None
    days = [_day(cells[4]), _day(cells[18])]
    if days[0] is None:
        return None
    post = cells[15].strip()
    return RegisteredNumber(
        number=cells[1], name=clean_text(cells[6])[:200], kana=clean_text(cells[28])[:500],
        postal_code=f"{post[:3]}-{post[3:]}" if len(post) == 7 else "", municipality=municipality_code(cells[13], cells[14]),
        address=clean_text("".join(cells[9:12]) or cells[16])[:1000], closed_on=days[1], successor=cells[20].strip()[:13],
        updated_on=days[0],
    )  # fmt: skip


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _write(batch: dict[str, RegisteredNumber]) -> int:
    newer: Iterator[tuple[str, dt.date]] = RegisteredNumber.objects.filter(pk__in=batch).values_list("pk", "updated_on").iterator()
    for number, day in newer:
        if day > batch[number].updated_on:
            del batch[number]
    RegisteredNumber.objects.bulk_create(list(batch.values()), update_conflicts=True, unique_fields=["number"], update_fields=FIELDS)
    count = len(batch)
    batch.clear()
    return count
