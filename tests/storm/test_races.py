"""Races on committed data under the real web login. Each must be able to fail: it does when the lock is taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, link_holder
from renkei.base.context import acting
from renkei.cases import numbers
from renkei.cases.actions import answers as answer_acts
from renkei.cases.actions import intake, offers
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.intake import receive, send_draft, start_draft
from renkei.cases.actions.offers import offer_next, recall, send_offers
from renkei.cases.models import Case, Consultation, Register, Support, Transition
from renkei.cases.numbers import draw_number
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.cases.making import arrived, fresh, leave, need_of, offered, pick, said
from tests.storm.racing import at_once, codes, meet_in, without_row_locks
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.storm


@pytest.fixture
def world(committed_world: World, login: Any) -> Iterator[World]:
    """Prepared as the owner; the races run as web."""
    return committed_world


def verbs(support: Support) -> list[str]:
    return sorted(Transition.objects.filter(subject=support.pk).values_list("verb", flat=True))


@pytest.mark.covers("C32")
@pytest.mark.parametrize("locked", [True, False])
def test_two_takeovers_at_once_leave_one_holder(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """A late yes and the next body's yes in the same moment: one becomes the holder, the other only helps (P1)."""
    first = offered(world, service="tech-consultation", takes_over=True)
    Support.objects.filter(pk=first.pk).update(state="expired")
    second = offer_next(fresh(first), by=world.desk, body=CENTER)
    leave(second)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, answer_acts, "_write_answer")
    with login("web"):
        got = at_once((world.lab, lambda: accept(first, by=world.lab)),
                      (world.center, lambda: accept(second, by=world.center)))  # fmt: skip
    takers = [s.body_id for s in Support.objects.filter(takes_over=True, state="accepted")]
    if locked:
        assert codes(got) == ["ok", "ok"]
        assert takers == [fresh(first.case).holder_id]
        assert Transition.objects.filter(verb="handover_accepted").count() == 1
    else:
        assert sorted(takers) == [CENTER, LAB]  # both believe they hold the case: what the lock prevents


@pytest.mark.parametrize(("locked", "constrained"), [(True, True), (False, True), (False, False)])
def test_two_takeover_offers_at_once(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool, constrained: bool
) -> None:
    """P1: the lock refuses the second in words; without it the database refuses; without both it would happen."""
    case = arrived(world).case
    need = need_of(case, world)
    if not locked:
        without_row_locks(monkeypatch)
    if not constrained:
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX support_one_takeover_offered")
    meet_in(monkeypatch, offers, "_check_takeover")
    try:
        with login("web"):
            got = at_once(
                (world.desk, lambda: send_offers(case, [pick(need, takes_over=True)], by=world.desk)),
                (world.desk, lambda: send_offers(case, [pick(need, CENTER, "tech-consultation", takes_over=True)],
                                                 by=world.desk)),
            )  # fmt: skip
        count = Support.objects.filter(takes_over=True, state="offered").count()
    finally:
        if not constrained:
            Support.objects.update(takes_over=False)
            with connection.cursor() as cursor:
                cursor.execute("CREATE UNIQUE INDEX support_one_takeover_offered ON cases_support (case_id)"
                               " WHERE takes_over AND state = 'offered'")
    expected = {(True, True): (["ok", "two_takeovers"], 1), (False, True): (["IntegrityError", "ok"], 1),
                (False, False): (["ok", "ok"], 2)}  # fmt: skip
    assert (codes(got), count) == expected[locked, constrained]


@pytest.mark.parametrize("constrained", [True, False])
def test_open_case_cannot_lose_its_next_step(world: World, login: Any, constrained: bool) -> None:
    """P1 stands in the database itself: without its constraint a careless statement would leave a case waiting unseen."""
    case = arrived(world).case
    check = next(one for one in Case._meta.constraints if one.name == "case_open_has_next_step")
    if not constrained:
        with connection.schema_editor() as editor:
            editor.remove_constraint(Case, check)
    try:
        with login("web"):
            got = at_once((world.desk, lambda: Case.objects.filter(pk=case.pk).update(next_on=None)))
        lost = Case.objects.open().filter(next_on__isnull=True).count()
    finally:
        if not constrained:
            Case.objects.filter(next_on__isnull=True).update(next_on=clock.today())
            with connection.schema_editor() as editor:
                editor.add_constraint(Case, check)
    assert (codes(got), lost) == ((["IntegrityError"], 0) if constrained else (["ok"], 1))


