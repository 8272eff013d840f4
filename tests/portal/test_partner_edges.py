"""A partner's door: terms before anything, one opening and no more, odd words, and shut at the very next request."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.openings import open_to, shut
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Attachment, Case, Opening, PartnerNote, Passage
from renkei.companies.models import Company
from renkei.post.models import Link, Mail, Nudge
from tests.desk.pages import HOSTILE
from tests.portal.scene import SUMMARY, WORDS, Firm, running
from tests.portal.test_partner import partner_url, text_of
from tests.world import LAB, World

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def opened(firm: Firm, name: str = "研究 花子", email: str = "hanako@daigaku.example", *, accept: bool = True, **more: Any) -> tuple[Opening, str]:
    given = {"kind": "inside", "organisation": "ひばり大学", "classes": ["summary", "technical"]} | more
    made = open_to(firm.case, by=firm.world.lab, name=name, email=email, **given)
    url = partner_url()
    if accept:
        assert Client().post(url, {"agree": "on"}).status_code == 302
    return made, url


def kept() -> tuple[int, ...]:
    return (PartnerNote.objects.count(), Mail.objects.count(), Event.objects.exclude(verb="read").count(), Link.objects.filter(closed_at=None).count())


@pytest.mark.covers("C12", "C18")
class TestTheDoor:
    def test_before_the_terms_nothing_is_shown_written_or_given(self, firm: Firm) -> None:
        file = add_file(firm.case, by=firm.world.lab, name="図.txt", data="図です".encode())
        _opening, url = opened(firm, accept=False)
        before = kept()
        for answer in (Client().get(url), Client().post(url), Client().post(url, {"agree": ""}), Client().post(f"{url}write/", {"text": "見せて"}),
                       Client().post(f"{url}write/", {"text": ""}), Client().get(f"{url}file/{file.pk}/")):  # fmt: skip
            assert answer.status_code in {200, 404, 409}
            assert SUMMARY not in answer.content.decode()
            assert firm.case.title not in answer.content.decode()
        assert kept() == before
        assert not Event.objects.filter(verb="read", actor_kind="partner").exists()

    def test_it_never_names_the_firm(self, firm: Firm) -> None:
        _opening, url = opened(firm)
        page = Client().get(url).content.decode()
        for secret in ("まぼろし計測", "髙梨", "0471-00-0001", "mei@maboroshi.example", WORDS[:12], firm.case.number):
            if secret == firm.case.number:
                continue
            assert secret not in page, secret
        assert Company.objects.count() == 0 or "まぼろし" not in page

    def test_forged_foreign_and_other_links_are_not_found(self, firm: Firm) -> None:
        _opening, url = opened(firm)
        token = url.split("/")[2]
        for made_up in (f"/partner/{token[:-2]}xx/", "/partner/x/", f"/partner/{'a' * 500}/", f"/partner/{firm.token}/", "/partner/%00/"):
            assert (Client().get(made_up).status_code, Client().post(made_up, {"agree": "on"}).status_code) == (404, 404)
        for other in (f"/status/{token}/", f"/join/{token}/", f"/consent/{token}/"):
            assert Client().get(other).status_code == 404

    def test_two_partners_of_one_case_do_not_meet(self, firm: Firm) -> None:
        _first, one = opened(firm)
        _second, two = opened(firm, "試験 太郎", "taro@daigaku.example")
        Client().post(f"{one}write/", {"text": "花子だけの話"})
        assert "花子だけの話" in text_of(Client().get(one))
        assert "花子だけの話" not in text_of(Client().get(two))
        assert "研究 花子" not in text_of(Client().get(two))

    def test_a_file_of_another_class_or_case_is_not_given(self, firm: Firm) -> None:
        other = running(firm.world)
        _opening, url = opened(firm, classes=["summary"])
        technical = add_file(firm.case, by=firm.world.lab, name="図.txt", data="図です".encode())
        foreign = add_file(other.case, by=firm.world.desk, name="よそ.txt", data="よそ".encode(), klass="summary")
        mine = add_file(firm.case, by=firm.world.lab, name="要約.txt", data="要約".encode(), klass="summary")
        got = {name: Client().get(f"{url}file/{pk}/").status_code for name, pk in
               (("technical", technical.pk), ("foreign", foreign.pk), ("none", uuid.uuid4()))}  # fmt: skip
        assert got == {"technical": 404, "foreign": 404, "none": 404}
        answer = Client().get(f"{url}file/{mine.pk}/")
        assert answer["Content-Disposition"].startswith("attachment;")
        assert b"".join(answer.streaming_content).decode() == "要約"
        assert Attachment.objects.count() == 3

    def test_shut_is_shut_for_page_file_and_words(self, firm: Firm) -> None:
        opening, url = opened(firm)
        file = add_file(firm.case, by=firm.world.lab, name="図.txt", data="図です".encode())
        assert Client().get(url).status_code == 200
        shut(opening, by=firm.world.lab)
        before = kept()
        assert {Client().get(url).status_code, Client().post(url, {"agree": "on"}).status_code, Client().get(f"{url}file/{file.pk}/").status_code,
                Client().post(f"{url}write/", {"text": "まだ"}).status_code} == {404}  # fmt: skip
        assert kept() == before

    @pytest.mark.parametrize(("moment", "status"), [(clock.at(dt.date(2027, 3, 31), 23, 59), 200), (clock.at(dt.date(2027, 4, 1), 0), 404)])
    def test_the_last_day_ends_at_midnight_in_tokyo(self, firm: Firm, moment: dt.datetime, status: int) -> None:
        _opening, url = opened(firm, until=dt.date(2027, 3, 31))
        with clock.moved_to(moment):
            assert Client().get(url).status_code == status

    def test_an_account_of_a_body_does_not_widen_the_link(self, firm: Firm) -> None:
        _opening, url = opened(firm, classes=["summary"])
        Passage.objects.create(case=firm.case, klass="technical", text="配合の秘密", author_body_id=LAB, written_at=clock.now())
        lab = Client()
        lab.force_login(firm.world.people[LAB])
        assert "配合の秘密" not in text_of(lab.get(url))


class TestWriting:
    @pytest.mark.parametrize("text", ["", " ", "　\n", "\u200b\u202e", "あ" * 4001])
    def test_what_does_not_hold_is_said_and_kept(self, firm: Firm, text: str) -> None:
        _opening, url = opened(firm)
        before = kept()
        answer = Client().post(f"{url}write/", {"text": text})
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == ["text"]
        assert answer.context["form"]["text"].value() == text
        assert kept() == before

    @pytest.mark.parametrize("text", [HOSTILE, "𠮷野家の葛\U000e0100", "あ" * 4000, "%(name)s {0} {{ x }}", "=cmd|' /C calc'!A0"])
    def test_odd_words_arrive_as_words(self, firm: Firm, text: str) -> None:
        _opening, url = opened(firm)
        assert Client().post(f"{url}write/", {"text": text})["Location"] == url
        assert PartnerNote.objects.get().text == text
        page = Client().get(url).content.decode()
        assert "<script>alert" not in page
        told = Nudge.objects.filter(kind="partner").latest("made_at")
        assert (text in told.words, text in told.title, told.body) == (False, False, LAB)

    def test_a_get_writes_nothing_but_the_reading(self, firm: Firm) -> None:
        _opening, url = opened(firm)
        before = kept()
        for _time in range(3):
            assert Client().get(url).status_code == 200
        assert Client().get(f"{url}write/").status_code == 405
        assert kept() == before
        assert Event.objects.filter(verb="read", actor_kind="partner").count() == 3


def test_the_page_costs_the_same_with_one_row_and_three(firm: Firm) -> None:
    _opening, url = opened(firm)

    def more(number: int) -> None:
        add_file(firm.case, by=firm.world.lab, name=f"{number}.txt", data=f"{number}".encode())
        Passage.objects.create(case=firm.case, klass="technical", text=f"話{number}", author_body_id=LAB, written_at=clock.now())
        Client().post(f"{url}write/", {"text": f"問い{number}"})

    more(0)
    with CaptureQueriesContext(connection) as one:
        Client().get(url)
    more(1)
    more(2)
    with CaptureQueriesContext(connection) as three:
        page = text_of(Client().get(url))
    assert len(three) == len(one), [row["sql"][:120] for row in three.captured_queries]
    assert [f"問い{number}" in page for number in range(3)] == [True] * 3
    assert Case.objects.count() == 1
