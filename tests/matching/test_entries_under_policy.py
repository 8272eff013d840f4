"""Entries kept among the staff, under the web login: no row, no count and no order tells others of them; the index knows all."""

from __future__ import annotations

import datetime as dt
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base.actor import GUEST, SYSTEM, Actor, company_person
from renkei.base.context import acting
from renkei.matching import fetching, index, shelf, warming
from renkei.matching.actions import EntryRow, WindowRow, keeping, put_entries
from renkei.matching.finding import look, read_wish
from renkei.matching.models import Entry, Window
from renkei.matching.search import search
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
Login = Callable[[str], AbstractContextManager[None]]
OPEN = WindowRow("call", closes=dt.date(2100, 1, 1))
OURS = EntryRow(id="OURS", kind="equipment", name="渦電流の膜厚計", windows=(OPEN,))
ALLS = EntryRow(id="ALLS", kind="equipment", name="超音波の膜厚計", is_public=True, windows=(OPEN,))
FIRM = company_person(uuid.uuid4(), "社長")


@pytest.fixture
def scene(committed_world: World, index_home: Path) -> Iterator[World]:
    shelf.forget()
    put_entries([OURS, ALLS], kept_by="test", by=SYSTEM)
    yield committed_world
    shelf.forget()


def ids(text: str, actor: Actor) -> list[str]:
    return [hit.id for hit in search(text, actor=actor)]


def kind_now() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('renkei.kind', true)")
        return str(cursor.fetchone()[0] or "")


def test_who_sees_which_rows(scene: World, login: Login) -> None:
    seen: dict[str, Any] = {}
    with login("web"):
        for name, actor in (("guest", GUEST), ("firm", FIRM), ("staff", scene.bank), ("system by the web", SYSTEM)):
            with acting(actor):
                seen[name] = (
                    sorted(Entry.objects.values_list("pk", flat=True)), sorted(Window.objects.values_list("entry_id", flat=True)),
                    *map(sorted, fetching.with_windows(["OURS", "ALLS"])),
                )  # fmt: skip
        with transaction.atomic():
            seen["nobody"] = sorted(Entry.objects.values_list("pk", flat=True))
    with login("worker"), acting(SYSTEM):
        assert Entry.objects.count() == Window.objects.count() == 2
    public, whole = ["ALLS"], ["ALLS", "OURS"]
    assert seen == {
        "guest": (public,) * 4, "firm": (public,) * 4, "staff": (whole,) * 4, "system by the web": (public,) * 4, "nobody": public,
    }  # fmt: skip


def test_what_a_process_loads_beside_its_pages_is_public(scene: World, login: Login) -> None:
    index.ensure()
    shelf.forget()
    with login("web"):
        warming._load()
    assert set(shelf._kept) == {"ALLS"}


@pytest.mark.parametrize("who", [GUEST, FIRM])
def test_nobody_outside_writes_an_entry(scene: World, login: Login, who: Actor) -> None:
    with login("web"):
        for made in (
            lambda: Entry.objects.create(id="X", kind="seed", name="x", kept_by="test", text_hash="x", is_public=True),
            lambda: Window.objects.create(entry_id="ALLS", kind="call", always_open=True),
        ):
            with acting(who), pytest.raises(DatabaseError), transaction.atomic(), keeping("test"):
                made()
        with acting(who), keeping("test"):
            assert Entry.objects.filter(pk="ALLS").update(name="y") == 0
            assert Window.objects.filter(entry_id="ALLS").update(always_open=True) == 0
            assert Window.objects.filter(entry_id="ALLS").delete()[0] == 0
    assert set(Entry.objects.values_list("name", flat=True)) == {OURS.name, ALLS.name}
    assert Window.objects.count() == 2


def test_staff_replace_windows_as_before(scene: World, login: Login) -> None:
    with login("web"), acting(scene.lab):
        put_entries([EntryRow(id="OURS", kind="equipment", name=OURS.name)], kept_by="test", by=scene.lab)
        assert sorted(Window.objects.values_list("entry_id", flat=True)) == ["ALLS"]


