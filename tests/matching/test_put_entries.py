"""Entries handed over by their keeper: the edges, what the database refuses, races, and what is written down about it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching.actions import EntryRow, WindowRow, judge, put_entries, put_services, set_load, withdraw_entries
from renkei.matching.models import Entry, EntryChange, Judgment, Load, Window
from renkei.plan.models import Service
from tests.world import CENTER, LAB, World

pytestmark = pytest.mark.django_db
Login = Callable[[str], AbstractContextManager[None]]
DAY = dt.date(2026, 11, 25)
PERSON = UUID(int=1)
ROW = EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB)
OTHER_VALUES: dict[str, Any] = {
    "id": "EQ2", "kind": "seed", "name": "別の名", "kana": "ベツ", "body": CENTER, "owner_name": "持ち主", "service": "events",
    "summary": "要約", "text": "本文", "facts": {"fee": 1}, "source": "出典", "last_checked": DAY, "is_public": True,
    "tech_fields": ["metal"], "themes": ["iot"], "url": "https://lab.example/", "source_on": DAY, "checked_by": PERSON,
    "ends_on": DAY, "windows": (WindowRow("slot", always_open=True),),
}  # fmt: skip


def names() -> dict[str, str]:
    return dict(Entry.objects.values_list("id", "name"))


def put(*rows: EntryRow, kept_by: str = "lab") -> int:
    return put_entries(rows, kept_by=kept_by, by=SYSTEM)


@pytest.mark.parametrize("field", [one.name for one in fields(EntryRow)])
def test_every_field_tells_a_changed_entry_from_an_unchanged_one(field: str) -> None:
    assert replace(ROW, **{field: OTHER_VALUES[field]}).digest != ROW.digest


def test_the_order_of_facts_tells_nothing() -> None:
    one, other = ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1})
    assert replace(ROW, facts=one).digest == replace(ROW, facts=other).digest
    assert replace(ROW, facts=one).digest != replace(ROW, facts={"a": 1, "b": [2, 1]}).digest


@pytest.mark.parametrize("field", [one.name for one in fields(EntryRow) if one.name not in {"id", "windows", "checked_by"}])
def test_every_field_is_written_and_written_over(world: World, field: str) -> None:
    put(ROW)
    column = {"body": "body_id", "service": "service_id"}.get(field, field)
    assert put(replace(ROW, **{field: OTHER_VALUES[field]})) == 1
    assert getattr(Entry.objects.get(), column) == OTHER_VALUES[field]
    assert put(ROW) == 1
    assert getattr(Entry.objects.get(), column) == getattr(ROW, field)


def test_windows_are_replaced_as_a_whole(world: World) -> None:
    first = (WindowRow("call", DAY, DAY), WindowRow("slot", None, DAY, DAY), WindowRow("course", always_open=True))
    put(replace(ROW, windows=first), replace(ROW, id="EQ2", windows=first[:1]))
    put(replace(ROW, windows=first[1:2]))
    assert list(Window.objects.order_by("entry").values_list("entry", "kind", "opens", "closes", "starts", "always_open")) == [
        ("EQ1", "slot", None, DAY, DAY, False), ("EQ2", "call", DAY, DAY, None, False),
    ]  # fmt: skip


def test_nothing_given_writes_nothing(world: World) -> None:
    assert put() == 0
    assert (Event.objects.count(), EntryChange.objects.count()) == (0, 0)


def test_the_last_row_of_an_id_given_twice_counts(world: World) -> None:
    assert put(ROW, replace(ROW, name="後の名")) == 1
    assert names() == {"EQ1": "後の名"}


def test_rows_may_come_one_by_one(world: World) -> None:
    assert put_entries((replace(ROW, id=f"E{n}") for n in range(3)), kept_by="lab", by=SYSTEM) == 3
    assert sorted(names()) == ["E0", "E1", "E2"]


def test_a_withdrawn_entry_given_again_unchanged_is_back(world: World) -> None:
    put(ROW)
    withdraw_entries(["EQ1"], kept_by="lab", on=DAY, by=SYSTEM)
    assert put(ROW) == 1
    assert Entry.objects.get().withdrawn_on is None
    assert put(ROW) == 0


def test_only_the_changed_ones_of_many_are_written_and_noted(world: World) -> None:
    rows = [replace(ROW, id=f"E{n}") for n in range(5)]
    put(*rows)
    rows[3] = replace(rows[3], name="変えた名")
    assert put(*rows) == 1
    assert list(EntryChange.objects.values_list("entry", flat=True)) == ["E0", "E1", "E2", "E3", "E4", "E3"]


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (replace(ROW, kind=""), "unknown_kind", "kind"), (replace(ROW, kind="Equipment"), "unknown_kind", "kind"),
        (replace(ROW, name=""), "no_name", "name"), (replace(ROW, name="\u3000\n\t"), "no_name", "name"),
    ],
)  # fmt: skip
def test_a_refusal_names_its_field(world: World, row: EntryRow, code: str, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        put(row)
    assert (refusal.value.code, refusal.value.field) == (code, field)


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"name": "長" * 301}, DataError), ({"kana": "ナ" * 301}, DataError), ({"id": "x" * 61}, DataError),
        ({"owner_name": "主" * 201}, DataError), ({"source": "源" * 201}, DataError), ({"name": "膜\x00厚"}, DataError),
        ({"body": "no-such-body"}, IntegrityError), ({"service": "no-such-service"}, IntegrityError),
        ({"facts": {"fee": {1, 2}}}, TypeError),
        ({"windows": (WindowRow("slot"),)}, IntegrityError), ({"windows": (WindowRow("call", DAY, DAY - dt.timedelta(1)),)}, IntegrityError),
    ],
)  # fmt: skip
def test_what_the_database_refuses_leaves_nothing_half_written(world: World, bad: dict[str, Any], error: type[Exception]) -> None:
    put(ROW)
    with pytest.raises(error), transaction.atomic():
        put(replace(ROW, name="変えた名"), replace(ROW, id="EQ2"), replace(ROW, **({"id": "EQ3"} | bad)))
        connection.check_constraints()
    assert names() == {"EQ1": "膜厚計"}
    assert (Event.objects.count(), EntryChange.objects.count(), Window.objects.count()) == (1, 1, 0)


@pytest.mark.parametrize("length", [1, 299, 300])
def test_names_up_to_the_limit_are_taken_whole(world: World, length: int) -> None:
    put(replace(ROW, name="長" * length))
    assert names() == {"EQ1": "長" * length}


@pytest.mark.parametrize("text", ["\u202e逆さ", "<script>alert(1)</script>", "🦊", "'); DROP TABLE matching_entry;--", "a\tb\nc"])
def test_hostile_text_is_kept_as_given_and_indexed_without_a_fault(world: World, index_home: object, text: str) -> None:
    put(replace(ROW, name=text, summary=text, text=text))
    assert names() == {"EQ1": text}
    assert index.rebuild() == 1


def test_the_event_names_the_keeper_and_holds_no_content(world: World) -> None:
    put(replace(ROW, name="ひみつの名", summary="ひみつの要約"))
    event = Event.objects.get()
    assert (event.verb, "ひみつ" in str(vars(event))) == ("entries.put", False)


def test_the_number_of_questions_does_not_grow_with_the_rows(world: World) -> None:
    def asked(count: int, name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            put(*[replace(ROW, id=f"E{n}", name=name, windows=(WindowRow("slot", always_open=True),)) for n in range(count)])
        return len(queries)

    put(*[replace(ROW, id=f"E{n}") for n in range(30)])
    assert asked(1, "一") == asked(30, "三十")


def test_two_keepers_of_one_new_id_do_not_overwrite_each_other(committed_world: World) -> None:
    """Whoever comes second meets the first one's row: by its keeper, or by the key."""
    together, refused = threading.Barrier(2), []

    def one(keeper: str) -> None:
        try:
            with transaction.atomic():
                together.wait(20)
                put(replace(ROW, name=keeper), kept_by=keeper)
        except (IntegrityError, Refused):
            refused.append(keeper)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(keeper,)) for keeper in ("lab", "funding")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    [kept] = Entry.objects.all()
    assert len(refused) == 1
    assert kept.kept_by == kept.name != refused[0]
    assert Event.objects.filter(verb="entries.put").count() == 1


