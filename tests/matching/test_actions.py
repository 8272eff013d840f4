"""Entries are written by their keeper, once, with an audit event; the index follows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import uuid4

import pytest

from renkei.audit.models import Event
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, WindowRow, judge, put_entries, put_services, set_load, withdraw_entries
from renkei.matching.models import Entry, EntryChange, Judgment, Load, Window
from tests.world import LAB, World

pytestmark = pytest.mark.django_db
ROW = EntryRow(id="EQ1", kind="equipment", name="膜厚計", windows=(WindowRow("slot", None, dt.date(2026, 12, 1)),))


def verbs() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_entries_are_written_with_their_windows_and_one_event(world: World) -> None:
    assert put_entries([ROW], kept_by="lab", by=SYSTEM) == 1
    entry = Entry.objects.get()
    assert (entry.id, entry.kind, entry.name, entry.kept_by, entry.text_hash) == ("EQ1", "equipment", "膜厚計", "lab", ROW.digest)
    assert list(Window.objects.values_list("entry", "kind", "closes")) == [("EQ1", "slot", dt.date(2026, 12, 1))]
    assert verbs() == ["entries.put"]
    assert list(EntryChange.objects.values_list("entry", flat=True)) == ["EQ1"]


def test_twice_writes_nothing_more(world: World) -> None:
    put_entries([ROW], kept_by="lab", by=SYSTEM)
    assert put_entries([ROW], kept_by="lab", by=SYSTEM) == 0
    assert (Window.objects.count(), verbs(), EntryChange.objects.count()) == (1, ["entries.put"], 1)


def test_a_changed_entry_replaces_the_old_one_and_its_windows(world: World) -> None:
    put_entries([ROW], kept_by="lab", by=SYSTEM)
    assert put_entries([replace(ROW, name="新しい膜厚計", windows=())], kept_by="lab", by=SYSTEM) == 1
    assert (Entry.objects.get().name, Window.objects.count()) == ("新しい膜厚計", 0)


@pytest.mark.parametrize(
    ("row", "kept_by", "code"),
    [
        (replace(ROW, kind="robot"), "lab", "unknown_kind"), (replace(ROW, name=" "), "lab", "no_name"),
        (ROW, "funding", "kept_by_other"),
    ],
)  # fmt: skip
def test_what_is_refused_writes_nothing(world: World, row: EntryRow, kept_by: str, code: str) -> None:
    put_entries([ROW], kept_by="lab", by=SYSTEM)
    with pytest.raises(Refused) as refusal:
        put_entries([replace(ROW, id="EQ2"), row], kept_by=kept_by, by=SYSTEM)
    assert refusal.value.code == code
    assert (list(Entry.objects.values_list("pk", flat=True)), verbs()) == (["EQ1"], ["entries.put"])


def test_withdrawn_entries_stay_readable_and_leave_the_search(world: World) -> None:
    put_entries([ROW], kept_by="lab", by=SYSTEM)
    day = dt.date(2026, 11, 25)
    assert withdraw_entries(["EQ1", "none"], kept_by="lab", on=day, by=SYSTEM) == 1
    assert withdraw_entries(["EQ1"], kept_by="lab", on=day, by=SYSTEM) == 0
    assert (Entry.objects.get().withdrawn_on, verbs()) == (day, ["entries.put", "entries.withdrawn"])


def test_only_the_keeper_withdraws(world: World) -> None:
    put_entries([ROW], kept_by="lab", by=SYSTEM)
    with pytest.raises(Refused) as refusal:
        withdraw_entries(["EQ1"], kept_by="funding", on=dt.date(2026, 11, 25), by=SYSTEM)
    assert (refusal.value.code, Entry.objects.get().withdrawn_on) == ("kept_by_other", None)


def test_the_plan_s_services_are_entries(world: World) -> None:
    assert put_services(by=SYSTEM) == 6
    assert put_services(by=SYSTEM) == 0
    assert set(Entry.objects.values_list("kind", "kept_by")) == {("service", "plan")}
    assert set(Entry.objects.values_list("service", flat=True)) == {
        "events", "rd-subsidy", "loan", "equipment-tests", "tech-consultation", "sales-adviser",
    }  # fmt: skip


def test_a_load_is_kept_once(world: World) -> None:
    set_load(LAB, open_count=3, service="tech-consultation", by=SYSTEM)
    set_load(LAB, open_count=5, service="tech-consultation", by=SYSTEM)
    assert list(Load.objects.values_list("body", "service", "open_count")) == [(LAB, "tech-consultation", 5)]
    with pytest.raises(Refused) as refusal:
        set_load(LAB, open_count=-1, by=SYSTEM)
    assert refusal.value.code == "negative"


def test_a_judgment_keeps_ids_only(world: World) -> None:
    need = uuid4()
    judge(need, by=world.lab, service="tech-consultation", body=LAB, fits=True)
    [one] = Judgment.objects.all()
    assert (one.need, one.service_id, one.body_id, one.fits, one.judged_body_id) == (need, "tech-consultation", LAB, True, LAB)
    with pytest.raises(Refused) as refusal:
        judge(need, by=GUEST, service="tech-consultation", body=LAB, fits=True)
    assert refusal.value.code == "not_staff"


def test_a_judgment_is_seen_by_its_own_body_only(
    committed_world: World, login: Callable[[str], AbstractContextManager[None]]
) -> None:
    world = committed_world
    with login("web"):
        with acting(world.lab):
            judge(uuid4(), by=world.lab, service="tech-consultation", body=LAB, fits=False)
            assert Judgment.objects.count() == 1
        with acting(world.center):
            assert Judgment.objects.count() == 0
        with acting(GUEST):
            assert Judgment.objects.count() == 0


def test_the_web_login_may_keep_entries(committed_world: World, login: Callable[[str], AbstractContextManager[None]]) -> None:
    world = committed_world
    with login("web"), acting(world.lab):
        put_entries([ROW], kept_by="lab", by=world.lab)
        assert put_entries([replace(ROW, name="別の名", windows=())], kept_by="lab", by=world.lab) == 1
        assert (Entry.objects.get().name, Window.objects.count(), EntryChange.objects.count()) == ("別の名", 0, 2)
