"""What people do with entries, under the web login with every policy and guard: by hand, by sheet, by list; and at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from django.db import connection

from renkei.base import clock
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, WindowRow
from renkei.matching.actions_keeping import (
    change_entry,
    check_entries,
    make_entry,
    return_entry,
    withdraw_entry,
)
from renkei.matching.actions_sheet import import_entries, undo_import
from renkei.matching.entry_words import mark_of, row_of
from renkei.matching.models import CatalogueRun, Entry, Revision
from renkei.matching.sheet import read_entries
from renkei.plan.models import Body
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.django_db(transaction=True)
Login = Callable[[str], AbstractContextManager[None]]
ROW = EntryRow(id="", kind="equipment", name="膜厚計", body=LAB, windows=(WindowRow("slot", always_open=True),))


def test_a_whole_life_of_an_entry(committed_world: World, login: Login) -> None:
    world = committed_world
    with login("web"):
        with acting(world.lab):
            made = make_entry(ROW, by=world.lab)
        with acting(world.lab):
            change_entry(made, replace(ROW, name="新しい膜厚計", windows=()), by=world.lab, seen=mark_of(made))
            check_entries([made], by=world.lab)
        with acting(world.lab):
            withdraw_entry(made, by=world.lab, on=clock.today(), reason="壊れた")
        with acting(world.lab):
            return_entry(made, by=world.lab)
        for body in (DESK, BANK):
            with pytest.raises(Refused), acting(world.actor(body)):
                change_entry(made, ROW, by=world.actor(body))
        with acting(world.bank):
            assert list(Revision.objects.order_by("done_at").values_list("deed", flat=True)) == ["made", "changed", "checked", "withdrawn", "returned"]
    entry = Entry.objects.get()
    assert (entry.name, entry.withdrawn_on, entry.windows.count()) == ("新しい膜厚計", None, 0)


def test_the_desk_keeps_what_a_closed_body_left(committed_world: World, login: Login) -> None:
    world = committed_world
    with login("web"), acting(world.lab):
        made = make_entry(ROW, by=world.lab)
    Body.objects.filter(pk=LAB).update(closed_on=clock.today())
    with login("web"), acting(world.desk):
        change_entry(made, replace(ROW, name="窓口が直した"), by=world.desk)
        own = make_entry(replace(ROW, body=None, owner_name="となりの県の試験場", kind="outside"), by=world.desk)
        withdraw_entry(own, by=world.desk, on=clock.today(), reason="もう無い")
    assert set(Entry.objects.values_list("name", "body", "withdrawn_on")) == {("窓口が直した", LAB, None), ("膜厚計", None, clock.today())}


def test_a_sheet_in_and_back(committed_world: World, login: Login) -> None:
    world, data = committed_world, "種類,名前,説明\n機器,炉,熱い\n機器,膜厚計,厚さ\n".encode()
    with login("web"):
        with acting(world.lab):
            make_entry(ROW, by=world.lab)
        with acting(world.lab):
            run = import_entries(read_entries(data, actor=world.lab), name="表.csv", data=data, by=world.lab)
            assert run.counts == {"new": 1, "changed": 1, "same": 0, "refused": 0}
        with acting(world.bank):
            assert CatalogueRun.objects.count() == 0
            with pytest.raises(CatalogueRun.DoesNotExist):
                undo_import(run, by=world.bank)
        with acting(world.lab):
            assert undo_import(run, by=world.lab) == []
    assert set(Entry.objects.filter(withdrawn_on__isnull=True).values_list("name", "summary")) == {("膜厚計", "")}
    assert CatalogueRun.objects.get().undone_at is not None


def test_of_two_editors_at_once_one_is_told(committed_world: World, login: Login) -> None:
    """Both began from the same words; the lock lets one after the other look, and the second sees that it is late."""
    world = committed_world
    with login("web"), acting(world.lab):
        made = make_entry(ROW, by=world.lab)
    seen, told, start = mark_of(Entry.objects.get()), [], threading.Barrier(2)

    def edit(name: str) -> None:
        try:
            start.wait(10)
            with acting(world.lab):
                change_entry(made, replace(ROW, name=name), by=world.lab, seen=seen)
            told.append("saved")
        except Refused as refusal:
            told.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=edit, args=(name,)) for name in ("一人目", "二人目")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["changed_meanwhile", "saved"]
    assert Revision.objects.filter(deed="changed").count() == 1
    assert row_of(Entry.objects.get()).name in {"一人目", "二人目"}