@pytest.mark.parametrize("locked", [True, False])
def test_yes_and_recall_at_once(world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    support = offered(world)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, answer_acts, "check_step")
    monkeypatch.setattr(offers, "check_step", answer_acts.check_step)  # both meet at the same door
    with login("web"):
        got = at_once((world.lab, lambda: accept(support, by=world.lab)),
                      (world.desk, lambda: recall(support, by=world.desk, reason="まちがい")))  # fmt: skip
    won = fresh(support).state
    if locked:
        assert codes(got) == sorted(["ok", {"accepted": "wrong_state", "recalled": "gone"}[won]])
        assert verbs(support) == sorted(["offered", won])
    else:
        # They wait in a circle, or both happen, or the yes comes after the recall and only the policy stops it.
        assert {"OperationalError", "ProgrammingError"} & set(codes(got)) or len(verbs(support)) == 3


@pytest.mark.parametrize("locked", [True, False])
def test_yes_on_screen_and_no_by_telephone_at_once(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    support = offered(world)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, answer_acts, "_write_answer")
    with login("web"):
        got = at_once((world.lab, lambda: accept(support, by=world.lab)),
                      (world.lab, lambda: decline(support, by=world.lab, reason="busy")))  # fmt: skip
    if locked:
        assert codes(got) == ["ok", "wrong_state"]
    assert ({"accepted", "declined"} <= set(verbs(support))) is not locked


@pytest.mark.parametrize("locked", [True, False])
def test_numbers_drawn_at_once(world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    desk, day = Body.objects.get(pk=DESK), clock.today()
    with transaction.atomic():
        draw_number(desk, day)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, numbers.Register, "save")
    with login("web"):
        got = at_once(*[(world.desk, lambda: draw_number(desk, day))] * 2)
    assert (len(set(got)) == 2) is locked
    assert (Register.objects.get().last == 3) is locked


def test_first_numbers_of_a_year_drawn_at_once(world: World, login: Any) -> None:
    desk, day = Body.objects.get(pk=DESK), clock.today()
    with login("web"):
        got = at_once(*[(world.desk, lambda: draw_number(desk, day))] * 6)
    assert sorted(number[-4:] for number in got) == [f"{n:04d}" for n in range(1, 7)]


@pytest.mark.parametrize("locked", [True, False])
def test_the_same_consultation_sent_twice_at_once(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    desk = Body.objects.get(pk=DESK)
    if not locked:
        monkeypatch.setattr(intake, "_one_at_a_time", lambda _key: None)
    meet_in(monkeypatch, intake, "current_plan")
    with login("web"):
        got = at_once(*[(world.desk, lambda: receive(said(), by=world.desk, body=desk, idempotency_key="k"))] * 2)
    assert codes(got) == (["ok", "ok"] if locked else ["IntegrityError", "ok"])
    if locked:
        assert got[0].case.pk == got[1].case.pk
    assert (Case.objects.count(), Consultation.objects.count(), Mail.objects.count()) == (1, 1, 1)
    assert Register.objects.get().last == 1


@pytest.mark.parametrize("locked", [True, False])
def test_draft_sent_twice_at_once(world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    if not locked:
        monkeypatch.setattr(intake, "_one_at_a_time", lambda _key: None)
    with login("web"):
        with acting(GUEST):
            token, link = start_draft()
        guest = link_holder(link)
        got = at_once(*[(guest, lambda: send_draft(said(), by=guest, token=token))] * 2)
    assert Case.objects.count() == 1
    assert Mail.objects.filter(purpose="receipt").count() == 1
    if locked:
        assert codes(got) == ["ok", "ok"]
        assert {answer.token for answer in got} == {token}


def test_offer_sent_twice_by_a_double_click(world: World, login: Any) -> None:
    case = arrived(world).case
    need = need_of(case, world)
    with login("web"):
        got = at_once(*[(world.desk, lambda: send_offers(case, [pick(need)], by=world.desk))] * 2)
    assert codes(got) == ["already_asked", "ok"]
    assert (Support.objects.count(), Mail.objects.filter(purpose="offer").count()) == (1, 1)
