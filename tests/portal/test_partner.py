"""The pages of somebody a case was opened to, of the body that opens it, and what the firm sees of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.cases.actions.openings import open_to
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Opening, PartnerNote
from renkei.post.models import Mail
from tests.portal.firms import account, client, registered
from tests.portal.scene import BANK, LAB, SUMMARY, WORDS, Firm, running
from tests.world import World

FORM = {"kind": "inside", "name": "研究 花子", "organisation": "ひばり大学", "email": "hanako@daigaku.example",
        "classes": ["summary", "technical"], "purpose": "計り方", "until": ""}  # fmt: skip


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def staff(firm: Firm, body: str = LAB) -> Client:
    made = Client()
    made.force_login(firm.world.people[body])
    return made


def desk_url(firm: Firm, body: str = LAB) -> str:
    return reverse("desk-openings", kwargs={"body": body, "case": firm.case_id})


def partner_url() -> str:
    return "/partner/" + Mail.objects.filter(text__contains="/partner/").latest("made_at").text.split("/partner/")[1].split("\n")[0]


@pytest.mark.covers("C12", "C85")
def test_a_body_hands_a_case_to_its_researcher_who_accepts_and_reads(firm: Firm) -> None:
    file = add_file(firm.case, by=firm.world.lab, name="図.txt", data="図です".encode())
    assert "まだだれにも開いていません" in text_of(staff(firm).get(desk_url(firm)))
    assert staff(firm).post(desk_url(firm), FORM).status_code == 302
    url = partner_url()
    shown = text_of(Client().get(url))
    assert "読む前の約束" in shown
    assert firm.case.title not in shown
    assert "約束に印を付けてください" in text_of(Client().post(url))
    assert not Event.objects.filter(verb="read", actor_kind="partner").exists()
    shown = text_of(Client().post(url, {"agree": "on"}, follow=True))
    assert SUMMARY in shown
    assert WORDS not in shown
    assert "図.txt" in shown
    assert Event.objects.filter(verb="read", actor_kind="partner").count() == 1
    assert b"".join(Client().get(f"{url}file/{file.pk}/").streaming_content).decode() == "図です"
    assert Event.objects.filter(verb="read", actor_kind="partner").count() == 2
    assert "伝えたいことを書いてください。" in text_of(Client().post(f"{url}write/", {"text": ""}))
    assert Client().post(f"{url}write/", {"text": "温度は何度ですか"}).status_code == 302
    assert PartnerNote.objects.get().text == "温度は何度ですか"
    assert "温度は何度ですか" in text_of(staff(firm).get(desk_url(firm)))


@pytest.mark.covers("C18", "C36")
def test_the_firm_is_asked_by_name_sees_who_read_and_shuts_it(firm: Firm) -> None:
    who = account(registered(firm))
    staff(firm).post(desk_url(firm), FORM | {"kind": "outside", "organisation": "ひばり病院"})
    opening = Opening.objects.get()
    sight = reverse("portal-sight", kwargs={"company": who.company_id})
    answer = reverse("portal-case-opening", kwargs={"company": who.company_id, "case": firm.case_id, "opening": opening.pk})
    assert "見せてよいかのおたずね：" in text_of(client(who).get(sight))
    assert "ひばり病院の研究 花子さんに見せてよいですか" in text_of(client(who).get(answer))
    assert "「見せてよい」か「見せない」を選んでください。" in text_of(client(who).post(answer))
    assert client(who).post(answer, {"answer": "yes"}).status_code == 302
    url = partner_url()
    Client().post(url, {"agree": "on"}, follow=True)
    shown = text_of(client(who).get(sight))
    assert "だれがいつ読んだかを見る" in shown
    assert "ひばり病院 研究 花子" in shown
    assert "研究 花子" in text_of(Client().get(firm.url()))
    assert client(who).post(answer).status_code == 302
    assert Client().get(url).status_code == 404
    assert client(who).get(answer).status_code == 404


def test_bad_input_keeps_what_was_typed_and_strangers_find_nothing(firm: Firm) -> None:
    shown = text_of(staff(firm).post(desk_url(firm), FORM | {"email": "x", "classes": ["summary", "financial"]}))
    assert 'value="研究 花子"' in shown
    assert "メールアドレスの形が違います。" in shown
    assert staff(firm, BANK).get(desk_url(firm, BANK)).status_code == 404
    assert staff(firm, BANK).post(desk_url(firm, BANK), FORM).status_code == 404
    assert not Opening.objects.exists()


def test_the_body_writes_back_and_shuts(firm: Firm) -> None:
    opening = open_to(firm.case, by=firm.world.lab, kind="inside", name="研究 花子", organisation="ひばり大学",
                      email="hanako@daigaku.example", classes=["summary"])
    of = {"body": LAB, "case": firm.case_id, "opening": opening.pk}
    staff(firm).post(reverse("desk-opening-write", kwargs=of), {"text": ""})
    assert not PartnerNote.objects.exists()
    staff(firm).post(reverse("desk-opening-write", kwargs=of), {"text": "40度です"})
    assert PartnerNote.objects.get().from_partner is False
    url = partner_url()
    staff(firm).post(reverse("desk-opening-shut", kwargs=of))
    assert Client().get(url).status_code == 404
    assert "閉じました" in text_of(staff(firm).get(desk_url(firm)))
