"""Notices at their edges: lengths, the last day, hostile words, and two people answering at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind
from renkei.base.refusal import Refused
from renkei.post import notices
from renkei.post.models import Mail, Notice, NoticeReceipt
from renkei.post.notices import Words, answer_notice, read_notice, send_notice
from tests.storm.racing import at_once, codes, meet_in
from tests.world import BANK, CENTER, DESK, LAB, World

TO = {LAB: "lab@hibari.example", CENTER: "center@hibari.example"}


def send(world: World, words: Words, to: dict[str, str] = TO) -> Notice:
    return send_notice(words, by=world.desk, to=to, sender="ひばり県産業課")


@pytest.mark.parametrize(
    ("words", "field"),
    [(Words("あ" * 101), "title"), (Words("件名", "あ" * 4001), "text"), (Words("あ" * 5000, "あ" * 50_000), "title")],
)
def test_what_is_too_long_is_refused_in_words_and_nothing_is_sent(world: World, words: Words, field: str) -> None:
    with pytest.raises(Refused, match="字までです") as refused:
        send(world, words)
    assert (refused.value.code, refused.value.field) == ("too_long", field)
    assert not (Notice.objects.exists())
    assert not (NoticeReceipt.objects.exists())
    assert not (Mail.objects.exists())
    assert not (Event.objects.exists())


def test_the_longest_words_are_kept_whole(world: World) -> None:
    notice = send(world, Words("題" * 100, "文" * 4000, asks_answer=True))
    assert (len(notice.title), len(notice.text)) == (100, 4000)
    assert len(answer_notice(notice, by=world.lab, text="答" * 2000).answer) == 2000


def test_an_answer_too_long_is_refused_and_the_question_stays_open(world: World) -> None:
    notice = send(world, Words("件名", asks_answer=True))
    with pytest.raises(Refused) as refused:
        answer_notice(notice, by=world.lab, text="答" * 2001)
    assert (refused.value.code, refused.value.field) == ("too_long", "text")
    assert NoticeReceipt.objects.filter(answered_at__isnull=True, read_at__isnull=True).count() == 2


def test_hostile_words_are_kept_as_words(world: World) -> None:
    notice = send(world, Words("<script>\x00題\u202e", "'; DROP TABLE post_notice; --\r\n二行目"))
    assert (notice.title, notice.text) == ("<script>題", "'; DROP TABLE post_notice; --\n二行目")
    assert str(notice) == "<script>題"


@pytest.mark.parametrize("days", [0, 1])
def test_an_answer_may_be_due_today(world: World, days: int) -> None:
    due = clock.today() + dt.timedelta(days=days)
    assert send(world, Words("件名", asks_answer=True, due_on=due)).due_on == due


def test_an_answer_due_yesterday_is_refused_even_just_after_midnight(world: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 1, 1), 0, 0)), pytest.raises(Refused, match="今日から後") as refused:
        send(world, Words("件名", asks_answer=True, due_on=dt.date(2026, 12, 31)))
    assert (refused.value.code, refused.value.field) == ("past", "due_on")


@pytest.mark.parametrize(
    ("moment", "late"),
    [(clock.at(dt.date(2028, 2, 29), 23, 59), False), (clock.at(dt.date(2028, 3, 1), 0, 0), True)],
)
def test_the_last_day_ends_at_midnight_in_tokyo_on_a_leap_day_too(world: World, moment: dt.datetime, late: bool) -> None:
    notice = send(world, Words("件名", asks_answer=True, due_on=dt.date(2028, 2, 29)))
    with clock.moved_to(moment):
        assert NoticeReceipt.objects.get(notice=notice, body=LAB).is_late is late


def test_nobody_is_late_with_what_was_not_asked_or_has_no_date(world: World) -> None:
    plain, undated = send(world, Words("お知らせ")), send(world, Words("質問", asks_answer=True))
    with clock.moved_to(clock.now() + dt.timedelta(days=900)):
        assert not any(one.is_late for one in [*plain.receipts.all(), *undated.receipts.all()])


def test_each_body_with_an_address_gets_one_mail_that_leads_to_its_own_page(world: World) -> None:
    notice = send(world, Words("内緒の件名", "内緒の本文"), TO | {BANK: ""})
    mails = {mail.to_body: mail for mail in Mail.objects.all()}
    assert set(mails) == {LAB, CENTER}
    assert NoticeReceipt.objects.count() == 3
    for body, mail in mails.items():
        assert (mail.to, mail.about, mail.purpose) == (TO[body], notice.pk, "notice")
        assert f"/d/{body}/notices/{notice.pk}/" in mail.text
        assert "お読みください。" in mail.text
        assert "内緒" not in mail.text + mail.subject
        assert "期限" not in mail.text


def test_one_body_reads_while_the_other_has_not(world: World) -> None:
    notice = send(world, Words("件名"))
    read_notice(notice, by=world.center)
    read = dict(NoticeReceipt.objects.values_list("body", "read_by"))
    assert read == {LAB: None, CENTER: world.center.person}


def test_sender_reads_nothing_as_a_receiver(world: World) -> None:
    notice = send(world, Words("件名", asks_answer=True))
    for act in (lambda: read_notice(notice, by=world.desk), lambda: answer_notice(notice, by=world.desk, text="はい")):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_received"


@pytest.mark.parametrize("by", [GUEST, SYSTEM, Actor(ActorKind.STAFF, body=LAB), Actor(ActorKind.LINK, body=LAB)])
def test_who_is_no_member_of_staff_neither_reads_nor_answers(world: World, by: Actor) -> None:
    notice = send(world, Words("件名", asks_answer=True))
    for act in (lambda: read_notice(notice, by=by), lambda: answer_notice(notice, by=by, text="はい")):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_staff"


def test_notices_are_seen_by_sender_and_receivers_newest_first(world: World) -> None:
    moment = clock.now()
    sent = []
    for hour in range(3):
        with clock.moved_to(moment + dt.timedelta(hours=hour)):
            sent.append(send(world, Words(f"{hour}"), {LAB: ""}))
    for actor in (world.desk, world.lab, SYSTEM):
        assert list(Notice.objects.visible_to(actor)) == sent[::-1]
    assert not Notice.objects.visible_to(world.center).exists()
    assert not Notice.objects.visible_to(GUEST).exists()


def test_the_tables_refuse_an_empty_title_and_a_second_receipt(world: World) -> None:
    notice = send(world, Words("件名"))
    with pytest.raises(DatabaseError, match="notice_has_title"), transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(title="")
    with pytest.raises(DatabaseError, match="notice_once_per_body"), transaction.atomic():
        NoticeReceipt.objects.create(notice=notice, body=LAB)
    assert {str(one) for one in notice.receipts.all()} == {f"{notice.pk} {LAB}", f"{notice.pk} {CENTER}"}


def test_a_mail_that_cannot_be_written_takes_the_notice_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_facts: Any) -> None:
        raise DatabaseError("the outbox is gone")

    monkeypatch.setattr(notices, "put_mail", broken)
    with pytest.raises(DatabaseError):
        send(world, Words("件名"))
    assert not (Notice.objects.exists())
    assert not (NoticeReceipt.objects.exists())


@pytest.mark.storm
def test_of_two_answers_at_once_one_stands(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = committed_world
    notice = send(world, Words("件名", asks_answer=True))
    meet_in(monkeypatch, notices, "clean_text")
    deeds = [(world.lab, lambda text=text: answer_notice(notice, by=world.lab, text=text)) for text in ("はい", "いいえ")]
    answers = at_once(*deeds)
    assert codes(answers) == ["answered", "ok"]
    stood = next(one for one in answers if isinstance(one, NoticeReceipt))
    assert NoticeReceipt.objects.get(notice=notice, body=LAB).answer == stood.answer
    assert Event.objects.filter(verb="notice.answer", body=LAB).count() == 1
    assert Notice.objects.get().from_body == DESK
