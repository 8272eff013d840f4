"""The outbox leaves once, in order, however often the worker runs or dies."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.core import mail as letters
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connection, transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.post import jobs
from renkei.post.jobs import MOST_ATTEMPTS, send_due
from renkei.post.models import Mail, MailState, ScreenMail
from renkei.post.outbox import cancel_mails, put_mail
from renkei.run import tasks
from tests.world import DESK, LAB, World

MINUTE = dt.timedelta(minutes=1)


class DeadServer(BaseEmailBackend):
    """A mail server nobody answers."""

    def send_messages(self, _messages: Any) -> int:
        raise ConnectionRefusedError("111 refused")


@pytest.fixture(autouse=True)
def _letters(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def _put(world: World, to: str = "koide@people.example", **more: Any) -> Mail:
    made = put_mail(by=world.desk, to=to, subject="県-26-0001", text="画面で答えてください。", purpose="offer", to_body=LAB, **more)
    assert made is not None
    return made


def test_mail_leaves_once_with_its_own_id(world: World) -> None:
    mail = _put(world)
    assert (send_due(), send_due()) == (1, 0)
    (letter,) = letters.outbox
    assert (letter.to, letter.subject, letter.body) == (["koide@people.example"], "県-26-0001", "画面で答えてください。")
    assert letter.extra_headers == {"Message-ID": f"<{mail.pk}@renkei>"}
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.error) == (MailState.SENT, 1, "")
    assert mail.sent_at is not None


def test_nothing_leaves_before_its_time(world: World) -> None:
    _put(world, not_before=clock.now() + 5 * MINUTE)
    assert send_due() == 0
    with clock.moved_to(clock.now() + 6 * MINUTE):
        assert send_due() == 1


def test_oldest_due_leaves_first_and_a_limit_holds(world: World) -> None:
    now = clock.now()
    for number in (3, 1, 2):
        _put(world, to=f"{number}@people.example", not_before=now - (10 - number) * MINUTE)
    assert send_due(limit=2) == 2
    assert [letter.to[0] for letter in letters.outbox] == ["1@people.example", "2@people.example"]


def test_no_address_no_mail(world: World) -> None:
    assert put_mail(by=world.desk, to="", subject="x", text="x", purpose="offer") is None
    assert not Mail.objects.exists()


def test_subject_stays_one_line(world: World) -> None:
    made = put_mail(by=world.desk, to="a@people.example", subject="一\nBcc: evil" + "長" * 300, text="x", purpose="offer")
    assert made is not None
    assert made.subject == ("一 Bcc: evil" + "長" * 300)[:200]


def test_cancelled_mail_never_leaves(world: World) -> None:
    mail = _put(world)
    other = _put(world, to="b@people.example")
    Mail.objects.filter(pk=mail.pk).update(about=mail.pk)
    assert cancel_mails(mail.pk, "offer") == 1
    assert cancel_mails(mail.pk, "offer") == 0
    assert send_due() == 1
    assert set(Mail.objects.values_list("pk", "state")) == {(mail.pk, "cancelled"), (other.pk, "sent")}


def test_dead_server_is_tried_later_and_later_and_then_given_up(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.post.test_jobs.DeadServer"
    mail = _put(world)
    moment = clock.now()
    waits = []
    for _ in range(MOST_ATTEMPTS):
        with clock.moved_to(moment):
            assert send_due() == 0
        mail.refresh_from_db()
        waits.append((mail.not_before - moment) / MINUTE)
        moment = mail.not_before
    assert waits == [2, 4, 8, 16, 32]
    assert (mail.state, mail.attempts, mail.error) == (MailState.FAILED, MOST_ATTEMPTS, "111 refused")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with clock.moved_to(moment + MINUTE):
        assert send_due() == 0


@pytest.mark.parametrize(("purpose", "is_kept"), [("invitation", False), ("join", False), ("receipt", True)])
def test_the_secret_of_an_invitation_leaves_the_outbox_with_the_mail(world: World, purpose: str, is_kept: bool) -> None:
    text = "次のリンクを開いてください。\n\nhttps://renkei.example/accounts/invitation/ひみつ-abc/\n\n心当たりがなければ捨ててください。"
    mail = put_mail(by=world.desk, to="new@people.example", subject="招待", text=text, purpose=purpose)
    assert mail is not None
    assert send_due() == 1
    (letter,) = letters.outbox
    assert "ひみつ-abc" in letter.body  # who is invited reads it
    mail.refresh_from_db()
    assert ("ひみつ-abc" in mail.text) is is_kept
    assert "心当たりがなければ" in mail.text


def test_the_secret_of_an_invitation_that_was_given_up_is_gone_too(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.post.test_jobs.DeadServer"
    mail = put_mail(by=world.desk, to="new@people.example", subject="招待", text="https://renkei.example/join/abc/", purpose="join")
    assert mail is not None
    moment = clock.now()
    for turn in range(MOST_ATTEMPTS):
        with clock.moved_to(moment):
            send_due()
        mail.refresh_from_db()
        moment = mail.not_before
        assert ("join/abc" in mail.text) is (turn + 1 < MOST_ATTEMPTS)  # needed for the next try, until there is none
    assert mail.state == MailState.FAILED


def test_recovered_server_gets_the_mail(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.post.test_jobs.DeadServer"
    mail = _put(world)
    send_due()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with clock.moved_to(clock.now() + 3 * MINUTE):
        assert send_due() == 1
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (MailState.SENT, 2)


def test_crash_between_sending_and_marking_sends_again_under_the_same_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = _put(world)

    def die(_self: Mail, **_options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Mail, "save", die)
        with pytest.raises(KeyboardInterrupt):
            send_due()
    mail.refresh_from_db()
    assert mail.state == MailState.WAITING
    assert send_due() == 1
    ids = [letter.extra_headers["Message-ID"] for letter in letters.outbox]
    assert ids == [mail.message_id, mail.message_id]


def test_sent_mail_must_say_when(world: World) -> None:
    mail = _put(world)
    with pytest.raises(DatabaseError, match="mail_sent_has_time"), transaction.atomic():
        Mail.objects.filter(pk=mail.pk).update(state="sent")


@pytest.mark.storm
def test_two_workers_send_each_mail_once(committed_world: World, login: Any) -> None:
    for number in range(12):
        _put(committed_world, to=f"{number}@people.example")
    gate = threading.Barrier(2)
    counts: list[int] = []

    def work() -> None:
        gate.wait()
        try:
            counts.append(send_due())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 12
    assert sorted(letter.to[0] for letter in letters.outbox) == sorted(f"{number}@people.example" for number in range(12))


@pytest.mark.storm
def test_worker_login_sends_and_web_login_does_not(committed_world: World, login: Any) -> None:
    """``ctx_kind()`` believes ``system`` from the worker's login only."""
    _put(committed_world)
    with login("web"):
        assert send_due() == 0
        with acting(SYSTEM):
            assert Mail.objects.count() == 0
    with login("worker"):
        assert send_due() == 1


@pytest.mark.storm
def test_bodies_see_the_mails_they_sent_or_get(committed_world: World, login: Any) -> None:
    world = committed_world
    mail = _put(world)
    with login("web"):
        seen = {}
        for body in (DESK, LAB, "hibari-bank"):
            with acting(world.actor(body)):
                seen[body] = [one.pk for one in Mail.objects.all()]
        with acting(world.lab), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute("DELETE FROM post_mail")
    assert seen == {DESK: [mail.pk], LAB: [mail.pk], "hibari-bank": []}


def test_example_mails_go_to_the_screen(world: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = "renkei.post.screen.Mailbox"
    _put(world)
    assert send_due() == 1
    assert list(ScreenMail.objects.values_list("to", "subject", "text")) == [
        ("koide@people.example", "県-26-0001", "画面で答えてください。")
    ]
    assert letters.outbox == []


def test_every_worker_task_runs_twice_without_harm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # this test's own must stay open
    _put(world)
    for _ in range(2):
        tasks.send_mails(0)
        tasks.run_clocks(0)
        tasks.refresh_index()
    assert len(letters.outbox) == 1
    assert jobs.send_due() == 0
