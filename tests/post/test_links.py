"""Signed links: random, kept as a hash, resolved by one function, dead when closed or late."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, link_holder
from renkei.base.context import acting
from renkei.post.links import OpenLink, close_links, make_link, open_link, start_draft_link
from renkei.post.models import Link, LinkPurpose
from tests.world import DESK, LAB, World

DAY = dt.timedelta(days=1)


def _make(world: World, **more: Any) -> str:
    given: dict[str, Any] = {"purpose": LinkPurpose.OFFER, "expires_at": clock.now() + DAY, "subject": uuid.uuid4()} | more
    return make_link(by=world.desk, **given)


def test_token_is_long_random_and_kept_as_a_hash_only(world: World) -> None:
    first, second = _make(world), _make(world)
    assert first != second
    assert len(first) >= 43
    kept = set(Link.objects.values_list("token_hash", flat=True))
    assert kept == {hashlib.sha256(token.encode()).hexdigest() for token in (first, second)}


def test_open_link_says_all_it_was_made_for(world: World) -> None:
    subject, case, company = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    token = _make(world, subject=subject, case=case, company=company, body=LAB, classes=["summary", "technical"],
                  recipient_name="小出 渉", recipient_email="koide@people.example")
    link = Link.objects.get()
    assert open_link(token) == OpenLink(link.pk, "offer", subject, case, company, LAB, "小出 渉", ["summary", "technical"])
    assert link.made_by_body == DESK


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 5000, "../../etc", "' OR 1=1 --", "\u3042" * 40])
def test_unknown_token_opens_nothing(world: World, token: str) -> None:
    _make(world)
    assert open_link(token) is None


def test_late_link_opens_nothing(world: World) -> None:
    assert open_link(_make(world, expires_at=clock.now() - dt.timedelta(seconds=1))) is None


def test_closing_takes_all_links_of_one_purpose_about_one_thing(world: World) -> None:
    subject = uuid.uuid4()
    offers = [_make(world, subject=subject), _make(world, subject=subject)]
    consent = _make(world, subject=subject, purpose=LinkPurpose.CONSENT)
    other = _make(world)
    assert close_links(subject, LinkPurpose.OFFER) == 2
    assert close_links(subject, LinkPurpose.OFFER) == 0
    assert [open_link(token) is not None for token in (*offers, consent, other)] == [False, False, True, True]


def test_guest_begins_a_draft_that_knows_itself(world: World) -> None:
    token, link = start_draft_link(clock.now() + 30 * DAY)
    found = open_link(token)
    assert found is not None
    assert (found.id, found.purpose, found.subject, found.case, found.body) == (link, "draft", link, None, None)


def test_draft_link_cannot_live_for_ever(world: World) -> None:
    with pytest.raises(DatabaseError, match="31 days"), transaction.atomic():
        start_draft_link(clock.now() + 32 * DAY)


def test_purpose_outside_the_list_is_refused_by_the_table(world: World) -> None:
    with pytest.raises(DatabaseError, match="link_purpose"), transaction.atomic():
        Link.objects.create(purpose="master", token_hash="x", made_at=clock.now(), expires_at=clock.now())


@pytest.mark.storm
def test_real_web_login_sees_only_its_own_links(committed_world: World, login: Any) -> None:
    world = committed_world
    for_lab = _make(world, body=LAB)
    lab_only = make_link(by=world.lab, purpose=LinkPurpose.OFFER, expires_at=clock.now() + DAY, body=LAB)
    with login("web"):
        assert Link.objects.count() == 0
        opened = open_link(for_lab)
        assert opened is not None
        with acting(link_holder(opened.id)):
            assert list(Link.objects.values_list("pk", flat=True)) == [opened.id]
        with acting(GUEST):
            assert Link.objects.count() == 0
        with acting(world.desk):
            assert list(Link.objects.values_list("pk", flat=True)) == [opened.id]
        with acting(world.lab):
            assert Link.objects.count() == 2
        with acting(world.bank):
            assert Link.objects.count() == 0
            assert open_link(lab_only) is not None  # whoever holds the token holds the link


@pytest.mark.storm
def test_real_web_login_cannot_forge_or_delete_a_link(committed_world: World, login: Any) -> None:
    world = committed_world
    _make(world)
    with login("web"):
        with acting(world.bank), pytest.raises(DatabaseError, match="row-level security") as told, transaction.atomic():
            Link.objects.create(purpose="offer", token_hash="forged", made_by_body=DESK, made_at=clock.now(),
                                expires_at=clock.now() + DAY)
        assert isinstance(told.value.__cause__, psycopg.errors.InsufficientPrivilege)
        with acting(GUEST), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Link.objects.create(purpose="draft", token_hash="guest", made_at=clock.now(), expires_at=clock.now() + DAY)
        with acting(world.desk), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute("DELETE FROM post_link")
        with acting(GUEST):
            token, link = start_draft_link(clock.now() + DAY)
        found = open_link(token)
        assert found is not None
        assert found.id == link
