"""What a case waits for while several bodies are asked and at work: nothing owed is forgotten for another's progress (P1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import (
    accept,
    answer_question,
    ask,
    decline,
    finish_support,
    start_work,
    withdraw_support,
)  # fmt: skip
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.offers import recall, save_picks, send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.actions.talk import company_writes, write_to_company
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Support
from renkei.cases.steps import NextStep
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, fresh, leave, mails, need_of, pick, refuses
from tests.world import BANK, CENTER, DESK, LAB, World

SOON, LATER = dt.date(2026, 11, 30), dt.date(2026, 12, 10)
QUESTION = ("工業試験所の質問に答える", "answer", DESK)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


@pytest.fixture
def two(world: World, case: Case) -> tuple[Support, Support]:
    """The lab answers by 10 December, the centre by 30 November."""
    need = need_of(case, world)
    sent = send_offers(case, [
        pick(need, service="tech-consultation", due_on=LATER), pick(need, CENTER, "tech-consultation", due_on=SOON),
    ], by=world.desk)  # fmt: skip
    leave(*sent)
    return fresh(sent[0]), fresh(sent[1])


def step(case: Case) -> tuple[str, str, str]:
    now = fresh(case)
    return now.next_step, now.next_kind, now.next_body_id


class TestWhoIsAwaited:
    def test_the_earliest_answer_comes_first(self, world: World, case: Case, two: Any) -> None:
        assert (step(case), fresh(case).next_on) == (("センターほか1機関の返事を待つ", "wait", CENTER), SOON)

    def test_then_the_other_one(self, world: World, case: Case, two: Any) -> None:
        recall(two[1], by=world.desk, reason="不要になった")
        assert (step(case), fresh(case).next_on) == (("工業試験所の返事を待つ", "wait", LAB), LATER)
        recall(two[0], by=world.desk, reason="不要になった")
        assert (step(case), fresh(case).next_on) == (("だれに頼むか決める", "choose", DESK), dt.date(2026, 11, 27))

    def test_the_person_who_was_asked_is_named(self, world: World, case: Case) -> None:
        send_offers(case, [pick(need_of(case, world), person=world.lab.person)], by=world.desk)
        assert fresh(case).next_person_id == world.lab.person

    def test_three_bodies_are_counted(self, world: World, case: Case, two: Any) -> None:
        loan = pick(need_of(case, world, "2", "資金"), BANK, "loan", due_on=dt.date(2026, 11, 26))
        send_offers(fresh(case), [loan], by=world.desk)
        assert step(case) == ("ひばり銀ほか2機関の返事を待つ", "wait", BANK)

    def test_after_a_yes_the_sooner_of_both_counts(self, world: World, case: Case, two: Any) -> None:
        accept(two[1], by=world.center)
        assert (step(case), fresh(case).next_on) == (("センターが会社に連絡する", "work", CENTER), dt.date(2026, 11, 27))


class TestOpenQuestion:
    """The deadline of a body that asks rests, so the holder's step is the only thing that calls for an answer."""

    @pytest.fixture(autouse=True)
    def _asked(self, world: World, two: Any) -> None:
        ask(two[0], by=world.lab, question="大きさは。")

    ACTS: dict[str, Callable[[World, Any], Any]] = {
        "another says yes": lambda world, two: accept(two[1], by=world.center),
        "another is taken back": lambda world, two: recall(two[1], by=world.desk, reason="不要"),
        "another stops": lambda world, two: withdraw_support(two[1], by=world.center, reason="都合"),
        "the same body asks again": lambda world, two: ask(two[0], by=world.lab, question="温度は。"),
        "one more is asked": lambda world, two: send_offers(
            fresh(two[0].case), [pick(two[0].need, LAB, "equipment-tests")], by=world.desk),
        "it is passed on": lambda world, two: pass_on(two[0], by=world.lab, person=world.lab.person),
    }  # fmt: skip

    @pytest.mark.parametrize("act", ACTS)
    def test_it_stays_the_holders_step_when(self, world: World, case: Case, two: Any, act: str) -> None:
        self.ACTS[act](world, two)
        assert step(case) == QUESTION
        assert fresh(case).next_on == dt.date(2026, 11, 27)

    def test_it_stays_while_another_begins_its_work(self, world: World, case: Case, two: Any) -> None:
        accept(two[1], by=world.center)
        start_work(two[1], by=world.center)
        assert step(case) == QUESTION

    def test_the_firms_word_comes_first_and_the_question_after_it(self, world: World, case: Case, two: Any) -> None:
        company_writes(fresh(case), by=firm(case), text="急いでいます")
        write_to_company(fresh(case), by=world.desk, text="承知しました")
        assert step(case) == QUESTION

    def test_a_no_of_another_is_chosen_about_and_then_it_comes_back(self, world: World, case: Case, two: Any) -> None:
        decline(two[1], by=world.center, reason="busy")
        assert step(case)[1:] == ("choose", DESK)
        send_offers(fresh(case), [pick(two[0].need, LAB, "equipment-tests")], by=world.desk)
        assert step(case) == QUESTION

    def test_answered_the_bodies_are_awaited_again(self, world: World, case: Case, two: Any) -> None:
        answer_question(two[0], by=world.desk, text="30センチ")
        assert step(case) == ("センターほか1機関の返事を待つ", "wait", CENTER)
        assert fresh(two[0]).is_asking is False

    def test_two_questions_are_answered_one_by_one(self, world: World, case: Case, two: Any) -> None:
        ask(two[1], by=world.center, question="予算は。")
        answer_question(two[0], by=world.desk, text="30センチ")
        assert step(case) == ("センターの質問に答える", "answer", DESK)
        answer_question(two[1], by=world.desk, text="未定")
        assert step(case)[1:] == ("wait", CENTER)

    def test_a_second_question_joins_the_first(self, world: World, two: Any) -> None:
        ask(two[0], by=world.lab, question="温度は。")
        assert fresh(two[0]).question == "大きさは。\n温度は。"
        answer_question(two[0], by=world.desk, text="30センチ、常温")
        ask(two[0], by=world.lab, question="湿度は。")
        assert (fresh(two[0]).question, fresh(two[0]).question_answered_at) == ("湿度は。", None)

    def test_together_they_fit_in_a_thousand_characters(self, world: World, two: Any) -> None:
        room = 1000 - len("大きさは。\n")
        with refuses("too_long", "question"):
            ask(two[0], by=world.lab, question="あ" * (room + 1))
        assert fresh(two[0]).question == "大きさは。"
        ask(two[0], by=world.lab, question="あ" * room)
        assert len(fresh(two[0]).question) == 1000

    def test_an_answer_without_waiting_for_the_reply_ends_it(self, world: World, case: Case, two: Any) -> None:
        accept(two[0], by=world.lab)
        assert fresh(two[0]).is_asking is False
        assert step(case)[0] != QUESTION[0]

    def test_the_deadline_rests_however_long(self, world: World, case: Case, two: Any) -> None:
        with clock.moved_to(clock.at(dt.date(2027, 1, 29))):
            run_clocks()
        assert (fresh(two[0]).reminded_at, fresh(two[0]).state) == (None, "offered")
        assert fresh(two[1]).reminded_at is not None


