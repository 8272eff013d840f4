"""Any sequence of acts on one case: somebody always moves (P1), nobody reads wider than the firm allows (P2).

Offers, recalls, answers on screen, by link and by telephone, questions, corrections, consents given and withdrawn, days
that pass: after each of them both promises are asked of the database, and a refused act must have changed nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.base.refusal import Refused
from renkei.cases.actions import answers, consents, offers
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Consent, Passage, Support, Transition
from renkei.cases.states import OPEN_SUPPORTS, DisclosureClass
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days
from renkei.post.models import Link, Mail
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, fresh, need_of, pick
from tests.world import BANK, CENTER, DESK, LAB, World

SERVICE = {LAB: "tech-consultation", CENTER: "tech-consultation", BANK: "loan"}
ASKED = [LAB, CENTER, BANK]
CLASSES = DisclosureClass.values
bodies, kinds = st.sampled_from([LAB, LAB, CENTER, CENTER, BANK]), st.sampled_from(CLASSES)
shown = st.sampled_from([["summary"], ["summary"], ["technical"], ["financial"]])
reasons = st.sampled_from(["busy", "busy", "other", "", "unknown"])


class Life(RuleBasedStateMachine):
    """One case with a text of each class in it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.mark = transaction.savepoint()
        self.now, self.taken_back, self.near = NOON, set[Any](), LAB
        with clock.moved_to(self.now):
            self.case = arrived(self.world).case
            self.need = need_of(self.case, self.world)
            for klass in CLASSES:
                Passage.objects.create(case=self.case, klass=klass, text=klass, author_body_id=DESK, written_at=NOON)

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.mark)

    def actor(self, body: str) -> Any:
        return self.world.actor(body)

    def run(self, act: Callable[[], Any]) -> bool:
        """Run one act; a refusal has a sentence and leaves everything as it was."""
        before, self.now = self.everything(), self.now + dt.timedelta(seconds=1)
        with clock.moved_to(self.now):
            try:
                act()
            except Refused:
                assert self.everything() == before
                return False
            case = fresh(self.case)
            assert case.next_set_at == before[0]["next_set_at"] or case.next_on >= clock.today(), "a step in the past"
        return True

    def everything(self) -> list[Any]:
        rows = [list(model.objects.filter(case=self.case).order_by("pk").values()) for model in (Support, Consent)]
        counts = [model.objects.count() for model in (Transition, Event, Mail, Link, Passage)]
        return [Case.objects.filter(pk=self.case.pk).values().get(), *rows, *counts]

    def supports(self, **where: Any) -> list[Support]:
        return list(Support.objects.filter(case=self.case, **where).order_by("made_at"))

    def last(self, body: str) -> Support | None:
        self.near, found = body, self.supports(body=body)
        return found[-1] if found else None

    def on(self, body: str, act: Callable[[Support], Any]) -> None:
        support = self.last(body)
        if support is not None:
            self.run(lambda: act(support))

    @initialize(takes_over=st.booleans(), bank=st.booleans())
    def two_are_asked(self, takes_over: bool, bank: bool) -> None:
        self.offer(LAB, ["technical"], takes_over=takes_over, left=True)
        self.offer(BANK if bank else CENTER, ["summary"], takes_over=False, left=not takes_over)

    @rule(body=bodies, classes=shown, takes_over=st.booleans(), left=st.booleans())
    def offer(self, body: str, classes: list[str], takes_over: bool, left: bool) -> None:
        self.near, ask = body, pick(self.need, body, SERVICE[body], classes=classes, takes_over=takes_over)
        if self.run(lambda: offers.send_offers(fresh(self.case), [ask], by=self.world.desk)) and left:
            Support.objects.filter(body=body, leaves_at__gt=self.now).update(leaves_at=self.now)

    @rule(body=bodies)
    def recall(self, body: str) -> None:
        support = self.last(body)
        if support is None:
            return
        early = support.leaves_at is not None and support.leaves_at > self.now
        if self.run(lambda: offers.recall(support, by=self.world.desk, reason="まちがい")) and early:
            self.taken_back.add(support.pk)

    @rule(body=bodies, by_link=st.booleans())
    def accept(self, body: str, by_link: bool) -> None:
        links = Link.objects.filter(body=body, purpose="offer", closed_at__isnull=True)
        actor = link_holder(links[0].pk, body=body, name="江澤") if by_link and links else self.actor(body)
        self.on(body, lambda one: answers.accept(one, by=actor))

    @rule(body=bodies, reason=reasons, text=st.sampled_from(["", "人がいない"]))
    def decline(self, body: str, reason: str, text: str) -> None:
        self.on(body, lambda one: answers.decline(one, by=self.actor(body), reason=reason, text=text))

    @rule(body=bodies)
    def ask(self, body: str) -> None:
        self.on(body, lambda one: answers.ask(one, by=self.actor(body), question="大きさは。"))

    @rule(body=bodies)
    def reply(self, body: str) -> None:
        self.on(body, lambda one: answers.answer_question(one, by=self.actor(fresh(self.case).holder_id), text="30"))

    @rule(body=bodies, answer=st.sampled_from(["accept", "decline"]), correct=st.booleans())
    def telephone(self, body: str, answer: str, correct: bool) -> None:
        given = {"answer": answer, "reason": "busy"}
        if correct:
            self.on(body, lambda one: answers.correct_answer(one, by=self.actor(body), **given))
        else:
            self.on(body, lambda one: answers.record_answer(one, by=self.world.desk, answered_by="江澤", **given))

    @rule(body=bodies, act=st.sampled_from(["start", "finish", "withdraw"]), by_desk=st.booleans())
    def work(self, body: str, act: str, by_desk: bool) -> None:
        by = self.world.desk if by_desk else self.actor(body)
        deeds: dict[str, Callable[[Support], Any]] = {
            "start": lambda one: answers.start_work(one, by=by),
            "finish": lambda one: answers.finish_support(one, by=by, text="測った"),
            "withdraw": lambda one: answers.withdraw_support(one, by=by, reason="都合"),
        }
        self.on(body, deeds[act])

    @rule(body=bodies, klass=kinds, how=st.sampled_from(["link", "oral", "form"]), days=st.sampled_from([None, 0, 9]))
    def consent(self, body: str, klass: str, how: str, days: int | None) -> None:
        by = firm(self.case) if how == "link" else self.world.desk
        until = None if days is None else self.now.astimezone(clock.JST).date() + dt.timedelta(days=days)
        self.near, to = body, Body.objects.get(pk=body)
        self.run(lambda: consents.give_consent(self.case, body=to, klass=klass, by=by, how=how, given_by="齋藤", until=until))

    @rule(body=bodies, klass=kinds)
    def withdraw(self, body: str, klass: str) -> None:
        self.near = body
        for one in Consent.objects.filter(case=self.case, body=body, klass=klass, withdrawn_at__isnull=True):
            assert self.run(lambda one=one: consents.withdraw_consent(one, by=firm(self.case), how="link"))

    @precondition(lambda self: self.supports(state="offered"))
    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        with clock.moved_to(self.now):
            day = add_business_days(clock.today(), days)
        self.now = clock.at(day, 12)
        with clock.moved_to(self.now):
            run_clocks()
            assert run_clocks().total == 0, "the same clock rang twice on one day"

    @invariant()
    def somebody_moves(self) -> None:
        case = fresh(self.case)
        assert case.state != "closed"
        assert case.next_step
        assert case.next_on is not None
        rows = self.supports()
        assert sum(one.takes_over and one.state == "offered" for one in rows) <= 1
        if any(one.is_asking for one in rows):
            assert (case.next_body_id, case.next_kind in {"answer", "choose"}) == (case.holder_id, True)
        if rows and not any(one.state in OPEN_SUPPORTS for one in rows):
            assert case.next_body_id == case.holder_id
        if case.next_kind == "wait":
            assert case.next_body_id in {one.body_id for one in rows if one.state == "offered"}

    @invariant()
    def nobody_reads_wider(self) -> None:
        """Ask for the body the last act was about: what others see did not change."""
        with clock.moved_to(self.now):
            actor, links = self.actor(self.near), Link.objects.filter(case=self.case.pk, purpose="offer", body=self.near)
            live = {one.klass for one in Consent.objects.filter(case=self.case, body=self.near) if one.is_live}
            asked = set(Support.objects.visible_to(actor).values_list("pk", flat=True))
            assert not self.taken_back & asked
            told = fresh(self.case).holder_id == self.near or bool(asked and "summary" in live)
            assert Case.objects.visible_to(actor).exists() <= told
            read = set(Passage.objects.visible_to(actor).exclude(author_body=self.near).values_list("klass", flat=True))
            assert read <= live
            for link in links.order_by("-made_at")[:1]:
                holds = link_holder(link.pk, body=link.body)
                read = set(Passage.objects.visible_to(holds).values_list("klass", flat=True))
                assert read <= (live & set(link.classes) if link.closed_at is None else set())


def test_promises_hold_after_every_act(world: World) -> None:
    class HereAndNow(Life):
        pass

    HereAndNow.world = world
    run_state_machine_as_test(
        HereAndNow,
        settings=settings(max_examples=7, stateful_step_count=14, derandomize=True, print_blob=False,
                          phases=[Phase.generate], suppress_health_check=list(HealthCheck)),
    )  # fmt: skip
