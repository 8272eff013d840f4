"""The index on a disk that lies: files cut short, emptied, swapped, half built; it is found out and built anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renkei.base.actor import GUEST, SYSTEM
from renkei.matching import filling, index
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry, EntryChange
from renkei.matching.search import search
from tests.world import World

Region = Callable[..., World]
TEXT = "めっきの厚さ"
NEW = EntryRow(id="NEW", kind="equipment", name="渦電流の膜厚計", is_public=True)


def found(text: str = TEXT, audience: str = "staff") -> list[str]:
    index.ensure()
    return [hit.id for hit in index.find(text, audience=audience, kinds=[], limit=10)]


def build_of(home: Path) -> Path:
    [build] = (home / "index").glob("build-*")
    return build


def state_of(home: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((home / "index" / "state.json").read_text())
    return read


def write_state(home: Path, **changes: Any) -> None:
    (home / "index" / "state.json").write_text(json.dumps(state_of(home) | changes))


def swap(file: Path, content: bytes) -> None:
    file.unlink()  # a new file: the old one may still be mapped into memory
    file.write_bytes(content)


@pytest.fixture
def built(region: Region, index_home: Path) -> Path:
    """The home of a region whose index is built and closed."""
    region()
    found()
    index.forget()
    return index_home


@pytest.mark.parametrize(
    "part",
    ["staff/*.segment", "staff/parts-1.json", "staff-postings/extent-1.json", "staff-postings/names.jsonl", "staff-postings/names.ends",
     "staff-postings/kinds.i2", "staff-postings/kinds.txt", "staff-postings/vectors.i1", "staff-postings/numbers.i4"],
)  # fmt: skip
@pytest.mark.parametrize("kept", [0, 0.5])
def test_a_file_cut_short_is_found_out_and_built_anew(built: Path, part: str, kept: float) -> None:
    before, build = found(), build_of(built)
    index.forget()
    [file] = build.glob(part)
    whole = file.read_bytes()
    swap(file, whole[: int(len(whole) * kept)])
    assert found() == before
    assert build_of(built) != build


@pytest.mark.parametrize("audience", index.AUDIENCES)
def test_a_lost_half_is_built_anew(built: Path, audience: str) -> None:
    shutil.rmtree(build_of(built) / audience)
    assert found(audience=audience)[0] == "EQ1"
    assert sorted(path.name for path in build_of(built).iterdir()) == ["public", "public-postings", "staff", "staff-postings"]


def test_a_change_that_meets_a_damaged_index_is_found_all_the_same(built: Path) -> None:
    for file in list((build_of(built) / "staff").iterdir()):
        swap(file, b"broken")
    put_entries([NEW], kept_by="test", by=SYSTEM)
    assert found("渦電流") == ["NEW"]
    assert not index.is_stale()


def test_a_search_over_a_damaged_index_answers_the_reader(built: Path) -> None:
    shutil.rmtree(build_of(built))
    assert search("めっきの厚さ", actor=GUEST)[0].id == "EQ1"


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"7", b'"state"', b"{", b"\xff\xfe", b"\x00" * 200, b'{"format": 2}'],
)
def test_a_state_file_that_says_nothing_is_no_state(built: Path, content: bytes) -> None:
    (built / "index" / "state.json").write_bytes(content)
    assert index.state() is None
    assert index.is_stale()
    assert found()[0] == "EQ1"
    assert state_of(built)["entries"] == Entry.objects.count()


@pytest.mark.parametrize(
    "change",
    [
        {"folder": None}, {"folder": 7}, {"folder": "build-none"}, {"xmin": "x"}, {"xmin": None}, {"seen": "0"},
        {"entries": None}, {"generation": "1"}, {"format": 1}, {"format": "2"}, {"database": None}, {"newest": 7}, {"more": 1},
    ],
)  # fmt: skip
def test_a_state_of_other_shape_is_no_state(built: Path, change: dict[str, Any]) -> None:
    write_state(built, **change)
    assert index.state() is None
    assert found()[0] == "EQ1"
    assert not index.is_stale()


@pytest.mark.parametrize("missing", ["format", "database", "folder", "xmin", "seen", "entries", "generation", "newest"])
def test_a_state_that_lacks_a_part_is_no_state(built: Path, missing: str) -> None:
    kept = {name: value for name, value in state_of(built).items() if name != missing}
    (built / "index" / "state.json").write_text(json.dumps(kept))
    assert index.state() is None


@pytest.mark.parametrize("folder", ["", ".", ".."])
def test_a_state_that_names_no_index_folder_is_overruled(built: Path, folder: str) -> None:
    write_state(built, folder=folder)
    assert found()[0] == "EQ1"
    assert state_of(built)["folder"].startswith("build-")


@pytest.mark.parametrize("change", [{"entries": 99}, {"seen": 99}, {"xmin": 10**15}, {"database": "1/1"}, {"newest": "1/1"}])
def test_a_state_that_disagrees_with_the_database_is_stale_and_mended(built: Path, change: dict[str, Any]) -> None:
    before = build_of(built)
    write_state(built, **change)
    assert index.state() is not None
    assert index.is_stale()
    assert found()[0] == "EQ1"
    assert not index.is_stale()
    assert (build_of(built) == before) is bool({"entries", "newest"} & set(change))


def test_documents_that_stand_in_no_entry_make_it_build_anew(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that disagrees tells of an index another hand has touched: within a minute, for a million entries are not counted at each question."""
    now = [1_000.0]
    monkeypatch.setattr(index.time, "monotonic", lambda: now[0])
    before = build_of(built)
    with_ghost = EntryRow(id="GHOST", kind="equipment", name="幽霊の機器")
    put_entries([with_ghost], kept_by="test", by=SYSTEM)
    assert found("幽霊") == ["GHOST"]
    Entry.objects.filter(pk="GHOST").delete()
    EntryChange.objects.all().delete()
    write_state(built, seen=0, newest="")
    now[0] += 59
    assert found("幽霊") == ["GHOST"]
    now[0] += 2
    assert found("幽霊") == []
    assert build_of(built) != before


