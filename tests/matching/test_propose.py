"""The proposal on a made-up region: reasons, hard rules from plan data, questions, what is never done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.models import Membership, Person
from renkei.base.actor import SYSTEM
from renkei.base.language import shown_day
from renkei.matching.actions import EntryRow, put_entries, set_load
from renkei.matching.models import Entry, Load
from renkei.matching.proposal import Candidate, Clash, Evidence, NearMiss
from renkei.matching.propose import Facts, next_best, propose
from renkei.plan.models import Provision
from tests.matching.conftest import CUES, PRECEDENCE, ROUTING, TODAY
from tests.world import BANK, CENTER, LAB, World

Region = Callable[..., World]
PLATING = "ひばり市の会社です。めっきが剥がれる不良が続き、原因が分からないので見てほしいです。"
GRANT = "新しい治具の開発に補助金を使いたいです。試作の見積りはあります。"


def pairs(found: list[Candidate]) -> list[tuple[str, str]]:
    return [(one.service, one.body) for one in found]


def words(candidate: Candidate, kind: str = "word") -> list[str]:
    return [one.text for one in candidate.evidence if one.kind == kind]


def test_a_route_names_service_body_entries_and_reasons(region: Region) -> None:
    region()
    proposal = propose(PLATING)
    best = proposal.supports[0]
    assert (proposal.kind, best.service, best.body, best.stage, best.need) == ("route", "tech-consultation", LAB, "3", 1)
    assert words(best)[:2] == ["剥がれる", "原因が分からない"]
    assert "計画に「技術は試験所」とあります" in words(best, "met")
    assert [hit.id for hit in best.entries] == ["PE1"]
    assert proposal.stages[0] == "3"
    assert proposal.field == "A"


def test_every_word_of_evidence_and_every_mark_stands_in_the_text(region: Region) -> None:
    region()
    text = "  ﾒｯｷの厚さを測ってほしい。\r\n\r\nそれから売り先も。大学とＡＩの評価も…"
    proposal = propose(text)
    assert proposal.supports
    for candidate in proposal.supports:
        for word in words(candidate):
            assert all(part in text for part in word.split("…"))
        for hit in candidate.entries:
            assert all(part in text for part in hit.words.split("、"))
    for mark in proposal.analysis.marks:
        assert 0 <= mark.start < mark.end <= len(text)
    for need in proposal.needs:
        assert all(0 <= start < end <= len(text) for start, end in need.spans)


def test_the_same_text_gives_the_same_answer(region: Region) -> None:
    region()
    assert asdict(propose(PLATING)) == asdict(propose(PLATING))


def test_nothing_is_written(region: Region) -> None:
    region()
    propose(PLATING)
    with CaptureQueriesContext(connection) as queries:
        propose(PLATING)
    assert [query["sql"] for query in queries if not query["sql"].lstrip().upper().startswith("SELECT")] == []
    assert len(queries) <= 14


def test_several_needs_are_told_apart(region: Region) -> None:
    region()
    proposal = propose("まず、めっきの厚さを測ってほしい。落ち着いたら売り先を一緒に探してほしい。")
    assert [(need.number, need.stage, need.candidates[0].service) for need in proposal.needs[:2]] == [
        (1, "3", "equipment-tests"), (2, "4", "sales-adviser"),
    ]  # fmt: skip
    assert proposal.needs[0].title == "まず、めっきの厚さを測ってほしい"
    assert [step.stage for step in proposal.path][:1] in (["1"], ["2"], ["3"])


@pytest.mark.covers("C67")
def test_between_bodies_the_field_decides(region: Region) -> None:
    region(routing={})
    assert propose("基板の不良の原因が分からない。").supports[0].body == CENTER
    assert propose("めっきの不良の原因が分からない。").supports[0].body == LAB


@pytest.mark.covers("C27")
def test_between_equals_the_plan_s_default_decides(region: Region) -> None:
    region(routing={"default": [{"kind": "technical", "body": CENTER, "written": "技術はセンター"}]})
    best = propose("不良の原因が分からない。").supports[0]
    assert (best.service, best.body, words(best, "met")) == ("tech-consultation", CENTER, ["計画に「技術はセンター」とあります"])


@pytest.mark.covers("C67")
def test_between_equals_the_load_decides(region: Region) -> None:
    region(routing={})
    text = "不良の原因が分からない。"
    assert propose(text).supports[0].body == LAB
    set_load(LAB, service="tech-consultation", open_count=40, by=SYSTEM)
    assert Load.objects.count() == 1
    assert propose(text).supports[0].body == CENTER


@pytest.mark.covers("C67")
def test_between_equals_who_was_asked_less_comes_first(region: Region) -> None:
    region(routing={})
    text = "不良の原因が分からない。"
    Entry.objects.update(withdrawn_on=TODAY)  # no machine and no person speaks for one of them
    set_load(LAB, service="tech-consultation", open_count=0, asked_count=1, by=SYSTEM)
    best = propose(text).supports[0]
    assert (best.body, words(best, "met")) == (CENTER, ["この1年の依頼が少ない機関を先にしています（0件、次の機関は1件）"])


@pytest.mark.covers("C67")
def test_between_equals_a_body_whose_people_are_all_away_comes_later(region: Region) -> None:
    world = region(routing={})
    text, person = "不良の原因が分からない。", world.people[LAB]
    mine = Membership.objects.get(person=person)
    absence = enter_absence(mine, since=TODAY, until=TODAY + dt.timedelta(days=2), by=world.lab)
    enter_absence(mine, since=TODAY + dt.timedelta(days=3), until=TODAY + dt.timedelta(days=9), by=world.lab)
    first, second = propose(text).supports[:2]
    assert (first.body, words(first, "met"), second.body) == (CENTER, ["担当者がいる機関を先にしています"], LAB)
    assert words(second, "failed") == [f"担当者が全員不在です（{shown_day(TODAY + dt.timedelta(days=3), TODAY)}に戻ります）"]
    colleague = Person.objects.create_user("two@people.example", "hibari-secret-2", name="二人目", kana="フタリメ")
    Membership.objects.create(person=colleague, body_id=LAB, role="staff", since=TODAY)
    assert propose(text).supports[0].body == LAB  # somebody is there
    Membership.objects.filter(person=colleague).update(until=TODAY - dt.timedelta(days=1), since=TODAY - dt.timedelta(days=9))
    assert propose(text).supports[0].body == CENTER
    end_absence(absence, by=world.lab)
    assert propose(text).supports[0].body == LAB


@pytest.mark.covers("C55")
def test_a_rule_of_the_plan_puts_a_body_first_and_another_beside_it(region: Region) -> None:
    region()
    text = "AIを載せた装置の試作の評価で、不良の原因が分からない。"
    found = [one for one in propose(text).supports if one.service == "tech-consultation"]
    assert [one.body for one in found] == [CENTER, LAB]
    assert "計画に「AIの評価はセンター」とあります" in words(found[0], "met")
    assert "計画の決まりで一緒に加わります" in words(found[1], "met")


def test_another_rule_in_the_plan_changes_the_answer(region: Region) -> None:
    rule = {**ROUTING["rules"][0], "first": LAB, "with": []}
    region(routing={**ROUTING, "rules": [rule]})
    text = "AIを載せた装置の試作の評価で、不良の原因が分からない。"
    assert propose(text).supports[0].body == LAB


def test_a_body_named_in_the_text_comes_first(region: Region) -> None:
    region()
    best = propose("めっきの不良の原因が分からない。センターに見てほしい。").supports[0]
    assert (best.body, "文に名前があります" in words(best, "met")) == (CENTER, True)


def test_only_provisions_of_the_day_count(region: Region) -> None:
    region()
    Provision.objects.filter(service_id="tech-consultation", body_id=LAB).update(valid_to=dt.date(2026, 11, 30))
    assert propose(PLATING, on=TODAY).supports[0].body == LAB
    assert pairs(propose(PLATING, on=dt.date(2026, 12, 1)).supports)[0] == ("tech-consultation", CENTER)


def test_what_nobody_offers_is_not_proposed(region: Region) -> None:
    region()
    Provision.objects.filter(service_id="tech-consultation").update(withdrawn=True)
    assert "tech-consultation" not in {one.service for one in propose(PLATING).supports}


def test_those_who_declined_are_left_out(region: Region) -> None:
    region()
    declined = frozenset({("tech-consultation", LAB)})
    found = pairs(propose(PLATING, declined=declined).supports)
    assert ("tech-consultation", LAB) not in found
    assert found[0] == ("tech-consultation", CENTER)


def test_the_next_best_is_another_body_then_another_service_of_the_stage(region: Region) -> None:
    region()
    found = next_best(PLATING, "tech-consultation", declined=frozenset({("tech-consultation", LAB)}))
    assert pairs(found)[0] == ("tech-consultation", CENTER)
    assert {one.stage for one in found} == {"3"}
    nobody = frozenset({("tech-consultation", LAB), ("tech-consultation", CENTER)})
    assert "tech-consultation" not in {one.service for one in next_best(PLATING, "tech-consultation", declined=nobody)}


def test_the_next_best_of_a_service_the_text_does_not_speak_of(region: Region) -> None:
    region()
    assert pairs(next_best("何も。", "events", declined=frozenset({("events", LAB)})))[0] == ("events", CENTER)


@pytest.mark.covers("C37")
@pytest.mark.parametrize(
    "text",
    [
        "試験所に大きすぎて測れないと断られました。県外で成績書を出せるところを探してほしい。",
        "県内にはどこにも設備がないそうです。成績書を出せる施設を紹介してほしい。",
        "試験所でもセンターでも、基板の成績書は出せませんとのことでした。",
    ],
)
def test_outside_the_region_only_after_a_no_here(region: Region, text: str) -> None:
    region()
    put_entries([EntryRow(id="CTR", kind="seed", name="基板の研究", body=CENTER)], kept_by="t", by=SYSTEM)
    proposal = propose(text)
    assert (proposal.kind, proposal.supports[0].service, proposal.supports[0].body) == (
        "outside_region", "equipment-tests", LAB,
    )  # fmt: skip


@pytest.mark.covers("C37")
@pytest.mark.parametrize(
    "text",
    [
        "県外の会社ですが、試験所の装置を借りることはできますか。",
        "県外の得意先に断られました。装置を借りるところを探しています。",
        "銀行に断られました。県外でも装置を借りるところはありますか。",
    ],
)
def test_without_a_no_from_here_it_stays_here(region: Region, text: str) -> None:
    region()
    assert propose(text).kind == "route"


def test_a_machine_outside_is_shown_only_then(region: Region) -> None:
    region()
    ask = "扉の耐火試験をする炉で測ってほしい。"
    here = [hit.id for one in propose(ask).supports for hit in one.entries]
    outside = propose("県内に炉がないと試験所に断られました。県外を探してほしい。" + ask).supports[0]
    assert "EX1" not in here
    assert "EX1" in [hit.id for hit in outside.entries]


def test_what_is_not_ours_names_who_helps(region: Region) -> None:
    region()
    proposal = propose("退職した人に残業代を求められ、就業規則も古いままです。")
    assert (proposal.kind, proposal.field) == ("out_of_scope", "outside")
    assert [(one.code, one.name, one.phone) for one in proposal.outside] == [("labour", "ひばり労働局", "000-000-0001")]


@pytest.mark.parametrize(("dates", "named"), [({"to": "2026-01-01"}, False), ({"from": "2030-01-01"}, False), ({"to": None}, True)])
def test_nobody_is_sent_to_what_has_ended_or_not_begun(region: Region, dates: dict[str, Any], named: bool) -> None:
    contact = {"code": "labour", "name": "ひばり労働局", "about": "雇用の助成と労務の相談", "words": ["労務"]}
    region(outside_contacts=[contact | dates])
    proposal = propose("退職した人に残業代を求められ、就業規則も古いままです。")
    assert (proposal.kind, [one.code for one in proposal.outside]) == ("out_of_scope", ["labour"] if named else [])


@pytest.mark.covers("C30")
@pytest.mark.parametrize("text", ["", "   \n", "何かいい支援はありますか。", "また今度ゆっくり話します。"])
def test_a_vague_text_is_answered_with_questions(region: Region, text: str) -> None:
    region()
    proposal = propose(text)
    assert proposal.kind == "clarify"
    assert proposal.questions[0].key == "wish"


@pytest.mark.covers("C30")
def test_plain_words_lead_to_technical_entries(region: Region) -> None:
    region()
    put_entries([EntryRow(id="RUST", kind="seed", name="腐食の抑制", body=LAB)], kept_by="t", by=SYSTEM)
    found = propose("部品がサビて困っています。不良の原因が分からない。").supports[0]
    assert ("RUST", ["サビ → 腐食"]) in [(hit.id, [one.text for one in hit.reasons if one.kind == "alike"]) for hit in found.entries]


def test_an_unknown_fact_is_a_question_and_never_a_no(region: Region) -> None:
    region()
    proposal = propose(GRANT)
    best = proposal.supports[0]
    assert (best.service, [hit.id for hit in best.entries]) == ("rd-subsidy", ["PG1"])
    assert [one for one in best.evidence if one.kind == "unknown"][:1] == [
        Evidence("unknown", "中小企業であること", "employees"),
    ]
    assert {"employees", "municipality"} <= {one.key for one in proposal.questions}


def test_a_known_fact_meets_the_rule(region: Region) -> None:
    region()
    proposal = propose(GRANT, facts=Facts(employees=20, municipality="999016"))
    assert words(proposal.supports[0], "met")[-3:] == [
        "中小企業であること", "地域内に事業所があること",
    ] or "中小企業であること" in words(proposal.supports[0], "met")
    assert "employees" not in {one.key for one in proposal.questions}


def test_a_failed_rule_makes_a_near_miss(region: Region) -> None:
    region()
    put_entries(
        [EntryRow(id="PG3", kind="programme", name="小さな会社の開発補助金", body=CENTER, service="rd-subsidy",
                  facts={"eligible": {"max_employees": 20}})], kept_by="t", by=SYSTEM,
    )  # fmt: skip
    proposal = propose("従業員80名です。" + GRANT)
    assert NearMiss("小さな会社の開発補助金", "rd-subsidy", CENTER, "employees", "従業員が20人以下であること") in proposal.near_misses
    assert "PG3" not in [hit.id for one in proposal.supports for hit in one.entries]


def test_a_call_that_is_over_is_a_near_miss_and_one_to_come_is_dated(region: Region) -> None:
    region()
    proposal = propose(GRANT)
    assert (proposal.supports[0].date, proposal.supports[0].date_words) == (dt.date(2026, 12, 1), "12月1日から受付")
    assert [(miss.name, miss.rule, miss.text) for miss in proposal.near_misses] == [
        ("終わった開発補助金", "window", "今年の受付は終わりました"),
    ]


def test_a_loan_waits_for_the_award(region: Region) -> None:
    region()
    text = "補助金の入金まで借りることはできますか。"
    asked = propose(text)
    assert (asked.supports[0].service, asked.supports[0].body, asked.supports[0].blocked_by) == ("loan", BANK, "")
    assert asked.questions[0].key == "award"
    waiting = propose(text, facts=Facts(answers={"award": "まだ"}))
    assert waiting.supports[0].blocked_by == "決定のあとに頼む。"
    decided = propose(text, facts=Facts(answers={"award": "決まった"}))
    assert (decided.supports[0].blocked_by, [one.key for one in decided.questions if one.key == "award"]) == ("", [])
    assert propose("交付決定が届きました。" + text).supports[0].blocked_by == ""


def test_without_the_rule_in_the_plan_nothing_waits(region: Region) -> None:
    region(precedence=[])
    answered = Facts(answers={"award": "まだ"})
    assert propose("補助金の入金まで借りることはできますか。", facts=answered).supports[0].blocked_by == ""


def test_an_order_before_the_award_is_a_clash(region: Region) -> None:
    region()
    assert Clash("決定より前の発注", "決定の前に注文しない。") in propose("機械はもう発注した。" + GRANT).clashes
    assert Clash("決定より前の発注", "決定の前に注文しない。") not in propose(GRANT).clashes
    assert PRECEDENCE[1]["after"] == "order"


def test_a_plan_without_cues_is_told_by_its_own_words(region: Region) -> None:
    region(cues={})
    proposal = propose("技術のことで相談したい。設備を使いたい。試験をしたい。")
    assert proposal.supports
    assert {one.service for one in proposal.supports} <= {
        "events", "rd-subsidy", "loan", "equipment-tests", "tech-consultation", "sales-adviser",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["\x00\x01\x02", "🦊" * 300, "ａ" * 30_000, "' OR 1=1; --", "<script>alert(1)</script>", "（" * 2_000, "\u202e逆さ", "①②③" * 500],
)
def test_hostile_text_gets_an_answer(region: Region, text: str) -> None:
    region()
    proposal = propose(text)
    assert proposal.kind in {"route", "clarify"}
    assert all(mark.end <= len(text) for mark in proposal.analysis.marks)


def test_entries_of_another_database_are_never_shown(region: Region) -> None:
    region()
    propose(PLATING)
    Entry.objects.filter(pk="PE1").delete()
    assert "PE1" not in [hit.id for one in propose(PLATING).supports for hit in one.entries]


def test_the_plan_s_cues_decide_and_no_code_of_a_service_does(region: Region) -> None:
    cues: dict[str, Any] = {**CUES, "services": {**CUES["services"], "events": {"strong": ["剥がれる", "原因が分からない"]},
                                                 "tech-consultation": {"words": ["無関係"]}}}  # fmt: skip
    region(cues=cues)
    assert propose(PLATING).supports[0].service == "events"
