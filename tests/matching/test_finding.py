"""The list of entries: by words and narrowings, counted after the permission, with nothing told of what is hidden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.matching import index, shelf
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.finding import Look, Wish, alike, look, read_wish
from renkei.matching.index import Found
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.shelf import areas_of, fee_of, topics_of
from renkei.matching.showing import chips, kept_fields, labels, marked, shown
from tests.matching.conftest import CUES, TODAY
from tests.world import CENTER, LAB, World

Region = Callable[..., World]
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    shelf.forget()


def ids(found: Look) -> list[str]:
    return [one.id for one in found.lines]


def counts(found: Look, name: str) -> dict[str, int]:
    return {code: count for code, count in next(one for one in found.facets if one.name == name).counts.items() if count}


def put(*rows: EntryRow) -> None:
    put_entries(rows, kept_by="test", by=SYSTEM)


def machine(id_: str, name: str, **more: object) -> EntryRow:
    given: dict[str, object] = {"kind": "equipment", "body": LAB, "is_public": True}
    return EntryRow(id=id_, name=name, **(given | more))  # type: ignore[arg-type]  spread for the test


def test_without_words_all_that_is_not_over_by_kind_for_everybody_what_is_theirs(region: Region) -> None:
    world = region()
    assert set(ids(look(Wish(), actor=world.lab))) == {"EQ1", "EQ2", "PG1", "PE1", "EX1", "PC1"}
    for actor in (GUEST, link_holder(world.people[LAB].pk)):
        found = look(Wish(), actor=actor)
        assert set(ids(found)) == {"EQ1", "EQ2", "PG1", "EX1"}
        assert counts(found, "kind") == {"equipment": 2, "programme": 1, "outside": 1}
        assert found.over == 1


@pytest.mark.parametrize(("told", "shown"), [(5, 5), (4, 6), (0, 2)])
def test_a_list_of_words_ends_where_only_meaning_is_near(region: Region, monkeypatch: pytest.MonkeyPatch, told: int, shown: int) -> None:
    region()
    put(*(machine(f"M{n}", f"機械{n}") for n in range(7)))
    hits = [Found(f"M{n}", "equipment", 0.5, 0.4) for n in range(told)]
    near = [Found(f"M{n}", "equipment", 0.9, 0.4, is_told=False) for n in (5, 6)]
    monkeypatch.setattr(index, "find_by_kind", lambda *_args, **_more: [*near, *hits])
    found = ids(look(Wish(q="ぬぬぬ"), actor=GUEST))
    assert len(found) == shown
    assert ("M5" in found, "M6" in found) == ((told < 5,) * 2)


def test_what_is_too_weak_is_no_reason_to_leave_out_what_is_near(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()
    put(*(machine(f"M{n}", f"機械{n}") for n in range(7)))
    weak = [Found(f"M{n}", "equipment", 0.1) for n in range(6)]
    monkeypatch.setattr(index, "find_by_kind", lambda *_args, **_more: [Found("M6", "equipment", 1.0, 0.4, is_told=False), *weak])
    assert ids(look(Wish(q="ぬぬぬ"), actor=GUEST)) == ["M6"]


def test_what_is_over_is_shown_when_asked_for_and_last(region: Region) -> None:
    world = region()
    plain, both = look(Wish(q="補助金"), actor=world.lab), look(Wish(q="補助金", over="on"), actor=world.lab)
    assert "PG2" not in ids(plain)
    assert plain.over == 1
    assert ids(both)[-1] == "PG2"
    assert both.lines[-1].is_over
    assert both.over == 0


def test_a_machine_whose_slots_have_passed_is_not_over(region: Region) -> None:
    world = region()
    put(machine("EQ9", "古い空きの炉", windows=(WindowRow("slot", None, TODAY - DAY),)))
    found = look(Wish(q="古い空きの炉"), actor=world.lab)
    assert ids(found)[0] == "EQ9"
    assert not found.lines[0].has_dates


def test_withdrawn_entries_are_nowhere(region: Region) -> None:
    world = region()
    withdraw_entries(["EQ1"], kept_by="test", on=TODAY, by=SYSTEM)
    assert "EQ1" not in ids(look(Wish(over="on"), actor=world.lab)) + ids(look(Wish(q="膜厚", over="on"), actor=world.lab))


@pytest.mark.parametrize("text", ["膜厚", "マク", "まく", "膜", "引張"])
def test_two_characters_find_in_any_writing(region: Region, text: str) -> None:
    found = ids(look(Wish(q=text), actor=region().lab))
    assert found[0] == ("EQ2" if text == "引張" else "EQ1")


@pytest.mark.parametrize("text", ["'; DROP TABLE x;--", "😀", "%", "\x00", "(", "a" * 500, "膜" * 200, "AND OR NOT"])
def test_any_text_is_answered(region: Region, text: str) -> None:
    world = region()
    assert isinstance(look(read_wish({"q": text}), actor=world.lab).lines, list)


def test_counts_tell_what_each_choice_would_leave(region: Region) -> None:
    world = region()
    put(machine("EQ3", "めっき槽", body=CENTER, facts={"hourly_yen": 0}), machine("EQ4", "めっき断面研磨機", facts={"hourly_yen": 900}))
    everything = look(Wish(q="めっき"), actor=world.lab)
    here = look(Wish(q="めっき", body=CENTER), actor=world.lab)
    assert ids(here) == ["EQ3"]
    assert counts(here, "body") == counts(everything, "body")
    assert counts(here, "kind") == {"equipment": 1}
    assert counts(everything, "fee") == {"free": 1, "paid": 1}
    for name in ("kind", "body", "fee"):
        for code, count in counts(everything, name).items():
            assert len(look(Wish(q="めっき", **{name: code}), actor=world.lab).lines) == count


def test_an_area_leaves_its_own_and_what_can_be_had_anywhere(region: Region) -> None:
    world = region()
    put(machine("EQ5", "町だけの炉", facts={"eligible": {"municipalities": ["999016"]}}))
    found = look(Wish(), actor=world.lab)
    areas = counts(found, "area")
    assert areas == {"anywhere": 5, "outside": 1, "999016": 6}
    for code, count in areas.items():
        assert len(look(Wish(area=code), actor=world.lab).lines) == count


def test_what_is_told_of_an_entry_is_what_its_object_tells(region: Region) -> None:
    fields = {"tech_fields": {"metal": ["C++", "ni", "めっ."], "electronics": []}}
    world = region(cues={**CUES, "vocabularies": fields})
    put(machine("T1", "NI槽", facts={"fee_yen": 0}), machine("T2", "机", summary="c++を", facts={"eligible": {"municipalities": ["999016"]}}),
        machine("T3", "CC電子", text="めっき"), machine("T4", "電", summary="子", tech_fields=("electronics", "metal"), facts={"hourly_yen": 9}),
        EntryRow(id="T5", kind="outside", name="遠い炉"))  # fmt: skip
    told = {one.id: (one.fee, one.areas, one.topics) for one in look(Wish(), actor=world.lab).lines}
    objects = {
        one.id: (fee_of(one.facts), areas_of(one.kind, one.facts), tuple(one.tech_fields) or topics_of(f"{one.name}\n{one.summary}\n{one.text}", knowledge()))
        for one in Entry.objects.filter(pk__in=list(told))
    }
    assert told == objects
    assert [told[f"T{n}"] for n in range(1, 6)] == [
        ("free", ("anywhere",), ("metal",)), ("", ("999016",), ("metal",)), ("", ("anywhere",), ("electronics",)),
        ("paid", ("anywhere",), ("electronics", "metal")), ("", ("outside",), ()),
    ]  # fmt: skip


def test_what_has_a_day_ahead_comes_first_when_asked(region: Region) -> None:
    world = region()
    put(machine("EQ6", "膜厚を見る顕微鏡", windows=(WindowRow("slot", None, TODAY + DAY),)))
    assert ids(look(Wish(q="膜厚計"), actor=world.lab))[0] == "EQ1"
    first = look(Wish(q="膜厚計", first="on"), actor=world.lab)
    assert ids(first)[:2] == ["EQ6", "EQ1"]
    assert first.lines[0].ahead == TODAY + DAY
    assert "EQ1" not in ids(look(Wish(q="膜厚計", dates="on"), actor=world.lab))


def test_an_entry_changed_is_narrowed_by_its_new_facts(region: Region) -> None:
    world = region()
    put(machine("EQ1", "膜厚計", facts={"hourly_yen": 0}))
    assert "EQ1" in ids(look(Wish(fee="free"), actor=world.lab))
    put(machine("EQ1", "膜厚計", facts={"hourly_yen": 500}))
    assert "EQ1" not in ids(look(Wish(fee="free"), actor=world.lab))


def test_the_whole_list_is_counted_once_for_the_same_rows_and_anew_for_others(region: Region) -> None:
    world = region()
    first = look(Wish(kind="equipment"), actor=world.lab)
    assert look(Wish(kind="equipment"), actor=world.lab) is first
    assert look(Wish(kind="equipment"), actor=GUEST) is not first
    put(machine("EQ8", "新しい炉", is_public=False))
    again = look(Wish(kind="equipment"), actor=world.lab)
    assert set(ids(again)) - set(ids(first)) == {"EQ8"}
    assert "EQ8" not in ids(look(Wish(kind="equipment"), actor=GUEST))


@pytest.mark.covers("C55")
def test_hidden_entries_change_nothing_for_the_public(region: Region) -> None:
    """Neither result, order, count nor score may tell of what staff keep among themselves."""
    world = region()
    wishes = [Wish(), Wish(over="on"), *(Wish(q=text) for text in ("めっき", "膜厚", "補助金", "炉", "強度 めっき")), Wish(q="めっき", kind="equipment")]
    before = [_seen(one, GUEST) for one in wishes]
    staff_before = [_seen(one, world.lab) for one in wishes]
    hidden = [
        machine(f"HD{n}", f"めっき膜厚の炉{n}", is_public=False, summary="めっき 膜厚 補助金 強度" * (n % 5 + 1), body=CENTER,
                facts={"hourly_yen": n, "eligible": {"municipalities": ["999024"]}}, windows=(WindowRow("slot", None, TODAY + DAY),))
        for n in range(40)
    ]  # fmt: skip
    put(*hidden)
    assert [_seen(one, GUEST) for one in wishes] == before
    assert [_seen(one, world.lab) for one in wishes] != staff_before


def _seen(wish: Wish, actor: Actor) -> object:
    found = look(wish, actor=actor)
    page = shown(found, lambda one: one)
    groups = [(one.name, [(value.label, value.count) for value in one.values]) for one in page.groups]
    return ids(found), groups, found.over, page.count, [(row.entry.pk, row.when, row.fee) for row in page.rows], found.alike


def test_words_of_the_same_meaning_are_told_and_can_be_left_out() -> None:
    listed = alike("ひびが入る")
    assert set(listed) == {"ひび"}
    assert "クラック" in listed["ひび"]
    assert "クラック" not in alike("ひびが入る", ["クラック"])["ひび"]


def test_a_word_left_out_is_not_looked_for(region: Region) -> None:
    world = region()
    put(machine("EQ7", "クラック検出器"))
    assert "EQ7" in ids(look(Wish(q="ひび"), actor=world.lab))
    assert "クラック" in look(Wish(q="ひび"), actor=world.lab).alike["ひび"]
    assert "クラック" not in look(Wish(q="ひび", without=("クラック",)), actor=world.lab).alike["ひび"]  # its meaning may still find it


@pytest.mark.parametrize("name", ["kind", "body", "topic", "area", "fee", "dates"])
def test_the_addresses_of_a_narrowing_are_those_of_each_wish(name: str) -> None:
    wish = Wish(q="めっき 厚", kind="seed", body="lab", topic="t&1", area="12", fee="free", dates="on", first="dates", over="on", without=("鍍金", "膜"))
    for one in (wish, replace(wish, **{name: ""}), Wish(q="めっき"), Wish()):
        assert one.queries(name, ["", "県 &", "x"]) == [replace(one, **{name: value}).query for value in ("", "県 &", "x")]


def test_the_address_says_all_and_nothing_strange() -> None:
    wish = read_wish({"q": " 膜厚\x00 ", "kind": "equipment", "first": "on", "page": "3", "evil": "x"}, ["錆", "錆", ""])
    assert wish == Wish(q="膜厚", kind="equipment", first="on", without=("錆",))
    assert wish.query == "q=%E8%86%9C%E5%8E%9A&kind=equipment&first=on&without=%E9%8C%86"
    assert kept_fields(wish) == [("kind", "equipment"), ("without", "錆")]
    assert Wish().is_empty
    assert Wish(first="on").is_empty
    assert not Wish(kind="seed").is_empty


def test_marks_stand_where_the_words_stand() -> None:
    parts = marked("めっきの膜厚を測る", {"測る"}, "膜厚")
    assert [(one.text, one.marked) for one in parts] == [("めっきの", False), ("膜厚", True), ("を", False), ("測る", True)]
    assert "".join(one.text for one in marked("ABCからabcへ", set(), "abc")) == "ABCからabcへ"
    assert marked("", {"測る"}, "膜厚") == []


def test_chips_and_labels_speak_in_words(region: Region) -> None:
    region()
    told = chips(Wish(q="炉", kind="equipment", body=LAB, fee="free", dates="on", area="anywhere", without=("錆", "割れ")))
    assert ("言葉", "炉") in told
    assert ("種類", "機器") in told
    assert ("費用", "無料") in told
    assert ("外した言葉", "錆、割れ") in told
    assert labels("kind", ["gone"]) == {"gone": "gone"}


def test_a_page_holds_twenty_and_leads_on(region: Region) -> None:
    world = region()
    put(*(machine(f"MA{n:02}", f"旋盤{n:02}") for n in range(25)))
    found = look(Wish(q="旋盤"), actor=world.lab)
    first, second = shown(found, lambda one: f"/{one}"), shown(found, lambda one: f"/{one}", "2")
    assert (first.count, len(first.rows), len(second.rows)) == (25, 20, 5)
    assert first.rows[0].url == "/MA00"
    assert [(part.text, part.marked) for part in first.rows[0].name] == [("旋盤", True), ("00", False)]
