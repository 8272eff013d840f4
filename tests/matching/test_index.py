"""The index: derived, mended when damaged or stale, one writer, two audiences, several processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from renkei.base.actor import SYSTEM
from renkei.matching import analysing, index
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.models import Entry
from tests.matching.conftest import TODAY
from tests.world import World

EQ = EntryRow(id="NEW", kind="equipment", name="渦電流の膜厚計", summary="めっきの厚さを測る。", is_public=True)


def found(text: str, audience: str = "staff", kinds: tuple[str, ...] = ()) -> list[str]:
    index.ensure()
    return [hit.id for hit in index.find(text, audience=audience, kinds=list(kinds), limit=10)]


def test_it_is_built_when_first_asked(region: Callable[..., World], index_home: Path) -> None:
    region()
    assert index.is_stale()
    assert found("めっきの厚さ")[0] == "EQ1"
    assert not index.is_stale()
    assert sorted(path.name.split("-")[0] for path in (index_home / "index").iterdir()) == ["build", "lock", "state.json"]


def test_a_small_catalogue_is_built_without_helpers(region: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper takes longer to start than a few entries take to analyse."""
    region()
    monkeypatch.setattr(analysing, "_cores", lambda: 8)
    monkeypatch.setattr(analysing, "_Helpers", lambda _count: pytest.fail("a helper was started"))
    assert index.rebuild() == Entry.objects.count()
    assert found("めっきの厚さ")[0] == "EQ1"
    assert "EQ1" in found("めっきの厚さ", "public")


def test_the_public_index_holds_public_entries_only(region: Callable[..., World]) -> None:
    region()
    assert "PE1" in found("めっきの剥がれ")
    assert set(found("めっきの剥がれ", "public")) & {"PE1", "PC1"} == set()


def test_kinds_limit_the_answer(region: Callable[..., World]) -> None:
    region()
    assert found("めっき", kinds=("person",)) == ["PE1"]
    assert index.find_by_kind("めっき", audience="staff", kinds=["person", "equipment"], limit=1)[0].kind == "person"


def test_plain_words_find_technical_ones(region: Callable[..., World]) -> None:
    region()
    put_entries([EntryRow(id="SP", kind="equipment", name="塩水噴霧試験機", summary="腐食を促す。")], kept_by="t", by=SYSTEM)
    index.rebuild()
    assert "SP" in found("サビが出る")


def test_nothing_to_ask_finds_nothing(region: Callable[..., World]) -> None:
    region()
    assert found("。。。") == []


def test_a_new_entry_is_found_and_a_withdrawn_one_is_not(region: Callable[..., World]) -> None:
    region()
    found("めっき")
    put_entries([EQ], kept_by="test", by=SYSTEM)
    assert index.is_stale()
    assert found("渦電流") == ["NEW"]
    withdraw_entries(["NEW"], kept_by="test", on=TODAY, by=SYSTEM)
    assert found("渦電流") == []


@pytest.mark.parametrize("damage", ["state", "files", "folder", "format", "database"])
def test_a_damaged_index_is_rebuilt(region: Callable[..., World], index_home: Path, damage: str) -> None:
    region()
    before = found("めっきの厚さ")
    state = index_home / "index" / "state.json"
    [build] = (index_home / "index").glob("build-*")
    if damage == "state":
        state.write_bytes(b"\x00\xff")
    elif damage == "files":
        for path in list((build / "staff").iterdir()):
            path.unlink()  # a new file: the old one may still be mapped into memory
            path.write_bytes(b"broken")
    elif damage == "folder":
        shutil.rmtree(build)
    else:
        state.write_text(json.dumps(json.loads(state.read_text()) | {damage: 0}))
    index.forget()
    assert found("めっきの厚さ") == before
    assert not index.is_stale()


def test_rebuild_counts_and_leaves_one_folder(region: Callable[..., World], index_home: Path) -> None:
    region()
    assert index.rebuild() == Entry.objects.count()
    assert index.rebuild() == Entry.objects.count()
    assert len(list((index_home / "index").glob("build-*"))) == 1


def test_who_finds_the_lock_taken_goes_on_with_the_old_index(region: Callable[..., World]) -> None:
    region()
    found("めっき")
    put_entries([EQ], kept_by="test", by=SYSTEM)
    with index._writer():
        index.refresh()
        assert [hit.id for hit in index.find("渦電流", audience="staff", kinds=[], limit=5)] == []
    assert found("渦電流") == ["NEW"]


@pytest.mark.django_db(transaction=True)
def test_a_commit_is_followed(committed_world: World, index_home: Path) -> None:
    index.rebuild()
    put_entries([EQ], kept_by="test", by=SYSTEM)
    assert not index.is_stale()
    assert [hit.id for hit in index.find("渦電流", audience="staff", kinds=[], limit=5)] == ["NEW"]


def test_a_fault_while_following_does_not_undo_the_save(
    region: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    region()

    def fail() -> None:
        raise OSError("disk full")

    monkeypatch.setattr(index, "refresh", fail)
    index.follow()
    assert Entry.objects.filter(pk="EQ1").exists()


def _other_process(home: str, answers: Any) -> None:
    connections.close_all()
    settings.RENKEI_HOME = home
    index.forget()
    number = os.getpid()
    put_entries([EntryRow(id=f"P{number}", kind="equipment", name=f"振動試験機{number}")], kept_by="test", by=SYSTEM)
    index.ensure()
    answers.put((f"P{number}", [hit.id for hit in index.find("振動試験機", audience="staff", kinds=[], limit=50)]))
    connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_several_processes_write_and_read(committed_world: World, index_home: Path) -> None:
    index.rebuild()
    connections.close_all()
    index.forget()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    processes = [context.Process(target=_other_process, args=(str(index_home), answers)) for _ in range(3)]
    for process in processes:
        process.start()
    given = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    index.refresh()
    assert set(found("振動試験機")) == {entry for entry, _hits in given}
