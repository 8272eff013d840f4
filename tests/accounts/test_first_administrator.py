"""The first administrator of a body is invited by a command: once, by mail or by a printed link, and never beside another."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from renkei.accounts.commands import invite_administrator
from renkei.accounts.models import Invitation, Membership
from renkei.audit.models import Event
from renkei.plan.models import Body
from renkei.post.models import Mail
from renkei.run.cli import main
from tests.world import BANK, CENTER, DESK, World

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def empty(world: World) -> Body:
    """A body of the plan in which nobody is yet."""
    Membership.objects.filter(body_id=CENTER, person=world.people[CENTER]).delete()
    return Body.objects.get(pk=CENTER)


def test_invited_by_mail_and_let_in_as_administrator(empty: Body, capsys: Capture) -> None:
    assert invite_administrator(empty.pk, " First@Body.example", name="初め 一", show_link=True) == 0
    said = capsys.readouterr()
    made = Invitation.objects.get()
    assert (made.email, made.name, made.is_admin, made.body, said.err) == ("first@body.example", "初め 一", True, empty, "")
    link = said.out.splitlines()[-1]
    assert link in Mail.objects.get(purpose="invitation").text
    assert Event.objects.filter(verb="invitation.make").get().actor_kind == "system"
    page = Client().get(link.split("8000", 1)[-1] if "8000" in link else "/" + link.split("/", 3)[3])
    assert (page.status_code, "初め 一" in page.content.decode()) == (200, True)


def test_without_the_link_it_is_not_printed(empty: Body, capsys: Capture) -> None:
    assert invite_administrator(empty.pk, "first@body.example", show_link=False) == 0
    assert "http" not in capsys.readouterr().out
    assert Invitation.objects.get().name == "first"


def test_again_is_a_new_link_and_the_old_mail_does_not_leave(empty: Body, capsys: Capture) -> None:
    links = []
    for _time in range(2):
        assert invite_administrator(empty.pk, "first@body.example", show_link=True) == 0
        links.append(capsys.readouterr().out.splitlines()[-1])
    assert (len(set(links)), Invitation.objects.count()) == (2, 1)
    assert sorted(Mail.objects.values_list("state", flat=True)) == ["cancelled", "waiting"]
    assert [Client().get("/" + link.split("/", 3)[3]).status_code for link in links] == [404, 200]


@pytest.mark.parametrize(
    ("code", "email", "said"),
    [("nowhere", "a@b.example", "「nowhere」という機関は、いまの計画にありません。"), (DESK, "a@b.example", "もう管理者がいます。"),
     ("EMPTY", "まちがい", "メールアドレスの形ではありません。")],
)  # fmt: skip
def test_refused_in_words(empty: Body, capsys: Capture, code: str, email: str, said: str) -> None:
    assert invite_administrator(empty.pk if code == "EMPTY" else code, email, show_link=True) == 1
    shown = capsys.readouterr()
    assert (said in shown.err, shown.out, Invitation.objects.count()) == (True, "", 0)
    assert (BANK in shown.err) == (code == "nowhere")


def test_a_wrong_role_is_refused(empty: Body, monkeypatch: Any, capsys: Capture) -> None:
    import contextlib

    monkeypatch.setattr("renkei.run.ready.as_owner", contextlib.nullcontext)
    assert main(["administrator", empty.pk, "a@b.example", "--role", "king"]) == 1
    assert (capsys.readouterr().err != "", Invitation.objects.count()) == (True, 0)
    monkeypatch.delenv("RENKEI_SMTP_HOST", raising=False)
    assert main(["administrator", empty.pk, "a@b.example"]) == 0
    assert "http" in capsys.readouterr().out
    monkeypatch.setenv("RENKEI_SMTP_HOST", "mail.example")
    assert main(["administrator", empty.pk, "a@b.example"]) == 0
    assert "http" not in capsys.readouterr().out


def test_an_open_invitation_of_an_ordinary_member_is_not_turned_into_more(empty: Body, capsys: Capture) -> None:
    assert invite_administrator(empty.pk, "first@body.example", show_link=True) == 0
    Invitation.objects.update(is_admin=False)
    assert invite_administrator(empty.pk, "first@body.example", show_link=True) == 1
    assert "管理者でない招待" in capsys.readouterr().err
