"""What a firm can do on its page in every state of its case: done, or refused in words with the input kept and nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from renkei.audit.models import Event
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.triage import ask_company
from renkei.cases.models import Attachment, Case, Consent, Message, Support, Transition
from renkei.companies.models import CompanyAccess
from renkei.post.models import Link, Mail
from tests.desk.pages import HOSTILE
from tests.portal.firms import account, client, registered
from tests.portal.scene import CENTER, LAB, Firm, asked, came, running
from tests.world import DESK, World


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def kept(case: Any) -> tuple[Any, ...]:
    return (Case.objects.filter(pk=case).values().get(), *(one.objects.count() for one in (Message, Attachment, Transition, Mail)),
            Event.objects.exclude(verb="read").count(), Consent.objects.filter(withdrawn_at=None).count())


def sent(browser: Client, url: str, data: dict[str, Any]) -> str:
    """``done``, ``kept`` (the page again with what was typed), or the number of the answer; taken back afterwards."""
    point = transaction.savepoint()
    try:
        answer = browser.post(url, data)
    finally:
        transaction.savepoint_rollback(point)
    return {302: "done", 200: "kept"}.get(answer.status_code, str(answer.status_code))


def acts(case: Case) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "write": ("write", {"text": "様子が変わりました。"}), "answer": ("answer", {"answer-text": "30センチです。"}),
        "file": ("file", {"file": SimpleUploadedFile("図.txt", "図です".encode())}), "standing": ("standing", {"classes": ["summary"]}),
        "end": ("end", {"text": "自分で直せた"}), "unsolved": ("unsolved", {"text": "まだ狂う"}),
        "feedback": ("feedback", {"result": "solved", "satisfaction": "4", "words": ""}),
        "summary": ("summary", {"version": str(case.version)}),
    }  # fmt: skip


def put(world: World, state: str) -> tuple[Firm, CompanyAccess]:
    """A case in a state, and somebody of its firm with an account."""
    firm = {"asked": asked, "running": running}.get(state, came)(world)
    who = account(registered(firm))
    if state.startswith("closed"):
        close_case(firm.case, by=world.desk, reason="solved", words="済んだ", result="solved", needs="settled")
    if state == "closed and told":
        Client().post(firm.url("feedback"), {"result": "solved", "satisfaction": "5", "words": ""})
    return firm, who


GOING = {"write": "done", "answer": "done", "file": "done", "standing": "done", "end": "done", "unsolved": "done", "feedback": "kept", "summary": "done"}
ENDED = {"write": "kept", "answer": "kept", "file": "kept", "standing": "done", "end": "kept", "unsolved": "done", "feedback": "done", "summary": "409"}
TABLE = {"arrived": GOING, "asked": GOING, "running": GOING, "closed": ENDED, "closed and told": ENDED}


@pytest.mark.parametrize("state", TABLE)
def test_every_act_in_every_state_through_both_doors(world: World, state: str) -> None:
    firm, who = put(world, state)
    before = kept(firm.case_id)
    for browser, url in ((Client(), firm.url), (client(who), lambda act: f"/firm/{who.company_id}/case/{firm.case_id}/{act}/")):
        got = {name: sent(browser, url(act), data) for name, (act, data) in acts(firm.case).items()}
        assert got == TABLE[state]
        assert kept(firm.case_id) == before


LONG = "あ" * 4001
WORDS = [("write", "text"), ("end", "text"), ("unsolved", "text")]


@pytest.mark.parametrize(("act", "field"), WORDS)
def test_what_is_too_long_is_said_and_stays_in_the_form(world: World, act: str, field: str) -> None:
    firm = running(world)
    before = kept(firm.case_id)
    page = Client().post(firm.url(act), {field: LONG}).content.decode()
    assert "4,000字までです（いま4,001字）。短くするか、ファイルで付けてください。" in page
    assert LONG in page
    assert kept(firm.case_id) == before


@pytest.mark.parametrize("text", [HOSTILE, "𠮷\u202e野 葛\U000e0100", "%(x)s {{ y }} {% z %}", "一\r\n二\n\n三"])
def test_odd_words_are_shown_as_words_to_firm_and_staff(world: World, text: str) -> None:
    firm = running(world)
    assert Client().post(firm.url("write"), {"text": text}).status_code == 302
    said = Message.objects.get(from_company=True).text
    assert said == text.replace("\u202e", "").replace("\r\n", "\n")
    staff = Client()
    staff.force_login(world.people[LAB])
    for page in (Client().get(firm.url()), staff.get(f"/d/{LAB}/case/{firm.case_id}/")):
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
    assert all(text not in mail.text for mail in Mail.objects.exclude(purpose="receipt"))


FILES = [("x.exe", b"MZ" + b"\0" * 60), ("図.pdf", b"no pdf"), ("空.txt", b""), ("a.html", b"<script>alert(1)</script>"), ("a.svg", b"<svg onload=alert(1)>")]


def test_no_wrong_file_is_kept(world: World) -> None:
    firm = came(world)
    before = kept(firm.case_id)
    for name, data in FILES:
        answer = Client().post(firm.url("file"), {"file": SimpleUploadedFile(name, data)})
        assert (name, answer.status_code) == (name, 200)
        assert answer.context["file_error"]
    assert Client().post(firm.url("file")).context["file_error"] == "ファイルを選んでから、「送る」を押してください。"
    assert kept(firm.case_id) == before


def test_a_body_that_is_not_of_the_case_is_not_found_and_narrowing_is_whole(world: World) -> None:
    firm = running(world)
    before = kept(firm.case_id)
    for whom in ("hibari-bank", "nobody", DESK, "x" * 200):
        assert Client().get(firm.url("share", whom=whom)).status_code in {200, 404}
        if whom != DESK:
            assert Client().post(firm.url("share", whom=whom), {"classes": ["summary"]}).status_code == 404
    for wrong in (["technical"], ["financial"], ["gossip"], ["summary", "gossip"]):
        answer = Client().post(firm.url("share", whom=LAB), {"classes": wrong})
        assert list(answer.context["form"].errors) == ["classes"]
        assert answer.context["form"]["classes"].value() == wrong
    assert kept(firm.case_id) == before
    Client().post(firm.url("share", whom=LAB), {"classes": ["summary"]})
    live = Consent.objects.filter(case=firm.case_id, body_id=LAB, withdrawn_at=None)
    assert set(live.values_list("klass", flat=True)) == {"summary"}
    Client().post(firm.url("share", whom=LAB), {"classes": ["summary"]})  # twice changes nothing
    assert Consent.objects.filter(case=firm.case_id, body_id=LAB, withdrawn_at=None).count() == 1


def test_a_sight_that_cannot_be_changed_is_not_half_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Giving one class and then failing at another would leave what the firm never asked for."""
    from renkei.base.refusal import Refused
    from renkei.portal.status import acts as module

    firm = running(world)
    before = set(Consent.objects.values_list("body_id", "klass", "withdrawn_at"))

    def no(*_args: Any, **_more: Any) -> None:
        raise Refused("いまは変えられません。", "not_now")

    monkeypatch.setattr(module, "withdraw_consent", no)
    answer = Client().post(firm.url("share", whom=LAB), {"classes": ["summary", "financial"]})
    assert "いまは変えられません。" in answer.content.decode()
    assert set(Consent.objects.values_list("body_id", "klass", "withdrawn_at")) == before


