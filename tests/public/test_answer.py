"""The answer page behind a mail's link: GET shows, a confirming POST acts."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.answers import answer_question
from renkei.cases.actions.offers import recall
from renkei.cases.models import Consent, Support, Transition
from renkei.post.links import make_link
from renkei.post.models import Link, LinkPurpose
from tests.desk.scene import SUMMARY, WORDS, Scene, asked, plain
from tests.world import LAB, World

ASKED = "落下と振動の試験をしてほしい"
GONE = "このリンクでは、もう答えられません。"


def link(scene: Scene, *, name: str = "", purpose: LinkPurpose = LinkPurpose.OFFER, days: int = 5) -> str:
    support = scene.supports[0]
    token = make_link(
        by=scene.world.desk, purpose=purpose, expires_at=clock.now() + dt.timedelta(days=days), subject=support.pk,
        case=support.case_id, body=LAB, classes=["summary", "technical"], recipient_name=name,
    )  # fmt: skip
    return reverse("public-offer", kwargs={"token": token})


def state(scene: Scene) -> str:
    return Support.objects.get(pk=scene.supports[0].pk).state


def test_get_shows_and_writes_nothing_but_the_reading(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    before = (Transition.objects.count(), Event.objects.count())
    answer = Client().get(url)
    text = answer.content.decode()
    assert answer.status_code == 200
    for words in (ASKED, SUMMARY, "ひばり県工業試験所", "引き受けると、この案件の主担当になります"):
        assert words in text
    assert WORDS not in text
    assert state(scene) == "offered"
    assert (Transition.objects.count(), Event.objects.count()) == (before[0], before[1] + 1)
    assert answer["Cache-Control"] == "no-store"


def test_shared_mailbox_is_asked_who_answers(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    missing = Client().post(url, {"answer": "accept"})
    assert "お名前を書いてください。" in missing.content.decode()
    assert state(scene) == "offered"
    done = Client().post(url, {"answer": "accept", "answered_by": "小出 渉"})
    assert "答えを受け取りました" in done.content.decode()
    support = Support.objects.get(pk=scene.supports[0].pk)
    assert (support.state, support.answered_by, support.answered_how) == ("accepted", "小出 渉", "link")
    assert scene.case.holder_id == LAB


def test_a_named_recipient_is_filled_in(world: World) -> None:
    assert 'value="小出 渉"' in Client().get(link(asked(world), name="小出 渉")).content.decode()


def test_decline_needs_reason_and_word_and_keeps_what_was_typed(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    wrong = Client().post(url, {"answer": "decline", "text": "改修中です。", "answered_by": "小出"}).content.decode()
    assert "理由を1つ選んでください。" in wrong
    assert "改修中です。" in wrong
    assert state(scene) == "offered"
    Client().post(url, {"answer": "decline", "reason": "no_equipment", "text": "改修中です。", "answered_by": "小出"})
    support = Support.objects.get(pk=scene.supports[0].pk)
    assert (support.state, support.decline_reason) == ("declined", "no_equipment")


@pytest.mark.parametrize(
    "sent",
    [
        {"answer": "pass", "answered_by": "小出"},
        {"answer": "decline", "reason": "<b>", "text": "あ", "answered_by": "小出"},
        {"answer": "decline", "reason": "busy", "text": "あ" * 1001, "answered_by": "小出"},
        {"answer": "accept", "answered_by": "あ" * 101},
        {"answer": "ask", "answered_by": "小出"},
    ],
)
def test_wrong_input_changes_nothing(world: World, sent: dict[str, str]) -> None:
    scene = asked(world)
    answer = Client().post(link(scene), sent)
    assert answer.status_code == 200
    assert 'class="err"' in answer.content.decode()
    assert state(scene) == "offered"


def test_answered_expired_closed_and_unknown_links_say_so_alike(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    Client().post(url, {"answer": "accept", "answered_by": "小出"})
    answered = Client().get(url)
    expired = Client().get(link(asked(world), days=-1))
    unknown = Client().get(reverse("public-offer", kwargs={"token": "x" * 43}))
    long = Client().get(reverse("public-offer", kwargs={"token": "x" * 500}))
    pages = [answered, expired, unknown, long]
    assert [one.status_code for one in pages] == [404] * 4
    assert len({plain(one) for one in pages}) == 1
    assert GONE in answered.content.decode()
    assert Client().post(url, {"answer": "decline", "answered_by": "小出"}).status_code == 404


def test_a_recalled_offer_closes_its_link(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    Client().get(url)
    recall(scene.supports[0], by=world.desk, reason="相手を間違えました")
    assert Client().get(url).status_code == 404


def test_a_link_of_another_purpose_opens_nothing(world: World) -> None:
    assert Client().get(link(asked(world), purpose=LinkPurpose.STATUS)).status_code == 404


def test_withdrawn_consent_empties_the_page_at_once(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    assert SUMMARY in Client().get(url).content.decode()
    Consent.objects.filter(case=scene.case, body_id=LAB).update(withdrawn_at=clock.now(), withdrawn_how="link")
    text = Client().get(url).content.decode()
    for words in (ASKED, SUMMARY, "まぼろし計測", "水質計"):
        assert words not in text
    assert "会社が同意を取り消しました" in text
    assert Client().post(url, {"answer": "accept", "answered_by": "小出"}).status_code == 200
    assert state(scene) == "offered"


def test_a_question_and_its_answer_stand_on_the_page(world: World) -> None:
    scene = asked(world)
    asked_back = Client().post(link(scene), {"answer": "ask", "question": "電源は何ボルトですか。", "answered_by": "小出"})
    assert "返事が来たあとも使えます" in asked_back.content.decode()
    answer_question(Support.objects.get(pk=scene.supports[0].pk), by=world.desk, text="5ボルトです。")
    text = Client().get(link(scene)).content.decode()
    assert "電源は何ボルトですか。" in text
    assert "5ボルトです。" in text
    assert ASKED in text
    assert Link.objects.filter(subject=scene.supports[0].pk, closed_at__isnull=True).exists()
