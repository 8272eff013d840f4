"""Who is away and who stands in: entered, refused, ended; chains resolve and circles cannot arise."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.models import Absence, AbsenceNote, Membership
from renkei.accounts.queries import away_in, standing_in
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from tests.cases.making import NOON, events, fresh, refuses
from tests.cases.moving import acts, join
from tests.world import DESK, LAB, World

DAY = dt.date(2026, 12, 1)
LATER = dt.date(2026, 12, 4)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def away(who: Membership, by: Any = None, since: dt.date = DAY, until: dt.date = LATER, **more: Any) -> Absence:
    return enter_absence(who, since=since, until=until, by=by or acts(who), **more)


def test_a_person_enters_an_absence_with_a_substitute(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    made = away(sato, substitute=ito.person_id, note="通院")
    assert (made.person_id, made.since, made.until, made.substitute_id) == (sato.person_id, DAY, LATER, ito.person_id)
    assert events("absence.enter") == 1
    assert AbsenceNote.objects.get().text == "通院"
    for day, who in ((DAY - dt.timedelta(days=1), sato), (DAY, ito), (LATER, ito), (LATER + dt.timedelta(days=1), sato)):
        assert standing_in(sato.person, DESK, day) == who.person
    assert set(away_in(DESK, DAY)) == {sato.person_id}
    assert away_in(LAB, DAY) == {}


def test_only_the_person_or_an_administrator_enters_one(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito")
    for stranger in (acts(ito), world.lab):
        with refuses("not_allowed"):
            away(sato, by=stranger)
    assert away(sato, by=world.desk, note="管理者は書けない").made_by_id == world.people[DESK].pk
    assert AbsenceNote.objects.count() == 0
    with refuses("not_allowed"):
        end_absence(Absence.objects.get(), by=acts(ito))


def test_wrong_spans_are_refused(world: World) -> None:
    sato = join(DESK, "sato")
    with refuses("until_before_since", "until"):
        away(sato, since=LATER, until=DAY)
    with refuses("past", "until"):
        away(sato, since=dt.date(2026, 11, 1), until=dt.date(2026, 11, 24))
    with refuses("too_long", "until"):
        away(sato, until=DAY + dt.timedelta(days=401))
    away(sato)
    with refuses("overlap", "since"):
        away(sato, since=LATER, until=LATER)
    away(sato, since=LATER + dt.timedelta(days=1), until=LATER + dt.timedelta(days=1))  # the next day is free
    assert Absence.objects.count() == 2


def test_the_substitute_is_a_member_all_the_time_and_there(world: World) -> None:
    sato, ito = join(DESK, "sato"), join(DESK, "ito", until=DAY)
    with refuses("same_person", "substitute"):
        away(sato, substitute=sato.person_id)
    with refuses("not_a_member", "substitute"):
        away(sato, substitute=ito.person_id)
    with refuses("not_a_member", "substitute"):
        away(sato, substitute=world.people[LAB].pk)
    mori = join(DESK, "mori")
    away(mori, since=LATER, until=LATER)
    with refuses("away_too", "substitute"):
        away(sato, substitute=mori.person_id)


def test_a_chain_resolves_and_a_circle_is_refused(world: World) -> None:
    sato, ito, mori = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "mori")
    away(sato, substitute=ito.person_id)
    with refuses("away_too", "substitute"):
        away(ito, substitute=sato.person_id)
    with refuses("is_substitute", "substitute"):
        away(ito)
    away(ito, since=LATER, substitute=mori.person_id)
    assert standing_in(sato.person, DESK, DAY) == ito.person
    assert standing_in(sato.person, DESK, LATER) == mori.person
    with refuses("away_too", "substitute"):
        away(mori, since=LATER, until=LATER, substitute=sato.person_id)


def test_nobody_stands_in_when_the_substitute_left_or_none_was_named(world: World) -> None:
    sato, ito, mori = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "mori")
    away(sato, substitute=ito.person_id)
    away(mori)
    Membership.objects.filter(pk=ito.pk).update(until=NOON.date())
    assert standing_in(sato.person, DESK, DAY) is None
    assert standing_in(mori.person, DESK, DAY) is None
    assert standing_in(ito.person, DESK, DAY) is None


def test_one_that_has_not_begun_is_called_off_and_one_that_runs_ends_yesterday(world: World, monkeypatch: Any) -> None:
    sato = join(DESK, "sato")
    first = away(sato)
    end_absence(first, by=acts(sato))
    end_absence(first, by=acts(sato))
    assert (fresh(first).cancelled_at, events("absence.end")) == (NOON, 1)
    second = away(sato)
    monkeypatch.setattr(clock, "now", lambda: clock.at(LATER, 9))
    end_absence(second, by=world.desk)
    assert (fresh(second).until, fresh(second).cancelled_at) == (LATER - dt.timedelta(days=1), None)
    assert standing_in(sato.person, DESK) == sato.person


def test_the_database_says_no_as_well(world: World) -> None:
    sato = join(DESK, "sato")
    given = {"person": sato.person, "body_id": DESK, "made_at": NOON}
    Absence.objects.create(since=DAY, until=LATER, **given)
    for name, since, until, more in (
        ("absence_no_overlap", LATER, LATER, {}), ("absence_ends_after_start", LATER, DAY, {}),
        ("absence_substitute_is_somebody_else", dt.date(2027, 1, 5), dt.date(2027, 1, 5), {"substitute": sato.person}),
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Absence.objects.create(since=since, until=until, **given, **more)
    Absence.objects.update(cancelled_at=NOON)
    Absence.objects.create(since=DAY, until=LATER, **given)


def test_the_note_is_read_by_nobody_else(committed_world: World, login: Any) -> None:
    sato = join(DESK, "sato")
    with login("web"):
        with acting(acts(sato)):
            away(sato, note="通院")
            assert [one.text for one in AbsenceNote.objects.all()] == ["通院"]
            assert list(AbsenceNote.objects.visible_to(acts(sato)).values_list("text", flat=True)) == ["通院"]
        for other in (committed_world.desk, committed_world.lab):
            with acting(other):
                assert not AbsenceNote.objects.exists()
                assert Absence.objects.count() == 1
    assert list(AbsenceNote.objects.visible_to(committed_world.desk)) == []
    assert list(AbsenceNote.objects.visible_to(SYSTEM)) == []
    with login("worker"), acting(SYSTEM):
        assert not AbsenceNote.objects.exists()
