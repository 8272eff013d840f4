"""What almost fits: the rule it fails is named, an unknown fact is asked for, and a call that is over says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries, withdraw_entries
from renkei.matching.facts import Facts
from renkei.matching.models import CREDIT, Entry, Window
from renkei.matching.proposal import Candidate, Evidence, NearMiss, PathStep, Proposal
from renkei.matching.propose import propose
from renkei.matching.search import search
from renkei.plan.models import Provision
from tests.matching.conftest import CUES, TODAY
from tests.world import CENTER, LAB, World

Region = Callable[..., World]
GRANT = "新しい治具の開発に補助金を使いたいです。試作の見積りはあります。"
FIRM = Facts(employees=20, capital_yen=10_000_000, municipality="999016", age_years=30, jsic="24", partners=0)


@pytest.fixture
def ask(region: Region) -> Callable[..., Proposal]:
    """Put one programme with these rules or windows in place of the catalogue, and ask for a subsidy."""

    def asked(eligible: dict[str, Any] | None = None, facts: Facts | None = None, *, windows: tuple[WindowRow, ...] = (),
              on: dt.date | None = None, text: str = GRANT) -> Proposal:  # fmt: skip
        region(stages=[{"code": code, "name": f"第{code}段階"} for code in "1234x"])
        Entry.objects.all().delete()
        row = EntryRow(id="PG", kind="programme", name="試作の補助金", body=CENTER, service="rd-subsidy", summary="開発の試作を補助する。",
                       facts={"eligible": eligible or {}}, windows=windows)  # fmt: skip
        put_entries([row], kept_by="test", by=SYSTEM)
        return propose(text, facts=facts, on=on)

    return asked


def subsidy(found: Proposal) -> Candidate:
    return next(one for one in found.supports if one.service == "rd-subsidy")


def call(opens: dt.date | None, closes: dt.date | None, starts: dt.date | None = None) -> WindowRow:
    return WindowRow("call", opens, closes, starts)


@pytest.mark.parametrize(
    ("eligible", "facts", "rule", "text"),
    [
        ({"max_employees": 19}, FIRM, "employees", "従業員が19人以下であること"),
        ({"sme_only": True}, Facts(employees=400, capital_yen=400_000_000), "capital_yen", "中小企業であること"),
        ({"in_prefecture": True}, Facts(in_region=False), "municipality", "地域内に事業所があること"),
        ({"municipalities": ["999024"]}, FIRM, "municipality", "決まった市町村にあること"),
        ({"min_age_years": 31}, FIRM, "age_years", "創業から31年以上であること"),
        ({"max_age_years": 29}, FIRM, "max_age_years", "創業から29年以内であること"),
        ({"stage": [1]}, Facts(stage="2"), "stage", "開発が対象の段階にあること"),
        ({"municipalities": ["999016"]}, Facts(answers={"municipality": "東京都"}), "municipality", "決まった市町村にあること"),
        ({"jsic": ["39", "G"]}, FIRM, "jsic", "対象の業種であること"),
        ({"consortium_min": 2}, FIRM, "partner", "2者以上で組むこと"),
        ({"min_age_years": 31, "max_employees": 5, "jsic": ["39"]}, FIRM, "employees", "従業員が5人以下であること"),
    ],
)
def test_a_failed_rule_is_named_and_the_programme_is_not_shown(
    ask: Callable[..., Proposal], eligible: dict[str, Any], facts: Facts, rule: str, text: str
) -> None:
    found = ask(eligible, facts)
    miss = NearMiss("試作の補助金", "rd-subsidy", CENTER, rule, text)
    assert found.near_misses == [miss]
    assert [need.near_misses for need in found.needs if need.stage == "2"] == [[miss]]
    assert subsidy(found).entries == []
    assert subsidy(found).body == CENTER  # the body is asked all the same


@pytest.mark.parametrize(
    "eligible",
    [
        {"max_employees": 20}, {"sme_only": True}, {"in_prefecture": True}, {"municipalities": ["999024", "999016"]},
        {"min_age_years": 30}, {"jsic": ["E"]}, {"jsic": ["24"]}, {},
    ],
)  # fmt: skip
def test_a_rule_that_is_met_shows_the_programme(ask: Callable[..., Proposal], eligible: dict[str, Any]) -> None:
    found = ask(eligible, FIRM)
    assert found.near_misses == []
    assert [hit.id for hit in subsidy(found).entries] == ["PG"]
    assert [one for one in subsidy(found).evidence if one.kind in {"unknown", "failed"}] == []


@pytest.mark.parametrize(
    ("eligible", "key"),
    [
        ({"max_employees": 20}, "employees"), ({"in_prefecture": True}, "municipality"), ({"municipalities": ["1"]}, "municipality"),
        ({"min_age_years": 3}, "age_years"), ({"max_age_years": 3}, "age_years"), ({"stage": ["4"]}, "stage"), ({"jsic": ["E"]}, "jsic"), ({"consortium_min": 2}, "partner"), ({"sme_only": True}, "employees"),
    ],
)  # fmt: skip
def test_an_unknown_fact_is_asked_for_and_excludes_nobody(ask: Callable[..., Proposal], eligible: dict[str, Any], key: str) -> None:
    found = ask(eligible)
    assert [hit.id for hit in subsidy(found).entries] == ["PG"]
    assert [one.question for one in subsidy(found).evidence if one.kind == "unknown"] == [key]
    assert key in {one.key for one in found.questions}
    assert found.near_misses == []


def test_the_answer_to_the_question_settles_the_rule(ask: Callable[..., Proposal]) -> None:
    asked = ask({"max_employees": 20})
    assert "employees" in {one.key for one in asked.questions}
    fits = propose(GRANT, facts=Facts(answers={"employees": "20名"}))
    assert "employees" not in {one.key for one in fits.questions}
    assert Evidence("met", "従業員が20人以下であること") in subsidy(fits).evidence
    fails = propose(GRANT, facts=Facts(answers={"employees": "２１人"}))
    assert [one.rule for one in fails.near_misses] == ["employees"]
    assert [("PG" in {hit.id for hit in one.answers}) for one in (asked, fits, fails)] == [True, True, False]


@pytest.mark.parametrize(
    ("eligible", "key", "yes", "no"),
    [
        ({"consortium_min": 2}, "partner", "決まっている", "まだいない"),
        ({"consortium_min": 3}, "partners", "2社", "1"),
        ({"jsic": ["E"]}, "jsic", "金属製品製造業", "情報サービス業"),
        ({"in_prefecture": True}, "municipality", "ひばり市", "県外"),
        ({"max_age_years": 15}, "age_years", "15年", "16年"),
        ({"stage": [4]}, "stage", "第4段階", "第3段階"),
    ],
)
def test_each_question_is_settled_by_its_answer(
    ask: Callable[..., Proposal], eligible: dict[str, Any], key: str, yes: str, no: str
) -> None:
    known = {"partner": "決まっている"} if key == "partners" else {}
    asked = ask(eligible, Facts(answers=known))
    assert key in {one.key for one in asked.questions}
    fits = propose(GRANT, facts=Facts(answers={**known, key: yes}))
    assert [hit.id for hit in subsidy(fits).entries] == ["PG"]
    assert [one.kind for one in subsidy(fits).evidence if one.kind in {"met", "unknown"}] == ["met"]
    [miss] = propose(GRANT, facts=Facts(answers={**known, key: no})).near_misses
    assert miss.wants != ""


def test_the_stages_of_the_plan_are_offered_for_the_answer(ask: Callable[..., Proposal]) -> None:
    [question] = [one for one in ask({"stage": [4]}).questions if one.key == "stage"]
    assert question.choices == ["第1段階", "第2段階", "第3段階", "第4段階"]


def test_a_stage_the_text_speaks_of_is_met(ask: Callable[..., Proposal]) -> None:
    assert Evidence("met", "開発が対象の段階にあること") in subsidy(ask({"stage": [2]})).evidence


def test_a_partner_of_unknown_number_leaves_three_open_and_none_yet_fails_them(ask: Callable[..., Proposal]) -> None:
    found = ask({"consortium_min": 3}, Facts(answers={"partner": "決まっている"}))
    assert ([one.question for one in subsidy(found).evidence if one.kind == "unknown"], found.near_misses) == (["partners"], [])
    assert [one.rule for one in propose(GRANT, facts=Facts(answers={"partner": "まだいない"})).near_misses] == ["partner"]
    assert propose(GRANT, facts=Facts(answers={"partner": "候補がある"})).near_misses == []


def test_a_rule_read_from_the_text_counts_like_a_known_fact(ask: Callable[..., Proposal]) -> None:
    assert [one.rule for one in ask({"max_employees": 20}, text="社員1,200名。" + GRANT).near_misses] == ["employees"]


@pytest.mark.parametrize(
    ("on", "words", "is_over"),
    [
        (dt.date(2026, 12, 6), "12月7日から受付", False),
        (dt.date(2026, 12, 7), "受付中（来年1月29日まで）", False),
        (dt.date(2027, 1, 29), "受付中（1月29日まで）", False),
        (dt.date(2027, 1, 30), "", True),
    ],
)
def test_a_call_is_dated_until_its_last_day_and_a_near_miss_after(
    ask: Callable[..., Proposal], on: dt.date, words: str, is_over: bool
) -> None:
    found = ask(windows=(call(dt.date(2026, 12, 7), dt.date(2027, 1, 29)),), on=on)
    assert subsidy(found).date_words == words
    assert subsidy(found).is_ahead is words.endswith("から受付")
    assert [(one.rule, one.text) for one in found.near_misses] == ([("window", "今年の受付は終わりました")] if is_over else [])


def test_a_failed_rule_is_named_before_a_call_that_is_over(ask: Callable[..., Proposal]) -> None:
    found = ask({"max_employees": 5}, FIRM, windows=(call(None, dt.date(2026, 4, 1)),))
    assert [one.rule for one in found.near_misses] == ["employees"]


def test_a_far_call_is_a_clash_and_an_open_one_with_a_far_end_is_not(ask: Callable[..., Proposal]) -> None:
    far = ask(windows=(call(dt.date(2027, 2, 24), dt.date(2027, 5, 1)),))
    assert "受付はまだ先です" in {one.title for one in far.clashes}
    Window.objects.update(opens=TODAY)
    running = propose(GRANT)
    assert "受付はまだ先です" not in {one.title for one in running.clashes}
    assert subsidy(running).date == dt.date(2027, 5, 1)


def test_the_way_names_the_day_of_the_call(ask: Callable[..., Proposal]) -> None:
    found = ask(windows=(call(dt.date(2026, 11, 1), dt.date(2027, 3, 31)),))
    assert PathStep("2", "受付中（来年3月31日まで）", ["開発補助", "つなぎ融資"]) in found.path


def test_at_most_four_near_misses_stand_for_a_service(region: Region) -> None:
    region()
    rows = [
        EntryRow(id=f"M{n}", kind="programme", name=f"開発の補助金 第{n}号", body=CENTER, service="rd-subsidy", summary="開発の試作を補助する。",
                 facts={"eligible": {"max_employees": 5}}) for n in range(6)
    ]  # fmt: skip
    put_entries(rows, kept_by="t", by=SYSTEM)
    found = propose(GRANT, facts=FIRM)
    assert len([one for one in found.near_misses if one.service == "rd-subsidy"]) == 4
    assert all(one.rule in {"employees", "window"} for one in found.near_misses)


def test_a_withdrawn_programme_is_no_near_miss(ask: Callable[..., Proposal]) -> None:
    assert len(ask({"max_employees": 5}, FIRM).near_misses) == 1
    withdraw_entries(["PG"], kept_by="test", on=TODAY, by=SYSTEM)
    assert propose(GRANT, facts=FIRM).near_misses == []


def test_a_service_nobody_offers_has_no_near_miss(ask: Callable[..., Proposal]) -> None:
    ask({"max_employees": 5}, FIRM)
    Provision.objects.filter(service_id="rd-subsidy").update(withdrawn=True)
    assert propose(GRANT, facts=FIRM).near_misses == []


@pytest.mark.covers("C37")
def test_a_machine_outside_is_neither_shown_nor_missed_before_a_no_from_here(region: Region) -> None:
    region()
    text = "扉の耐火試験をする炉で測ってほしい。"
    here, outside = propose(text), propose("県内に炉がないと試験所に断られました。県外を探してほしい。" + text)
    assert "EX1" not in repr(asdict(here))
    assert "大型の炉" not in repr(asdict(here))
    assert "EX1" in {hit.id for hit in outside.supports[0].entries}


@pytest.mark.covers("C57")
@pytest.mark.parametrize(("level", "reminded"), [(0, False), (1, False), (2, True), (3, False)])
def test_a_course_is_reminded_of_beside_a_machine_that_needs_one_and_the_body_is_asked(
    region: Region, level: int, reminded: bool
) -> None:
    rule = {"code": "c", "before": "events", "after": "equipment-tests", "when": "qualification", "text": "講習が先。"}
    region(cues={**CUES, "states": {"qualification": ["講習を受けた"]}}, precedence=[rule])
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, summary="めっきの厚さを測る。", facts={"training_level": level})],
                kept_by="test", by=SYSTEM)  # fmt: skip
    Entry.objects.filter(id="EQ2").delete()
    text = "めっきの厚さを膜厚計で測ってほしい。"
    best = propose(text).supports[0]
    assert (best.service, best.body, best.blocked_by) == ("equipment-tests", LAB, "")
    assert (Evidence("unknown", "講習が先。") in best.evidence) is reminded
    assert Evidence("unknown", "講習が先。") not in propose("講習を受けた。" + text).supports[0].evidence


@pytest.mark.parametrize(
    ("told", "answers", "waits"),
    [
        ("", {}, ""), ("", {"award": "まだ"}, "決定のあとに頼む。"), ("", {"award": "決まった"}, ""), ("交付決定が届いた。", {}, ""),
        ("交付決定の前です。", {"award": "まだ"}, "決定のあとに頼む。"),
    ],
)  # fmt: skip
def test_the_bridge_loan_waits_when_the_firm_answers_that_nothing_is_decided(
    region: Region, told: str, answers: dict[str, str], waits: str
) -> None:
    region()
    found = propose(told + "補助金の入金まで借りることはできますか。", facts=Facts(answers=answers))
    assert next(one.blocked_by for one in found.supports if one.service == "loan") == waits


def test_what_stands_on_the_portal_of_subsidies_carries_its_credit_wherever_it_is_listed(region: Region) -> None:
    world = region()
    row = EntryRow(id="PG1", kind="programme", name="試作の補助金", body=CENTER, service="rd-subsidy", summary="開発の試作を補助する。",
                   facts={"eligible": {"max_employees": 20}}, source=CREDIT)  # fmt: skip
    put_entries([row], kept_by="test", by=SYSTEM)
    fits, fails = propose(GRANT, facts=FIRM), propose(GRANT, facts=Facts(employees=21))
    assert {hit.id: hit.credit for hit in subsidy(fits).entries}["PG1"] == CREDIT
    assert {hit.id: hit.credit for hit in fits.answers}["PG1"] == CREDIT
    assert {one.name: one.credit for one in fails.near_misses}["試作の補助金"] == CREDIT
    assert {hit.id: hit.credit for word in ("試作", "開発") for hit in search(word, actor=world.lab) if hit.id == "PG1"} == {"PG1": CREDIT}
    Entry.objects.filter(id="PG1").update(source="県の一覧")
    assert {hit.credit for hit in subsidy(propose(GRANT, facts=FIRM)).entries} == {""}
