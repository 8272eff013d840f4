"""Accounts of a firm that was merged away reach the firm that stays, and go back when the merge is undone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Said, receive
from renkei.companies.actions import (
    Profile,
    end_access,
    invite,
    merge_companies,
    register_company,
    unmerge_companies,
    update_company,
)
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation, Merge
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.portal.firms import account, acts, client
from tests.world import DESK, World

NEW = {"name": "後から来た人", "password": "kaze-no-oto-7", "again": "kaze-no-oto-7"}


class Pair:
    """Two entries of one firm, both with people who sign in; one person stands in both."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.into = register_company(Profile(name="株式会社まぼろし計測"), by=world.desk)
        self.other = register_company(Profile(name="まぼろし計測"), by=world.desk)
        self.head = account(self.into, "頭 一", email="head@maboroshi.example")
        self.gone = account(self.other, "別 二", email="gone@maboroshi.example")
        self.twice = account(self.into, "両 三", "member", email="both@maboroshi.example")
        self.second = CompanyAccess.objects.create(company=self.other, person=self.twice.person, role="admin", since=clock.now())
        self.past = account(self.other, "昔 四", email="past@maboroshi.example")
        end_access(self.past, by=world.desk)
        said = {"channel": "phone", "phone": "000-000-0011"}
        self.cases = [receive(Said(text=text, company=firm, **said), by=world.desk, body=Body.objects.get(pk=DESK)).case
                      for text, firm in (("一つめ", self.into), ("二つめ", self.other))]  # fmt: skip
        self.guest = invite(self.other, by=world.desk, email="late@maboroshi.example")
        self.link = re.findall(r"/join/[^/]+/", Mail.objects.get(purpose="join", to="late@maboroshi.example").text)[0]

    def merge(self) -> Merge:
        return merge_companies(self.into, self.other, by=self.world.desk)

    def doors(self) -> dict[str, list[str]]:
        """Which firms each person acts for."""
        found: dict[str, list[str]] = {}
        for one in CompanyAccess.objects.current().select_related("person", "company").order_by("company__name"):
            found.setdefault(one.person.name, []).append(one.company.name)
        return found


BEFORE = {"頭 一": ["株式会社まぼろし計測"], "別 二": ["まぼろし計測"], "両 三": ["まぼろし計測", "株式会社まぼろし計測"]}
TOGETHER = {"頭 一": ["株式会社まぼろし計測"], "別 二": ["株式会社まぼろし計測"], "両 三": ["株式会社まぼろし計測"]}


def home(company: Company) -> str:
    return reverse("portal-home", kwargs={"company": company.pk})


def test_they_go_over_once_and_come_back(committed_world: World, login: Any) -> None:
    pair = Pair(committed_world)
    numbers = sorted(case.number for case in pair.cases)
    who = client(pair.gone)
    assert pair.doors() == BEFORE
    with login("web"), acting(pair.world.desk):
        merge = pair.merge()
    assert pair.doors() == TOGETHER
    with login("web"):
        led = who.get(home(pair.other))
        assert led["Location"] == home(pair.into)
        page = who.get(led["Location"]).content.decode()
        assert sorted(number for number in numbers if number in page) == numbers
        case = {"company": pair.other.pk, "case": pair.cases[1].pk}
        assert who.get(reverse("portal-case", kwargs=case))["Location"] == reverse("portal-case", kwargs=case | {"company": pair.into.pk})
        assert who.post(reverse("portal-case-write", kwargs=case), {"text": "x"}).status_code == 404
        assert client(pair.past).get(home(pair.other)).status_code == 404
    with login("web"), acting(pair.world.desk):
        unmerge_companies(merge, by=pair.world.desk)
    assert pair.doors() == BEFORE
    with login("web"):
        assert who.get(home(pair.into)).status_code == 404
        page = who.get(home(pair.other)).content.decode()
        assert [number for number in numbers if number in page] == [pair.cases[1].number]


def test_an_invitation_is_accepted_into_the_firm_that_stays_and_goes_back_too(committed_world: World, login: Any) -> None:
    pair = Pair(committed_world)
    with login("web"), acting(pair.world.desk):
        merge = pair.merge()
    assert CompanyInvitation.objects.get(pk=pair.guest.pk).company == pair.into
    late = Client()
    with login("web"):
        assert "株式会社まぼろし計測" in late.get(pair.link).content.decode()
        assert late.post(pair.link, NEW)["Location"] == home(pair.into)
    assert pair.doors() == TOGETHER | {"後から来た人": ["株式会社まぼろし計測"]}
    with login("web"), acting(pair.world.desk):
        unmerge_companies(merge, by=pair.world.desk)
    assert pair.doors() == BEFORE | {"後から来た人": ["まぼろし計測"]}


def test_a_link_of_an_invitation_goes_back_unused(committed_world: World, login: Any) -> None:
    pair = Pair(committed_world)
    with login("web"), acting(pair.world.desk):
        unmerge_companies(pair.merge(), by=pair.world.desk)
    with login("web"):
        assert Client().post(pair.link, NEW)["Location"] == home(pair.other)
    assert pair.doors() == BEFORE | {"後から来た人": ["まぼろし計測"]}


def test_what_ended_meanwhile_stays_ended(world: World) -> None:
    pair = Pair(world)
    merge = pair.merge()
    end_access(CompanyAccess.objects.get(pk=pair.gone.pk), by=acts(pair.head))
    end_access(pair.twice, by=acts(pair.head))
    unmerge_companies(merge, by=world.desk)
    assert pair.doors() == {"頭 一": ["株式会社まぼろし計測"]}


def test_who_runs_the_accounts_is_told_and_the_page_says_it_before(world: World) -> None:
    pair = Pair(world)
    one = Client()
    one.force_login(world.people[DESK])
    path = reverse("desk-company-merge", kwargs={"body": DESK, "company": pair.into.pk, "other": pair.other.pk})
    back = reverse("desk-company-merge", kwargs={"body": DESK, "company": pair.other.pk, "other": pair.into.pk})
    words = "残す会社のご相談もすべて読めるようになります"
    assert [words in one.get(page).content.decode() for page in (path, back)] == [True, True]
    moves = {str(count.relation.label): count.rows for count in one.get(path).context["moves"]}
    assert (moves["会社のアカウント"], moves["会社のアカウントへの招待"]) == (2, 1)
    pair.merge()
    told = Mail.objects.filter(purpose="accounts", about=pair.into.pk)
    assert sorted(mail.to for mail in told) == ["gone@maboroshi.example", "head@maboroshi.example"]


def test_nobody_is_told_where_no_account_moves(world: World) -> None:
    first, second = (register_company(Profile(name=name), by=world.desk) for name in ("甲", "乙"))
    account(first)
    merge_companies(first, second, by=world.desk)
    assert not Mail.objects.exists()


def test_a_firm_taken_back_is_neither_changed_nor_merged(world: World) -> None:
    pair = Pair(world)
    Company.objects.filter(pk=pair.other.pk).update(withdrawn_at=clock.now())
    for code, act in (
        ("withdrawn", lambda: update_company(pair.other, Profile(name="よみがえり"), by=world.desk)),
        ("not_standing", lambda: invite(pair.other, by=world.desk, email="x@maboroshi.example")),
        ("not_allowed", pair.merge),
        ("not_allowed", lambda: merge_companies(pair.other, pair.into, by=world.desk)),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == code
    assert Company.objects.get(pk=pair.other.pk).name == "まぼろし計測"