class TestBodiesAtWork:
    @pytest.fixture
    def at_work(self, world: World, case: Case, two: Any) -> tuple[Support, Support]:
        accept(two[0], by=world.lab)
        accept(two[1], by=world.center)
        assert step(case) == ("センターが会社に連絡する", "work", CENTER)
        return two[0], two[1]

    ENDS: dict[str, Callable[[World, Support], Any]] = {
        "is done": lambda world, one: finish_support(one, by=world.center, text="助言した"),
        "stops": lambda world, one: withdraw_support(one, by=world.center, reason="都合"),
    }

    @pytest.mark.parametrize("end", ENDS)
    def test_nobody_waits_for_a_body_that(self, world: World, case: Case, at_work: Any, end: str) -> None:
        self.ENDS[end](world, at_work[1])
        assert step(case) == ("会社に結果を聞き、次を決めるか、案件を終える", "work", DESK)
        assert fresh(case).next_on == dt.date(2026, 11, 27)

    @pytest.mark.parametrize("end", ENDS)
    def test_the_step_of_another_body_stands_when_one(self, world: World, case: Case, at_work: Any, end: str) -> None:
        start_work(at_work[0], by=world.lab, next_step=NextStep("測る", dt.date(2026, 12, 9), body=LAB))
        self.ENDS[end](world, at_work[1])
        assert (step(case), fresh(case).next_on) == (("測る", "work", LAB), dt.date(2026, 12, 9))

    def test_a_body_with_more_to_do_keeps_its_step(self, world: World, case: Case, at_work: Any) -> None:
        need = need_of(case, world, "4", "販路")
        more = send_offers(fresh(case), [pick(need, CENTER, "sales-adviser")], by=world.desk)[0]
        leave(more)
        accept(more, by=world.center)
        finish_support(at_work[1], by=world.center, text="助言した")
        assert step(case) == ("センターが会社に連絡する", "work", CENTER)

    def test_the_last_one_leaves_the_holder_to_look(self, world: World, case: Case, at_work: Any) -> None:
        finish_support(at_work[1], by=world.center, text="助言した")
        finish_support(at_work[0], by=world.lab, text="測った")
        assert step(case) == ("会社に結果を聞き、次を決めるか、案件を終える", "work", DESK)
        assert Case.objects.get(pk=case.pk).next_person_id == fresh(case).holder_person_id

    def test_beginning_does_not_hide_an_answer_awaited_sooner(self, world: World, case: Case, two: Any) -> None:
        accept(two[0], by=world.lab)
        start_work(two[0], by=world.lab)
        assert (step(case), fresh(case).next_on) == (("センターの返事を待つ", "wait", CENTER), SOON)

    def test_beginning_does_not_undo_that_the_holder_must_choose(self, world: World, case: Case, two: Any) -> None:
        accept(two[0], by=world.lab)
        decline(two[1], by=world.center, reason="busy")
        start_work(two[0], by=world.lab)
        assert step(case) == ("センターの辞退を受けて、次に頼む機関を決める", "choose", DESK)
        start_work_again = NextStep("測る", dt.date(2026, 12, 9), body=LAB)
        finish_support(two[0], by=world.lab, text="一部")
        start_work(two[0], by=world.lab, next_step=start_work_again)
        assert step(case)[0] == "測る"  # who says it in words means it


