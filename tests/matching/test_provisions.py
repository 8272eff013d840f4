"""Who is proposed: only bodies that offer the service on the day, at the edges of their dates, and never who declined."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.commands import best_entries
from renkei.matching.facts import Facts
from renkei.matching.proposal import Candidate, Proposal
from renkei.matching.propose import next_best, propose
from renkei.plan.models import Body, Plan, Provision
from renkei.plan.queries import provisions_on
from tests.matching.conftest import CUES, ROUTING, TODAY
from tests.world import BANK, CENTER, DESK, LAB, World

Region = Callable[..., World]
FAULT = "めっきの不良の原因が分からない。"
EVERYTHING = "セミナーに出て、開発の補助金を使い、つなぎ融資を借り、強度を測ってほしい。不良の原因が分からない。売り先も探したい。"
ALL = {("events", LAB), ("events", CENTER), ("rd-subsidy", CENTER), ("loan", BANK), ("equipment-tests", LAB),
       ("tech-consultation", LAB), ("tech-consultation", CENTER), ("sales-adviser", CENTER)}  # fmt: skip
BITS = ["めっきが剥がれる。", "開発の補助金を。", "測ってほしい。", "売り先を。", "セミナー。", "つなぎ融資。", "AIの評価を。", "センターに断られた。", "県外でも。", "就業規則。", "何か支援は。", "🦊"]


def pairs(proposal: Proposal | list[Candidate]) -> list[tuple[str, str]]:
    supports = proposal.supports if isinstance(proposal, Proposal) else proposal
    return [(one.service, one.body) for one in supports]


def provision(service: str, body: str) -> Any:
    return Provision.objects.filter(service_id=service, body_id=body)


def day(month: int, number: int, year: int = 2026) -> dt.date:
    return dt.date(year, month, number)


@pytest.mark.parametrize(
    ("begins", "ends", "on", "offered"),
    [
        (None, None, day(11, 25), True),
        (day(11, 25), None, day(11, 24), False),
        (day(11, 25), None, day(11, 25), True),
        (None, day(11, 25), day(11, 25), True),
        (None, day(11, 25), day(11, 26), False),
        (day(11, 25), day(11, 25), day(11, 25), True),
        (day(4, 1), day(3, 31, 2027), day(3, 31, 2027), True),
        (day(4, 1), day(3, 31, 2027), day(4, 1, 2027), False),
        (day(4, 1), day(3, 31, 2027), day(3, 31), False),
        (day(2, 29, 2028), None, day(2, 28, 2028), False),
        (None, day(2, 29, 2028), day(2, 29, 2028), True),
        (None, day(2, 29, 2028), day(3, 1, 2028), False),
    ],
)
def test_an_offer_counts_from_its_first_day_to_its_last(
    region: Region, begins: dt.date | None, ends: dt.date | None, on: dt.date, offered: bool
) -> None:
    region()
    provision("tech-consultation", LAB).update(valid_from=begins, valid_to=ends)
    assert (("tech-consultation", LAB) in pairs(propose(FAULT, on=on))) is offered
    assert ("tech-consultation", CENTER) in pairs(propose(FAULT, on=on))


def test_today_is_the_day_when_none_is_named(region: Region) -> None:
    region()
    provision("tech-consultation", LAB).update(valid_to=TODAY)
    assert propose(FAULT) == propose(FAULT, on=TODAY)
    provision("tech-consultation", LAB).update(valid_to=TODAY - dt.timedelta(days=1))
    assert ("tech-consultation", LAB) not in pairs(propose(FAULT))


def test_a_closed_body_is_not_proposed(region: Region) -> None:
    region()
    Body.objects.filter(pk=LAB).update(closed_on=TODAY)
    assert LAB not in {body for _service, body in pairs(propose(EVERYTHING))}


def test_an_offer_of_another_plan_is_not_proposed(region: Region) -> None:
    world = region()
    other = Plan.objects.create(code="other", title="別の計画", term_from=day(4, 1, 2019), term_to=day(3, 31, 2024),
                                front_desk_id=DESK, lead_party=world.plan.lead_party)  # fmt: skip
    Provision.objects.create(plan=other, service_id="tech-consultation", body_id=BANK, source="text")
    assert ("tech-consultation", BANK) not in pairs(propose(FAULT))


def test_a_new_offer_is_proposed_at_once(region: Region) -> None:
    world = region()
    Provision.objects.create(plan=world.plan, service_id="tech-consultation", body_id=BANK, source="text")
    assert ("tech-consultation", BANK) in pairs(propose(FAULT))


def test_no_more_than_three_bodies_stand_for_a_service_the_best_first(region: Region) -> None:
    world = region()
    for body in (BANK, DESK):
        Provision.objects.create(plan=world.plan, service_id="tech-consultation", body_id=body, source="text")
    own = [one for one in propose(FAULT).supports if one.service == "tech-consultation"]
    assert [one.body for one in own] == [LAB, DESK, CENTER]
    assert [one.score for one in own] == sorted((one.score for one in own), reverse=True)
    named = [one.body for one in propose(FAULT + "ひばり銀に聞きたい。").supports if one.service == "tech-consultation"]
    assert (len(named), named[0]) == (3, BANK)


def test_without_any_offer_nothing_is_proposed_and_nobody_needed(region: Region) -> None:
    region()
    Provision.objects.update(withdrawn=True)
    found = propose(EVERYTHING)
    assert (found.supports, found.needs, found.stages, found.path, found.clashes) == ([], [], [], [], [])


@pytest.mark.parametrize("declined", [{("tech-consultation", LAB)}, {("tech-consultation", LAB), ("tech-consultation", CENTER)}, ALL])
def test_who_declined_is_left_out_for_that_service_only(region: Region, declined: set[tuple[str, str]]) -> None:
    region()
    before, after = pairs(propose(EVERYTHING)), pairs(propose(EVERYTHING, declined=frozenset(declined)))
    assert not set(after) & declined
    assert set(before) - declined <= set(after)


def test_who_is_told_to_have_declined_comes_last_and_is_not_hidden(region: Region) -> None:
    region()
    own = [one for one in propose("試験所に断られました。めっきの不良の原因が分からない。").supports if one.service == "tech-consultation"]
    assert [one.body for one in own] == [CENTER, LAB]
    assert ("failed", "この機関は断ったと書かれています") in [(one.kind, one.text) for one in own[-1].evidence]


@pytest.mark.covers("C37")
def test_outside_the_region_the_leading_body_asks_although_it_declined(region: Region) -> None:
    world = region()
    Provision.objects.create(plan=world.plan, service_id="equipment-tests", body_id=CENTER, source="text")
    text = "試験所にもセンターにも断られました。県外で成績書を出せるところを探してほしい。"
    found = propose(text)
    assert (found.kind, next(one.body for one in found.supports if one.service == "equipment-tests")) == ("outside_region", LAB)
    told = {one.body: [(why.kind, why.text) for why in one.evidence if "断った" in why.text] for one in found.supports if one.service == "equipment-tests"}
    assert list(told.items()) == [
        (LAB, [("met", "断ったと書かれていますが、域外を探すのはこの機関です")]), (CENTER, [("failed", "この機関は断ったと書かれています")]),
    ]  # fmt: skip


@pytest.mark.covers("C37")
def test_outside_the_region_who_declined_stands_last_and_says_so(region: Region) -> None:
    world = region(routing={**ROUTING, "outside_region": {"after": "in_region_declined", "lead": CENTER}})
    for body in (CENTER, BANK):
        Provision.objects.create(plan=world.plan, service_id="equipment-tests", body_id=body, source="text")
    found = propose("試験所にめっきの膜厚は測れないと断られました。県外で成績書を出せるところを探してほしい。")
    own = [one for one in found.supports if one.service == "equipment-tests"]
    assert (found.kind, [one.body for one in own]) == ("outside_region", [CENTER, BANK, LAB])
    assert [("断った" in why.text) for one in own for why in one.evidence if why.kind == "failed"] == [True]


@pytest.mark.covers("C37")
@pytest.mark.parametrize(("lead", "last"), [(LAB, set()), (CENTER, {"PE1"})])
def test_people_of_a_body_that_declined_come_last_but_the_leads(region: Region, lead: str, last: set[str]) -> None:
    region(routing={**ROUTING, "outside_region": {"after": "in_region_declined", "lead": lead}})
    text = "試験所にめっきの膜厚と金属の強度は測れないと断られました。県外で試作の炉を探してほしい。"
    assert {hit.id for hit in propose(text).answers if hit.comes_last} == last
    assert [one["id"] for one in best_entries(text)][-1] == ("PE1" if last else "PC1")
    assert not any(hit.comes_last for hit in propose("めっきの膜厚と金属の強度を測ってほしい。").answers)


def test_the_next_best_follows_each_no_until_nobody_is_left(region: Region) -> None:
    region()
    declined: set[tuple[str, str]] = set()
    asked = []
    while found := next_best(FAULT, "tech-consultation", declined=frozenset(declined)):
        asked.append(pairs(found)[0])
        declined.add(asked[-1])
    assert asked[:2] == [("tech-consultation", LAB), ("tech-consultation", CENTER)]
    assert len(asked) == len(set(asked))
    assert set(asked) <= ALL
    assert {one.stage for one in propose(FAULT).supports if (one.service, one.body) in asked} == {"3"}


@pytest.mark.parametrize("service", ["no-such-service", "", "tech-consultation'; --"])
def test_the_next_best_of_an_unknown_service_is_nobody(region: Region, service: str) -> None:
    region()
    assert next_best(FAULT, service, declined=frozenset()) == []


def test_the_next_best_names_only_who_offers_today(region: Region) -> None:
    region()
    provision("events", CENTER).update(valid_to=TODAY - dt.timedelta(days=1))
    assert pairs(next_best("何も。", "events", declined=frozenset({("events", LAB)}))) == []


def test_every_proposed_body_really_offers_the_service(region: Region) -> None:
    region()

    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(BITS), min_size=1, max_size=6).map("".join), st.sets(st.sampled_from(sorted(ALL))), st.sets(st.sampled_from(sorted(ALL)), max_size=3))
    def holds(text: str, gone: set[tuple[str, str]], declined: set[tuple[str, str]]) -> None:
        Provision.objects.update(withdrawn=False)
        for service, body in gone:
            provision(service, body).update(withdrawn=True)
        found = propose(text, declined=frozenset(declined))
        offered = {(one.service_id, one.body_id) for one in provisions_on(TODAY)}
        assert set(pairs(found)) <= offered - declined
        assert len(set(pairs(found))) == len(pairs(found))
        stages = {one.service_id: one.service.stage_id for one in provisions_on(TODAY)}
        assert all(one.stage == stages[one.service] for one in found.supports)
        scores = [one.score for one in found.supports]
        assert scores == sorted(scores, reverse=True)
        assert all(score >= 0 for score in scores)
        assert sorted(pairs([one for need in found.needs for one in need.candidates])) == sorted(pairs(found))
        assert all(one.need == need.number for need in found.needs for one in need.candidates)
        assert found.stages == list(dict.fromkeys(need.stage for need in found.needs))
        assert {step.stage for step in found.path} <= {one.stage for one in found.supports}
        assert (found.kind == "outside_region") <= ("断られた" in text)

    holds()


def test_a_sentence_with_a_matching_word_never_lowers_its_service(region: Region) -> None:
    region(cues={**CUES, "services": {code: {k: v for k, v in one.items() if k != "says"} for code, one in CUES["services"].items()}})

    def best(text: str) -> float:
        return max((one.score for one in propose(text).supports if one.service == "sales-adviser"), default=0.0)

    @settings(max_examples=20)
    @given(st.lists(st.sampled_from(["めっきの不良。", "補助金を借りる。", "売り先のこと。", "営業。"]), max_size=4).map("".join))
    def holds(text: str) -> None:
        assert best(text + "営業の売り先。") >= best(text)

    holds()


def test_known_facts_change_no_body_that_no_rule_names(region: Region) -> None:
    region()
    facts = Facts(employees=20, age_years=30, municipality="999016", jsic="24", capital_yen=10_000_000)
    bare = [replace(one, evidence=[]) for one in propose(FAULT).supports]
    assert [replace(one, evidence=[]) for one in propose(FAULT, facts=facts).supports] == bare
