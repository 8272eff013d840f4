"""Two people of one desk, two bodies, two editors at the same moment. Where a lock decides, its absence is shown too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, staff
from renkei.base.grants import apply_grants
from renkei.cases.actions import answers as answer_acts
from renkei.cases.actions import holding, offers
from renkei.cases.actions.answers import accept
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover, recall_handover, take_case
from renkei.cases.actions.offers import save_picks
from renkei.cases.models import Case, Support, Transition
from renkei.plan import actions as plan_acts
from renkei.plan.models import Body, PlanDraft, PlanVersion
from tests.cases.making import arrived, fresh, need_of, offered, pick
from tests.plan.region import region
from tests.storm.racing import at_once, codes, meet_in, without_row_locks
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.storm


@pytest.fixture
def world(committed_world: World, login: Any) -> Iterator[World]:
    """Prepared as the owner; the races run as web."""
    return committed_world


def colleague(body: str, name: str = "津島 澪") -> Actor:
    """One more person of a body."""
    person = Person.objects.create_user(f"{Person.objects.count()}@people.example", "hibari-secret-1", name=name)
    Membership.objects.create(person=person, body_id=body, role="staff", is_admin=True, since=clock.today())
    return staff(person.pk, body, person.name)


@pytest.mark.parametrize("locked", [True, False])
def test_one_offer_accepted_by_two_people_at_once(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    support, other = offered(world), colleague(LAB)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, answer_acts, "_write_answer")
    with login("web"):
        got = at_once((world.lab, lambda: accept(support, by=world.lab, person=world.lab.person)),
                      (other, lambda: accept(support, by=other, person=other.person)))  # fmt: skip
    yes = Transition.objects.filter(subject=support.pk, to_state="accepted").count()
    assert (codes(got), yes) == ((["ok", "wrong_state"], 1) if locked else (["ok", "ok"], 2))


@pytest.mark.parametrize("locked", [True, False])
def test_two_people_sort_one_case_from_the_same_page(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    """The second is told that somebody saved in between, and nothing of theirs is mixed into the first's choice."""
    case, other = arrived(world).case, colleague(DESK)
    need = need_of(case, world)
    seen = fresh(case).version
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, offers, "_propose")
    with login("web"):
        got = at_once((world.desk, lambda: save_picks(case, [pick(need)], by=world.desk, version=seen)),
                      (other, lambda: save_picks(case, [pick(need, CENTER, "tech-consultation")], by=other, version=seen)))  # fmt: skip
    chosen = set(Support.objects.values_list("body", flat=True))
    if locked:
        assert codes(got) == ["changed_meanwhile", "ok"]
        assert len(chosen) == 1
    else:
        assert chosen == {LAB, CENTER}


def test_two_people_take_one_case_at_once(world: World, login: Any) -> None:
    """Both may; the case ends in one hand, and the steps tell how it came there."""
    case, takers = arrived(world).case, [colleague(DESK), colleague(DESK, "小湊 航")]
    before = case.holder_person_id
    with login("web"):
        got = at_once(*[(who, lambda who=who: take_case(case, by=who, person=who.person)) for who in takers])  # type: ignore[misc]
    assert codes(got) == ["ok", "ok"]
    last = fresh(case).holder_person_id
    (first,) = {who.person for who in takers} - {last}
    steps = {(one.from_state, one.to_state) for one in Transition.objects.filter(case=case, verb="passed_on")}
    assert steps == {(str(before or ""), str(first)), (str(first), str(last))}


@pytest.mark.parametrize("locked", [True, False])
def test_a_handover_accepted_and_taken_back_at_once(
    world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    case = arrived(world).case
    holding_support = offered(world, case=case)
    assert holding_support.body_id == LAB
    handover = offer_handover(fresh(case), to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="試験へ"))
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, holding, "check_step")
    with login("web"):
        got = at_once((world.lab, lambda: accept_handover(handover, by=world.lab)),
                      (world.desk, lambda: recall_handover(handover, by=world.desk)))  # fmt: skip
    now = fresh(handover)
    verb = {"accepted": "handover_accepted", "recalled": "recalled"}
    answers = Transition.objects.filter(case=case, verb__in=verb.values()).values_list("verb", flat=True)
    if locked:
        assert codes(got).count("ok") == 1
        assert list(answers) == [verb[now.state]]
        assert fresh(case).holder_id == {"accepted": LAB, "recalled": DESK}[now.state]
        assert Case.objects.open().filter(next_on__isnull=False).count() == 1
    else:
        assert "OperationalError" in codes(got) or answers.count() == 2


# Editors of the plan -------------------------------------------------------------------------------------------------


def clocks(world: World, days: int) -> dict[str, Any]:
    content: dict[str, Any] = world.plan.versions.get(number=1).content
    return content["clocks"] | {"idle": {"business_days": days}}


@pytest.mark.parametrize("locked", [True, False])
def test_two_editors_save_at_once(world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    plan_acts.open_draft(world.plan, by=world.desk)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, plan_acts, "_save")
    with login("web"):
        got = at_once(*[
            (who, lambda who=who, days=days: plan_acts.save_draft(  # type: ignore[misc]
                world.plan, "clocks", clocks(world, days), by=who, version=0))
            for who, days in ((world.desk, 7), (world.lab, 9))
        ])  # fmt: skip
    saved = Event.objects.filter(verb="plan.save_draft").count()
    assert (codes(got), saved) == ((["changed_meanwhile", "ok"], 1) if locked else (["ok", "ok"], 2))
    assert PlanDraft.objects.get().version == 1


def test_two_editors_open_the_first_draft_at_once(world: World, login: Any) -> None:
    with login("web"):
        got = at_once(*[(who, lambda who=who: plan_acts.open_draft(world.plan, by=who).pk)  # type: ignore[misc]
                        for who in (world.desk, world.lab, world.center)])  # fmt: skip
    assert codes(got) == ["ok"] * 3
    assert {PlanDraft.objects.get().pk} == set(got)
    assert Event.objects.filter(verb="plan.draft").count() == 1


def test_a_draft_published_by_two_editors_at_once_is_one_version(transactional_db: None, login: Any) -> None:
    plan = plan_acts.publish(region(), by=SYSTEM).plan
    editors = [colleague("hibari-desk"), colleague("hibari-lab")]
    apply_grants()
    plan_acts.save_draft(plan, "second_person", ["close"], by=editors[0], version=0)
    with login("web"):
        got = at_once(*[(who, lambda who=who: plan_acts.publish_draft(plan, by=who, version=1)) for who in editors])  # type: ignore[misc]
    assert codes(got) == ["changed_meanwhile", "ok"]
    assert list(PlanVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_files_published_twice_at_once_are_one_version(transactional_db: None) -> None:
    """The one who installs it, from two consoles: the lock of publication lets the second find the first's version."""
    got = at_once(*[(SYSTEM, lambda: plan_acts.publish(region(), by=SYSTEM).pk)] * 2)
    assert codes(got) == ["ok", "ok"]
    assert {PlanVersion.objects.get().pk} == set(got)
    assert Event.objects.filter(verb="plan.publish").count() == 1
    assert connection.in_atomic_block is False
