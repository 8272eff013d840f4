"""The search page's entries: two characters are enough, and nobody sees what is not theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.models import Entry
from renkei.matching.search import search
from tests.matching.conftest import TODAY
from tests.world import World

Region = Callable[..., World]


def ids(text: str, world: World, **limits: object) -> list[str]:
    return [hit.id for hit in search(text, actor=world.lab, **limits)]  # type: ignore[arg-type]  spread for the test


@pytest.mark.parametrize("text", ["膜厚", "まくあつ"[:0] + "マク", "膜", "めっき"])
def test_short_words_find(region: Region, text: str) -> None:
    assert "EQ1" in ids(text, region())


def test_the_name_as_typed_comes_first(region: Region) -> None:
    hits = search("引張", actor=region().lab)
    assert (hits[0].id, hits[0].kind, hits[0].score, hits[0].name, hits[0].words) == ("EQ2", "equipment", 1.0, "引張試験機", "引張")


def test_kinds_and_limit(region: Region) -> None:
    world = region()
    assert ids("めっき", world, kinds=["person"]) == ["PE1"]
    assert len(ids("めっき", world, limit=1)) == 1
    assert ids("めっき", world, kinds=["none"]) == []


@pytest.mark.parametrize("text", ["", "   ", "\x00", "%", "_", "'"])
def test_nothing_or_signs_are_harmless(region: Region, text: str) -> None:
    world = region()
    assert isinstance(ids(text, world), list)
    assert ids("", world) == []


def test_others_see_public_entries_only(region: Region) -> None:
    world = region()
    assert "PE1" in [hit.id for hit in search("めっきの剥がれ", actor=world.lab)]
    assert "PE1" in [hit.id for hit in search("小出", actor=SYSTEM)]
    for actor in (GUEST, link_holder(world.people["hibari-lab"].pk)):
        for text in ("めっきの剥がれ", "小出", "めっきの事例"):
            assert {"PE1", "PC1"} & {hit.id for hit in search(text, actor=actor)} == set()


def test_an_entry_made_private_leaves_at_once_even_from_an_old_index(region: Region) -> None:
    region()
    assert "EQ1" in [hit.id for hit in search("膜厚", actor=GUEST)]
    Entry.objects.filter(pk="EQ1").update(is_public=False)
    assert "EQ1" not in [hit.id for hit in search("膜厚", actor=GUEST)]


def test_withdrawn_entries_are_not_found(region: Region) -> None:
    world = region()
    withdraw_entries(["EQ1"], kept_by="test", on=TODAY, by=SYSTEM)
    assert "EQ1" not in ids("膜厚", world)


def test_services_are_found_too(region: Region) -> None:
    world = region()
    put_entries([EntryRow(id="service:x", kind="service", name="設備と試験", is_public=True)], kept_by="t", by=SYSTEM)
    assert "service:x" in ids("設備", world)
