"""Answers at their edges: what each state lets a body do, how long words may be, who answered, and nothing half done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions import answers as do
from renkei.cases.actions.offers import offer_next, recall, save_picks, send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case, Passage, Support, Transition
from renkei.companies.models import Sight
from renkei.plan.models import PlanVersion
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
)
from tests.world import CENTER, CONTENT, DESK, LAB, World

Act = Callable[[World, Support], Any]
ACTS: dict[str, Act] = {
    "accept": lambda world, one: do.accept(one, by=world.lab),
    "decline": lambda world, one: do.decline(one, by=world.lab, reason="busy"),
    "record": lambda world, one: do.record_answer(one, by=world.desk, answer="accept", answered_by="江澤"),
    "correct": lambda world, one: do.correct_answer(one, by=world.lab, answer="accept"),
    "ask": lambda world, one: do.ask(one, by=world.lab, question="大きさは。"),
    "reply": lambda world, one: do.answer_question(one, by=world.desk, text="30センチ"),
    "pass on": lambda world, one: pass_on(one, by=world.lab, person=world.lab.person),
    "start": lambda world, one: do.start_work(one, by=world.lab),
    "finish": lambda world, one: do.finish_support(one, by=world.lab, text="測った"),
    "withdraw": lambda world, one: do.withdraw_support(one, by=world.lab, reason="都合"),
    "recall": lambda world, one: recall(one, by=world.desk, reason="まちがい"),
    "ask the next": lambda world, one: offer_next(one, by=world.desk, body=CENTER),
}
ALLOWED = {
    "proposed": {"withdraw"},
    "offered": {"accept", "decline", "record", "ask", "pass on", "withdraw", "recall"},
    "accepted": {"pass on", "start", "finish", "withdraw"},
    "under_way": {"pass on", "finish", "withdraw"},
    "done": {"start"},
    "declined": {"ask the next"},
    "expired": {"accept", "decline", "record", "ask the next"},
    "recalled": {"ask the next"},
    "withdrawn": set(),
}


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def in_state(world: World, state: str) -> Support:
    if state == "proposed":
        case = arrived(world).case
        return save_picks(case, [pick(need_of(case, world), service="tech-consultation")], by=world.desk)[0]
    support = offered(world, service="tech-consultation")
    if state in {"accepted", "under_way", "done"}:
        ACTS["accept"](world, support)
    ways = {"under_way": "start", "done": "finish", "declined": "decline", "recalled": "recall", "withdrawn": "withdraw"}
    if state in ways:
        ACTS[ways[state]](world, support)
    if state == "expired":
        Support.objects.filter(pk=support.pk).update(state="expired")
    return fresh(support)


@pytest.mark.parametrize("state", ALLOWED)
def test_each_state_allows_these_acts_and_no_other(world: World, state: str) -> None:
    support = in_state(world, state)
    before = written(support)
    assert support.state == state
    allowed = set()
    for name, act in ACTS.items():
        mark = transaction.savepoint()
        try:
            act(world, fresh(support))
            allowed.add(name)
        except Refused:
            assert written(support) == before
        transaction.savepoint_rollback(mark)
    assert allowed == ALLOWED[state]


def written(support: Support) -> tuple[Any, ...]:
    counts = [model.objects.count() for model in (Event, Mail, Nudge, Transition, Passage)]
    return fresh(support).state, fresh(support.case).version, *counts


class TestWords:
    """Each text has its longest length; one more is refused beside its field; control characters are dropped, HTML kept."""

    LIMITS: dict[str, tuple[int, str, str, Callable[[World, Support, str], Any]]] = {
        "yes": (1000, "text", "offered", lambda w, one, text: do.accept(one, by=w.lab, text=text).answer_text),
        "no": (1000, "text", "offered", lambda w, one, text: do.decline(one, by=w.lab, reason="busy", text=text).answer_text),
        "name": (100, "answered_by", "offered", lambda w, one, text: do.accept(one, by=w.lab, answered_by=text).answered_by),
        "question": (1000, "question", "offered", lambda w, one, text: do.ask(one, by=w.lab, question=text).question),
        "telephone": (1000, "text", "offered", lambda w, one, text: do.record_answer(
            one, by=w.desk, answer="accept", answered_by="江澤", text=text).answer_text),
        "caller": (100, "answered_by", "offered", lambda w, one, text: do.record_answer(
            one, by=w.desk, answer="accept", answered_by=text).answered_by),
        "done": (2000, "text", "accepted", lambda w, one, text: do.finish_support(one, by=w.lab, text=text).done_text),
        "stopped": (400, "reason", "accepted", lambda w, one, text: do.withdraw_support(one, by=w.lab, reason=text).done_text),
    }  # fmt: skip

    @pytest.mark.parametrize("name", LIMITS)
    def test_the_longest_fits_and_one_more_does_not(self, world: World, name: str) -> None:
        most, field, state, act = self.LIMITS[name]
        support = in_state(world, state)
        with refuses("too_long", field):
            act(world, support, "あ" * (most + 1))
        assert fresh(support).state == state
        assert act(world, support, "あ" * most) == "あ" * most

    @pytest.mark.parametrize("name", LIMITS)
    def test_hostile_words_are_kept_as_words(self, world: World, name: str) -> None:
        _most, _field, state, act = self.LIMITS[name]
        kept = act(world, in_state(world, state), "  \u202e<b>髙橋</b>\x00 & 𠮷\u200b\r\n")
        assert kept == "<b>髙橋</b> & 𠮷"

    def test_an_answer_to_a_question_has_its_limit_too(self, world: World) -> None:
        support = offered(world)
        do.ask(support, by=world.lab, question="大きさは。")
        with refuses("too_long", "text"):
            do.answer_question(support, by=world.desk, text="あ" * 1001)
        assert Passage.objects.filter(support=support).count() == 1
        do.answer_question(support, by=world.desk, text="あ" * 1000)
        assert Passage.objects.filter(support=support).count() == 2


class TestReasons:
    def test_only_reasons_of_the_plan_in_force(self, world: World) -> None:
        words = {**CONTENT["vocabularies"], "decline_reasons": [{"code": "staff", "name": "人がいない"}]}
        PlanVersion.objects.create(plan=world.plan, number=2, content={**CONTENT, "vocabularies": words},
                                   published_at=clock.now())
        support = offered(world)
        with refuses("no_reason", "reason"):
            do.decline(support, by=world.lab, reason="busy")
        assert do.decline(support, by=world.lab, reason="staff").decline_reason == "staff"
        assert "人がいない" in Nudge.objects.get(title__startswith="辞退の返事").words

    @pytest.mark.parametrize("reason", ["", " ", "BUSY", "busy ", "<b>", "x" * 500, "\x00"])
    def test_anything_else_is_no_reason(self, world: World, reason: str) -> None:
        support = offered(world)
        with refuses("no_reason", "reason"):
            do.decline(support, by=world.lab, reason=reason)
        with refuses("no_reason", "reason"):
            do.record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason=reason)
        assert fresh(support).state == "offered"

    @pytest.mark.parametrize("text", ["", " \u3000\n", "\u200b\x00"])
    def test_other_without_a_word_is_none(self, world: World, text: str) -> None:
        support = offered(world)
        with refuses("other_needs_text", "text"):
            do.decline(support, by=world.lab, reason="other", text=text)
        with refuses("other_needs_text", "text"):
            do.record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="other", text=text)


class TestTelephone:
    """What a body said by telephone is written down for it: on which day, by whom; and the body may correct it."""

    @pytest.mark.parametrize(
        ("day", "good"),
        [("2026-11-23", False), ("2026-11-24", True), ("2026-11-25", True), ("2026-11-26", False), ("2025-11-25", False)],
    )
    def test_the_day_lies_between_asking_and_today(self, world: World, day: str, good: bool) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 11, 24), 23, 59)):  # in London it is still the afternoon
            support = offered(world)
        given = {"answer": "accept", "answered_by": "江澤", "happened_on": dt.date.fromisoformat(day)}
        if good:
            do.record_answer(support, by=world.desk, **given)
            step = Transition.objects.get(verb="accepted")
            assert (step.happened_on.isoformat(), step.recorded_at) == (day, NOON)
        else:
            with refuses("wrong_day", "happened_on"):
                do.record_answer(support, by=world.desk, **given)

    def test_a_yes_is_an_act_of_the_day_it_was_said(self, world: World) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 11, 20))):
            support = offered(world, takes_over=True)
        do.record_answer(support, by=world.desk, answer="accept", answered_by="江澤", happened_on=dt.date(2026, 11, 20))
        assert {one.verb: one.happened_on.day for one in Transition.objects.filter(verb__in=["accepted", "handover_accepted"])} == {
            "accepted": 20, "handover_accepted": 20}

    def test_the_mail_names_who_said_what_and_how_to_mend_it(self, world: World) -> None:
        support = offered(world)
        do.record_answer(support, by=world.desk, answer="decline", answered_by="江澤 信行", reason="busy", text="来春まで無理")
        told = Nudge.objects.get(kind="recorded")
        for words in ("江澤 信行様から", "「辞退」", "代わりに記録しました", "「依頼」で直せます"):
            assert words in told.words
        assert "来春" not in told.words

    def test_the_body_at_the_telephone_may_be_recorded_by_the_new_holder(self, world: World) -> None:
        case = arrived(world).case
        need = need_of(case, world)
        one, two = send_offers(case, [pick(need, takes_over=True), pick(need, CENTER, "tech-consultation")], by=world.desk)
        leave(one, two)
        do.accept(one, by=world.lab)
        recorded = do.record_answer(two, by=world.lab, answer="decline", answered_by="露崎", reason="busy")
        assert (recorded.recorded_by_id, recorded.state) == (world.lab.person, "declined")

    def test_a_correction_signs_with_the_bodys_own_name(self, world: World) -> None:
        support = offered(world)
        do.record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy", text="電話の言葉")
        mended = do.correct_answer(support, by=world.lab, answer="accept", text="できます")
        assert (mended.answered_by, mended.answered_how, mended.recorded_by_id, mended.answer_text, mended.decline_reason) == (
            "小出 渉", "screen", None, "できます", "")

    def test_a_corrected_answer_is_the_bodys_own_and_stays(self, world: World) -> None:
        support = offered(world)
        do.record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy")
        do.correct_answer(support, by=world.lab, answer="accept")
        for answer in ("decline", "accept"):
            with refuses("not_recorded"):
                do.correct_answer(support, by=world.lab, answer=answer, reason="busy")
        assert Transition.objects.filter(verb="corrected").count() == 1

    def test_what_was_recorded_rightly_needs_no_correction(self, world: World) -> None:
        support = offered(world)
        do.record_answer(support, by=world.desk, answer="accept", answered_by="江澤")
        with refuses("wrong_state"):
            do.correct_answer(support, by=world.lab, answer="accept")
        assert fresh(support).answered_how == "phone"

    def test_work_that_has_begun_is_not_corrected_away(self, world: World) -> None:
        support = offered(world, takes_over=True)
        do.record_answer(support, by=world.desk, answer="accept", answered_by="江澤")
        do.start_work(support, by=world.lab)
        with refuses("wrong_state"):
            do.correct_answer(support, by=world.lab, answer="decline", reason="busy")
        assert (fresh(support).state, fresh(support.case).holder_id) == ("under_way", LAB)

    def test_a_wrong_yes_gives_back_only_what_it_took(self, world: World) -> None:
        support = offered(world, takes_over=True)
        do.record_answer(support, by=world.desk, answer="accept", answered_by="江澤")
        Case.objects.update(holder=CENTER, next_body=CENTER)  # handed on since
        do.correct_answer(support, by=world.lab, answer="decline", reason="busy")
        assert fresh(support.case).holder_id == CENTER
        assert "holder_back" not in [verb for verb, _b, _a in steps(support.case)]

    def test_a_wrong_no_does_not_push_out_the_body_that_took_over(self, world: World) -> None:
        first = offered(world, service="tech-consultation", takes_over=True)
        do.record_answer(first, by=world.desk, answer="decline", answered_by="江澤", reason="busy")
        second = offer_next(fresh(first), by=world.desk, body=CENTER)
        leave(second)
        do.accept(second, by=world.center)
        mended = do.correct_answer(first, by=world.lab, answer="accept")
        assert (mended.state, mended.takes_over, fresh(first.case).holder_id) == ("accepted", False, CENTER)


class TestWhoAnswers:
    def former(self, world: World, until: dt.date) -> Person:
        person = Person.objects.create_user("former@people.example", "x", name="元 職員")
        Membership.objects.create(person=person, body_id=LAB, role="staff", since=dt.date(2024, 4, 1), until=until)
        return person

    @pytest.mark.parametrize(("until", "member"), [("2026-11-24", False), ("2026-11-25", True)])
    def test_a_colleague_belongs_to_the_body_today(self, world: World, until: str, member: bool) -> None:
        person = self.former(world, dt.date.fromisoformat(until))
        support = offered(world)
        for act in (lambda: pass_on(support, by=world.lab, person=person.pk),
                    lambda: do.accept(support, by=world.lab, person=person.pk)):
            if member:
                act()
            else:
                with refuses("not_a_member", "person"):
                    act()
        assert (fresh(support).person_id == person.pk) is member

    def test_the_named_colleague_works_on_it_else_who_was_asked_else_who_said_yes(self, world: World) -> None:
        other = self.former(world, dt.date(2027, 3, 31)).pk
        assert do.accept(offered(world, person=other), by=world.lab).person_id == other
        assert do.accept(offered(world), by=world.lab, person=other).person_id == other
        assert do.accept(offered(world), by=world.lab).person_id == world.lab.person

    def test_the_firm_is_met_once_however_many_supports(self, world: World) -> None:
        known = company()
        for service in ("equipment-tests", "tech-consultation"):
            do.accept(offered(world, case=arrived(world, company=known).case, service=service), by=world.lab)
        assert Sight.objects.filter(company=known, body=LAB).count() == 1


class TestNothingHalfDone:
    """A mail that cannot be written takes the whole act back: no state, no step, no event, no closed link."""

    NAMES = ("accept", "decline", "record", "ask", "finish", "recall")

    @pytest.mark.parametrize("name", NAMES)
    def test_when_the_last_line_fails(self, world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        support = in_state(world, "accepted" if name == "finish" else "offered")
        before = self.everything()
        with monkeypatch.context() as patch:
            patch.setattr("renkei.cases.mails.put_mail", self.fail)
            patch.setattr("renkei.cases.mails.put_nudge", self.fail)
            with pytest.raises(OSError, match="disk"):
                ACTS[name](world, support)
        assert self.everything() == before
        ACTS[name](world, support)
        assert self.everything() != before

    def test_an_offer_to_two_bodies_is_sent_to_both_or_to_none(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        case = arrived(world).case
        set_summary(case, title="電源装置", summary="要約", by=world.desk, seen=True)
        need = need_of(case, world)
        picks = [pick(need), pick(need, CENTER, "loan")]
        before = (steps(case), Mail.objects.count(), Link.objects.count())
        with refuses("no_provision", "body"):
            send_offers(fresh(case), picks, by=world.desk)
        assert (Support.objects.count(), (steps(case), Mail.objects.count(), Link.objects.count())) == (0, before)

    @staticmethod
    def fail(*_news: Any, **_mail: Any) -> None:
        raise OSError("the disk is full")

    @staticmethod
    def everything() -> list[Any]:
        rows = [model.objects.order_by("pk").values() for model in (Support, Case)]
        closed = Link.objects.filter(closed_at__isnull=False).count()
        return [*(list(one) for one in rows), Event.objects.count(), Mail.objects.count(), Nudge.objects.count(),
                Transition.objects.count(), closed]  # fmt: skip


def test_the_same_pick_twice_is_one_offer(world: World) -> None:
    case = arrived(world).case
    one = pick(need_of(case, world), takes_over=True)
    sent = send_offers(case, [one, one], by=world.desk)
    assert (len(sent), Support.objects.count(), len(mails("offer")), events("offer.send")) == (1, 1, 1, 1)
    assert Link.objects.filter(purpose="offer").count() == 1
    assert (sent[0].asked_by_body_id, sent[0].takes_over_from_id) == (DESK, DESK)
