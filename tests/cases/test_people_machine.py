"""People come, stand in, leave and give their cases away, in whatever order: no case is ever unheld, no body is without
an administrator, nobody who is not there is named as the one who moves, and nobody reads more than the firm gave (P1, P2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from renkei.accounts.actions.absences import end_absence, enter_absence
from renkei.accounts.actions.invitations import Arriving, Asked, accept_invitation, invite
from renkei.accounts.actions.members import Place, make_admin
from renkei.accounts.models import Absence, Membership
from renkei.accounts.queries import is_member, standing_in
from renkei.base import clock
from renkei.base.actor import Actor, link_holder
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.holding import accept_handover, draft_pack, offer_handover, take_case
from renkei.cases.actions.leaving import leave_body
from renkei.cases.actions.merging import merge_cases
from renkei.cases.actions.moves import (
    Successor,
    accept_packs,
    add_new_cases,
    cancel_move,
    choose_successor,
    decline_pack,
    recall_packs,
    send_packs,
)
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Consent, Handover, Move, MovePack, Support, Transition
from renkei.cases.queries.moves import ASKED
from renkei.companies.actions.merging import merge_companies, pair_mark
from renkei.companies.models import Company
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, company, leave, need_of, pick
from tests.cases.moving import acts, join
from tests.world import DESK, LAB, World

BODIES = [DESK, LAB]
some = st.integers(0, 9)
bodies = st.sampled_from(BODIES)


class People(RuleBasedStateMachine):
    """Two bodies, their people, and the cases of a firm that was entered twice."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.day, self.count, self.refused, self.done = NOON.date(), 0, 0, 0
        self.given: set[tuple[Any, str]] = set()
        self.firms = [company(), company(name="狐火エレクトロ")]
        for body in BODIES:
            for name in ("ito", "kono"):
                join(body, f"{name}{body[-1]}", admin=name == "ito")
        for place in range(3):
            self.case_comes(place)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    # who and what, by place: what is not there yet comes round to what is
    def member(self, body: str, place: int) -> Membership:
        with clock.moved_to(self.now):
            found = list(Membership.objects.current().filter(body_id=body).order_by("person__email"))
        return found[place % len(found)]

    def case(self, place: int) -> Case:
        found = list(Case.objects.open().order_by("number")) or list(Case.objects.order_by("number"))
        return found[place % len(found)]

    @property
    def now(self) -> dt.datetime:
        return clock.at(self.day, 12)

    def attempt(self, deed: Callable[[], object]) -> None:
        try:
            with clock.moved_to(self.now):
                deed()
        except Refused:
            self.refused += 1
        else:
            self.done += 1

    def holder(self, case: Case, place: int) -> Actor:
        return acts(self.member(case.holder_id, place))

    @rule(place=some)
    def case_comes(self, place: int) -> None:
        if Case.objects.count() > 7:
            return
        with clock.moved_to(self.now):
            case = arrived(self.world, company=self.firms[place % 2], standing_classes=[]).case
            take_case(case, by=acts(self.member(DESK, place)), person=self.member(DESK, place).person_id)
            need_of(case, self.world)

    @rule(place=some)
    def the_firm_lets_the_lab_read(self, place: int) -> None:
        case = self.case(place)
        by = self.holder(case, place)
        self.given.add((case.pk, LAB))
        self.attempt(lambda: give_consent(case, body=Body.objects.get(pk=LAB), klass="summary", by=by, how="oral", given_by="齋藤"))

    @rule(place=some)
    def the_firm_takes_it_back(self, place: int) -> None:
        found = list(Consent.objects.filter(withdrawn_at__isnull=True).order_by("case__number", "pk"))
        if found:
            one = found[place % len(found)]
            self.given.discard((one.case_id, one.body_id))
            self.attempt(lambda: withdraw_consent(one, by=acts(self.member(DESK, place)), how="oral"))

    @rule(body=bodies, admin=st.booleans(), place=some)
    def somebody_is_invited_and_comes(self, body: str, admin: bool, place: int) -> None:
        self.count += 1
        asked = Asked(f"new{self.count}@people.example", f"new{self.count}", Place("staff"), self.day, admin)

        def deed() -> None:
            made = invite(Body.objects.get(pk=body), asked=asked, by=acts(self.member(body, place)))
            accept_invitation(made, arriving=Arriving(name=asked.name, password="hibari-secret-1"), by=link_holder(made.pk))

        self.attempt(deed)

    @rule(body=bodies, who=some, place=some, days=st.integers(-2, 4))
    def somebody_leaves(self, body: str, who: int, place: int, days: int) -> None:
        until = self.day + dt.timedelta(days=days)
        self.attempt(lambda: leave_body(self.member(body, who), until, by=acts(self.member(body, place))))

    @rule(body=bodies, who=some, place=some, is_admin=st.booleans())
    def an_administrator_is_made_or_unmade(self, body: str, who: int, place: int, is_admin: bool) -> None:
        self.attempt(lambda: make_admin(self.member(body, who), is_admin=is_admin, by=acts(self.member(body, place))))

    @rule(body=bodies, who=some, place=some, first=st.integers(0, 3), days=st.integers(0, 3))
    def somebody_is_away(self, body: str, who: int, place: int, first: int, days: int) -> None:
        whose, since = self.member(body, who), self.day + dt.timedelta(days=first)
        self.attempt(lambda: enter_absence(whose, since=since, until=since + dt.timedelta(days=days), by=acts(whose),
                                           substitute=self.member(body, place).person_id))

    @rule(place=some)
    def somebody_comes_back(self, place: int) -> None:
        found = list(Absence.objects.standing().order_by("pk"))
        if found:
            one = found[place % len(found)]
            self.attempt(lambda: end_absence(one, by=acts(self.member(one.body_id, place))))

    @rule(who=some, place=some)
    def a_pack_is_chosen_and_sent(self, who: int, place: int) -> None:
        found = list(MovePack.objects.order_by("pk"))
        if found:
            pack = found[place % len(found)]
            by, to = acts(self.member(pack.body_id, place)), self.member(pack.body_id, who).person_id
            self.attempt(lambda: (choose_successor([pack], Successor(pack.body_id, to), by=by), send_packs([pack], by=by)))

    @rule(body=bodies, who=some)
    def everything_that_waits_is_sent(self, body: str, who: int) -> None:
        by = acts(self.member(body, who))
        self.attempt(lambda: send_packs(list(MovePack.objects.filter(body_id=body)), by=by))

    @rule(place=some, deed=st.sampled_from(["accept", "accept", "decline", "recall", "queue"]))
    def a_pack_is_answered(self, place: int, deed: str) -> None:
        found = list(MovePack.objects.filter(state="offered").order_by("pk"))
        if not found:
            return
        pack = found[place % len(found)]
        taker = Membership.objects.filter(person_id=pack.to_person_id, body_id=pack.to_body_id).first()
        by, giver = acts(taker or self.member(pack.to_body_id, place)), acts(self.member(pack.body_id, place))
        acting = {
            "accept": lambda: accept_packs([pack], by=by), "decline": lambda: decline_pack(pack, by=by, reason="いっぱい"),
            "recall": lambda: recall_packs([pack], by=giver),
            "queue": lambda: (recall_packs([pack], by=giver), choose_successor([pack], Successor(pack.body_id), by=giver),
                              send_packs([pack], by=giver)),
        }  # fmt: skip
        self.attempt(acting[deed])

    @rule(place=some, adds=st.booleans())
    def a_move_is_cancelled_or_grows(self, place: int, adds: bool) -> None:
        found = list(Move.objects.filter(cancelled_at__isnull=True).order_by("pk"))
        if found:
            one = found[place % len(found)]
            by = acts(self.member(one.body_id, place))
            self.attempt(lambda: add_new_cases(one, by=by) if adds else cancel_move(one, by=by))

    @rule(place=some, who=some)
    def somebody_takes_a_case(self, place: int, who: int) -> None:
        case = self.case(place)
        self.attempt(lambda: take_case(case, by=self.holder(case, who), person=self.member(case.holder_id, place).person_id))

    @rule(place=some, who=some)
    def a_case_is_offered_to_the_other_body(self, place: int, who: int) -> None:
        case = self.case(place)
        by, to = self.holder(case, who), Body.objects.get(pk=LAB if case.holder_id == DESK else DESK)
        self.attempt(lambda: offer_handover(case, to_body=to, by=by, pack=draft_pack(case, by), to_person=self.member(to.pk, place).person_id))

    @rule(place=some, who=some)
    def a_handover_is_accepted(self, place: int, who: int) -> None:
        found = list(Handover.objects.filter(state="offered").order_by("pk"))
        if found:
            one = found[place % len(found)]
            self.attempt(lambda: accept_handover(one, by=acts(self.member(one.to_body_id, who))))

    @rule(place=some, who=some)
    def the_lab_is_asked(self, place: int, who: int) -> None:
        case = self.case(place)
        need = case.needs.first()
        if need is not None:
            by, person = self.holder(case, who), self.member(LAB, who).person_id
            self.attempt(lambda: leave(*send_offers(case, [pick(need, person=person)], by=by)))

    @rule(place=some, who=some, deed=st.sampled_from(["accept", "pass", "decline"]))
    def the_lab_answers(self, place: int, who: int, deed: str) -> None:
        found = list(Support.objects.filter(state__in=ASKED).order_by("pk"))
        if not found:
            return
        one, member = found[place % len(found)], self.member(LAB, who)
        acting = {
            "accept": lambda: accept(one, by=acts(member), person=member.person_id),
            "pass": lambda: pass_on(one, by=acts(member), person=self.member(LAB, place).person_id),
            "decline": lambda: decline(one, by=acts(member), reason="busy"),
        }
        self.attempt(acting[deed])

    @rule(place=some, other=some)
    def two_cases_become_one(self, place: int, other: int) -> None:
        into, gone = self.case(place), self.case(other)
        self.attempt(lambda: merge_cases(into, gone, by=self.holder(into, place)))

    @rule()
    def two_entries_of_the_firm_become_one(self) -> None:
        into, other = (Company.objects.get(pk=one.pk) for one in self.firms)
        by = acts(self.member(DESK, 0))
        self.attempt(lambda: merge_companies(into, other, by=by, seen=pair_mark(into, other)))

    @rule(days=st.integers(1, 3))
    def days_go_by_and_the_worker_wakes(self, days: int) -> None:
        self.day += dt.timedelta(days=days)
        with clock.moved_to(self.now):
            run_clocks()

    @invariant()
    def every_open_case_has_a_holder_and_a_dated_step(self) -> None:
        for case in Case.objects.open():
            assert case.holder_id in BODIES
            assert case.next_on is not None
            assert case.next_step
            assert case.next_kind

    @invariant()
    def whoever_is_named_is_there(self) -> None:
        with clock.moved_to(self.now):
            named = {(one.holder_person_id, one.holder_id) for one in Case.objects.open()}
            named |= {(one.next_person_id, one.next_body_id) for one in Case.objects.open()}
            named |= {(one.person_id, one.body_id) for one in Support.objects.filter(state__in=ASKED).exclude(case__state="closed")}
            assert [(who, body) for who, body in named if who is not None and not is_member(who, body)] == []

    @invariant()
    def every_body_has_an_administrator_and_the_desk_somebody(self) -> None:
        with clock.moved_to(self.now):
            for body in BODIES:
                there = Membership.objects.current().filter(body_id=body)
                assert there.filter(is_admin=True).exists()

    @invariant()
    def nobody_reads_more_than_the_firm_gave(self) -> None:
        live = set(Consent.objects.filter(withdrawn_at__isnull=True).values_list("case_id", "body_id"))
        assert live <= self.given
        held = set(Case.objects.open().filter(holder_id=LAB).values_list("pk", flat=True))
        assert held <= {case for case, body in self.given if body == LAB}

    @invariant()
    def who_is_away_is_answered_for_by_somebody_who_is_there(self) -> None:
        with clock.moved_to(self.now):
            for one in Absence.objects.on(self.day).select_related("person"):
                who = standing_in(one.person, one.body_id)
                assert who is None or is_member(who.pk, one.body_id)
                assert who is None or not Absence.objects.on(self.day).filter(person=who, body_id=one.body_id).exists()

    @invariant()
    def what_was_accepted_is_on_record(self) -> None:
        accepted = MovePack.objects.filter(state="accepted").values_list("pk", flat=True)
        assert set(accepted) == set(Transition.objects.filter(verb="pack_accepted").values_list("subject", flat=True))


def walk(world: World, examples: int, steps: int = 25) -> None:
    class Walk(People):
        pass

    Walk.world = world
    with clock.moved_to(NOON):
        run_state_machine_as_test(Walk, settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate]))


def test_nothing_is_lost_on_any_walk_when_people_move(world: World) -> None:
    walk(world, 5)


def test_the_walk_sees_what_it_looks_for(world: World) -> None:
    class Walk(People):
        pass

    Walk.world = world
    with clock.moved_to(NOON):
        one = Walk()
        one.begin()
        one.whoever_is_named_is_there()
        Case.objects.filter(pk=one.case(0).pk).update(next_person=world.people[LAB])
        with pytest.raises(AssertionError):
            one.whoever_is_named_is_there()
        Membership.objects.filter(body_id=LAB).update(is_admin=False)
        with pytest.raises(AssertionError):
            one.every_body_has_an_administrator_and_the_desk_somebody()
        Case.objects.filter(pk=one.case(1).pk).update(holder=LAB)
        with pytest.raises(AssertionError):
            one.nobody_reads_more_than_the_firm_gave()
        one.teardown()
