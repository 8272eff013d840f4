"""Every deed in every state: done, or refused with one code. The tables are whole, so a new state has to be decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import (
    close_case,
    confirm_close,
    did_not_help,
    found_another_way,
    give_feedback,
    reopen_case,
    return_close,
)
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import (
    Pack,
    accept_handover,
    decline_handover,
    offer_handover,
    recall_handover,
    set_next_step,
    take_case,
)
from renkei.cases.actions.intake import bind_company, receive, refer_to_desk
from renkei.cases.actions.merging import merge_cases, split_case, unmerge, unsplit
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.summaries import confirm_summary
from renkei.cases.actions.triage import (
    add_need,
    answer_facts,
    ask_company,
    change_need,
    keep_case,
    set_analysis,
    set_summary,
    settle_need,
)
from renkei.cases.models import Case, Handover, Need, Transition
from renkei.cases.states import CaseState, HandoverState, NeedState
from renkei.cases.steps import NextStep
from renkei.companies.models import Company
from renkei.plan.models import Body, Field
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, company, fresh, need_of, offered, said
from tests.cases.test_closing import close, wants_two
from tests.world import CENTER, LAB, World

STEP = NextStep("訪ねる", dt.date(2026, 12, 1), kind="visit")
Deed = Callable[[Case, Actor], object]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def other_of(case: Case) -> Case:
    return Case.objects.filter(company=case.company, merged_into__isnull=True).exclude(pk=case.pk).latest("number")


def consented(case: Case, world: World, *codes: str) -> None:
    for code in codes:
        give_consent(case, body=body(code), klass="summary", by=world.desk, how="oral", given_by="齋藤")


DEEDS: dict[str, Deed] = {
    "next step": lambda case, by: set_next_step(case, STEP, by=by),
    "take": lambda case, by: take_case(case, by=by, person=case.holder.memberships.earliest("pk").person_id),
    "offer handover": lambda case, by: offer_handover(case, to_body=body(LAB), by=by, pack=Pack(state="x")),
    "refer": lambda case, by: refer_to_desk(case, by=by),
    "keep": lambda case, by: keep_case(case, by=by, next_step=STEP),
    "close": lambda case, by: close_case(case, by=by, reason="solved", words="済", needs="settled"),
    "confirm close": lambda case, by: confirm_close(case, by=by),
    "return close": lambda case, by: return_close(case, by=by, reason="まだ"),
    "reopen": lambda case, by: reopen_case(case, by=by, reason="また"),
    "feedback": lambda case, by: give_feedback(case, by=by, result="solved", satisfaction=3),
    "merge into it": lambda case, by: merge_cases(case, other_of(case), by=by),
    "merge it away": lambda case, by: merge_cases(other_of(case), case, by=by),
    "unmerge": lambda case, by: unmerge(case, by=by),
    "split": lambda case, by: split_case(case, needs=list(case.needs.all()[:1]), title="分けた", by=by),
    "unsplit": lambda case, by: unsplit(case, by=by),
    "add need": lambda case, by: add_need(case, title="課題", stage="3", by=by),
    "analyse": lambda case, by: set_analysis(case, support_field="A", by=by),
    "summarise": lambda case, by: set_summary(case, title="件名", summary="新しい要約", by=by),
    "ask the firm": lambda case, by: ask_company(case, ["寸法は"], by=by),
    "answer facts": lambda case, by: answer_facts(case, {"size": "30cm"}, by=by),
    "bind": lambda case, by: bind_company(case, Company.objects.get(pk=case.company_id), by=by),
    "project": lambda case, by: record_project(case, number="1", approved_on=clock.today(), title="量産",
                                               field=Field.objects.get(), bodies=[body(LAB)], by=by),
    "firm: other way": lambda case, by: found_another_way(case, by=by, words=""),
    "firm: no help": lambda case, by: did_not_help(case, by=by, words=""),
    "firm: summary": lambda case, by: confirm_summary(case, by=by),
}  # fmt: skip
STAFF = [name for name in DEEDS if not name.startswith("firm")]
ENDED = dict.fromkeys(STAFF, "case_closed") | {
    "confirm close": "case_closed", "reopen": "ok", "feedback": "ok", "unmerge": "not_merged", "unsplit": "not_split",
    "project": "ok"}  # fmt: skip
GOING = dict.fromkeys(STAFF, "ok") | {
    "confirm close": "not_asked", "return close": "not_asked", "reopen": "not_closed", "feedback": "not_closed",
    "unmerge": "not_merged", "unsplit": "not_split"}  # fmt: skip
BY_STATE: dict[str, dict[str, str]] = {
    "arrived": GOING,
    "active": GOING,
    "asked to close": GOING | {"confirm close": "ok", "return close": "ok"},
    "handover waiting": GOING | {"offer handover": "already_offered", "close": "open_handover",
                                 "merge it away": "open_handover"},
    "support waiting": GOING | {"close": "open_supports", "merge it away": "open_supports"},
    "split off": GOING | {"unsplit": "ok", "answer facts": "no_consultation"},  # what was said stays with the origin
    "closed": ENDED,
    "merged": ENDED | {"unmerge": "ok", "reopen": "merged", "merge into it": "merged", "merge it away": "merged",
                      "feedback": "merged"},
}  # fmt: skip


def bring(case: Case, state: str, world: World) -> Case:
    """Bring a fresh case with two needs, consented to, into a state."""
    acts: dict[str, Callable[[], Any]] = {
        "arrived": lambda: None,
        "active": lambda: keep_case(case, by=world.desk, next_step=STEP),
        "handover waiting": lambda: DEEDS["offer handover"](case, world.desk),
        "support waiting": lambda: offered(world, case=case),
        "closed": lambda: close(case, world, needs="settled"),
        "merged": lambda: merge_cases(other_of(case), case, by=world.desk),
    }
    if state == "split off":
        third = need_of(case, world, title="分ける課題")
        part = split_case(case, needs=[third, case.needs.all()[0]], title="分けた", by=world.desk)
        consented(part, world)
        return part
    if state == "asked to close":
        other = wants_two(world)
        close_case(case, by=other, reason="solved", words="済", needs="settled")
    else:
        acts[state]()
    return fresh(case)


def outcomes(case: Case, by: Actor, deeds: dict[str, Deed]) -> dict[str, str]:
    """Try each deed on the case as it stands and take it back again: ``ok`` or the code of the refusal."""
    found = {}
    for name, deed in deeds.items():
        with transaction.atomic():
            try:
                with transaction.atomic():
                    deed(fresh(case), by)
                found[name] = "ok"
            except Refused as refusal:
                found[name] = refusal.code if refusal.message.endswith("。") else f"{name} says no sentence"
            transaction.set_rollback(True)
    return found


@pytest.fixture
def case(world: World) -> Case:
    """A case of a known firm with two needs, another of the same firm, and consent for the lab."""
    known = company()
    arrived(world, company=known)
    made = arrived(world, company=known).case
    for title in ("課題1", "課題2"):
        need_of(made, world, title=title)
    consented(made, world, LAB)
    return made


@pytest.mark.parametrize("state", BY_STATE)
def test_what_the_desk_may_do_in_each_state(world: World, case: Case, state: str) -> None:
    made = bring(case, state, world)
    assert outcomes(made, world.desk, {name: DEEDS[name] for name in STAFF}) == BY_STATE[state]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("arrived", {"firm: other way": "ok", "firm: no help": "ok", "firm: summary": "ok"}),
        ("closed", {"firm: other way": "case_closed", "firm: no help": "ok", "firm: summary": "case_closed"}),
        ("merged", {"firm: other way": "case_closed", "firm: no help": "merged", "firm: summary": "case_closed"}),
    ],
)
def test_what_the_firm_may_do_in_each_state(world: World, case: Case, state: str, expected: dict[str, str]) -> None:
    made = bring(case, state, world)
    assert outcomes(made, firm(case), {name: DEEDS[name] for name in DEEDS if name not in STAFF}) == expected


def test_the_tables_leave_no_state_out() -> None:
    assert {state for state in CaseState if state.value in BY_STATE} == set(CaseState)
    assert all(set(row) == set(STAFF) for row in BY_STATE.values())


RUNNING = [name for name in STAFF if name not in {"bind", "refer"}]
STRANGERS = dict.fromkeys(DEEDS, "not_allowed") | {
    "unmerge": "not_merged", "unsplit": "not_split", "firm: other way": "not_company", "firm: no help": "not_company",
    "firm: summary": "not_company"}  # fmt: skip


class TestWho:
    """The lab holds a case the centre took: the desk runs it only if it was sent there."""

    @pytest.fixture
    def held(self, world: World) -> Case:
        known = company(CENTER)
        made = [receive(said(company=known), by=world.center, body=body(CENTER), to_desk=False).case for _turn in range(2)]
        for one in made:
            Case.objects.filter(pk=one.pk).update(holder=LAB, next_body=LAB, holder_person=None, next_person=None)
            Need.objects.create(case=one, title="課題1", stage_id="3", added_at=NOON)
            Need.objects.create(case=one, title="課題2", stage_id="3", added_at=NOON, order=2)
        return fresh(made[1])

    def test_bodies_that_do_not_run_it_do_nothing(self, world: World, held: Case) -> None:
        for actor in (world.bank, world.desk, GUEST):
            assert outcomes(held, actor, DEEDS) == STRANGERS

    def test_who_took_it_binds_the_firm_and_nothing_else(self, world: World, held: Case) -> None:
        assert outcomes(held, world.center, DEEDS) == STRANGERS | {"bind": "ok"}

    def test_the_holder_does_everything(self, world: World, held: Case) -> None:
        got = outcomes(held, world.lab, {name: DEEDS[name] for name in STAFF})
        assert got == GOING | {"offer handover": "same_body", "bind": "not_visible", "merge into it": "ok"}

    def test_the_desk_runs_what_was_sent_to_it_whoever_holds_it(self, world: World, held: Case) -> None:
        Case.objects.update(at_desk=True)
        got = outcomes(held, world.desk, {name: DEEDS[name] for name in RUNNING})
        assert got == {name: GOING[name] for name in RUNNING} | {"offer handover": "same_body"}

    def test_the_worker_may_what_the_holder_may(self, world: World, held: Case) -> None:
        names = {"next step", "keep", "close", "add need", "analyse", "summarise", "merge it away", "split"}
        assert outcomes(held, SYSTEM, {name: DEEDS[name] for name in names}) == dict.fromkeys(names, "ok")

    def test_the_firm_only_speaks_for_itself(self, world: World, case: Case) -> None:
        got = outcomes(case, firm(case), DEEDS)
        assert {name for name, code in got.items() if code == "ok"} == {
            "firm: other way", "firm: no help", "firm: summary"}
        assert {got[name] for name in STAFF} - {"ok"} == {"not_allowed", "not_merged", "not_split", "not_closed"}


NEED_DEEDS: dict[str, Callable[[Need, Actor], object]] = {
    **{state: (lambda need, by, state=state: settle_need(need, state=state, by=by)) for state in NeedState.values},
    "change": lambda need, by: change_need(need, title="別の言い方", by=by),
    "move": lambda need, by: change_need(need, stage="4", by=by),
    "nonsense": lambda need, by: settle_need(need, state="lost", by=by),
}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("open", {"open": "wrong_state", "settled": "ok", "dropped": "ok"}),
        ("settled", {"open": "ok", "settled": "wrong_state", "dropped": "wrong_state"}),
        ("dropped", {"open": "ok", "settled": "wrong_state", "dropped": "wrong_state"}),
    ],
)
def test_needs_in_each_state(world: World, case: Case, state: str, expected: dict[str, str]) -> None:
    need = case.needs.first()
    assert need is not None
    Need.objects.filter(pk=need.pk).update(state=state)
    rest = {"change": "ok", "move": "ok", "nonsense": "unknown_state"}
    assert outcomes(need, world.desk, NEED_DEEDS) == expected | rest  # type: ignore[arg-type]  rows of any kind
    assert set(outcomes(need, world.lab, NEED_DEEDS).values()) == {"not_allowed"}  # type: ignore[arg-type]
    close(case, world, needs="settled")
    assert set(outcomes(need, world.desk, NEED_DEEDS).values()) == {"case_closed"}  # type: ignore[arg-type]


HANDOVER_DEEDS: dict[str, Callable[[Handover, Actor], object]] = {
    "accept": lambda row, by: accept_handover(row, by=by),
    "decline": lambda row, by: decline_handover(row, by=by, reason="手がいっぱい"),
    "recall": lambda row, by: recall_handover(row, by=by),
}
BUSY = dict.fromkeys(HANDOVER_DEEDS, "wrong_state")


@pytest.mark.parametrize("state", HandoverState.values)
def test_handovers_in_each_state_by_giver_receiver_and_stranger(world: World, case: Case, state: str) -> None:
    row = offer_handover(case, to_body=body(LAB), by=world.desk, pack=Pack(state="x"))
    Handover.objects.filter(pk=row.pk).update(state=state, answered_at=NOON)
    waits = state == "offered"
    right = "ok" if waits else "wrong_state"
    assert outcomes(row, world.lab, HANDOVER_DEEDS) == {  # type: ignore[arg-type]
        "accept": right, "decline": right, "recall": "not_allowed"}
    assert outcomes(row, world.desk, HANDOVER_DEEDS) == {  # type: ignore[arg-type]
        "accept": "not_allowed", "decline": "not_allowed", "recall": right}
    for stranger in (world.center, world.bank, firm(case), GUEST):
        assert set(outcomes(row, stranger, HANDOVER_DEEDS).values()) == {"not_allowed"}  # type: ignore[arg-type]


def test_what_is_refused_writes_nothing(world: World, case: Case) -> None:
    close(case, world, needs="settled")
    before = (Transition.objects.count(), Event.objects.count(), fresh(case).version)
    for deed in DEEDS.values():
        with pytest.raises(Refused):
            deed(fresh(case), world.bank)
    assert (Transition.objects.count(), Event.objects.count(), fresh(case).version) == before
