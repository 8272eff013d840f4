"""Rows of the catalogue and the word list under the web login: what each actor is shown, and what the database itself refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.context import acting
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.actions_harvest import Wish, read_harvest, save_harvest, take_reading
from renkei.matching.actions_keeping import make_entry
from renkei.matching.actions_sheet import import_entries
from renkei.matching.models import CatalogueRun, Entry, Harvest, Revision, Window
from renkei.matching.sheet import read_entries
from renkei.matching.wordactions import import_groups
from renkei.matching.wordfile import Group, Listed, written
from renkei.matching.wordmodels import SynonymImport, SynonymStep
from renkei.matching.wordsheet import read_words
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.django_db(transaction=True)
Login = Callable[[str], AbstractContextManager[None]]
MODELS: tuple[Any, ...] = (Revision, CatalogueRun, SynonymStep, SynonymImport, Entry)
SHEET = "種類,名前\n機器,炉\n機器,\n".encode()
WORDS = written([Group("x", (Listed("磁気"), Listed("渦電流")))]).encode()
WISH = Wish("一覧", "folder", "list.csv", "outside", "となりの県", {"name": "装置名"}, {}, 7, is_on=True)


@pytest.fixture
def scene(committed_world: World, login: Login, tmp_path: Any, settings: Any) -> World:
    """One of everything, each made by who may make it."""
    world = committed_world
    settings.RENKEI_HARVEST_FOLDER = str(tmp_path)
    (tmp_path / "list.csv").write_text("装置名\n域外の炉\n", encoding="utf-8")
    with login("web"):
        for body in (LAB, CENTER):
            with acting(world.actor(body)):
                import_entries(read_entries(SHEET, actor=world.actor(body)), name=f"{body}.csv", data=SHEET, by=world.actor(body))
        with acting(world.desk):
            import_groups(read_words(WORDS), name="語.txt", data=WORDS, by=world.desk)
            harvest = save_harvest(None, WISH, by=world.desk)
    with login("worker"), acting(SYSTEM):
        take_reading(harvest, read_harvest(harvest), by=SYSTEM)
        put_entries([EntryRow(id="MOD", kind="test", name="引張試験", body=LAB)], kept_by="lab", by=SYSTEM)
    return world


def denied(attempt: Callable[[], Any]) -> bool:
    """Whether the database refuses, or finds no row to change."""
    try:
        with transaction.atomic():
            return bool(attempt() == 0)
    except DatabaseError:
        return True


def test_each_actor_is_shown_what_the_code_says_and_no_more(scene: World, login: Login) -> None:
    actors: dict[str, Actor] = {"desk": scene.desk, "lab": scene.lab, "bank": scene.bank, "guest": GUEST}
    shown: dict[str, dict[str, int]] = {}
    with login("web"):
        for name, actor in actors.items():
            with acting(actor):
                shown[name] = {}
                for model in MODELS:
                    listed, seen = model.objects.count(), model.objects.visible_to(actor).count()
                    if model is not Entry:  # entries have no policy of their own: the code alone hides them from guests
                        assert (name, model.__name__, listed) == (name, model.__name__, seen)
                    shown[name][model.__name__] = seen
    assert shown == {
        "desk": {"Revision": 3, "CatalogueRun": 3, "SynonymStep": 1, "SynonymImport": 1, "Entry": 4},
        "lab": {"Revision": 3, "CatalogueRun": 2, "SynonymStep": 1, "SynonymImport": 1, "Entry": 4},
        "bank": {"Revision": 3, "CatalogueRun": 1, "SynonymStep": 1, "SynonymImport": 1, "Entry": 4},
        "guest": {"Revision": 0, "CatalogueRun": 0, "SynonymStep": 0, "SynonymImport": 0, "Entry": 0},
    }


def test_the_database_refuses_what_the_code_would(scene: World, login: Login) -> None:
    own, module, listed = Entry.objects.get(name="炉", body=LAB).pk, "MOD", Entry.objects.get(name="域外の炉").pk
    theirs = CatalogueRun.objects.get(body=CENTER).pk
    now = clock.now()

    def renamed(pk: str, keeper: str = "screen") -> Callable[[], int]:
        def attempt() -> int:
            with keeping(keeper):
                return Entry.objects.filter(pk=pk).update(name="のっとり")

        return attempt

    attempts: dict[str, Callable[[], Any]] = {
        "entry of another body": renamed(own), "entry of a module": renamed(module), "entry of a list": renamed(listed),
        "a module's entry by its keeper's name": renamed(module, "plan"), "without a keeper": lambda: Entry.objects.filter(pk=own).update(name="x"),
        "a window of another": lambda: Window.objects.create(entry_id=own, kind="call", always_open=True).pk and 1,
        "history changed": lambda: Revision.objects.update(row=9), "history gone": lambda: Revision.objects.all().delete(),
        "history in another's name": lambda: Revision.objects.create(entry_id=own, deed="checked", before={}, after={}, done_body_id=LAB, done_at=now) and 1,
        "a run of another": lambda: CatalogueRun.objects.filter(pk=theirs).update(undone_at=now),
        "a run in another's name": lambda: CatalogueRun.objects.create(body_id=LAB, name="x", done_at=now) and 1,
        "a list": lambda: Harvest.objects.update(place="x"), "a list made": lambda: Harvest.objects.create(name="x", way="folder", place="x", kind="seed", owner_name="x") and 1,
        "words' history": lambda: SynonymStep.objects.update(version=9), "words' history gone": lambda: SynonymStep.objects.all().delete(), "entry gone": lambda: Entry.objects.filter(pk=own).delete()[0],
    }  # fmt: skip
    with login("web"):
        for actor in (scene.bank, GUEST):
            with acting(actor):
                assert {name: denied(attempt) for name, attempt in attempts.items()} == dict.fromkeys(attempts, True)
    assert set(Entry.objects.values_list("name", flat=True)) == {"炉", "域外の炉", "引張試験"}
    assert not Window.objects.exists()


def test_the_owner_may_and_the_desk_may_what_is_nobodys(scene: World, login: Login) -> None:
    with login("web"):
        with acting(scene.lab):
            made = make_entry(EntryRow(id="", kind="equipment", name="秤", body=LAB), by=scene.lab)
        with acting(scene.desk):
            own = make_entry(EntryRow(id="", kind="outside", name="大きな炉", owner_name="となりの県"), by=scene.desk)
            run = CatalogueRun.objects.visible_to(scene.desk).get(body=CENTER)
        for actor, pk, may in ((scene.lab, made.pk, True), (scene.desk, made.pk, False), (scene.desk, own.pk, True), (scene.lab, own.pk, False), (scene.actor(BANK), own.pk, False)):
            with acting(actor):

                def touched(pk: str = pk) -> int:
                    with keeping("screen"):
                        return Entry.objects.filter(pk=pk).update(last_checked=dt.date(2026, 1, 1))

                assert denied(touched) is not may
        with acting(scene.actor(DESK)):
            assert denied(lambda: CatalogueRun.objects.filter(pk=run.pk).update(undone_at=clock.now()))
