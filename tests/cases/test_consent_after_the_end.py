"""A firm takes its consent back from a holder whose case has ended: the body reads it no more, and does not get it back
when the case is taken up again (P1, P2)."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover, set_next_step
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import merge_cases, unmerge
from renkei.cases.models import Case, Consent, Transition
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, company, events, fresh, said, steps
from tests.world import DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def held_by_lab(world: World, **more: Any) -> Case:
    case = arrived(world, **more).case
    lab = Body.objects.get(pk=LAB)
    give_consent(case, body=lab, klass="summary", by=world.desk, how="oral", given_by="齋藤")
    accept_handover(offer_handover(case, to_body=lab, by=world.desk, pack=Pack(state="x")), by=world.lab)
    return fresh(case)


def ended(case: Case, world: World) -> Consent:
    """The lab closes it; returns its consent."""
    close_case(case, by=world.lab, reason="solved", words="済")
    return Consent.objects.get(case=case, body=LAB, klass="summary")


def test_it_rests_with_the_desk_and_nobody_is_called_up(world: World) -> None:
    case = held_by_lab(world)
    consent = ended(case, world)
    mails = Mail.objects.count()
    withdraw_consent(consent, by=firm(case), how="link")
    after = fresh(case)
    assert (after.state, after.holder_id, after.holder_person_id, after.next_on, after.next_step) == (
        "closed", DESK, None, None, "")
    assert not Case.objects.visible_to(world.lab).exists()
    assert steps(case)[-2:] == [("consent_withdrawn", "summary", ""), ("holder_back", LAB, DESK)]
    assert (Mail.objects.count(), events("case.rest_at_desk")) == (mails, 1)


def test_taken_up_again_the_desk_holds_it(world: World) -> None:
    case = held_by_lab(world)
    withdraw_consent(ended(case, world), by=firm(case), how="link")
    after = reopen_case(case, by=world.desk, reason="また")
    assert (after.holder_id, after.next_body_id, after.is_open) == (DESK, DESK, True)


def test_with_its_consent_the_holder_takes_it_up_itself(world: World) -> None:
    case = held_by_lab(world)
    ended(case, world)
    after = reopen_case(case, by=world.lab, reason="また")
    assert (after.holder_id, after.next_body_id) == (LAB, LAB)


def test_taken_out_of_a_merge_the_step_is_the_desks(world: World) -> None:
    known = company()
    keeper, gone = arrived(world, company=known).case, held_by_lab(world, company=known)
    step = NextStep("測る", clock.today(), body=LAB, person=world.lab.person)
    set_next_step(gone, step, by=world.lab)
    merge_cases(keeper, fresh(gone), by=world.desk)
    withdraw_consent(Consent.objects.get(case=gone, body=LAB), by=firm(gone), how="link")
    back = unmerge(gone, by=world.desk)
    assert (back.holder_id, back.next_body_id, back.next_person_id, back.next_step) == (DESK, DESK, None, "測る")


@pytest.mark.parametrize("klass", ["technical", "financial"])
def test_another_class_changes_no_holder(world: World, klass: str) -> None:
    case = held_by_lab(world)
    more = give_consent(case, body=Body.objects.get(pk=LAB), klass=klass, by=world.desk, how="oral", given_by="齋藤")
    ended(case, world)
    withdraw_consent(more, by=firm(case), how="link")
    assert fresh(case).holder_id == LAB


def test_who_took_the_words_keeps_them(world: World) -> None:
    lab = Body.objects.get(pk=LAB)
    case = receive(said(), by=world.lab, body=lab, to_desk=False).case
    given = give_consent(case, body=lab, klass="summary", by=world.lab, how="oral", given_by="齋藤")
    close_case(case, by=world.lab, reason="solved", words="済")
    withdraw_consent(given, by=firm(case), how="link")
    assert fresh(case).holder_id == LAB
    assert list(Case.objects.visible_to(world.lab)) == [case]


@pytest.mark.parametrize("speaker", ["firm", "desk", "holder"])
def test_under_the_web_login_whoever_writes_it_down(committed_world: World, login: Any, speaker: str) -> None:
    world = committed_world
    case = held_by_lab(world)
    consent = ended(case, world)
    by = {"firm": firm(case), "desk": world.desk, "holder": world.lab}[speaker]
    with web(login, by):
        withdraw_consent(consent, by=by, how="link" if speaker == "firm" else "oral")
    with web(login, world.lab):
        assert not Case.objects.exists()
        assert not Transition.objects.exists()
    with web(login, world.desk):
        assert reopen_case(case, by=world.desk, reason="また").holder_id == DESK