@pytest.mark.parametrize("place", [10**6, 10**12], ids=["beyond", "more than memory holds"])
def test_places_beyond_the_end_are_damage_and_mended(built: Path, place: int) -> None:
    """The file is as long as it should be and its last number is right: only a search meets what stands before it."""
    before = build_of(built)
    path = built / "index" / before / "staff-postings" / "ends.i8"
    numbers = np.fromfile(path, dtype=np.int64)
    numbers[:-1] = place
    numbers.tofile(path)
    index.forget()
    assert found()[0] == "EQ1"
    assert build_of(built) != before


def test_a_folder_left_by_a_killed_build_is_swept_by_the_next(built: Path) -> None:
    left = built / "index" / "build-killed"
    (left / "staff").mkdir(parents=True)
    (left / "staff" / "meta.json").write_text("{")
    assert found()[0] == "EQ1"
    assert left.exists()
    index.rebuild()
    assert not left.exists()


def test_a_build_that_fails_leaves_the_old_index_in_use(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(built)

    def full(*_given: Any, **_named: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(filling, "add", full)
        with pytest.raises(OSError, match="No space"):
            index.rebuild()
        assert state_of(built) == before
        assert found()[0] == "EQ1"
    assert index.rebuild() == Entry.objects.count()
    assert build_of(built).name != before["folder"]


def test_a_state_that_cannot_be_written_leaves_the_old_one_whole(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(built)

    def torn(file: Path, *_text: Any, **_options: Any) -> int:
        with file.open("w") as out:
            out.write("{")
        raise OSError(28, "No space left on device")

    put_entries([NEW], kept_by="test", by=SYSTEM)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", torn)
        with pytest.raises(OSError, match="No space"):
            index.refresh()
    assert state_of(built) == before
    assert found("渦電流") == ["NEW"]
    assert state_of(built)["generation"] == before["generation"] + 1


def test_an_index_folder_that_is_a_file_fails_who_builds_by_hand_and_no_reader(built: Path) -> None:
    shutil.rmtree(built / "index")
    (built / "index").write_text("not a folder")
    assert index.state() is None
    with pytest.raises(OSError):
        index.rebuild()
    index.ensure()
    index.follow()  # after a commit: logged, never raised


def test_a_rebuild_under_an_open_reader_does_not_cut_it_off(built: Path) -> None:
    ranker = index._open("staff")
    before = [hit.id for hit in ranker.rank(TEXT)]
    assert before[0] == "EQ1"
    index.rebuild()
    assert [hit.id for hit in ranker.rank(TEXT)] == before
    assert found()[0] == "EQ1"
    assert state_of(built)["folder"] == build_of(built).name


def test_each_writing_raises_the_generation_so_that_readers_reopen(built: Path) -> None:
    index._open("staff")
    first = state_of(built)
    put_entries([NEW], kept_by="test", by=SYSTEM)
    assert found("渦電流") == ["NEW"]
    assert index._opened["staff"][:2] == (first["folder"], first["generation"] + 1)
    index.rebuild()
    assert found("渦電流") == ["NEW"]
    assert index._opened["staff"][:2] == (state_of(built)["folder"], first["generation"] + 2)
