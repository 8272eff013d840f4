"""A case ends with a reason and a word to the firm, and can be taken up again."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.cases.actions.answers import accept, finish_support
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
from renkei.cases.actions.holding import Pack, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, Contact, Message, Need, Transition
from renkei.plan.models import Body, PlanVersion
from renkei.post.models import Mail, Nudge
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, refuses, said, steps
from tests.world import CONTENT, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def close(case: Case, world: World, **more: Any) -> Case:
    return close_case(case, **{"by": world.desk, "reason": "solved", "words": "試験で解決した", **more})


def wants_two(world: World) -> Actor:
    """The plan asks for a second person from now on; returns that person."""
    content = {**copy.deepcopy(CONTENT), "second_person": ["close"]}
    PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
    person = Person.objects.create_user("second@people.example", "hibari-secret-1", name="第二 花子")
    Membership.objects.create(person=person, body_id=DESK, role="staff", since=dt.date(2024, 4, 1))
    return staff(person.pk, DESK, person.name)


class TestClosing:
    def test_ends_with_a_reason_and_a_word_to_the_firm(self, world: World, case: Case) -> None:
        after = close(case, world, result="solved", answer_to_company="試験の結果をお送りしました")
        assert (after.state, after.closed_at, after.close_reason, after.close_words, after.result) == (
            "closed", NOON, "solved", "試験で解決した", "solved")
        assert (after.next_on, after.next_step, after.next_kind, after.holder_id) == (None, "", "", DESK)
        assert [(m.kind, m.text, m.klass) for m in Message.objects.visible_to(firm(case))] == [
            ("closing", "試験の結果をお送りしました", "summary")]
        assert steps(case)[-1] == ("closed", "arrived", "closed")
        assert events("case.close") == 1

    @pytest.mark.covers("C36")
    def test_the_firm_is_asked_for_result_and_satisfaction(self, world: World, case: Case) -> None:
        close(case, world)
        mail = Mail.objects.get(purpose="company", subject__startswith="ご相談を終えました")
        assert ("結果をうかがう" in mail.text, "試験で解決した" in mail.text) == (True, False)

    def test_without_an_answer_the_firm_reads_a_plain_sentence_and_not_the_inner_words(
        self, world: World, case: Case
    ) -> None:
        close(case, world, words="話にならなかった")
        assert Message.objects.get().text == "ご相談を終えました。ありがとうございました。"

    def test_spam_asks_nothing_of_its_sender(self, world: World, case: Case) -> None:
        close(case, world, reason="spam", words="売り込み")
        assert not Mail.objects.filter(purpose="company").exists()

    def test_not_ours_needs_an_answer(self, world: World, case: Case) -> None:
        with refuses("answer_missing", "answer_to_company"):
            close(case, world, reason="not_ours")
        assert close(case, world, reason="not_ours", answer_to_company="ひばり労働局へご相談ください").state == "closed"

    def test_what_is_set_aside_drops_its_needs(self, world: World, case: Case) -> None:
        need = need_of(case, world)
        close(case, world, reason="spam")
        assert fresh(need).state == "dropped"

    @pytest.mark.parametrize("state", ["settled", "dropped"])
    def test_open_needs_are_settled_or_dropped_together(self, world: World, case: Case, state: str) -> None:
        need = need_of(case, world)
        with refuses("open_needs", "needs"):
            close(case, world)
        assert fresh(case).state == "arrived"
        close(case, world, needs=state)
        assert fresh(need).state == state
        assert ("need_settled", "open", state) in steps(case)

    def test_open_supports_keep_it_open(self, world: World, case: Case) -> None:
        support = offered(world, case=case)
        for _state in ("offered", "accepted"):
            with refuses("open_supports"):
                close(fresh(case), world, needs="settled")
            if support.state == "offered":
                support = accept(support, by=world.lab)
        finish_support(support, by=world.lab, text="測った")
        assert close(fresh(case), world, needs="settled").state == "closed"

    def test_an_open_handover_keeps_it_open(self, world: World, case: Case) -> None:
        lab = Body.objects.get(pk=LAB)
        give_consent(case, body=lab, klass="summary", by=world.desk, how="oral", given_by="齋藤")
        offer_handover(case, to_body=lab, by=world.desk, pack=Pack(state="x"))
        with refuses("open_handover"):
            close(fresh(case), world)

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"reason": "bored"}, "unknown_reason", "reason"),
            ({"reason": ""}, "unknown_reason", "reason"),
            ({"result": "great"}, "unknown_result", "result"),
            ({"words": " "}, "words_missing", "words"),
            ({"words": "あ" * 1001}, "too_long", "words"),
        ],
    )
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
        with refuses(code, field):
            close(case, world, **more)
        assert (fresh(case).state, Message.objects.count()) == ("arrived", 0)

    def test_refuses_strangers_and_the_second_time(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            close(case, world, by=world.lab)
        close(case, world)
        with refuses("case_closed"):
            close(case, world)
        assert events("case.close") == 1

    def test_the_database_wants_a_reason(self, world: World, case: Case) -> None:
        for change in ({"state": "closed"}, {"closed_at": NOON}, {"state": "closed", "closed_at": NOON}):
            with pytest.raises(IntegrityError, match="case_closed_has_reason"), transaction.atomic():
                Case.objects.filter(pk=case.pk).update(**change)


class TestSecondPerson:
    def test_another_person_confirms(self, world: World, case: Case) -> None:
        other = wants_two(world)
        need = need_of(case, world)
        asked = close(case, world, needs="settled", answer_to_company="終わりました", result="partly")
        assert (asked.state, asked.close_asked_by_id, asked.next_kind, asked.next_on) == (
            "arrived", world.desk.person, "confirm", dt.date(2026, 11, 27))
        assert not Message.objects.exists()
        assert steps(case)[-1] == ("close_asked", "", "solved")
        assert events("case.ask_close") == 1
        done = confirm_close(case, by=other)
        assert (done.state, done.close_reason, done.result, fresh(need).state) == (
            "closed", "solved", "partly", "settled")
        assert Message.objects.get().text == "終わりました"

    def test_not_the_same_person(self, world: World, case: Case) -> None:
        wants_two(world)
        close(case, world)
        with refuses("same_person"):
            confirm_close(case, by=world.desk)
        with refuses("not_allowed"):
            confirm_close(case, by=world.lab)

    def test_nothing_to_confirm(self, world: World, case: Case) -> None:
        other = wants_two(world)
        for act in (lambda: confirm_close(case, by=other), lambda: return_close(case, by=other, reason="x")):
            with refuses("not_asked"):
                act()

    def test_a_support_asked_meanwhile_stops_it(self, world: World, case: Case) -> None:
        other = wants_two(world)
        close(case, world)
        add_need(fresh(case), title="新しい課題", stage="3", by=world.desk)
        offered(world, case=case)
        with refuses("open_supports"):
            confirm_close(case, by=other)

    def test_the_second_person_says_no(self, world: World, case: Case) -> None:
        other = wants_two(world)
        close(case, world)
        after = return_close(case, by=other, reason="まだ結果を聞いていない")
        assert (after.close_asked_at, after.close_reason, after.next_kind, after.state) == (None, "", "choose", "arrived")
        assert Contact.objects.get().text == "まだ結果を聞いていない"
        with refuses("not_asked"):
            confirm_close(case, by=other)


class TestReopening:
    def test_takes_it_up_with_a_reason_and_a_dated_step(self, world: World, case: Case) -> None:
        close(case, world)
        after = reopen_case(case, by=world.desk, reason="量産で同じ不具合が出た")
        assert (after.state, after.closed_at, after.close_reason, after.holder_id, after.next_on) == (
            "active", None, "", DESK, dt.date(2026, 11, 27))
        step = Transition.objects.get(verb="reopened")
        assert (step.from_state, step.to_state, step.subject) == ("closed", "active", Contact.objects.get().pk)
        assert Contact.objects.get().text == "量産で同じ不具合が出た"
        assert events("case.reopen") == 1
        assert Mail.objects.filter(purpose="company", subject__startswith="ご相談を再開").count() == 1

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("not_closed"):
            reopen_case(case, by=world.desk, reason="x")
        close(case, world)
        with refuses("reason_empty", "reason"):
            reopen_case(case, by=world.desk, reason=" ")
        with refuses("not_allowed"):
            reopen_case(case, by=world.lab, reason="x")


    def test_who_left_while_it_was_closed_is_named_no_more(self, world: World, case: Case) -> None:
        person = Person.objects.create_user("leaver@people.example", "hibari-secret-1", name="去る 人")
        Membership.objects.create(person=person, body_id=DESK, role="staff", since=dt.date(2024, 4, 1), until=dt.date(2026, 12, 1))
        Case.objects.update(holder_person=person)
        close(case, world)
        with clock.moved_to(clock.at(dt.date(2026, 12, 15), 9)):
            after = did_not_help(case, by=firm(case), words="まだ外れます")
        assert (after.kind, fresh(case).holder_id, fresh(case).holder_person_id, fresh(case).next_on) == ("did_not_help", DESK, None, dt.date(2026, 12, 17))

    def test_who_stays_is_still_named(self, world: World, case: Case) -> None:
        Case.objects.update(holder_person=world.desk.person)
        close(case, world)
        assert reopen_case(case, by=world.desk, reason="量産で同じ不具合が出た").holder_person_id == world.desk.person


class TestFirmSpeaks:
    def test_result_and_satisfaction(self, world: World, case: Case) -> None:
        close(case, world)
        after = give_feedback(case, by=firm(case), result="partly", satisfaction=4, words="助かりました")
        assert (after.result, after.satisfaction) == ("partly", 4)
        assert Message.objects.get(kind="feedback").text == "助かりました"
        assert steps(case)[-1] == ("feedback", "", "partly")
        assert events("case.feedback") == 1
        assert give_feedback(case, by=world.desk, result="solved", satisfaction=None, words="電話で聞いた").satisfaction is None
        assert Contact.objects.get().text == "電話で聞いた"

    def test_feedback_refuses(self, world: World, case: Case) -> None:
        with refuses("not_closed"):
            give_feedback(case, by=firm(case), result="solved", satisfaction=5)
        close(case, world)
        with refuses("unknown_result", "result"):
            give_feedback(case, by=firm(case), result="", satisfaction=5)
        for wrong in (0, 6):
            with refuses("unknown_satisfaction", "satisfaction"):
                give_feedback(case, by=firm(case), result="solved", satisfaction=wrong)
        with refuses("not_allowed"):
            give_feedback(case, by=world.lab, result="solved", satisfaction=5)
        with pytest.raises(IntegrityError, match="case_satisfaction_1_to_5"), transaction.atomic():
            Case.objects.update(satisfaction=6)
        Case.objects.filter(pk=case.pk).update(merged_into=arrived(world).case)
        with refuses("merged"):
            give_feedback(case, by=firm(case), result="solved", satisfaction=5)

    def test_found_another_way(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 1), next_kind="work")
        message = found_another_way(case, by=firm(case), words="取引先が教えてくれました")
        after = fresh(case)
        assert (message.kind, after.state, after.next_kind, after.next_on) == (
            "other_way", "arrived", "answer", dt.date(2026, 11, 27))
        assert "ほかの方法" in after.next_step
        assert Nudge.objects.filter(title__startswith="会社から連絡").count() == 1

    def test_did_not_help_opens_it_again(self, world: World, case: Case) -> None:
        close(case, world)
        message = did_not_help(case, by=firm(case), words="まだ外れます")
        after = fresh(case)
        assert (message.kind, after.state, after.next_on, after.closed_at) == (
            "did_not_help", "active", dt.date(2026, 11, 27), None)
        assert [verb for verb, _b, _a in steps(case)][-2:] == ["reopened", "company_wrote"]

    def test_did_not_help_in_an_open_case_is_a_message(self, world: World, case: Case) -> None:
        did_not_help(case, by=firm(case), words="")
        assert (fresh(case).state, Message.objects.get().text) == ("arrived", "まだ解決していません。")

    def test_only_the_firm(self, world: World, case: Case) -> None:
        for act in (found_another_way, did_not_help):
            with refuses("not_company"):
                act(case, by=world.desk, words="x")
        close(case, world)
        with refuses("case_closed"):
            found_another_way(case, by=firm(case), words="x")


class TestRealLogin:
    def test_closed_by_the_desk_judged_and_reopened_by_the_firm(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        need_of(case, world)
        with web(login, world.desk):
            close(fresh(case), world, needs="settled")
        by = firm(case)
        Case.objects.update(holder_person=world.desk.person)
        with web(login, by):
            give_feedback(case, by=by, result="no", satisfaction=1, words="だめでした")
            did_not_help(case, by=by, words="まだです")
        assert (fresh(case).state, fresh(case).satisfaction, fresh(case).holder_person_id) == ("active", 1, world.desk.person)
        with web(login, by):
            found_another_way(case, by=by, words="解決しました")
        with web(login, world.desk):
            close(fresh(case), world, reason="other_way")
            reopen_case(case, by=world.desk, reason="念のため")
        assert Need.objects.get().state == "settled"

    def test_a_body_keeps_and_closes_its_own(self, committed_world: World, login: Any) -> None:
        world = committed_world
        with web(login, world.lab):
            case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
            close(case, world, by=world.lab)
        with pytest.raises(Case.DoesNotExist), web(login, world.center):
            reopen_case(case, by=world.center, reason="x")
        assert fresh(case).state == "closed"
