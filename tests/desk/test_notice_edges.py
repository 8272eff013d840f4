"""Notices at the edges: what waits is never cut off, what is sent twice, who reads them, odd words, a quiet screen."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.context import acting
from renkei.plan.models import Body
from renkei.post.models import Mail, Notice, NoticeReceipt
from renkei.post.notices import Words, answer_notice, read_notice, send_notice
from tests.world import BANK, CENTER, DESK, LAB, World


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def sent(world: World, number: int = 1, to: tuple[str, ...] = (LAB, CENTER), **more: Any) -> Notice:
    words = Words(**{"title": f"お知らせ{number:03d}", "text": "本文です。", "asks_answer": True} | more)
    return send_notice(words, by=world.desk, to=dict.fromkeys(to, ""), sender="産業課")


def listed(world: World, body: str) -> str:
    return str(client(world, body).get(reverse("desk-notices", kwargs={"body": body})).content.decode())


def part(page: str, name: str) -> str:
    """One section of the list: ``wait``, ``read`` or ``sent``."""
    found = re.search(rf'<section[^>]* aria-labelledby="{name}">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return found[1]


def where(name: str, notice: Notice, body: str) -> str:
    return reverse(name, kwargs={"body": body, "notice": notice.pk})


class TestTheList:
    def test_is_quiet_when_nothing_has_come(self, world: World) -> None:
        page = listed(world, LAB)
        assert "届いたお知らせは、すべて読んで答えました。" in part(page, "wait")
        assert (part(page, "read").count("まだありません。"), part(page, "sent").count("まだありません。")) == (1, 1)

    def test_what_waits_is_listed_however_much_came_after_it(self, world: World) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 4, 1), 9)):
            sent(world, 0)
        for number in range(1, 55):
            read_notice(sent(world, number, asks_answer=False), by=world.lab)
        page = listed(world, LAB)
        assert "お知らせ000" in part(page, "wait")
        assert "お知らせ054" in part(page, "read")
        assert re.search(r"1件", part(page, "wait"))

    @pytest.mark.parametrize(
        ("asks", "reads", "answers", "place"),
        [(False, False, False, "wait"), (False, True, False, "read"), (True, False, False, "wait"), (True, True, False, "wait"),
         (True, True, True, "read")],
    )  # fmt: skip
    def test_a_notice_waits_until_it_is_read_and_where_asked_answered(
        self, world: World, asks: bool, reads: bool, answers: bool, place: str
    ) -> None:
        notice = sent(world, asks_answer=asks)
        if reads:
            read_notice(notice, by=world.lab)
        if answers:
            answer_notice(notice, by=world.lab, text="はい")
        page = listed(world, LAB)
        assert [name for name in ("wait", "read", "sent") if "お知らせ001" in part(page, name)] == [place]

    def test_newest_first(self, world: World) -> None:
        for number, day in ((1, 2), (2, 20), (3, 11)):
            with clock.moved_to(clock.at(dt.date(2026, 11, day), 9)):
                sent(world, number)
        page = part(listed(world, LAB), "wait")
        assert re.findall(r"お知らせ00\d", page) == ["お知らせ002", "お知らせ003", "お知らせ001"]

    def test_the_number_in_the_navigation_is_what_is_unread(self, world: World) -> None:
        first = sent(world, 1)
        sent(world, 2)
        read_notice(first, by=world.lab)
        link = re.search(rf'href="{reverse("desk-notices", kwargs={"body": LAB})}"[^>]*>(.*?)</a>', listed(world, LAB), re.DOTALL)
        assert link is not None
        assert re.sub(r"<[^>]+>|\s", "", link[1]) == "お知らせ1件"


class TestSending:
    def test_each_body_gets_its_own_receipt_and_mail_without_the_words(self, world: World) -> None:
        Body.objects.filter(pk=LAB).update(mail="lab@hibari.example")
        given = {"to": [LAB, CENTER], "title": "秘密の件名", "text": "秘密の本文", "asks_answer": "on", "due_on": "令和9年1月15日"}
        with clock.moved_to(clock.at(dt.date(2026, 11, 25), 9)):
            assert client(world, DESK).post(reverse("desk-notice-new", kwargs={"body": DESK}), given).status_code == 302
        assert sorted(NoticeReceipt.objects.values_list("body", flat=True)) == sorted([LAB, CENTER])
        for mail in Mail.objects.filter(purpose="notice"):
            assert "秘密" not in mail.subject + mail.text
            assert "1月15日" in mail.text

    def test_a_day_for_answers_is_kept_only_where_answers_are_asked(self, world: World) -> None:
        given = {"to": [LAB], "title": "あ", "text": "い", "due_on": "明日"}
        client(world, DESK).post(reverse("desk-notice-new", kwargs={"body": DESK}), given)
        assert Notice.objects.get().due_on is None

    def test_a_closed_body_is_not_offered_and_not_taken(self, world: World) -> None:
        Body.objects.filter(pk=BANK).update(closed_on=dt.date(2026, 3, 31))
        desk, new = client(world, DESK), reverse("desk-notice-new", kwargs={"body": DESK})
        assert f'value="{BANK}"' not in desk.get(new).content.decode()
        assert "その機関はありません。" in desk.post(new, {"to": [BANK], "title": "あ", "text": "い"}).content.decode()
        assert Notice.objects.count() == 0

    def test_oneself_is_not_offered(self, world: World) -> None:
        page = client(world, LAB).get(reverse("desk-notice-new", kwargs={"body": LAB})).content.decode()
        assert (f'value="{LAB}"' in page, f'value="{DESK}"' in page) == (False, True)

    @pytest.mark.parametrize(
        ("title", "text"),
        [("あ" * 100, "い" * 4000), ("<b>太字</b>", "<script>alert(1)</script>"), ("\u202eあ", "行\r\n行"), ("😀", "髙﨑 ㈱ ｶﾅ")],
    )
    def test_long_and_odd_words_arrive_as_they_were_written(self, world: World, title: str, text: str) -> None:
        desk = client(world, DESK)
        answer = desk.post(reverse("desk-notice-new", kwargs={"body": DESK}), {"to": [LAB], "title": title, "text": text})
        assert answer.status_code == 302
        page = client(world, LAB).get(where("desk-notice", Notice.objects.get(), LAB)).content.decode()
        assert "<script>alert" not in page
        assert "<b>太字" not in page

    @pytest.mark.parametrize(("title", "text"), [("あ", "い" * 4001), ("あ" * 101, "い"), ("　", "い"), ("あ", " \n ")])
    def test_too_long_or_empty_words_keep_everything_typed(self, world: World, title: str, text: str) -> None:
        given = {"to": [LAB, BANK], "title": title, "text": text, "asks_answer": "on", "due_on": "12月10日"}
        answer = client(world, DESK).post(reverse("desk-notice-new", kwargs={"body": DESK}), given)
        page = answer.content.decode()
        assert (answer.status_code, Notice.objects.count()) == (200, 0)
        assert len(re.findall(r'name="to"[^>]* checked', page)) == 2
        assert 'value="12月10日"' in page
        assert 'class="err"' in page


class TestAnswering:
    def test_the_first_answer_stands(self, world: World) -> None:
        notice = sent(world)
        lab = client(world, LAB)
        assert lab.post(where("desk-notice", notice, LAB), {"text": "出席します"}).status_code == 302
        again = lab.post(where("desk-notice", notice, LAB), {"text": "欠席します"})
        assert "もう答えています" in again.content.decode()
        assert NoticeReceipt.objects.get(body=LAB).answer == "出席します"

    def test_too_long_an_answer_is_kept_in_its_field(self, world: World) -> None:
        notice = sent(world)
        words = "長" * 2001
        page = client(world, LAB).post(where("desk-notice", notice, LAB), {"text": words}).content.decode()
        assert "2,000字までです" in page or "2000字までです" in page
        assert words in page
        assert NoticeReceipt.objects.get(body=LAB).answered_at is None

    def test_one_that_asks_nothing_takes_no_answer(self, world: World) -> None:
        notice = sent(world, asks_answer=False)
        page = client(world, LAB).post(where("desk-notice", notice, LAB), {"text": "はい"}).content.decode()
        assert "答えを求めていません" in page

    def test_reading_twice_keeps_the_first_reader_and_day(self, world: World) -> None:
        notice = sent(world)
        lab, path = client(world, LAB), where("desk-notice-read", notice, LAB)
        with clock.moved_to(clock.at(dt.date(2026, 11, 25), 9)):
            lab.post(path)
        with clock.moved_to(clock.at(dt.date(2026, 12, 1), 9)):
            assert lab.post(path).status_code == 302
        read_at = NoticeReceipt.objects.get(body=LAB).read_at
        assert read_at is not None
        assert read_at.astimezone(clock.JST).date() == dt.date(2026, 11, 25)


class TestUnderTheWebLogin:
    def test_only_sender_and_receivers_see_a_notice(self, committed_world: World, login: Any) -> None:
        world = committed_world
        with acting(world.desk):
            notice = sent(world, 7, to=(LAB,))
        with login("web"):
            seen = {body: client(world, body).get(where("desk-notice", notice, body)).status_code for body in (DESK, LAB, CENTER, BANK)}
            assert seen == {DESK: 200, LAB: 200, CENTER: 404, BANK: 404}
            assert client(world, BANK).post(where("desk-notice", notice, BANK), {"text": "横から"}).status_code == 404
            assert client(world, BANK).post(where("desk-notice-read", notice, BANK)).status_code == 404
            assert "お知らせ007" not in listed(world, CENTER)
            assert client(world, LAB).post(where("desk-notice", notice, LAB), {"text": "承知"}).status_code == 302
            assert "承知" in client(world, DESK).get(where("desk-notice", notice, DESK)).content.decode()
        assert NoticeReceipt.objects.get().answer == "承知"
