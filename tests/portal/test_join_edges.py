"""Coming to an account: the password is kept to the last character, the link works once, and nobody else gets in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.companies.actions import end_access, invite, withdraw_invitation
from renkei.companies.models import CompanyAccess, CompanyInvitation
from renkei.post.models import Link, Mail
from tests.portal.firms import account, acts, client, registered
from tests.portal.scene import Firm, came
from tests.portal.test_join import NEW, ask, join_url, text_of
from tests.world import LAB, World

MAIL = "mei@maboroshi.example"


@pytest.fixture
def firm(world: World) -> Firm:
    found = came(world)
    registered(found)
    ask(found)
    return found


def signs_in(password: str, email: str = MAIL) -> bool:
    one = Client()
    one.post(reverse("account_login"), {"login": email, "password": password})
    return "_auth_user_id" in one.session


def kept() -> tuple[int, ...]:
    return (Person.objects.count(), CompanyAccess.objects.count(), CompanyInvitation.objects.waiting().count(),
            Link.objects.filter(purpose="join", closed_at=None).count())


@pytest.mark.parametrize("password", [" kaze-no-oto-7", "kaze-no-oto-7 ", "　風の音を聞いた夜　", "風の音 を聞いた夜七つ", "<b>kaze-no-oto</b>"])
def test_what_was_chosen_is_what_signs_in(firm: Firm, password: str) -> None:
    assert Client().post(join_url(), NEW | {"password": password, "again": password}).status_code == 302
    person = Person.objects.get(email=MAIL)
    assert [person.check_password(one) for one in (password, password.strip(), f"{password} ")] == [True, password == password.strip(), False]
    cache.clear()  # the count of failed sign-ins from here
    assert signs_in(password)


@pytest.mark.parametrize(
    "password", ["mei@maboroshi", "MEI@MABOROSHI.example", "0123456789012", "password12", "kaze-no-7", "takanashimei"]
)
def test_what_is_easy_to_guess_is_said_beside_the_field(firm: Firm, password: str) -> None:
    before = kept()
    answer = Client().post(join_url(), NEW | {"name": "Takanashi Mei", "password": password, "again": password})
    errors = answer.context["form"].errors
    assert set(errors) == {"password"}
    assert errors["password"]
    assert kept() == before


def test_the_two_must_be_the_same_to_the_last_space(firm: Firm) -> None:
    answer = Client().post(join_url(), NEW | {"again": NEW["password"] + " "})
    assert answer.context["form"].errors == {"again": ["2つのパスワードが違います。もう一度入れてください。"]}
    assert NEW["password"] not in answer.content.decode()


def test_looking_opens_nothing_and_the_second_press_makes_nobody(firm: Firm) -> None:
    before, url = kept(), join_url()
    for _scanner in range(3):
        assert Client().get(url).status_code == 200
        assert Client().head(url).status_code == 200
    assert kept() == before
    first, second = Client().post(url, NEW), Client().post(url, NEW)
    assert first["Location"] == second["Location"]  # the second press is sent on, and makes nobody
    assert kept()[:3] == (before[0] + 1, 1, 0)
    assert Event.objects.filter(verb="company.join").count() == 1


@pytest.mark.parametrize(("left", "opens"), [(dt.timedelta(seconds=1), True), (dt.timedelta(0), False), (-dt.timedelta(days=1), False)])
def test_fourteen_days_and_not_a_moment_longer(firm: Firm, left: dt.timedelta, opens: bool) -> None:
    url, ends = join_url(), CompanyInvitation.objects.get().expires_at
    with clock.moved_to(ends - left):
        assert (Client().get(url).status_code, Client().post(url, NEW).status_code) == ((200, 302) if opens else (404, 404))
    assert CompanyAccess.objects.count() == int(opens)


def test_withdrawn_forged_and_foreign_links_look_alike(firm: Firm) -> None:
    url = join_url()
    tokens = [url[:-3] + "xx/", "/join/x/", f"/join/{'a' * 300}/", f"/join/{firm.token}/", "/join/%00/", "/join/..%2F/"]
    assert {Client().get(one).status_code for one in tokens} == {404}
    assert Client().get(firm.url().replace(firm.token, url.split("/")[2])).status_code == 404  # it opens no case either
    withdraw_invitation(CompanyInvitation.objects.get(), by=firm.world.desk)
    assert (Client().get(url).status_code, Client().post(url, NEW).status_code) == (404, 404)
    assert not CompanyAccess.objects.exists()


def test_a_hostile_name_is_kept_as_a_name(firm: Firm) -> None:
    name = '"><script>alert(1)</script>\u202e𠮷'
    assert Client().post(join_url(), NEW | {"name": name}).status_code == 302
    person = Person.objects.get(email=MAIL)
    assert person.name == '"><script>alert(1)</script>𠮷'
    shown = Client()
    shown.force_login(person)
    page = shown.get(reverse("portal-people", kwargs={"company": CompanyAccess.objects.get().company_id})).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;𠮷" in page


def test_who_was_there_before_comes_back_with_the_role_that_was_asked(firm: Firm) -> None:
    who = account(CompanyInvitation.objects.get().company)
    boss = account(who.company, name="社長", email="boss@maboroshi.example")
    end_access(who, by=acts(boss))
    mine = Client()
    mine.force_login(who.person)
    assert mine.get(reverse("portal-home", kwargs={"company": who.company_id})).status_code == 404
    assert mine.get(join_url()).status_code == 404  # what waited for the address ended with the account
    invite(who.company, by=acts(boss), email=MAIL)
    assert mine.post(join_url()).status_code == 302
    assert sorted(one.ended_at is None for one in CompanyAccess.objects.filter(person=who.person)) == [False, True]
    assert mine.get(reverse("portal-home", kwargs={"company": who.company_id})).status_code == 200


def test_staff_of_a_body_may_join_a_firm_with_their_own_address_only(firm: Firm) -> None:
    lab = Client()
    lab.force_login(firm.world.people[LAB])
    before = kept()
    assert lab.post(join_url(), NEW).status_code == 200
    assert kept() == before
    CompanyInvitation.objects.update(email=f"{LAB}@people.example")
    assert lab.post(join_url()).status_code == 302
    assert CompanyAccess.objects.get().person == firm.world.people[LAB]


def test_asking_many_times_stops_and_no_old_link_outlives_the_account(firm: Firm) -> None:
    urls = [join_url()]
    for _time in range(8):
        Client().post(firm.url("account"))
        urls.append(join_url())
    assert len(set(urls)) == Mail.objects.filter(purpose="join").count() <= 6
    assert Client().post(urls[0], NEW).status_code == 302
    who = CompanyAccess.objects.get()
    boss = account(who.company, name="社長", email="boss@maboroshi.example")
    end_access(who, by=acts(boss))
    mine = Client()
    mine.force_login(who.person)
    assert {mine.get(one, follow=True).status_code for one in urls} == {mine.post(one, follow=True).status_code for one in urls} == {404}
    assert not CompanyAccess.objects.current().filter(person=who.person).exists()


def test_the_firms_page_is_gone_at_the_next_request(firm: Firm) -> None:
    who = account(CompanyInvitation.objects.get().company, email="a@maboroshi.example")
    boss = account(who.company, name="社長", email="boss@maboroshi.example")
    browser = client(who)
    pages = ["home", "archive", "questions", "new", "profile", "sight", "people"]
    urls = [reverse(f"portal-{name}", kwargs={"company": who.company_id}) for name in pages]
    assert {browser.get(url).status_code for url in urls} == {200}
    end_access(who, by=acts(boss))
    assert {browser.get(url).status_code for url in urls} == {404}
    assert {browser.post(url).status_code for url in urls} <= {404, 405}
    assert "株式会社まぼろし計測" not in text_of(browser.get(reverse("portal-firms") + "?choose=1"))


def test_a_sleeping_person_is_out_at_once(firm: Firm) -> None:
    who = account(CompanyInvitation.objects.get().company, email="a@maboroshi.example")
    browser = client(who)
    home = reverse("portal-home", kwargs={"company": who.company_id})
    assert browser.get(home).status_code == 200
    Person.objects.filter(pk=who.person_id).update(is_active=False)
    answer: Any = browser.get(home)
    assert (answer.status_code, answer["Location"].startswith(reverse("account_login"))) == (302, True)


def test_under_the_web_login_an_ended_account_takes_its_invitations_along(committed_world: World, login: Any) -> None:
    firm = came(committed_world)
    who = account(registered(firm))
    boss = account(who.company, name="社長", email="boss@maboroshi.example")
    invite(who.company, by=committed_world.desk, email=MAIL.upper().replace("MEI", "x"))
    CompanyInvitation.objects.update(email=MAIL)
    with login("web"), acting(acts(boss)):
        end_access(CompanyAccess.objects.get(pk=who.pk), by=acts(boss))
    assert CompanyInvitation.objects.get().withdrawn_at is not None
    assert Client().get(join_url()).status_code == 404
