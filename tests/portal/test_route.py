"""The firm reads its support route through its link or its account, and answers; drafts stay with the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.route_sending import send_route
from renkei.cases.actions.routes import change_step
from renkei.cases.models import RouteAnswer
from renkei.post.models import Mail
from tests.cases.routing import NOON, Routed, routed
from tests.desk.pages import HOSTILE, fault, said
from tests.world import World


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    return routed(world, monkeypatch)


def link(there: Routed, act: str = "") -> str:
    """The firm's own address of its case, from the receipt it was mailed."""
    text = Mail.objects.filter(case=there.case.pk, purpose="receipt").latest("made_at").text
    found = re.search(r"/status/([^/\s]+)/", text)
    assert found is not None
    return reverse(f"portal-status{'-' + act if act else ''}", kwargs={"token": found.group(1)})


def send(there: Routed, text: str = "") -> None:
    send_route(there.route, by=there.world.desk, version=there.version, text=text)


def test_nothing_is_shown_before_it_is_sent(there: Routed) -> None:
    assert "支援ルート" not in said(Client().get(link(there)))
    assert Client().get(link(there, "route")).status_code == 404


def test_read_in_plain_words_and_answered(there: Routed) -> None:
    send(there, f"まず相談から{HOSTILE}")
    status = said(Client().get(link(there)))
    assert link(there, "route") in status
    assert "支援ルート（これからの進め方）をお送りしました。" in status
    page = said(Client().get(link(there, "route")))
    assert HOSTILE not in page
    names = re.findall(r"<b>\d　([^<]+)</b>　([^<]+)", page)
    assert names == [("開発補助", "ひばり産業センター"), ("技術相談", "ひばり県工業試験所"), ("催し", "ひばり県工業試験所"),
                     ("設備・試験", "ひばり県工業試験所"), ("つなぎ融資", "ひばり銀行")]  # fmt: skip
    assert page.count("<rect") == 5
    nothing = Client().post(link(there, "route"), {"text": "書きかけ"})
    assert fault(nothing, "answer") == "どちらかを選んでください。"
    assert "書きかけ" in said(nothing)
    empty = Client().post(link(there, "route"), {"answer": "no", "text": ""})
    assert fault(empty, "text") == "たずねたいこと、変えてほしいことを書いてください。"
    asked = Client().post(link(there, "route"), {"answer": "no", "text": "試験を先に"}, follow=True)
    assert "お返事を受け取りました。" in said(asked)
    assert "支援ルートについて、おたずねをいただきました。" in said(asked)
    assert "試験を先に" in said(Client().get(link(there, "route")))
    Client().post(link(there, "route"), {"answer": "yes", "text": ""})
    assert set(RouteAnswer.objects.values_list("agrees", "text")) == {(False, "試験を先に"), (True, "")}


def test_a_version_that_was_not_sent_is_not_seen(there: Routed) -> None:
    send(there)
    before = said(Client().get(link(there, "route")))
    step = there.step("rd-subsidy")
    change_step(there.route, step.key, by=there.world.desk, version=1, body=step.body_id, entry="PG2")
    text = said(Client().get(link(there, "route")))
    assert "PG2の名" not in text
    assert re.findall(r"<b>\d　[^<]+</b>", text) == re.findall(r"<b>\d　[^<]+</b>", before)
    send(there)
    assert "PG2の名" in said(Client().get(link(there, "route")))
