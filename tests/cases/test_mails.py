"""Mails: plain text, the number and what to do, never a word of the case (checked over a whole life of one)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import (
    accept,
    answer_question,
    ask,
    decline,
    finish_support,
    record_answer,
    withdraw_support,
)  # fmt: skip
from renkei.cases.actions.offers import offer_next, recall, send_offers
from renkei.cases.actions.passing import pass_on
from renkei.cases.actions.triage import ask_company
from renkei.cases.jobs import run_clocks
from renkei.cases.mails import tell_company
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, arrived, company, fresh, leave, need_of, offered, pick
from tests.world import CENTER, World

SECRETS = ["ひみつ", "電源", "雷サージ", "狐火", "齋藤", "測れるように"]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def a_whole_life(world: World) -> None:
    """Every act that writes a mail, with a secret in every text that people type."""
    case = arrived(world, text="ひみつの電源装置", company=company()).case
    need = need_of(case, world)
    ask_company(case, ["ひみつの大きさは"], by=world.desk)
    one = send_offers(fresh(case), [pick(need, service="tech-consultation", ask="ひみつを測れるように")], by=world.desk)[0]
    leave(one)
    ask(one, by=world.lab, question="ひみつの質問")
    answer_question(one, by=world.desk, text="ひみつの答え")
    pass_on(one, by=world.lab, person=world.lab.person)
    decline(one, by=world.lab, reason="other", text="ひみつの理由")
    two = offer_next(fresh(one), by=world.desk, body=CENTER)
    leave(two)
    record_answer(two, by=world.desk, answer="accept", answered_by="露崎", text="ひみつの返事")
    finish_support(two, by=world.center, text="ひみつの結果")
    three = offered(world, case=case)
    recall(three, by=world.desk, reason="ひみつのまちがい")
    four = offered(world, case=case)
    for day in (2, 3, 7):
        with clock.moved_to(clock.at(dt.date(2026, 12, day))):
            run_clocks()
    accept(four, by=world.lab)
    withdraw_support(four, by=world.lab, reason="ひみつの都合")
    five = offered(world, case=case)
    withdraw_support(five, by=world.desk, reason="ひみつの都合")


def test_no_mail_of_a_whole_life_says_what_it_is_about(world: World) -> None:
    a_whole_life(world)
    sent = list(Mail.objects.all())
    assert {mail.purpose for mail in sent} == {"receipt", "company", "offer"}
    told = list(Nudge.objects.all())
    assert {one.kind for one in told} == {
        "question", "declined", "recorded", "recalled", "reminder", "silence", "expired", "accepted", "told", "withdrawn",
    }  # fmt: skip
    for one in told:
        assert one.number == "県 8-0001"
        assert not [secret for secret in SECRETS if secret in one.title + one.words], one.kind
    for mail in sent:
        for secret in SECRETS:
            assert secret not in mail.subject + mail.text, (mail.purpose, secret)
        assert "県 8-0001" in mail.subject
        assert "<" not in mail.text
        assert "\n" not in mail.subject


def test_every_mail_reads_well_without_its_link(world: World) -> None:
    a_whole_life(world)
    for mail in Mail.objects.all():
        words = "".join(line for line in mail.text.splitlines() if "http" not in line)
        assert len(words) > 40, mail.purpose
        if mail.purpose == "offer":
            assert "連携の画面の「依頼」か" in words
        if mail.purpose == "company":
            assert "お電話でも承ります" in words


def test_firm_gets_no_second_status_link(world: World) -> None:
    """The token is known to the receipt alone: the database keeps only its hash."""
    a_whole_life(world)
    assert [mail.purpose for mail in Mail.objects.filter(text__contains="/status/")] == ["receipt"]


def test_body_without_mailbox_is_no_error(world: World) -> None:
    world.plan.front_desk.__class__.objects.update(mail="")
    decline(offered(world), by=world.lab, reason="busy")
    assert not Mail.objects.filter(purpose="offer").exists()


def test_address_of_the_firm_is_the_newest_given(world: World) -> None:
    plain = arrived(world, email="", company=company(email="firm@kitsunebi.example")).case
    assert tell_company(plain, by=world.desk, subject="知らせ", words="文")
    assert Mail.objects.get(purpose="company").to == "firm@kitsunebi.example"
    assert Mail.objects.get(purpose="company").made_by_body == ""
    none = arrived(world, email="").case
    assert not tell_company(none, by=world.desk, subject="知らせ", words="文")
