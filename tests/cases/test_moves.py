"""A caseload moves: drafted, chosen, sent, accepted or declined; and nothing changes hands before a yes (P1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.holding import Pack, accept_handover, decline_handover, recall_handover, set_next_step
from renkei.cases.actions.moves import (
    Successor,
    accept_packs,
    add_new_cases,
    cancel_move,
    choose_successor,
    decline_pack,
    open_move,
    recall_packs,
    send_packs,
    write_pack,
)
from renkei.cases.models import Case, Handover, Move, MovePack, MoveReason
from renkei.cases.queries.moves import waiting_packs
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.cases.making import NOON, events, fresh, mails, offered, refuses, steps
from tests.cases.moving import acts, held, join, member
from tests.world import CENTER, DESK, LAB, World

LAST = dt.date(2027, 3, 31)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def packs_of(move: Move) -> list[MovePack]:
    return list(move.packs.order_by("case__number"))


@pytest.mark.covers("C32", "C42")
def test_a_move_drafts_a_pack_for_every_open_case_that_names_the_person(world: World) -> None:
    leaver, other = join(DESK, "sato"), join(DESK, "ito")
    own = held(world, leaver, each=2)
    held(world, other)
    only_next = held(world, other)[0]
    Case.objects.filter(pk=only_next.pk).update(next_person=leaver.person)
    closed = held(world, leaver)[0]
    close_case(closed, by=world.desk, reason="spam", words="売り込みだった。", needs="dropped")
    move = open_move(leaver, on=LAST, by=acts(leaver), reason=MoveReason.POST_ENDS)
    assert {one.case_id for one in packs_of(move)} == {own[0].pk, own[1].pk, only_next.pk}
    assert {one.state for one in packs_of(move)} == {"draft"}
    assert all(one.pack_state for one in packs_of(move))
    assert (move.reason, move.on, move.opened_by_id) == ("post_ends", LAST, leaver.person_id)
    assert events("move.open") == 1
    again = open_move(leaver, on=LAST, by=acts(leaver))
    assert (again.pk, again.packs.count(), events("move.open")) == (move.pk, 3, 1)


def test_drafting_changes_nothing_of_the_case(world: World) -> None:
    leaver = join(DESK, "sato")
    case = held(world, leaver)[0]
    open_move(leaver, on=LAST, by=acts(leaver))
    after = fresh(case)
    assert (after.version, after.holder_person_id, after.next_person_id) == (case.version, leaver.person_id, leaver.person_id)


def test_cases_are_dealt_to_who_fits_and_then_to_who_carries_least(world: World) -> None:
    leaver, busy, free = join(DESK, "sato"), join(DESK, "busy"), join(DESK, "free")
    fits = join(DESK, "fit", specialities=("電源装置",))
    held(world, busy, each=3)
    held(world, world_member := member(world), each=5)
    fitting, plain = held(world, leaver)[0], held(world, leaver, summary="水質計の販路")
    Case.objects.filter(pk__in=[one.pk for one in plain]).update(title="水質計")
    move = open_move(leaver, on=LAST, by=acts(leaver))
    chosen = {one.case_id: one.to_person_id for one in packs_of(move)}
    assert chosen[fitting.pk] == fits.person_id
    assert [chosen[one.pk] for one in plain] == [free.person_id]
    assert world_member.person_id not in chosen.values()


def test_nobody_who_leaves_before_the_first_day_is_proposed_or_can_be_chosen(world: World) -> None:
    leaver, leaves_too = join(DESK, "sato"), join(DESK, "ito", until=LAST)
    held(world, leaver)
    move = open_move(leaver, on=LAST, by=acts(leaver))
    pack = packs_of(move)[0]
    assert pack.to_person_id == world.people[DESK].pk
    with refuses("not_a_member", "to"):
        choose_successor([pack], Successor(DESK, leaves_too.person_id), by=acts(leaver))
    with refuses("not_a_member", "to"):
        choose_successor([pack], Successor(DESK, leaver.person_id), by=acts(leaver))
    with refuses("not_a_member", "to"):
        choose_successor([pack], Successor(DESK, world.people[LAB].pk), by=acts(leaver))


def test_only_the_person_or_an_administrator_of_the_body_opens_a_move(world: World) -> None:
    leaver, other = join(DESK, "sato"), join(DESK, "ito")
    for stranger in (acts(other), world.lab):
        with refuses("not_allowed"):
            open_move(leaver, on=LAST, by=stranger)
    assert open_move(leaver, on=LAST, by=world.desk).person_id == leaver.person_id


def test_a_move_needs_a_reason_of_the_list_and_a_day_after_the_start(world: World) -> None:
    leaver = join(DESK, "sato")
    with refuses("wrong_reason", "reason"):
        open_move(leaver, on=LAST, by=acts(leaver), reason="bored")
    with refuses("on_before_start", "on"):
        open_move(leaver, on=dt.date(2024, 3, 31), by=acts(leaver))
    assert Move.objects.count() == 0


def test_a_pack_is_edited_by_its_giver_and_not_over_a_second_editor(world: World) -> None:
    leaver, other = join(DESK, "sato"), join(DESK, "ito")
    held(world, leaver)
    pack = packs_of(open_move(leaver, on=LAST, by=acts(leaver)))[0]
    written = write_pack(pack, Pack("試作が終わった", "4月に報告", "販路"), by=acts(leaver), version=0)
    assert (written.pack_state, written.pack_promises, written.pack_open, written.version) == ("試作が終わった", "4月に報告", "販路", 1)
    assert events("pack.write") == 1
    write_pack(written, Pack("試作が終わった", "4月に報告", "販路"), by=acts(leaver), version=1)
    assert (fresh(pack).version, events("pack.write")) == (1, 1)
    with refuses("changed_meanwhile"):
        write_pack(pack, Pack("古い"), by=world.desk, version=0)
    with refuses("pack_empty", "state"):
        write_pack(pack, Pack("  "), by=acts(leaver))
    with refuses("too_long", "promises"):
        write_pack(pack, Pack("あ", "い" * 2001), by=acts(leaver))
    with refuses("not_allowed"):
        write_pack(pack, Pack("横から"), by=acts(other))
    assert fresh(pack).pack_state == "試作が終わった"


def test_sending_asks_each_successor_once_and_changes_no_hands(world: World) -> None:
    leaver, ito, mori = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "mori")
    cases = held(world, leaver, each=3)
    move = open_move(leaver, on=LAST, by=acts(leaver))
    packs = packs_of(move)
    assert choose_successor(packs[:2], Successor(DESK, ito.person_id), by=acts(leaver)) >= 1
    choose_successor(packs[2:], Successor(DESK, mori.person_id), by=acts(leaver))
    assert send_packs(packs, by=acts(leaver)) == 3
    assert mails("move") == [("ito@people.example", "waiting"), ("mori@people.example", "waiting")]
    assert {one.state for one in packs_of(move)} == {"offered"}
    assert {fresh(one).holder_person_id for one in cases} == {leaver.person_id}
    assert steps(cases[0])[-1] == ("pack_offered", "draft", "offered")
    assert events("pack.offer") == 3
    assert send_packs(packs, by=acts(leaver)) == 0
    assert len(mails("move")) == 2
    assert not Mail.objects.filter(purpose="move", text__contains="狐火").exists()


def test_the_queue_of_the_body_can_be_the_successor(world: World) -> None:
    leaver, ito = join(DESK, "sato"), join(DESK, "ito")
    case = held(world, leaver)[0]
    move = open_move(leaver, on=LAST, by=acts(leaver))
    choose_successor(packs_of(move), Successor(DESK), by=acts(leaver))
    send_packs(packs_of(move), by=acts(leaver))
    assert mails("move") == [("hibari-desk@hibari.example", "waiting")]
    assert [one.case_id for one in waiting_packs(acts(ito))] == [case.pk]
    assert list(waiting_packs(acts(leaver))) == []
    with refuses("not_allowed"):
        accept_packs(packs_of(move), by=acts(leaver))
    accept_packs(packs_of(move), by=acts(ito))
    assert (fresh(case).holder_person_id, packs_of(move)[0].to_person_id) == (ito.person_id, ito.person_id)


def ready(world: World, *, each: int = 1) -> tuple[Any, Any, Move, list[Case]]:
    leaver, ito = join(DESK, "sato"), join(DESK, "ito")
    cases = held(world, leaver, each=each)
    move = open_move(leaver, on=LAST, by=acts(leaver))
    choose_successor(packs_of(move), Successor(DESK, ito.person_id), by=acts(leaver))
    send_packs(packs_of(move), by=acts(leaver))
    return leaver, ito, move, cases


@pytest.mark.covers("C32")
def test_accepting_makes_the_successor_hold_with_the_same_step_and_day(world: World) -> None:
    leaver, ito, move, cases = ready(world, each=2)
    before = [(one.next_step, one.next_on, one.next_kind) for one in cases]
    assert accept_packs(packs_of(move), by=acts(ito)) == 2
    for case, step in zip([fresh(one) for one in cases], before, strict=True):
        assert (case.next_step, case.next_on, case.next_kind) == step
        assert (case.holder_id, case.holder_person_id, case.next_person_id) == (DESK, ito.person_id, ito.person_id)
        assert steps(case)[-1] == ("pack_accepted", str(leaver.person_id), str(ito.person_id))
    assert events("pack.accept") == 2
    assert ("sato@people.example", "waiting") in mails("move")  # the giver is told once
    assert Mail.objects.filter(to="saito@kitsunebi.example", subject__startswith="担当者が替わりました").count() == 2
    with refuses("wrong_state"):
        accept_packs(packs_of(move), by=acts(ito))
    assert events("pack.accept") == 2


def test_one_of_several_can_be_accepted(world: World) -> None:
    _leaver, ito, move, cases = ready(world, each=2)
    first, second = packs_of(move)
    accept_packs([first], by=acts(ito))
    assert (fresh(first).state, fresh(second).state) == ("accepted", "offered")
    assert fresh(cases[0]).holder_person_id == ito.person_id
    assert fresh(cases[1]).holder_person_id != ito.person_id


def test_nobody_else_answers_a_pack(world: World) -> None:
    leaver, _ito, move, cases = ready(world)
    for stranger in (acts(leaver), world.desk, world.lab, acts(join(DESK, "mori"))):
        with refuses("not_allowed"):
            accept_packs(packs_of(move), by=stranger)
        with refuses("not_allowed"):
            decline_pack(packs_of(move)[0], by=stranger, reason="いっぱいです")
    assert fresh(cases[0]).holder_person_id == leaver.person_id


def test_a_decline_needs_a_reason_and_the_giver_chooses_again(world: World) -> None:
    leaver, ito, move, cases = ready(world)
    pack = packs_of(move)[0]
    with refuses("reason_empty", "reason"):
        decline_pack(pack, by=acts(ito), reason=" ")
    declined = decline_pack(pack, by=acts(ito), reason="専門が違います")
    assert (declined.state, declined.answer_text, declined.answered_by_id) == ("declined", "専門が違います", ito.person_id)
    assert (steps(cases[0])[-1], events("pack.decline")) == (("pack_declined", "offered", "declined"), 1)
    assert fresh(cases[0]).holder_person_id == leaver.person_id
    with refuses("wrong_state"):
        decline_pack(pack, by=acts(ito), reason="もう一度")
    mori = join(DESK, "mori")
    choose_successor([pack], Successor(DESK, mori.person_id), by=acts(leaver))
    assert send_packs([pack], by=acts(leaver)) == 1
    accept_packs([pack], by=acts(mori))
    assert fresh(cases[0]).holder_person_id == mori.person_id


def test_what_is_not_accepted_can_be_taken_back(world: World) -> None:
    leaver, ito, move, cases = ready(world, each=2)
    accept_packs(packs_of(move)[:1], by=acts(ito))
    assert recall_packs(packs_of(move), by=acts(leaver)) == 1
    assert [one.state for one in packs_of(move)] == ["accepted", "draft"]
    assert (steps(cases[1])[-1], events("pack.recall")) == (("pack_offered", "offered", "draft"), 1)
    assert recall_packs(packs_of(move), by=acts(leaver)) == 0
    with refuses("wrong_state"):
        accept_packs(packs_of(move)[1:], by=acts(ito))
    with refuses("not_allowed"):
        recall_packs(packs_of(move), by=acts(ito))


def test_a_cancelled_move_leaves_everything_with_who_holds_it(world: World) -> None:
    leaver, ito, move, cases = ready(world, each=2)
    accept_packs(packs_of(move)[:1], by=acts(ito))
    cancel_move(move, by=acts(leaver))
    assert (fresh(cases[0]).holder_person_id, fresh(cases[1]).holder_person_id) == (ito.person_id, leaver.person_id)
    assert list(waiting_packs(acts(ito))) == []
    assert events("move.cancel") == 1
    with refuses("cancelled"):
        cancel_move(move, by=acts(leaver))
    with refuses("gone"):
        send_packs(packs_of(move)[1:], by=acts(leaver))
    assert open_move(leaver, on=LAST, by=acts(leaver)).pk != move.pk  # and it can be opened anew


def test_cases_that_came_later_join_the_move(world: World) -> None:
    leaver, _ito, move, _cases = ready(world)
    later = held(world, leaver)[0]
    assert add_new_cases(move, by=acts(leaver)) == 1
    assert add_new_cases(move, by=acts(leaver)) == 0
    assert move.packs.get(case=later).state == "draft"


def test_a_support_and_a_step_of_the_person_go_along(world: World) -> None:
    lab, ito = member(world, LAB), join(LAB, "ito")
    join(LAB, "admin", admin=True)
    support = offered(world, person=lab.person_id)
    move = open_move(lab, on=LAST, by=acts(lab))
    pack = packs_of(move)[0]
    choose_successor([pack], Successor(LAB, ito.person_id), by=acts(lab))
    with refuses("not_holder", "to"):
        choose_successor([pack], Successor(CENTER), by=acts(lab))
    send_packs([pack], by=acts(lab))
    accept_packs([pack], by=acts(ito))
    assert fresh(support).person_id == ito.person_id
    case = fresh(support.case)
    assert (case.holder_id, case.holder_person_id) == (DESK, support.case.holder_person_id)
    assert case.next_person_id in {ito.person_id, None}
    assert Mail.objects.filter(purpose="offer", to="ito@people.example").count() == 1  # a fresh link: the old one was personal


def test_another_body_is_asked_with_a_handover_and_consent_rules_hold(world: World) -> None:
    leaver = join(DESK, "sato")
    case = held(world, leaver)[0]
    move = open_move(leaver, on=LAST, by=acts(leaver))
    pack = packs_of(move)[0]
    choose_successor([pack], Successor(LAB), by=acts(leaver))
    with refuses("no_consent", f"to-{pack.pk}"):
        send_packs([pack], by=acts(leaver))
    assert (fresh(pack).state, Handover.objects.count()) == ("draft", 0)
    from renkei.cases.actions.consents import give_consent

    give_consent(case, body=Body.objects.get(pk=LAB), klass="summary", by=world.desk, how="oral", given_by="齋藤")
    assert send_packs([pack], by=acts(leaver)) == 1
    handover = Handover.objects.get(case=case)
    assert (fresh(pack).state, fresh(pack).handover_id, handover.pack_state) == ("given", handover.pk, pack.pack_state)
    assert fresh(case).holder_id == DESK
    decline_handover(handover, by=world.lab, reason="専門の外です")
    assert send_packs([pack], by=acts(leaver)) == 1  # asked once more, with a new handover
    second = Handover.objects.get(case=case, state="offered")
    recall_handover(second, by=acts(leaver))
    assert send_packs([pack], by=acts(leaver)) == 1
    accept_handover(Handover.objects.get(case=case, state="offered"), by=world.lab)
    assert (fresh(case).holder_id, fresh(case).holder_person_id) == (LAB, world.people[LAB].pk)


def test_a_closed_body_cannot_be_chosen(world: World) -> None:
    leaver = join(DESK, "sato")
    held(world, leaver)
    pack = packs_of(open_move(leaver, on=LAST, by=acts(leaver)))[0]
    Body.objects.filter(pk=LAB).update(closed_on=dt.date(2026, 3, 31))
    for body in (LAB, "nowhere"):
        with refuses("body_closed", "to"):
            choose_successor([pack], Successor(body), by=acts(leaver))


def test_a_case_closed_meanwhile_is_neither_sent_nor_accepted(world: World) -> None:
    leaver, ito, move, cases = ready(world, each=2)
    close_case(cases[0], by=world.desk, reason="spam", words="売り込みだった。", needs="dropped")
    with refuses("case_closed"):
        accept_packs(packs_of(move)[:1], by=acts(ito))
    assert [one.case_id for one in waiting_packs(acts(ito))] == [cases[1].pk]
    recall_packs(packs_of(move), by=acts(leaver))
    assert send_packs(packs_of(move), by=acts(leaver)) == 1


def test_a_case_somebody_took_meanwhile_stays_with_them(world: World) -> None:
    _leaver, ito, move, cases = ready(world)
    mori = join(DESK, "mori")
    Case.objects.filter(pk=cases[0].pk).update(holder_person=mori.person, next_person=mori.person)
    accept_packs(packs_of(move), by=acts(ito))
    assert (fresh(cases[0]).holder_person_id, fresh(cases[0]).next_person_id) == (mori.person_id, mori.person_id)


def test_the_next_step_of_somebody_else_stays_theirs(world: World) -> None:
    _leaver, ito, move, cases = ready(world)
    step = NextStep("試験の結果を聞く", dt.date(2026, 12, 1), person=world.people[DESK].pk)
    set_next_step(cases[0], step, by=world.desk)
    accept_packs(packs_of(move), by=acts(ito))
    assert (fresh(cases[0]).holder_person_id, fresh(cases[0]).next_person_id) == (ito.person_id, world.people[DESK].pk)


def test_every_act_is_on_record(world: World) -> None:
    leaver, ito, move, _cases = ready(world)
    accept_packs(packs_of(move), by=acts(ito))
    verbs = set(Event.objects.filter(verb__regex="^(move|pack)").values_list("verb", flat=True))
    assert {"move.open", "pack.offer", "pack.accept"} <= verbs
    assert leaver.person_id != ito.person_id


def test_the_whole_life_under_the_real_login(committed_world: World, login: Any) -> None:
    from renkei.base.context import acting

    world = committed_world
    leaver, ito = join(DESK, "sato"), join(DESK, "ito")
    lab, kono = member(world, LAB), join(LAB, "kono")
    cases = held(world, leaver, each=3)
    support = offered(world, person=lab.person_id)
    with login("web"):
        with acting(acts(leaver)):
            move = open_move(leaver, on=LAST, by=acts(leaver))
            packs = packs_of(move)
            choose_successor(packs, Successor(DESK, ito.person_id), by=acts(leaver))
            assert send_packs(packs, by=acts(leaver)) == 3
            assert recall_packs(packs[2:], by=acts(leaver)) == 1
        with acting(acts(ito)):
            accept_packs(packs[:1], by=acts(ito))
            decline_pack(packs[1], by=acts(ito), reason="いっぱいです")
        with acting(acts(lab)):
            assert not Move.objects.filter(pk=move.pk).exists()
            assert not MovePack.objects.filter(move=move).exists()
            own = open_move(lab, on=LAST, by=acts(lab))
            choose_successor(packs_of(own), Successor(LAB, kono.person_id), by=acts(lab))
            send_packs(packs_of(own), by=acts(lab))
        with acting(acts(kono)):
            accept_packs(packs_of(own), by=acts(kono))
    assert [one.state for one in packs_of(move)] == ["accepted", "declined", "draft"]
    assert [fresh(one).holder_person_id for one in cases] == [ito.person_id, leaver.person_id, leaver.person_id]
    assert fresh(support).person_id == kono.person_id


def test_a_pack_goes_out_of_sight_with_its_case(committed_world: World, login: Any) -> None:
    from renkei.base.context import acting
    from renkei.cases.models import Consent

    lab = member(committed_world, LAB)
    offered(committed_world, person=lab.person_id)
    move = open_move(lab, on=LAST, by=acts(lab))
    pack = packs_of(move)[0]
    with login("web"), acting(acts(lab)):
        assert MovePack.objects.filter(move=move).count() == 1
    Consent.objects.update(withdrawn_at=clock.now(), withdrawn_how="oral")
    with login("web"), acting(acts(lab)):
        assert MovePack.objects.filter(move=move).count() == 0
        assert Move.objects.filter(pk=move.pk).count() == 1
        with refuses("gone"):
            send_packs([pack], by=acts(lab))
