"""kill -9 in the middle: what was acknowledged is kept, what was not leaves nothing behind (P4)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from renkei.cases.models import Case, Consultation, Register
from renkei.post.models import Mail
from tests.cases.making import arrived
from tests.world import World

pytestmark = [pytest.mark.long, pytest.mark.storm]

SEND = "import django; django.setup(); from renkei.post.jobs import send_due; print(send_due(), flush=True)"
RECEIVE = """
import sys, time, django; django.setup()
from django.db import transaction
from renkei.accounts.models import Membership
from renkei.base.actor import staff
from renkei.base.context import acting
from renkei.cases.actions.intake import receive
from renkei.plan.models import Body
from tests.cases.making import said
body, when = sys.argv[1:]
person = Membership.objects.get(body_id=body).person
actor = staff(person.pk, body, person.name)
with acting(actor):
    number = receive(said(), by=actor, body=Body.objects.get(pk=body)).case.number
    if when == "before":
        print("stored, not committed", flush=True)
        time.sleep(60)
print(number, flush=True)
time.sleep(60)
"""


def start(program: str, *arguments: str, part: str, **more: str) -> subprocess.Popen[str]:
    """Start a program of its own on the test's database, as the web or the worker login."""
    name = connection.settings_dict["NAME"]
    urls = {key: os.environ[key].rsplit("/", 1)[0] + f"/{name}" + _query(os.environ[key])
            for key in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}  # fmt: skip
    settings = {"DJANGO_SETTINGS_MODULE": "renkei.config.settings.test", "RENKEI_LOGIN": part}
    environment = {**os.environ, **urls, **settings, **more}
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", program, *arguments], env=environment, text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def _query(url: str) -> str:
    tail = url.rsplit("/", 1)[1]
    return "?" + tail.split("?", 1)[1] if "?" in tail else ""


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=20)


def wait_for(path: Path) -> None:
    for _ in range(300):
        if path.exists() and path.read_text():
            return
        time.sleep(0.1)
    raise AssertionError("the worker never came to send")


def test_killed_while_sending_sends_again_under_one_message_id(committed_world: World, tmp_path: Path) -> None:
    case, log = arrived(committed_world).case, tmp_path / "sent"
    mail = Mail.objects.get()
    how = {"RENKEI_MAIL": "tests.storm.slow_mail.Backend", "STORM_LOG": str(log)}
    hanging = start(SEND, part="worker", STORM_HANG="1", **how)
    try:
        wait_for(log)
    finally:
        kill(hanging)
    mail.refresh_from_db()
    assert (mail.state, Case.objects.get().number) == ("waiting", case.number)
    again = start(SEND, part="worker", **how)
    out, error = again.communicate(timeout=60)
    assert (again.returncode, out.strip()) == (0, "1"), error
    mail.refresh_from_db()
    assert mail.state == "sent"
    assert log.read_text().split() == [mail.message_id] * 2  # the receiving side sees one message
    last = start(SEND, part="worker", **how)
    assert last.communicate(timeout=60)[0].strip() == "0"


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_commit(committed_world: World, when: str) -> None:
    process = start(RECEIVE, str(committed_world.desk.body), when, part="web")
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    kill(process)
    if when == "after":
        assert (said, [case.number for case in Case.objects.all()]) == ("県 8-0001", ["県 8-0001"])
        assert (Consultation.objects.count(), Mail.objects.filter(purpose="receipt").count()) == (1, 1)
    else:
        assert said == "stored, not committed"
        for rows in (Case, Consultation, Mail, Register):
            assert not rows.objects.exists()
        assert arrived(committed_world).case.number == "県 8-0001"


def test_two_workers_send_each_mail_once(committed_world: World, tmp_path: Path) -> None:
    for _ in range(6):
        arrived(committed_world)
    log = tmp_path / "sent"
    how: dict[str, Any] = {"RENKEI_MAIL": "tests.storm.slow_mail.Backend", "STORM_LOG": str(log)}
    workers = [start(SEND, part="worker", **how) for _ in range(2)]
    counts = [int(worker.communicate(timeout=60)[0].strip()) for worker in workers]
    assert sum(counts) == 6
    assert sorted(log.read_text().split()) == sorted(mail.message_id for mail in Mail.objects.all())
