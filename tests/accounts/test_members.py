"""Changing and ending memberships: by administrators only, never the last one, and what ends with it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.members import Place, change_member, end_membership, make_admin
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.rules import administers
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, staff
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.post.links import make_link, open_link
from renkei.post.models import Link, LinkPurpose
from tests.world import CENTER, DESK, LAB, World

DAY = dt.timedelta(days=1)


def join(body: str, name: str, *, is_admin: bool = False, since: dt.date = dt.date(2025, 4, 1), until: dt.date | None = None) -> Membership:
    person = Person.objects.create_user(f"p{uuid.uuid4().hex[:8]}@people.example", "hibari-secret-1", name=name, kana=name)
    return Membership.objects.create(person=person, body_id=body, role="staff", is_admin=is_admin, since=since, until=until)


def own(world: World, body: str) -> Membership:
    return Membership.objects.get(person=world.people[body], body_id=body)


def acts() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_only_an_administrator_of_that_body_administers(world: World) -> None:
    plain = join(LAB, "ひら")
    assert administers(world.lab, LAB)
    assert administers(SYSTEM, LAB)
    assert not administers(staff(plain.person_id, LAB), LAB)
    assert not administers(world.lab, DESK)
    assert not administers(staff(world.people[LAB].pk, DESK), DESK)
    assert not administers(GUEST, LAB)


def test_who_was_administrator_until_yesterday_is_none(world: World) -> None:
    left = join(LAB, "去年の管理者", is_admin=True, until=clock.today() - DAY)
    later = join(LAB, "来月の管理者", is_admin=True, since=clock.today() + 30 * DAY)
    assert not administers(staff(left.person_id, LAB), LAB)
    assert not administers(staff(later.person_id, LAB), LAB)


def test_a_member_changes_role_title_and_specialities(world: World) -> None:
    plain = join(LAB, "ひら")
    changed = change_member(plain, place=Place("coordinator", " 主任 ", ("金属", " ", "めっき")), by=world.lab)
    changed.refresh_from_db()
    assert (changed.role, changed.title, changed.specialities) == ("coordinator", "主任", ["金属", "めっき"])
    assert acts() == ["member.change"]


@pytest.mark.parametrize(
    ("place", "code", "field"),
    [
        (Place("king"), "role_unknown", "role"),
        (Place(""), "role_unknown", "role"),
        (Place("staff", "", tuple(f"得意{n}" for n in range(21))), "too_many", "specialities"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(world: World, place: Place, code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        change_member(join(LAB, "ひら"), place=place, by=world.lab)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert acts() == []


@pytest.mark.parametrize("who", ["plain", "other", "guest"])
def test_nobody_else_changes_members(world: World, who: str) -> None:
    plain = join(LAB, "ひら")
    by = {"plain": staff(plain.person_id, LAB), "other": world.desk, "guest": GUEST}[who]
    for act in (
        lambda: change_member(plain, place=Place("staff"), by=by),
        lambda: make_admin(plain, by=by),
        lambda: end_membership(plain, until=clock.today(), by=by),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_admin"
    assert acts() == []


def test_administrators_are_made_and_unmade_but_never_the_last(world: World) -> None:
    plain = join(LAB, "ひら")
    with pytest.raises(Refused) as refused:
        make_admin(own(world, LAB), is_admin=False, by=world.lab)
    assert refused.value.code == "last_admin"
    assert make_admin(plain, by=world.lab).is_admin
    assert make_admin(plain, by=world.lab).is_admin  # twice changes nothing
    assert not make_admin(own(world, LAB), is_admin=False, by=world.lab).is_admin
    assert acts() == ["member.admin", "member.no_admin"]
    assert not administers(world.lab, LAB)


def test_a_membership_ends_with_its_last_day(world: World) -> None:
    plain = join(LAB, "ひら")
    last = clock.today() + 5 * DAY
    ended = end_membership(plain, until=last, by=world.lab)
    ended.refresh_from_db()
    assert ended.until == last
    assert plain.person_id in set(Membership.objects.holding(last).values_list("person_id", flat=True))
    assert plain.person_id not in set(Membership.objects.holding(last + DAY).values_list("person_id", flat=True))
    assert acts() == ["member.end"]


def test_the_last_day_can_be_moved_until_it_has_come(world: World) -> None:
    plain = join(LAB, "ひら")
    end_membership(plain, until=clock.today() + 5 * DAY, by=world.lab)
    assert end_membership(plain, until=clock.today() - DAY, by=world.lab).until == clock.today() - DAY
    with pytest.raises(Refused) as refused:
        end_membership(plain, until=clock.today(), by=world.lab)
    assert refused.value.code == "ended"


def test_no_membership_ends_before_it_starts(world: World) -> None:
    with pytest.raises(Refused) as refused:
        end_membership(join(LAB, "ひら"), until=dt.date(2025, 3, 31), by=world.lab)
    assert (refused.value.code, refused.value.field) == ("before_start", "until")


@pytest.mark.parametrize("days", [-1, 0, 30, 400])
def test_the_last_administrator_stays_however_far_the_day(world: World, days: int) -> None:
    join(LAB, "ひら")
    with pytest.raises(Refused) as refused:
        end_membership(own(world, LAB), until=clock.today() + days * DAY, by=world.lab)
    assert refused.value.code == "last_admin"
    assert own(world, LAB).until is None


def test_an_administrator_who_comes_too_late_or_leaves_too_early_does_not_count(world: World) -> None:
    join(LAB, "ひら")
    join(LAB, "あとから", is_admin=True, since=clock.today() + 10 * DAY)
    with pytest.raises(Refused, match="管理者がいなくなります"):
        end_membership(own(world, LAB), until=clock.today() + 5 * DAY, by=world.lab)
    assert end_membership(own(world, LAB), until=clock.today() + 9 * DAY, by=world.lab).until == clock.today() + 9 * DAY


def test_the_front_desk_keeps_a_member_and_another_body_may_close(world: World) -> None:
    with pytest.raises(Refused) as refused:
        end_membership(own(world, DESK), until=clock.today(), by=world.desk)
    assert refused.value.code == "last_member"
    assert end_membership(own(world, CENTER), until=clock.today(), by=world.center).until == clock.today()


def test_an_administrator_may_leave_when_another_stays(world: World) -> None:
    join(DESK, "ふたりめ", is_admin=True)
    assert end_membership(own(world, DESK), until=clock.today() - DAY, by=world.desk).until == clock.today() - DAY
    assert not administers(world.desk, DESK)


def test_who_leaves_is_signed_out_and_finds_no_door(world: World) -> None:
    plain = join(LAB, "ひら")
    client = Client()
    client.post(reverse("account_login"), {"login": plain.person.email, "password": "hibari-secret-1"})
    assert client.get(reverse("desk-today", kwargs={"body": LAB})).status_code == 200
    waits = _invitation(plain.person.email)
    token = make_link(by=world.lab, purpose=LinkPurpose.OFFER, expires_at=clock.now() + DAY, body=LAB, subject=uuid.uuid4(),
                      recipient_email=plain.person.email)  # fmt: skip
    end_membership(plain, until=clock.today() - DAY, by=world.lab)
    assert client.get(reverse("my-bodies"))["Location"].startswith(reverse("account_login"))
    assert list(UserSession.objects.filter(user=plain.person)) == []
    waits.refresh_from_db()
    assert waits.withdrawn_at is not None
    assert open_link(token) is None
    again = Client()
    again.post(reverse("account_login"), {"login": plain.person.email, "password": "hibari-secret-1"})
    assert again.get(reverse("desk-today", kwargs={"body": LAB})).status_code == 404


def test_links_of_who_leaves_later_end_with_that_day(world: World) -> None:
    plain, other = join(LAB, "ひら"), join(LAB, "ほか")
    last = clock.today() + 3 * DAY

    def link(who: Membership, days: int, body: str = LAB) -> str:
        return make_link(by=world.lab, purpose=LinkPurpose.OFFER, expires_at=clock.now() + days * DAY, body=body,
                         subject=uuid.uuid4(), recipient_email=who.person.email.upper())  # fmt: skip

    long, short, elsewhere, anothers = link(plain, 30), link(plain, 1), link(plain, 30, DESK), link(other, 30)
    end_membership(plain, until=last, by=world.lab)
    assert all(open_link(one) for one in (long, short, elsewhere, anothers))
    ends = dict(Link.objects.values_list("recipient_email", "expires_at").filter(body=LAB, recipient_email=plain.person.email.upper())
                .order_by("expires_at"))  # the later one stays
    assert set(ends.values()) == {clock.at(last + DAY, 0)}
    assert Link.objects.filter(closed_at__isnull=False).count() == 0


def test_links_close_at_once_under_the_real_login(committed_world: World, login: Any) -> None:
    plain = join(LAB, "ひら")
    token = make_link(by=committed_world.lab, purpose=LinkPurpose.OFFER, expires_at=clock.now() + DAY, body=LAB, subject=uuid.uuid4(),
                      recipient_email=plain.person.email)  # fmt: skip
    with login("web"), acting(committed_world.lab):
        end_membership(plain, until=clock.today(), by=committed_world.lab)
    assert open_link(token) is None


def test_a_future_last_day_signs_nobody_out(world: World) -> None:
    plain = join(LAB, "ひら")
    client = Client()
    client.post(reverse("account_login"), {"login": plain.person.email, "password": "hibari-secret-1"})
    end_membership(plain, until=clock.today() + DAY, by=world.lab)
    assert client.get(reverse("desk-today", kwargs={"body": LAB})).status_code == 200


def test_doors_of_others_stay_open(world: World) -> None:
    plain, other = join(LAB, "ひら"), _invitation("other@people.example")
    elsewhere = _invitation(plain.person.email, body=CENTER)
    end_membership(plain, until=clock.today(), by=world.lab)
    assert {one.pk for one in Invitation.objects.waiting()} == {other.pk, elsewhere.pk}


def _invitation(email: str, body: str = LAB) -> Invitation:
    return Invitation.objects.create(
        body_id=body, email=email, name="だれか", role="staff", since=clock.today(), token_hash=uuid.uuid4().hex,
        made_at=clock.now(), sent_at=clock.now(), expires_at=clock.now() + DAY,
    )  # fmt: skip


def _check_now() -> None:
    """Let the deferred triggers look, as a commit does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (lambda: Membership.objects.filter(body_id=LAB, is_admin=True).update(is_admin=False), "membership_body_keeps_admin"),
        (lambda: Membership.objects.filter(body_id=LAB, is_admin=True).update(until=clock.today() - DAY), "membership_body_keeps_admin"),
        (lambda: Membership.objects.filter(body_id=LAB, is_admin=True).update(until=clock.today() + 90 * DAY), "membership_body_keeps_admin"),
        (lambda: Membership.objects.filter(body_id=LAB, is_admin=True).update(body_id=CENTER), "membership_body_keeps_admin"),
        (lambda: Membership.objects.filter(body_id=LAB, is_admin=True).delete(), "membership_body_keeps_admin"),
        (lambda: Person.objects.filter(memberships__body_id=LAB, memberships__is_admin=True).update(is_active=False),
         "membership_body_keeps_admin"),
        (lambda: Membership.objects.filter(body_id=DESK).update(until=clock.today() - DAY), "membership_desk_keeps_member"),
        (lambda: Membership.objects.filter(body_id=DESK).update(until=clock.today()), "membership_desk_keeps_member"),
        (lambda: Person.objects.filter(memberships__body_id=DESK).update(is_active=False), "membership_desk_keeps_member"),
    ],
)  # fmt: skip
def test_the_database_itself_keeps_somebody(world: World, change: Any, constraint: str) -> None:
    join(LAB, "ひら")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        change()
        _check_now()
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_one_transaction_may_swap_administrators(world: World) -> None:
    plain = join(LAB, "ひら")
    with transaction.atomic():
        Membership.objects.filter(person=world.people[LAB]).update(is_admin=False)
        Membership.objects.filter(pk=plain.pk).update(is_admin=True)
        _check_now()
    with transaction.atomic():
        Membership.objects.filter(person=world.people[DESK], body_id=DESK).update(until=clock.today())
        join(DESK, "あとの人", is_admin=True, since=clock.today())
        _check_now()
    assert {one.person.name for one in Membership.objects.current().filter(is_admin=True, body_id=LAB)} == {"ひら"}


def test_a_body_that_closes_may_lose_everybody(world: World) -> None:
    Membership.objects.filter(body_id=CENTER).update(until=clock.today() - DAY)
    _check_now()
    assert list(Membership.objects.holding().filter(body_id=CENTER)) == []
