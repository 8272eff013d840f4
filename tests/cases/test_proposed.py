"""Needs that may climb are proposed, with who declined why; the list and ``may_climb`` say the same of every need [C37]."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import decline
from renkei.cases.actions.escalation import climb
from renkei.cases.models import Case, Need, Support
from renkei.cases.queries.ladder import may_climb
from renkei.cases.queries.proposed import proposed_climbs, waiting_to_climb
from renkei.cases.states import SupportState
from tests.cases.making import NOON, arrived, fresh, need_of, offered
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C37")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def declined(world: World) -> Need:
    support = offered(world)
    decline(support, by=world.lab, reason="no_equipment")
    return fresh(support.need)


def test_who_declined_why_stands_beside_it(world: World) -> None:
    need = declined(world)
    Support.objects.create(case=need.case, need=need, service_id="loan", body_id=BANK, state="expired", asked_by_body_id=DESK, made_at=NOON, due_on=NOON.date())
    found = proposed_climbs(world.desk)
    assert [(one.need.pk, {(tried.body, tried.reason or tried.said) for tried in one.tried}, one.may_run) for one in found] == [
        (need.pk, {("工業試験所", "設備がない"), ("ひばり銀", str(SupportState.EXPIRED.label))}, True)
    ]


def test_what_climbed_is_proposed_no_more(world: World) -> None:
    need = declined(world)
    assert list(waiting_to_climb(world.desk)) == [need]
    found = climb(need, by=world.desk, reason="断られた", proposed=True)
    assert (list(waiting_to_climb(world.desk)), proposed_climbs(world.desk), found.is_proposed) == ([], [], True)


def test_only_for_cases_seen_from_inside(world: World) -> None:
    need = declined(world)
    seen = {body: list(waiting_to_climb(world.actor(body))) for body in (DESK, LAB, CENTER, BANK)}
    assert seen == {DESK: [need], LAB: [], CENTER: [], BANK: []}
    Case.objects.filter(pk=need.case_id).update(holder_id=CENTER, at_desk=False)
    assert [(one.need.pk, one.may_run) for one in proposed_climbs(world.desk)] == [(need.pk, False)]
    assert [(one.need.pk, one.may_run) for one in proposed_climbs(world.center)] == [(need.pk, True)]


@pytest.mark.parametrize("pair", list(itertools.combinations_with_replacement(SupportState.values, 2)), ids="-".join)
def test_the_list_says_what_the_rule_says(world: World, pair: tuple[str, str]) -> None:
    need = need_of(arrived(world).case, world)
    for body, service, state in zip((LAB, BANK), ("equipment-tests", "loan"), pair, strict=True):
        Support.objects.create(
            case=need.case, need=need, service_id=service, body_id=body, state=state, asked_by_body_id=DESK, made_at=NOON, offered_at=NOON, leaves_at=NOON,
            due_on=NOON.date(), answered_at=NOON, done_on=NOON.date(), decline_reason="busy" if state == "declined" else "",
        )  # fmt: skip
    by_rule = may_climb(need, need.supports.all(), stands=False)
    assert ([one.pk for one in waiting_to_climb(world.desk)], [one.need.pk for one in proposed_climbs(world.desk)]) == (([need.pk],) * 2 if by_rule else ([], []))


@pytest.mark.parametrize("state", ["settled", "dropped"])
def test_a_need_that_is_over_does_not_climb(world: World, state: str) -> None:
    need = declined(world)
    Need.objects.filter(pk=need.pk).update(state=state)
    assert list(waiting_to_climb(world.desk)) == []


def test_nor_one_of_a_closed_case(world: World) -> None:
    need = declined(world)
    Case.objects.filter(pk=need.case_id).update(state="closed", closed_at=NOON, close_reason="solved")
    assert list(waiting_to_climb(world.desk)) == []