@pytest.mark.parametrize("ids", [[], ["none"], ["none", ""]])
def test_withdrawing_nothing_writes_nothing(world: World, ids: list[str]) -> None:
    put(ROW)
    assert withdraw_entries(ids, kept_by="lab", on=DAY, by=SYSTEM) == 0
    assert Event.objects.count() == 1


def test_one_foreign_entry_among_many_keeps_all_of_them(world: World) -> None:
    put(ROW, replace(ROW, id="EQ3"))
    put(replace(ROW, id="EQ2"), kept_by="funding")
    with pytest.raises(Refused):
        withdraw_entries(["EQ1", "EQ2", "EQ3"], kept_by="lab", on=DAY, by=SYSTEM)
    assert Entry.objects.filter(withdrawn_on__isnull=True).count() == 3


def test_a_second_withdrawal_does_not_move_the_day(world: World) -> None:
    put(ROW)
    withdraw_entries(["EQ1"], kept_by="lab", on=DAY, by=SYSTEM)
    withdraw_entries(["EQ1"], kept_by="lab", on=DAY + dt.timedelta(1), by=SYSTEM)
    assert Entry.objects.get().withdrawn_on == DAY


def test_services_follow_the_plan_when_it_changes(world: World) -> None:
    put_services(by=SYSTEM)
    Service.objects.filter(pk="events").update(name="催しと見学")
    assert put_services(by=SYSTEM) == 1
    assert Entry.objects.get(pk="service:events").name == "催しと見学"


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (10_000, 10_000)])
def test_a_load_from_nought_up_is_taken(world: World, count: int, kept: int) -> None:
    assert set_load(LAB, open_count=count, by=SYSTEM).open_count == kept


