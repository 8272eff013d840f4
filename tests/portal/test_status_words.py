"""What the firm reads for every state a support, a case and a next step can have; never a word of the bodies' own."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.models import Case, Support, Transition, Verb
from renkei.cases.states import CaseState, DisclosureClass, SupportState
from renkei.plan.models import Body
from renkei.portal.status.words import _SAY, asked_of, class_words, history, next_words, state_words
from tests.portal.scene import CENTER, DESK, LAB, Firm, asked, came
from tests.world import World

LAB_NAME, DESK_NAME = "ひばり県工業試験所", "ひばり県産業課"
STATES = {
    SupportState.OFFERED: ("offered", "返事を待っています"),
    SupportState.ACCEPTED: ("accepted", "対応中"),
    SupportState.UNDER_WAY: ("under_way", "対応中"),
    SupportState.DONE: ("done", "終わりました"),
    SupportState.WITHDRAWN: ("withdrawn", "取りやめました"),
    SupportState.DECLINED: ("declined", "今回は見送り"),
    SupportState.EXPIRED: ("declined", "返事がありませんでした"),
}
NEXT = {
    "answer": "お返事をします。", "call": "お電話します。", "visit": "お会いして、お話をうかがいます。",
    "choose": "どこにお願いするかを決めます。", "wait": "お願いした機関の返事を確かめます。",
    "confirm": "終わりにしてよいかを確かめます。", "work": "担当の機関が、ここまで進めます。",
    "": "担当の機関が、ここまで進めます。", "手書きの内緒": "担当の機関が、ここまで進めます。",
}  # fmt: skip


def put(firm: Firm, body: str, **facts: Any) -> None:
    """Let a support stand in a state, by plain SQL: how it got there is proved elsewhere."""
    Support.objects.filter(pk=firm.supports[body].pk).update(**facts)


def stepped(firm: Firm, verb: str, **facts: Any) -> None:
    Transition.objects.create(case_id=firm.case_id, verb=verb, actor_kind="staff", body=DESK, about_body=LAB, subject=uuid4(),
                              recorded_at=clock.now(), **facts)  # fmt: skip


def told(firm: Firm, desk: Body | None = None) -> dict[str, tuple[str, str, str]]:
    return {one.body.pk: (one.code, one.state, one.words) for one in asked_of(firm.case, SYSTEM, desk)}


@pytest.mark.parametrize(("state", "words"), STATES.items())
def test_every_state_of_a_support_has_its_words(world: World, state: str, words: tuple[str, str]) -> None:
    firm = asked(world)
    put(firm, LAB, state=state, answered_at=clock.now(), decline_reason="busy", answer_text="内緒のわけ",
        done_on=clock.today() if state == SupportState.DONE else None)  # fmt: skip
    code, label, text = told(firm, Body.objects.get(pk=DESK))[LAB]
    assert (code, label) == words
    assert text.startswith(LAB_NAME)
    page = Client().get(firm.url()).content.decode()
    assert label in page
    assert "内緒のわけ" not in page


@pytest.mark.parametrize("state", [SupportState.PROPOSED, SupportState.RECALLED])
def test_what_was_only_thought_of_or_taken_back_is_not_told(world: World, state: str) -> None:
    firm = asked(world)
    put(firm, LAB, state=state)
    assert set(told(firm)) == {CENTER}


def test_no_state_is_without_words() -> None:
    assert set(STATES) | {SupportState.PROPOSED, SupportState.RECALLED} == set(SupportState)


@pytest.mark.parametrize(("desk", "watcher"), [(True, DESK_NAME), (False, "窓口")])
def test_who_looks_for_another_way_is_named(world: World, desk: bool, watcher: str) -> None:
    firm = asked(world)
    put(firm, LAB, state=SupportState.EXPIRED)
    words = told(firm, Body.objects.get(pk=DESK) if desk else None)[LAB][2]
    assert words == f"{LAB_NAME}から返事がありませんでした。{watcher}が次の方法を考えます"


@pytest.mark.parametrize(("days", "late"), [(-1, True), (0, False), (1, False)])
def test_an_answer_is_late_from_the_day_after_its_last(world: World, days: int, late: bool) -> None:
    firm = asked(world)
    put(firm, LAB, due_on=clock.today() + dt.timedelta(days=days))
    assert ("遅れています" in told(firm)[LAB][2]) is late


def test_what_still_runs_stands_before_what_is_over(world: World) -> None:
    firm = asked(world)
    for over, runs in ((LAB, CENTER), (CENTER, LAB)):
        put(firm, over, state=SupportState.DONE, done_on=clock.today())
        put(firm, runs, state=SupportState.UNDER_WAY, done_on=None)
        assert list(told(firm)) == [runs, over]


@pytest.mark.parametrize(
    ("state", "words"),
    [(CaseState.ARRIVED, "内容を読んでいます"), (CaseState.ACTIVE, "対応中"), (CaseState.CLOSED, "終わりました")],
)
def test_every_state_of_a_case_has_its_words(state: str, words: str) -> None:
    assert state_words(Case(state=state)) == words


@pytest.mark.parametrize(("kind", "words"), NEXT.items())
def test_every_kind_of_next_step_has_its_words_and_the_written_ones_stay_inside(kind: str, words: str) -> None:
    case = Case(state=CaseState.ACTIVE, next_kind=kind, next_step="内緒の次の一手")
    assert next_words(case, firm_is_asked=False) == words


@pytest.mark.parametrize(
    ("kind", "state", "asked_", "words"),
    [
        ("wait", CaseState.ACTIVE, True, "会社からのお返事をお待ちしています。"),
        ("answer", CaseState.ARRIVED, False, "最初のお返事をします。"),
        ("answer", CaseState.ARRIVED, True, "最初のお返事をします。"),
        ("answer", CaseState.ACTIVE, True, "お返事をします。"),
        ("call", CaseState.ACTIVE, True, "お電話します。"),
    ],
)
def test_the_next_step_says_whose_turn_it_is(kind: str, state: str, asked_: bool, words: str) -> None:
    assert next_words(Case(state=state, next_kind=kind), firm_is_asked=asked_) == words


def test_classes_are_named_in_one_order_and_unknown_ones_not_at_all() -> None:
    for order in permutations(DisclosureClass.values):
        assert class_words(list(order)) == "要約、技術の内容、お金のこと"
    assert (class_words([]), class_words(["secret"]), class_words(["financial", "secret"])) == ("", "", "お金のこと")


@pytest.mark.parametrize("verb", sorted(_SAY))
def test_a_step_is_told_in_whole_sentences_without_its_reason(world: World, verb: str) -> None:
    firm = came(world)
    stepped(firm, verb, service="equipment-tests", reason="内緒のわけ", happened_on=clock.today() + dt.timedelta(days=1))
    first = history(firm.case, SYSTEM)[0].text
    assert first.endswith("。")
    assert "%(" not in first
    assert "内緒" not in first


def test_verbs_between_bodies_are_never_told(world: World) -> None:
    firm = came(world)
    before = history(firm.case, SYSTEM)
    for verb in set(Verb) - set(_SAY):
        stepped(firm, verb, happened_on=clock.today())
    assert history(firm.case, SYSTEM) == before
