"""Accounts of firms on a bad day: what changed between two pages, and what each act leaves behind in links, mails and the record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.companies.actions import (
    Profile,
    accept_invitation,
    change_role,
    end_access,
    invite,
    join_anew,
    register_company,
    resend_invitation,
    withdraw_invitation,
)
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation, Sight
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.companies.test_access import access, acts, newcomer, person, refuses, token_in
from tests.world import CENTER, World

MAIL = "a@kitsunebi.example"


@pytest.fixture
def firm(world: World) -> Company:
    return register_company(Profile(name="株式会社きつねび", phone="000-000-1111"), by=world.lab)


def again(one: Any) -> Any:
    return type(one).objects.get(pk=one.pk)


def verbs() -> list[str]:
    """What was recorded, in its order."""
    return list(Event.objects.filter(verb__startswith="company.").exclude(verb="company.register").order_by("at", "id").values_list("verb", flat=True))


def letters() -> list[tuple[str, str, str]]:
    return sorted(Mail.objects.filter(purpose__in=["join", "accounts"]).values_list("to", "purpose", "state"))


class TestTheLetter:
    def test_it_says_who_what_and_how_long(self, world: World, firm: Company) -> None:
        invite(firm, by=world.lab, email=f" {MAIL.upper()} ", name=" 髙梨\u3000 芽衣\u200b ", role="admin")
        (mail,) = Mail.objects.filter(purpose="join")
        assert (mail.to, mail.subject) == (MAIL, "会社のアカウントへのご招待")
        paragraphs = mail.text.split("\n")
        assert paragraphs[0] == "髙梨 芽衣 様"
        assert paragraphs[2] == "会社のアカウントへのご招待です。"
        made = CompanyInvitation.objects.get()
        assert f"{(made.expires_at - made.invited_at).days}日のあいだ使えます。このアドレスは、ほかの人に見せないでください。" in paragraphs
        assert "心当たりのないときは、このメールを消してください。" in paragraphs
        assert (made.email, made.name, made.role, made.invited_by_body) == (MAIL, "髙梨 芽衣", "admin", world.lab.body)

    def test_without_a_name_nobody_is_called(self, world: World, firm: Company) -> None:
        invite(firm, by=world.lab, email=MAIL)
        assert Mail.objects.get(purpose="join").text.startswith("会社のアカウントへのご招待です。")

    def test_administrators_are_told_when_a_body_asks_and_not_when_they_do(self, world: World, firm: Company) -> None:
        boss = access(firm)
        access(firm, "白石 葉子", "yoko@kitsunebi.example", role="member")
        ended = access(firm, "灰田 守", "mamoru@kitsunebi.example")
        CompanyAccess.objects.filter(pk=ended.pk).update(ended_at=clock.now())
        invite(firm, by=world.lab, email=MAIL)
        (told,) = Mail.objects.filter(purpose="accounts")
        assert told.to == boss.person.email
        assert told.subject == "会社のアカウントに招いた方がいます"
        assert told.text.split("\n")[0] == f"ひばり県工業試験所が、会社のアカウントに {MAIL} を招きました。"
        assert f"/firm/{firm.pk}/people/" in told.text
        invite(firm, by=acts(boss), email="b@kitsunebi.example")
        assert Mail.objects.filter(purpose="accounts").count() == 1

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"email": ""}, "email_wrong", "email"), ({"email": "a@"}, "email_wrong", "email"), ({"email": "a b@kitsunebi.example"}, "email_wrong", "email"),
            ({"email": f"{MAIL},b@kitsunebi.example"}, "email_wrong", "email"), ({"email": "ａ＠kitsunebi．example"}, "email_wrong", "email"),
            ({"email": f"{MAIL}\nBcc: b@kitsunebi.example"}, "email_wrong", "email"), ({"name": "長" * 101}, "too_long", "name"),
            ({"role": ""}, "unknown_role", "role"), ({"role": "ADMIN"}, "unknown_role", "role"), ({"role": "owner"}, "unknown_role", "role"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_sends_nothing(self, world: World, firm: Company, given: dict[str, str], code: str, field: str) -> None:
        refuses(code, lambda: invite(firm, **{"by": world.lab, "email": MAIL, **given}), field)
        assert (letters(), CompanyInvitation.objects.count(), Link.objects.filter(purpose="join").count()) == ([], 0, 0)

    def test_a_name_of_a_hundred_signs_fits(self, world: World, firm: Company) -> None:
        assert invite(firm, by=world.lab, email=MAIL, name="長" * 100).name == "長" * 100


class TestSentAnew:
    def test_the_old_link_dies_and_the_time_begins_anew(self, world: World, firm: Company) -> None:
        first = invite(firm, by=world.lab, email=MAIL, name="芽衣", role="admin")
        old = token_in(Mail.objects.get(purpose="join"))
        with clock.moved_to(clock.now() + dt.timedelta(days=400)):
            second = resend_invitation(first, by=world.lab)
            assert open_link(old) is None
            assert open_link(token_in(Mail.objects.filter(purpose="join").latest("made_at"))) is not None
            assert second.expires_at - second.invited_at == first.expires_at - first.invited_at
            assert second.invited_at > first.expires_at
        assert (second.email, second.name, second.role) == (first.email, first.name, first.role)
        assert again(first).withdrawn_at is not None
        assert letters() == [(MAIL, "join", "cancelled"), (MAIL, "join", "waiting")]
        assert verbs() == ["company.invite", "company.withdraw_invitation", "company.invite"]

    def test_twice_pressed_on_one_page(self, world: World, firm: Company) -> None:
        first = invite(firm, by=world.lab, email=MAIL)
        resend_invitation(first, by=world.lab)
        refuses("not_open", lambda: resend_invitation(first, by=world.lab))
        assert CompanyInvitation.objects.open().count() == 1

    def test_not_after_it_was_accepted_or_taken_back(self, world: World, firm: Company) -> None:
        taken = invite(firm, by=world.lab, email=MAIL)
        accept_invitation(taken, by=newcomer(), person=person("芽衣", MAIL))
        back = withdraw_invitation(invite(firm, by=world.lab, email="b@kitsunebi.example"), by=world.lab)
        for one in (taken, back):
            refuses("not_open", lambda one=one: resend_invitation(one, by=world.lab))
        refuses("not_allowed", lambda: resend_invitation(back, by=world.bank))
        refuses("not_allowed", lambda: resend_invitation(back, by=GUEST))

    def test_not_to_somebody_who_has_come_in_another_way_meanwhile(self, world: World, firm: Company) -> None:
        waiting = invite(firm, by=world.lab, email=MAIL)
        access(firm, "芽衣", MAIL, role="member")
        refuses("has_account", lambda: resend_invitation(waiting, by=world.lab), "email")
        assert again(waiting).withdrawn_at is None

    def test_a_body_does_not_let_in_who_has_come_to_a_body_meanwhile(self, world: World, firm: Company) -> None:
        """An account reads what the firm keeps from bodies: the address was the firm's when it was asked, and is a body's now [P2]."""
        waiting, boss = invite(firm, by=world.lab, email=MAIL), access(firm)
        Membership.objects.create(person=person("芽衣", MAIL.upper()), body_id=CENTER, role="staff", since=clock.today())
        refuses("staff_address", lambda: resend_invitation(waiting, by=world.lab), "email")
        assert resend_invitation(waiting, by=acts(boss)).email == MAIL  # the firm itself may trust whom it likes

    def test_not_for_a_firm_that_is_no_more(self, world: World, firm: Company) -> None:
        waiting = invite(firm, by=world.lab, email=MAIL)
        Company.objects.filter(pk=firm.pk).update(withdrawn_at=clock.now())
        refuses("not_standing", lambda: resend_invitation(waiting, by=world.lab))
        refuses("not_standing", lambda: invite(firm, by=world.lab, email="b@kitsunebi.example"))
        assert letters() == [(MAIL, "join", "waiting")]

    def test_a_body_that_knows_the_firm_no_more_asks_nobody(self, world: World, firm: Company) -> None:
        Sight.objects.create(company=firm, body_id=CENTER, since=clock.today())
        waiting = invite(firm, by=world.center, email=MAIL)
        Sight.objects.filter(body_id=CENTER).update(ended_on=clock.today())
        for act in (lambda: resend_invitation(waiting, by=world.center), lambda: withdraw_invitation(waiting, by=world.center),
                    lambda: invite(firm, by=world.center, email="b@kitsunebi.example")):  # fmt: skip
            refuses("not_allowed", act)
        assert withdraw_invitation(waiting, by=world.lab).withdrawn_at is not None


class TestJoining:
    def test_a_second_press_makes_no_second_person(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email=MAIL, role="admin")
        actor = newcomer()
        got = join_anew(made, by=actor, name="髙梨 芽衣", password="hibari-secret-2")
        assert (got.person.email, got.person.name, got.role) == (MAIL, "髙梨 芽衣", "admin")
        assert got.person.check_password("hibari-secret-2")
        refuses("not_open", lambda: join_anew(made, by=actor, name="別の名", password="hibari-secret-3"))
        assert (Person.objects.filter(email=MAIL).count(), CompanyAccess.objects.count()) == (1, 1)

    def test_who_has_a_person_signs_in_instead(self, world: World, firm: Company) -> None:
        made, known = invite(firm, by=world.lab, email=MAIL), person("芽衣", MAIL.upper())
        refuses("has_account", lambda: join_anew(made, by=newcomer(), name="芽衣", password="hibari-secret-2"))
        assert again(made).accepted_at is None
        Person.objects.filter(pk=known.pk).update(is_active=False)
        refuses("has_account", lambda: join_anew(made, by=newcomer(), name="芽衣", password="hibari-secret-2"))

    def test_too_late_or_taken_back_leaves_no_person(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email=MAIL)
        actor = newcomer()
        with clock.moved_to(made.expires_at):
            refuses("not_open", lambda: join_anew(made, by=actor, name="芽衣", password="hibari-secret-2"))
        withdraw_invitation(made, by=world.lab)
        refuses("not_open", lambda: join_anew(made, by=actor, name="芽衣", password="hibari-secret-2"))
        assert not Person.objects.filter(email=MAIL).exists()

    def test_a_link_opens_its_own_invitation_alone(self, world: World, firm: Company) -> None:
        first = invite(firm, by=world.lab, email=MAIL)
        actor = newcomer()
        second = invite(firm, by=world.lab, email="b@kitsunebi.example")
        assert list(CompanyInvitation.objects.visible_to(actor)) == [first]
        refuses("not_open", lambda: accept_invitation(second, by=actor, person=person("b", "b@kitsunebi.example")))
        refuses("not_open", lambda: join_anew(second, by=actor, name="b", password="hibari-secret-2"))

    def test_who_is_in_already_keeps_the_account_and_its_role(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email=MAIL, role="admin")
        actor, known = newcomer(), access(firm, "芽衣", MAIL, role="member")
        got = accept_invitation(made, by=actor, person=known.person)
        assert (got.pk, got.role) == (known.pk, "member")
        assert CompanyAccess.objects.count() == 1
        assert again(made).accepted_at is not None


class TestEndedMeanwhile:
    def test_an_ended_account_gets_no_other_role(self, world: World, firm: Company) -> None:
        """A colleague's page still shows it: the press is refused, and nothing is recorded of an account that is none."""
        boss, member = access(firm), access(firm, "芽衣", MAIL, role="member")
        end_access(member, by=acts(boss))
        for role in ("admin", "member"):
            refuses("ended", lambda role=role: change_role(member, role, by=acts(boss)))
        assert (again(member).role, "company.role" in verbs()) == ("member", False)

    def test_it_may_be_asked_in_again_and_is_another_account(self, world: World, firm: Company) -> None:
        boss, member = access(firm), access(firm, "芽衣", MAIL, role="member")
        end_access(member, by=acts(boss))
        made = invite(firm, by=acts(boss), email=MAIL, role="admin")
        got = accept_invitation(made, by=newcomer(), person=member.person)
        assert got.pk != member.pk
        assert (again(member).ended_at is None, again(got).ended_at, got.role) == (False, None, "admin")

    def test_ending_twice_is_recorded_once(self, world: World, firm: Company) -> None:
        boss, member = access(firm), access(firm, "芽衣", MAIL, role="member")
        first = end_access(member, by=acts(boss)).ended_at
        with clock.moved_to(clock.now() + dt.timedelta(hours=1)):
            assert end_access(member, by=acts(boss)).ended_at == first
        assert verbs() == ["company.end_access"]

    def test_an_invitation_that_waits_for_the_address_ends_with_the_account(self, world: World, firm: Company) -> None:
        boss, waiting = access(firm), invite(firm, by=world.lab, email=MAIL)
        other = invite(firm, by=world.lab, email="b@kitsunebi.example")
        member = access(firm, "芽衣", MAIL.upper(), role="member")
        end_access(member, by=acts(boss))
        assert (again(waiting).withdrawn_at is None, again(other).withdrawn_at) == (False, None)
        assert [state for to, purpose, state in letters() if (to, purpose) == (MAIL, "join")] == ["cancelled"]

    def test_who_was_administrator_does_nothing_any_more(self, world: World, firm: Company) -> None:
        boss, other = access(firm), access(firm, "芽衣", MAIL, role="admin")
        end_access(boss, by=acts(other))
        for act in (lambda: end_access(other, by=acts(boss)), lambda: change_role(other, "member", by=acts(boss)),
                    lambda: invite(firm, by=acts(boss), email="b@kitsunebi.example")):  # fmt: skip
            refuses("not_allowed", act)
        assert [one.pk for one in CompanyAccess.objects.current()] == [other.pk]

    def test_an_administrator_of_another_firm_reaches_nothing(self, world: World, firm: Company) -> None:
        other = Company.objects.create(name="別の会社", entered_by_id=CENTER, entered_at=clock.now())
        boss, stranger = access(firm), access(other, "他 人", "boss@other.example")
        waiting = invite(firm, by=acts(boss), email=MAIL)
        for act in (lambda: end_access(boss, by=acts(stranger)), lambda: change_role(boss, "member", by=acts(stranger)),
                    lambda: withdraw_invitation(waiting, by=acts(stranger)), lambda: resend_invitation(waiting, by=acts(stranger)),
                    lambda: invite(firm, by=acts(stranger), email="b@kitsunebi.example")):  # fmt: skip
            refuses("not_allowed", act)
        assert list(CompanyInvitation.objects.visible_to(acts(stranger))) == []

    @pytest.mark.parametrize("left", ["nobody", "colleague"])
    def test_the_last_administrator_is_kept_unless_nobody_is_left_behind(self, world: World, firm: Company, left: str) -> None:
        boss = access(firm)
        if left == "colleague":
            access(firm, "芽衣", MAIL, role="member")
        refuses("last_administrator", lambda: end_access(boss, by=acts(boss)), "" if left == "colleague" else "knowing")
        refuses("last_administrator", lambda: change_role(boss, "member", by=acts(boss)), "" if left == "colleague" else "knowing")
        if left == "colleague":
            refuses("last_administrator", lambda: end_access(boss, by=acts(boss), knowing=True))
            assert again(boss).ended_at is None
        else:
            assert end_access(boss, by=acts(boss), knowing=True).ended_at is not None

    def test_the_machine_asks_nobody(self, world: World, firm: Company) -> None:
        refuses("not_allowed", lambda: invite(firm, by=SYSTEM, email=MAIL))
        refuses("not_allowed", lambda: invite(firm, by=GUEST, email=MAIL))
