"""Shares of a project: proposed by who runs a case of it, agreed by each body named; whole in every row [C38, C40]."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.actions.shares import answer_shares, propose_shares
from renkei.cases.models import Case, ProjectShares, RegionalProject, ShareAnswer
from renkei.cases.queries.shares import shared_projects
from renkei.post.models import Notice
from renkei.reporting.figures import BY_CODE
from renkei.reporting.queries import count
from tests.cases.making import NOON, arrived, company, events, refuses
from tests.cases.test_projects import bodies, project
from tests.storm.racing import at_once
from tests.world import BANK, CENTER, DESK, LAB, World

WHOLE = {LAB: 60, CENTER: 40}


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def made(world: World) -> RegionalProject:
    return project(arrived(world, company=company()).case, world)


def numbers(year: int = 2025) -> dict[str, Decimal | None]:
    """The plan's number and each body's, those of which nothing is agreed under ``?``."""
    result = count(BY_CODE["projects"], FiscalYear(year), as_of=clock.now())
    return {body: result.number(body).value for body in ("*", *result.bodies)}


@pytest.mark.covers("C38", "C40")
def test_until_all_have_agreed_it_counts_for_the_plan_and_for_no_body(world: World, made: RegionalProject) -> None:
    nobodys = {"*": Decimal(1), "?": Decimal(1), LAB: Decimal(0), CENTER: Decimal(0)}
    assert numbers() == nobodys
    shares = propose_shares(made, WHOLE, by=world.desk)
    assert (shares.number, shares.parts, shares.proposed_body_id, list(shares.answers.all())) == (1, WHOLE, DESK, [])
    answer_shares(shares, agreed=True, by=world.lab)
    assert numbers() == nobodys
    answer_shares(shares, agreed=True, by=world.center)
    assert numbers() == {"*": Decimal(1), LAB: Decimal("0.6"), CENTER: Decimal("0.4")}
    assert (events("project.propose_shares"), events("project.answer_shares")) == (1, 2)
    told = {(one.from_body, tuple(sorted(one.receipts.values_list("body", flat=True)))) for one in Notice.objects.all()}
    assert told == {(DESK, (CENTER, LAB)), (CENTER, (DESK,))}  # asked; and told that all have agreed
    assert all(made.title not in one.text and made.company.name not in one.text for one in Notice.objects.all())


def test_a_body_that_helped_alone_has_the_whole_with_nobody_to_ask(world: World) -> None:
    project(arrived(world, company=company()).case, world, bodies=bodies(LAB))
    assert numbers() == {"*": Decimal(1), LAB: Decimal(1)}


def test_a_no_says_why_and_another_proposal_takes_its_place(world: World, made: RegionalProject) -> None:
    first = propose_shares(made, WHOLE, by=world.desk)
    with refuses("words_empty", "words"):
        answer_shares(first, agreed=False, words="　", by=world.lab)
    answer_shares(first, agreed=False, words="試験が大きい。70%を望む", by=world.lab)
    answer_shares(first, agreed=True, by=world.center)
    with refuses("answered_already"):
        answer_shares(first, agreed=True, by=world.lab)
    assert numbers()["?"] == 1
    second = propose_shares(made, {LAB: 70, CENTER: 30}, by=world.desk)
    with refuses("replaced"):
        answer_shares(first, agreed=True, by=world.lab)
    for by in (world.lab, world.center):
        answer_shares(second, agreed=True, by=by)
    assert numbers() == {"*": Decimal(1), LAB: Decimal("0.7"), CENTER: Decimal("0.3")}
    with clock.moved_to(NOON + dt.timedelta(days=1)):  # what holds goes on until the next is agreed
        third = propose_shares(made, {LAB: 50, CENTER: 50}, by=world.desk)
        answer_shares(third, agreed=True, by=world.lab)
        assert numbers() == {"*": Decimal(1), LAB: Decimal("0.7"), CENTER: Decimal("0.3")}
        found = shared_projects(world.desk)[0]
        assert (found.held and found.held.shares, found.open and found.open.shares, found.open and found.open.missing) == (second, third, [CENTER])
        assert [found.waits_for(one) for one in (DESK, LAB, CENTER, BANK)] == [False, False, True, False]


@pytest.mark.parametrize(("parts", "code"), [
    ({LAB: 60, CENTER: 39}, "not_whole"), ({LAB: 101, CENTER: -1}, "not_positive"), ({LAB: 100, CENTER: 0}, "not_positive"),
    ({LAB: 100}, "other_bodies"), ({LAB: 50, CENTER: 30, BANK: 20}, "other_bodies"), ({}, "other_bodies"),
])  # fmt: skip
def test_what_is_not_whole_is_refused(world: World, made: RegionalProject, parts: dict[str, int], code: str) -> None:
    with refuses(code):
        propose_shares(made, parts, by=world.desk)
    assert not ProjectShares.objects.exists()


def test_who_neither_runs_a_case_nor_is_named_says_nothing(world: World, made: RegionalProject) -> None:
    for by in (world.lab, world.bank, SYSTEM):
        with refuses("not_allowed"):
            propose_shares(made, WHOLE, by=by)
    shares = propose_shares(made, WHOLE, by=world.desk)
    with refuses("same_again"):
        propose_shares(made, WHOLE, by=world.desk)
    for by in (world.bank, world.desk, SYSTEM):
        with refuses("not_allowed"):
            answer_shares(shares, agreed=True, by=by)


def test_a_body_that_helped_later_is_not_in_what_holds(world: World, made: RegionalProject) -> None:
    shares = propose_shares(made, WHOLE, by=world.desk)
    for by in (world.lab, world.center):
        answer_shares(shares, agreed=True, by=by)
    project(made.cases.get(), world, bodies=bodies(DESK))
    assert shared_projects(world.desk)[0].came_later == [DESK]
    assert numbers() == {"*": Decimal(1), LAB: Decimal("0.6"), CENTER: Decimal("0.4")}
    again = propose_shares(made, {DESK: 20, LAB: 50, CENTER: 30}, by=world.desk)
    assert [(one.body_id, one.agreed) for one in again.answers.all()] == [(DESK, True)]  # who proposes agrees


@pytest.mark.parametrize(("bodies_of", "percents"), [
    ([LAB, CENTER], [60, 41]), ([LAB, CENTER], [100]), ([LAB, LAB], [50, 50]), ([LAB, CENTER], [100, 0]), ([], []),
])  # fmt: skip
def test_the_database_holds_only_whole_shares(world: World, made: RegionalProject, bodies_of: list[str], percents: list[int]) -> None:
    with pytest.raises(IntegrityError, match="project_shares_are_whole"), transaction.atomic():
        ProjectShares.objects.create(project=made, number=1, bodies=bodies_of, percents=percents, proposed_at=NOON, proposed_body_id=DESK,
                                     proposed_by=world.people[DESK])  # fmt: skip


def test_nothing_said_is_changed_afterwards(world: World, made: RegionalProject) -> None:
    shares = propose_shares(made, WHOLE, by=world.desk)
    answer = answer_shares(shares, agreed=True, by=world.lab)
    for change in (lambda: ProjectShares.objects.update(percents=[1, 99]), lambda: ShareAnswer.objects.update(agreed=False), answer.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    for name, values in (("share_answer_once", {"agreed": True}), ("share_answer_no_has_words", {"agreed": False, "body_id": CENTER})):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ShareAnswer.objects.create(**{"shares": shares, "body_id": LAB, "answered_at": NOON, "answered_by": world.people[LAB], **values})


def test_those_named_read_number_and_day_and_no_more(committed_world: World, login: Any) -> None:
    """Under the real logins: the proposal is for those named, the holder and the desk; the project itself for the holder and the desk."""
    world = committed_world
    made = project(arrived(world, company=company()).case, world)
    with login("web"):
        with acting(world.lab):
            assert shared_projects(world.lab) == []  # nothing is proposed yet
        with acting(world.desk):
            shares = propose_shares(made, WHOLE, by=world.desk)
        with acting(world.bank):
            assert (shared_projects(world.bank), list(ProjectShares.objects.all()), list(ShareAnswer.objects.all())) == ([], [], [])
            with pytest.raises(DatabaseError), transaction.atomic():
                ShareAnswer.objects.create(shares=shares, body_id=BANK, agreed=True, answered_at=NOON, answered_by_id=world.bank.person)
        with acting(world.lab):
            found = shared_projects(world.lab)
            assert [(one.number, one.helped, one.waits_for(LAB)) for one in found] == [("ひばり牽引-12", [LAB, CENTER], True)]
            assert (list(RegionalProject.objects.all()), list(Case.objects.all())) == ([], [])
            with pytest.raises(DatabaseError), transaction.atomic():  # for another body
                ShareAnswer.objects.create(shares=shares, body_id=CENTER, agreed=True, answered_at=NOON, answered_by_id=world.lab.person)
            answer_shares(shares, agreed=True, by=world.lab)
            own = count(BY_CODE["projects"], FiscalYear(2025), as_of=clock.now())
            assert {(row.body, row.percent) for row in own.rows} == {(LAB, None), ("", None)}
        with acting(world.center):
            answer_shares(shares, agreed=True, by=world.center)
            own = count(BY_CODE["projects"], FiscalYear(2025), as_of=clock.now())
            assert {(row.body, row.percent) for row in own.rows} == {(CENTER, 40), ("", 0)}  # what another has stays unsaid
            assert (own.number().value, own.number(CENTER).value) == (Decimal(1), Decimal("0.4"))


def test_of_two_who_answer_last_at_once_one_tells_that_all_agreed(committed_world: World, login: Any) -> None:
    world = committed_world
    made = project(arrived(world, company=company()).case, world)
    shares = propose_shares(made, WHOLE, by=world.desk)

    def says(by: Any) -> Any:
        with clock.moved_to(NOON):
            return answer_shares(shares, agreed=True, by=by)

    with login("web"):
        answers = at_once(*[(by, lambda by=by: says(by)) for by in (world.lab, world.center)])
    assert [type(one) for one in answers] == [ShareAnswer, ShareAnswer]
    assert Notice.objects.exclude(from_body=DESK).count() == 1
