"""Plan files are read into one document with marks; hostile files give faults, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.plan.files import SECTIONS, load, read_bytes, read_text, schema, section_text, write_folder, write_text
from tests.plan.region import REGION, region

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | TEXT
    | st.decimals(-1000, 1000, places=2).map(float),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_a_folder_becomes_one_document_with_file_and_line_of_each_value() -> None:
    source = load(REGION)
    assert source.faults == []
    assert source.document["plan"]["term"] == {
        "from": "2024-04-01", "to": "2027-03-31", "written": "令和6年4月1日から令和8年度末まで",
    }  # fmt: skip
    assert source.document["vocabularies"]["results"] == [{"code": "no", "name": "役に立たなかった"}]
    assert source.place(("plan", "title")) == (str(REGION / "plan.yaml"), 4)
    assert source.place(("provisions", 1, "nothing", 7)) == (str(REGION / "rest.yaml"), 14)
    assert source.place(("nowhere",)) == (str(REGION), 1)


@given(VALUES)
def test_what_is_written_reads_back_as_the_same(value: Any) -> None:
    source = read_text(write_text(value), "x")
    assert (source.document, source.faults) == (value, [])
    assert json.dumps(source.document) == json.dumps(value)  # 1 and 1.0 and true are not the same


def test_yaml_1_1_traps_stay_text() -> None:
    source = read_text("a: no\nb: 2024-03-31\nc: 0123\nd: 12:30\ne: on\nf: 1_000\ng: .5\nyes: y\n", "x")
    assert source.document == {
        "a": "no", "b": "2024-03-31", "c": "0123", "d": "12:30", "e": "on", "f": "1_000", "g": ".5", "yes": "y",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "line", "rule"),
    [
        (b"", 1, "empty"),
        (b"# nothing\n", 1, "empty"),
        (b"- 1\n", 1, "not-a-mapping"),
        (b"words\n", 1, "not-a-mapping"),
        (b"a: [\n", 2, "yaml"),
        (b"a: 1\n\tb: 2\n", 2, "yaml"),
        (b"a: 1\n---\nb: 2\n", 2, "yaml"),
        (b"a: 1\n\xff\xfe\n", 2, "encoding"),
        ("題: 県".encode("shift_jis"), 1, "encoding"),
        (b"a: 1\nb: \x01\n", 2, "yaml"),
        (b'a: 1\nb: "\\u0000"\n', 2, "characters"),
        (b'b: "\\ud800"\n', 1, "characters"),
        (b"a: 1\nb: 2\na: 3\n", 3, "key-twice"),
        (b"? [1, 2]\n: 3\n", 1, "key"),
        (b"a: &x [1]\nb: *x\n", 1, "alias"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, "tag"),
        (b"a: !thing 1\n", 1, "tag"),
        (b"a: 1\nb: " + b"9" * 5000, 2, "number"),
        (b"a: 1e999\n", 1, "number"),
        (b"a: " + b"[" * 100_000, 1, "too-deep"),
        (b"#" * 1_000_001, 1, "too-large"),
    ],
)
def test_hostile_bytes_give_a_fault_with_its_line(data: bytes, line: int, rule: str) -> None:
    faults = read_bytes(data, "f.yaml").faults
    assert [(fault.file, fault.line, fault.rule) for fault in faults] == [("f.yaml", line, rule)]


def test_a_bomb_of_aliases_costs_nothing() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    )
    assert [fault.rule for fault in read_bytes(bomb.encode(), "f").faults] == ["alias"]


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    source = read_bytes(data, "f")
    assert isinstance(source.document, dict)


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_bytes("\ufeffa: 県".encode(), "f").document == {"a": "県"}


def test_a_section_in_two_files_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("plan: {code: x}\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("\nplan: {code: y}\n", encoding="utf-8")
    (fault,) = load(tmp_path).faults
    assert (fault.file, fault.line, fault.rule) == (str(tmp_path / "b.yaml"), 2, "section-twice")
    assert str(tmp_path / "a.yaml:1") in fault.message


def test_no_files_is_a_fault(tmp_path: Path) -> None:
    assert [fault.rule for fault in load(tmp_path).faults] == ["no-files"]
    assert [fault.rule for fault in load(tmp_path / "gone").faults] == ["no-files"]


def test_extends_takes_the_sections_that_are_not_written(tmp_path: Path) -> None:
    base, child = tmp_path / "base", tmp_path / "child"
    write_folder(region(), base)
    child.mkdir()
    (child / "plan.yaml").write_text("extends: base\ntargets: []\n", encoding="utf-8")
    source = load(child)
    assert source.faults == []
    assert source.document == {**region(), "targets": []}
    assert source.place(("targets",)) == (str(child / "plan.yaml"), 2)
    assert source.place(("targets", 0)) == (str(child / "plan.yaml"), 2)
    assert source.place(("bodies",))[0] == str(base / "parties.yaml")


@pytest.mark.parametrize("name", ["gone", "..", "child", "/etc", "[1]"])
def test_extends_names_a_sibling(tmp_path: Path, name: str) -> None:
    child = tmp_path / "child"
    child.mkdir()
    (child / "plan.yaml").write_text(f"plan: {{}}\nextends: {name}\n", encoding="utf-8")
    assert [(fault.line, fault.rule) for fault in load(child).faults] == [(2, "extends")]


def test_extends_goes_one_step(tmp_path: Path) -> None:
    for name, below in (("a", "b"), ("b", "c")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.yaml").write_text(f"extends: {below}\n", encoding="utf-8")
    assert [fault.rule for fault in load(tmp_path / "a").faults] == ["extends"]


def test_a_written_folder_reads_back_and_drops_files_no_longer_needed(tmp_path: Path) -> None:
    write_folder({**region(), "document": []}, tmp_path)
    assert (tmp_path / "document.yaml").exists()
    write_folder(region(), tmp_path)
    assert not (tmp_path / "document.yaml").exists()
    assert load(tmp_path).document == region()


def test_keys_are_written_in_the_order_of_the_schema() -> None:
    mixed = [{"note": "n", "body": "b", "source": "text", "service": "s", "to": None, "from": "2024-04-01"}]
    assert section_text("provisions", mixed) == (
        "- service: s\n  body: b\n  source: text\n  from: 2024-04-01\n  to: null\n  note: n\n"
    )


def test_every_section_of_the_schema_has_its_file() -> None:
    assert set(schema()["properties"]) == set(SECTIONS)
