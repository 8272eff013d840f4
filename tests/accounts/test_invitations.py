"""Inviting: who may, what is refused, what the mail says, and how long the link opens."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.accounts.actions.invitations import (
    Arriving,
    Asked,
    accept_invitation,
    digest,
    find_invitation,
    invite,
    resend,
    withdraw,
)
from renkei.accounts.actions.members import Place
from renkei.accounts.models import Invitation, Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, Actor, staff
from renkei.base.refusal import Refused
from renkei.plan.models import Body
from renkei.post.models import Mail, MailState
from tests.world import BANK, DESK, LAB, World

DAY = dt.timedelta(days=1)
NEW = "new@lab.example"


def asked(email: str = NEW, **more: Any) -> Asked:
    return Asked(**{"email": email, "name": "新田 光", "place": Place("staff", "研究員"), "since": clock.today()} | more)


def lab() -> Body:
    return Body.objects.get(pk=LAB)


def token(invitation: Invitation) -> str:
    mail = Mail.objects.filter(about=invitation.pk).order_by("-made_at").first()
    found = re.search(r"/accounts/invitation/([\w-]+)/", mail.text if mail else "")
    assert found is not None
    return found[1]


def acts() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_an_administrator_invites_by_mail(world: World) -> None:
    made = invite(lab(), asked=asked(" New@Lab.example ", is_admin=True), by=world.lab)
    assert (made.email, made.name, made.role, made.title, made.is_admin, made.since) == (
        NEW, "新田 光", "staff", "研究員", True, clock.today()
    )  # fmt: skip
    assert made.expires_at - made.made_at == 14 * DAY
    mail = Mail.objects.get(about=made.pk)
    assert (mail.to, mail.purpose, mail.made_by_body, mail.state) == (NEW, "invitation", LAB, MailState.WAITING)
    assert mail.subject == "ひばり県工業試験所から、連携の招待"
    assert mail.text.startswith("新田 光 様\n\nひばり県工業試験所の小出 渉が、")
    assert made.token_hash == digest(token(made))
    assert token(made) not in made.token_hash
    assert acts() == ["invitation.make"]


def test_only_an_administrator_invites_and_only_into_the_own_body(world: World) -> None:
    plain = Person.objects.create_user("plain@lab.example", "x", name="ひら")
    Membership.objects.create(person=plain, body_id=LAB, role="staff", since=clock.today())
    for by in (staff(plain.pk, LAB), world.desk, world.bank, GUEST, Actor(GUEST.kind, person=world.people[LAB].pk)):
        with pytest.raises(Refused) as refused:
            invite(lab(), asked=asked(), by=by)
        assert refused.value.code == "not_admin"
    assert list(Invitation.objects.all()) == []


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"name": " 　"}, "name_empty", "name"),
        ({"place": Place("king")}, "role_unknown", "role"),
        ({"email": f"{LAB}@people.example"}, "already_member", "email"),
        ({"email": f"{LAB}@PEOPLE.example"}, "already_member", "email"),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(world: World, more: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        invite(lab(), asked=asked(**more), by=world.lab)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert (list(Invitation.objects.all()), list(Mail.objects.all()), acts()) == ([], [], [])


def test_a_second_invitation_to_the_same_address_waits_for_the_first(world: World) -> None:
    first = invite(lab(), asked=asked(), by=world.lab)
    with pytest.raises(Refused) as refused:
        invite(lab(), asked=asked("NEW@lab.example"), by=world.lab)
    assert refused.value.code == "already_invited"
    withdraw(first, by=world.lab)
    assert invite(lab(), asked=asked(), by=world.lab).pk != first.pk
    assert invite(Body.objects.get(pk=BANK), asked=asked(), by=world.bank).body_id == BANK


def test_the_database_keeps_one_open_invitation_an_address(world: World) -> None:
    first = invite(lab(), asked=asked(), by=world.lab)
    first.pk, first.token_hash = None, "x"
    first._state.adding = True
    with pytest.raises(IntegrityError, match="invitation_one_open_per_address"), transaction.atomic():
        first.save(force_insert=True)


def test_the_database_knows_no_acceptance_without_a_person(world: World) -> None:
    first = invite(lab(), asked=asked(), by=world.lab)
    with pytest.raises(IntegrityError, match="invitation_accepted_by_somebody"), transaction.atomic():
        Invitation.objects.filter(pk=first.pk).update(accepted_at=clock.now())


def test_a_closed_body_invites_nobody(world: World) -> None:
    Body.objects.filter(pk=LAB).update(closed_on=clock.today())
    with pytest.raises(Refused) as refused:
        invite(lab(), asked=asked(), by=world.lab)
    assert refused.value.code == "body_closed"


def test_a_link_sent_again_replaces_the_first(world: World) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    old = token(made)
    Invitation.objects.filter(pk=made.pk).update(expires_at=clock.now() - DAY)
    again = resend(made, by=world.lab)
    assert again.expires_at > clock.now() + 13 * DAY
    assert [mail.state for mail in Mail.objects.filter(about=made.pk).order_by("made_at")] == [MailState.CANCELLED, MailState.WAITING]
    assert find_invitation(old) is None
    assert acts() == ["invitation.make", "invitation.resend"]


def test_a_withdrawn_invitation_does_not_open_and_its_mail_does_not_leave(world: World) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    withdraw(made, by=world.lab)
    assert find_invitation(token(made)) is None
    assert Mail.objects.get(about=made.pk).state == MailState.CANCELLED
    for act in (withdraw, resend):
        with pytest.raises(Refused) as refused:
            act(made, by=world.lab)
        assert refused.value.code == "not_waiting"
    assert acts() == ["invitation.make", "invitation.withdraw"]


@pytest.mark.parametrize("act", [withdraw, resend])
def test_other_bodies_neither_resend_nor_withdraw(world: World, act: Any) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    with pytest.raises(Refused) as refused:
        act(made, by=world.desk)
    assert refused.value.code == "not_admin"


def _holder(made: Invitation) -> Actor:
    holder = find_invitation(token(made))
    assert holder is not None
    return holder


def test_a_new_person_arrives(world: World) -> None:
    made = invite(lab(), asked=asked(is_admin=True), by=world.lab)
    member = accept_invitation(made, arriving=Arriving(name=" 新田 ひかる", kana="ニッタ ヒカル"), by=_holder(made))
    person = Person.objects.get(email=NEW)
    assert (person.name, person.kana, person.has_usable_password()) == ("新田 ひかる", "ニッタ ヒカル", False)
    assert (member.person, member.body_id, member.role, member.title, member.is_admin, member.since, member.until) == (
        person, LAB, "staff", "研究員", True, clock.today(), None
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.accepted_by, made.accepted_at is not None) == (person, True)
    assert acts() == ["invitation.make", "invitation.accept"]


def test_an_invitation_is_accepted_once(world: World) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    holder = _holder(made)
    accept_invitation(made, arriving=Arriving(name="新田"), by=holder)
    with pytest.raises(Refused) as refused:
        accept_invitation(made, arriving=Arriving(name="新田"), by=holder)
    assert refused.value.code == "not_waiting"
    assert find_invitation(token(made)) is None
    assert Person.objects.filter(email=NEW).count() == 1


def test_a_known_person_joins_a_second_body_only_as_that_person(world: World) -> None:
    desk = world.people[DESK]
    made = invite(lab(), asked=asked(desk.email), by=world.lab)
    for arriving, code in ((Arriving(name="だれか"), "known"), (Arriving(person=world.people[BANK]), "other_address")):
        with pytest.raises(Refused) as refused:
            accept_invitation(made, arriving=arriving, by=_holder(made))
        assert refused.value.code == code
    member = accept_invitation(made, arriving=Arriving(person=desk), by=_holder(made))
    assert (member.person, member.body_id) == (desk, LAB)
    assert {one.body_id for one in Membership.objects.holding().filter(person=desk)} == {DESK, LAB}


def test_an_invitation_is_accepted_through_its_own_link_only(world: World) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    other = invite(lab(), asked=asked("other@lab.example"), by=world.lab)
    for by in (GUEST, world.lab, _holder(other)):
        with pytest.raises(Refused) as refused:
            accept_invitation(made, arriving=Arriving(name="新田"), by=by)
        assert refused.value.code == "not_invited"


def test_too_late_a_nameless_or_a_member_already(world: World) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    holder = _holder(made)
    with pytest.raises(Refused) as refused:
        accept_invitation(made, arriving=Arriving(name="  "), by=holder)
    assert (refused.value.code, refused.value.field) == ("name_empty", "name")
    Invitation.objects.filter(pk=made.pk).update(expires_at=clock.now() - DAY)
    with pytest.raises(Refused) as refused:
        accept_invitation(made, arriving=Arriving(name="新田"), by=holder)
    assert refused.value.code == "expired"
    assert find_invitation(token(made)) is None
    person = Person.objects.create_user("late@lab.example", "x", name="先に来た人")
    late = invite(lab(), asked=asked(person.email), by=world.lab)
    Membership.objects.create(person=person, body_id=LAB, role="staff", since=clock.today())
    with pytest.raises(Refused) as refused:
        accept_invitation(late, arriving=Arriving(person=person), by=_holder(late))
    assert refused.value.code == "already_member"


@pytest.mark.parametrize("made_up", ["", "x", "x" * 43, "x" * 500, "' OR 1=1", "\u3042"])
def test_a_made_up_token_opens_nothing(world: World, made_up: str) -> None:
    invite(lab(), asked=asked(), by=world.lab)
    assert find_invitation(made_up) is None


# The page of the invited person.


def _page(made: Invitation) -> str:
    return reverse("invitation", kwargs={"secret": token(made)})


def test_a_new_person_confirms_the_name_and_goes_on_to_a_passkey(world: World, client: Client) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    shown = client.get(_page(made))
    assert 'value="新田 光"' in shown.content.decode()
    answer = client.post(_page(made), {"name": "新田 光", "kana": "ニッタ"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_add_webauthn"))
    assert client.get(reverse("mfa_add_webauthn")).status_code == 200  # the link was proof enough: no second question
    assert client.get(_page(made)).status_code == 404
    assert client.get(reverse("desk-today", kwargs={"body": LAB})).status_code == 200


def test_staff_pages_stay_shut_until_the_second_factor_is_set(world: World, client: Client, settings: Any) -> None:
    settings.RENKEI_EXAMPLE = False
    made = invite(lab(), asked=asked(), by=world.lab)
    client.post(_page(made), {"name": "新田 光"})
    assert client.get(reverse("desk-today", kwargs={"body": LAB}))["Location"] == reverse("mfa_index")


def test_a_password_may_be_set_on_the_way(world: World, client: Client) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    sent = {"name": "新田 光", "password1": "long-enough-word-7", "password2": "long-enough-word-7"}
    assert client.post(_page(made), sent)["Location"] == reverse("mfa_index")
    assert Person.objects.get(email=NEW).check_password("long-enough-word-7")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "新田 光", "password1": "short", "password2": "short"}, "password1"),
        ({"name": "新田 光", "password1": "20261126202611", "password2": "20261126202611"}, "password1"),
        ({"name": "新田 光", "password1": "new@lab.example", "password2": "new@lab.example"}, "password1"),
        ({"name": "新田 光", "password1": "long-enough-word-7", "password2": "long-enough-word-8"}, "password2"),
        ({"name": "新" * 101}, "name"),
    ],
)
def test_bad_input_is_kept_and_said(world: World, client: Client, sent: dict[str, str], field: str) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    answer = client.post(_page(made), {"kana": "ニッタ"} | sent)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    assert 'value="ニッタ"' in answer.content.decode()
    assert not Person.objects.filter(email=NEW).exists()
    assert client.post(_page(made), {"name": "新田 光"}).status_code == 302


def test_a_known_person_is_led_through_the_sign_in_and_joins(world: World, client: Client) -> None:
    bank = world.people[BANK]
    made = invite(lab(), asked=asked(bank.email), by=world.lab)
    page = client.get(_page(made)).content.decode()
    assert f"{reverse('account_login')}?next={_page(made)}" in page
    client.force_login(bank)
    assert "この機関に加わる" in client.get(_page(made)).content.decode()
    assert client.post(_page(made)).status_code == 302
    assert client.get(reverse("desk-today", kwargs={"body": LAB})).status_code == 200


def test_a_link_for_another_address_says_so_and_changes_nothing(world: World, client: Client) -> None:
    made = invite(lab(), asked=asked(), by=world.lab)
    client.force_login(world.people[BANK])
    for answer in (client.get(_page(made)), client.post(_page(made))):
        assert "この招待は、ほかのアドレスあてです" in answer.content.decode()
    assert not Membership.objects.filter(person=world.people[BANK], body_id=LAB).exists()


def test_a_dead_link_says_what_to_do(world: World, client: Client) -> None:
    answer = client.get(reverse("invitation", kwargs={"secret": "x" * 43}))
    assert answer.status_code == 404
    assert "もう一度送ってもらってください" in answer.content.decode()
