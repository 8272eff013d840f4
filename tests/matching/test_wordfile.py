"""The file format of the Sudachi synonym dictionary, read and written."""

from __future__ import annotations

import pytest

from renkei.matching.wordfile import ALIKE, MEANS, SYMPTOM, Group, Listed, groups, lines, shipped, written

OWN = (
    Group("1", (Listed("腐食"), Listed("錆が出る", SYMPTOM), Listed("塩水噴霧", MEANS))),
    Group("x2", (Listed("a,b"), Listed("反り"))),
)


def test_what_is_written_is_read_back() -> None:
    assert tuple(groups(lines(written(OWN)))) == OWN
    assert tuple(groups(lines(written(shipped())))) == shipped()
    assert written([]) == written(OWN).splitlines()[0] + "\n"


def test_a_line_has_the_columns_of_the_format() -> None:
    assert written(OWN).splitlines()[1:4] == [
        "1,1,0,1,0,0,0,(),腐食,,", "1,1,0,1,0,0,0,(症状),錆が出る,,", "1,1,1,1,0,0,0,(),塩水噴霧,,",
    ]  # fmt: skip


def test_lines_of_one_group_meet_whatever_their_order() -> None:
    text = "2,1,0,1,0,0,0,(),腐食,,\n# remark\n\n1,1,0,1,0,0,0,(),融資,,\n2,1,0,1,0,0,0,(化学),塩害,,\n2,1,0,1,0,0,0,(),腐食,,\n"
    assert groups(lines(text)) == [Group("2", (Listed("腐食"), Listed("塩害"))), Group("1", (Listed("融資"),))]


@pytest.mark.parametrize(("line", "columns"), [
    ("1,腐食", 2), ("1,1,0,1,0,0,0,(),,,", 11), (",1,0,1,0,0,0,(),腐食,,", 11), ("腐食", 1), ("1,1,0,1,0,0,0,(),腐食,,,", 12),
])  # fmt: skip
def test_a_line_of_another_shape_is_told_with_its_number(line: str, columns: int) -> None:
    (only,) = lines(f"# head\n{line}\n")
    assert (only.number, only.word, only.columns) == (2, None, columns)
    assert groups([only]) == []


@pytest.mark.parametrize(("expansion", "field", "kind"), [
    ("0", "()", ALIKE), ("1", "()", MEANS), ("0", "(症状)", SYMPTOM), ("2", "(化学)", ALIKE), ("1", "(症状)", SYMPTOM),
])  # fmt: skip
def test_kinds_of_words(expansion: str, field: str, kind: str) -> None:
    (only,) = lines(f"\ufeff1,1,{expansion},1,0,0,0,{field},ﾊﾞﾘ ,,")
    assert only.word == Listed("バリ", kind)
