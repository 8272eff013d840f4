"""The answer page at its edges: twice, after recall, withdrawal or somebody else's answer, and hostile words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, withdraw_support
from renkei.cases.models import Support, Transition
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose, Mail
from tests.desk.scene import Scene, asked, plain
from tests.world import CENTER, LAB, World

YES = {"answer": "accept", "answered_by": "小出 渉"}


def link(scene: Scene, which: int = 0, **more: Any) -> str:
    support = scene.supports[which]
    given: dict[str, Any] = {"body": support.body_id, "case": support.case_id, "subject": support.pk} | more
    token = make_link(by=scene.world.desk, purpose=LinkPurpose.OFFER, expires_at=clock.now() + dt.timedelta(days=5), **given)
    return reverse("public-offer", kwargs={"token": token})


def state(scene: Scene, which: int = 0) -> str:
    return Support.objects.get(pk=scene.supports[which].pk).state


def test_scanners_that_open_the_link_answer_nothing(world: World) -> None:
    scene = asked(world)
    url, before, mails = link(scene), Transition.objects.count(), Mail.objects.count()
    for method in ("get", "head", "get"):
        assert getattr(Client(), method)(url).status_code == 200
    assert Client().get(url, {"answer": "accept", "answered_by": "x"}).status_code == 200
    assert (state(scene), Transition.objects.count(), Mail.objects.count()) == ("offered", before, mails)


def test_the_same_answer_twice_is_taken_once(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    first, second = Client().post(url, YES), Client().post(url, YES)
    assert (first.status_code, second.status_code) == (200, 404)
    assert Transition.objects.filter(verb="accepted").count() == 1
    assert Event.objects.filter(verb="support.accepted").count() == 1


def test_a_second_link_of_an_answered_offer_is_dead_too(world: World) -> None:
    scene = asked(world)
    one, other = link(scene), link(scene)
    Client().post(one, YES)
    assert Client().get(other).status_code == 404


def test_an_answer_on_screen_closes_the_link_in_the_mail(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    accept(scene.supports[0], by=world.lab)
    answer = Client().post(url, {"answer": "decline", "reason": "busy", "text": "無理です", "answered_by": "小出"})
    assert answer.status_code == 404
    assert state(scene) == "accepted"


def test_a_withdrawn_request_can_be_answered_no_more(world: World) -> None:
    scene = asked(world)
    url = link(scene)
    withdraw_support(scene.supports[0], by=world.desk, reason="会社の都合")
    assert Client().post(url, YES).status_code == 404
    assert state(scene) == "withdrawn"


def test_a_link_answers_its_own_offer_and_no_other(world: World) -> None:
    scene = asked(world)
    Client().post(link(scene), YES | {"subject": str(scene.supports[1].pk), "support": str(scene.supports[1].pk)})
    assert [state(scene, which) for which in (0, 1)] == ["accepted", "offered"]


@pytest.mark.parametrize("body", [CENTER, "", "gone"])
def test_a_link_made_out_to_another_body_opens_nothing(world: World, body: str) -> None:
    scene = asked(world)
    wrong = Client().get(link(scene, body=body))
    unknown = Client().get(reverse("public-offer", kwargs={"token": "x" * 43}))
    assert wrong.status_code == unknown.status_code == 404
    assert plain(wrong) == plain(unknown)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE cases_support; --", "小\x00出\u202e 渉"])
def test_a_hostile_name_is_kept_as_a_name(world: World, name: str) -> None:
    scene = asked(world)
    page = Client().post(link(scene), YES | {"answered_by": name}).content.decode()
    assert "<script>alert" not in page
    kept = Support.objects.get(pk=scene.supports[0].pk).answered_by
    assert kept == name.replace("\x00", "").replace("\u202e", "")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"answered_by": "小出"}, "答えを1つ選んでください。"),
        ({"answer": "ask", "question": " \u200b", "answered_by": "小出"}, "聞きたいことを書いてください。"),
        ({"answer": "decline", "reason": "busy", "answered_by": "小出"}, "窓口へのひとことを書いてください。"),
        ({"answer": "decline", "reason": "gone", "text": "x", "answered_by": "小出"}, "一覧にないものです。"),
        ({"answer": "accept", "text": "あ" * 1001, "answered_by": "小出"}, "1,000字までです（いま1,001字）。"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(world: World, sent: dict[str, str], words: str) -> None:
    scene = asked(world)
    page = Client().post(link(scene), sent).content.decode()
    assert words in page
    assert 'value="小出"' in page
    assert state(scene) == "offered"


def test_under_the_web_login_a_body_answers_once_by_its_link(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.desk):
            scene = asked(world)
            url, other = link(scene), link(scene, 1)
        assert Client().post(url, YES).status_code == 200
        assert Client().get(url).status_code == 404
        assert Client().get(other).status_code == 200
    assert (state(scene), state(scene, 1), scene.case.holder_id) == ("accepted", "offered", LAB)
