"""One bad address stops nobody else's mail; what leaves is plain text under one id, in the order it was written."""

from __future__ import annotations

import datetime as dt
import smtplib
import uuid
from typing import Any

import pytest
from django.core import mail as letters
from django.core.mail.backends.locmem import EmailBackend
from django.core.mail.message import sanitize_address
from django.db import DatabaseError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.context import acting
from renkei.post.jobs import MOST_ATTEMPTS, send_due
from renkei.post.links import make_link, open_link
from renkei.post.models import LinkPurpose, Mail, MailState, ScreenMail
from renkei.post.outbox import cancel_mails, put_mail
from tests.world import DESK, LAB, World

MINUTE = dt.timedelta(minutes=1)


class Picky(EmailBackend):
    """A server that takes everybody's mail but one's: the mailbox is gone."""

    def send_messages(self, messages: Any) -> int:
        if messages[0].to == ["gone@people.example"]:
            raise smtplib.SMTPRecipientsRefused({"gone@people.example": (550, b"no such user")})
        return super().send_messages(messages)


class Reading(EmailBackend):
    """Reads each address before it speaks to a server, as Django's SMTP backend does."""

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            for address in message.recipients():
                sanitize_address(address, "utf-8")
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def _letters(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def put(world: World, to: str = "koide@people.example", **more: Any) -> Mail:
    given: dict[str, Any] = {"subject": "県-26-0001", "text": "画面で答えてください。", "purpose": "offer"} | more
    made = put_mail(by=world.desk, to=to, **given)
    assert made is not None
    return made


def received() -> list[str]:
    return [letter.to[0] for letter in letters.outbox]


@pytest.mark.parametrize("to", ["a@", "名前だけ", "a@people.example\nBcc: evil@evil.example", "a b c@@people.example", "@people.example"])
def test_an_address_nobody_can_send_to_holds_up_no_other_mail(world: World, settings: Any, to: str) -> None:
    settings.EMAIL_BACKEND = "tests.post.test_mail_edges.Reading"
    bad, good = put(world, to), put(world)
    assert send_due() == 1
    assert received() == [good.to]
    bad.refresh_from_db()
    assert (bad.state, bad.sent_at) == (MailState.FAILED, None)
    assert bad.error
    assert send_due() == 0


def test_a_mailbox_that_is_gone_is_tried_again_while_the_others_get_theirs(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.post.test_mail_edges.Picky"
    gone = put(world, "gone@people.example")
    for number in range(3):
        put(world, f"{number}@people.example")
    assert send_due() == 3
    gone.refresh_from_db()
    assert (gone.state, gone.attempts, "no such user" in gone.error) == (MailState.WAITING, 1, True)
    for _ in range(MOST_ATTEMPTS):
        with clock.moved_to(gone.not_before + MINUTE):
            send_due()
        gone.refresh_from_db()
    assert (gone.state, gone.attempts) == (MailState.FAILED, MOST_ATTEMPTS)
    assert received() == ["0@people.example", "1@people.example", "2@people.example"]


@pytest.mark.parametrize("subject", ["一\rBcc: evil@evil.example", "一\r\nBcc: evil@evil.example", "一\n\n二", "一\x00二\u202e三"])
def test_a_subject_brings_no_header_of_its_own(world: World, subject: str) -> None:
    made = put(world, subject=subject)
    assert not set(made.subject) & set("\r\n\x00\u202e")
    assert send_due() == 1
    (letter,) = letters.outbox
    assert (letter.recipients(), "Bcc" in letter.message()) == ([made.to], False)


def test_what_leaves_is_plain_text_in_utf_8(world: World) -> None:
    put(world, subject="髙﨑様へのお知らせ 👩‍🏭", text="一行目\n<b>二行目</b>\n" + "長" * 2000)
    send_due()
    message = letters.outbox[0].message()
    assert (message.get_content_type(), message.get_content_charset(), message.is_multipart()) == ("text/plain", "utf-8", False)
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().splitlines()[:2] == ["一行目", "<b>二行目</b>"]
    assert letters.outbox[0].subject == "髙﨑様へのお知らせ 👩‍🏭"
    assert all(len(line) < 998 for line in message.as_bytes().splitlines())


def test_mails_of_one_moment_leave_in_the_order_they_were_written(world: World) -> None:
    moment = clock.now()
    for number in range(4):
        with clock.moved_to(moment + number * MINUTE):
            put(world, f"{number}@people.example", not_before=moment)
    assert send_due() == 4
    assert received() == [f"{number}@people.example" for number in range(4)]


@pytest.mark.parametrize(("seconds", "leaves"), [(-1, 0), (0, 1), (1, 1)])
def test_a_mail_leaves_from_its_very_moment_on(world: World, seconds: int, leaves: int) -> None:
    moment = clock.at(dt.date(2026, 12, 31), 23, 59)
    put(world, not_before=moment)
    with clock.moved_to(moment + dt.timedelta(seconds=seconds)):
        assert send_due() == leaves


def test_a_limit_of_nothing_sends_nothing(world: World) -> None:
    put(world)
    assert send_due(limit=0) == 0
    assert Mail.objects.get().attempts == 0


def test_only_what_waits_is_cancelled_and_only_of_that_purpose(world: World) -> None:
    about = uuid.uuid4()
    sent = put(world, about=about)
    send_due()
    waiting, other, reminder = put(world, about=about), put(world, about=uuid.uuid4()), put(world, about=about, purpose="reminder")
    assert cancel_mails(about, "offer") == 1
    states = dict(Mail.objects.values_list("pk", "state"))
    assert states == {sent.pk: "sent", waiting.pk: "cancelled", other.pk: "waiting", reminder.pk: "waiting"}


def test_a_mail_of_an_act_that_was_rolled_back_never_leaves(world: World) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        put(world)
        raise RuntimeError
    assert send_due() == 0


def test_every_mail_has_an_id_of_its_own(world: World) -> None:
    made = [put(world) for _ in range(3)]
    send_due()
    assert {letter.extra_headers["Message-ID"] for letter in letters.outbox} == {one.message_id for one in made}
    assert len({one.message_id for one in made}) == 3


@pytest.mark.parametrize("state", ["", "lost", "SENT"])
def test_the_table_knows_its_states(world: World, state: str) -> None:
    mail = put(world)
    with pytest.raises(DatabaseError, match="mail_state"), transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(state=state, sent_at=clock.now())


def test_the_screen_shows_the_newest_mail_first_and_takes_long_addresses(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "renkei.post.screen.Mailbox"
    for number in range(3):
        put(world, f"{number}@people.example", text=f"本文{number}")
    send_due()
    assert [one.text for one in ScreenMail.objects.all()] == ["本文2", "本文1", "本文0"]
    assert str(ScreenMail.objects.first()) == "2@people.example: 県-26-0001"
    message = letters.EmailMessage("件名", "本文", to=[f"{number}@people.example" for number in range(40)])
    assert message.send() == 1
    assert len(ScreenMail.objects.get(text="本文").to) == 254


def test_under_the_web_login_a_link_puts_mail_out_and_reads_only_its_own_case(committed_world: World, login: Any) -> None:
    world, case, foreign = committed_world, uuid.uuid4(), uuid.uuid4()
    put(world, case=foreign)
    token = make_link(by=world.desk, purpose=LinkPurpose.STATUS, expires_at=clock.now() + dt.timedelta(days=1), case=case)
    with login("web"):
        link = open_link(token)
        assert link is not None
        with acting(link_holder(link.id)):
            own = put_mail(by=link_holder(link.id), to="mei@people.example", subject="x", text="x", purpose="receipt", case=case)
            assert [one.pk for one in Mail.objects.all()] == [own.pk]  # type: ignore[union-attr]  # it has an address
        with acting(GUEST), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            put_mail(by=GUEST, to="mei@people.example", subject="x", text="x", purpose="receipt")
        with acting(SYSTEM):
            assert not Mail.objects.exists()
    assert sorted(Mail.objects.values_list("made_by_body", flat=True)) == ["", DESK]


def test_under_the_web_login_a_body_touches_no_other_bodys_mail(committed_world: World, login: Any) -> None:
    world = committed_world
    mail = put(world, to_body=LAB)
    with login("web"), acting(world.bank):
        assert Mail.objects.filter(pk=mail.pk).update(state="cancelled") == 0
        assert cancel_mails(mail.pk, "offer") == 0
    assert Mail.objects.get().state == "waiting"
