"""Every deed on a letter in every state it can be in: one table, whole; who may; what is written down; the year's end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.cases.actions.letter_steps import (
    approve_step,
    ask_decision,
    circulate_letter,
    pass_step,
    read_step,
    send_back,
)
from renkei.cases.actions.letters import (
    Text,
    change_letter,
    correct_letter,
    issue_letter,
    note_posted,
    send_letter,
    withdraw_letter,
)
from renkei.cases.models import Letter, LetterStep
from tests.cases.lettering import colleague, letter, letters_plan, people
from tests.cases.making import fresh, refuses
from tests.cases.outcomes import tried, written_by
from tests.desk.scene import running
from tests.world import LAB, World

STATES = ("draft", "asked", "returned", "decided", "sent", "withdrawn")


class Table:
    """One letter of the lab, which runs the case, in each state; the lab's chief decides and a reader takes note."""

    def __init__(self, world: World) -> None:
        self.world, self.by = world, world.lab
        self.case = running(world).case
        self.chief, self.reader, self.other = (colleague(name, LAB) for name in ("課長", "係員", "代理"))
        self.letters = {name: letter(world, self.case, by=self.by, 本文="前の文", klass="summary") for name in STATES}
        for name in ("asked", "returned"):
            ask_decision(self.letters[name], by=self.by, approvers=people(self.chief), readers=people(self.reader))
        send_back(self.turn("returned"), by=self.chief, reason="直してください")
        for name in ("decided", "sent"):
            issue_letter(self.letters[name], by=self.by)
        note_posted(fresh(self.letters["sent"]), by=self.by)
        withdraw_letter(self.letters["withdrawn"], by=self.by)

    def turn(self, name: str, kind: str = "approve") -> LetterStep:
        return LetterStep.objects.filter(letter=self.letters[name], kind=kind).latest("round")

    def outcome(self, name: str, deed: Callable[[Letter], object]) -> str:
        """The state a deed leads to, a star where the letter is as it was, a plus where there is one more; or the refusal."""
        before, count = Letter.objects.values().get(pk=self.letters[name].pk), Letter.objects.count()

        def told() -> str:
            now = Letter.objects.values().get(pk=self.letters[name].pk)
            return str(now["state"]) + ("*" if now == before else "") + ("+" if Letter.objects.count() > count else "")

        return str(tried(lambda: deed(fresh(self.letters[name])), told))


EXPECTED: dict[str, tuple[str, ...]] = {
    "change": ("draft", "draft", "returned", "locked", "locked", "locked"),
    "save the same": ("draft", "asked", "returned", "locked", "locked", "locked"),
    "issue": ("decided", "needs_approval", "decided", "decided*", "decided*", "locked"),
    "correct": ("not_decided", "not_decided", "not_decided", "decided*+", "decided*+", "not_decided"),
    "withdraw": ("withdrawn", "withdrawn", "withdrawn", "locked", "locked", "withdrawn*"),
    "send": ("not_decided", "not_decided", "not_decided", "decided", "already_sent", "not_decided"),
    "post": ("not_decided", "not_decided", "not_decided", "decided", "already_sent", "not_decided"),
    "ask": ("asked", "already_asked", "asked", "locked", "locked", "locked"),
    "circulate": ("not_decided", "not_decided", "not_decided", "decided*", "decided*", "not_decided"),
}  # fmt: skip


def deeds(table: Table) -> dict[str, Callable[[Letter], object]]:
    by = table.by
    return {
        "change": lambda one: change_letter(one, Text({"本文": "後の文"}), by=by),
        "save the same": lambda one: change_letter(one, Text({"本文": "前の文"}), by=by),
        "issue": lambda one: issue_letter(one, by=by),
        "correct": lambda one: correct_letter(one, by=by),
        "withdraw": lambda one: withdraw_letter(one, by=by),
        "send": lambda one: send_letter(one, by=by, words="お送りします。"),
        "post": lambda one: note_posted(one, by=by),
        "ask": lambda one: ask_decision(one, by=by, approvers=people(table.chief)),
        "circulate": lambda one: circulate_letter(one, by=by, readers=people(table.reader)),
    }