def test_the_index_that_a_guest_builds_holds_what_the_staff_may_find(scene: World, login: Login, index_home: Path) -> None:
    with login("web"):
        with acting(GUEST):
            assert ids("膜厚計", GUEST) == ["ALLS"]
            assert kind_now() == "guest"
            known = index.state()
            assert known is not None
            assert known.entries == Entry.objects.count() + 1
            assert not index.is_stale()
        with acting(scene.desk):
            assert sorted(ids("膜厚計", scene.desk)) == ["ALLS", "OURS"]
            assert index.state() == known


def test_a_change_that_a_guest_s_question_puts_in_reaches_the_staff(scene: World, login: Login) -> None:
    with login("web"):
        with acting(scene.desk):
            ids("膜厚計", scene.desk)
            put_entries([EntryRow(id="NEW", kind="equipment", name="渦電流の探傷器")], kept_by="test", by=scene.desk)
            before = index.state()
        with acting(GUEST):
            index.ensure()
            assert ids("渦電流", GUEST) == []
            assert kind_now() == "guest"
        after = index.state()
        assert before is not None
        assert after is not None
        assert (after.folder, after.entries) == (before.folder, before.entries + 1)
        with acting(scene.bank):
            assert sorted(ids("渦電流", scene.bank)) == ["NEW", "OURS"]


def test_what_is_hidden_changes_neither_count_nor_order_for_others(scene: World, login: Login) -> None:
    put_entries([EntryRow(id=f"P{n}", kind="seed", name=f"膜厚の測り方{n}", text="めっき" * n, is_public=True) for n in range(5)], kept_by="more", by=SYSTEM)

    def told() -> Any:
        with acting(GUEST):
            found = look(read_wish({"q": "膜厚計 めっき"}), actor=GUEST)
            browsed = look(read_wish({"kind": "equipment"}), actor=GUEST)
            return (ids("膜厚計", GUEST), [one.id for one in found.lines], [one.counts for one in found.facets], found.over,
                    [one.id for one in browsed.lines], [one.counts for one in browsed.facets])  # fmt: skip

    with login("web"):
        before = told()
    hidden = [EntryRow(id=f"H{n}", kind="equipment", name=f"渦電流の膜厚計{n}", text="めっきの膜厚計") for n in range(30)]
    put_entries(hidden, kept_by="hidden", by=SYSTEM)
    with login("web"):
        with acting(scene.desk):
            assert len(look(read_wish({"kind": "equipment"}), actor=scene.desk).lines) == 32
        assert told() == before
    assert before[0]


@pytest.mark.parametrize("order", ["guest first", "staff first"])
def test_a_list_that_one_has_read_is_not_shown_to_the_other(scene: World, login: Login, order: str) -> None:
    def browsed(actor: Actor) -> list[str]:
        with acting(actor):
            return sorted(one.id for one in look(read_wish({"kind": "equipment"}), actor=actor).lines)

    who = [GUEST, scene.desk] if order == "guest first" else [scene.desk, GUEST]
    with login("web"):
        found = {actor.kind.value: browsed(actor) for actor in (*who, *who)}
    assert found == {"guest": ["ALLS"], "staff": ["ALLS", "OURS"]}


def test_the_index_is_built_in_the_background_for_a_guest_too(scene: World, login: Login, monkeypatch: pytest.MonkeyPatch, index_home: Path) -> None:
    monkeypatch.setattr("renkei.matching.mending.AT_ONCE", 1)
    shutil.rmtree(index_home / "index", ignore_errors=True)
    with login("web"):
        with acting(GUEST):
            index.ensure()
        from renkei.matching import mending

        assert mending.wait(30)
        known = index.state()
        assert known is not None
        assert known.entries == 2
        with acting(scene.desk):
            assert sorted(ids("膜厚計", scene.desk)) == ["ALLS", "OURS"]
