"""Bytes that the disk has changed: no file is shorter, and yet it is found out, told to the log and built anew."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import index, mending, sums, whole
from renkei.matching.actions import EntryRow, put_entries
from tests.matching.test_index_damage import build_of, found
from tests.world import World

Region = Callable[..., World]
NEW = EntryRow(id="NEW", kind="equipment", name="渦電流の膜厚計", is_public=True)


@pytest.fixture
def built(region: Region, index_home: Path) -> Path:
    """The home of a region whose index is built and has had an entry put in since."""
    region()
    found()
    put_entries([NEW], kept_by="test", by=SYSTEM)
    index.ensure()
    return index_home


def flip(file: Path, at: int) -> None:
    """Change one bit as a disk does: in a file of its own, for the old one is mapped into memory."""
    told = bytearray(file.read_bytes())
    told[at] ^= 1
    file.unlink()
    file.write_bytes(told)


def files_of(home: Path) -> list[str]:
    folder, generation = build_of(home), index.state().generation  # type: ignore[union-attr]  # it is built
    return [f"{audience}-postings/sums-{generation}.json" for audience in index.AUDIENCES] + sorted(
        name for audience in index.AUDIENCES for name, (size, _sum) in sums.read(folder / f"{audience}-postings", generation).items() if size
    )


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_a_flipped_bit_anywhere_is_found(built: Path, where: float) -> None:
    assert whole.damaged() == []
    folder = build_of(built)
    names = files_of(built)
    assert {name.rsplit("/", 1)[1].split("-")[0] for name in names} > {"numbers.i4", "names.jsonl", "vectors.i1", "sums", "extent", "parts"}
    for name in names:
        if name.rsplit("/", 1)[1].startswith("sums-"):
            continue
        before = (folder / name).read_bytes()
        flip(folder / name, int(where * (len(before) - 1)))
        assert whole.damaged() == [name]
        (folder / name).write_bytes(before)
    assert whole.damaged() == []


@pytest.mark.parametrize("told", ["", "[]", "null", '{"a": 1}', "{}"])
def test_sums_that_say_nothing_are_damage(built: Path, told: str) -> None:
    name = files_of(built)[0]
    (build_of(built) / name).write_text(told)
    assert whole.damaged() == [name]
    put_entries([EntryRow(id="NEW2", kind="equipment", name="二つめの膜厚計")], kept_by="test", by=SYSTEM)
    whole.read_through()
    assert whole.damaged() == []


def test_a_lost_file_is_damage(built: Path) -> None:
    (build_of(built) / "staff-postings/vectors.i1").unlink()
    assert whole.damaged() == ["staff-postings/vectors.i1"]


def test_reading_it_through_builds_a_damaged_one_anew(built: Path, caplog: pytest.LogCaptureFixture) -> None:
    before, folder, expected = index.state(), build_of(built), found()
    flip(folder / "staff-postings/numbers.i4", 100)
    with caplog.at_level(logging.WARNING, "renkei.matching"):
        assert whole.read_through() > 0
    assert ["staff-postings/numbers.i4" in one for one in caplog.messages] == [True]
    assert (build_of(built) != folder, index.state() != before, whole.damaged(), found()) == (True, True, [], expected)
    with caplog.at_level(logging.WARNING, "renkei.matching"):
        whole.read_through()
    assert len(caplog.messages) == 1, "what is whole is built anew"


def test_a_large_one_is_built_anew_beside_and_answers_meanwhile(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, asked = found(), []
    monkeypatch.setattr(mending, "is_small", lambda: False)
    monkeypatch.setattr(mending, "in_background", asked.append)
    flip(build_of(built) / "staff-postings/numbers.i4", 100)
    whole.read_through()
    assert (asked, found()) == ([index.rebuild], expected)


def test_what_another_has_built_meanwhile_is_left_alone(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flip(build_of(built) / "staff-postings/numbers.i4", 100)
    look = whole._look

    def slow(known: index.State) -> tuple[int, list[str]]:
        told = look(known)
        index.rebuild()
        return told

    monkeypatch.setattr(whole, "_look", slow)
    monkeypatch.setattr(index, "mend", lambda: pytest.fail("it is built twice"))
    whole.read_through()


def test_what_a_killed_writer_left_is_no_damage(built: Path) -> None:
    for name in ("numbers.i4", "names.jsonl", "dead.i8"):
        with (build_of(built) / "staff-postings" / name).open("ab") as out:
            out.write(b"\1" * 40)
    assert whole.damaged() == []
    put_entries([EntryRow(id="NEW2", kind="equipment", name="二つめの膜厚計")], kept_by="test", by=SYSTEM)
    assert ("NEW2" in found("二つめの膜厚計"), whole.damaged()) == (True, [])


def test_each_generation_keeps_its_sums_and_adds_what_is_new_only(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, int]] = []
    real = sums._sum

    def noted(path: Path, size: int, begin: int = 0, value: int = 0) -> tuple[int, int]:
        read.append((path.name, begin))
        return real(path, size, begin, value)

    monkeypatch.setattr(sums, "_sum", noted)
    for number in range(4):
        put_entries([EntryRow(id=f"M{number}", kind="equipment", name=f"膜厚計{number}", is_public=True)], kept_by="test", by=SYSTEM)
        index.ensure()
    begins = [begin for name, begin in read if name == "vectors.i1"]
    assert len(begins) == 8
    assert min(begins) > 0, "old rows are read again at every change"
    kept = sorted(int(path.stem.removeprefix("sums-")) for path in (build_of(built) / "staff-postings").glob("sums-*.json"))
    generation = index.state().generation  # type: ignore[union-attr]  # it is built
    assert kept == [generation - 1, generation]


def test_one_beyond_half_of_the_memory_is_looked_through_once_a_day_all_the_same(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _name: 1)
    flip(build_of(built) / "staff-postings/numbers.i4", 100)
    assert whole.read_through() == 0
    assert whole.damaged()
    whole.look_after()
    assert whole.damaged() == []


def test_without_an_index_there_is_nothing_to_find(index_home: Path) -> None:
    assert (whole.damaged(), whole.read_through()) == ([], 0)
    assert json.dumps(list(index_home.iterdir())) == "[]"
