"""What people add to the rows of a list: kept apart, merged when written, never lost to a reading, on record, and undone."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import IntegrityError

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching import shelf
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.actions_adding import add_facts
from renkei.matching.actions_harvest import Wish, end_harvest, read_harvest, save_harvest, take_reading
from renkei.matching.additions import ADDED, merged, own
from renkei.matching.entry_words import mark_of, row_of
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Addition, CatalogueRun, Entry, EntryChange, Harvest, Revision
from tests.world import LAB, World

pytestmark = pytest.mark.django_db
Login = Callable[[str], AbstractContextManager[None]]
TODAY = dt.date(2026, 11, 25)
COLUMNS = {"name": "名前", "summary": "説明", "decision_weeks": "決定まで", "key": "番号", "windows": "募集"}
HEAD = "番号,名前,説明,募集,決定まで"
LIST = f"{HEAD}\nP-1,設備の補助,設備を入れる費用,2026/11/1〜2026/12/18,\nP-2,開発の補助,試作の費用,2026/11/1〜2026/12/25,9\n"
WISH = Wish("となりの県の補助金", "folder", "list.csv", "programme", "となりの県", COLUMNS, {"is_public": True}, 7, is_on=True)
WEEKS: dict[str, Any] = {"decision_weeks": 8, "eligible.sme_only": True, "service": "rd-subsidy"}


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def harvest(world: World, tmp_path: Path, settings: Any) -> Harvest:
    settings.RENKEI_HARVEST_FOLDER = str(tmp_path)
    made = save_harvest(None, WISH, by=world.desk)
    read(made, LIST)
    return made


def read(harvest: Harvest, text: str) -> CatalogueRun:
    from django.conf import settings

    path = Path(settings.RENKEI_HARVEST_FOLDER) / harvest.place
    path.write_text(text, encoding="utf-8")
    os.utime(path, (clock.at(TODAY, 8).timestamp(),) * 2)
    Harvest.objects.filter(pk=harvest.pk).update(next_on=clock.today())
    run = take_reading(harvest, read_harvest(harvest), by=SYSTEM)
    assert run is not None
    return run


def machine() -> Entry:
    return Entry.objects.get(name="設備の補助")


def deeds() -> list[str]:
    return sorted(Revision.objects.filter(entry=machine()).values_list("deed", flat=True))


def test_what_is_added_stands_in_the_entry_and_outlives_each_reading(world: World, harvest: Harvest) -> None:
    add_facts(machine(), WEEKS, by=world.desk)
    told = {"decision_weeks": 8, "eligible": {"sme_only": True}, ADDED: ["decision_weeks", "eligible.sme_only", "service"]}
    assert (machine().facts, machine().service_id) == (told, "rd-subsidy")
    assert set(Addition.objects.values_list("key", "value", "added_by", "added_body", "added_at")) == {
        (key, value, world.desk.person, world.desk.body, clock.now()) for key, value in WEEKS.items()}  # fmt: skip
    hashed = machine().text_hash
    same = read(harvest, LIST)
    assert (same.counts["same"], same.counts["changed"], machine().text_hash) == (2, 0, hashed)
    changed = read(harvest, LIST.replace("設備を入れる費用", "設備と工事の費用"))
    assert (changed.counts["same"], changed.counts["changed"]) == (1, 1)
    assert (machine().summary, machine().facts, machine().service_id) == ("設備と工事の費用", told, "rd-subsidy")
    assert deeds() == ["added", "changed", "made"]
    last = Revision.objects.filter(entry=machine(), deed="changed").get()
    assert (last.before["facts"], last.after["facts"]) == ({}, {})  # of the list's own words


def test_an_unchanged_row_is_not_written_again_because_of_additions(world: World, harvest: Harvest) -> None:
    add_facts(machine(), WEEKS, by=world.desk)
    EntryChange.objects.all().delete()
    assert put_entries([own(row_of(machine()))], kept_by=machine().kept_by, by=SYSTEM) == 0
    assert EntryChange.objects.count() == 0


def test_the_lists_own_word_wins_and_what_was_added_waits(world: World, harvest: Harvest) -> None:
    add_facts(machine(), {"decision_weeks": 8, "rate": "1/2"}, by=world.desk)
    read(harvest, LIST.replace("2026/12/18,", "2026/12/18,5"))
    assert machine().facts == {"decision_weeks": 5, "rate": "1/2", ADDED: ["rate"]}
    assert read(harvest, LIST.replace("2026/12/18,", "2026/12/18,8")).counts["changed"] == 1  # the same as was added, and now the list's
    assert read(harvest, LIST.replace("2026/12/18,", "2026/12/18,8")).counts["same"] == 2
    read(harvest, LIST)
    assert machine().facts == {"decision_weeks": 8, "rate": "1/2", ADDED: ["decision_weeks", "rate"]}


def test_what_left_the_list_comes_back_with_what_was_added(world: World, harvest: Harvest) -> None:
    add_facts(machine(), WEEKS, by=world.desk)
    read(harvest, LIST.replace("P-1,設備の補助,設備を入れる費用,2026/11/1〜2026/12/18,\n", ""))
    assert machine().withdrawn_on == TODAY
    with pytest.raises(Refused) as refused:
        add_facts(machine(), {"rate": "1/2"}, by=world.desk)
    assert refused.value.code == "withdrawn"
    assert read(harvest, LIST).counts["back"] == 1
    assert (machine().withdrawn_on, machine().facts["decision_weeks"], machine().service_id) == (None, 8, "rd-subsidy")
    end_harvest(harvest, by=world.desk)
    assert machine().withdrawn_on == TODAY


@pytest.mark.parametrize("anew", [replace(WISH, name="別の名前", owner_name="となりの県庁"), replace(WISH, place="anew.csv")])
def test_a_list_that_is_named_anew_keeps_what_was_added(world: World, harvest: Harvest, anew: Wish) -> None:
    add_facts(machine(), WEEKS, by=world.desk)
    before = machine()
    end_harvest(harvest, by=world.desk)
    again = save_harvest(None, anew, by=world.desk)
    assert (again.pk, again.name, again.ended_on, again.is_on) == (harvest.pk, anew.name, None, True)
    assert read(again, LIST).counts["back"] == 2
    assert (machine().pk, machine().facts, machine().service_id, machine().withdrawn_on) == (before.pk, before.facts, "rd-subsidy", None)
    assert machine().source == anew.name


def test_another_list_and_one_still_read_are_not_taken_for_it(world: World, harvest: Harvest) -> None:
    assert save_harvest(None, WISH, by=world.desk).pk != harvest.pk  # it is still read
    end_harvest(harvest, by=world.desk)
    for other in (replace(WISH, name="別", place="other.csv"), replace(WISH, kind="event"), replace(WISH, place="other.csv", owner_name="別")):
        assert save_harvest(None, other, by=world.desk).pk != harvest.pk
    assert Harvest.objects.get(pk=harvest.pk).ended_on == TODAY


def test_it_is_taken_away_again_and_both_are_on_record(world: World, harvest: Harvest) -> None:
    add_facts(machine(), WEEKS, by=world.desk)
    add_facts(machine(), {"decision_weeks": 12}, by=world.desk)
    add_facts(machine(), dict.fromkeys(WEEKS), by=world.desk)
    assert (machine().facts, machine().service_id) == ({}, None)
    assert deeds() == ["added", "added", "made", "removed"]
    kept = Revision.objects.filter(entry=machine(), deed="removed").get()
    assert (kept.before["facts"]["decision_weeks"], kept.after["facts"], kept.done_by_id) == (12, {}, world.desk.person)
    assert Event.objects.filter(verb="entry.add").count() == 3
    assert not Addition.objects.filter(value__isnull=False).exists()


def test_what_waits_behind_the_lists_word_is_taken_away_in_words(world: World, harvest: Harvest) -> None:
    add_facts(machine(), {"decision_weeks": 8}, by=world.desk)
    read(harvest, LIST.replace("2026/12/18,", "2026/12/18,5"))
    add_facts(machine(), {"decision_weeks": None}, by=world.desk)
    assert Revision.objects.get(deed="removed").after["reason"] == "締切から決定まで：8週"
    assert machine().facts == {"decision_weeks": 5}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"training_level": 2}, "unknown_fact"), ({"name": "別の名前"}, "unknown_fact"), ({"service": "nowhere"}, "unknown_service"),
        ({"tech_fields": ["nowhere"]}, "unknown_fact"), ({}, "nothing_changed"), ({"rate": ""}, "nothing_changed"),
    ],
)  # fmt: skip
def test_refused(world: World, harvest: Harvest, values: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        add_facts(machine(), values, by=world.desk)
    assert refused.value.code == code
    assert not Addition.objects.exists()


def test_who_may_and_of_what(world: World, harvest: Harvest) -> None:
    told = Entry.objects.get(name="開発の補助")
    put_entries([EntryRow(id="own", kind="programme", name="自前", body=LAB)], kept_by="screen", by=SYSTEM)
    for entry, by, code in ((machine(), world.lab, "not_desk"), (Entry.objects.get(pk="own"), world.desk, "not_listed"), (told, world.desk, "told")):
        with pytest.raises(Refused) as refused:
            add_facts(entry, {"decision_weeks": 3}, by=by)
        assert refused.value.code == code
    seen = mark_of(machine())
    add_facts(machine(), {"rate": "1/2"}, by=world.desk, seen=seen)
    with pytest.raises(Refused) as refused:
        add_facts(machine(), {"rate": "1/3"}, by=world.desk, seen=seen)
    assert refused.value.code == "changed_meanwhile"


def test_rows_without_additions_stay_as_they_are() -> None:
    row = EntryRow(id="a", kind="programme", name="補助", facts={"jgrants_id": "x", "eligible": {"sme_only": False}}, tech_fields=["food"])
    assert merged(row, {}) is row
    assert merged(row, {"eligible.sme_only": True, "tech_fields": ["metal"]}) is row  # told already: no is something
    added = merged(row, {"eligible.min_age_years": 3, "themes": ["t"], "service": "s"})
    assert (added.facts["eligible"], added.themes, added.service) == ({"sme_only": False, "min_age_years": 3}, ["t"], "s")
    assert own(added) == row


def test_search_follows_what_is_added(world: World, harvest: Harvest) -> None:
    def line() -> shelf.Line:
        [found] = shelf.lines(knowledge(), is_staff=True, today=TODAY, ids=[machine().pk])
        return found

    assert (line().areas, line().fee) == ((shelf.ANYWHERE,), "")  # what is read out of an entry is kept by its hash
    add_facts(machine(), {"eligible.municipalities": ["990001"]}, by=world.desk)
    assert line().areas == ("990001",)


@pytest.mark.django_db(transaction=True)
def test_under_real_logins_only_the_desk_adds_and_no_reading_can(committed_world: World, login: Login) -> None:
    world = committed_world
    row = EntryRow(id="h-1", kind="programme", name="設備の補助", facts={"rate": "1/2"})
    with login("worker"), acting(SYSTEM):
        put_entries([row], kept_by="harvest:abc", by=SYSTEM)
    entry = Entry.objects.get(pk="h-1")
    with login("web"), acting(world.desk):
        add_facts(entry, {"decision_weeks": 8}, by=world.desk)
    with login("worker"), acting(SYSTEM):
        put_entries([EntryRow(id="h-1", kind="programme", name="設備と工事の補助")], kept_by="harvest:abc", by=SYSTEM)
    entry.refresh_from_db()
    assert (entry.name, entry.facts) == ("設備と工事の補助", {"decision_weeks": 8, ADDED: ["decision_weeks"]})
    for part, actor in (("web", world.lab), ("web", world.bank), ("worker", SYSTEM)):
        with login(part), acting(actor):
            assert Addition.objects.count() == 1
            assert Addition.objects.update(value=1) == 0
            with pytest.raises(ProgrammingError), transaction.atomic():
                _addition(entry, world)
    with login("web"), acting(world.desk), pytest.raises(ProgrammingError), transaction.atomic():
        Addition.objects.create(entry=entry, key="rate", value="x", added_by_id=world.lab.person, added_body_id=world.lab.body)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM matching_addition")
        assert cursor.fetchone() == (1,)


def test_only_what_a_list_brings_has_additions(world: World) -> None:
    with keeping("screen"):
        put_entries([EntryRow(id="own", kind="programme", name="自前", body=LAB)], kept_by="screen", by=SYSTEM)
    with pytest.raises(IntegrityError, match="of no list"), transaction.atomic():
        _addition(Entry.objects.get(pk="own"), world)


def _addition(entry: Entry, world: World) -> Addition:
    return Addition.objects.create(entry=entry, key="rate", value="1/3", added_by_id=world.desk.person, added_body_id=world.desk.body)
