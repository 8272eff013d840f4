"""A search while the index cannot be read, cannot be written, or is long in the making: it answers, and does not wait."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base.actor import GUEST, SYSTEM
from renkei.matching import index, mending
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.search import search
from tests.world import World

Region = Callable[..., World]
ROWS = [
    EntryRow(id="OPEN", kind="equipment", name="渦電流の膜厚計", kana="ウズデンリュウ", summary="めっきを測る。", is_public=True),
    EntryRow(id="SHUT", kind="equipment", name="渦電流の探傷器", summary="割れを探す。"),
    EntryRow(id="SEED", kind="seed", name="渦電流の研究", is_public=True),
]


def ids(text: str, audience: str = "staff") -> set[str]:
    index.ensure()
    return {hit.id for hit in index.find_by_kind(text, audience=audience, kinds=["equipment", "seed"], limit=5)}


@pytest.fixture
def large(committed_world: World, index_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An index of entries that counts as large: no reader builds it."""
    put_entries(ROWS, kept_by="t", by=SYSTEM)
    index.rebuild()
    monkeypatch.setattr(mending, "AT_ONCE", 0)
    yield index_home / "index"
    assert mending.wait(60)


def test_names_answer_where_nothing_can_be_read_by_what_one_may_see(db: None, world: World, index_home: Path) -> None:
    put_entries(ROWS, kept_by="t", by=SYSTEM)
    given: dict[str, Any] = {"kinds": ["equipment", "seed"], "limit": 5}
    assert {one[:2] for one in mending.by_names("渦電流", audience="staff", **given)} == {("OPEN", "equipment"), ("SHUT", "equipment"), ("SEED", "seed")}
    assert {one[0] for one in mending.by_names("渦電流の探傷", audience="public", **given)} == {"OPEN", "SEED"}
    assert mending.by_names("渦電流の探傷", audience="staff", kinds=["equipment"], limit=1)[0][0] == "SHUT"
    assert mending.by_names("。", audience="staff", **given) == []
    assert all(0 < one[2] <= 1 for one in mending.by_names("渦電流 めっき", audience="staff", **given))


def test_a_search_during_a_long_rebuild_does_not_wait_for_it(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged, and somebody holds the lock to build: names answer; once built, the index does."""
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with index._writer():
            held.set()
            may_end.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    shutil.rmtree(next(large.glob("build-*")))
    index.forget()
    assert ids("渦電流") == {"OPEN", "SHUT", "SEED"}
    assert ids("渦電流", "public") == {"OPEN", "SEED"}
    assert not list(large.glob("build-*"))
    may_end.set()
    thread.join(30)
    assert mending.wait(60)
    assert index.state() is not None
    assert ids("めっき") == {"OPEN"}


def test_an_open_index_answers_while_its_files_are_gone(large: Path) -> None:
    """Found by its text, which names alone would not tell: it is the old index that answers."""
    assert ids("割れ") == {"SHUT"}
    with index._writer():
        shutil.rmtree(next(large.glob("build-*")))
        begun = time.monotonic()
        assert ids("割れ") == {"SHUT"}
        assert time.monotonic() - begun < 20
    assert mending.wait(60)
    assert index.state() is not None


def test_a_folder_that_cannot_be_written_gives_an_answer_by_names(region: Region, index_home: Path) -> None:
    region()
    (index_home / "index").write_text("not a folder")
    index.ensure()
    assert [hit.id for hit in search("膜厚計", actor=GUEST)][:1] == ["EQ1"]
    index.follow()


def test_only_one_thread_builds_in_a_process() -> None:
    begun, may_end, runs = threading.Event(), threading.Event(), []

    def build() -> None:
        runs.append(1)
        begun.set()
        may_end.wait(30)
        raise OSError(28, "No space left on device")  # logged; the next one tries again

    for _turn in range(3):
        mending.in_background(build)
    assert begun.wait(30)
    may_end.set()
    assert mending.wait(30)
    assert runs == [1]
    mending.in_background(build)
    assert mending.wait(30)
    assert runs == [1, 1]
