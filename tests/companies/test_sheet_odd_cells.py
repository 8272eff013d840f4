"""A sheet of firms with anything in any cell: each row is read or says what is wrong with it, and what was said can be written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
from renkei.companies.models import Company, CompanyImport, CompanyPerson, PastContact
from renkei.companies.sheet import FIRM, read_companies
from renkei.documents.sheets import write_sheet
from tests.companies.test_imports import HEAD, NUMBER, csv, read, take_in
from tests.world import World

COLUMNS = HEAD.split(",")
PLAIN = ["まぼろし計測", "", "", "", "", "", "", "", "", ""]
ODD = ["0", "-0", "-1", "１２", "①", "²", "½", "∞", "1e400", "NaN", "9" * 30, "9" * 5_000, "1,000万", "万", "億", "三百", "０", "3人", "約3", "=1+1", "+1", "@x", "'1", "<b>", "\u202e", "\u200b",
       "𠮷", "髙", "ｶﾅ", "\t", "　", "a\x00b", "2026/02/30", "0000-00-00", "9999/12/31", "9999/99/99", "R8.4.1", "令和8年13月1日", "H0.1.1", "昭和元年1月1日", "明治1年1月1日", "1/1", "きのう", "2026-04-01T09:00",
       "46113", "-46113", "99999999", "110", "0" * 40, "(000)", "tel", "９９９０１６", "999016", "ひばり市", "よその市", NUMBER, NUMBER[:-1], f"{NUMBER}0", "T" + NUMBER, "x" * 5_000]  # fmt: skip


def row(**cells: str) -> str:
    found = dict(zip(COLUMNS, PLAIN, strict=True)) | cells
    return ",".join('"' + found[name].replace('"', '""') + '"' for name in COLUMNS)


def written() -> tuple[int, ...]:
    return tuple(table.objects.count() for table in (Company, CompanyPerson, PastContact, CompanyImport))


@pytest.mark.parametrize("column", COLUMNS)
def test_anything_in_any_cell_is_read_or_named_and_what_is_read_can_be_written(world: World, column: str) -> None:
    """Every odd value in one column, a row each: a row with nothing wrong in it is written, one that has is not."""
    odd = [{"会社名": f"まぼろし{n}号", "担当者": "髙梨", "やりとり日": "2026/4/1", "内容": "見学した。"} | {column: value} for n, value in enumerate(ODD)]
    preview = read(world, csv(*(row(**cells) for cells in odd)))
    assert {one.number for one in preview.rows} <= set(range(2, len(ODD) + 2))
    assert all(one.problems or one.deed for one in preview.rows)
    assert all("。" in problem for one in preview.rows for problem in one.problems)
    wrong, before = next((one for one in preview.rows if one.problems), None), written()
    if wrong is not None:
        with pytest.raises(Refused):
            take_in(world, csv(row(**odd[wrong.number - 2])))
        assert written() == before
    fine = [odd[one.number - 2] for one in preview.rows if not one.problems and one.deed == "new"]
    try:
        take_in(world, csv(*(row(**one) for one in fine or [{}])))
    except Refused as refusal:
        assert refusal.code in {"row_wrong", "duplicate_number"}  # noqa: PT017  only writing finds these
        assert written() == before
    else:
        assert written()[0] > before[0]


@settings(max_examples=30, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({name: st.sampled_from(["", *ODD]) | st.text(max_size=12) for name in COLUMNS}), min_size=1, max_size=4))
def test_any_sheet_is_read_or_refused_in_words(world: World, rows: list[dict[str, str]]) -> None:
    cells = [[one[name].replace("\x00", "") for name in COLUMNS] for one in rows]
    for data in (csv(*(row(**{name: value.replace("\x00", "") for name, value in one.items()}) for one in rows)).replace(b"\xed", b"\x3f"),
                 write_sheet("会社", COLUMNS, [[cell.encode("utf-8", "replace").decode() for cell in line] for line in cells])):  # fmt: skip
        try:
            preview = read_companies(data, actor=world.desk)
        except Refused as refusal:
            assert "。" in refusal.message  # noqa: PT017  either is an answer in words
        else:
            assert all(set(FIRM) <= set(one.values) for one in preview.rows)
            assert [one.number for one in preview.rows] == sorted({one.number for one in preview.rows})


@pytest.mark.parametrize(
    ("column", "value", "name", "read_as"),
    [
        ("従業員数", "３３名", "employees", 33), ("従業員数", "約30人", "employees", None), ("従業員数", "1,200", "employees", 1200), ("従業員数", "²", "employees", 2),
        ("資本金", "1000万円", "capital_yen", 10_000_000), ("資本金", "１億円", "capital_yen", 100_000_000), ("資本金", "1億2000万", "capital_yen", 120_000_000),
        ("資本金", "0", "capital_yen", 0), ("資本金", "", "capital_yen", None), ("資本金", "∞", "capital_yen", None), ("資本金", "-5", "capital_yen", None),
    ],
)  # fmt: skip
def test_counts_are_read_as_offices_write_them(world: World, column: str, value: str, name: str, read_as: Any) -> None:
    [found] = read(world, csv(row(**{column: value}))).rows
    assert found.values[name] == read_as or (read_as is None and found.problems)
    assert bool(found.problems) is (read_as is None and value != "")
