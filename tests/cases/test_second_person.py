"""The end of a case that two people decide, and what others do to the case in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.cases.actions.closing import (
    close_case,
    confirm_close,
    did_not_help,
    found_another_way,
    give_feedback,
    reopen_case,
    return_close,
)
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import Pack, offer_handover, set_next_step
from renkei.cases.actions.merging import merge_cases, split_case, unmerge
from renkei.cases.actions.talk import company_writes
from renkei.cases.actions.triage import settle_need
from renkei.cases.models import Case, Contact, Message, Transition
from renkei.cases.steps import NextStep
from renkei.plan.models import Body, PlanVersion
from renkei.post.models import Mail
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, company, events, fresh, need_of, refuses, steps
from tests.cases.test_closing import close, wants_two
from tests.storm.racing import at_once, codes
from tests.world import CONTENT, LAB, World

INVISIBLE = "\u200b\u202e \n"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world, company=company()).case


@pytest.fixture
def other(world: World) -> Actor:
    return wants_two(world)


class TestAsking:
    def test_nothing_is_told_to_the_firm_until_somebody_confirms(self, world: World, case: Case, other: Actor) -> None:
        close(case, world, answer_to_company="お答え")
        assert not Message.objects.exists()
        assert not Mail.objects.filter(purpose="company").exists()
        assert fresh(case).is_open
        confirm_close(case, by=other)
        assert [message.text for message in Message.objects.all()] == ["お答え"]
        assert Mail.objects.filter(purpose="company").count() == 1

    def test_it_still_needs_supports_and_handovers_to_have_ended(self, world: World, case: Case, other: Actor) -> None:
        give_consent(case, body=Body.objects.get(pk=LAB), klass="summary", by=world.desk, how="oral", given_by="齋藤")
        close(case, world)
        offer_handover(fresh(case), to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="x"))
        with refuses("open_handover"):
            confirm_close(case, by=other)
        with refuses("open_handover"):
            close(case, world)

    def test_a_problem_added_meanwhile_has_to_be_settled_first(self, world: World, case: Case, other: Actor) -> None:
        close(case, world)
        need = need_of(fresh(case), world)
        with refuses("open_needs", "needs"):
            confirm_close(case, by=other)
        assert (fresh(case).is_open, fresh(need).state) == (True, "open")
        settle_need(need, state="settled", by=world.desk)
        assert not confirm_close(case, by=other).is_open

    def test_the_system_needs_no_second_person(self, world: World, case: Case, other: Actor) -> None:
        assert close_case(case, by=SYSTEM, reason="solved", words="済").state == "closed"

    def test_asking_again_replaces_the_reason_and_who_asked(self, world: World, case: Case, other: Actor) -> None:
        close(case, world)
        again = close(fresh(case), world, by=other, reason="partly", words="半分できた")
        assert (again.close_asked_by_id, again.close_reason, again.is_open) == (other.person, "partly", True)
        with refuses("same_person"):
            confirm_close(case, by=other)
        assert confirm_close(case, by=world.desk).close_words == "半分できた"

    def test_the_plan_can_stop_asking_for_two(self, world: World, case: Case, other: Actor) -> None:
        PlanVersion.objects.create(plan=world.plan, number=3, content=CONTENT, published_at=clock.now())
        assert close(case, world).state == "closed"

    def test_asked_over_the_year_end_the_step_is_due_after_the_holidays(self, world: World, case: Case, other: Actor) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 12, 28), 17)):
            assert close(case, world).next_on == dt.date(2027, 1, 5)


class TestReturning:
    @pytest.mark.parametrize("reason", ["", " ", INVISIBLE])
    def test_needs_a_reason(self, world: World, case: Case, other: Actor, reason: str) -> None:
        close(case, world)
        before = fresh(case).version
        with refuses("reason_empty", "reason"):
            return_close(case, by=other, reason=reason)
        assert (fresh(case).version, fresh(case).close_asked_at) == (before, NOON)

    @pytest.mark.parametrize(("length", "fits"), [(1000, True), (1001, False)])
    def test_the_reason_has_a_length(self, world: World, case: Case, other: Actor, length: int, fits: bool) -> None:
        close(case, world)
        if fits:
            return_close(case, by=other, reason="続" * length)
            assert len(Contact.objects.get().text) == length
        else:
            with refuses("too_long", "reason"):
                return_close(case, by=other, reason="続" * length)

    def test_who_asked_may_take_it_back_and_needs_stay_settled(self, world: World, case: Case, other: Actor) -> None:
        need = need_of(case, world)
        close(fresh(case), world, needs="dropped")
        back = return_close(case, by=world.desk, reason="まだ早い")
        assert (back.close_words, back.close_answer, back.next_on, fresh(need).state) == (
            "", "", dt.date(2026, 11, 27), "dropped")
        assert events("case.return_close") == 1
        with refuses("not_asked"):
            return_close(case, by=world.desk, reason="また")


class TestInBetween:
    def test_merged_and_taken_out_the_end_is_still_asked_for(self, world: World, case: Case, other: Actor) -> None:
        keeper = arrived(world, company=case.company).case
        close(case, world, reason="partly")
        merge_cases(keeper, fresh(case), by=world.desk)
        back = unmerge(case, by=world.desk)
        assert (back.close_reason, back.next_kind, back.close_asked_by_id) == ("partly", "confirm", world.desk.person)
        assert confirm_close(case, by=other).close_reason == "partly"

    def test_the_keeper_is_not_asked_to_confirm_what_the_other_wanted(self, world: World, case: Case, other: Actor) -> None:
        keeper = arrived(world, company=case.company).case
        set_next_step(keeper, NextStep("訪ねる", dt.date(2026, 12, 20)), by=world.desk)
        close(case, world)
        assert merge_cases(keeper, fresh(case), by=world.desk).next_step == "訪ねる"

    def test_a_part_that_is_split_off_is_not_about_to_end(self, world: World, case: Case, other: Actor) -> None:
        close(case, world)
        first, _second = need_of(fresh(case), world), need_of(fresh(case), world, title="残る課題")
        part = split_case(fresh(case), needs=[first], title="分けた", by=world.desk)
        assert (part.close_asked_at, part.close_reason, part.is_open) == (None, "", True)
        with refuses("not_asked"):
            confirm_close(part, by=other)

    def test_the_firm_writes_and_is_read_before_the_end(self, world: World, case: Case, other: Actor) -> None:
        close(case, world)
        company_writes(case, by=firm(case), text="まだ困っています")
        assert fresh(case).next_kind == "answer"
        assert confirm_close(case, by=other).state == "closed"

    @pytest.mark.storm
    def test_confirmed_and_returned_at_once_one_counts(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case, other = arrived(world).case, wants_two(world)
        close(case, world)
        with login("web"):
            got = at_once((other, lambda: confirm_close(case, by=other)),
                          (world.desk, lambda: return_close(case, by=world.desk, reason="まだ")))  # fmt: skip
        after = fresh(case)
        assert codes(got) == (["case_closed", "ok"] if after.state == "closed" else ["not_asked", "ok"])
        assert Transition.objects.filter(verb="closed").count() == (after.state == "closed")


class TestWords:
    @pytest.mark.parametrize("words", ["", "  ", INVISIBLE])
    def test_an_end_without_words_is_none(self, world: World, case: Case, words: str) -> None:
        with refuses("words_missing", "words"):
            close(case, world, words=words)
        with refuses("answer_missing", "answer_to_company"):
            close(case, world, reason="not_ours", answer_to_company=words)
        assert fresh(case).is_open

    @pytest.mark.parametrize(("name", "most"), [("words", 1000), ("answer_to_company", 4000)])
    def test_the_last_character_fits(self, world: World, case: Case, name: str, most: int) -> None:
        with refuses("too_long", name):
            close(case, world, **{name: "字" * (most + 1)})
        assert close(case, world, **{name: "字" * most}).state == "closed"

    @pytest.mark.parametrize("reason", [term["code"] for term in CONTENT["vocabularies"]["close_reasons"]])
    def test_every_reason_of_the_plan_ends_a_case(self, world: World, case: Case, reason: str) -> None:
        after = close(case, world, reason=reason, answer_to_company="お答え")
        assert (after.close_reason, after.next_on, after.next_step, after.next_time) == (reason, None, "", None)
        assert Mail.objects.filter(purpose="company").exists() is (reason != "spam")

    @pytest.mark.parametrize("reason", ["", "SOLVED", "solved ", "import_undone", "imported", "解決した"])
    def test_no_other_reason_does(self, world: World, case: Case, reason: str) -> None:
        with refuses("unknown_reason", "reason"):
            close(case, world, reason=reason)

    def test_html_in_the_answer_stays_a_text(self, world: World, case: Case) -> None:
        close(case, world, answer_to_company="<script>alert(1)</script>\u202e")
        assert Message.objects.get().text == "<script>alert(1)</script>"


class TestAgain:
    def test_closed_and_reopened_each_time_with_its_own_reason(self, world: World, case: Case) -> None:
        for reason in ("partly", "no_reply"):
            close(fresh(case), world, reason=reason)
            reopen_case(case, by=world.desk, reason=f"{reason}のあとで")
        assert [step for step in steps(case) if step[0] in {"closed", "reopened"}] == [
            ("closed", "arrived", "closed"), ("reopened", "closed", "active"),
            ("closed", "active", "closed"), ("reopened", "closed", "active")]  # fmt: skip
        reasons = Transition.objects.filter(verb="closed").values_list("reason", flat=True)
        assert sorted(reasons) == ["no_reply", "partly"]

    @pytest.mark.parametrize("reason", ["", INVISIBLE, "理" * 1001])
    def test_reopening_needs_a_reason_that_can_be_read(self, world: World, case: Case, reason: str) -> None:
        close(case, world)
        code = "too_long" if "理" in reason else "reason_empty"
        with refuses(code, "reason"):
            reopen_case(case, by=world.desk, reason=reason)
        assert (fresh(case).state, Contact.objects.count()) == ("closed", 0)

    @pytest.mark.parametrize("satisfaction", [1, 5, None])
    def test_feedback_at_the_ends_of_the_scale(self, world: World, case: Case, satisfaction: int | None) -> None:
        close(case, world)
        given = give_feedback(case, by=firm(case), result="partly", satisfaction=satisfaction)
        assert (given.satisfaction, given.result) == (satisfaction, "partly")

    @pytest.mark.parametrize("satisfaction", [0, 6, -1, 100])
    def test_feedback_beyond_them(self, world: World, case: Case, satisfaction: int) -> None:
        close(case, world)
        with refuses("unknown_satisfaction", "satisfaction"):
            give_feedback(case, by=firm(case), result="partly", satisfaction=satisfaction)

    @pytest.mark.parametrize("deed", [found_another_way, did_not_help])
    def test_only_the_firm_speaks_for_itself(self, world: World, case: Case, deed: Callable[..., Any]) -> None:
        for actor in (world.desk, world.lab, SYSTEM):
            with refuses("not_company"):
                deed(case, by=actor, words="x")
        assert not Message.objects.exists()

    @pytest.mark.storm
    @pytest.mark.parametrize("deed", ["close", "reopen"])
    def test_a_double_click_is_one_step(self, committed_world: World, login: Any, deed: str) -> None:
        world = committed_world
        case = arrived(world).case
        if deed == "reopen":
            close(case, world)
        acts = {"close": lambda: close(case, world), "reopen": lambda: reopen_case(case, by=world.desk, reason="また")}
        with login("web"):
            got = at_once(*[(world.desk, acts[deed])] * 2)
        assert codes(got) == sorted(["ok", {"close": "case_closed", "reopen": "not_closed"}[deed]])
        assert Transition.objects.filter(verb={"close": "closed", "reopen": "reopened"}[deed]).count() == 1
        assert Mail.objects.filter(purpose="company").count() == (1 if deed == "close" else 2)
