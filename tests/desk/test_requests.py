"""A body's inbox: what is asked, what it may see, and its answers."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import record_answer
from renkei.cases.actions.offers import Pick, recall, send_offers
from renkei.cases.actions.triage import add_need, set_summary
from renkei.cases.models import Case, Consent, Support, Transition
from renkei.cases.states import SupportState
from tests.desk.scene import SUMMARY, WORDS, Scene, arrived, asked, plain
from tests.world import BANK, CENTER, DESK, LAB, World

ASKED = "落下と振動の試験をしてほしい"


def page(scene: Scene, number: int = 0, body: str = LAB) -> str:
    return reverse("desk-request", kwargs={"body": body, "support": scene.supports[number].pk})


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return str(answer.content.decode())


def state_of(scene: Scene, number: int = 0) -> str:
    return Support.objects.get(pk=scene.supports[number].pk).state


@pytest.mark.covers("C32")
def test_request_says_what_is_asked_and_what_may_be_seen(world: World) -> None:
    scene = asked(world)
    text = text_of(scene.client(LAB), page(scene))
    for words in (ASKED, SUMMARY, "株式会社まぼろし計測", "要約", "技術", "資金のことは見えません", "主担当になります"):
        assert words in text
    for label in ("引き受ける", "質問する", "同僚に渡す", "断る"):
        assert text.count(f"{label}</label>") == 1
    assert WORDS not in text


def test_only_what_was_asked_of_this_body(world: World) -> None:
    scene = asked(world)
    lab = text_of(scene.client(LAB), reverse("desk-requests", kwargs={"body": LAB}))
    center = text_of(scene.client(CENTER), reverse("desk-requests", kwargs={"body": CENTER}))
    bank = text_of(scene.client(BANK), reverse("desk-requests", kwargs={"body": BANK}))
    assert (ASKED in lab, "見本市への出し方" in lab) == (True, False)
    assert (ASKED in center, "見本市への出し方" in center) == (False, True)
    assert "まぼろし計測" not in bank
    assert "答えを待っている依頼はありません" in bank


def test_foreign_missing_and_early_look_the_same(world: World) -> None:
    scene = asked(world, left=False)
    client = scene.client(LAB)
    missing = client.get(reverse("desk-request", kwargs={"body": LAB, "support": uuid.uuid4()}))
    early = client.get(page(scene))
    foreign = client.get(page(scene, 1))
    desk = scene.client(DESK).get(page(scene, 0, DESK))
    assert [one.status_code for one in (missing, early, foreign, desk)] == [404] * 4
    assert plain(missing) == plain(early) == plain(foreign)
    assert client.get(page(scene, 0, CENTER)).status_code == 404  # not a member there
    signed_out = Client().get(page(scene))
    assert (signed_out.status_code, signed_out["Location"].split("?")[0]) == (302, reverse("account_login"))


def test_get_writes_the_reading_and_nothing_else(world: World) -> None:
    scene = asked(world)
    before = (Support.objects.values().get(pk=scene.supports[0].pk), Transition.objects.count(), Event.objects.count())
    text_of(scene.client(LAB), page(scene))
    after = (Support.objects.values().get(pk=scene.supports[0].pk), Transition.objects.count(), Event.objects.count())
    assert after == (*before[:2], before[2] + 1)
    assert Event.objects.latest("id").verb == "read"


@pytest.mark.covers("C32")
def test_accept_makes_the_body_the_holder(world: World) -> None:
    scene = asked(world)
    person = str(world.people[LAB].pk)
    answer = scene.client(LAB).post(page(scene), {"answer": "accept", "person": person, "note": "来週から"})
    assert (answer.status_code, answer["Location"]) == (302, reverse("desk-requests", kwargs={"body": LAB}))
    support = Support.objects.get(pk=scene.supports[0].pk)
    assert (support.state, support.person_id, support.answer_text) == ("accepted", world.people[LAB].pk, "来週から")
    assert scene.case.holder_id == LAB


def test_decline_with_reason_and_word(world: World) -> None:
    scene = asked(world)
    sent = {"answer": "decline", "reason": "no_equipment", "text": "改修中です。"}
    assert scene.client(LAB).post(page(scene), sent).status_code == 302
    support = Support.objects.get(pk=scene.supports[0].pk)
    assert (support.state, support.decline_reason, support.answer_text) == ("declined", "no_equipment", "改修中です。")
    assert scene.case.holder_id == DESK


def test_ask_and_pass_on(world: World) -> None:
    scene = asked(world)
    client = scene.client(LAB)
    assert client.post(page(scene), {"answer": "ask", "question": "電源は何ボルトですか。"}).status_code == 302
    assert Support.objects.get(pk=scene.supports[0].pk).question == "電源は何ボルトですか。"
    listed = text_of(client, reverse("desk-requests", kwargs={"body": LAB}))
    assert listed.index("質問の返事を待っているもの") < listed.index(ASKED)
    colleague = Person.objects.create_user("mi@people.example", "hibari-secret-1", name="御園 渉", kana="ミソノ")
    Membership.objects.create(person=colleague, body_id=LAB, role="staff", since=dt.date(2024, 4, 1))
    assert client.post(page(scene), {"answer": "pass", "colleague": str(colleague.pk)}).status_code == 302
    assert Support.objects.get(pk=scene.supports[0].pk).person_id == colleague.pk
    assert state_of(scene) == SupportState.OFFERED


@pytest.mark.parametrize(
    ("sent", "sentences"),
    [
        ({}, ["答えを1つ選んでください。"]),
        ({"answer": "いいえ"}, ["答えを1つ選んでください。"]),
        ({"answer": "decline", "text": "改修中です。"}, ["理由を1つ選んでください。窓口が次を探す手がかりになります。"]),
        ({"answer": "decline", "reason": "busy"}, ["窓口へのひとことを書いてください。"]),
        ({"answer": "decline", "reason": "'; DROP", "text": "あ"}, ["一覧にないものです。選び直してください。"]),
        ({"answer": "decline", "reason": "busy", "text": "あ" * 1001}, ["1,000字までです（いま1,001字）"]),
        ({"answer": "ask"}, ["聞きたいことを書いてください。"]),
        ({"answer": "pass"}, ["渡す相手を選んでください。"]),
        ({"answer": "pass", "colleague": str(uuid.uuid4())}, ["一覧にないものです。選び直してください。"]),
        ({"answer": "accept", "person": "x"}, ["一覧にないものです。選び直してください。"]),
    ],
)
def test_wrong_answers_get_a_sentence_and_change_nothing(world: World, sent: dict[str, str], sentences: list[str]) -> None:
    scene = asked(world)
    answer = scene.client(LAB).post(page(scene), sent)
    assert answer.status_code == 200
    text = answer.content.decode()
    for sentence in sentences:
        assert sentence in text
    for typed in (sent.get("text"), sent.get("question")):
        assert not typed or typed in text
    assert state_of(scene) == SupportState.OFFERED


def test_hostile_text_is_shown_as_text(world: World) -> None:
    scene = asked(world)
    sent = {"answer": "decline", "text": "<script>alert(1)</script>\x00"}
    text = scene.client(LAB).post(page(scene), sent).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text


def test_answering_twice_says_so_beside_the_form(world: World) -> None:
    scene = asked(world)
    client = scene.client(LAB)
    sent = {"answer": "decline", "reason": "busy", "text": "いま手がいっぱいです。"}
    client.post(page(scene), sent)
    again = client.post(page(scene), sent)
    assert again.status_code == 200
    assert state_of(scene) == SupportState.DECLINED
    assert Transition.objects.filter(subject=scene.supports[0].pk, verb="declined").count() == 1


def test_overdue_is_red_with_business_days(world: World) -> None:
    scene = asked(world)
    Support.objects.filter(pk=scene.supports[0].pk).update(due_on=clock.today() - dt.timedelta(days=7))
    text = text_of(scene.client(LAB), reverse("desk-requests", kwargs={"body": LAB}))
    assert '<span class="late-t nw">' in text
    assert "営業日超過" in text


@pytest.mark.covers("C32")
def test_after_consent_is_withdrawn_the_text_is_gone_at_once(world: World) -> None:
    scene = asked(world)
    client = scene.client(LAB)
    assert SUMMARY in text_of(client, page(scene))
    Consent.objects.filter(case=scene.case, body_id=LAB).update(withdrawn_at=clock.now(), withdrawn_how="link")
    text = text_of(client, page(scene))
    for words in (ASKED, SUMMARY, "まぼろし計測", "狂わないか"):
        assert words not in text
    assert "会社が同意を取り消しました" in text
    assert '<form class="answer"' not in text
    refused = client.post(page(scene), {"answer": "accept", "person": str(world.people[LAB].pk)})
    assert (refused.status_code, state_of(scene)) == (200, SupportState.OFFERED)  # nobody takes what it may not read


def test_after_a_recall_the_request_is_gone_and_says_so(world: World) -> None:
    scene = asked(world)
    client = scene.client(LAB)
    text_of(client, page(scene))
    recall(scene.supports[0], by=world.desk, reason="相手を間違えました")
    text = text_of(client, page(scene))
    assert "この依頼は取り消されました" in text
    for words in (ASKED, SUMMARY, "まぼろし計測"):
        assert words not in text
    assert ASKED not in text_of(client, reverse("desk-requests", kwargs={"body": LAB}))
    assert client.post(page(scene), {"answer": "accept"}).status_code == 200
    assert state_of(scene) == SupportState.RECALLED


def test_an_answer_recorded_by_the_desk_can_be_corrected_by_the_body(world: World) -> None:
    scene = asked(world)
    record_answer(scene.supports[0], by=world.desk, answer="decline", answered_by="小出", reason="busy", text="電話で")
    client = scene.client(LAB)
    url = reverse("desk-request-correct", kwargs={"body": LAB, "support": scene.supports[0].pk})
    assert url in text_of(client, page(scene))
    missing = client.post(url, {"answer": "decline"})
    assert "理由を1つ選んでください。" in missing.content.decode()
    assert client.post(url, {"answer": "accept"}).status_code == 302
    assert state_of(scene) == SupportState.ACCEPTED


def test_an_answer_of_ones_own_is_not_corrected(world: World) -> None:
    scene = asked(world)
    client = scene.client(LAB)
    client.post(page(scene), {"answer": "decline", "reason": "busy", "text": "手がいっぱい"})
    url = reverse("desk-request-correct", kwargs={"body": LAB, "support": scene.supports[0].pk})
    assert url not in text_of(client, page(scene))
    refused = client.post(url, {"answer": "accept"})
    assert (refused.status_code, state_of(scene)) == (200, SupportState.DECLINED)


def test_list_takes_the_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    url = reverse("desk-requests", kwargs={"body": LAB})
    client = asked(world).client(LAB)
    text_of(client, url)
    for _more in range(2):
        with django_assert_num_queries(QUERIES):
            text_of(client, url)
        asked(world)
        asked(world)
    assert Case.objects.count() == 5


QUERIES = 24


@pytest.mark.covers("C32")
@pytest.mark.django_db(transaction=True)
def test_under_the_real_login_request_answer_and_withdrawal(committed_world: World, login: Any) -> None:
    """The database agrees with the pages: what the body may see, its answer, and nothing more after the withdrawal."""
    with transaction.atomic():
        scene, other = asked(committed_world), asked(committed_world)
    with login("web"):
        client = scene.client(LAB)
        for text in (text_of(client, page(scene)), text_of(client, reverse("desk-requests", kwargs={"body": LAB}))):
            assert (ASKED in text, "見本市" in text) == (True, False)
            assert "株式会社まぼろし計測" in text
        with acting(committed_world.desk):
            Consent.objects.filter(case=other.case.pk, body_id=LAB).update(withdrawn_at=clock.now(), withdrawn_how="link")
        gone = text_of(client, page(other)).split('id="r"')[1]  # beside it stands the list, with the other request
        assert [words in gone for words in (ASKED, SUMMARY, "まぼろし計測")] == [False] * 3
        assert "会社が同意を取り消しました" in gone
        assert client.get(reverse("desk-case", kwargs={"body": LAB, "case": other.received.case.pk})).status_code == 404
        assert client.post(page(scene), {"answer": "accept", "person": str(committed_world.people[LAB].pk)}).status_code == 302
        held = text_of(client, reverse("desk-case", kwargs={"body": LAB, "case": scene.received.case.pk}))
        assert "株式会社まぼろし計測" in held
        assert WORDS in held  # the holder with technical consent reads the firm's own words
        assert scene.client(BANK).get(page(scene, 0, BANK)).status_code == 404
        assert scene.client(CENTER).get(page(scene, 1, CENTER)).status_code == 200


def test_a_long_list_says_how_many_more_wait_and_shows_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.desk.answers.page.MOST", 1)
    asked(world)
    second = arrived(world, name="株式会社ふたつめ")
    set_summary(second.case, title="二件目", summary="二件目の要約。", by=world.desk, seen=True)
    need = add_need(second.case, title="二件目の試験", stage="3", by=world.desk)
    send_offers(second.case, [Pick(need, "equipment-tests", LAB, "見てほしい", ["summary"])], by=world.desk)
    Support.objects.update(leaves_at=clock.now() - dt.timedelta(minutes=1))
    client = Client()
    client.force_login(world.people[LAB])
    short = client.get(f"/d/{LAB}/requests/").content.decode()
    assert "答えを待っているもの 2件" in short
    assert "期限があとの1件も見る" in short
    whole = client.get(f"/d/{LAB}/requests/?all").content.decode()
    assert "件も見る" not in whole
    assert ("見てほしい" in short, "見てほしい" in whole) == (False, True)
