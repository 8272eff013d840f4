"""Notices between bodies: sent, read, answered [C76]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import ProgrammingError

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.post.models import Mail, Notice, NoticeReceipt
from renkei.post.notices import Words, answer_notice, read_notice, send_notice
from tests.world import BANK, CENTER, DESK, LAB, World

WORDS = Words("年末の受付", "12月28日の受付は15時まで。", asks_answer=True, due_on=dt.date(2030, 12, 20))
TO = {LAB: "lab@hibari.example", CENTER: ""}


def send(world: World, words: Words = WORDS, to: dict[str, str] = TO) -> Notice:
    return send_notice(words, by=world.desk, to=to, sender="ひばり県産業課")


def verbs() -> list[str]:
    return list(Event.objects.order_by("id").values_list("verb", flat=True))


@pytest.mark.covers("C76")
def test_send_writes_one_receipt_a_body_mail_and_audit(world: World) -> None:
    notice = send(world)
    assert (notice.from_body, notice.by_person, notice.title, notice.asks_answer, notice.due_on) == (
        DESK, world.desk.person, "年末の受付", True, dt.date(2030, 12, 20),
    )  # fmt: skip
    assert set(notice.receipts.values_list("body", "read_at", "answered_at")) == {(LAB, None, None), (CENTER, None, None)}
    assert verbs() == ["notice.send"]


@pytest.mark.covers("C76")
def test_mail_names_sender_and_date_but_not_what_it_says(world: World) -> None:
    notice = send(world)
    mail = Mail.objects.get()  # the centre has no address
    assert (mail.to, mail.to_body, mail.subject, mail.about) == (
        "lab@hibari.example", LAB, "ひばり県産業課からのお知らせ", notice.pk,
    )  # fmt: skip
    assert "12月20日" in mail.text
    assert f"/d/{LAB}/notices/{notice.pk}/" in mail.text
    assert "受付" not in mail.text


def test_without_a_question_there_is_no_due_date(world: World) -> None:
    notice = send(world, Words("お知らせ", "", asks_answer=False, due_on=dt.date(2030, 1, 1)))
    assert notice.due_on is None


@pytest.mark.parametrize(
    ("words", "to", "code", "field"),
    [
        (Words("  "), TO, "title_empty", "title"),
        (Words("あ"), {}, "nobody", "to"),
        (Words("あ"), {DESK: ""}, "own_body", "to"),
        (Words("あ", asks_answer=True, due_on=dt.date(2020, 1, 1)), TO, "past", "due_on"),
    ],
)
def test_send_refuses(world: World, words: Words, to: dict[str, str], code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        send(world, words, to)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Notice.objects.exists()
    assert verbs() == []


@pytest.mark.parametrize("actor", [GUEST, SYSTEM])
def test_only_staff_send(world: World, actor: Any) -> None:
    with pytest.raises(Refused) as refused:
        send_notice(WORDS, by=actor, to=TO, sender="")
    assert refused.value.code == "not_staff"


@pytest.mark.covers("C76")
def test_read_once_keeps_the_first_reader(world: World) -> None:
    notice = send(world)
    first = clock.at(dt.date(2026, 11, 25), 9)
    with clock.moved_to(first):
        read_notice(notice, by=world.lab)
    with clock.moved_to(first + dt.timedelta(days=1)):
        receipt = read_notice(notice, by=world.lab)
    assert (receipt.read_at, receipt.read_by, receipt.answered_at) == (first, world.lab.person, None)
    assert verbs() == ["notice.send", "notice.read"]
    assert NoticeReceipt.objects.get(body=CENTER).read_at is None


@pytest.mark.covers("C76")
def test_answer_counts_as_read(world: World) -> None:
    notice = send(world)
    receipt = answer_notice(notice, by=world.lab, text=" 承知しました。\x00 ")
    assert (receipt.answer, receipt.answered_by, receipt.read_by) == ("承知しました。", world.lab.person, world.lab.person)
    assert receipt.answered_at is not None
    assert receipt.read_at == receipt.answered_at
    assert verbs() == ["notice.send", "notice.answer"]


def test_answer_after_reading_keeps_the_reading(world: World) -> None:
    notice = send(world)
    first = clock.at(dt.date(2026, 11, 25), 9)
    with clock.moved_to(first):
        read_notice(notice, by=world.lab)
    assert answer_notice(notice, by=world.lab, text="はい").read_at == first


def test_answer_refuses_twice_empty_and_unasked(world: World) -> None:
    notice = send(world)
    with pytest.raises(Refused) as empty:
        answer_notice(notice, by=world.lab, text=" \u200b ")
    assert (empty.value.code, empty.value.field) == ("answer_empty", "text")
    answer_notice(notice, by=world.lab, text="はい")
    with pytest.raises(Refused) as twice:
        answer_notice(notice, by=world.lab, text="いいえ")
    assert twice.value.code == "answered"
    plain = send(world, Words("お知らせ"))
    with pytest.raises(Refused) as unasked:
        answer_notice(plain, by=world.lab, text="はい")
    assert unasked.value.code == "no_answer_asked"
    assert NoticeReceipt.objects.get(notice=notice, body=LAB).answer == "はい"


@pytest.mark.parametrize("act", ["read", "answer"])
def test_a_body_that_did_not_receive_it_is_refused(world: World, act: str) -> None:
    notice = send(world)
    deeds = {"read": lambda: read_notice(notice, by=world.bank), "answer": lambda: answer_notice(notice, by=world.bank, text="はい")}
    with pytest.raises(Refused) as refused:
        deeds[act]()
    assert refused.value.code == "not_received"


def test_late_only_while_an_answer_is_owed(world: World) -> None:
    notice = send(world, Words("回答", "", True, clock.today()))
    receipt = NoticeReceipt.objects.get(notice=notice, body=LAB)
    assert not receipt.is_late
    with clock.moved_to(clock.now() + dt.timedelta(days=2)):
        assert receipt.is_late
        assert not answer_notice(notice, by=world.lab, text="はい").is_late


@pytest.mark.covers("C76")
@pytest.mark.django_db(transaction=True)
def test_policies_show_a_notice_to_sender_and_receivers_only(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.desk):
            notice = send(world)
        with acting(world.lab):
            assert list(Notice.objects.all()) == [notice]
            assert list(Notice.objects.visible_to(world.lab)) == [notice]
            assert list(NoticeReceipt.objects.values_list("body", flat=True)) == [LAB]
            read_notice(notice, by=world.lab)
            answer_notice(notice, by=world.lab, text="はい")
        with acting(world.bank):
            assert list(Notice.objects.all()) == []
            assert list(Notice.objects.visible_to(world.bank)) == []
            assert list(NoticeReceipt.objects.all()) == []
        with acting(world.desk):
            seen = set(NoticeReceipt.objects.values_list("body", "answer"))
            assert seen == {(LAB, "はい"), (CENTER, "")}
        with pytest.raises(ProgrammingError, match="row-level security"), acting(world.bank):
            NoticeReceipt.objects.create(notice=notice, body=BANK)  # nobody lets itself in
        with acting(world.lab):
            assert Notice.objects.filter(pk=notice.pk).update(text="書き替え") == 0
        with acting(world.desk):
            assert NoticeReceipt.objects.filter(notice=notice).update(answer="作り話") == 0
