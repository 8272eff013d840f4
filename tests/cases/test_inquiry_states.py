"""A need without a name, in every state: what each act of the body, the desk, the firm and the worker comes to [C46]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.disclosable import confirm_public, take_back_public, write_public
from renkei.cases.actions.inquiries import (
    ask_about,
    remind_body,
    reply_to_question,
    show_interest,
    show_no_interest,
    take_up,
    tell_body,
)
from renkei.cases.models import Asked, Case, Circulation, Inquiry, Match, Need
from tests.cases.making import NOON, fresh
from tests.cases.test_circulation import SUMMARY, TITLE, asked_of, circulated, confirmed, firm_link, need_in
from tests.cases.trying import tried
from tests.world import CENTER, LAB, World

ROWS = (Asked, Match, Inquiry, Circulation, Case, Need)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def _put(world: World, state: str) -> tuple[Circulation, Asked]:
    """The lab's question in a state: the acts that lead there, one after the other."""
    sent = circulated(world)
    asked, match = asked_of(sent), Match.objects.get(body_id=LAB)
    acts: dict[str, Callable[[], object]] = {
        "tell": lambda: tell_body(asked.pk, by=SYSTEM), "ask": lambda: ask_about(fresh(asked), by=world.lab, question="大きさは。"),
        "take": lambda: take_up(asked.pk, by=SYSTEM), "reply": lambda: reply_to_question(match, by=world.desk, text="手のひらほど。"),
        "yes": lambda: show_interest(asked, by=world.lab, offer="測れる"), "no": lambda: show_no_interest(asked, by=world.lab, reason="busy"),
        "end": lambda: end_circulation(sent, by=world.desk),
        "close": lambda: close_case(fresh(sent.case), by=world.desk, reason="other_way", words="よそで", needs="dropped", result="solved"),
    }  # fmt: skip
    for act in WAYS[state].split():
        acts[act]()
    return fresh(sent), fresh(asked)


WAYS = {
    "not told": "", "told": "tell", "asks": "tell ask", "asks, taken up": "tell ask take", "replied": "tell ask take reply",
    "asks again": "tell ask take reply ask", "interested": "tell yes", "interested, taken up": "tell yes take", "no": "tell no",
    "ended": "tell end", "closed": "tell close",
}  # fmt: skip
# interest, no, question (the body); reply (the desk); tell, remind, take up (the worker)
ASKED = {
    "not told": ("ok", "ok", "ok", "no_question", "ok", "ok", "same"),
    "told": ("ok", "ok", "ok", "no_question", "same", "ok", "same"),
    "asks": ("ok", "ok", "ok", "ok", "same", "same", "ok"),
    "asks, taken up": ("ok", "ok", "ok", "ok", "same", "same", "same"),
    "replied": ("ok", "ok", "ok", "no_question", "ok", "ok", "same"),
    "asks again": ("ok", "ok", "ok", "ok", "ok", "same", "ok"),
    "interested": ("answered", "answered", "answered", "no_question", "same", "same", "ok"),
    "interested, taken up": ("answered", "answered", "answered", "no_question", "same", "same", "same"),
    "no": ("answered", "answered", "answered", "no_question", "same", "same", "ok"),
    "ended": ("ended", "ended", "ended", "no_question", "same", "same", "same"),
    "closed": ("ended", "ended", "ended", "case_closed", "same", "same", "same"),
}


@pytest.mark.covers("C46")
@pytest.mark.parametrize("state", ASKED)
def test_every_answer_in_every_state(world: World, state: str) -> None:
    _sent, asked = _put(world, state)
    match = Match.objects.get(body_id=LAB)
    acts: list[Callable[[], object]] = [
        lambda: show_interest(asked, by=world.lab, offer="測れる"), lambda: show_no_interest(asked, by=world.lab, reason="busy"),
        lambda: ask_about(asked, by=world.lab, question="色は。"), lambda: reply_to_question(match, by=world.desk, text="白。"),
        lambda: tell_body(asked.pk, by=SYSTEM), lambda: remind_body(asked.pk, by=SYSTEM), lambda: take_up(asked.pk, by=SYSTEM),
    ]  # fmt: skip
    assert tuple(tried(act, *ROWS) for act in acts) == ASKED[state]


def test_nobody_else_answers_or_replies(world: World) -> None:
    _sent, asked = _put(world, "asks")
    match = Match.objects.get(body_id=LAB)
    firm = firm_link(match.need)
    for by in (world.desk, world.center, world.bank, firm, GUEST):
        for act in (lambda by=by: show_interest(asked, by=by, offer="測れる"), lambda by=by: show_no_interest(asked, by=by, reason="busy"),
                    lambda by=by: ask_about(asked, by=by, question="色は。")):  # fmt: skip
            assert tried(act, *ROWS) == "not_allowed"
    for by in (world.lab, world.center, firm, GUEST):
        assert tried(lambda by=by: reply_to_question(match, by=by, text="白。"), *ROWS) == "not_allowed"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"offer": "\u200b"}, "offer_empty", "offer"), ({"offer": "測れる", "who": "あ" * 101}, "too_long", "who"),
        ({"offer": "測れる", "conditions": "あ" * 501}, "too_long", "conditions"), ({"offer": "あ" * 1001}, "too_long", "offer"),
    ],
)  # fmt: skip
def test_what_an_interest_says_is_measured(world: World, given: dict[str, str], code: str, field: str) -> None:
    asked = asked_of(circulated(world))
    with pytest.raises(Refused) as refused:
        show_interest(asked, by=world.lab, **given)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert fresh(asked).answer == ""


