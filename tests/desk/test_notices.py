"""Pages of the notices between bodies [C76]."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.post.models import Notice, NoticeReceipt
from renkei.post.notices import Words, send_notice
from tests.world import BANK, CENTER, DESK, LAB, World


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def sent(world: World, **more: Any) -> Notice:
    words = Words(**{"title": "年末の受付", "text": "28日は15時まで。", "asks_answer": True} | more)
    return send_notice(words, by=world.desk, to={LAB: "", CENTER: ""}, sender="産業課")


def page(notice: Notice, body: str) -> str:
    return reverse("desk-notice", kwargs={"body": body, "notice": notice.pk})


def text_of(world: World, body: str, url: str) -> str:
    answer = client(world, body).get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.covers("C76")
def test_a_notice_goes_out_is_read_and_answered(world: World) -> None:
    new = reverse("desk-notice-new", kwargs={"body": DESK})
    given = {"to": [LAB, CENTER], "title": "年末の受付", "text": "28日は15時まで。", "asks_answer": "on", "due_on": "明日"}
    answer = client(world, DESK).post(new, given)
    notice = Notice.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(notice, DESK))
    assert notice.due_on == clock.today() + dt.timedelta(days=1)
    assert text_of(world, DESK, page(notice, DESK)).count("まだ読んでいない") == 2
    listed = text_of(world, LAB, reverse("desk-notices", kwargs={"body": LAB}))
    assert listed.index("これから読む") < listed.index("年末の受付") < listed.index("読んだもの")
    read = client(world, LAB).post(reverse("desk-notice-read", kwargs={"body": LAB, "notice": notice.pk}))
    assert (read.status_code, NoticeReceipt.objects.get(body=LAB).read_by) == (302, world.people[LAB].pk)
    client(world, LAB).post(page(notice, LAB), {"text": "承知しました。"})
    told = text_of(world, DESK, page(notice, DESK))
    assert ("承知しました。" in told, told.count("まだ読んでいない")) == (True, 1)
    assert "読んだ 1/2　答え 1/2" in text_of(world, DESK, reverse("desk-notices", kwargs={"body": DESK}))


def test_looking_is_not_reading(world: World) -> None:
    notice = sent(world)
    text_of(world, LAB, page(notice, LAB))
    text_of(world, LAB, reverse("desk-notices", kwargs={"body": LAB}))
    assert NoticeReceipt.objects.get(body=LAB).read_at is None


def test_other_receivers_answers_stay_between_them_and_the_sender(world: World) -> None:
    notice = sent(world)
    client(world, LAB).post(page(notice, LAB), {"text": "工業試験所の都合です。"})
    assert "工業試験所の都合です。" not in text_of(world, CENTER, page(notice, CENTER))


def test_foreign_and_missing_are_404(world: World) -> None:
    notice = sent(world)
    bank = client(world, BANK)
    missing = reverse("desk-notice", kwargs={"body": BANK, "notice": uuid.uuid4()})
    read = reverse("desk-notice-read", kwargs={"body": BANK, "notice": notice.pk})
    assert [bank.get(page(notice, BANK)).status_code, bank.get(missing).status_code, bank.post(read).status_code] == [404] * 3
    assert bank.post(page(notice, BANK), {"text": "あ"}).status_code == 404
    assert client(world, LAB).get(page(notice, DESK)).status_code == 404
    assert client(world, LAB).get(reverse("desk-notice-read", kwargs={"body": LAB, "notice": notice.pk})).status_code == 405


def test_the_sender_does_not_read_its_own(world: World) -> None:
    notice = sent(world)
    answer = client(world, DESK).post(reverse("desk-notice-read", kwargs={"body": DESK, "notice": notice.pk}))
    assert answer.status_code == 409
    assert "あなたの機関あてではありません" in answer.content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"title": "あ", "text": "い"}, "送り先の機関を選んでください。"),
        ({"to": ["nowhere"], "title": "あ", "text": "い"}, "その機関はありません。"),
        ({"to": [DESK], "title": "あ", "text": "い"}, "その機関はありません。"),
        ({"to": [LAB], "text": "い"}, "ここを書いてください。"),
        ({"to": [LAB], "title": "あ" * 101, "text": "い"}, "100字までです（いま101字）"),
        ({"to": [LAB], "title": "あ", "text": "い", "due_on": "昨日"}, "は過ぎています。"),
        ({"to": [LAB], "title": "あ", "text": "い", "due_on": "13月40日"}, "という日はありません。"),
    ],
)
def test_wrong_input_keeps_what_was_typed(world: World, given: dict[str, Any], sentence: str) -> None:
    answer = client(world, DESK).post(reverse("desk-notice-new", kwargs={"body": DESK}), given)
    text = answer.content.decode()
    assert (answer.status_code, sentence in text, given["text"] in text) == (200, True, True)
    assert not Notice.objects.exists()


def test_empty_and_second_answers_say_so(world: World) -> None:
    notice = sent(world)
    lab = client(world, LAB)
    assert "答えを書いてください。" in lab.post(page(notice, LAB), {"text": " "}).content.decode()
    lab.post(page(notice, LAB), {"text": "はい"})
    assert lab.post(page(notice, LAB), {"text": "いいえ"}).status_code == 200
    assert NoticeReceipt.objects.get(body=LAB).answer == "はい"


def test_late_answers_are_red(world: World) -> None:
    notice = sent(world, due_on=clock.today())
    Notice.objects.filter(pk=notice.pk).update(due_on=clock.today() - dt.timedelta(days=3))
    assert "late-t" in text_of(world, LAB, reverse("desk-notices", kwargs={"body": LAB}))
    assert text_of(world, DESK, page(notice, DESK)).count("答えがまだ") == 2


def test_list_takes_the_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    lab, url = client(world, LAB), reverse("desk-notices", kwargs={"body": LAB})
    sent(world)
    lab.get(url)
    for _more in range(2):
        with django_assert_num_queries(QUERIES):
            lab.get(url)
        sent(world)
        sent(world)


QUERIES = 17
