"""Approval and circulation: in order or together, by others than the writer, back with a reason, on to a substitute."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.context import acting
from renkei.cases.actions import letter_steps
from renkei.cases.actions.letter_steps import (
    approve_step,
    ask_decision,
    circulate_letter,
    pass_step,
    read_step,
    send_back,
)
from renkei.cases.actions.letters import Text, change_letter, issue_letter, withdraw_letter
from renkei.cases.models import Letter, LetterStep
from tests.cases.lettering import colleague, letter, letters_plan, people
from tests.cases.making import events, fresh, refuses, steps
from tests.desk.scene import running
from tests.world import DESK, LAB, World


def way(one: Letter) -> list[tuple[str, str, str]]:
    """Who, as what, and where it stands, in the newest round."""
    rows = one.steps.filter(round=fresh(one).round).select_related("person")
    return [(row.person.surname, row.kind, row.state) for row in rows]


def step_of(one: Letter, actor: Actor, **more: Any) -> LetterStep:
    return LetterStep.objects.select_related("letter").filter(letter=one, person_id=actor.person, **more).latest("asked_at")


def test_each_decides_in_order_and_the_last_yes_numbers_it(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    assert way(draft) == [("一番", "approve", "waiting"), ("二番", "approve", "queued")]
    assert (fresh(draft).state, fresh(draft).number) == ("asked", "")
    assert approve_step(step_of(draft, first), by=first).state == "asked"
    assert way(draft) == [("一番", "approve", "done"), ("二番", "approve", "waiting")]
    done = approve_step(step_of(draft, second), by=second)
    assert (done.state, done.number, done.dated_on) == ("decided", "県回第1号", clock.today())
    assert ("letter_decided", "", "reply") in steps(draft.case)
    assert (events("letter.ask"), events("letter.approve"), events("letter.decide")) == (1, 2, 1)


def test_nobody_decides_out_of_turn(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    with refuses("not_your_turn"):
        approve_step(step_of(draft, second), by=second)
    with refuses("not_yours"):
        approve_step(step_of(draft, first), by=second)
    with refuses("not_yours"):
        approve_step(step_of(draft, first), by=world.desk)


def test_together_means_in_any_order(world: World, two: tuple[Actor, Actor]) -> None:
    letters_plan({"code": "reply", "steps": ["", ""], "order": "together"})
    made = letter(world, running(world).case)
    first, second = two
    ask_decision(made, by=world.desk, approvers=people(first, second))
    approve_step(step_of(made, second), by=second)
    assert fresh(made).state == "asked"
    assert approve_step(step_of(made, first), by=first).state == "decided"


def test_a_second_press_changes_nothing(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    approve_step(step_of(draft, first), by=first)
    approve_step(step_of(draft, first), by=first)
    assert (way(draft)[1][2], events("letter.approve")) == ("waiting", 1)
    approve_step(step_of(draft, second), by=second)
    assert approve_step(step_of(draft, second), by=second).number == "県回第1号"


@pytest.mark.parametrize(
    ("who", "code", "field"),
    [
        ("a", "too_few", "approvers"), ("aa", "twice", "approvers"), ("ba", "wrong_role", "approvers"), ("ad", "own_draft", "approvers"),
        ("al", "not_a_member", "approvers"), ("", "too_few", "approvers"),
    ],
)  # fmt: skip
def test_who_may_decide(world: World, draft: Letter, two: tuple[Actor, Actor], who: str, code: str, field: str) -> None:
    """``a`` the manager, ``b`` a colleague, ``d`` the writer, ``l`` somebody of another body."""
    named = {"a": two[0], "b": two[1], "d": world.desk, "l": world.lab}
    with refuses(code, field):
        ask_decision(draft, by=world.desk, approvers=people(*(named[one] for one in who)))
    assert (fresh(draft).state, LetterStep.objects.count()) == ("draft", 0)


def test_readers_belong_to_the_body_and_there_is_an_end_to_them(world: World, draft: Letter, two: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    with refuses("not_a_member", "readers"):
        ask_decision(draft, by=world.desk, approvers=people(*two), readers=people(world.lab))
    monkeypatch.setattr(letter_steps, "MOST_PEOPLE", 2)
    with refuses("too_many", "readers"):
        ask_decision(draft, by=world.desk, approvers=people(*two), readers=people(colleague("三番")))


def test_the_plan_may_let_people_decide_their_own(world: World) -> None:
    letters_plan({"code": "reply", "steps": [""], "own_draft": True})
    made = letter(world, running(world).case)
    ask_decision(made, by=world.desk, approvers=people(world.desk))
    assert approve_step(step_of(made, world.desk), by=world.desk).state == "decided"


def test_a_letter_without_rule_may_go_round_too(world: World, two: tuple[Actor, Actor]) -> None:
    made = letter(world, running(world).case)
    with refuses("nobody", "approvers"):
        ask_decision(made, by=world.desk, approvers=[])
    ask_decision(made, by=world.desk, approvers=people(two[1]))
    with refuses("needs_approval"):
        issue_letter(made, by=world.desk)
    assert approve_step(step_of(made, two[1]), by=two[1]).number == "県回第1号"


def test_it_goes_round_once_at_a_time(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    ask_decision(draft, by=world.desk, approvers=people(*two))
    with refuses("already_asked"):
        ask_decision(draft, by=world.desk, approvers=people(*two))
    with refuses("not_allowed"):
        ask_decision(draft, by=world.lab, approvers=people(*two))
    withdraw_letter(draft, by=world.desk)
    with refuses("locked"):
        ask_decision(draft, by=world.desk, approvers=people(*two))
    with refuses("not_your_turn"):
        approve_step(step_of(draft, two[0]), by=two[0])


def test_sent_back_with_a_reason_and_asked_again(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second), readers=people(colleague("三番")))
    with refuses("reason_empty", "reason"):
        send_back(step_of(draft, first), by=first, reason=" ")
    with refuses("too_long", "reason"):
        send_back(step_of(draft, first), by=first, reason="あ" * 401)
    back = send_back(step_of(draft, first), by=first, reason="宛先が違います。")
    assert (back.state, step_of(draft, first).reason) == ("returned", "宛先が違います。")
    assert way(draft) == [("一番", "approve", "returned"), ("二番", "approve", "void"), ("三番", "read", "void")]
    with refuses("not_your_turn"):
        send_back(step_of(draft, first), by=first, reason="もう一度")
    change_letter(fresh(draft), Text({"宛先": "正しい宛先"}), by=world.desk)
    ask_decision(fresh(draft), by=world.desk, approvers=people(first, second))
    assert (fresh(draft).round, way(draft)) == (2, [("一番", "approve", "waiting"), ("二番", "approve", "queued")])
    assert events("letter.return") == 1


def test_changed_words_start_again(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    approve_step(step_of(draft, first), by=first)
    change_letter(fresh(draft), Text({"本文": "別の話"}), by=world.desk)
    assert (fresh(draft).state, way(draft)) == ("draft", [("一番", "approve", "done"), ("二番", "approve", "void")])
    with refuses("not_your_turn"):
        approve_step(step_of(draft, second), by=second)
    ask_decision(fresh(draft), by=world.desk, approvers=people(first, second))
    assert way(draft) == [("一番", "approve", "waiting"), ("二番", "approve", "queued")]
    with refuses("not_your_turn"):
        approve_step(LetterStep.objects.select_related("letter").get(letter=draft, round=1, person_id=second.person), by=second)


def test_saving_the_same_words_does_not_start_again(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    ask_decision(draft, by=world.desk, approvers=people(*two))
    change_letter(fresh(draft), Text({"本文": draft.values["本文"]}), by=world.desk)
    assert fresh(draft).state == "asked"


def test_a_substitute_takes_the_place(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    (first, second), third = two, colleague("三番")
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    for to, code in ((world.lab, "not_a_member"), (world.desk, "own_draft"), (second, "twice")):
        with refuses(code, "to"):
            pass_step(step_of(draft, first), by=first, to=to.person or uuid.uuid4())
    new = pass_step(step_of(draft, first), by=first, to=third.person or uuid.uuid4())
    assert (new.place, new.role, new.state) == (0, "manager", "waiting")
    assert sorted(way(draft)) == [("一番", "approve", "passed"), ("三番", "approve", "waiting"), ("二番", "approve", "queued")]
    with refuses("not_your_turn"):
        approve_step(step_of(draft, first), by=first)
    approve_step(new, by=third)
    assert approve_step(step_of(draft, second), by=second).state == "decided"
    assert events("letter.pass") == 1


def test_readers_mark_that_they_have_read_also_after_the_decision(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    (first, second), reader = two, colleague("三番")
    ask_decision(draft, by=world.desk, approvers=people(first, second), readers=people(reader))
    approve_step(step_of(draft, first), by=first)
    approve_step(step_of(draft, second), by=second)
    assert list(LetterStep.objects.waiting_for(reader)) == [step_of(draft, reader)]
    read_step(step_of(draft, reader), by=reader)
    read_step(step_of(draft, reader), by=reader)
    assert (step_of(draft, reader).state, events("letter.read"), LetterStep.objects.waiting_for(reader).count()) == ("done", 1, 0)
    with refuses("not_yours"):
        approve_step(step_of(draft, reader), by=reader)


def test_a_decided_letter_is_shown_to_more(world: World) -> None:
    made, reader = letter(world, running(world).case), colleague("三番")
    with refuses("not_decided"):
        circulate_letter(made, by=world.desk, readers=people(reader))
    issue_letter(made, by=world.desk)
    for given, code in (([], "nobody"), (people(world.lab), "not_a_member")):
        with refuses(code, "readers"):
            circulate_letter(made, by=world.desk, readers=given)
    circulate_letter(made, by=world.desk, readers=people(reader))
    circulate_letter(made, by=world.desk, readers=people(reader))
    assert way(made) == [("三番", "read", "waiting")]
    read_step(step_of(made, reader), by=reader)
    circulate_letter(made, by=world.desk, readers=people(reader))
    assert way(made) == [("三番", "read", "done")]


def test_what_waits_is_asked_by_person(world: World, draft: Letter, two: tuple[Actor, Actor]) -> None:
    first, second = two
    ask_decision(draft, by=world.desk, approvers=people(first, second))
    assert [LetterStep.objects.waiting_for(actor).count() for actor in (first, second, world.desk, world.lab, GUEST, SYSTEM)] == [1, 0, 0, 0, 0, 0]
    withdraw_letter(draft, by=world.desk)
    assert LetterStep.objects.waiting_for(first).count() == 0


# under the real logins


def test_the_whole_way_under_the_real_login(committed_world: World, login: Any) -> None:
    world = committed_world
    first, second = colleague("一番"), colleague("二番")
    made = letter(world, running(world).case)
    with login("web"):
        with acting(world.desk):
            ask_decision(made, by=world.desk, approvers=people(first, second), readers=people(world.desk))
        with acting(first):
            approve_step(step_of(made, first), by=first)
        with acting(second):
            assert approve_step(step_of(made, second), by=second).number == "県回第1号"
        with acting(world.desk):
            read_step(step_of(made, world.desk), by=world.desk)


def test_the_database_shows_steps_as_visible_to_does(committed_world: World, login: Any) -> None:
    world = committed_world
    case = running(world).case
    for by, body in ((world.desk, DESK), (world.lab, LAB)):
        ask_decision(letter(world, case, by=by), by=by, approvers=people(colleague(f"{body}番", body)))
    with login("web"):
        for actor, count in ((world.desk, 1), (world.lab, 1), (world.center, 0), (world.bank, 0), (GUEST, 0)):
            with acting(actor):
                assert (LetterStep.objects.count(), LetterStep.objects.visible_to(actor).count()) == (count, count)
        with acting(world.lab):
            made = Letter.objects.visible_to(world.lab).filter(author_body=LAB).get()
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                LetterStep.objects.create(letter=made, body_id=DESK, round=1, place=1, kind="read", person_id=world.desk.person,
                                          state="waiting", asked_at=clock.now())