def test_every_deed_in_every_state(world: World) -> None:
    table = Table(world)
    found = {name: tuple(table.outcome(state, deed) for state in STATES) for name, deed in deeds(table).items()}
    assert found == EXPECTED


def test_only_its_own_body_does_anything(world: World) -> None:
    table = Table(world)
    for actor in (world.desk, world.center, GUEST):
        table.by = actor
        found = {table.outcome(state, deed) for state in STATES for deed in deeds(table).values()}
        assert found == {"not_allowed"}, actor


def test_every_answer_in_every_state(world: World) -> None:
    """An approver's and a reader's answers where they are asked, and where they no longer are."""
    table = Table(world)

    def answer(name: str, kind: str, deed: Callable[[LetterStep], object]) -> str:
        step = table.turn(name, kind)

        def told() -> str:
            return f"{fresh(step).state} {fresh(table.letters[name]).state}"

        return str(tried(lambda: deed(fresh(step)), told))

    chief, reader, to = table.chief, table.reader, people(table.other)[0]
    found = {
        name: (
            answer(name, "approve", lambda step: approve_step(step, by=chief)), answer(name, "approve", lambda step: send_back(step, by=chief, reason="直して")),
            answer(name, "approve", lambda step: pass_step(step, by=chief, to=to)), answer(name, "read", lambda step: read_step(step, by=reader)),
            answer(name, "approve", lambda step: approve_step(step, by=table.other)), answer(name, "read", lambda step: approve_step(step, by=reader)),
        )
        for name in ("asked", "returned")
    }  # fmt: skip
    assert found == {
        "asked": ("done decided", "returned returned", "passed asked", "done asked", "not_yours", "not_yours"),
        "returned": ("not_your_turn", "not_your_turn", "not_your_turn", "not_your_turn", "not_yours", "not_yours"),
    }


def test_what_each_deed_writes_down(world: World) -> None:
    table = Table(world)
    every = deeds(table)
    draft, asked, decided = (fresh(table.letters[name]) for name in ("draft", "asked", "decided"))
    found = {name: written_by(lambda name=name: every[name](fresh(draft))) for name in ("change", "issue", "withdraw", "ask")}
    found |= {name: written_by(lambda name=name: every[name](fresh(decided))) for name in ("correct", "send", "post", "circulate")}
    found["issue again"] = written_by(lambda: issue_letter(decided, by=table.by))
    found["withdraw again"] = written_by(lambda: withdraw_letter(table.letters["withdrawn"], by=table.by))
    turn = table.turn("asked")
    found["approve"] = written_by(lambda: approve_step(turn, by=table.chief))
    found["back"] = written_by(lambda: send_back(turn, by=table.chief, reason="直して"))
    found["pass"] = written_by(lambda: pass_step(turn, by=table.chief, to=people(table.other)[0]))
    found["read"] = written_by(lambda: read_step(table.turn("asked", "read"), by=table.reader))
    assert asked.state == "asked"
    assert {name: events for name, (events, _steps) in found.items()} == {
        "change": {"letter.change"}, "issue": {"letter.decide"}, "withdraw": {"letter.withdraw"}, "ask": {"letter.ask"},
        "correct": {"letter.correct"}, "send": {"letter.send", "file.add", "message.write"}, "post": {"letter.send"},
        "circulate": {"letter.circulate"}, "issue again": set(), "withdraw again": set(),
        "approve": {"letter.approve", "letter.decide"}, "back": {"letter.return"}, "pass": {"letter.pass"}, "read": {"letter.read"},
    }  # fmt: skip
    assert {name: steps for name, (_events, steps) in found.items() if steps} == {
        "issue": {"letter_decided"}, "approve": {"letter_decided"}, "correct": {"letter"}, "send": {"file_added", "staff_wrote"},
    }


