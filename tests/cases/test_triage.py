"""The desk sorts a consultation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.intake import receive
from renkei.cases.actions.triage import (
    add_need,
    answer_facts,
    ask_company,
    change_need,
    keep_case,
    set_analysis,
    set_summary,
    settle_need,
)  # fmt: skip
from renkei.cases.models import Case, Message
from renkei.cases.steps import NextStep, due, lock_case, put_next_step
from renkei.plan.models import Body, Field
from tests.cases.making import NOON, arrived, events, fresh, mails, need_of, offered, refuses, said, steps
from tests.world import DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


class TestNeeds:
    @pytest.mark.covers("C41")
    def test_several_at_several_stages_and_back(self, world: World, case: Case) -> None:
        one = add_need(case, title=" 試作費 ", stage="2", tech_fields=["electronics"], spans=[(3, 9)], by=world.desk)
        two = add_need(case, title="雷サージ", stage="3", by=world.desk)
        assert [(n.order, n.title, n.stage_id) for n in case.needs.all()] == [(1, "試作費", "2"), (2, "雷サージ", "3")]
        assert (one.tech_fields, one.spans) == (["electronics"], [[3, 9]])
        change_need(two, stage="4", by=world.desk)
        change_need(two, stage="1", by=world.desk)
        change_need(two, title="電波と雷", tech_fields=["metal", "electronics", "metal"], by=world.desk)
        assert (fresh(two).stage_id, fresh(two).title, fresh(two).tech_fields) == (
            "1", "電波と雷", ["metal", "electronics"])
        assert steps(case)[1:] == [
            ("need_added", "", "2"), ("need_added", "", "3"), ("stage_moved", "3", "4"), ("stage_moved", "4", "1"),
            ("need_changed", "", ""),
        ]  # fmt: skip
        assert (events("need.add"), events("need.change")) == (2, 3)

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"title": " "}, "title_empty", "title"),
            ({"title": "あ" * 101}, "too_long", "title"),
            ({"stage": "9"}, "unknown_stage", "stage"),
            ({"tech_fields": ["magic"]}, "unknown_word", "tech_fields"),
        ],
    )
    def test_refuses_bad_input(self, world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
        with refuses(code, field):
            add_need(case, **{"title": "雷", "stage": "3", **more}, by=world.desk)
        need = need_of(case, world)
        with refuses(code, field):
            change_need(need, **more, by=world.desk)
        assert fresh(need).title == "雷サージの試験"

    def test_refuses_strangers_closed_cases_and_floods(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            add_need(case, title="雷", stage="3", by=world.lab)
        for number in range(20):
            add_need(case, title=f"課題{number}", stage="3", by=world.desk)
        with refuses("too_many_needs"):
            add_need(case, title="もう1件", stage="3", by=world.desk)
        Case.objects.update(state="closed", closed_at=clock.now(), close_reason="spam")
        with refuses("case_closed"):
            add_need(case, title="雷", stage="3", by=world.desk)

    def test_settles_and_opens_again(self, world: World, case: Case) -> None:
        need = need_of(case, world)
        settle_need(need, state="settled", by=world.desk)
        assert fresh(need).state == "settled"
        with refuses("wrong_state"):
            settle_need(need, state="settled", by=world.desk)
        settle_need(need, state="open", by=world.desk)
        settle_need(need, state="dropped", by=world.desk)
        assert steps(case)[2:] == [
            ("need_settled", "open", "settled"), ("need_settled", "settled", "open"), ("need_settled", "open", "dropped"),
        ]  # fmt: skip
        assert events("need.settle") == 3

    def test_settling_refusals(self, world: World, case: Case) -> None:
        need = need_of(case, world)
        with refuses("unknown_state", "state"):
            settle_need(need, state="gone", by=world.desk)
        with refuses("not_allowed"):
            settle_need(need, state="settled", by=world.bank)
        offered(world, case=case)
        with refuses("open_supports"):
            settle_need(need, state="settled", by=world.desk)


class TestAnalysis:
    def test_keeps_the_plan_words(self, world: World, case: Case) -> None:
        set_analysis(case, support_field="A", support_field_reason="ものづくり", technology_source="大学", by=world.desk,
                     tech_fields=["electronics"], themes=["iot"], pressures=["population"], purposes=["new_field"])
        kept = fresh(case)
        assert (kept.support_field, kept.support_field_reason, kept.technology_source) == ("A", "ものづくり", "大学")
        assert (kept.tech_fields, kept.themes, kept.pressures, kept.purposes) == (
            ["electronics"], ["iot"], ["population"], ["new_field"])
        assert steps(case)[-1] == ("triaged", "arrived", "arrived")
        assert events("case.analyse") == 1
        set_analysis(case, support_field="both", by=world.desk)
        assert fresh(case).tech_fields == []

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"support_field": "Z"}, "unknown_field", "support_field"),
            ({"themes": ["x"]}, "unknown_word", "themes"),
            ({"pressures": ["x"]}, "unknown_word", "pressures"),
            ({"purposes": ["x"]}, "unknown_word", "purposes"),
            ({"support_field_reason": "あ" * 201}, "too_long", "support_field_reason"),
            ({"technology_source": "あ" * 101}, "too_long", "technology_source"),
        ],
    )
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
        assert Field.objects.count() == 1
        with refuses(code, field):
            set_analysis(case, **{"support_field": "A", **more}, by=world.desk)
        with refuses("not_allowed"):
            set_analysis(case, support_field="A", by=world.center)


class TestSummary:
    def test_change_needs_the_firms_eyes_again(self, world: World, case: Case) -> None:
        assert case.summary_seen_at == clock.now()
        changed = set_summary(case, title="電源装置", summary="屋外用の電源装置", by=world.desk)
        assert (changed.title, changed.summary, changed.summary_seen_at) == ("電源装置", "屋外用の電源装置", None)
        seen = set_summary(case, title="電源装置", summary="屋外用の電源装置", by=world.desk, seen=True)
        assert seen.summary_seen_at == clock.now()
        again = set_summary(case, title="電源装置", summary="屋外用の電源装置", by=world.desk)
        assert again.summary_seen_at == clock.now()
        assert steps(case)[1:] == [("summary_changed", "", ""), ("summary_seen", "", "")]
        assert events("case.summarise") == 3
        assert list(Case.objects.containing("屋外用")) == [case]

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("title_empty", "title"):
            set_summary(case, title=" ", summary="", by=world.desk)
        with refuses("too_long", "summary"):
            set_summary(case, title="a", summary="あ" * 601, by=world.desk)
        with refuses("not_allowed"):
            set_summary(case, title="a", summary="", by=world.bank)


class TestKeep:
    @pytest.mark.covers("C92")
    def test_desk_serves_it_itself(self, world: World, case: Case) -> None:
        step = NextStep("会社を訪ねる", dt.date(2026, 12, 1), kind="visit")
        kept = keep_case(case, by=world.desk, next_step=step)
        assert (kept.state, kept.holder_id, kept.next_step, kept.next_on, kept.next_kind, kept.next_body_id) == (
            "active", DESK, "会社を訪ねる", dt.date(2026, 12, 1), "visit", DESK)
        assert steps(case)[-1] == ("triaged", "arrived", "active")
        keep_case(case, by=world.desk, next_step=step)
        assert events("case.keep") == 2

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("next_step_empty", "next_step"):
            keep_case(case, by=world.desk, next_step=NextStep(" ", dt.date(2026, 12, 1)))
        with refuses("next_step_no_phone", "next_phone"):
            keep_case(case, by=world.desk, next_step=NextStep("かける", dt.date(2026, 12, 1), kind="call"))
        with refuses("not_allowed"):
            keep_case(case, by=world.lab, next_step=NextStep("訪ねる", dt.date(2026, 12, 1)))
        assert fresh(case).state == "arrived"

    def test_desk_leaves_a_body_its_own_case(self, world: World) -> None:
        own = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        with refuses("not_allowed"):
            keep_case(own, by=world.desk, next_step=NextStep("訪ねる", dt.date(2026, 12, 1)))


class TestAskCompany:
    def test_asks_on_the_status_page_and_waits(self, world: World, case: Case) -> None:
        message = ask_company(case, ["部品の発注は済みましたか。", " ", "大きさは。"], by=world.desk)
        assert (message.text, message.kind, message.from_company, message.klass) == (
            "部品の発注は済みましたか。\n大きさは。", "question", False, "technical")
        waiting = fresh(case)
        assert (waiting.next_kind, waiting.next_on, waiting.next_body_id) == ("wait", dt.date(2026, 12, 2), DESK)
        assert mails("company") == [("saito@kitsunebi.example", "waiting")]
        assert steps(case)[-1] == ("staff_wrote", "", "")
        assert events("case.ask_company") == 1

    def test_without_address_somebody_has_to_call(self, world: World) -> None:
        case = arrived(world, email="").case
        ask_company(case, ["大きさは。"], by=world.desk)
        assert fresh(case).next_step == "会社に電話で聞く（メールアドレスがありません）"
        assert mails("company") == []

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("question_empty", "questions"):
            ask_company(case, [" "], by=world.desk)
        with refuses("too_many_questions", "questions"):
            ask_company(case, ["？"] * 11, by=world.desk)
        with refuses("too_long", "questions"):
            ask_company(case, ["あ" * 4001], by=world.desk)
        with refuses("not_allowed"):
            ask_company(case, ["大きさは"], by=world.bank)
        assert not Message.objects.exists()


class TestFacts:
    def test_are_asked_once(self, world: World, case: Case) -> None:
        answer_facts(case, {"size": "30cm"}, by=world.desk)
        answer_facts(case, {"ordered": False, "size": "20cm\x00"}, by=world.desk)
        assert case.consultations.get().facts == {"size": "20cm", "ordered": False}
        assert events("case.answer_facts") == 2

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            answer_facts(case, {"size": "30cm"}, by=world.lab)


class TestSteps:
    def test_due_counts_business_days_over_the_year_end(self, world: World) -> None:
        assert due("first_answer", dt.date(2026, 12, 28)) == dt.date(2027, 1, 5)
        assert due("offer_answer", dt.date(2026, 11, 20)) == dt.date(2026, 11, 27)  # the 23rd is a holiday

    def test_two_people_save_at_once(self, world: World, case: Case) -> None:
        set_summary(case, title="先の人", summary="", by=world.desk)
        with refuses("changed_meanwhile"):
            lock_case(case, version=0)

    def test_new_step_rings_again(self, world: World, case: Case) -> None:
        case.idle_told_at = case.silence_told_at = clock.now()
        put_next_step(case, NextStep("待つ", dt.date(2026, 12, 1)))
        assert (case.idle_told_at, case.silence_told_at) == (None, None)
