"""P1 on random walks: whatever people do to the cases of a firm, in whatever order, each open case has exactly one
holder and one dated next step, nothing refused leaves a trace, and the steps on record tell where every case stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models.expressions import RawSQL
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from renkei.accounts.queries import is_member
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.holding import (
    Pack,
    accept_handover,
    decline_handover,
    offer_handover,
    recall_handover,
    set_next_step,
    take_case,
)
from renkei.cases.actions.intake import refer_to_desk
from renkei.cases.actions.merging import merge_cases, split_case, unmerge, unsplit
from renkei.cases.actions.triage import keep_case, settle_need
from renkei.cases.models import Case, Consent, Handover, Need, Regrouping, Transition
from renkei.cases.states import CaseState
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, company, need_of
from tests.world import CENTER, DESK, LAB, World

MOVES = {"received", "triaged", "merged", "unmerged", "split", "closed", "reopened"}
GIVES = {"handover_accepted", "holder_back", "referred"}
some = st.integers(0, 7)
bodies = st.sampled_from([DESK, LAB, CENTER])
whose = st.sampled_from(["holder", "holder", DESK, LAB, CENTER])


def record() -> list[Any]:
    """All rows a refused deed could have touched."""
    return [list(table.objects.order_by("pk").values()) for table in (Case, Need, Handover, Regrouping, Consent)] + [
        Transition.objects.count()]


def told(case: Case) -> list[Transition]:
    return list(Transition.objects.filter(case=case).order_by(RawSQL("cmin::text::bigint", [])))


class Firm(RuleBasedStateMachine):
    """One firm's cases, three bodies, and everything that moves a case from hand to hand."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.company, self.day, self.numbers = company(), clock.today(), dict[Any, str]()
        for code in (LAB, CENTER):
            self.arrive()
            case, by = Case.objects.latest("number"), self.world.actor(code)
            offered = offer_handover(case, to_body=Body.objects.get(pk=code), by=self.world.desk, pack=Pack(state="x"))
            accept_handover(offered, by=by)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def case(self, place: int) -> Case:
        cases = list(Case.objects.order_by("number"))
        return cases[place % len(cases)]

    def by(self, place: int, code: str) -> Actor:
        """The holder's person, or whoever tries."""
        return self.world.actor(self.case(place).holder_id if code == "holder" else code)

    def handover(self, place: int) -> Handover:
        """One that waits, if there is any; else any; else none that was ever made."""
        found = list(Handover.objects.order_by("state", "case__number"))[::-1]
        return found[place % len(found)] if found else Handover(case=self.case(place))

    def attempt(self, deed: Callable[[], object]) -> None:
        """Do it; what is refused must have left everything as it was."""
        before = record()
        try:
            with clock.moved_to(clock.at(self.day, 12)):
                deed()
        except Refused:
            assert record() == before

    @rule()
    def arrive(self) -> None:
        if Case.objects.count() < 7:
            with clock.moved_to(clock.at(self.day, 12)):
                case = arrived(self.world, company=self.company).case
                for title in ("1つめ", "2つめ"):
                    need_of(case, self.world, title=title)
                for code in (LAB, CENTER):
                    give_consent(case, body=Body.objects.get(pk=code), klass="summary", by=self.world.desk, how="oral",
                                 given_by="齋藤")

    @rule(days=st.integers(1, 30))
    def wait(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    @rule(place=some, code=whose, who=bodies)
    def take(self, place: int, code: str, who: str) -> None:
        self.attempt(lambda: take_case(self.case(place), by=self.by(place, code), person=self.world.people[who].pk))

    @rule(place=some, code=whose, ahead=st.integers(-2, 40), moves=bodies)
    def plan(self, place: int, code: str, ahead: int, moves: str) -> None:
        step = NextStep("する", self.day + dt.timedelta(days=ahead), body=moves)
        self.attempt(lambda: set_next_step(self.case(place), step, by=self.by(place, code)))

    @rule(place=some, code=whose)
    def keep(self, place: int, code: str) -> None:
        step = NextStep("訪ねる", self.day, kind="visit")
        self.attempt(lambda: keep_case(self.case(place), by=self.by(place, code), next_step=step))

    @rule(place=some, code=whose, to=bodies)
    def offer(self, place: int, code: str, to: str) -> None:
        body = Body.objects.get(pk=to)
        self.attempt(lambda: offer_handover(self.case(place), to_body=body, by=self.by(place, code), pack=Pack(state="x")))

    @rule(place=some, deed=st.sampled_from(["accept", "decline", "recall"]), by_receiver=st.booleans(), code=whose)
    def answer(self, place: int, deed: str, by_receiver: bool, code: str) -> None:
        handover = self.handover(place)
        by = self.world.actor(handover.to_body_id) if by_receiver and handover.to_body_id else self.by(place, code)
        acts: dict[str, Callable[[], object]] = {
            "accept": lambda: accept_handover(handover, by=by),
            "decline": lambda: decline_handover(handover, by=by, reason="手がいっぱい"),
            "recall": lambda: recall_handover(handover, by=by),
        }
        if Handover.objects.filter(pk=handover.pk).exists():
            self.attempt(acts[deed])

    @rule(place=some, code=whose)
    def refer(self, place: int, code: str) -> None:
        self.attempt(lambda: refer_to_desk(self.case(place), by=self.by(place, code)))

    @rule(place=some, code=whose, needs=st.sampled_from(["", "settled", "dropped"]))
    def close(self, place: int, code: str, needs: str) -> None:
        by = self.by(place, code)
        self.attempt(lambda: close_case(self.case(place), by=by, reason="solved", words="済", needs=needs))

    @rule(place=some, code=whose)
    def reopen(self, place: int, code: str) -> None:
        self.attempt(lambda: reopen_case(self.case(place), by=self.by(place, code), reason="また"))

    @rule(place=some, code=whose, state=st.sampled_from(["open", "settled", "dropped"]))
    def settle(self, place: int, code: str, state: str) -> None:
        need = self.case(place).needs.first()
        if need is not None:
            self.attempt(lambda: settle_need(need, state=state, by=self.by(place, code)))

    @rule(place=some, other=some, code=whose)
    def merge(self, place: int, other: int, code: str) -> None:
        self.attempt(lambda: merge_cases(self.case(place), self.case(other), by=self.by(place, code)))

    @rule(place=some, other=some)
    def merge_as_the_desk(self, place: int, other: int) -> None:
        self.merge(place, other, DESK)

    @rule(place=some, code=whose)
    def split(self, place: int, code: str) -> None:
        case, by = self.case(place), self.by(place, code)
        self.attempt(lambda: split_case(case, needs=list(case.needs.all()[:1]), title="分けた", by=by))

    @rule(place=some, undo=st.sampled_from([unmerge, unsplit]))
    def take_out(self, place: int, undo: Callable[..., Case]) -> None:
        entries = list(Regrouping.objects.filter(undone_at__isnull=True).order_by("case__number"))
        case = entries[place % len(entries)].case if entries else self.case(place)
        self.attempt(lambda: undo(case, by=self.world.desk))

    @rule(place=some, code=st.sampled_from([LAB, CENTER]))
    def withdraw(self, place: int, code: str) -> None:
        case = self.case(place)
        for consent in Consent.objects.live().filter(case=case, body_id=code):
            self.attempt(lambda consent=consent: withdraw_consent(consent, by=self.world.desk, how="oral"))

    @invariant()
    def every_case_is_held_and_dated(self) -> None:
        for case in Case.objects.all():
            assert case.holder_id in {DESK, LAB, CENTER}
            assert case.holder_person_id is None or is_member(case.holder_person_id, case.holder_id)
            if case.is_open:
                assert (bool(case.next_step), bool(case.next_kind), case.next_on is not None, case.closed_at) == (
                    True, True, True, None)
                assert (case.merged_into_id, case.next_body_id is not None) == (None, True)
            else:
                assert (case.next_step, case.next_kind, case.next_on) == ("", "", None)
                assert case.closed_at is not None
                assert case.close_reason

    @invariant()
    def who_holds_may_read(self) -> None:
        for case in Case.objects.open().exclude(holder_id=DESK):
            assert Consent.objects.live().filter(case=case, body_id=case.holder_id, klass="summary").exists()

    @invariant()
    def one_offer_a_case_and_none_on_a_closed_one(self) -> None:
        waiting = list(Handover.objects.filter(state="offered").values_list("case_id", "case__state"))
        assert len({case for case, _state in waiting}) == len(waiting)
        assert "closed" not in {state for _case, state in waiting}

    @invariant()
    def numbers_stay_and_links_lead_on(self) -> None:
        now = dict(Case.objects.values_list("pk", "number"))
        assert len(set(now.values())) == len(now)
        assert now.items() >= self.numbers.items()
        self.numbers = now
        for case in Case.objects.filter(merged_into__isnull=False).select_related("merged_into"):
            assert case.merged_into is not None
            assert case.merged_into.merged_into_id is None
        for case in Case.objects.filter(merged_into__isnull=False, split_from__isnull=True):
            assert {case.pk, case.merged_into_id} <= set(
                Case.objects.visible_to(firm(case)).values_list("pk", flat=True))

    @invariant()
    def no_work_is_lost_or_left_open_in_a_closed_case(self) -> None:
        assert Need.objects.count() == 2 * Case.objects.filter(split_from__isnull=True).count()
        assert not Need.objects.filter(state="open", case__state="closed").exists()

    @invariant()
    def the_steps_tell_state_and_holder(self) -> None:
        for case in Case.objects.all():
            steps = told(case)
            states = [step.to_state for step in steps if step.verb in MOVES and step.to_state in CaseState.values]
            holders = [step.to_state for step in steps if step.verb in GIVES]
            assert states[-1] == case.state
            assert not holders or holders[-1] == case.holder_id
            assert all(step.happened_on <= step.recorded_at.astimezone(clock.JST).date() for step in steps)


def walk(world: World, examples: int) -> None:
    class Walk(Firm):
        pass

    Walk.world = world
    with clock.moved_to(NOON):
        run_state_machine_as_test(Walk, settings=settings(
            max_examples=examples, stateful_step_count=18, suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate]))


def test_every_open_case_has_one_holder_and_one_dated_step_on_every_walk(world: World) -> None:
    walk(world, 5)
