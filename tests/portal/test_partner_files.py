"""A partner sends files to the body that opened the case, and is sent some; shutting ends it at the next request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.openings import MOST_FILES, open_to, send_partner_file, shut
from renkei.cases.models import Opening, PartnerFile
from renkei.post.links import open_link
from renkei.post.models import Mail, Nudge
from tests.portal.scene import BANK, DESK, LAB, Firm, running
from tests.portal.test_partner import FORM, partner_url, staff, text_of
from tests.world import World


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def paper(name: str = "測り方.txt", text: str = "常温で測ります") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def opened(firm: Firm) -> tuple[Opening, str, Actor]:
    """An opening of the lab to its researcher, who has accepted the terms."""
    made = open_to(firm.case, by=firm.world.lab, **FORM | {"until": None})
    url = partner_url()
    Client().post(url, {"agree": "on"})
    link = open_link(url.removeprefix("/partner/").rstrip("/"))
    assert link is not None
    return Opening.objects.get(pk=made.pk), url, Actor(ActorKind.PARTNER, link=link.id, name=link.recipient_name)


def desk_url(firm: Firm, name: str, opening: Opening, body: str = LAB, **more: Any) -> str:
    return reverse(f"desk-opening-{name}", kwargs={"body": body, "case": firm.case_id, "opening": opening.pk, **more})


def status(one: Client, path: str) -> int:
    answer = one.get(path)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer.status_code


def rows() -> list[tuple[str, bool, str]]:
    return [(one.name, one.from_partner, one.author_name) for one in PartnerFile.objects.order_by("added_at")]


@pytest.mark.covers("C12", "C85")
def test_there_and_back(world: World) -> None:
    firm = running(world)
    opening, url, _partner = opened(firm)
    before = Mail.objects.filter(purpose="partner").count()
    assert Client().post(f"{url}send/", {"file": paper()}).status_code == 302
    assert Client().post(f"{url}send/", {"file": paper()}).status_code == 302  # a second press
    assert staff(firm).post(desk_url(firm, "send", opening), {"file": paper("条件.txt", "十度です")}).status_code == 302
    assert rows() == [("測り方.txt", True, "研究 花子"), ("条件.txt", False, world.people[LAB].name)]
    assert Event.objects.filter(verb="opening.file").count() == 2
    assert Mail.objects.filter(purpose="partner").count() == before + 1
    assert Nudge.objects.filter(kind="partner", body=LAB, person=world.people[LAB].pk).count() == 1  # a second press tells nothing
    first, second = PartnerFile.objects.order_by("added_at")
    page = text_of(staff(firm).get(reverse("desk-openings", kwargs={"body": LAB, "case": firm.case_id})))
    assert ("測り方.txt" in page, "条件.txt" in page) == (True, True)
    got = staff(firm).get(desk_url(firm, "sent", opening, sent=first.pk))
    assert b"".join(got.streaming_content).decode() == "常温で測ります"
    assert f"cases.case:{firm.case_id}" in Event.objects.filter(verb="read").latest("pk").objects_touched
    assert b"".join(Client().get(f"{url}sent/{second.pk}/").streaming_content).decode() == "十度です"
    assert "条件.txt" in text_of(Client().get(url))


def test_what_is_wrong_is_said_and_the_page_stays(world: World) -> None:
    firm = running(world)
    opening, url, _partner = opened(firm)
    assert "ファイルを選んでから" in text_of(Client().post(f"{url}send/"))
    assert 'id="file-err"' in Client().post(f"{url}send/", {"file": paper("空.txt", "")}).content.decode()
    assert staff(firm).post(desk_url(firm, "send", opening)).status_code == 302
    assert rows() == []


def test_shut_ends_it_at_the_next_request_and_other_bodies_see_none(world: World) -> None:
    firm = running(world)
    opening, url, partner = opened(firm)
    send_partner_file(opening, name="測り方.txt", data=b"x", by=partner)
    one = PartnerFile.objects.get()
    for body, answer in ((LAB, 200), (DESK, 404), (BANK, 404)):
        assert status(staff(firm, body), desk_url(firm, "sent", opening, body, sent=one.pk)) == answer
    assert staff(firm, DESK).post(desk_url(firm, "send", opening, DESK), {"file": paper()}).status_code in {302, 404}
    shut(opening, by=world.lab)
    assert {Client().get(f"{url}sent/{one.pk}/").status_code, Client().post(f"{url}send/", {"file": paper("二.txt")}).status_code} == {404}
    staff(firm).post(desk_url(firm, "send", opening), {"file": paper("三.txt")})
    assert rows() == [("測り方.txt", True, "研究 花子")]
    assert status(staff(firm), desk_url(firm, "sent", opening, sent=one.pk)) == 200  # what came stays with the body


@pytest.mark.parametrize("code", ["not_allowed", "shut", "terms", "too_many_files", "file_empty"])
def test_refused(world: World, code: str) -> None:
    firm = running(world)
    opening, _url, partner = opened(firm)
    by: Actor = partner
    if code == "not_allowed":
        by = world.bank
    if code == "shut":
        by = world.lab
        Opening.objects.update(ended_at=clock.now())
    if code == "terms":
        Opening.objects.update(accepted_at=None)
    if code == "too_many_files":
        for number in range(MOST_FILES):
            send_partner_file(opening, name=f"{number}.txt", data=str(number).encode(), by=partner)
    before = PartnerFile.objects.count()
    with pytest.raises(Refused) as refusal, transaction.atomic():
        send_partner_file(opening, name="x.txt", data=b"" if code == "file_empty" else b"x", by=by)
    assert (refusal.value.code, PartnerFile.objects.count()) == (code, before)


def test_the_database_says_the_same(committed_world: World, login: Any) -> None:
    world = committed_world
    firm = running(world)
    opening, _url, partner = opened(firm)
    other = open_to(firm.case, by=world.lab, **FORM | {"until": None, "email": "jiro@daigaku.example", "name": "研究 次郎"})
    with login("web"), acting(partner):
        made = send_partner_file(opening, name="測り方.txt", data=b"x", by=partner)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            PartnerFile.objects.create(opening=other, name="x", media_type="text/plain", size=1, sha256="0" * 64, from_partner=True,
                                       author_name="x", added_at=clock.now())  # fmt: skip
        assert PartnerFile.objects.filter(pk=made.pk).update(name="y") == 0
    for actor in (world.lab, world.desk, world.bank, partner):
        with login("web"), acting(actor):
            assert list(PartnerFile.objects.all()) == list(PartnerFile.objects.visible_to(actor)) == ([made] if actor in (world.lab, partner) else [])
    Opening.objects.filter(pk=opening.pk).update(ended_at=clock.now())
    with login("web"), acting(partner):
        assert (list(PartnerFile.objects.all()), list(PartnerFile.objects.visible_to(partner))) == ([], [])