def test_loads_of_a_body_a_service_and_a_person_stand_side_by_side(world: World) -> None:
    put(replace(ROW, id="PE1", kind="person"))
    for service, entry in ((None, None), ("events", None), (None, "PE1"), ("events", "PE1")):
        set_load(LAB, open_count=1, service=service, entry=entry, by=SYSTEM)
        set_load(LAB, open_count=2, service=service, entry=entry, by=SYSTEM)
    assert list(Load.objects.values_list("open_count", flat=True)) == [2, 2, 2, 2]
    with pytest.raises(IntegrityError, match="load_once"), transaction.atomic():
        Load.objects.create(body_id=LAB, open_count=3)


def test_a_load_pushed_again_says_when(world: World) -> None:
    with clock.moved_to(clock.at(DAY)):
        set_load(LAB, open_count=1, by=SYSTEM)
    with clock.moved_to(clock.at(DAY + dt.timedelta(3))):
        set_load(LAB, open_count=1, by=SYSTEM)
    assert Load.objects.get().as_of == clock.at(DAY + dt.timedelta(3))


@pytest.mark.parametrize(
    "actor",
    [
        GUEST, SYSTEM, link_holder(uuid4()), link_holder(uuid4(), LAB), Actor(ActorKind.COMPANY, person=uuid4()),
        Actor(ActorKind.STAFF, person=uuid4()), Actor(ActorKind.STAFF, body=LAB),
    ],
)  # fmt: skip
def test_nobody_but_a_member_of_staff_of_a_body_judges(world: World, actor: Actor) -> None:
    with pytest.raises(Refused) as refusal:
        judge(uuid4(), by=actor, service="events", body=LAB, fits=True)
    assert refusal.value.code == "not_staff"
    assert Judgment.objects.count() == 0


def test_the_web_login_can_neither_forge_nor_erase_a_judgment(committed_world: World, login: Login) -> None:
    world, need = committed_world, uuid4()
    with login("web"):
        with acting(world.lab):
            kept = judge(need, by=world.lab, service="events", body=LAB, fits=True)
        with pytest.raises(Exception, match="row-level security|permission denied"), acting(world.center):
            judge(need, by=world.lab, service="events", body=LAB, fits=False)
        with pytest.raises(Exception, match="permission denied"), acting(world.lab):
            Judgment.objects.filter(pk=kept.pk).delete()
        with acting(world.center):
            assert Judgment.objects.filter(pk=kept.pk).update(fits=False) == 0
        with acting(world.lab):
            assert Judgment.objects.get().fits is True


@pytest.mark.parametrize("statement", ["DELETE FROM matching_entry", "DELETE FROM matching_entrychange", "TRUNCATE matching_entry"])
def test_the_web_login_erases_no_entry_and_no_note_of_a_change(committed_world: World, login: Login, statement: str) -> None:
    put(ROW)
    with login("web"), acting(committed_world.lab), pytest.raises(Exception, match="permission denied"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert (Entry.objects.count(), EntryChange.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("table", "changes", "name"),
    [
        ("matching_entry", "name = ''", "entry_has_name"), ("matching_entry", "kind = 'robot'", "entry_kind_known"),
        ("matching_window", "closes = NULL", "window_has_end"), ("matching_window", "opens = closes + 1", "window_ends_after_start"),
        ("matching_load", "open_count = -1", "open_count"),
    ],
)  # fmt: skip
def test_the_database_itself_says_no(world: World, table: str, changes: str, name: str) -> None:
    put(replace(ROW, windows=(WindowRow("call", DAY, DAY),)))
    set_load(LAB, open_count=1, by=SYSTEM)
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {changes}")
