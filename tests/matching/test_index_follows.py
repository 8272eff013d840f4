"""The index after commits, rollbacks and races, and on a database that is another one, an older one, or at another port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.matching import analysing, everything, filling, index, pending
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.models import Entry, EntryChange
from renkei.matching.terms import Document
from tests.matching.conftest import TODAY
from tests.world import World

Region = Callable[..., World]
Login = Callable[[str], AbstractContextManager[None]]
EDDY = EntryRow(id="EQ", kind="equipment", name="渦電流の膜厚計", is_public=True)
SALT = replace(EDDY, name="塩水噴霧の試験機")


def hits(text: str, audience: str = "staff") -> list[str]:
    """What the index says as it is, without looking whether it is behind."""
    return [hit.id for hit in index.find(text, audience=audience, kinds=[], limit=50)]


def found(text: str, audience: str = "staff") -> list[str]:
    index.ensure()
    return hits(text, audience)


def folder(home: Path) -> str:
    return str(json.loads((home / "index" / "state.json").read_text())["folder"])


@pytest.fixture
def built(committed_world: World, index_home: Path) -> Path:
    """A committed region with one entry, and its index."""
    put_entries([EDDY], kept_by="test", by=SYSTEM)
    index.rebuild()
    return index_home


def in_thread(work: Callable[[], Any]) -> None:
    """Do something on a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)


@contextmanager
def settings_of_connection(**changes: str) -> Iterator[None]:
    before = {name: connection.settings_dict[name] for name in changes}
    connection.settings_dict.update(changes)
    try:
        yield
    finally:
        connection.settings_dict.update(before)


@pytest.mark.parametrize("changes", [{"PORT": "1"}, {"HOST": "db.example"}, {"PORT": "1", "HOST": "::1"}])
def test_the_same_database_at_another_address_needs_no_new_index(region: Region, index_home: Path, changes: dict[str, str]) -> None:
    """Our own server takes a free port at each start: the index of the last run still holds."""
    region()
    index.rebuild()
    before = folder(index_home)
    with settings_of_connection(**changes):
        assert not index.is_stale()
        index.ensure()
    assert folder(index_home) == before


def test_another_database_at_the_same_address_is_never_answered_for(region: Region, index_home: Path) -> None:
    region()
    index.rebuild()
    before = index.state()
    assert before is not None
    other = before.database.partition("/")[0] + "/1"
    (index_home / "index" / "state.json").write_text((index_home / "index" / "state.json").read_text().replace(before.database, other))
    assert index.is_stale()
    index.refresh()
    after = index.state()
    assert after is not None
    assert (after.database, after.folder == before.folder) == (before.database, False)


def test_the_web_the_worker_and_the_owner_know_the_database_as_one(built: Path, login: Login) -> None:
    for part in ("web", "worker", "owner"):
        with login(part):
            assert not index.is_stale(), part
    assert found("渦電流") == ["EQ"]


def test_the_web_login_builds_and_follows(built: Path, login: Login, committed_world: World) -> None:
    (built / "index" / "state.json").unlink()
    with login("web"):
        with acting(committed_world.lab):
            assert found("渦電流") == ["EQ"]
            put_entries([SALT], kept_by="test", by=committed_world.lab)
        assert (hits("塩水"), hits("渦電流")) == (["EQ"], [])


