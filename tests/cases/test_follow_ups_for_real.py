"""Asking again under the real logins: who writes, who reads, and what the link in the mail opens."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection

from renkei.base import clock
from renkei.base.actor import Actor, link_holder
from renkei.base.context import acting
from renkei.cases import models as m
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.follow_ups import Answer, answer_follow_up, ask_no_more, record_follow_up
from renkei.cases.actions.intake import receive
from renkei.cases.after import run_follow_ups
from renkei.cases.models import Case, FollowUp
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail, Nudge
from tests.cases.linking import web
from tests.cases.making import company, said
from tests.portal.firms import account, acts
from tests.world import BANK, LAB, World

GOOD = Answer("yes", "same", satisfaction=4, orders_yen=3_000_000, words="ひみつの売れ行き。")


def closed(world: World, *, by: Actor, at_desk: bool, **more: Any) -> Case:
    case = receive(said(**more), by=by, body=Body.objects.get(pk=by.body), to_desk=at_desk).case
    return close_case(case, by=world.desk if at_desk else by, reason="solved", words="終わった。", result="solved")


def due(case: Case) -> FollowUp:
    """Six months have gone by: the end and the day of asking lie where the database's own clock sees them."""
    FollowUp.objects.filter(case=case, months=6).update(due_on=clock.today())
    Case.objects.filter(pk=case.pk).update(closed_at=clock.now() - dt.timedelta(days=183))
    return FollowUp.objects.get(case=case, months=6)


def mailed(row: FollowUp) -> Actor:
    """The firm, by the link in the mail it got."""
    found = re.search(r"/after/([^/]+)/", Mail.objects.filter(about=row.pk).latest("made_at").text)
    assert found
    opened = open_link(found[1])
    assert opened is not None
    return link_holder(opened.id, name=opened.recipient_name)


def ask(login: Any) -> None:
    with login("worker"):
        run_follow_ups()


@pytest.fixture(autouse=True)
def _working_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.cases.after.is_business_day", lambda _day: True)  # the database's clock cannot be moved


@pytest.mark.parametrize("at_desk", [True, False], ids=["sent to the desk", "kept by the lab"])
def test_the_whole_way_and_who_reads_the_answer(committed_world: World, login: Any, at_desk: bool) -> None:
    world = committed_world
    firm_ = company(LAB)
    with login("web"), acting(world.lab):
        case = receive(said(company=firm_), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=at_desk).case
    runner = world.desk if at_desk else world.lab
    with web(login, runner):
        close_case(case, by=runner, reason="solved", words="終わった。", result="solved")
    assert FollowUp.objects.count() == 3
    row = due(case)
    ask(login)
    firm = mailed(row)
    with web(login, firm):
        assert set(FollowUp.objects.values_list("case_id", "months")) == {(case.pk, 6), (case.pk, 12), (case.pk, 24)}
        answer_follow_up(row, GOOD, by=firm)
        assert not m.Consultation.objects.exists()
        assert not m.Message.objects.exists()
    assert list(Nudge.objects.filter(kind="follow_up").values_list("body", flat=True)) == [runner.body]
    readers = {}
    for body in ("hibari-desk", LAB, "hibari-center", BANK):
        actor = world.actor(body)
        with web(login, actor):
            readers[body] = set(FollowUp.objects.values_list("orders_yen", flat=True))
            assert readers[body] == set(FollowUp.objects.visible_to(actor).values_list("orders_yen", flat=True))
    some: set[Any] = {3_000_000, None}
    none: set[Any] = set()
    expected = {"hibari-desk": some, LAB: none} if at_desk else {"hibari-desk": none, LAB: some}
    assert readers == expected | {"hibari-center": none, BANK: none}
    with web(login, runner):
        reopen_case(case, by=runner, reason="困っている")
    assert set(FollowUp.objects.filter(answered_at=None).values_list("ended_because", flat=True)) == {"reopened"}


