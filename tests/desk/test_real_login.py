"""From the telephone to a recalled offer under the web login: the policies of the database let the desk work."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base.context import acting
from renkei.cases.models import Case, Contact, Support
from tests.desk.proposed import proposal
from tests.desk.scene import WORDS
from tests.world import BANK, DESK, LAB, World

TESTS = "p2-equipment-tests-hibari-lab"


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def url(name: str, body: str = DESK, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


@pytest.mark.covers("C92")
def test_call_triage_send_and_recall(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.desk.triage.page.propose", lambda text, **_: proposal(text))
    world = committed_world
    desk, lab, bank = (client(world, body) for body in (DESK, LAB, BANK))
    with login("web"):
        made = desk.post(url("desk-company-new"), {"name": "まぼろし精機株式会社", "phone": "047-400-0000"})
        company = made.url.split("/")[-2]
        typed = {"do": "save", "text": WORDS, "after": "back", "company": company, "person_given": "本郷 理恵",
                 "share_classes": ["summary", "technical"], "share_with": [LAB]}  # fmt: skip
        saved = desk.post(url("desk-call"), typed)
        assert saved.status_code == 302
        with acting(world.desk):
            case = Case.objects.get()
        assert desk.post(url("desk-call-back", case=case.pk), {"do": "absent"}).status_code == 302
        assert desk.post(url("desk-call-back", case=case.pk), {"do": "talked"}).status_code == 302
        for page in ("desk-today", "desk-inbox", "desk-companies"):
            assert "まぼろし精機" in desk.get(url(page)).content.decode()
            assert "まぼろし精機" not in bank.get(url(page, BANK)).content.decode()
        triage = url("desk-triage", case=case.pk)
        summary = {"do": "summary", "summary_title": "水質計を発売したい", "summary": "養殖場の水質計。", "summary_seen": "1"}
        assert desk.post(triage, summary).status_code == 302
        tick = {"pick": [TESTS], f"{TESTS}-ask": "落下試験をお願いします", f"{TESTS}-classes": ["technical"], f"{TESTS}-due_on": ""}
        assert desk.post(triage, tick | {"do": "save"}).status_code == 302
        assert desk.post(triage, tick | {"do": "send"}).status_code == 302
        with acting(world.desk):
            support = Support.objects.get()
            assert (support.state, support.classes) == ("offered", ["summary", "technical"])
            assert list(Contact.objects.order_by("recorded_at").values_list("outcome", flat=True)) == ["absent", "talked"]
        assert lab.get(url("desk-triage", LAB, case=case.pk)).status_code == 404  # it has not left yet
        assert desk.post(triage, {"do": f"recall:{support.pk}"}).status_code == 302
        with acting(world.desk):
            assert Support.objects.get().state == "recalled"
        for name in ("desk-call-back", "desk-triage", "desk-set-aside", "desk-keep"):
            assert bank.get(url(name, BANK, case=case.pk)).status_code == 404


@pytest.mark.covers("C92")
def test_a_body_takes_keeps_and_closes_its_own(committed_world: World, login: Any) -> None:
    lab = client(committed_world, LAB)
    with login("web"):
        typed = {"do": "save", "text": WORDS, "after": "answered", "answer": "試料を送っていただくよう伝えた"}
        assert lab.post(url("desk-call", LAB), typed).status_code == 302
        with acting(committed_world.lab):
            assert list(Case.objects.values_list("state", "close_reason", "holder")) == [("closed", "solved", LAB)]
        with acting(committed_world.bank):
            assert not Case.objects.exists()
