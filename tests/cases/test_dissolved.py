"""A dissolved body keeps what it did, can be chosen nowhere, and what it had in hand goes to the front desk."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.dissolved import homeless_cases, leave_closed_body
from renkei.cases.actions.holding import Pack, accept_handover, move_holder, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.offers import send_offers
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Handover, Support, Transition, Verb
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, pick, refuses, said
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def dissolve(body: str) -> Body:
    Body.objects.filter(pk=body).update(closed_on=dt.date(2026, 11, 24))
    return Body.objects.get(pk=body)


def given(case: Case, world: World, body: str = LAB) -> None:
    give_consent(case, body=Body.objects.get(pk=body), klass="summary", by=world.desk, how="oral", given_by="齋藤")


def test_it_can_be_chosen_nowhere(world: World) -> None:
    case = arrived(world).case
    given(case, world)
    need = need_of(case, world)
    lab = dissolve(LAB)
    with refuses("body_closed", "to_body"):
        offer_handover(case, to_body=lab, by=world.desk, pack=Pack("x"))
    with refuses("body_closed", "to_body"):
        move_holder(case, to=lab, by=SYSTEM, verb=Verb.HANDOVER_ACCEPTED)
    with refuses("body_closed", "body"):
        send_offers(case, [pick(need)], by=world.desk)
    with refuses("body_closed", "body"):
        receive(said(), by=world.lab, body=lab, to_desk=False)
    assert (Case.objects.count(), Support.objects.count(), Handover.objects.count()) == (1, 0, 0)


def test_the_database_says_no_as_well(world: World) -> None:
    case = arrived(world).case
    dissolve(LAB)
    with pytest.raises(IntegrityError, match="was dissolved"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(holder=LAB)
    with pytest.raises(IntegrityError, match="was dissolved"), transaction.atomic():
        Handover.objects.create(case=case, from_body_id=DESK, to_body_id=LAB, offered_at=NOON, due_on=clock.today())
    assert fresh(case).holder_id == DESK


@pytest.mark.covers("C32", "C97")
def test_what_it_held_goes_to_the_desk_with_a_date(world: World) -> None:
    case = arrived(world).case
    given(case, world)
    accept_handover(offer_handover(case, to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack("x")), by=world.lab)
    dissolve(LAB)
    assert homeless_cases() == [case.pk]
    assert run_clocks().freed == 1
    after = fresh(case)
    assert (after.holder_id, after.holder_person_id, after.next_body_id, after.next_kind) == (DESK, None, DESK, "choose")
    assert after.next_on >= clock.today()
    assert [one.title for one in Nudge.objects.filter(body=DESK, case=case.pk, title__startswith="なくなった機関")] == [
        "なくなった機関の案件が窓口に移りました"]
    assert Mail.objects.filter(to="saito@kitsunebi.example", text__contains="がなくなったため").count() == 1
    assert (homeless_cases(), run_clocks().freed, events("case.move_holder")) == ([], 0, 2)


def test_what_it_was_asked_is_withdrawn_and_the_step_comes_back(world: World) -> None:
    waiting, running = offered(world), offered(world)
    accept(running, by=world.lab)
    dissolve(LAB)
    assert run_clocks().freed == 2
    assert {fresh(one).state for one in (waiting, running)} == {"withdrawn"}
    for support in (waiting, running):
        case = fresh(support.case)
        assert (case.holder_id, case.next_body_id) == (DESK, DESK)
        assert case.next_on is not None
    assert run_clocks().freed == 0


def test_a_handover_to_it_is_taken_back(world: World) -> None:
    case = arrived(world).case
    given(case, world, CENTER)
    handover = offer_handover(case, to_body=Body.objects.get(pk=CENTER), by=world.desk, pack=Pack("x"))
    dissolve(CENTER)
    leave_closed_body(case, by=SYSTEM)
    assert (fresh(handover).state, fresh(case).next_body_id) == ("recalled", DESK)
    assert homeless_cases() == []


def test_what_it_did_stays_as_it_is(world: World) -> None:
    support = offered(world)
    decline(support, by=world.lab, reason="busy")
    close_case(fresh(support.case), by=world.desk, reason="spam", words="おわり", needs="dropped")
    before = list(Transition.objects.order_by("pk").values())
    states = fresh(support).state
    dissolve(LAB)
    assert run_clocks().freed == 0
    assert (list(Transition.objects.order_by("pk").values()), fresh(support).state) == (before, states)
    assert str(support.body) == "工業試験所"
