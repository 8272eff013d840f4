"""What a body answers, and what becomes of holder, next step, link and everyone who must hear of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, link_holder
from renkei.cases.actions.answers import (
    accept,
    answer_question,
    ask,
    correct_answer,
    decline,
    finish_support,
    record_answer,
    start_work,
    withdraw_support,
)  # fmt: skip
from renkei.cases.actions.offers import offer_next, save_picks, send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Case, Passage, Support
from renkei.cases.steps import NextStep
from renkei.companies.models import Company, Sight
from renkei.post.links import open_link
from renkei.post.models import Link, Mail, Nudge
from tests.cases.making import (
    NOON,
    arrived,
    company,
    events,
    fresh,
    leave,
    mails,
    need_of,
    offered,
    pick,
    refuses,
    steps,
)  # fmt: skip
from tests.cases.test_offers import token_of
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def by_link(support: Support) -> Actor:
    link = open_link(token_of(support))
    assert link is not None
    return link_holder(link.id, body=link.body, name=link.recipient_name)


def colleague(body: str = LAB, name: str = "御園 渉") -> Person:
    person = Person.objects.create_user(f"{name}@people.example", "x", name=name)
    Membership.objects.create(person=person, body_id=body, role="staff", since=dt.date(2024, 4, 1))
    return person


def texts(purpose: str) -> str:
    told = [f"{one.title} {one.words}" for one in Nudge.objects.filter(kind=purpose)]
    return "\n".join([*Mail.objects.filter(purpose=purpose).values_list("text", flat=True), *told])


class TestAccept:
    @pytest.mark.covers("C32", "C26")
    def test_takes_over_by_an_explicit_yes(self, world: World) -> None:
        support = offered(world, takes_over=True)
        assert fresh(support.case).holder_id == DESK
        done = accept(support, by=world.lab, text="12月に測れます")
        case = fresh(support.case)
        assert (done.state, done.answered_by, done.answered_how, done.person_id, done.answer_text, done.answered_at) == (
            "accepted", "小出 渉", "screen", world.lab.person, "12月に測れます", NOON)
        assert (case.holder_id, case.holder_person_id, case.next_body_id, case.next_person_id, case.next_on) == (
            LAB, world.lab.person, LAB, world.lab.person, dt.date(2026, 11, 27))
        assert case.next_step == "工業試験所が会社に連絡する"
        assert steps(case)[-2:] == [("accepted", "offered", "accepted"), ("handover_accepted", DESK, LAB)]
        assert events("support.accepted") == 1
        assert mails("accepted") == [("hibari-desk@people.example", "waiting")]
        assert "ひばり県工業試験所が引き受けました" in texts("company")
        assert "状況" in texts("company")
        assert Link.objects.get(purpose="offer").closed_at == NOON
        with refuses("wrong_state"):
            accept(support, by=world.lab)
        assert events("support.accepted") == 1

    def test_without_takeover_the_holder_stays(self, world: World) -> None:
        support = offered(world)
        accept(support, by=world.lab)
        case = fresh(support.case)
        assert (case.holder_id, case.next_body_id) == (DESK, LAB)

    def test_others_still_asked_stay_asked(self, world: World) -> None:
        case = arrived(world).case
        need = need_of(case, world)
        one, two = send_offers(case, [pick(need, takes_over=True),
                                      pick(need, CENTER, "tech-consultation", due_on=dt.date(2026, 11, 26))],
                               by=world.desk)  # fmt: skip
        accept(one, by=world.lab)
        assert fresh(two).state == "offered"
        waiting = fresh(case)
        assert (waiting.holder_id, waiting.next_kind, waiting.next_on, waiting.next_body_id) == (
            LAB, "wait", dt.date(2026, 11, 26), CENTER)

    def test_by_mail_link_names_who_answers_and_dies(self, world: World) -> None:
        support = offered(world)
        actor = by_link(support)
        with refuses("answerer_missing", "answered_by"):
            accept(support, by=actor)
        done = accept(support, by=actor, answered_by="江澤 信行")
        assert (done.answered_by, done.answered_how, done.person_id) == ("江澤 信行", "link", None)
        assert open_link(token_of(support)) is None
        assert not Support.objects.visible_to(actor).exists()

    def test_link_to_a_person_knows_the_name(self, world: World) -> None:
        support = offered(world, person=world.lab.person)
        assert accept(support, by=by_link(support)).answered_by == "小出 渉"

    def test_body_knows_the_firm_from_now_on(self, world: World) -> None:
        firm = company()
        support = offered(world, case=arrived(world, company=firm).case)
        assert not Company.objects.visible_to(world.lab).exists()
        accept(support, by=world.lab)
        assert list(Company.objects.visible_to(world.lab)) == [firm]
        assert Sight.objects.filter(body=LAB).count() == 1

    def test_late_yes_after_expiry_counts(self, world: World) -> None:
        support = offered(world, takes_over=True)
        Support.objects.update(state="expired")
        accept(support, by=world.lab)
        assert (fresh(support).state, fresh(support.case).holder_id) == ("accepted", LAB)

    @pytest.mark.covers("C32")
    def test_late_takeover_does_not_push_out_the_new_holder(self, world: World) -> None:
        first = offered(world, service="tech-consultation", takes_over=True)
        Support.objects.update(state="expired")
        second = offer_next(fresh(first), by=world.desk, body=CENTER)
        accept(second, by=world.center)
        late = accept(fresh(first), by=world.lab)
        assert (late.state, late.takes_over, fresh(first.case).holder_id) == ("accepted", False, CENTER)

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        for stranger in (world.desk, world.center, world.bank):
            with refuses("not_allowed"):
                accept(support, by=stranger)
        with refuses("not_a_member", "person"):
            accept(support, by=world.lab, person=world.bank.person)
        with refuses("too_long", "text"):
            accept(support, by=world.lab, text="あ" * 1001)
        with refuses("too_long", "answered_by"):
            accept(support, by=world.lab, answered_by="あ" * 101)
        Case.objects.update(state="closed", closed_at=clock.now(), close_reason="solved")
        with refuses("case_closed"):
            accept(support, by=world.lab)


class TestDecline:
    @pytest.mark.covers("C92")
    def test_returns_to_the_holder_with_its_reason(self, world: World) -> None:
        support = offered(world)
        done = decline(support, by=world.lab, reason="no_equipment", text="改修のため測れません")
        case = fresh(support.case)
        assert (done.state, done.decline_reason, done.answer_text, done.answered_by) == (
            "declined", "no_equipment", "改修のため測れません", "小出 渉")
        assert (case.holder_id, case.next_kind, case.next_on, case.next_body_id) == (
            DESK, "choose", dt.date(2026, 11, 27), DESK)
        assert steps(case)[-1] == ("declined", "offered", "declined")
        assert case.transitions.get(verb="declined").reason == "no_equipment"
        assert events("support.declined") == 1
        assert "設備がない" in texts("declined")
        assert Link.objects.get(purpose="offer").closed_at == NOON
        with refuses("wrong_state"):
            decline(support, by=world.lab, reason="busy")

    def test_firm_hears_it_in_the_desks_words_never_raw(self, world: World) -> None:
        decline(offered(world), by=world.lab, reason="no_equipment", text="改修のため測れません")
        assert "ひばり県産業課が次の機関を探しています" in texts("company")
        for raw in ("改修", "設備がない", "工業試験所"):
            assert raw not in texts("company")

    def test_only_one_answer(self, world: World) -> None:
        one, two = offered(world), offered(world)
        accept(one, by=world.lab)
        decline(two, by=world.lab, reason="busy")
        with refuses("wrong_state"):
            decline(one, by=world.lab, reason="busy")
        with refuses("wrong_state"):
            accept(two, by=world.lab)
        with refuses("wrong_state"):
            record_answer(two, by=world.desk, answer="accept", answered_by="江澤")

    def test_choice_outlives_another_bodys_yes(self, world: World) -> None:
        case = arrived(world).case
        need = need_of(case, world)
        one, two = send_offers(case, [pick(need), pick(need, CENTER, "tech-consultation")], by=world.desk)
        decline(one, by=world.lab, reason="busy")
        accept(two, by=world.center)
        assert (fresh(case).next_kind, fresh(case).next_body_id) == ("choose", DESK)

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        for reason in ("", "unknown"):
            with refuses("no_reason", "reason"):
                decline(support, by=world.lab, reason=reason)
        with refuses("other_needs_text", "text"):
            decline(support, by=world.lab, reason="other", text=" ")
        with refuses("not_allowed"):
            decline(support, by=world.center, reason="busy")
        with refuses("answerer_missing", "answered_by"):
            decline(support, by=by_link(support), reason="busy")
        assert fresh(support).state == "offered"
        decline(support, by=world.lab, reason="other", text="人が辞めました")


class TestByTelephone:
    def test_recorded_on_its_behalf_and_told(self, world: World) -> None:
        with clock.moved_to(NOON - dt.timedelta(days=2)):
            support = offered(world)
        done = record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy",
                             happened_on=dt.date(2026, 11, 24))
        assert (done.state, done.answered_how, done.answered_by, done.recorded_by_id) == (
            "declined", "phone", "江澤", world.desk.person)
        step = done.case.transitions.get(verb="declined")
        assert (step.happened_on, step.body, step.recorded_at) == (dt.date(2026, 11, 24), DESK, NOON)
        assert mails("recorded") == [("hibari-lab@hibari.example", "waiting")]
        assert "江澤様から" in texts("recorded")

    def test_yes_by_telephone(self, world: World) -> None:
        support = offered(world, takes_over=True)
        record_answer(support, by=world.desk, answer="accept", answered_by="江澤")
        assert (fresh(support).state, fresh(support.case).holder_id, fresh(support.case).holder_person_id) == (
            "accepted", LAB, None)

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        with refuses("not_allowed"):
            record_answer(support, by=world.center, answer="accept", answered_by="江澤")
        with refuses("answerer_missing", "answered_by"):
            record_answer(support, by=world.desk, answer="accept", answered_by=" ")
        with refuses("unknown_answer", "answer"):
            record_answer(support, by=world.desk, answer="maybe", answered_by="江澤")
        for day in (dt.date(2026, 11, 26), dt.date(2026, 11, 24)):
            with refuses("wrong_day", "happened_on"):
                record_answer(support, by=world.desk, answer="accept", answered_by="江澤", happened_on=day)
        with refuses("no_reason", "reason"):
            record_answer(support, by=world.desk, answer="decline", answered_by="江澤")
        accept(support, by=world.lab)
        with refuses("wrong_state"):
            record_answer(support, by=world.desk, answer="accept", answered_by="江澤")

    def test_body_corrects_a_wrong_no(self, world: World) -> None:
        support = offered(world, takes_over=True)
        record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy")
        done = correct_answer(support, by=world.lab, answer="accept", text="できます")
        assert (done.state, done.decline_reason, done.answered_how) == ("accepted", "", "screen")
        assert fresh(support.case).holder_id == LAB
        assert steps(support.case)[-1] == ("corrected", "declined", "accepted")

    @pytest.mark.covers("C32")
    def test_correcting_a_wrong_yes_gives_the_case_back(self, world: World) -> None:
        support = offered(world, takes_over=True)
        record_answer(support, by=world.desk, answer="accept", answered_by="江澤")
        correct_answer(support, by=world.lab, answer="decline", reason="busy")
        case = fresh(support.case)
        assert (fresh(support).state, case.holder_id, case.next_kind, case.next_body_id) == (
            "declined", DESK, "choose", DESK)
        assert ("holder_back", LAB, DESK) in steps(case)

    def test_correction_refusals(self, world: World) -> None:
        support = offered(world)
        decline(support, by=world.lab, reason="busy")
        with refuses("not_recorded"):
            correct_answer(support, by=world.lab, answer="accept")
        other = offered(world)
        record_answer(other, by=world.desk, answer="decline", answered_by="江澤", reason="busy")
        with refuses("not_allowed"):
            correct_answer(other, by=world.desk, answer="accept")
        with refuses("unknown_answer", "answer"):
            correct_answer(other, by=world.lab, answer="?")
        send_offers(fresh(other.case), [pick(other.need)], by=world.desk)
        with refuses("already_asked"):
            correct_answer(other, by=world.lab, answer="accept")


class TestQuestions:
    def test_ask_and_answer(self, world: World) -> None:
        support = offered(world, due_on=dt.date(2026, 11, 27))
        ask(support, by=world.lab, question="大きさは。")
        case = fresh(support.case)
        assert (fresh(support).question, fresh(support).state) == ("大きさは。", "offered")
        assert (case.next_kind, case.next_body_id, case.next_step) == ("answer", DESK, "工業試験所の質問に答える")
        assert "質問が届きました" in texts("question")
        with clock.moved_to(clock.at(dt.date(2026, 11, 27))):
            answer_question(support, by=world.desk, text="30センチ角です")
        done, case = fresh(support), fresh(support.case)
        assert (done.due_on, done.question_answered_at is not None) == (dt.date(2026, 12, 3), True)
        assert (case.next_kind, case.next_on, case.next_body_id) == ("wait", dt.date(2026, 12, 3), LAB)
        assert [p.text for p in Passage.objects.visible_to(world.lab)] == ["設備で測れるようにしてほしい", "30センチ角です"]
        assert steps(case)[-2:] == [("asked", "", ""), ("asked", "", "answered")]
        assert (events("support.ask"), events("support.answer_question")) == (1, 1)
        # The link in hand goes on beside the new one: the mail with the new one may leave only tomorrow (decision 0015).
        assert list(Link.objects.filter(purpose="offer", closed_at__isnull=True).values_list("recipient_email", flat=True)) == ["hibari-lab@hibari.example"] * 2

    def test_by_link(self, world: World) -> None:
        support = offered(world)
        actor = by_link(support)
        with refuses("answerer_missing", "answered_by"):
            ask(support, by=actor, question="大きさは。")
        ask(support, by=actor, question="大きさは。", answered_by="江澤")
        assert open_link(token_of(support)) is not None

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        with refuses("question_empty", "question"):
            ask(support, by=world.lab, question=" ")
        with refuses("not_allowed"):
            ask(support, by=world.bank, question="？")
        with refuses("no_question"):
            answer_question(support, by=world.desk, text="a")
        ask(support, by=world.lab, question="大きさは。")
        with refuses("not_allowed"):
            answer_question(support, by=world.lab, text="a")
        with refuses("answer_empty", "text"):
            answer_question(support, by=world.desk, text=" ")
        answer_question(support, by=world.desk, text="a")
        with refuses("no_question"):
            answer_question(support, by=world.desk, text="a")
        accept(support, by=world.lab)
        with refuses("wrong_state"):
            ask(support, by=world.lab, question="？")
        with refuses("wrong_state"):
            answer_question(support, by=world.desk, text="a")


class TestPassOn:
    def test_link_moves_with_it(self, world: World) -> None:
        support, other = offered(world), colleague()
        before = token_of(support)
        with clock.moved_to(NOON + dt.timedelta(hours=1)):
            pass_on(support, by=world.lab, person=other.pk)
        assert fresh(support).person_id == other.pk
        assert fresh(support.case).next_person_id == other.pk
        assert open_link(before) is None
        assert open_link(token_of(support)).recipient_name == "御園 渉"
        assert mails("offer") == [("hibari-lab@hibari.example", "cancelled"), (other.email, "waiting")]
        assert (steps(support.case)[-1], events("support.pass_on")) == (("passed_on", "", ""), 1)

    def test_by_link_and_while_at_work(self, world: World) -> None:
        support, other = offered(world), colleague()
        pass_on(support, by=by_link(support), person=other.pk)
        accept(support, by=world.lab)
        pass_on(support, by=world.lab, person=world.lab.person)
        assert fresh(support).person_id == world.lab.person
        assert Mail.objects.filter(purpose="offer").count() == 2

    def test_refusals(self, world: World) -> None:
        support, stranger = offered(world), colleague(CENTER, "よその人")
        with refuses("not_a_member", "person"):
            pass_on(support, by=world.lab, person=stranger.pk)
        with refuses("not_allowed"):
            pass_on(support, by=world.desk, person=world.lab.person)
        decline(support, by=world.lab, reason="busy")
        with refuses("wrong_state"):
            pass_on(support, by=world.lab, person=world.lab.person)


class TestWork:
    @pytest.mark.covers("C26")
    def test_from_start_to_end(self, world: World) -> None:
        support = offered(world)
        with refuses("wrong_state"):
            start_work(support, by=world.lab)
        accept(support, by=world.lab)
        start_work(support, by=world.lab)
        assert (fresh(support).state, fresh(support).started_on) == ("under_way", dt.date(2026, 11, 25))
        assert (fresh(support.case).next_body_id, fresh(support.case).next_on) == (LAB, dt.date(2026, 12, 23))
        finish_support(support, by=world.lab, text="3回測った", done_on=dt.date(2026, 11, 24), helped=True)
        done, case = fresh(support), fresh(support.case)
        assert (done.state, done.done_on, done.done_text, done.helped) == (
            "done", dt.date(2026, 11, 24), "3回測った", True)
        assert (case.next_body_id, case.next_on, case.next_step) == (
            DESK, dt.date(2026, 11, 27), "会社に結果を聞き、次を決めるか、案件を終える")
        assert case.transitions.get(verb="done").happened_on == dt.date(2026, 11, 24)
        assert (events("support.started"), events("support.done")) == (1, 1)
        assert "支援が1つ終わりました" in texts("company")
        start_work(support, by=world.lab)
        assert (fresh(support).state, fresh(support).done_on) == ("under_way", None)

    def test_own_next_step_and_the_holder_may_write(self, world: World) -> None:
        support = offered(world)
        accept(support, by=world.lab)
        start_work(support, by=world.desk, next_step=NextStep("測る", dt.date(2026, 12, 9), body=LAB))
        assert (fresh(support.case).next_step, fresh(support.case).next_on) == ("測る", dt.date(2026, 12, 9))

    def test_running_others_keep_their_step(self, world: World) -> None:
        case = arrived(world).case
        need = need_of(case, world)
        one, two = send_offers(case, [pick(need), pick(need, CENTER, "tech-consultation")], by=world.desk)
        accept(one, by=world.lab)
        accept(two, by=world.center)
        before = fresh(case).next_step
        finish_support(one, by=world.lab, text="測った")
        assert fresh(case).next_step == before

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        accept(support, by=world.lab)
        with refuses("not_allowed"):
            start_work(support, by=world.bank)
        with refuses("not_allowed"):
            finish_support(support, by=world.bank, text="a")
        with refuses("text_empty", "text"):
            finish_support(support, by=world.lab, text=" ")
        with refuses("too_long", "text"):
            finish_support(support, by=world.lab, text="あ" * 2001)
        with refuses("future", "done_on"):
            finish_support(support, by=world.lab, text="a", done_on=dt.date(2026, 11, 26))
        finish_support(support, by=world.lab, text="a")
        with refuses("wrong_state"):
            finish_support(support, by=world.lab, text="a")


class TestWithdraw:
    def test_holder_stops_an_offer_that_has_left(self, world: World) -> None:
        support = offered(world)
        token = token_of(support)
        withdraw_support(support, by=world.desk, reason="会社が自分で見つけた")
        assert (fresh(support).state, fresh(support).done_text, open_link(token)) == (
            "withdrawn", "会社が自分で見つけた", None)
        assert mails("withdrawn") == [("hibari-lab@hibari.example", "waiting")]
        assert "自分で" not in texts("withdrawn")
        assert fresh(support.case).next_body_id == DESK
        assert (steps(support.case)[-1], events("support.withdrawn")) == (("withdrawn", "offered", "withdrawn"), 1)
        with refuses("wrong_state"):
            withdraw_support(support, by=world.desk, reason="もう一度")

    def test_body_that_never_knew_is_not_told(self, world: World) -> None:
        case = arrived(world).case
        planned = save_picks(case, [pick(need_of(case, world))], by=world.desk)[0]
        withdraw_support(planned, by=world.desk, reason="やめた")
        early = offered(world, left=False)
        withdraw_support(early, by=world.desk, reason="やめた")
        assert mails("withdrawn") == []
        assert [state for _to, state in mails("offer")] == ["cancelled"]

    def test_body_stops_and_the_holder_is_told(self, world: World) -> None:
        support = offered(world)
        accept(support, by=world.lab)
        withdraw_support(support, by=world.lab, reason="装置が壊れた")
        assert "支援を取りやめました" in texts("told")
        assert mails("withdrawn") == []
        assert fresh(support.case).next_body_id == DESK

    def test_refusals(self, world: World) -> None:
        support = offered(world)
        with refuses("reason_empty", "reason"):
            withdraw_support(support, by=world.desk, reason="")
        with refuses("not_allowed"):
            withdraw_support(support, by=world.center, reason="x")


def test_every_answer_leaves_somebody_with_a_dated_step(world: World) -> None:
    """P1 through a whole life: after each act the case has one holder and a next step that is not past."""
    support = offered(world, takes_over=True)
    leave(support)
    for act in (
        lambda: ask(support, by=world.lab, question="？"),
        lambda: answer_question(support, by=world.desk, text="！"),
        lambda: record_answer(support, by=world.desk, answer="accept", answered_by="江澤"),
        lambda: correct_answer(support, by=world.lab, answer="decline", reason="busy"),
        lambda: offer_next(fresh(support), by=world.desk, body=CENTER, service="tech-consultation"),
    ):
        act()
        case = fresh(support.case)
        assert case.next_step
        assert case.next_on >= clock.today()
        assert case.holder_id in {DESK, LAB}
