"""The last day goes by and nobody accepted: every case lies in the queue of its body, dated, and nobody who left is named (P1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.cases import jobs
from renkei.cases.actions.answers import accept, correct_answer, record_answer
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover, take_case
from renkei.cases.actions.leaving import free_caseload, leave_body, who_left
from renkei.cases.actions.moves import Successor, accept_packs, choose_successor, open_move, send_packs
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Move, MoveReason, Support
from renkei.cases.queries.moves import naming_who_left
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.cases.making import NOON, events, fresh, mails, offered, refuses, steps
from tests.cases.moving import acts, held, join, member
from tests.world import DESK, LAB, World

LAST = dt.date(2026, 11, 27)  # a Friday
MONDAY = dt.date(2026, 11, 30)


class Hand:
    """The hand of the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def to(self, day: dt.date, hour: int = 9) -> None:
        self.now = clock.at(day, hour)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand(monkeypatch)


def sent(world: World, *, each: int = 1) -> tuple[Membership, Membership, Move, list[Case]]:
    leaver, ito = join(DESK, "sato"), join(DESK, "ito")
    cases = held(world, leaver, each=each)
    move = open_move(leaver, on=LAST, by=acts(leaver))
    choose_successor(list(move.packs.all()), Successor(DESK, ito.person_id), by=acts(leaver))
    send_packs(list(move.packs.all()), by=acts(leaver))
    Membership.objects.filter(pk=leaver.pk).update(until=LAST)
    return leaver, ito, move, cases


@pytest.mark.covers("C32", "C42")
def test_until_the_end_of_the_last_day_nothing_changes_and_then_everything_is_in_the_queue(world: World, hand: Hand) -> None:
    leaver, _ito, move, cases = sent(world, each=2)
    before = [one.next_step for one in cases]
    hand.to(LAST, 23)
    assert (who_left(), run_clocks().freed) == ([], 0)
    assert {fresh(one).holder_person_id for one in cases} == {leaver.person_id}
    hand.to(LAST + dt.timedelta(days=1), 0)  # a Saturday
    assert who_left() == [(DESK, leaver.person_id)]
    assert run_clocks().freed == 2
    for case, words in zip([fresh(one) for one in cases], before, strict=True):
        assert (case.holder_id, case.holder_person_id, case.next_body_id, case.next_person_id) == (DESK, None, DESK, None)
        assert (case.next_kind, case.next_on) == ("choose", MONDAY)
        assert case.next_step.startswith("担当を決める")
        assert words in case.next_step
        assert steps(case)[-1] == ("passed_on", str(leaver.person_id), "")
    assert {one.state for one in move.packs.all()} == {"offered"}  # they still wait
    assert mails("fell") == [("hibari-desk@hibari.example", "waiting"), ("hibari-desk@people.example", "waiting")]
    assert events("case.free") == 2
    assert (who_left(), run_clocks().freed) == ([], 0)
    assert len(mails("fell")) == 2
    assert fresh(move).lapsed_at is not None


def test_a_pack_accepted_after_the_last_day_brings_the_step_back(world: World, hand: Hand) -> None:
    _leaver, ito, move, cases = sent(world, each=2)
    Case.objects.filter(pk=cases[0].pk).update(next_step="会社に4月の結果を聞く", next_on=dt.date(2027, 4, 10), next_kind="call",
                                               next_phone="04-7100-0000", next_time=dt.time(10))  # fmt: skip
    hand.to(MONDAY)
    run_clocks()
    accept_packs(list(move.packs.all()), by=acts(ito))
    first, second = fresh(cases[0]), fresh(cases[1])
    assert (first.next_step, first.next_on, first.next_kind) == ("会社に4月の結果を聞く", dt.date(2027, 4, 10), "call")
    assert (first.next_phone, first.next_time, first.next_person_id) == ("04-7100-0000", dt.time(10), ito.person_id)
    assert (second.next_step, second.next_on) == (cases[1].next_step, MONDAY)  # its day was Friday: it is due today
    assert {first.holder_person_id, second.holder_person_id} == {ito.person_id}