def test_a_rolled_back_entry_is_not_found(built: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put_entries([replace(EDDY, id="GONE", name="振動の試験機")], kept_by="test", by=SYSTEM)
        raise ZeroDivisionError
    assert not index.is_stale()
    assert found("振動") == []


def test_a_rolled_back_entry_that_was_searched_for_meanwhile_is_gone_again(built: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put_entries([replace(EDDY, id="GONE", name="振動の試験機")], kept_by="test", by=SYSTEM)
        assert found("振動") == ["GONE"]
        raise ZeroDivisionError
    assert found("振動") == []
    assert not index.is_stale()


def test_a_rolled_back_change_that_was_searched_for_meanwhile_gives_the_old_words_back(built: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        put_entries([SALT], kept_by="test", by=SYSTEM)
        assert (found("塩水"), found("渦電流")) == (["EQ"], [])
        raise ZeroDivisionError
    assert (found("塩水"), found("渦電流")) == ([], ["EQ"])


def test_a_rolled_back_withdrawal_brings_the_entry_back(built: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        withdraw_entries(["EQ"], kept_by="test", on=TODAY, by=SYSTEM)
        assert found("渦電流") == []
        raise ZeroDivisionError
    assert found("渦電流") == ["EQ"]


def test_a_savepoint_rolled_back_leaves_the_rest(built: Path) -> None:
    with transaction.atomic():
        put_entries([replace(EDDY, id="KEPT", name="振動の試験機")], kept_by="test", by=SYSTEM)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            put_entries([replace(EDDY, id="GONE", name="振動の台")], kept_by="test", by=SYSTEM)
            raise ZeroDivisionError
    assert found("振動") == ["KEPT"]


@pytest.mark.parametrize(("way", "after"), [("_rebuild", "begin"), ("_rebuild", "add"), ("_catch_up", "add")])
def test_a_change_committed_while_the_index_is_written_is_not_lost(
    built: Path, monkeypatch: pytest.MonkeyPatch, way: str, after: str
) -> None:
    """Read before, committed before the state is written: it must still count as not seen."""
    real, done = getattr(filling, after), []

    def then_change(*given: Any, **named: Any) -> Any:
        count = real(*given, **named)
        if not done:
            done.append(1)
            in_thread(lambda: Entry.objects.filter(pk="EQ").update(name="塩水噴霧の試験機"))
        return count

    put_entries([replace(EDDY, id="OTHER", name="振動の試験機")], kept_by="test", by=SYSTEM)
    Entry.objects.filter(pk="OTHER").update(summary="揺する。")
    monkeypatch.setattr(filling, after, then_change)
    with index._writer():
        getattr(index, way)()
    assert done == [1]
    assert index.is_stale()
    assert (found("塩水"), found("渦電流")) == (["EQ"], [])


def test_each_entry_is_analysed_once(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that tell what all have in common are not read again."""
    real, seen = analysing.analysed, []

    def noted(documents: Iterable[Document]) -> Any:
        listed = list(documents)
        seen.extend(one.id for one in listed)
        return real(listed)

    put_entries([replace(EDDY, id=f"N{number}", is_public=number % 2 == 0) for number in range(5)], kept_by="test", by=SYSTEM)
    monkeypatch.setattr(analysing, "analysed", noted)
    assert index.rebuild() == 6
    assert sorted(seen) == sorted(Entry.objects.values_list("pk", flat=True))


def test_a_transaction_open_at_the_refresh_is_met_at_the_next(built: Path) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            Entry.objects.filter(pk="EQ").update(name="塩水噴霧の試験機")
            begun.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    try:
        assert begun.wait(30)
        put_entries([replace(EDDY, id="LATER", name="振動の試験機")], kept_by="test", by=SYSTEM)
        assert (found("振動"), found("渦電流"), found("塩水")) == (["LATER"], ["EQ"], [])
        assert not index.is_stale()
    finally:
        may_end.set()
        thread.join(30)
    assert index.is_stale()
    assert (found("塩水"), found("渦電流")) == (["EQ"], [])


def test_meeting_a_change_twice_does_no_harm(built: Path) -> None:
    held_open, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            held_open.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held_open.wait(30)
        for number in range(3):
            put_entries([replace(EDDY, name=f"渦電流の膜厚計{number}号")], kept_by="test", by=SYSTEM)
            assert hits("渦電流") == ["EQ"]
    finally:
        may_end.set()
        thread.join(30)
    index.refresh()
    assert hits("渦電流") == ["EQ"]
    assert not index.is_stale()


def test_a_database_set_back_to_an_older_day_gets_a_new_index(built: Path) -> None:
    """A copy of the data folder brought back: same cluster, same oid, fewer transactions than the index has seen."""
    state = built / "index" / "state.json"
    known = json.loads(state.read_text())
    state.write_text(json.dumps(known | {"xmin": known["xmin"] + 100_000}))
    assert index.is_stale()
    index.refresh()
    after = json.loads(state.read_text())
    assert (after["folder"] != known["folder"], after["xmin"] < known["xmin"] + 100_000) == (True, True)


def test_every_kind_of_write_is_noted_once(built: Path) -> None:
    before = EntryChange.objects.count()
    Entry.objects.create(id="RAW", kind="seed", name="生の行", kept_by="t", text_hash="x")
    Entry.objects.filter(pk="RAW").update(name="変えた行")
    Entry.objects.filter(pk="RAW").delete()
    assert list(EntryChange.objects.values_list("entry", flat=True))[before:] == ["RAW", "RAW", "RAW"]
    assert found("変えた行") == []
    assert not index.is_stale()


def test_an_entry_that_changes_its_id_leaves_no_ghost(built: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matching_entry SET id = 'RENAMED' WHERE id = 'EQ'")
    assert found("渦電流") == ["RENAMED"]


def test_one_made_private_leaves_the_public_index_and_stays_in_the_other(built: Path) -> None:
    assert found("渦電流", "public") == ["EQ"]
    put_entries([replace(EDDY, is_public=False)], kept_by="test", by=SYSTEM)
    assert (found("渦電流", "public"), found("渦電流")) == ([], ["EQ"])
    put_entries([EDDY], kept_by="test", by=SYSTEM)
    assert found("渦電流", "public") == ["EQ"]


def test_one_brought_back_after_withdrawal_is_found_again(built: Path) -> None:
    withdraw_entries(["EQ"], kept_by="test", on=TODAY, by=SYSTEM)
    assert found("渦電流") == []
    assert put_entries([EDDY], kept_by="test", by=SYSTEM) == 1
    assert found("渦電流") == ["EQ"]


def test_no_entries_at_all_are_an_index_too(committed_world: World, index_home: Path) -> None:
    assert index.rebuild() == 0
    assert not index.is_stale()
    assert (found("渦電流"), found("渦電流", "public")) == ([], [])
    put_entries([EDDY], kept_by="test", by=SYSTEM)
    assert hits("渦電流") == ["EQ"]


def test_entries_are_counted_once_for_what_is_saved(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a million that takes a fifth of a second each time."""
    counted: list[bool] = []
    asked, whole = pending._asked, everything.count

    def asking(*given: Any, count: bool) -> pending.Pending:
        counted.extend([True] if count else [])
        return asked(*given, count=count)

    monkeypatch.setattr(pending, "_asked", asking)
    monkeypatch.setattr(everything, "count", lambda: counted.append(True) or whole())
    index.ensure()
    counted.clear()
    put_entries([SALT], kept_by="test", by=SYSTEM)
    assert found("塩水噴霧") == ["EQ"]
    assert counted == [True]


def test_a_look_at_a_current_index_is_one_question_and_no_writing(built: Path, django_assert_num_queries: Any) -> None:
    before = (built / "index" / "state.json").stat().st_mtime_ns
    with django_assert_num_queries(1):
        index.refresh()
    with django_assert_num_queries(1):
        index.ensure()
    with django_assert_num_queries(2):  # which synonyms and which weights hold: both may have changed in another process
        hits("渦電流")
    assert (built / "index" / "state.json").stat().st_mtime_ns == before
