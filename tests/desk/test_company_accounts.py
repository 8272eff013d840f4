"""A body that knows a firm invites its people, sends again, takes back and ends: asked again, told, on record."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.companies.actions import Profile, add_person, invite, register_company
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation
from renkei.post.models import Mail
from tests.portal.firms import account
from tests.world import BANK, LAB, World

PASSWORD = "hibari-secret-1"
NEW = {"email": "mei@kitsunebi.example", "name": "髙梨 芽衣", "role": "admin"}


@pytest.fixture
def firm(world: World) -> Company:
    made = register_company(Profile(name="株式会社きつねび", phone="000-000-1111"), by=world.lab)
    add_person(made, name="髙梨 芽衣", email="mei@kitsunebi.example", by=world.lab)
    return made


def fresh(person: Person) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def stale(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    return client


def url(company: Company, name: str = "accounts", body: str = LAB, **more: Any) -> str:
    return reverse(f"desk-company-{name}", kwargs={"body": body, "company": company.pk, **more})


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def open_invitations() -> list[tuple[str, str, str]]:
    return [(one.email, one.role, one.name) for one in CompanyInvitation.objects.open()]


class TestInviting:
    def test_from_the_page_of_the_firm_to_the_list_and_the_mail(self, world: World, firm: Company) -> None:
        client = fresh(world.people[LAB])
        assert url(firm) in client.get(reverse("desk-company", kwargs={"body": LAB, "company": firm.pk})).content.decode()
        empty = text_of(client.get(url(firm)))
        assert ("まだだれもアカウントを持っていません" in empty, "答えを待っている招待はありません。" in empty) == (True, True)
        first = client.get(re.findall(r'href="([^"]+\?email=[^"]+)"', empty)[0])
        assert [first.context["form"].initial[name] for name in ("name", "email", "role")] == [
            "髙梨 芽衣", "mei@kitsunebi.example", "admin"]  # fmt: skip
        answer = client.post(url(firm, "account-invite"), NEW)
        assert answer["Location"] == url(firm)
        assert open_invitations() == [("mei@kitsunebi.example", "admin", "髙梨 芽衣")]
        assert [mail.to for mail in Mail.objects.filter(purpose="join")] == ["mei@kitsunebi.example"]
        assert Event.objects.filter(verb="company.invite").count() == 1
        page = text_of(client.get(url(firm)))
        assert ("招待のメールを送りました" in page, "送り直す" in page, "記録にある担当の方" in page) == (True, True, False)

    def test_it_asks_again_and_keeps_what_was_typed(self, world: World, firm: Company) -> None:
        client = stale(world.people[LAB])
        assert client.get(url(firm)).status_code == 200  # looking is no sensitive step
        assert client.get(url(firm, "account-invite"))["Location"].startswith(reverse("account_reauthenticate"))
        asked = text_of(client.post(url(firm, "account-invite"), NEW))
        assert ('name="email" value="mei@kitsunebi.example"' in asked, open_invitations()) == (True, [])
        client.post(url(firm, "account-invite"), NEW | {"again": "1", "again-password": PASSWORD})
        assert len(open_invitations()) == 1
        for name in ("resend",):
            guest = CompanyInvitation.objects.get()
            stale(world.people[LAB]).post(url(firm, f"account-{name}", guest=guest.pk))
        assert CompanyInvitation.objects.count() == 1

    @pytest.mark.parametrize(
        ("more", "fault"),
        [({"email": ""}, "招く方のメールアドレスを入れてください。"), ({"email": "x"}, "メールアドレスの形が違います。「名前@会社.example」のように入れてください。"),
         ({"role": ""}, "役割を選んでください。"), ({"email": "head@kitsunebi.example"}, "このアドレスの方は、もうアカウントをお持ちです。"),
         ({"email": "STAFF"}, "このアドレスは、機関の人のものです。会社の方のアドレスを入れてください。")],
    )  # fmt: skip
    def test_what_is_wrong_stands_at_its_field_and_is_kept(self, world: World, firm: Company, more: dict[str, str], fault: str) -> None:
        account(firm, "頭 一", email="head@kitsunebi.example")
        typed = NEW | more
        if typed["email"] == "STAFF":
            typed["email"] = world.people[BANK].email.upper()
        answer = fresh(world.people[LAB]).post(url(firm, "account-invite"), typed)
        assert answer.status_code == 422
        assert [list(errors) for errors in answer.context["form"].errors.values()] == [[fault]]
        assert 'value="髙梨 芽衣"' in answer.content.decode()
        assert (open_invitations(), Mail.objects.filter(purpose__in=["join", "accounts"]).count()) == ([], 0)

    def test_the_firms_administrators_are_told(self, world: World, firm: Company) -> None:
        account(firm, "頭 一", email="head@kitsunebi.example")
        account(firm, "手 二", "member", email="hand@kitsunebi.example")
        made = invite(firm, by=world.lab, email="x@kitsunebi.example")
        told = Mail.objects.get(purpose="accounts")
        assert (told.to, told.about, "x@kitsunebi.example" in told.text) == ("head@kitsunebi.example", made.pk, True)
        assert f"/firm/{firm.pk}/people/" in told.text

    def test_a_body_that_does_not_know_the_firm_finds_nothing(self, world: World, firm: Company) -> None:
        guest, head = invite(firm, by=world.lab, email="x@kitsunebi.example"), account(firm)
        client = fresh(world.people[BANK])
        paths = [("accounts", {}), ("account-invite", {}), ("account-resend", {"guest": guest.pk}),
                 ("account-withdraw", {"guest": guest.pk}), ("account-end", {"account": head.pk})]  # fmt: skip
        assert {client.post(url(firm, name, BANK, **more), NEW).status_code for name, more in paths[1:]} == {404}
        assert {client.get(url(firm, name, BANK, **more)).status_code for name, more in paths[:2]} == {404}
        assert (len(open_invitations()), CompanyAccess.objects.current().count()) == (1, 1)

    def test_a_firm_taken_back_has_no_doors(self, world: World, firm: Company) -> None:
        Company.objects.filter(pk=firm.pk).update(withdrawn_at=clock.now())
        client = fresh(world.people[LAB])
        pages = [url(firm), url(firm, "account-invite"), url(firm, "edit"), url(firm, "site-new"), url(firm, "former"),
                 reverse("desk-company", kwargs={"body": LAB, "company": firm.pk})]  # fmt: skip
        assert {client.get(page).status_code for page in pages} == {404}
        assert {client.post(page, {"name": "よみがえった会社"}).status_code for page in pages[1:]} == {404}
        assert Company.objects.get(pk=firm.pk).name == "株式会社きつねび"


class TestAfterwards:
    def test_sent_again_opens_and_the_old_link_does_not(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email="x@kitsunebi.example", name="先の人", role="admin")
        old = Mail.objects.get(purpose="join")
        CompanyInvitation.objects.update(expires_at=clock.now() - dt.timedelta(days=1))
        client = fresh(world.people[LAB])
        assert "期限が過ぎました" in text_of(client.get(url(firm)))
        assert client.post(url(firm, "account-resend", guest=made.pk))["Location"] == url(firm)
        assert open_invitations() == [("x@kitsunebi.example", "admin", "先の人")]
        new = Mail.objects.filter(purpose="join").latest("made_at")
        links = [re.findall(r"/join/[^/]+/", mail.text)[0] for mail in (old, new)]
        assert [Client().get(link).status_code for link in links] == [404, 200]
        assert Mail.objects.get(pk=old.pk).state == "cancelled"
        assert client.post(url(firm, "account-resend", guest=made.pk)).status_code == 409  # the old row was taken back

    def test_taken_back_twice(self, world: World, firm: Company) -> None:
        made = invite(firm, by=world.lab, email="x@kitsunebi.example")
        client = fresh(world.people[LAB])
        for _time in range(2):
            assert client.post(url(firm, "account-withdraw", guest=made.pk))["Location"] == url(firm)
        assert (open_invitations(), Mail.objects.get(purpose="join").state) == ([], "cancelled")
        assert Event.objects.filter(verb="company.withdraw_invitation").count() == 1

    def test_an_account_ends_the_last_one_only_by_saying_so(self, world: World, firm: Company) -> None:
        head = account(firm)
        client, path = fresh(world.people[LAB]), url(firm, "account-end", account=head.pk)
        assert "この会社のアカウントがなくなってもよい" in text_of(client.get(path))
        refused = client.post(path, {})
        assert (refused.status_code, CompanyAccess.objects.current().count()) == (422, 1)
        assert client.post(path, {"knowing": "on"})["Location"] == url(firm)
        assert (CompanyAccess.objects.current().count(), client.get(path).status_code) == (0, 404)
        assert Event.objects.filter(verb="company.end_access").count() == 1

    def test_somebody_with_an_account_elsewhere_comes_in_with_it(self, world: World, firm: Company) -> None:
        other = register_company(Profile(name="別の会社"), by=world.desk)
        known = account(other, email="both@firms.example")
        invite(firm, by=world.lab, email="both@firms.example")
        link = re.findall(r"/join/[^/]+/", Mail.objects.get(purpose="join").text)[0]
        assert "both@firms.example" in text_of(Client().get(link))
        client = fresh(known.person)
        assert client.post(link)["Location"] == reverse("portal-home", kwargs={"company": firm.pk})
        assert CompanyAccess.objects.current().filter(person=known.person).count() == 2
        assert Person.objects.filter(email="both@firms.example").count() == 1


def test_under_the_web_login(committed_world: World, login: Any) -> None:
    world = committed_world
    firm = register_company(Profile(name="株式会社きつねび"), by=world.lab)
    account(firm, email="head@kitsunebi.example")
    client = fresh(world.people[LAB])
    with login("web"):
        assert client.post(url(firm, "account-invite"), NEW)["Location"] == url(firm)
        guest = CompanyInvitation.objects.none()
    guest = CompanyInvitation.objects.get()
    with login("web"):
        assert client.post(url(firm, "account-resend", guest=guest.pk))["Location"] == url(firm)
        assert "mei@kitsunebi.example" in text_of(client.get(url(firm)))
    later = CompanyInvitation.objects.open().get()
    with login("web"):
        assert client.post(url(firm, "account-withdraw", guest=later.pk))["Location"] == url(firm)
    assert [mail.state for mail in Mail.objects.filter(purpose="join").order_by("made_at")] == ["cancelled", "cancelled"]


def test_the_firm_sends_its_own_invitation_again(world: World, firm: Company) -> None:
    head = account(firm, email="head@kitsunebi.example")
    made = invite(firm, by=world.lab, email="x@kitsunebi.example")
    client = Client()
    client.force_login(head.person)
    people = reverse("portal-people", kwargs={"company": firm.pk})
    assert "機関の人が招きました" in text_of(client.get(people))
    sent = client.post(reverse("portal-people-resend", kwargs={"company": firm.pk, "guest": made.pk}))
    assert (sent["Location"], len(open_invitations()), CompanyInvitation.objects.count()) == (people, 1, 2)
    hand = account(firm, "手 二", "member", email="hand@kitsunebi.example")
    client.force_login(hand.person)
    guest = CompanyInvitation.objects.open().get()
    assert client.post(reverse("portal-people-resend", kwargs={"company": firm.pk, "guest": guest.pk})).status_code == 409