def test_staff_record_and_end_under_their_own_login(committed_world: World, login: Any) -> None:
    world = committed_world
    case, other = (closed(world, by=world.desk, at_desk=True) for _ in range(2))
    row, second = due(case), due(other)
    ask(login)
    with web(login, world.desk):
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
        assert ask_no_more(second, by=world.desk) == 3
    assert not Link.objects.filter(purpose="follow", closed_at=None).exists()
    assert set(Mail.objects.filter(about__in=[row.pk, second.pk]).values_list("state", flat=True)) == {"cancelled"}


def test_the_firm_ends_it_all_by_the_link_in_the_mail(committed_world: World, login: Any) -> None:
    world = committed_world
    case = closed(world, by=world.desk, at_desk=True)
    due(closed(world, by=world.desk, at_desk=True))  # somebody else's, which stays
    row = due(case)
    ask(login)
    firm = mailed(row)
    with web(login, firm):
        assert ask_no_more(row, by=firm) == 3
    assert set(FollowUp.objects.filter(case=case).values_list("ended_because", flat=True)) == {"unwanted"}
    assert FollowUp.objects.filter(ended_at=None).count() == 3
    assert (Mail.objects.get(about=row.pk).state, Link.objects.filter(subject=row.pk, closed_at=None).count()) == ("cancelled", 0)
    with web(login, firm):
        assert not FollowUp.objects.exists()
        assert not Case.objects.exists()


def test_the_account_answers_and_corrects(committed_world: World, login: Any) -> None:
    world = committed_world
    firm_ = company()
    person = acts(account(firm_))
    stranger = acts(account(company(name="よその会社"), email="yoso@yoso.example"))
    case = closed(world, by=world.desk, at_desk=True, company=firm_)
    row = due(case)
    ask(login)
    with web(login, person):
        answer_follow_up(row, GOOD, by=person)
        answer_follow_up(row, replace(GOOD, useful="no"), by=person)
    assert (FollowUp.objects.get(pk=row.pk).useful, FollowUp.objects.get(pk=row.pk).how) == ("no", "account")
    with web(login, stranger):
        assert not FollowUp.objects.exists()


def test_what_the_link_is_filled_with_and_what_it_cannot_reach(committed_world: World, login: Any) -> None:
    """Who wrote and how to reach them is given back to that very address only, never to whom the question went instead."""
    world = committed_world
    firm_ = company(corporate_number="7000012050002", employees=12)
    case = closed(world, by=world.desk, at_desk=True, company=firm_)
    row = due(case)
    ask(login)
    firm = mailed(row)
    with web(login, firm), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM follow_up_known()")
        assert cursor.fetchall() == [("狐火エレクトロ株式会社", "齋藤 亘", "04-7100-0000", "saito@kitsunebi.example", "7000012050002", None, 12)]
    Link.objects.filter(pk=firm.link).update(recipient_email="info@hd.example")
    with web(login, firm), connection.cursor() as cursor:
        cursor.execute("SELECT company, person, phone, email FROM follow_up_known()")
        assert cursor.fetchall() == [("狐火エレクトロ株式会社", None, None, None)]
    for actor in (world.desk, world.bank, acts(account(firm_))):
        with web(login, actor), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM follow_up_known()")
            assert cursor.fetchone() == (0,)
    with web(login, firm), pytest.raises(DatabaseError, match="row-level security"):
        FollowUp.objects.create(case=case, months=9, due_on=clock.today(), planned_at=clock.now())


@pytest.mark.parametrize("body", [LAB, BANK])
def test_strangers_write_and_end_nothing(committed_world: World, login: Any, body: str) -> None:
    world = committed_world
    case = closed(world, by=world.desk, at_desk=True)
    due(case)
    ask(login)
    actor = world.actor(body)
    with web(login, actor):
        assert FollowUp.objects.update(words="x") == 0
        assert Link.objects.filter(purpose="follow").update(closed_at=clock.now()) == 0
    with web(login, actor), pytest.raises(DatabaseError, match="row-level security"):
        FollowUp.objects.create(case=case, months=9, due_on=clock.today(), planned_at=clock.now())
    assert Link.objects.filter(purpose="follow", closed_at=None).count() == 1
