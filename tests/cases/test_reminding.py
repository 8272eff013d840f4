"""A reminder by hand: whoever owes an answer, once, never nagged, with the one mail of the day."""

from __future__ import annotations

import datetime as dt

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import answer_question, ask, decline
from renkei.cases.actions.bulk import Remind, do_all, try_all
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.reminding import free_from, remind_bodies
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Support
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, events, fresh, leave, need_of, offered, pick, refuses, steps
from tests.world import CENTER, LAB, World

DAY = dt.timedelta(days=1)
FRIDAY = NOON + 2 * DAY  # two business days after Wednesday, the answer is due on Tuesday


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def later(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def told() -> list[tuple[str, str]]:
    return [(one.body, one.words) for one in Nudge.objects.filter(kind="reminder").order_by("made_at", "body")]


def two(world: World) -> tuple[Support, Support]:
    """The lab and the centre were asked on Wednesday."""
    case = arrived(world).case
    need = need_of(case, world)
    first, second = send_offers(fresh(case), [pick(need, LAB), pick(need, CENTER, "tech-consultation")], by=world.desk)
    leave(first, second)
    return fresh(first), fresh(second)


def test_everybody_who_owes_an_answer_is_told_once_with_the_word(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two(world)
    later(monkeypatch, FRIDAY)
    asked = remind_bodies(first.case, by=world.desk, words="会社が急いでいます。")
    assert {one.pk for one in asked} == {LAB, CENTER}
    assert {body for body, _words in told()} == {LAB, CENTER}
    assert all("会社が急いでいます。" in words and "までに、お返事をお願いしています。" in words for _body, words in told())
    assert not Mail.objects.filter(purpose="reminder").exists()  # no mail of its own
    assert {fresh(one).reminded_at for one in (first, second)} == {FRIDAY}
    assert [verb for verb, _a, _b in steps(first.case)].count("reminded") == 2
    assert events("support.remind") == 2
    with refuses("reminded_lately"):  # a double click, and the next day
        remind_bodies(first.case, by=world.desk)
    assert (events("support.remind"), len(told())) == (2, 2)


def test_nobody_is_reminded_of_what_was_asked_yesterday(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    support = offered(world)
    for moment in (NOON, NOON + DAY):
        later(monkeypatch, moment)
        with refuses("reminded_lately"):
            remind_bodies(support.case, by=world.desk)
    assert free_from(support) == FRIDAY.date()
    later(monkeypatch, FRIDAY)
    assert [one.pk for one in remind_bodies(support.case, by=world.desk)] == [LAB]


def test_who_has_answered_asks_back_or_was_not_asked_yet_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two(world)
    decline(second, by=world.center, reason="busy")
    ask(first, by=world.lab, question="何ボルトですか。")
    later(monkeypatch, FRIDAY)
    with refuses("nobody_waiting"):
        remind_bodies(first.case, by=world.desk)
    answer_question(fresh(first), by=world.desk, text="200Vです。")
    assert [one.pk for one in remind_bodies(first.case, by=world.desk)] == [LAB]
    still = offered(world, left=False)
    Support.objects.filter(pk=still.pk).update(leaves_at=FRIDAY + DAY)
    with refuses("nobody_waiting"):
        remind_bodies(still.case, by=world.desk)


def test_who_may_and_on_what(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    support = offered(world)
    later(monkeypatch, FRIDAY)
    with refuses("not_allowed"):
        remind_bodies(support.case, by=world.lab)
    with refuses("too_long", "words"):
        remind_bodies(support.case, by=world.desk, words="あ" * 201)
    with refuses("nobody_waiting"):
        remind_bodies(arrived(world).case, by=world.desk)
    closed = arrived(world).case
    close_case(closed, by=world.desk, reason="spam", words="終わり", needs="dropped")
    with refuses("case_closed"):
        remind_bodies(closed, by=world.desk)
    assert events("support.remind") == 0


def test_after_the_due_day_it_says_so_and_the_clocks_take_it_for_their_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    support = offered(world)
    due = support.due_on
    assert due is not None
    later(monkeypatch, clock.at(due + DAY, 8))
    remind_bodies(support.case, by=world.desk)
    assert "までにお願いしていたお返事が、まだ届いていません。" in told()[0][1]
    assert run_clocks().reminded == 0
    assert len(told()) == 1


def test_many_at_once_are_tried_first_and_each_says_who_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _second = two(world)
    alone = offered(world)
    empty = arrived(world).case
    later(monkeypatch, FRIDAY)
    cases = [Case.objects.get(pk=one) for one in (first.case_id, alone.case_id, empty.pk)]
    names = dict(Body.objects.values_list("pk", "short"))
    outcomes = try_all(cases, Remind("急ぎます"), by=world.desk)
    assert [set(one.told) for one in outcomes] == [{names[LAB], names[CENTER]}, {names[LAB]}, set()]
    assert [bool(one.problem) for one in outcomes] == [False, False, True]
    assert (told(), events("support.remind")) == ([], 0)  # nothing was done
    versions = {one.pk: one.version for one in cases}
    done = do_all(cases, Remind("急ぎます"), by=world.desk, versions=versions)
    assert [one.told for one in done] == [one.told for one in outcomes]
    again = do_all(cases, Remind("急ぎます"), by=world.desk, versions=versions)
    assert [bool(one.problem) for one in again] == [True, True, True]
    assert (len(told()), events("support.remind"), events("case.bulk")) == (3, 3, 1)
