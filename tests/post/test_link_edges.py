"""Links at their edges: the last moment of their life, hostile tokens, and what the database lets their holder read."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.post.links import close_links, make_link, open_link, start_draft_link
from renkei.post.models import Link, LinkPurpose
from tests.world import BANK, DESK, LAB, World

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
FACTS = ("link_case", "link_purpose", "link_subject", "link_company", "link_body", "link_classes")


def made(world: World, **more: Any) -> str:
    given_: dict[str, Any] = {"purpose": LinkPurpose.OFFER, "expires_at": clock.now() + DAY, "subject": uuid.uuid4()} | more
    return make_link(by=world.desk, **given_)


def link_of(token: str) -> uuid.UUID:
    found = open_link(token)
    assert found is not None
    return found.id


def facts(actor: Actor) -> list[Any]:
    """What the database's own functions say of the link that acts."""
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"{name}()" for name in FACTS))
        return list(cursor.fetchone())


@pytest.mark.parametrize("purpose", LinkPurpose.values)
def test_each_purpose_comes_back_as_it_was_made(world: World, purpose: str) -> None:
    found = open_link(made(world, purpose=LinkPurpose(purpose)))
    assert found is not None
    assert (found.purpose, found.classes, found.body, found.case) == (purpose, [], None, None)
    assert str(Link.objects.get()) == f"{LinkPurpose(purpose).label} {found.id}"


@pytest.mark.parametrize(("left", "opens"), [(-DAY, False), (-MINUTE, False), (MINUTE, True), (730 * DAY, True)])
def test_a_link_opens_until_its_last_moment(world: World, left: dt.timedelta, opens: bool) -> None:
    assert (open_link(made(world, expires_at=clock.now() + left)) is not None) is opens


@pytest.mark.parametrize(("days", "lives"), [(1, True), (30, True), (31, True), (31.001, False), (365, False)])
def test_a_draft_link_lives_31_days_at_most(world: World, days: float, lives: bool) -> None:
    with clock.moved_to(clock.now()):
        until = clock.now() + days * DAY
        if lives:
            token, link = start_draft_link(until)
            assert link_of(token) == link
        else:
            with pytest.raises(DatabaseError, match="31 days"), transaction.atomic():
                start_draft_link(until)
    assert Link.objects.count() == int(lives)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=120))
def test_no_guess_opens_anything(world: World, token: str) -> None:
    if not Link.objects.exists():
        made(world)
    try:
        assert open_link(token) is None
    except UnicodeEncodeError:  # a lone surrogate: no address can carry one
        assert any(0xD800 <= ord(char) <= 0xDFFF for char in token)


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda token: token[:-1], lambda token: f"{token}=", lambda token: f" {token}"])
def test_a_token_holds_to_its_last_character(world: World, change: Any) -> None:
    token = made(world)
    assert open_link(token) is not None
    assert open_link(change(token)) is None


def test_two_links_cannot_share_a_token(world: World) -> None:
    made(world)
    first = Link.objects.get()
    with pytest.raises(DatabaseError, match="token_hash"), transaction.atomic():
        Link.objects.create(purpose="offer", token_hash=first.token_hash, made_at=clock.now(), expires_at=clock.now())


def test_closing_leaves_the_day_of_what_was_closed_before(world: World) -> None:
    subject = uuid.uuid4()
    made(world, subject=subject)
    early = clock.now() - DAY
    with clock.moved_to(early):
        assert close_links(subject, LinkPurpose.OFFER) == 1
    made(world, subject=subject)
    assert close_links(subject, LinkPurpose.OFFER) == 1
    assert min(Link.objects.values_list("closed_at", flat=True)) == early


def test_the_database_knows_an_open_link_and_forgets_a_closed_one(world: World) -> None:
    subject, case, company = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    token = made(world, subject=subject, case=case, company=company, body=LAB, classes=["summary"])
    holder = link_holder(link_of(token), body=LAB)
    assert facts(holder) == [case, "offer", subject, company, LAB, '["summary"]']
    close_links(subject, LinkPurpose.OFFER)
    assert facts(holder) == [None] * 6


def test_the_database_knows_nothing_of_a_link_that_is_over(world: World) -> None:
    token = made(world, case=uuid.uuid4(), body=LAB)
    holder = link_holder(link_of(token))
    Link.objects.update(expires_at=clock.now() - MINUTE)
    assert facts(holder) == [None] * 6


@pytest.mark.parametrize("kind", [ActorKind.STAFF, ActorKind.GUEST, ActorKind.COMPANY, ActorKind.SYSTEM])
def test_only_a_link_speaks_for_a_link(world: World, kind: ActorKind) -> None:
    link = link_of(made(world, case=uuid.uuid4(), body=LAB))
    assert facts(Actor(kind, person=world.desk.person, body=BANK, link=link)) == [None] * 6


def test_under_the_web_login_a_link_sees_the_links_of_its_own_case(committed_world: World, login: Any) -> None:
    world, case = committed_world, uuid.uuid4()
    status, offer = made(world, purpose=LinkPurpose.STATUS, case=case), made(world, case=case, body=LAB)
    made(world, case=uuid.uuid4())
    made(world, case=None)
    with login("web"):
        ids = {link_of(status), link_of(offer)}
        with acting(link_holder(link_of(status))):
            assert set(Link.objects.values_list("pk", flat=True)) == ids
    with login("web"), acting(link_holder(uuid.uuid4())):
        assert not Link.objects.exists()


def test_under_the_web_login_no_link_makes_one_for_another_case(committed_world: World, login: Any) -> None:
    world, case = committed_world, uuid.uuid4()
    token = made(world, purpose=LinkPurpose.STATUS, case=case)
    with login("web"):
        holder = link_holder(link_of(token))
        with acting(holder):
            make_link(by=holder, purpose=LinkPurpose.CONSENT, expires_at=clock.now() + DAY, case=case)
        with acting(holder), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            make_link(by=holder, purpose=LinkPurpose.STATUS, expires_at=clock.now() + DAY, case=uuid.uuid4())
    assert set(Link.objects.values_list("purpose", "made_by_body")) == {("status", DESK), ("consent", "")}


def test_under_the_web_login_a_link_cannot_prolong_another(committed_world: World, login: Any) -> None:
    world = committed_world
    mine, other = made(world, case=uuid.uuid4()), made(world, case=uuid.uuid4())
    before = dict(Link.objects.values_list("pk", "expires_at"))
    with login("web"):
        theirs = link_of(other)
        with acting(link_holder(link_of(mine))):
            assert Link.objects.filter(pk=theirs).update(expires_at=clock.now() + 999 * DAY) == 0
        with acting(world.bank):
            assert Link.objects.update(closed_at=clock.now()) == 0
    assert dict(Link.objects.values_list("pk", "expires_at")) == before