def test_the_longest_and_oddest_words_arrive_whole(world: World) -> None:
    asked = asked_of(circulated(world))
    offer, conditions = "𠮷<script>" + "あ" * 991, "葛\U000e0100" + "い" * 498
    show_interest(asked, by=world.lab, offer=offer, who="小出\n渉", conditions=conditions)
    kept = fresh(asked)
    assert (len(offer), kept.offer, kept.who, kept.conditions) == (1000, offer, "小出 渉", conditions)


def test_after_a_reply_the_body_is_told_once_more_and_only_once(world: World) -> None:
    _sent, asked = _put(world, "replied")
    assert [tell_body(asked.pk, by=SYSTEM), tell_body(asked.pk, by=SYSTEM)] == [True, False]
    assert (fresh(asked).told_on, fresh(asked).replied_on) == (clock.today(), clock.today())


# write the same, write other words, write them as read to the firm (the desk); confirm, confirm other words, take back (the firm);
# ask around, end it (the desk)
WORDS = {
    "nothing": ("ok", "ok", "ok", "nothing_written", "nothing_written", "same", "not_confirmed"),
    "written": ("same", "ok", "ok", "ok", "changed_meanwhile", "same", "not_confirmed"),
    "confirmed": ("same", "ok", "ok", "same", "changed_meanwhile", "ok", "ok"),
    "asked around": ("same", "circulating", "circulating", "same", "changed_meanwhile", "ok", "circulating"),
    "taken back": ("same", "ok", "ok", "ok", "changed_meanwhile", "same", "not_confirmed"),
    "closed": ("case_closed",) * 7,
}


def _worded(world: World, state: str) -> Need:
    if state == "nothing":
        return need_in(world)
    if state == "written":
        return write_public(need_in(world), title=TITLE, summary=SUMMARY, by=world.desk)
    need = confirmed(world)
    if state == "asked around":
        circulate(need, by=world.desk, place="", sure=True)
    if state == "taken back":
        take_back_public(need, by=firm_link(need))
    if state == "closed":
        close_case(fresh(need.case), by=world.desk, reason="other_way", words="よそで", needs="dropped", result="solved")
    return fresh(need)


@pytest.mark.covers("C46")
@pytest.mark.parametrize("state", WORDS)
def test_every_act_on_the_words_in_every_state(world: World, state: str) -> None:
    need = _worded(world, state)
    desk, firm = world.desk, firm_link(need)
    acts: list[Callable[[], object]] = [
        lambda: write_public(need, title=TITLE, summary=SUMMARY, by=desk), lambda: write_public(need, title="別の題", summary=SUMMARY, by=desk),
        lambda: write_public(need, title=TITLE, summary="ほかの文。", by=desk, seen=True),
        lambda: confirm_public(need, by=firm, title=TITLE, summary=SUMMARY), lambda: confirm_public(need, by=firm, title="よそ", summary=SUMMARY),
        lambda: take_back_public(need, by=firm), lambda: circulate(need, by=desk, place="", sure=True),
    ]  # fmt: skip
    assert tuple(tried(act, *ROWS) for act in acts) == WORDS[state]


def test_only_the_firm_confirms_and_only_who_runs_the_case_writes(world: World) -> None:
    need = _worded(world, "written")
    firm = firm_link(need)
    for by in (world.desk, world.lab, GUEST):
        assert tried(lambda by=by: confirm_public(need, by=by, title=TITLE, summary=SUMMARY), *ROWS) == "not_company"
        assert tried(lambda by=by: take_back_public(need, by=by), *ROWS) == "not_company"
    strangers: list[Actor] = [world.lab, world.center, firm, GUEST]
    for by in strangers:
        assert tried(lambda by=by: write_public(need, title="別", summary=SUMMARY, by=by), *ROWS) == "not_allowed"


def test_taking_back_ends_every_question_at_once(world: World) -> None:
    need = _worded(world, "asked around")
    show_interest(Asked.objects.get(body_id=CENTER), by=world.center, offer="測れる")
    take_back_public(need, by=firm_link(need))
    assert {(one.inquiry.ended_at is None, one.answer) for one in Asked.objects.select_related("inquiry")} == {(False, ""), (False, "interested")}
    assert tried(lambda: show_interest(Asked.objects.get(body_id=LAB), by=world.lab, offer="測れる"), *ROWS) == "ended"
    assert fresh(need).public_title == TITLE  # the words stay, to be read and changed


@pytest.mark.parametrize("moment", [clock.at(dt.date(2027, 3, 31), 23, 59), clock.at(dt.date(2027, 4, 1), 0, 0)])
def test_days_are_those_of_tokyo_at_the_turn_of_the_year(world: World, moment: dt.datetime) -> None:
    with clock.moved_to(moment):
        asked = asked_of(circulated(world))
        tell_body(asked.pk, by=SYSTEM)
        assert fresh(asked).told_on == moment.date() == clock.today()
