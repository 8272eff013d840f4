"""The list of news: one's own and the queue's, emptied by reading, a case opened from it; the wishes; mails out and in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.mail_in import take_letter
from renkei.cases.actions.talk import write_to_company
from renkei.cases.mails import tell_holder
from renkei.cases.models import Case, Incoming, Message
from renkei.post.models import Mail, Nudge, Wishes
from renkei.post.replies import reply_address
from tests.cases.making import arrived, company
from tests.world import DESK, LAB, World


@pytest.fixture
def case(world: World) -> Case:
    made = arrived(world, company=company()).case
    tell_holder(made, by=SYSTEM, subject="会社から連絡がありました", words="読んで答えてください。", purpose="company")
    return made


@pytest.fixture
def desk(world: World) -> Client:
    client = Client()
    client.force_login(world.people[DESK])
    return client


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


class TestList:
    def test_it_shows_what_stands_open_with_its_number(self, desk: Client, case: Case) -> None:
        page = text(desk, f"/d/{DESK}/nudges/")
        for words in (case.number, "会社から連絡がありました", "読んで答えてください。", "あなたあて", "すべて読んだ"):
            assert words in page
        bell = f'<a class="bell" href="/d/{DESK}/nudges/">知らせ<span class="n">1<span class="vh">件</span></span></a>'
        assert bell in text(desk, f"/d/{DESK}/")

    def test_it_names_the_firm_to_who_may_see_the_case_and_the_number_to_others(self, world: World, desk: Client, case: Case) -> None:
        page = text(desk, f"/d/{DESK}/nudges/")
        assert (page.count(case.company_name), page.count(case.title)) == (1, 1)
        Nudge.objects.update(body=LAB, person=None)  # the lab was told, and may not see the case any longer
        lab = Client()
        lab.force_login(world.people[LAB])
        page = text(lab, f"/d/{LAB}/nudges/")
        assert (case.number in page, case.company_name in page, case.title in page) == (True, False, False)

    def test_it_is_empty_for_others_and_says_so(self, world: World, case: Case) -> None:
        client = Client()
        client.force_login(world.people[LAB])
        page = text(client, f"/d/{LAB}/nudges/")
        assert "新しい知らせはありません" in page
        assert "すべて読んだ" not in page
        assert '<span class="n">' not in page.split('class="bell"')[1].split("</a>")[0]

    def test_one_case_is_read_and_opened(self, desk: Client, case: Case) -> None:
        answer = desk.post(f"/d/{DESK}/nudges/read/", {"case": str(case.pk), "open": "1"})
        assert (answer.status_code, answer["Location"]) == (302, f"/d/{DESK}/case/{case.pk}/")
        assert "新しい知らせはありません" in text(desk, f"/d/{DESK}/nudges/")

    def test_all_is_read_and_twice_is_no_harm(self, desk: Client, case: Case) -> None:
        for words in ("1件を読んだことにしました。", "新しい知らせはありません。"):
            page = desk.post(f"/d/{DESK}/nudges/read/", follow=True).content.decode()
            assert words in page
        assert Nudge.objects.open().count() == 0

    def test_another_cases_id_or_none_reads_nothing(self, desk: Client, case: Case) -> None:
        for wrong in ("x", "00000000-0000-0000-0000-000000000001"):
            desk.post(f"/d/{DESK}/nudges/read/", {"case": wrong})
        assert Nudge.objects.open().count() == 1

    def test_reading_is_no_get(self, desk: Client, case: Case) -> None:
        assert desk.get(f"/d/{DESK}/nudges/read/").status_code == 405


class TestWishes:
    def test_they_are_kept_and_shown_again(self, world: World, desk: Client) -> None:
        assert "16:30 に届きます" in text(desk, "/me/nudges/")
        answer = desk.post("/me/nudges/", {"by_mail": "1", "minute": "540", "days": ["0", "2"], "kinds": ["company", "late"]})
        assert answer.status_code == 302
        kept = Wishes.objects.get()
        assert (kept.person, kept.minute, kept.days) == (world.desk.person, 540, [0, 2])
        assert set(kept.without) == {"question", "answer", "reminder", "silence", "idle", "handover", "follow_up", "partner", "entry", "search", "check", "told", "step_late", "meeting", "minutes", "task"}
        assert '<option value="540" selected>9:00</option>' in text(desk, "/me/nudges/")

    @pytest.mark.parametrize(("field", "words"), [("minute", "時刻を選んでください。"), ("days", "曜日を選んでください。"),
                                                  ("kinds", "知らせの種類を選んでください。")])
    def test_a_wrong_choice_is_said_beside_it_and_nothing_is_kept(self, desk: Client, field: str, words: str) -> None:
        page = desk.post("/me/nudges/", {"by_mail": "1", field: "9999"}).content.decode()
        assert words in page
        assert not Wishes.objects.exists()

    def test_a_guest_signs_in_first(self, db: None) -> None:
        assert Client().get("/me/nudges/")["Location"].startswith("/accounts/login/")


class TestMails:
    @pytest.fixture(autouse=True)
    def _mail(self, settings: Any, tmp_path: Any) -> None:
        settings.RENKEI_MAIL_DOMAIN, settings.MEDIA_ROOT = "in.hibari.example", tmp_path

    def _lost(self, world: World, case: Case) -> Mail:
        write_to_company(case, by=world.desk, text="大きさは？")
        Mail.objects.filter(purpose="company").update(state="bounced", sent_at=clock.now(), error="550 no such user")
        return Mail.objects.get(purpose="company")

    def test_what_did_not_arrive_stands_first_with_its_reason_and_is_sent_again(self, world: World, desk: Client, case: Case) -> None:
        mail = self._lost(world, case)
        page = text(desk, f"/d/{DESK}/mails/")
        for words in ("届きませんでした", "550 no such user", "s…@k…", "電話で伝えるか"):
            assert words in page
        assert "saito@kitsunebi.example" not in page
        bad = desk.post(f"/d/{DESK}/mails/{mail.pk}/again/", {"address": "wrong"})
        assert "メールアドレスの形が違います" in bad.content.decode()
        assert 'value="wrong"' in bad.content.decode()
        good = desk.post(f"/d/{DESK}/mails/{mail.pk}/again/", {"address": "right@kitsunebi.example"})
        assert good.status_code == 302
        assert Mail.objects.filter(to="right@kitsunebi.example", state="waiting").count() == 1
        assert desk.post(f"/d/{DESK}/mails/{mail.pk}/again/").status_code == 404

    def test_nobody_elses_mail_is_shown(self, world: World, case: Case) -> None:
        mail = self._lost(world, case)
        client = Client()
        client.force_login(world.people[LAB])
        assert "届かなかったメールはありません" in text(client, f"/d/{LAB}/mails/")
        assert client.get(f"/d/{LAB}/mails/{mail.pk}/again/").status_code == 404

    def _letter(self, world: World, case: Case, to: str = "") -> Incoming:
        mail = self._lost(world, case)
        raw = "From: boss@x.example\nMessage-ID: <1@x>\nSubject: Re\nContent-Type: text/plain; charset=utf-8\n\n30センチ角です。\n"
        return take_letter(raw.encode(), by=SYSTEM, envelope_from="boss@x.example", to=[to or reply_address(mail)])

    def test_a_held_letter_is_decided_in_words(self, world: World, desk: Client, case: Case) -> None:
        row = self._letter(world, case)
        assert "送り主が違います" in text(desk, f"/d/{DESK}/mails/in/")
        url = f"/d/{DESK}/mails/in/{row.pk}/"
        for words in ("30センチ角です。", "boss@x.example", "saito@kitsunebi.example"):
            assert words in text(desk, url)
        assert "どちらかを選んでください。" in desk.post(url, {}).content.decode()
        assert "使わないわけを、ひとことで書いてください。" in desk.post(url, {"act": "discard"}).content.decode()
        assert desk.post(url, {"act": "accept"}).status_code == 302
        assert Message.objects.filter(case=case, from_company=True).get().text == "30センチ角です。"
        assert "このメールは、もう決まっています" in desk.post(url, {"act": "accept"}).content.decode()

    def test_a_stray_letter_is_given_a_case_by_its_number(self, world: World, desk: Client, case: Case) -> None:
        url = f"/d/{DESK}/mails/in/{self._letter(world, case, 'x@in.hibari.example').pk}/"
        assert "受付番号で選んでください" in desk.post(url, {"act": "accept"}).content.decode()
        assert "その受付番号の案件はありません" in desk.post(url, {"act": "accept", "number": "県 0-0"}).content.decode()
        assert desk.post(url, {"act": "accept", "number": case.number}).status_code == 302
        assert Incoming.objects.get().case_id == case.pk