class TestPlannedLines:
    """A line that is only planned was asked of nobody: dropping it moves nothing."""

    def test_the_first_answer_is_still_owed(self, world: World, case: Case) -> None:
        before = (step(case), fresh(case).next_on)
        assert before == ((fresh(case).next_step, "answer", DESK), dt.date(2026, 11, 27))
        planned = save_picks(case, [pick(need_of(case, world))], by=world.desk)[0]
        with clock.moved_to(clock.at(dt.date(2026, 11, 27), 17)):
            withdraw_support(planned, by=world.desk, reason="選び直した")
        assert (step(case), fresh(case).next_on) == before
        with clock.moved_to(clock.at(dt.date(2026, 11, 30))):
            assert run_clocks().late == 1

    def test_a_call_that_was_promised_is_still_made(self, world: World, case: Case) -> None:
        call = NextStep("折り返す", dt.date(2026, 11, 26), kind="call", phone="04-7100-0000", at=dt.time(15))
        set_next_step(case, call, by=world.desk)
        planned = save_picks(fresh(case), [pick(need_of(case, world))], by=world.desk)[0]
        withdraw_support(planned, by=world.desk, reason="選び直した")
        assert (fresh(case).next_kind, fresh(case).next_time) == ("call", dt.time(15))

    def test_nobody_is_told(self, world: World, case: Case) -> None:
        planned = save_picks(case, [pick(need_of(case, world))], by=world.desk)[0]
        withdraw_support(planned, by=world.desk, reason="選び直した")
        assert (mails("withdrawn"), mails("told")) == ([], [])
