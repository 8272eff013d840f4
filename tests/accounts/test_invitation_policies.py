"""Who sees and changes invitations, asked of the database under the real logins."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from renkei.accounts.actions.invitations import find_invitation, invite
from renkei.accounts.models import Invitation, Membership, Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder, staff
from renkei.base.context import acting
from renkei.plan.models import Body
from tests.accounts.test_invitations import asked, token
from tests.world import BANK, LAB, World


@pytest.fixture
def made(committed_world: World) -> dict[str, Invitation]:
    """One invitation a body, and a plain member of the first."""
    world = committed_world
    plain = Person.objects.create_user("plain@lab.example", "x", name="ひら")
    Membership.objects.create(person=plain, body_id=LAB, role="staff", since=clock.today())
    world.people["plain"] = plain
    return {
        body: invite(Body.objects.get(pk=body), asked=asked(f"{body}-new@people.example"), by=world.actor(body)) for body in (LAB, BANK)
    }


def test_sight_is_what_the_database_shows(committed_world: World, made: dict[str, Invitation], login: Any) -> None:
    world = committed_world
    ids = {body: one.pk for body, one in made.items()}
    plain = staff(world.people["plain"].pk, LAB)
    expected: list[tuple[Actor, set[uuid.UUID]]] = [
        (world.lab, {ids[LAB]}), (world.bank, {ids[BANK]}), (world.desk, set()), (plain, set()), (GUEST, set()),
        (staff(world.people[BANK].pk, LAB), set()), (link_holder(ids[LAB]), {ids[LAB]}), (link_holder(uuid.uuid4()), set()),
        (SYSTEM, set()),
    ]  # fmt: skip
    with login("web"):
        for actor, wanted in expected:
            with acting(actor):
                shown = set(Invitation.objects.values_list("pk", flat=True))
                asked_for = set(Invitation.objects.visible_to(actor).values_list("pk", flat=True))
            assert (actor, shown, asked_for & shown) == (actor, wanted, wanted)
            assert actor.is_system or asked_for == wanted
    with login("worker"), acting(SYSTEM):
        assert set(Invitation.objects.values_list("pk", flat=True)) == set(ids.values())


def test_a_guest_resolves_a_token_and_reads_nothing_else(committed_world: World, made: dict[str, Invitation], login: Any) -> None:
    secret = token(made[LAB])
    with login("web"), acting(GUEST):
        holder = find_invitation(secret)
        assert holder == link_holder(made[LAB].pk)
        assert list(Invitation.objects.all()) == []


def test_nobody_but_the_administrator_writes_one_in(committed_world: World, made: dict[str, Invitation], login: Any) -> None:
    world = committed_world
    row = {"body_id": LAB, "email": "x@people.example", "name": "x", "role": "staff", "since": clock.today(), "made_at": clock.now(),
           "sent_at": clock.now(), "expires_at": clock.now()}  # fmt: skip
    for actor in (world.bank, staff(world.people["plain"].pk, LAB), GUEST, link_holder(made[LAB].pk)):
        with login("web"), pytest.raises(ProgrammingError, match="row-level security"), acting(actor):
            Invitation.objects.create(token_hash=uuid.uuid4().hex, **row)
    with login("web"), acting(world.lab):
        Invitation.objects.create(token_hash=uuid.uuid4().hex, **row)


def test_nobody_moves_an_invitation_to_another_body(committed_world: World, made: dict[str, Invitation], login: Any) -> None:
    with login("web"), pytest.raises(ProgrammingError, match="row-level security"), acting(committed_world.lab):
        Invitation.objects.filter(pk=made[LAB].pk).update(body_id=BANK)
    with login("web"), acting(committed_world.bank):
        assert Invitation.objects.filter(pk=made[LAB].pk).update(name="x") == 0


def test_rows_are_never_deleted(committed_world: World, made: dict[str, Invitation], login: Any) -> None:
    with login("web"), pytest.raises(ProgrammingError, match="permission denied"), acting(committed_world.lab), transaction.atomic():
        Invitation.objects.filter(pk=made[LAB].pk).delete()