class TestYearEnd:
    LAST = dt.date(2027, 3, 31)

    def decided(self, world: World, moment: dt.datetime, kind: str = "reply") -> Letter:
        with clock.moved_to(moment):
            return issue_letter(letter(world, self.case, kind), by=world.desk)

    @pytest.fixture(autouse=True)
    def _case(self, world: World) -> None:
        self.case = running(world).case

    def test_the_last_minute_counts_for_the_old_year_and_the_first_for_the_new(self, world: World) -> None:
        midnight = clock.at(self.LAST + dt.timedelta(days=1), 0, 0)
        minute = dt.timedelta(minutes=1)
        found = [
            (one.number, one.fiscal_year, one.dated_on, one.values["日付"])
            for one in (self.decided(world, moment) for moment in (midnight - 2 * minute, midnight - minute, midnight, midnight + minute))
        ]
        old, new = (dt.date(2027, 3, 31), "令和9年3月31日"), (dt.date(2027, 4, 1), "令和9年4月1日")
        assert found == [("県回第1号", 2026, *old), ("県回第2号", 2026, *old), ("県回第1号", 2027, *new), ("県回第2号", 2027, *new)]

    def test_a_draft_of_march_decided_in_april_is_of_april(self, world: World) -> None:
        with clock.moved_to(clock.at(self.LAST, 17)):
            one = letter(world, self.case)
        with clock.moved_to(clock.at(self.LAST + dt.timedelta(days=1), 9)):
            made = issue_letter(one, by=world.desk)
        assert (made.fiscal_year, made.dated_on, made.number) == (2027, dt.date(2027, 4, 1), "県回第1号")

    def test_a_correction_over_the_years_end_is_numbered_anew_and_the_old_one_stands(self, world: World) -> None:
        old = self.decided(world, clock.at(self.LAST, 12))
        with clock.moved_to(clock.at(self.LAST + dt.timedelta(days=1), 9)):
            new = issue_letter(correct_letter(old, by=world.desk), by=world.desk)
        assert [(one.number, one.fiscal_year, one.version, one.dated_on) for one in (fresh(old), new)] == [
            ("県回第1号", 2026, 1, self.LAST), ("県回第1号", 2027, 2, self.LAST + dt.timedelta(days=1))]  # fmt: skip
        assert new.values["日付"] == "令和9年4月1日"

    def test_kinds_without_a_number_have_none_in_any_year(self, world: World) -> None:
        made = self.decided(world, clock.at(self.LAST, 12), "sheet")
        assert (made.number, made.fiscal_year) == ("", 2026)


class TestPeopleWhoLeave:
    def test_an_approver_who_has_left_cannot_be_named_and_one_who_leaves_is_passed_over_by_hand(self, world: World) -> None:
        from renkei.accounts.models import Membership

        letters_plan({"code": "reply", "steps": ["staff"]})
        case = running(world).case
        gone, chief = colleague("前任"), colleague("後任")
        Membership.objects.filter(person_id=gone.person).update(until=clock.today() - dt.timedelta(days=1), since=dt.date(2024, 4, 1))
        one = letter(world, case)
        with refuses("not_a_member", "approvers"):
            ask_decision(one, by=world.desk, approvers=people(gone))
        with refuses("not_a_member", "readers"):
            ask_decision(one, by=world.desk, approvers=people(chief), readers=people(gone))
        ask_decision(one, by=world.desk, approvers=people(chief))
        step = LetterStep.objects.get(state="waiting")
        with refuses("not_a_member", "to"):
            pass_step(step, by=chief, to=people(gone)[0])
        assert fresh(step).state == "waiting"

    def test_a_letter_waiting_for_somebody_who_left_can_be_written_anew_and_asked_again(self, world: World) -> None:
        from renkei.accounts.models import Membership

        letters_plan({"code": "reply", "steps": ["staff"]})
        case = running(world).case
        gone, chief = colleague("前任"), colleague("後任")
        one = letter(world, case)
        ask_decision(one, by=world.desk, approvers=people(gone))
        Membership.objects.filter(person_id=gone.person).update(until=clock.today() - dt.timedelta(days=1), since=dt.date(2024, 4, 1))
        change_letter(fresh(one), Text({"本文": "変えた文"}), by=world.desk)
        ask_decision(fresh(one), by=world.desk, approvers=people(chief))
        assert approve_step(LetterStep.objects.get(state="waiting"), by=chief).state == "decided"
        assert set(LetterStep.objects.values_list("person_id", "state")) == {(gone.person, "void"), (chief.person, "done")}
