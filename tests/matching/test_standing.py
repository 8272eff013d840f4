"""Dead entries: withdrawn, ended, over, not checked for too long. Shown as such, never proposed."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.entries import matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.standing import (
    alive,
    check_before,
    is_looked_after,
    is_proposable,
    limits,
    looked_at,
    proposable,
    standing_of,
    to_check,
)
from renkei.plan.content import CatalogueRules, PlanContent
from renkei.plan.queries import content_now
from tests.world import CONTENT, LAB, World, build_world

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
RULES = {"check_months": {"equipment": 12, "programme": 6, "event": 12}, "warn_days": 30}
LONG_AGO, NOT_LONG_AGO = TODAY - dt.timedelta(days=366), TODAY - dt.timedelta(days=364)
YESTERDAY, TOMORROW = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)


@pytest.fixture
def cared(db: None) -> Iterator[World]:
    """A region whose plan says how often entries are checked."""
    with clock.moved_to(clock.at(TODAY, 9)):
        yield build_world({**copy.deepcopy(CONTENT), "catalogue": RULES})


def one(**given: Any) -> EntryRow:
    return EntryRow(**({"id": "E1", "kind": "equipment", "name": "膜厚計", "body": LAB} | given))


def windows(*spans: tuple[int | None, int | None], **more: Any) -> tuple[WindowRow, ...]:
    day = lambda n: None if n is None else TODAY + dt.timedelta(days=n)  # noqa: E731  used twice, here
    return tuple(WindowRow("call", day(opens), day(closes), **more) for opens, closes in spans)


@pytest.mark.parametrize(
    ("row", "kept_by", "code", "is_proposed"),
    [
        (one(), "screen", "ok", True),
        (one(ends_on=TODAY), "screen", "ok", True),
        (one(ends_on=YESTERDAY), "screen", "ended", False),
        (one(last_checked=LONG_AGO), "screen", "old", False),
        (one(last_checked=NOT_LONG_AGO), "screen", "ok", True),
        (one(last_checked=LONG_AGO), "harvest:x", "old", False),
        (one(last_checked=LONG_AGO), "lab", "ok", True),
        (one(kind="seed", last_checked=LONG_AGO), "screen", "ok", True),
        (one(windows=windows((-9, -1))), "screen", "ok", True),  # a machine whose last free slot is gone is still a machine
        (one(kind="event", windows=windows((-9, -1))), "screen", "over", False),
        (one(kind="event", windows=windows((-9, -1), (None, 0))), "screen", "ok", True),
        (one(kind="need", windows=windows((None, -1))), "screen", "over", False),
        (one(kind="need"), "screen", "ok", True),
        (one(kind="programme", windows=windows((-9, -1))), "screen", "over", True),  # named as a near miss
        (one(kind="programme", windows=(WindowRow("call", always_open=True), *windows((-9, -1)))), "screen", "ok", True),
        (one(kind="programme", windows=windows((1, 9))), "screen", "later", True),
        (one(kind="programme", windows=windows((0, 9), (20, 30))), "screen", "ok", True),
        (one(kind="programme", windows=windows((-9, -1)), last_checked=LONG_AGO), "screen", "over", False),
    ],
)  # fmt: skip
def test_how_an_entry_stands(cared: World, row: EntryRow, kept_by: str, code: str, is_proposed: bool) -> None:
    put_entries([row], kept_by=kept_by, by=SYSTEM)
    entry = Entry.objects.get()
    found = standing_of(entry, entry.windows.all())
    assert found.code == code
    assert found.words
    assert found.is_dead == (code not in {"ok", "later"})
    assert alive(Entry.objects.all()).exists() == (not found.is_dead)
    assert proposable(Entry.objects.all()).exists() == is_proposed
    assert is_proposable(entry, list(entry.windows.all()), TODAY, limits(TODAY)) == is_proposed
    assert is_looked_after(entry) == (kept_by != "lab")


def test_a_withdrawn_entry_is_dead_and_says_since_when_and_why(cared: World) -> None:
    put_entries([one()], kept_by="screen", by=SYSTEM)
    withdraw_entries(["E1"], kept_by="screen", on=TODAY, by=SYSTEM, reason="壊れた")
    entry = Entry.objects.get()
    assert standing_of(entry, []).code == "withdrawn"
    assert standing_of(entry, []).words.endswith("に取り下げました。（壊れた）")
    assert [found(Entry.objects.all()).exists() for found in (alive, proposable)] == [False, False]
    assert list(Entry.objects.standing()) == []


def test_what_was_never_checked_counts_from_the_day_it_was_entered(cared: World) -> None:
    put_entries([one()], kept_by="screen", by=SYSTEM)
    for days, is_alive in ((364, True), (366, False)):
        day = TODAY + dt.timedelta(days=days)
        assert alive(Entry.objects.all(), day).exists() is is_alive
        assert standing_of(Entry.objects.get(), [], day).is_dead is not is_alive
    assert looked_at(Entry.objects.all()).get().checked_on == TODAY


def test_owners_are_told_before_it_is_too_late(cared: World) -> None:
    rows = [one(id=f"E{days}", last_checked=TODAY - dt.timedelta(days=days)) for days in (334, 336, 400)]
    gone = [one(id="over", kind="event", last_checked=LONG_AGO, windows=windows((-9, -1))), one(id="ended", last_checked=LONG_AGO, ends_on=YESTERDAY)]
    put_entries([*rows, *gone], kept_by="screen", by=SYSTEM)
    put_entries([one(id="lab", last_checked=LONG_AGO)], kept_by="lab", by=SYSTEM)
    found = to_check(looked_at(Entry.objects.all()))
    assert set(found.values_list("pk", flat=True)) == {"E336", "E400"}


def test_a_plan_that_says_nothing_lets_nothing_grow_old(world: World) -> None:
    put_entries([one(last_checked=dt.date(1990, 1, 1))], kept_by="screen", by=SYSTEM)
    assert alive(Entry.objects.all()).exists()
    assert content_now().catalogue == CatalogueRules({}, 30)
    assert check_before("equipment", TODAY) is None


def test_the_rules_are_read_from_the_plan() -> None:
    assert PlanContent({"catalogue": RULES | {"note": "試し"}}).catalogue == CatalogueRules(RULES["check_months"], 30)  # type: ignore[arg-type]  # a dictionary


def test_dead_entries_are_never_found_for_a_text(region: Callable[..., World]) -> None:
    """They stay in the index until it follows; the database decides. A programme whose call is over stays as a near miss."""
    region(catalogue=RULES)
    text = "めっきの厚さを測る装置を借りたい。開発の補助金も知りたい。"
    before = {match.entry.id for match in matches(text, knowledge())}
    assert {"EQ1", "PG2", "PE1"} <= before
    ends = replace(one(id="EQ1", name="膜厚計", summary="めっきの厚さを測る。"), ends_on=YESTERDAY)
    put_entries([ends], kept_by="test", by=SYSTEM)
    assert {match.entry.id for match in matches(text, knowledge())} == before - {"EQ1"}
    put_entries([replace(ends, ends_on=TODAY)], kept_by="test", by=SYSTEM)
    assert {match.entry.id for match in matches(text, knowledge())} == before
