"""A firm answers by mail: real SMTP out to its mailbox and back in, on loopback, and the desk reads it in the case."""

from __future__ import annotations

import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from renkei.run.postgres import free_port
from tests.browser.conftest import Site, _wait
from tests.browser.test_main_job import DESK

DOMAIN = "in.renkei.example"


class Box:
    """The mail server of the rest of the world: keeps what our instance sends."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        self.letters.append(message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def wait_for(self, to: str, words: str) -> EmailMessage:
        for _turn in range(90):
            for one in self.letters:
                if one["To"] == to and words in str(one["Subject"]):
                    return one
            time.sleep(1)
        raise AssertionError(f"no mail to {to}: {[(one['To'], str(one['Subject'])) for one in self.letters]}")


@dataclass
class Mailing:
    """An instance that sends and hears mail."""

    site: Site
    box: Box
    port_in: int


def _wait_for_door(port: int) -> None:
    """The pages may answer before the mail does."""
    for _turn in range(90):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            time.sleep(1)
        else:
            return
    raise AssertionError("nobody takes mail in")


@pytest.fixture(scope="module")
def mailing() -> Iterator[Mailing]:
    """Start an instance whose mail goes to a server of ours, and which listens for answers."""
    box = Box()
    out = Controller(box, hostname="127.0.0.1", port=free_port())
    out.start()
    home = Path(tempfile.mkdtemp(prefix="rk-mail-", dir="/var/tmp"))
    home.chmod(0o755)
    log, port, port_in = home / "serve.log", free_port(), free_port()
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("RENKEI_", "DATABASE_URL", "DJANGO_"))}
    environment = keep | {
        "PORT": str(port), "RENKEI_HOME": str(home), "RENKEI_EXAMPLE": "1", "RENKEI_MAIL_DOMAIN": DOMAIN,
        "RENKEI_MAIL_IN": f"127.0.0.1:{port_in}", "RENKEI_MAIL": "django.core.mail.backends.smtp.EmailBackend",
        "RENKEI_SMTP_HOST": "127.0.0.1", "RENKEI_SMTP_PORT": str(out.port),
    }  # fmt: skip
    with log.open("wb") as written:
        process = subprocess.Popen([sys.executable, "-m", "renkei.run.cli", "serve"], env=environment, stdout=written, stderr=written)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process, log)
        _wait_for_door(port_in)
        yield Mailing(Site(address, home, log), box, port_in)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        out.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def site(mailing: Mailing) -> Site:
    """The instance that hears mail, where the other browser tests have the common one."""
    return mailing.site


def _answer(mailing: Mailing, letter: EmailMessage, text: str, sender: str) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, letter["Reply-To"], f"Re: {letter['Subject']}"
    made["Message-ID"] = f"<{time.time_ns()}@firm.example>"
    quoted = "\n".join(f"> {line}" for line in letter.get_content().splitlines())
    made.set_content(f"{text}\n\n{quoted}\n", charset="iso-2022-jp")
    with smtplib.SMTP("127.0.0.1", mailing.port_in, timeout=20) as server:
        server.send_message(made)


def test_a_firm_answers_by_mail(mailing: Mailing, site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None],
                                no_axe_faults: Callable[[Any], None]) -> None:  # fmt: skip
    firm = new_page(360, 780)
    mail = f"reply{os.getpid()}@tameshi.example"
    firm.goto(f"{site.address}/")
    firm.fill("textarea[name=text]", "めっきの色むらが週に一度出ます。原因を見てほしいです。")
    firm.click("form.tell button.go")
    firm.fill("[name=company_given]", "株式会社ためし返信")
    firm.fill("[name=person_given]", "試野 一郎")
    firm.fill("[name=phone]", "04-7199-0001")
    firm.fill("[name=email]", mail)
    firm.click("form.tell button.go")
    firm.click("form.tell button.go")
    firm.click("form.tell button.go")
    firm.wait_for_url("**/receipt/")
    number = firm.inner_text(".receipt-no").strip()
    receipt = mailing.box.wait_for(mail, number)
    assert str(receipt["Reply-To"]).endswith(f"@{DOMAIN}")

    _answer(mailing, receipt, "写真をあとで送ります。色は青です。", mail)
    desk = new_page()
    sign_in(desk, DESK)
    desk.goto(f"{site.address}/d/pref/nudges/")
    assert number in desk.inner_text("main")
    no_axe_faults(desk)
    desk.locator(f"li:has-text('{number}') button[name=open]").first.click()
    desk.wait_for_url("**/case/**")
    words = desk.inner_text("main")
    assert "写真をあとで送ります。色は青です。" in words
    assert "届いたメールの全文.txt" in words
    case_url = desk.url

    _answer(mailing, receipt, "別の人が書いています。", "someone@elsewhere.example")
    desk.goto(f"{site.address}/d/pref/mails/in/")
    no_axe_faults(desk)
    desk.click("a.t:has-text('Re:')")
    no_axe_faults(desk)
    assert "送り主が違います" in desk.inner_text("main")
    desk.check("input[name=act][value=discard]", force=True)
    desk.fill("[name=reason]", "知らない人")
    desk.click("form button.go")
    assert "確かめを待っているメールはありません" in desk.inner_text("main")
    desk.goto(case_url)
    assert "別の人が書いています。" not in desk.inner_text("main")


def test_mail_for_others_is_refused(mailing: Mailing) -> None:
    with smtplib.SMTP("127.0.0.1", mailing.port_in, timeout=20) as server, pytest.raises(smtplib.SMTPRecipientsRefused):
        server.sendmail("a@x.example", ["someone@elsewhere.example"], "Subject: x\n\nx")
