"""Each rule of a programme against what is known: met, failed, unknown, at its edges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.eligibility import SME_HEADS, general_questions, rulings
from renkei.matching.facts import Facts
from renkei.matching.proposal import Evidence

NONE = Facts()
FULL: dict[str, Any] = {
    "sme_only": True, "max_employees": 100, "in_prefecture": True, "municipalities": ["1"], "min_age_years": 3,
    "max_age_years": 15, "jsic": ["E"], "consortium_min": 2, "stage": [2, "3"],
}  # fmt: skip
KEYS = ["employees", "employees", "municipality", "municipality", "age_years", "age_years", "jsic", "partner", "stage"]


@pytest.mark.parametrize(
    ("eligible", "facts", "is_met"),
    [
        ({"sme_only": True}, NONE, None),
        ({"sme_only": True}, Facts(employees=0), True),
        ({"sme_only": True}, Facts(employees=300), True),
        ({"sme_only": True}, Facts(employees=301), None),
        ({"sme_only": True}, Facts(capital_yen=300_000_000), True),
        ({"sme_only": True}, Facts(capital_yen=0), True),
        ({"sme_only": True}, Facts(capital_yen=300_000_001), None),
        ({"sme_only": True}, Facts(employees=301, capital_yen=300_000_000), True),
        ({"sme_only": True}, Facts(employees=300, capital_yen=300_000_001), True),
        ({"sme_only": True}, Facts(employees=301, capital_yen=300_000_001), False),
        ({"max_employees": 20}, NONE, None),
        ({"max_employees": 20}, Facts(employees=0), True),
        ({"max_employees": 20}, Facts(employees=20), True),
        ({"max_employees": 20}, Facts(employees=21), False),
        ({"max_employees": 299}, Facts(employees=300), False),
        ({"in_prefecture": True}, NONE, None),
        ({"in_prefecture": True}, Facts(in_region=True), True),
        ({"in_prefecture": True}, Facts(in_region=False), False),
        ({"municipalities": ["1"]}, NONE, None),
        ({"municipalities": ["1"]}, Facts(municipality="1"), True),
        ({"municipalities": ["2", "1"]}, Facts(municipality="1"), True),
        ({"municipalities": ["1"]}, Facts(municipality="2"), False),
        ({"municipalities": ["11"]}, Facts(municipality="1"), False),
        ({"min_age_years": 3}, Facts(age_years=3), True),
        ({"min_age_years": 3}, Facts(age_years=2), False),
        ({"min_age_years": 1}, Facts(age_years=0), False),
        ({"max_age_years": 15}, NONE, None),
        ({"max_age_years": 15}, Facts(age_years=15), True),
        ({"max_age_years": 15}, Facts(age_years=16), False),
        ({"stage": [2, "3"]}, NONE, None),
        ({"stage": [2, "3"]}, Facts(stage="2"), True),
        ({"stage": [2, "3"]}, Facts(stage="4"), False),
        ({"stage": [2, "3"]}, Facts(near_stages=frozenset({"3", "4"})), True),
        ({"stage": [2, "3"]}, Facts(near_stages=frozenset({"4", "x"})), None),
        ({"stage": [2, "3"]}, Facts(stage="4", near_stages=frozenset({"3"})), False),
        ({"municipalities": ["1"]}, Facts(in_region=False), False),
        ({"min_age_years": 3}, NONE, None),
        ({"jsic": ["E", "39"]}, NONE, None),
        ({"jsic": ["E", "39"]}, Facts(jsic=""), None),
        ({"jsic": ["E", "39"]}, Facts(jsic=" "), None),
        ({"jsic": ["E", "39"]}, Facts(jsic="24"), True),
        ({"jsic": ["E"]}, Facts(jsic="09"), True),
        ({"jsic": ["E"]}, Facts(jsic="32"), True),
        ({"jsic": ["E"]}, Facts(jsic="3299"), True),
        ({"jsic": ["E"]}, Facts(jsic="08"), False),
        ({"jsic": ["E"]}, Facts(jsic="33"), False),
        ({"jsic": ["E", "39"]}, Facts(jsic="E"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="E2499"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="e24"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="Ｅ２４"), True),
        ({"jsic": ["24"]}, Facts(jsic="２４２２"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="391"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="G391"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="I56"), False),
        ({"jsic": ["E"]}, Facts(jsic="I24"), False),
        ({"jsic": ["09"]}, Facts(jsic="24"), False),
        ({"consortium_min": 2}, NONE, None),
        ({"consortium_min": 2}, Facts(partners=0), False),
        ({"consortium_min": 2}, Facts(partners=1), True),
        ({"consortium_min": 3}, Facts(partners=1), False),
        ({"consortium_min": 3}, Facts(partners=2), True),
        ({"consortium_min": 2}, Facts(states=frozenset({"partner"})), True),
        ({"consortium_min": 3}, Facts(states=frozenset({"partner"})), None),
        ({"consortium_min": 2}, Facts(partners=0, states=frozenset({"partner"})), False),
    ],
)
def test_a_rule(eligible: dict[str, Any], facts: Facts, is_met: bool | None) -> None:
    assert [ruling.is_met for ruling in rulings(eligible, facts)] == [is_met]


@pytest.mark.parametrize(
    ("trades", "jsic", "is_met"),
    [
        (["24"], "E", None),
        (["2422"], "24", None),
        (["2422"], "E24", None),
        (["2422", "24"], "24", True),
        (["2422"], "25", False),
        (["39"], "E", False),
        (["24"], "G", False),
    ],
)
def test_a_trade_known_more_roughly_than_the_rule_asks_is_a_question_and_no_no(
    trades: list[str], jsic: str, is_met: bool | None
) -> None:
    assert [one.is_met for one in rulings({"jsic": trades}, Facts(jsic=jsic))] == [is_met]


@pytest.mark.parametrize(
    "eligible",
    [
        {},
        {"sme_only": False, "in_prefecture": False, "consortium_min": 0, "jsic": [], "max_employees": None, "municipalities": []},
        {"sme_only": None, "consortium_min": None, "min_age_years": 0, "max_age_years": None, "excludes": [], "stage": []},
        {"consortium_min": 1},
        {"max_employees": SME_HEADS},
        {"max_employees": 1_000},
    ],
)
def test_a_programme_without_rules_rules_nothing(eligible: dict[str, Any]) -> None:
    assert rulings(eligible, NONE) == []


def test_every_rule_stands_in_its_order_with_its_question() -> None:
    found = rulings(FULL, NONE)
    assert [one.key for one in found] == KEYS
    assert [one.text for one in found] == [
        "中小企業であること", "従業員が100人以下であること", "地域内に事業所があること", "決まった市町村にあること",
        "創業から3年以上であること", "創業から15年以内であること", "対象の業種であること", "2者以上で組むこと", "開発が対象の段階にあること",
    ]  # fmt: skip


def test_of_a_firm_whose_heads_are_known_the_capital_is_asked_and_not_the_heads_again() -> None:
    [ruling] = rulings({"sme_only": True}, Facts(employees=SME_HEADS + 1))
    assert (ruling.is_met, ruling.key) == (None, "capital_yen")
    assert [one.text for one in general_questions({ruling.key})] == ["資本金はいくらですか"]
    [settled] = rulings({"sme_only": True}, Facts(employees=SME_HEADS + 1, capital_yen=300_000_000))
    assert settled.is_met is True


def test_evidence_names_its_question_only_when_unknown() -> None:
    [unknown] = rulings({"in_prefecture": True}, NONE)
    [met] = rulings({"in_prefecture": True}, Facts(in_region=True))
    [failed] = rulings({"in_prefecture": True}, Facts(in_region=False))
    text = "地域内に事業所があること"
    assert [one.evidence() for one in (unknown, met, failed)] == [
        Evidence("unknown", text, "municipality"), Evidence("met", text), Evidence("failed", text),
    ]  # fmt: skip


def test_only_the_questions_needed_are_asked_in_one_order() -> None:
    assert [one.key for one in general_questions({"age_years", "jsic", "window"})] == ["age_years", "jsic"]
    assert [one.key for one in general_questions({"jsic", "age_years"})] == ["age_years", "jsic"]
    assert general_questions(set()) == []


def test_what_is_excluded_is_shown_as_not_checked_and_asks_nothing() -> None:
    [ruling] = rulings({"excludes": ["みなし大企業", "交付決定前の発注"]}, NONE)
    assert ruling.evidence() == Evidence("unknown", "次に当たらないこと：みなし大企業、交付決定前の発注")
    assert general_questions({ruling.key}) == []


def test_of_a_partner_without_a_number_the_number_is_asked() -> None:
    [ruling] = rulings({"consortium_min": 3}, Facts(states=frozenset({"partner"})))
    assert (ruling.is_met, ruling.key) == (None, "partners")
    assert len(general_questions({"partners"})) == 1


def test_the_stages_of_the_plan_are_the_choices() -> None:
    assert [one.choices for one in general_questions({"stage"}, ["資金", "販路"])] == [["資金", "販路"]]


def test_every_unknown_rule_has_a_question_of_its_own() -> None:
    keys = {one.key for one in (*rulings(FULL, NONE), *rulings({"sme_only": True}, Facts(employees=301)))}
    asked = general_questions(keys)
    assert {one.key for one in asked} == keys
    assert all(one.text and one.help for one in asked)


_facts = st.builds(
    Facts,
    employees=st.none() | st.integers(0, 500), capital_yen=st.none() | st.integers(0, 10**9),
    municipality=st.sampled_from([None, "1", "2"]), in_region=st.sampled_from([None, True, False]),
    age_years=st.none() | st.integers(0, 100), jsic=st.none() | st.text("EGI0123456789", max_size=5),
    partners=st.none() | st.integers(0, 5), stage=st.sampled_from([None, "1", "2"]), near_stages=st.frozensets(st.sampled_from("123x")),
)  # fmt: skip


@settings(max_examples=50)
@given(_facts)
def test_what_is_not_known_never_fails_a_rule(facts: Facts) -> None:
    known = {
        "employees": facts.employees is not None or facts.capital_yen is not None, "capital_yen": facts.capital_yen is not None,
        "municipality": facts.municipality is not None or facts.in_region is not None, "age_years": facts.age_years is not None,
        "max_age_years": facts.age_years is not None, "stage": facts.stage is not None or bool(facts.near_stages),
        "jsic": bool(facts.jsic), "partner": facts.partners is not None,
    }  # fmt: skip
    for ruling in rulings(FULL, facts):
        assert ruling.is_met is None or known[ruling.key]
        assert (ruling.evidence().question != "") is (ruling.is_met is None)


@settings(max_examples=40)
@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 299))
def test_a_smaller_firm_passes_wherever_a_larger_one_does(one: int, other: int, most: int) -> None:
    smaller, larger = sorted((one, other))
    for eligible in ({"max_employees": most}, {"sme_only": True}):
        passed = [rulings(eligible, Facts(employees=heads))[0].is_met is True for heads in (smaller, larger)]
        assert passed in ([True, True], [True, False], [False, False])