@pytest.mark.parametrize("of", ["x", "6f0b61d2-5f0c-4a52-9c59-0d6b4f6b7a11", "' OR 1=1 --", "\x00"])
def test_another_case_in_the_address_is_not_found(world: World, of: str) -> None:
    firm, other = running(world), came(world)
    for url in (f"{firm.url()}?of={of}", f"{firm.url()}?of={other.case_id}"):
        assert Client().get(url).status_code == 404
    before = kept(other.case_id)
    assert Client().post(firm.url("write"), {"text": "よそへ", "of": str(other.case_id)}).status_code == 404
    assert kept(other.case_id) == before


def test_a_revoked_link_is_dead_at_the_next_request_for_every_act(world: World) -> None:
    firm = running(world)
    ask_company(firm.case, ["どの温度で狂いますか。"], by=world.lab)
    browser = Client()
    assert browser.get(firm.url()).status_code == 200
    Link.objects.filter(purpose="status").update(closed_at=firm.case.arrived_at)
    before = kept(firm.case_id)
    assert browser.get(firm.url()).status_code == 404
    assert {browser.post(firm.url(act), data).status_code for act, data in acts(firm.case).values()} == {404}
    assert kept(firm.case_id) == before


def test_reading_the_page_names_no_staff_words_about_others(world: World) -> None:
    firm = running(world)
    page = Client().get(firm.url()).content.decode()
    assert "前にもめたことがある" not in page
    assert Support.objects.get(body_id=CENTER).state == "declined"
