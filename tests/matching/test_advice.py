"""What the desk should look at: questions in their order, what waits for what, clashes, and the way in time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.matching import advice
from renkei.matching.facts import Facts
from renkei.matching.proposal import Candidate, Clash, Evidence, PathStep
from tests.matching.making import DAY, candidate, known

QUESTIONS = [
    {"key": "award", "services": ["loan"], "text": "決まりましたか", "help": "あとに頼めます。", "choices": ["決まった", "申請中", "まだ"]},
    {"key": "ordered", "services": ["rd-subsidy", "loan"], "text": "発注しましたか", "choices": ["まだ", "した"]},
    {"key": "size", "services": ["tests"], "text": "何を測りますか"},
]
BRIDGE = {"code": "bridge", "before": "rd-subsidy", "after": "loan", "when": "award", "text": "決定のあとに頼む。"}
ORDER = {"code": "order", "before": "rd-subsidy", "after": "order", "when": "award", "text": "決定の前に注文しない。"}
COURSE = {"code": "course", "before": "course", "after": "tests", "when": "qualification", "text": "講習が先。"}
APPROVAL = {"code": "approval", "before": "events", "after": "sales", "when": "approval", "text": "承認が先。"}
RULES = [BRIDGE, ORDER, COURSE, APPROVAL]
ALL = {"employees", "capital_yen", "municipality", "age_years", "jsic", "partner"}
ASKED = known(cues={"questions": QUESTIONS}, precedence=RULES)


def keys(services: list[str], unknown: set[str] | None = None, facts: Facts | None = None, *, vague: bool = False) -> list[str]:
    return [one.key for one in advice.questions(ASKED, facts or Facts(), services, unknown or set(), is_vague=vague)]


def clashes(*supports: Candidate, facts: Facts | None = None, rules: list[dict[str, Any]] | None = None) -> list[Clash]:
    return advice.clashes(known(precedence=RULES if rules is None else rules), facts or Facts(), supports, DAY)


def test_only_questions_of_the_services_named_are_asked_in_the_plan_s_order() -> None:
    assert keys(["loan"]) == ["award", "ordered"]
    assert keys(["tests", "rd-subsidy"]) == ["ordered", "size"]
    assert keys(["sales"]) == keys([]) == []


def test_a_question_is_passed_on_as_the_plan_says_it() -> None:
    [first, second] = advice.questions(ASKED, Facts(), ["loan"], set(), is_vague=False)
    assert (first.text, first.help, first.choices) == ("決まりましたか", "あとに頼めます。", ["決まった", "申請中", "まだ"])
    assert (second.help, second.choices) == ("", ["まだ", "した"])


@pytest.mark.parametrize(
    "facts", [Facts(states=frozenset({"award"})), Facts(answers={"award": "まだ"}), Facts(answers={"award": ""})]
)
def test_what_is_known_or_answered_is_not_asked_again(facts: Facts) -> None:
    assert keys(["loan"], facts=facts) == ["ordered"]


def test_what_a_rule_does_not_know_is_asked_after_the_plan_s_questions() -> None:
    assert keys(["loan"], {"jsic", "employees"}) == ["award", "ordered", "employees", "jsic"]
    assert keys(["loan"], {"jsic", "employees"}, Facts(answers={"jsic": "めっき業"})) == ["award", "ordered", "employees"]
    assert keys([], {"window", "nothing"}) == []


def test_a_key_the_plan_asks_for_is_not_asked_twice() -> None:
    own = known(cues={"questions": [{"key": "partner", "services": ["loan"], "text": "組む相手は"}]})
    found = advice.questions(own, Facts(), ["loan"], {"partner"}, is_vague=False)
    assert [(one.key, one.text) for one in found] == [("partner", "組む相手は")]


@pytest.mark.covers("C30")
def test_a_vague_text_is_first_asked_for_the_wish_and_never_more_than_six() -> None:
    assert keys([], vague=True) == ["wish"]
    assert keys(["loan", "tests"], ALL, vague=True) == ["wish", "award", "ordered", "size", "employees", "capital_yen"]
    assert len(keys(["loan", "tests"], ALL)) == 6


@pytest.mark.parametrize(
    ("facts", "waits"),
    [
        (Facts(), False),
        (Facts(answers={"award": ""}), False),
        (Facts(answers={"award": "決まった"}), False),
        (Facts(answers={"award": "申請中"}), True),
        (Facts(answers={"award": "まだ"}), True),
        (Facts(answers={"award": "まだ"}, states=frozenset({"award"})), False),
        (Facts(answers={"ordered": "した"}), False),
    ],
)
def test_a_loan_waits_only_when_the_firm_says_that_nothing_is_decided(facts: Facts, waits: bool) -> None:
    assert advice.blocked("loan", ASKED, facts) == ("決定のあとに頼む。" if waits else "")


@pytest.mark.parametrize("service", ["rd-subsidy", "tests", "sales", "order-", ""])
def test_no_other_service_waits_for_the_award(service: str) -> None:
    assert advice.blocked(service, ASKED, Facts(answers={"award": "まだ", "approval": "まだ", "qualification": "ない"})) == ""


def test_without_the_question_in_the_plan_any_answer_but_none_is_a_no() -> None:
    silent = known(precedence=[BRIDGE])
    assert [advice.blocked("loan", silent, Facts(answers={"award": word})) for word in ("", "まだ")] == ["", "決定のあとに頼む。"]


@pytest.mark.covers("C57")
def test_a_course_comes_before_a_machine_that_needs_one() -> None:
    plan = known(precedence=RULES)
    assert advice.courses_first("tests", plan, Facts(), courses=True) == [Evidence("unknown", "講習が先。")]
    assert advice.courses_first("tests", plan, Facts(), courses=False) == []
    assert advice.courses_first("tests", plan, Facts(states=frozenset({"qualification"})), courses=True) == []
    assert advice.courses_first("loan", plan, Facts(), courses=True) == []
    assert advice.courses_first("tests", known(), Facts(), courses=True) == []


def test_an_order_before_the_award_clashes_with_a_subsidy() -> None:
    ordered = Facts(states=frozenset({"ordered"}))
    clash = Clash("決定より前の発注", "決定の前に注文しない。")
    assert clashes(candidate("rd-subsidy"), facts=ordered) == [clash]
    assert clashes(candidate("rd-subsidy")) == []
    assert clashes(candidate("tests"), facts=ordered) == []
    assert clashes(candidate("rd-subsidy"), facts=Facts(states=frozenset({"ordered", "award"}))) == []
    assert clashes(candidate("rd-subsidy"), facts=ordered, rules=[BRIDGE]) == []


def test_a_subsidy_and_its_bridge_loan_have_an_order_until_the_award() -> None:
    both = (candidate("rd-subsidy"), candidate("loan", "bank"))
    assert clashes(*both) == [Clash("順番があります", "決定のあとに頼む。")]
    assert clashes(*both, facts=Facts(states=frozenset({"award"}))) == []
    assert clashes(both[1]) == clashes(both[0]) == clashes() == []


@pytest.mark.parametrize(
    ("days", "is_ahead", "clash"),
    [(90, True, False), (91, True, True), (0, True, False), (91, False, False), (400, False, False)],
)
def test_a_call_that_opens_after_ninety_days_is_told_and_an_open_one_is_not(days: int, is_ahead: bool, clash: bool) -> None:
    far = candidate("rd-subsidy", date=DAY + dt.timedelta(days=days), date_words="4月1日から受付", is_ahead=is_ahead)
    assert clashes(far) == ([Clash("受付はまだ先です", "名rd-subsidy: 4月1日から受付")] if clash else [])


def test_at_most_two_far_calls_are_told() -> None:
    far = [candidate(service, date=dt.date(2027, 6, 1), date_words="6月1日から受付", is_ahead=True) for service in ("events", "sales", "tests")]
    assert [one.text.split(":")[0] for one in clashes(*far, rules=[])] == ["名events", "名sales"]


def test_the_way_follows_the_stages_of_the_plan_and_not_the_scores() -> None:
    found = advice.path(known(), [candidate("sales"), candidate("tests"), candidate("events"), candidate("course")])
    assert found == [PathStep("1", "", ["名events"]), PathStep("3", "", ["名tests", "名course"]), PathStep("4", "", ["名sales"])]
    assert advice.path(known(), []) == []


def test_a_service_of_two_bodies_is_one_step() -> None:
    assert advice.path(known(), [candidate("tests", "lab"), candidate("tests", "center")]) == [PathStep("3", "", ["名tests"])]


def test_a_step_names_the_earliest_day_and_what_has_no_day_comes_after() -> None:
    late = candidate("rd-subsidy", date=dt.date(2027, 1, 29), date_words="受付中（1月29日まで）")
    always = candidate("loan", date_words="いつでも申し込めます")
    assert [one.when for one in advice.path(known(), [always, late])] == ["受付中（1月29日まで）"]
    assert [one.when for one in advice.path(known(), [always])] == ["いつでも申し込めます"]
    assert [one.when for one in advice.path(known(), [candidate("loan")])] == [""]