def test_a_step_chosen_meanwhile_is_not_overwritten_by_a_late_yes(world: World, hand: Hand) -> None:
    _leaver, ito, move, cases = sent(world)
    hand.to(MONDAY)
    run_clocks()
    take_case(fresh(cases[0]), by=world.desk, person=world.people[DESK].pk)
    accept_packs(list(move.packs.all()), by=acts(ito))
    assert fresh(cases[0]).holder_person_id == world.people[DESK].pk


def test_who_left_without_any_move_is_named_no_more(world: World, hand: Hand) -> None:
    leaver = join(DESK, "sato", until=LAST)
    case, other = held(world, leaver)[0], held(world, member(world))[0]
    hand.to(MONDAY)
    assert run_clocks().freed == 1
    assert fresh(case).holder_person_id is None
    assert fresh(other).holder_person_id == world.people[DESK].pk


@pytest.mark.covers("C32", "C42")
def test_no_commit_of_the_night_names_one_who_left_when_several_did(
    world: World, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case may name its person, the one asked and the one who moves next: all leave on the last day of March."""
    sato, kono = join(DESK, "sato", until=LAST), join(LAB, "kono", until=LAST)
    cases = [fresh(offered(world, person=kono.person_id).case) for _turn in range(2)]
    Case.objects.filter(pk=cases[0].pk).update(holder_person=sato.person)
    Case.objects.filter(pk=cases[1].pk).update(holder_person=sato.person, next_body=LAB, next_person=kono.person)
    left_behind: list[int] = []
    real = jobs.acting

    @contextmanager
    def watched(actor: Actor) -> Iterator[None]:
        with real(actor):
            yield
        if events("case.free"):
            left_behind.append(naming_who_left().count())

    monkeypatch.setattr(jobs, "acting", watched)
    hand.to(MONDAY)
    assert run_clocks().freed == 4
    assert left_behind
    assert set(left_behind) == {0}
    assert {(one.holder_person_id, one.next_person_id) for one in map(fresh, cases)} == {(None, None)}


@pytest.mark.covers("C32")
@pytest.mark.parametrize("how", ["late", "corrected"])
def test_a_yes_after_the_last_day_names_nobody_who_left(world: World, hand: Hand, how: str) -> None:
    lab = join(LAB, "kono", until=LAST)
    support = offered(world, person=lab.person_id, takes_over=True)
    if how == "late":
        Support.objects.filter(pk=support.pk).update(state="expired")
    else:
        record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy")
    hand.to(MONDAY)
    if how == "late":
        accept(fresh(support), by=world.lab)
    else:
        correct_answer(fresh(support), by=world.lab, answer="accept")
    case = fresh(support.case)
    assert (case.holder_id, case.holder_person_id, fresh(support).person_id) == (LAB, world.lab.person, world.lab.person)
    assert who_left() == []


@pytest.mark.covers("C32")
def test_a_handover_taken_after_the_last_day_of_who_was_asked_goes_to_who_takes_it(world: World, hand: Hand) -> None:
    lab = join(LAB, "kono", until=LAST)
    case = held(world, member(world))[0]
    lab_body = Body.objects.get(pk=LAB)
    give_consent(case, body=lab_body, klass="summary", by=world.desk, how="oral", given_by="社長")
    handover = offer_handover(fresh(case), to_body=lab_body, by=world.desk, to_person=lab.person_id, pack=Pack(state="測っている"))
    hand.to(MONDAY)
    accept_handover(handover, by=world.lab)
    assert (fresh(case).holder_id, fresh(case).holder_person_id, who_left()) == (LAB, world.lab.person, [])


def test_somebody_who_is_no_longer_active_is_freed_like_who_left(world: World, hand: Hand) -> None:
    leaver = join(DESK, "sato")
    case = held(world, leaver)[0]
    type(leaver.person).objects.filter(pk=leaver.person_id).update(is_active=False)
    assert run_clocks().freed == 1
    assert fresh(case).holder_person_id is None
    assert hand.now == NOON


def test_a_step_of_another_body_loses_the_name_and_keeps_its_day(world: World, hand: Hand) -> None:
    lab = join(LAB, "kono", until=LAST)
    case = held(world, member(world))[0]
    Case.objects.filter(pk=case.pk).update(next_body=LAB, next_person=lab.person, next_step="測る", next_on=dt.date(2026, 12, 4))
    hand.to(MONDAY)
    assert run_clocks().freed == 1
    after = fresh(case)
    assert (after.next_body_id, after.next_person_id, after.next_step, after.next_on) == (LAB, None, "測る", dt.date(2026, 12, 4))
    assert (after.holder_id, after.holder_person_id) == (DESK, world.people[DESK].pk)


def test_what_a_person_was_asked_goes_to_the_queue_with_a_fresh_link(world: World, hand: Hand) -> None:
    lab, ito = join(LAB, "kono"), join(LAB, "ito")
    support = offered(world, person=lab.person_id)
    move = open_move(lab, on=LAST, by=acts(lab))
    choose_successor(list(move.packs.all()), Successor(LAB, ito.person_id), by=acts(lab))
    send_packs(list(move.packs.all()), by=acts(lab))
    Membership.objects.filter(pk=lab.pk).update(until=LAST)
    hand.to(MONDAY)
    run_clocks()
    assert fresh(support).person_id is None
    assert Mail.objects.filter(purpose="offer", to="hibari-lab@hibari.example", text__contains="離れたため").count() == 1
    accept_packs(list(move.packs.all()), by=acts(ito))
    assert fresh(support).person_id == ito.person_id


def test_a_member_is_never_freed(world: World, hand: Hand) -> None:
    one = join(DESK, "sato")
    case = held(world, one)[0]
    assert free_caseload(DESK, one.person_id, by=SYSTEM) == 0
    assert fresh(case).version == case.version
    assert hand.now == NOON


def test_the_worker_frees_under_its_own_login(committed_world: World, login: Any) -> None:
    leaver = join(DESK, "sato", until=clock.today() - dt.timedelta(days=1))
    case = held(committed_world, leaver)[0]
    with login("worker"):
        assert run_clocks().freed == 1
    assert (fresh(case).holder_person_id, fresh(case).next_kind) == (None, "choose")


@pytest.mark.covers("C42")
def test_leaving_is_one_act_of_an_administrator(world: World, hand: Hand) -> None:
    leaver, _ito = join(DESK, "sato"), join(DESK, "ito")
    held(world, leaver, each=2)
    move = leave_body(leaver, LAST, by=world.desk, reason=MoveReason.POST_ENDS)
    assert (fresh(leaver).until, move.on, move.reason, move.packs.count()) == (LAST, LAST, "post_ends", 2)
    assert (events("member.end"), events("move.open")) == (1, 1)
    later = leave_body(fresh(leaver), LAST + dt.timedelta(days=3), by=world.desk)
    assert (later.pk, later.on, fresh(leaver).until) == (move.pk, LAST + dt.timedelta(days=3), LAST + dt.timedelta(days=3))
    assert (events("move.open"), events("move.shift"), hand.now) == (1, 1, NOON)


def test_who_is_no_administrator_announces_the_last_day(world: World, hand: Hand) -> None:
    leaver = join(DESK, "sato")
    held(world, leaver)
    move = leave_body(leaver, LAST, by=acts(leaver))
    assert (fresh(leaver).until, move.packs.count()) == (None, 1)
    assert mails("move") == [("hibari-desk@people.example", "waiting")]
    assert hand.now == NOON


def test_the_last_administrator_does_not_leave_and_nothing_is_half_written(world: World, hand: Hand) -> None:
    join(DESK, "ito")
    with refuses("last_admin"):
        leave_body(member(world), LAST, by=world.desk)
    assert (Move.objects.count(), fresh(member(world)).until) == (0, None)
    with refuses("not_allowed"):
        leave_body(member(world), LAST, by=world.lab)
    assert hand.now == NOON


def test_a_last_day_gone_by_frees_in_the_same_transaction(world: World, hand: Hand) -> None:
    leaver = join(DESK, "sato")
    case = held(world, leaver)[0]
    move = leave_body(leaver, NOON.date() - dt.timedelta(days=1), by=world.desk)
    assert (fresh(case).holder_person_id, fresh(case).next_kind) == (None, "choose")
    assert move.lapsed_at is not None
    assert (who_left(), hand.now) == ([], NOON)
