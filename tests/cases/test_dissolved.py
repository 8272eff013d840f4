"""A dissolved body keeps what it did, can be chosen nowhere, and what it had in hand goes to the front desk."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.accounts.actions.invitations import Arriving, accept_invitation, invite
from renkei.accounts.actions.invitations import Asked as Asking
from renkei.accounts.actions.members import Place, end_membership, members_of_closed_bodies
from renkei.accounts.actions.members import leave_closed_body as leave_members
from renkei.accounts.models import Invitation, Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.dissolved import homeless_cases, leave_closed_body
from renkei.cases.actions.holding import Pack, accept_handover, move_holder, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.moves import open_move
from renkei.cases.actions.offers import save_picks, send_offers
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Asked, Case, Handover, Inquiry, MovePack, Support, Transition, Verb
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, pick, refuses, said
from tests.cases.moving import SINCE, acts, held, join
from tests.world import BANK, CENTER, DESK, LAB, World


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


def test_the_database_refuses_requests_and_questions_by_name(world: World) -> None:
    case = arrived(world).case
    given(case, world)
    need = need_of(case, world)
    idea = save_picks(case, [pick(need)], by=world.desk)[0]
    late = offered(world)
    Support.objects.filter(pk=late.pk).update(state="expired")
    packs = Moving(world)
    dissolve(LAB)
    dissolve(CENTER)
    row = {"case": case, "need": need, "service_id": "tech-consultation", "asked_by_body_id": DESK, "made_at": NOON}
    tries: list[tuple[str, Any]] = [
        ("support_body_is_open", lambda: Support.objects.create(body_id=LAB, **row)),
        ("support_body_is_open", lambda: Support.objects.filter(pk=idea.pk).update(
            state="offered", due_on=NOON.date(), leaves_at=NOON, offered_at=NOON)),
        ("support_body_is_open", lambda: Support.objects.filter(pk=late.pk).update(state="accepted", answered_at=NOON)),
        ("asked_body_is_open", lambda: Asked.objects.create(
            inquiry=Inquiry.objects.create(title="めっき", summary="色むら", stage_id="3", sent_on=NOON.date(), due_on=NOON.date()), body_id=LAB)),
        ("pack_body_is_open", lambda: packs.offer(CENTER)),
    ]  # fmt: skip
    for name, act in tries:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            act()
        assert caught.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]
    written = Support.objects.create(body_id=LAB, state="done", done_on=NOON.date(), origin="recorded", **row)
    assert fresh(written).state == "done"  # what was done before may still be written down


class Moving:
    """A pack that could be sent."""

    def __init__(self, world: World) -> None:
        leaver = join(DESK, "sato")
        held(world, leaver)
        self.pack = open_move(leaver, on=dt.date(2027, 3, 31), by=acts(leaver)).packs.get()

    def offer(self, body: str) -> int:
        return MovePack.objects.filter(pk=self.pk).update(to_body=body, to_person=None, state="offered", offered_at=NOON)

    @property
    def pk(self) -> Any:
        return self.pack.pk


def test_a_late_yes_of_a_dissolved_body_is_refused_in_words(world: World) -> None:
    support = offered(world)
    dissolve(LAB)
    with refuses("body_closed", "answer"):
        accept(fresh(support), by=world.lab)
    assert fresh(support).state == "offered"


@pytest.mark.covers("C32", "C42", "C97")
def test_its_people_leave_it_and_nobody_joins_any_more(world: World) -> None:
    boss, plain, to_come = world.people[LAB], join(LAB, "sato"), join(LAB, "ito")
    Membership.objects.filter(pk=to_come.pk).update(since=dt.date(2027, 4, 1))
    invite(body_of(LAB), asked=asking("neu@people.example", NOON.date()), by=world.lab)
    closed = dissolve(LAB).closed_on
    assert members_of_closed_bodies() == [LAB]
    assert run_clocks().freed == 0
    rows = {one.person_id: (one.since, one.until) for one in Membership.objects.filter(body_id=LAB)}
    assert rows == {boss.pk: (SINCE, closed), plain.person_id: (SINCE, closed), to_come.person_id: (closed, closed)}
    assert (events("member.end"), events("invitation.withdraw"), members_of_closed_bodies()) == (3, 1, [])
    assert (leave_members(LAB, by=SYSTEM), events("member.end")) == (0, 3)
    with refuses("body_open"):
        leave_members(DESK, by=SYSTEM)
    with refuses("not_admin"):
        leave_members(LAB, by=world.desk)
    assert str(Membership.objects.get(person=boss)) == f"{boss} (工業試験所)"  # who belonged to it stays on record


def test_the_database_lets_nobody_into_a_dissolved_body(world: World) -> None:
    plain = join(LAB, "sato", until=dt.date(2026, 12, 31))
    invitation = invite(body_of(LAB), asked=asking("neu@people.example", NOON.date()), by=world.lab)
    closed = dissolve(LAB).closed_on
    assert closed is not None
    tries: list[tuple[str, Any]] = [
        ("membership_body_is_open", lambda: join(LAB, "neu")),
        ("membership_body_is_open", lambda: join(LAB, "neu", until=closed + dt.timedelta(days=1))),
        ("membership_body_is_open", lambda: Membership.objects.filter(pk=plain.pk).update(until=None)),
        ("membership_body_is_open", lambda: Membership.objects.filter(person=world.people[DESK]).update(body=LAB)),
        ("invitation_body_is_open", lambda: Invitation.objects.create(
            body_id=LAB, email="x@people.example", name="x", role="staff", since=closed, token_hash="x", made_at=NOON, sent_at=NOON, expires_at=NOON)),
    ]  # fmt: skip
    for name, act in tries:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            act()
        assert caught.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]
    assert join(LAB, "frueher", until=closed).until == closed  # a register may be filled in afterwards
    Membership.objects.filter(pk=plain.pk).update(title="主任")  # what does not lengthen passes
    with refuses("body_closed"):
        accept_invitation(invitation, arriving=Arriving(name="新 一"), by=SYSTEM)
    with refuses("body_closed"):
        invite(body_of(LAB), asked=asking("y@people.example", closed), by=world.lab)
    with refuses("body_closed", "until"):
        end_membership(plain, until=closed + dt.timedelta(days=3), by=world.lab)


def test_a_question_without_a_name_is_asked_of_it_no_more(world: World) -> None:
    inquiry = Inquiry.objects.create(title="めっき", summary="色むら", stage_id="3", sent_on=dt.date(2026, 11, 2), due_on=dt.date(2026, 11, 9))
    for body, told in ((LAB, None), (CENTER, None), (BANK, dt.date(2026, 11, 2))):
        Asked.objects.create(inquiry=inquiry, body_id=body, told_on=told)
    dissolve(LAB)
    dissolve(BANK)
    run_clocks()
    assert list(Mail.objects.filter(purpose="inquiry").values_list("to_body", flat=True)) == [CENTER]


def body_of(code: str) -> Body:
    return Body.objects.get(pk=code)


def asking(email: str, since: dt.date) -> Asking:
    return Asking(email, "新 一", Place("staff"), since)


def test_under_the_workers_login(committed_world: World, login: Any) -> None:
    join(LAB, "sato")
    dissolve(LAB)
    with login("worker"):
        run_clocks()
    assert set(Membership.objects.filter(body_id=LAB).values_list("until", flat=True)) == {dt.date(2026, 11, 24)}


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
