"""What answers a consultation: beside likeness of words, what is proposed, whose it is, what an entry itself speaks of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import answering, index
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.answering import Offer, Sought, answers, first_of_each_kind, seek, served, signs_for, speaking
from renkei.matching.commands import best_entries
from renkei.matching.entries import KINDS, PER_KIND, Match, matches
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry
from renkei.matching.propose import propose
from renkei.matching.signs import SIGNALS
from tests.matching.conftest import TODAY
from tests.world import BANK, CENTER, LAB, World

Region = Callable[..., World]
TEXT = "めっきの厚さを測ってほしい。原因が分からない不良もある。"


def told(name: str, proposed: list[Offer], text: str = TEXT) -> dict[str, float]:
    """Return one sign by entry."""
    sought = seek(text, knowledge())
    values = signs_for(sought, knowledge(), proposed)[name]
    return {one.entry.id: round(float(value), 3) for one, value in zip(sought.matches, values, strict=True)}


def answered(text: str, proposed: list[Offer] | None = None) -> list[Match]:
    """Return what answers a text, for what is proposed for it or for these offers."""
    offers = proposed if proposed is not None else propose(text).supports
    return answers(seek(text, knowledge()), knowledge(), offers)


def test_signs_of_the_proposal_by_service_body_and_past_case(region: Region) -> None:
    region()
    put_entries([EntryRow(id="ZZ-SEED", kind="seed", name="めっきの不良", body=CENTER, summary="原因が分からないめっき。")], kept_by="more", by=SYSTEM)
    two = [Offer("tech-consultation", LAB, 4.0), Offer("equipment-tests", LAB, 2.0), Offer("tech-consultation", CENTER, 1.0)]
    found = {name: told(name, two) for name in ("serves", "theirs", "of_body")}
    some = ["EQ1", "PC1", "PE1", "ZZ-SEED"]
    assert {one: found["serves"][one] for one in some} == {"EQ1": 0.5, "PC1": 1.0, "PE1": 1.0, "ZZ-SEED": 1.0}
    assert {one: found["theirs"][one] for one in some} == {"EQ1": 0.5, "PC1": 1.0, "PE1": 1.0, "ZZ-SEED": 0.25}
    assert {one: found["of_body"][one] for one in some} == {"EQ1": 1.0, "PC1": 0.0, "PE1": 1.0, "ZZ-SEED": 0.25}
    none: list[Offer] = []
    assert {name: set(told(name, none).values()) for name in ("serves", "theirs", "of_body", "says_so", "cues_so")} == dict.fromkeys(
        ("serves", "theirs", "of_body", "says_so", "cues_so"), {0.0}
    )


def test_a_past_case_counts_for_the_share_of_it_that_is_proposed(region: Region) -> None:
    region()
    helped = [["tech-consultation", LAB, "done"], ["loan", BANK, "done"]]
    rows = [EntryRow(id=key, kind="example", name="めっきの話", summary="不良の原因。", facts={"supports": facts})
            for key, facts in (("C-HALF", helped), ("C-NONE", [["loan", BANK, "done"]]), ("C-EMPTY", []))]  # fmt: skip
    put_entries(rows, kept_by="more", by=SYSTEM)
    found = told("serves", [Offer("tech-consultation", LAB, 3.0)])
    assert {one: found[one] for one in ("C-HALF", "C-NONE", "C-EMPTY")} == {"C-HALF": 0.5, "C-NONE": 0.0, "C-EMPTY": 0.0}


def test_what_an_entry_speaks_of_is_read_like_a_consultation(region: Region) -> None:
    region()
    rows = [
        EntryRow(id="P-SELLS", kind="person", name="甲", body=LAB, summary="めっきの売り先を探し、営業に同行する。"),
        EntryRow(id="P-TALKS", kind="person", name="乙", body=LAB, summary="めっきの見学とセミナーを受け持つ。"),
    ]
    put_entries(rows, kept_by="more", by=SYSTEM)
    known = knowledge()
    _near, cues = speaking(list(Entry.objects.filter(id__in=["P-SELLS", "P-TALKS"]).order_by("id")), known)
    at = {code: number for number, code in enumerate(known.services)}
    assert cues[0, at["sales-adviser"]] == pytest.approx(np.log1p(3.0 + 0.62 * 1.5))  # the second cue says less
    assert cues[1, at["events"]] == pytest.approx(np.log1p(3.0 + 0.62 * 3.0))
    assert (cues[0, at["events"]], cues[1, at["sales-adviser"]]) == (0.0, 0.0)
    for service, first, second in (("sales-adviser", "P-SELLS", "P-TALKS"), ("events", "P-TALKS", "P-SELLS")):
        so = told("cues_so", [Offer(service, LAB, 3.0)])
        assert so[first] > so[second]
        listed = [one.entry.id for one in answered("めっき", [Offer(service, LAB, 3.0)])]
        assert listed.index(first) < listed.index(second)


def test_a_service_that_all_speak_of_alike_tells_nothing() -> None:
    assert answering._standing_out(np.array([[1.0, 3.0], [1.0, 1.0]])).tolist() == [[0.0, 1.0], [0.0, -1.0]]


def test_each_entry_is_of_one_kind_and_has_its_place_among_it(region: Region) -> None:
    region()
    sought = seek(TEXT, knowledge())
    entries, signs = [one.entry for one in sought.matches], signs_for(sought, knowledge(), propose(TEXT).supports)
    assert set(signs) == {*SIGNALS, "own_kind", "serves", "theirs", "of_body", "says_so", "cues_so", *(f"is_{kind}" for kind in KINDS)}
    assert {len(values) for values in signs.values()} == {len(entries)}
    for number, one in enumerate(entries):
        assert {kind for kind in KINDS if signs[f"is_{kind}"][number]} == {one.kind}
    machines = [number for number, one in enumerate(entries) if one.kind == "equipment"]
    assert len(machines) == 2
    assert sorted(round(float(signs["own_kind"][number]), 3) for number in machines) == [-1.0, 1.0]
    alone = [number for number, one in enumerate(entries) if one.kind == "example"]
    assert [float(signs["own_kind"][number]) for number in alone] == [0.0]


def test_answers_are_sorted_and_lie_between_nought_and_one(region: Region) -> None:
    region()
    listed = answered(TEXT)
    assert listed == sorted(listed, key=lambda one: (-one.score, one.entry.id))
    assert listed[0].score == 1.0
    assert all(0 < one.score <= 1 for one in listed)
    assert listed == answered(TEXT)


def test_equal_ones_stand_by_id_and_a_few_of_each_kind_are_shown(region: Region) -> None:
    region()
    rows = [EntryRow(id=f"ZZ-{n:02}", kind="seed", name="めっきの不良", body=CENTER, summary="原因が分からないめっき。") for n in range(PER_KIND + 3)]
    put_entries(rows[::-1], kept_by="more", by=SYSTEM)
    listed = [one.entry.id for one in answered(TEXT) if one.entry.id.startswith("ZZ-")]
    assert listed == [one.id for one in rows]
    shown = first_of_each_kind(answered(TEXT))
    assert [one.entry.id for one in shown if one.entry.kind == "seed"] == listed[:PER_KIND]
    assert [one for one in answered(TEXT) if one.entry.kind != "seed"] == [one for one in shown if one.entry.kind != "seed"]


def test_a_proposal_shows_its_entries_in_the_order_of_the_answers(region: Region) -> None:
    region()
    put_entries([EntryRow(id="ZZ-SEED", kind="seed", name="めっきの不良", body=CENTER, summary="原因が分からないめっき。")], kept_by="more", by=SYSTEM)
    found = propose(TEXT)
    order = {one.entry.id: one for one in answered(TEXT)}
    assert [(one.id, one.score) for one in found.answers] == [(key, one.score) for key, one in order.items()][:20]
    assert [one["id"] for one in best_entries(TEXT)] == [one.id for one in found.answers]
    shown = [[hit.id for hit in one.entries] for one in found.supports]
    assert any(len(one) > 1 for one in shown)
    for one in found.supports:
        assert [hit.score for hit in one.entries] == [order[hit.id].score for hit in one.entries]
        assert [hit.id for hit in one.entries] == [key for key in order if key in {hit.id for hit in one.entries}]


def test_what_is_found_is_what_the_ranking_finds(region: Region) -> None:
    """One search for both: votes and bodies are told from the very matches that a search gives."""
    region()
    known = knowledge()
    assert first_of_each_kind(seek(TEXT, known).matches) == matches(TEXT, known)
    assert seek("ぜんぜん。", known) == Sought([], {})


def test_a_reason_names_the_proposed_services_that_an_entry_serves(region: Region) -> None:
    region()
    known = knowledge()
    three = [Offer("tech-consultation", LAB, 4.0), Offer("equipment-tests", LAB, 2.0), Offer("loan", BANK, 1.0), Offer("tech-consultation", CENTER, 0.5)]
    found = {one.entry.id: [(why.kind, why.text) for why in served(one, known, three)] for one in answered(TEXT, three)}
    names = {code: known.services[code].name for code in ("tech-consultation", "equipment-tests")}
    assert found["EQ1"] == [("met", f"提案の支援：{names['equipment-tests']}")]
    assert found["PE1"] == found["PC1"] == [("met", f"提案の支援：{names['tech-consultation']}")]
    assert served(answered(TEXT, three)[0], known, []) == []


def test_what_no_longer_stands_never_answers(region: Region) -> None:
    region()
    ids = {one.entry.id for one in answered(TEXT)}
    assert "EQ1" in ids
    assert "PG2" not in ids  # its last call is over
    withdraw_entries(["EQ1"], kept_by="test", on=TODAY, by=SYSTEM)
    assert "EQ1" not in {one.entry.id for one in answered(TEXT)}


def test_nothing_shared_and_nothing_near_is_no_answer(region: Region) -> None:
    region()
    assert answered("ぜんぜん。") == []
    assert propose("ぜんぜん。").answers == []


def test_names_answer_while_there_is_no_index(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    region()

    def away(*_args: object, **_more: object) -> object:
        raise index._AwayError

    monkeypatch.setattr(index, "_sought", away)
    assert seek("膜厚計", knowledge()).signs == {}
    assert [(one.entry.id, one.entry.kind) for one in answered("膜厚計")] == [("EQ1", "equipment")]
    assert [one.id for one in propose("膜厚計").answers] == ["EQ1"]


def test_the_shipped_weights_know_every_sign_and_no_other(region: Region) -> None:
    region()
    signs = signs_for(seek(TEXT, knowledge()), knowledge(), propose(TEXT).supports)
    assert set(answering.published().weights) == set(signs)
    weights = answering.published().weights
    for name in ("theirs", "serves", "cues_so", "says_so", "near"):
        assert weights[name][0] > 0, name
