"""Accounts of firms: invited, accepted, changed, ended; never the last administrator without saying so."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.accounts.models import Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, Actor, company_person, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.companies.actions import (
    Profile,
    accept_invitation,
    change_own_profile,
    change_role,
    end_access,
    invite,
    profile_mark,
    register_company,
    withdraw_invitation,
)
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.world import World


@pytest.fixture
def firm(world: World) -> Company:
    return register_company(Profile(name="株式会社きつねび", phone="000-000-1111"), by=world.lab)


def person(name: str, email: str) -> Person:
    return Person.objects.create_user(email, "hibari-secret-1", name=name)


def access(company: Company, name: str = "齋藤 亘", email: str = "wataru@kitsunebi.example", role: str = "admin") -> CompanyAccess:
    return CompanyAccess.objects.create(company=company, person=person(name, email), role=role, since=clock.now())


def acts(one: CompanyAccess) -> Actor:
    return company_person(one.person_id, one.person.name)


def token_in(mail: Mail) -> str:
    return mail.text.split("/join/")[1].split("/")[0]


def newcomer() -> Actor:
    link = open_link(token_in(Mail.objects.filter(purpose="join").latest("made_at")))
    assert link is not None
    return link_holder(link.id)


def refuses(code: str, act: Any, field: str = "") -> None:
    before = Event.objects.count()
    with pytest.raises(Refused) as refusal, transaction.atomic():
        act()
    assert (refusal.value.code, refusal.value.field or "") == (code, field)
    assert Event.objects.count() == before


class TestInviting:
    def test_a_body_that_knows_the_firm_invites_by_mail(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email=" Wataru@Kitsunebi.example ", name="齋藤  亘", role="admin")
        assert (made.email, made.name, made.role, made.invited_by_body) == ("wataru@kitsunebi.example", "齋藤 亘", "admin", world.lab.body)
        mail = Mail.objects.get(purpose="join")
        assert (mail.to, "株式会社きつねび" in mail.text) == ("wataru@kitsunebi.example", False)
        assert open_link(token_in(mail)).subject == made.pk  # type: ignore[union-attr]
        assert Event.objects.filter(verb="company.invite").get().objects_touched[0] == f"companies.company:{firm.pk}"

    def test_an_administrator_invites_and_a_colleague_does_not(self, world: World, firm: Company) -> None:
        head, hand = access(firm), access(firm, "芽衣", "mei@kitsunebi.example", "member")
        assert invite(firm, by=acts(head), email="new@kitsunebi.example").role == "member"
        refuses("not_allowed", lambda: invite(firm, by=acts(hand), email="other@kitsunebi.example"))

    def test_strangers_do_not_invite(self, world: World, firm: Company) -> None:
        other = access(register_company(Profile(name="別の会社"), by=world.desk), "別", "x@betsu.example")
        for actor in (world.bank, acts(other), GUEST):
            refuses("not_allowed", lambda actor=actor: invite(firm, by=actor, email="a@b.example"))

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [({"email": "ちがう"}, "email_wrong", "email"), ({"role": "king"}, "unknown_role", "role"),
         ({"name": "あ" * 101}, "too_long", "name"), ({"email": "WATARU@kitsunebi.example"}, "has_account", "email")],
    )  # fmt: skip
    def test_what_is_wrong_stands_at_its_field(self, world: World, firm: Company, more: dict[str, str], code: str, field: str) -> None:
        access(firm)
        refuses(code, lambda: invite(firm, by=world.lab, **({"email": "new@kitsunebi.example"} | more)), field)
        assert not CompanyInvitation.objects.exists()

    def test_inviting_twice_voids_the_first_link(self, world: World, firm: Company) -> None:
        first = invite(firm, by=world.lab, email="a@kitsunebi.example")
        old = token_in(Mail.objects.get())
        second = invite(firm, by=world.lab, email="A@kitsunebi.example")
        assert open_link(old) is None
        assert list(CompanyInvitation.objects.waiting()) == [second] != [first]

    def test_withdrawn_opens_nothing(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email="a@kitsunebi.example")
        actor = newcomer()
        withdraw_invitation(made, by=world.lab)
        withdraw_invitation(made, by=world.lab)
        assert Event.objects.filter(verb="company.withdraw_invitation").count() == 1
        refuses("not_open", lambda: accept_invitation(made, by=actor, person=person("a", "a@kitsunebi.example")))
        refuses("not_allowed", lambda: withdraw_invitation(made, by=world.bank))


class TestAccepting:
    def test_the_invited_address_opens_the_account_once(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email="a@kitsunebi.example", role="admin")
        actor, who = newcomer(), person("芽衣", "a@kitsunebi.example")
        got = accept_invitation(made, by=actor, person=who)
        assert (got.company, got.person, got.role, got.ended_at) == (firm, who, "admin", None)
        assert Event.objects.filter(verb="company.join", link=actor.link).count() == 1
        link = Link.objects.get(subject=made.pk)
        assert link.expires_at <= clock.now() + dt.timedelta(minutes=10)  # tells a second press where to go, and lets nobody in
        refuses("not_open", lambda: accept_invitation(made, by=actor, person=who))
        refuses("accepted", lambda: withdraw_invitation(CompanyInvitation.objects.get(), by=world.lab))
        assert CompanyAccess.objects.count() == 1

    def test_somebody_else_does_not_take_it(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email="a@kitsunebi.example")
        actor = newcomer()
        refuses("other_address", lambda: accept_invitation(made, by=actor, person=person("b", "b@kitsunebi.example")))
        refuses("not_allowed", lambda: accept_invitation(made, by=world.lab, person=person("a", "a@kitsunebi.example")))

    def test_too_old_is_refused(self, world: World, firm: Company) -> None:
        made, actor = invite(firm, by=world.lab, email="a@kitsunebi.example"), newcomer()
        CompanyInvitation.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
        refuses("not_open", lambda: accept_invitation(made, by=actor, person=person("a", "a@kitsunebi.example")))


class TestEnding:
    def test_ended_is_ended_at_once_and_the_name_stays(self, world: World, firm: Company) -> None:
        head, hand = access(firm), access(firm, "芽衣", "mei@kitsunebi.example", "member")
        end_access(hand, by=acts(head))
        end_access(hand, by=acts(head))
        assert list(CompanyAccess.objects.current()) == [head]
        assert CompanyAccess.objects.get(pk=hand.pk).person.name == "芽衣"
        assert Event.objects.filter(verb="company.end_access").count() == 1
        assert not Company.objects.visible_to(acts(hand)).exists()

    def test_a_colleague_ends_only_their_own(self, world: World, firm: Company) -> None:
        head, hand = access(firm), access(firm, "芽衣", "mei@kitsunebi.example", "member")
        refuses("not_allowed", lambda: end_access(head, by=acts(hand)))
        refuses("not_allowed", lambda: end_access(hand, by=world.bank))
        end_access(hand, by=acts(hand))
        assert list(CompanyAccess.objects.current()) == [head]

    def test_colleagues_are_never_left_without_an_administrator(self, world: World, firm: Company) -> None:
        head, hand = access(firm), access(firm, "芽衣", "mei@kitsunebi.example", "member")
        for act in (
            lambda: end_access(head, by=acts(head)), lambda: end_access(head, by=acts(head), knowing=True),
            lambda: end_access(head, by=world.lab), lambda: change_role(head, "member", by=acts(head)),
        ):  # fmt: skip
            refuses("last_administrator", act)
        change_role(hand, "admin", by=acts(head))
        end_access(head, by=acts(head))
        assert [(one.person.name, one.role) for one in CompanyAccess.objects.current()] == [("芽衣", "admin")]

    def test_the_last_account_goes_only_by_saying_so(self, world: World, firm: Company) -> None:
        head = access(firm)
        refuses("last_administrator", lambda: end_access(head, by=acts(head)), "knowing")
        end_access(head, by=acts(head), knowing=True)
        assert not CompanyAccess.objects.current().exists()

    def test_roles(self, world: World, firm: Company) -> None:
        head, hand = access(firm), access(firm, "芽衣", "mei@kitsunebi.example", "member")
        refuses("unknown_role", lambda: change_role(hand, "king", by=acts(head)), "role")
        refuses("not_allowed", lambda: change_role(hand, "admin", by=acts(hand)))
        change_role(hand, "admin", by=world.lab)
        change_role(hand, "admin", by=world.lab)
        assert Event.objects.filter(verb="company.role").count() == 1


class TestOwnProfile:
    def test_the_firm_changes_its_record_and_bodies_see_when(self, world: World, firm: Company) -> None:
        head = access(firm)
        changed = change_own_profile(firm, {"employees": 21, "name": "株式会社のっとり"}, by=acts(head))
        assert (changed.employees, changed.name, changed.changed_by_company_at is not None) == (21, "株式会社きつねび", True)
        assert Event.objects.filter(verb="company.change_own").count() == 1
        change_own_profile(firm, {"employees": 21}, by=acts(head))
        assert Event.objects.filter(verb="company.change_own").count() == 1

    def test_refused(self, world: World, firm: Company) -> None:
        head = access(firm)
        refuses("not_allowed", lambda: change_own_profile(firm, {"employees": 1}, by=world.lab))
        refuses("phone_wrong", lambda: change_own_profile(firm, {"phone": "でんわ"}, by=acts(head)), "phone")
        mark = profile_mark(firm)
        change_own_profile(firm, {"employees": 1}, by=acts(head))
        refuses("changed_meanwhile", lambda: change_own_profile(firm, {"employees": 2}, by=acts(head), seen=mark))
        other = access(register_company(Profile(name="別の会社"), by=world.desk), "別", "x@betsu.example")
        refuses("not_visible", lambda: change_own_profile(firm, {"employees": 3}, by=acts(other)))


def test_under_the_web_login(committed_world: World, login: Any) -> None:
    world = committed_world
    firm = register_company(Profile(name="株式会社きつねび"), by=world.lab)
    other = register_company(Profile(name="別の会社"), by=world.bank)
    head, who = access(firm), person("芽衣", "mei@kitsunebi.example")
    with login("web"):
        with acting(acts(head)):
            made = invite(firm, by=acts(head), email="mei@kitsunebi.example")
            change_own_profile(firm, {"employees": 5}, by=acts(head))
            assert list(Company.objects.all()) == [firm]
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                CompanyAccess.objects.create(company=other, person=head.person, role="admin", since=clock.now())
    token = token_in(Mail.objects.filter(purpose="join").latest("made_at"))
    with login("web"):
        with acting(GUEST):
            link = open_link(token)
        assert link is not None
        with acting(link_holder(link.id)):
            got = accept_invitation(made, by=link_holder(link.id), person=who)
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                CompanyAccess.objects.create(company=other, person=who, role="admin", since=clock.now())
        with acting(acts(got)):
            refuses_only("not_allowed", lambda: invite(firm, by=acts(got), email="c@kitsunebi.example"))
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                CompanyInvitation.objects.create(company=firm, email="c@d.example", role="admin", invited_at=clock.now(),
                                                 expires_at=clock.now())
            assert CompanyAccess.objects.filter(pk=head.pk).update(role="member") == 0
        with acting(acts(head)):
            end_access(got, by=acts(head))
        with acting(acts(got)):
            assert not Company.objects.exists()


def refuses_only(code: str, act: Any) -> None:
    with pytest.raises(Refused) as refusal:
        act()
    assert refusal.value.code == code

