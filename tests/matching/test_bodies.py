"""Which body for a service: each reason by itself, what weighs more than what, and the plan's order between equals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.bodies import CATALOGUE, DEFAULT, NAMED, RULE, Asked, Choice, Offices, choose
from renkei.matching.cues import Met
from renkei.matching.entries import Match
from renkei.matching.facts import Facts
from renkei.matching.models import Entry
from renkei.matching.proposal import Evidence
from renkei.matching.reading import points
from renkei.plan.models import Body
from tests.matching.making import known

BODIES: dict[str, Any] = {
    "lab": {"names": ["試験所"], "words": ["めっき", "金属", "硬度"], "near": ["north"]},
    "center": {"names": ["センター"], "words": ["基板"], "words_for": {"sales": ["展示会"]}, "near": ["south"]},
    "bank": {"names": ["ひばり銀"]},
}
RULE_AI: dict[str, Any] = {
    "services": ["tests"], "words": [["AI", "人工知能"], ["評価", "試作"]], "first": "center", "with": ["bank"], "written": "AIはセンター",
}  # fmt: skip


def choices(
    text: str = "", service: str = "tests", *, offered: tuple[str, ...] = ("lab", "center", "bank"),
    facts: Facts | None = None, loads: dict[tuple[str, str | None], int] | None = None, matches: tuple[Match, ...] = (),
    denied: tuple[str, ...] = (), shares: dict[tuple[str, str | None], int] | None = None, away: dict[str, dt.date] | None = None,
    **routing: Any,
) -> list[Choice]:  # fmt: skip
    offered_by = [Body(code=code) for code in offered]
    offices = Offices({"tests": offered_by, "sales": offered_by}, loads or {}, shares or {}, away or {})
    plan = known(cues={"bodies": BODIES}, routing=routing)
    return choose(service, Asked(text, Met(points(text)), plan, offices, matches, facts or Facts(), frozenset(denied)))


def order(*args: Any, **given: Any) -> list[str]:
    return [one.body for one in choices(*args, **given)]


def reasons(found: list[Choice]) -> dict[str, list[str]]:
    return {one.body: [evidence.text for evidence in one.evidence] for one in found}


def entry(body: str | None, score: float, words: int = 4, services: tuple[str, ...] = ("tests",)) -> Match:
    return Match(Entry(id="E", body_id=body), (), score, tuple((n, n + 1) for n in range(words)), services)


def test_without_any_reason_the_plan_s_order_stands() -> None:
    assert order() == ["lab", "center", "bank"]
    assert order(offered=("bank", "center", "lab")) == ["bank", "center", "lab"]
    assert reasons(choices()) == {"lab": [], "center": [], "bank": []}


@pytest.mark.parametrize("offered", [(), ("bank",), ("center", "bank")])
def test_only_bodies_that_offer_the_service_are_chosen(offered: tuple[str, ...]) -> None:
    text = "試験所でめっきとAIの評価を。"
    found = choices(text, offered=offered, rules=[RULE_AI], default=[{"body": "lab"}], matches=(entry("lab", 1.0),),
                    facts=Facts(contacts=frozenset({"lab"})), denied=("lab",))  # fmt: skip
    assert {one.body for one in found} == set(offered)


def test_a_service_nobody_offers_has_no_body() -> None:
    assert choices("めっき", service="loan") == []


def test_words_of_a_field_lead_to_its_body_and_are_shown() -> None:
    text = "基板の回路。"
    [first, *_others] = choices(text)
    assert (first.body, first.score, [text[a:b] for a, b in first.words]) == ("center", 1.0, ["基板"])


def test_each_further_word_of_a_field_counts_less_and_the_same_place_once() -> None:
    scores = [next(one.score for one in choices(text) if one.body == "lab") for text in ("めっき", "めっきと金属", "めっきと金属の硬度")]
    assert scores == pytest.approx([1.0, 1.75, 1.75 + 0.75**2])
    assert next(one.score for one in choices("めっき、めっき、めっき。") if one.body == "lab") == 1.0


def test_a_service_may_have_words_of_its_own() -> None:
    assert order("展示会と、めっき", service="sales")[0] == "center"
    assert order("展示会と、めっき", service="tests")[0] == "lab"


def test_a_name_in_the_text_weighs_more_than_all_words_of_fields() -> None:
    found = choices("めっきと金属の硬度。センターに聞きたい。")
    assert (found[0].body, found[0].score, reasons(found)["center"]) == ("center", NAMED, ["文に名前があります"])
    assert next(one.score for one in found if one.body == "lab") < NAMED


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("AIの評価", "center"), ("人工知能の試作", "center"), ("ＡＩの評価", "center"), ("ＡＩ搭載機の試作と評価", "center"),
        ("AIの導入", "lab"), ("装置の評価", "lab"), ("mailの評価", "lab"), ("", "lab"),
    ],
)  # fmt: skip
def test_a_rule_needs_a_word_of_each_group_in_any_width(text: str, first: str) -> None:
    assert order(text, rules=[RULE_AI])[0] == first


def test_a_rule_says_why_and_who_joins() -> None:
    found = choices("AIの評価", rules=[RULE_AI])
    assert reasons(found) == {"center": ["計画に「AIはセンター」とあります"], "bank": ["計画の決まりで一緒に加わります"], "lab": []}
    assert [one.score for one in found] == [RULE, RULE / 4, 0.0]
    unwritten = choices("AIの評価", rules=[{**RULE_AI, "written": ""}])
    assert reasons(unwritten)["center"] == ["計画の決まり"]


def test_a_rule_is_for_its_services_only() -> None:
    assert reasons(choices("AIの評価", service="sales", rules=[RULE_AI])) == {"lab": [], "center": [], "bank": []}


def test_a_rule_whose_first_body_does_not_offer_the_service_brings_nobody() -> None:
    assert reasons(choices("AIの評価", offered=("lab", "bank"), rules=[RULE_AI])) == {"lab": [], "bank": []}


def test_the_default_decides_between_equals_and_less_than_a_word_of_a_field() -> None:
    default = [{"body": "center", "written": "経営はセンター"}]
    assert order(default=default)[0] == "center"
    assert order("めっき", default=default)[0] == "lab"
    assert reasons(choices(default=[{"body": "center"}]))["center"] == ["計画が定める受け持ち"]
    assert DEFAULT < 1.0


def test_of_one_body_no_default_is_told() -> None:
    assert reasons(choices(offered=("center",), default=[{"body": "center"}])) == {"center": []}


@pytest.mark.parametrize(("score", "words", "points_"), [(1.0, 4, CATALOGUE), (1.0, 9, CATALOGUE), (1.0, 1, CATALOGUE / 4), (0.5, 4, CATALOGUE / 2), (1.0, 0, 0.0)])
def test_an_entry_speaks_for_its_body_by_its_score_and_its_shared_words(score: float, words: int, points_: float) -> None:
    found = {one.body: one.score for one in choices(matches=(entry("center", score, words),))}
    assert found == {"lab": 0.0, "center": pytest.approx(points_), "bank": 0.0}


def test_of_many_entries_the_best_speaks_and_only_for_its_own_service() -> None:
    many = (entry("center", 0.5), entry("center", 0.25), entry("lab", 1.0, services=("loan",)), entry(None, 1.0), entry("nobody", 1.0))
    assert {one.body: one.score for one in choices(matches=many)} == {"lab": 0.0, "center": CATALOGUE / 2, "bank": 0.0}


def test_the_nearer_body_comes_first_between_equals() -> None:
    found = choices(facts=Facts(municipality="999024"))
    assert (found[0].body, reasons(found)["center"]) == ("center", ["所在地に近い機関です"])
    assert order(facts=Facts(municipality="999016"))[0] == "lab"
    assert reasons(choices(facts=Facts(municipality="nowhere"))) == {"lab": [], "center": [], "bank": []}


def test_a_body_the_firm_knows_comes_first_between_equals() -> None:
    found = choices(facts=Facts(contacts=frozenset({"bank", "nobody"})))
    assert (found[0].body, reasons(found)["bank"]) == ("bank", ["前にも関わった機関です"])


@pytest.mark.covers("C67")
@pytest.mark.parametrize(
    ("loads", "first"),
    [
        ({("lab", "tests"): 1}, "center"), ({("lab", "tests"): 0}, "lab"), ({("lab", "loan"): 40}, "lab"), ({("lab", None): 40}, "lab"),
        ({("lab", "tests"): 5, ("center", "tests"): 5, ("bank", "tests"): 5}, "lab"),
        ({("lab", "tests"): 900, ("center", "tests"): 900, ("bank", "tests"): 24}, "bank"),
        ({("lab", "tests"): 25, ("center", "tests"): 900, ("bank", "tests"): 900}, "lab"),
    ],
)  # fmt: skip
def test_load_decides_between_equals_and_never_weighs_more_than_a_word(
    loads: dict[tuple[str, str | None], int], first: str
) -> None:
    assert order(loads=loads)[0] == first
    assert order("めっき", loads={**loads, ("lab", "tests"): 900})[0] == "lab"


@pytest.mark.parametrize("text", ["", "試験所でめっき。", "試験所のAIの評価"])
def test_who_is_told_to_have_said_no_comes_last_and_it_says_so(text: str) -> None:
    found = choices(text, denied=("lab", "nobody"), facts=Facts(contacts=frozenset({"lab"})))
    assert found[-1].body == "lab"
    assert found[-1].evidence[-1] == Evidence("failed", "この機関は断ったと書かれています")
    assert all(evidence.kind == "met" for one in found[:-1] for evidence in one.evidence)


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["めっき", "基板", "センターで", "試験所の", "AIの評価", "。", "🦊"]), max_size=6).map("".join),
    st.permutations(["lab", "center", "bank"]), st.permutations([entry("lab", 0.9), entry("center", 0.4), entry("bank", 0.2)]),
)  # fmt: skip
def test_scores_do_not_depend_on_the_order_of_bodies_or_entries(text: str, bodies: list[str], entries: list[Match]) -> None:
    here = choices(text, offered=tuple(bodies), matches=tuple(entries), rules=[RULE_AI])
    there = choices(text, matches=(entry("lab", 0.9), entry("center", 0.4), entry("bank", 0.2)), rules=[RULE_AI])
    assert {one.body: round(one.score, 6) for one in here} == {one.body: round(one.score, 6) for one in there}
    assert reasons(here) == reasons(there)
    assert [one.score for one in here] == sorted((one.score for one in here), reverse=True)


def test_load_that_decided_says_so_and_load_that_did_not_is_silent() -> None:
    told = "この支援で動いているものが少ない機関を先にしています（0件、次の機関は9件）"
    found = choices(loads={("lab", "tests"): 9})
    assert ([one.body for one in found], reasons(found)) == (["center", "bank", "lab"], {"center": [told], "bank": [told], "lab": []})
    assert reasons(choices("めっき", loads={("lab", "tests"): 9})) == {"lab": [], "center": [], "bank": []}
    assert reasons(choices(loads={("bank", "tests"): 9})) == {"lab": [], "center": [], "bank": []}  # the last one anyway
    mixed = choices(loads={("lab", "tests"): 9, ("center", "tests"): 3})
    assert [one.body for one in mixed] == ["bank", "center", "lab"]
    assert reasons(mixed)["center"] == ["この支援で動いているものが少ない機関を先にしています（3件、次の機関は9件）"]


@pytest.mark.covers("C67")
@pytest.mark.parametrize(
    ("shares", "first"),
    [
        ({}, "lab"),
        ({("lab", "tests"): 1}, "center"),
        ({("lab", "tests"): 1, ("center", "tests"): 1}, "bank"),
        ({("lab", "tests"): 5, ("center", "tests"): 4, ("bank", "tests"): 4}, "center"),
        ({("lab", "tests"): 500, ("center", "tests"): 400, ("bank", "tests"): 300}, "bank"),
        ({("lab", "sales"): 9}, "lab"),  # asked for something else
    ],
)
def test_between_equals_whoever_was_asked_least_comes_first(shares: dict[tuple[str, str | None], int], first: str) -> None:
    assert order(shares=shares)[0] == first
    assert order("めっき", shares={**shares, ("lab", "tests"): 900})[0] == "lab"  # a reason of the text weighs more


def test_a_share_that_decided_says_so_and_one_that_did_not_is_silent() -> None:
    told = "この1年の依頼が少ない機関を先にしています（0件、次の機関は3件）"
    assert reasons(choices(shares={("lab", "tests"): 3})) == {"center": [told], "bank": [told], "lab": []}
    assert reasons(choices("めっき", shares={("lab", "tests"): 3}))["lab"] == []


@pytest.mark.parametrize("chosen_per_text", [1, 2])
def test_no_body_starves_between_equals(chosen_per_text: int) -> None:
    """Ask the first ones of every proposal, whatever becomes of the requests: the counts never drift apart."""
    asked: dict[tuple[str, str | None], int] = {}
    for _text in range(60):
        for code in order(shares=asked)[:chosen_per_text]:
            asked[code, "tests"] = asked.get((code, "tests"), 0) + 1
        counts = [asked.get((code, "tests"), 0) for code in ("lab", "center", "bank")]
        assert max(counts) - min(counts) <= 1


def test_a_body_of_whom_everybody_is_away_lets_its_equals_pass_and_says_until_when() -> None:
    clock_day = dt.date(2026, 12, 3)
    found = choices(away={"lab": clock_day})
    assert [one.body for one in found] == ["center", "bank", "lab"]
    assert [(one.kind, one.text) for one in found[2].evidence] == [("failed", "担当者が全員不在です（12月3日（木）に戻ります）")]
    assert reasons(found)["center"] == reasons(found)["bank"] == ["担当者がいる機関を先にしています"]
    assert order("めっき", away={"lab": clock_day})[0] == "lab"  # who alone knows the work waits for its people


def test_being_away_and_having_much_in_hand_are_told_apart() -> None:
    found = reasons(choices(away={"lab": dt.date(2026, 12, 3)}, loads={("center", "tests"): 4}))
    assert found["bank"] == ["担当者がいる機関を先にしています", "この支援で動いているものが少ない機関を先にしています（0件、次の機関は4件）"]
    assert found["center"] == ["担当者がいる機関を先にしています"]
