"""Listed needs under the real logins: what the firm's own link does to the catalogue, and who cannot write there at all (P2)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.context import acting
from renkei.cases.actions.disclosable import confirm_public, write_public
from renkei.cases.actions.listing import unlist_need
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Need
from renkei.matching.actions import keeping
from renkei.matching.models import Entry
from renkei.matching.search import search
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, fresh, need_of
from tests.cases.test_circulation import SUMMARY, TITLE
from tests.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("index_at_noon")]
Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def need(committed_world: World, login: Login) -> Need:
    """Words that the firm let stand and be found, on its own page; the worker put them in."""
    world = committed_world
    made = need_of(arrived(world).case, world)
    with web(login, world.desk):
        write_public(made, title=TITLE, summary=SUMMARY, by=world.desk)
    with web(login, firm(made.case)):
        confirm_public(made, by=firm(made.case), title=TITLE, summary=SUMMARY, listed=True)
    with login("worker"):
        assert run_clocks().listed == 1
    return fresh(made)  # type: ignore[no-any-return]  # a row as it stands


def found(by: Actor) -> list[str]:
    return [hit.id for hit in search("薄い板の反り", actor=by)]


def shown(entry: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(e)::text FROM matching_entry e WHERE id = %s", [entry])
        return {"text": cursor.fetchone()[0]}


@pytest.mark.covers("C28")
def test_the_firm_takes_it_back_alone_and_at_once(need: Need, committed_world: World, login: Login) -> None:
    entry = str(need.entry_id)
    lab = committed_world.lab
    with web(login, lab):
        assert (found(lab), Entry.objects.get(pk=entry).name) == ([entry], TITLE)
    with web(login, firm(need.case)):
        unlist_need(need, by=firm(need.case))
    with web(login, lab):
        assert found(lab) == []
        left = shown(entry)["text"]
    assert [word for word in ("反り", "板", "電源", "ミリ") if word in left] == []
    with login("worker"):
        assert run_clocks().listed == 0


def test_staff_find_it_and_nobody_else_does(need: Need, committed_world: World, login: Login) -> None:
    world = committed_world
    seen: dict[str, tuple[list[str], int]] = {}
    for name, by in (("desk", world.desk), ("lab", world.lab), ("bank", world.bank), ("guest", GUEST), ("firm", firm(need.case))):
        with web(login, by):
            seen[name] = (found(by), Entry.objects.count())
    inside = ([str(need.entry_id)], 1)
    assert seen == {"desk": inside, "lab": inside, "bank": inside, "guest": ([], 0), "firm": ([], 0)}
    with web(login, world.bank):  # and from the entry no way leads to the need
        assert not Need.objects.filter(entry=need.entry_id).exists()


def test_nobody_writes_an_entry_of_cases_but_what_a_firm_lets_be_found(need: Need, committed_world: World, login: Login) -> None:
    world, entry, day = committed_world, str(need.entry_id), clock.today()

    def insert(name: str) -> Callable[[], object]:
        row = {"id": "n-0", "kind": "need", "kept_by": "cases", "name": name, "summary": SUMMARY, "text_hash": "x"}
        return lambda: Entry.objects.create(**row, entered_at=NOON)

    changes = (insert(TITLE), insert("狐火エレクトロの反り"), lambda: Entry.objects.filter(pk=entry).update(summary="狐火エレクトロの反り"),
               lambda: Entry.objects.filter(pk=entry).update(is_public=True), lambda: Entry.objects.filter(pk=entry).update(withdrawn_on=day))  # fmt: skip
    for by, role in ((world.desk, "web"), (world.lab, "web"), (world.bank, "web"), (GUEST, "web"), (firm(need.case), "web"), (SYSTEM, "worker")):
        for keeper in ("", "screen", "cases"):
            for change in changes:
                with login(role), acting(by):
                    assert _refused(change, keeper), (by, keeper)
    assert fresh(Entry.objects.get(pk=entry)).summary == SUMMARY


def _refused(change: Callable[[], object], keeper: str) -> bool:
    try:
        with transaction.atomic(), keeping(keeper):
            return change() == 0
    except DatabaseError:
        return True
