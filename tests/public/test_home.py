"""The front door, what help exists, and the two honest pages."""

from __future__ import annotations

import datetime as dt
import re
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.matching.models import CREDIT, Entry, Window
from renkei.plan.commands import publish_built_in
from renkei.plan.models import Body, PlanVersion, Provision
from renkei.plan.queries import current_plan
from tests.world import CENTER, CONTENT, LAB, World

PAGES = ["public-home", "public-help", "public-privacy", "public-accessibility"]


def text_of(name: str) -> str:
    answer = Client().get(reverse(name))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def asking(world: World) -> World:
    """The plan says what firms ask for."""
    content: dict[str, Any] = deepcopy(CONTENT)
    content["vocabularies"]["asks"] = [
        {"code": "information", "name": "情報がほしい"}, {"code": "training", "name": "人を育てたい"},
        {"code": "technical", "name": "測る・試すのを手伝ってほしい"}, {"code": "funds", "name": "お金の手当てをしたい"},
    ]  # fmt: skip
    content["services"] = [
        {"code": "events", "asks": ["information"], "about": "新しい技術を聞く催しです。"},
        {"code": "equipment-tests", "asks": ["technical"]},
        {"code": "loan", "asks": ["funds"]}, {"code": "rd-subsidy", "asks": ["funds"]},
    ]  # fmt: skip
    content["front_desk"] = {"hours": "平日 9時から17時まで"}
    PlanVersion.objects.create(plan=current_plan(), number=2, content=content, published_at=clock.now())
    return world


@pytest.mark.covers("C36")
def test_one_question_one_box_who_reads_it_and_the_telephone(asking: World) -> None:
    page = text_of("public-home")
    assert page.count("<textarea") == 1
    assert f'action="{reverse("public-consult")}"' in page
    for words in (
        "会社の困りごとを、そのままの言葉で書いてください", "4の機関が", "お書きになった文を読むのは、窓口（ひばり県産業課）です。",
        "000-000-0000", 'href="tel:0000000000"', "平日 9時から17時まで", "2営業日のうちに、最初のお返事をします。",
    ):  # fmt: skip
        assert words in page, words
    assert "novalidate" in page  # the server says in words what is missing, not the browser in its language


@pytest.mark.covers("C25")
def test_help_is_arranged_by_what_firms_ask_for(asking: World) -> None:
    page = text_of("public-help")
    assert re.findall(r'<h2 id="h-([\w-]+)">([^<]+)</h2>', page) == [
        ("information", "情報がほしい"), ("technical", "測る・試すのを手伝ってほしい"), ("funds", "お金の手当てをしたい"),
    ]  # fmt: skip
    information = page.split('id="information"')[1].split("</section>")[0]
    assert "新しい技術を聞く催しです。" in information
    assert "ひばり県工業試験所、ひばり産業センター" in information
    funds = page.split('id="funds"')[1].split("</section>")[0]
    assert re.findall(r"<h3>([^<]+)</h3>", funds) == ["開発補助", "つなぎ融資"]
    assert "お金の手当てをしたい" in text_of("public-home")


@pytest.mark.covers("C25")
def test_next_events_and_calls_stand_beside_their_help(asking: World) -> None:
    today = clock.today()

    def entry(key: str, name: str, kind: str, service: str, **facts: Any) -> Entry:
        return Entry.objects.create(id=key, name=name, kind=kind, service_id=service, body_id=CENTER, kept_by="test",
                                    text_hash="", is_public=facts.pop("is_public", True), **facts)  # fmt: skip

    def window(one: Entry, days: int, kind: str = "call") -> None:
        Window.objects.create(entry=one, kind=kind, closes=today + dt.timedelta(days=days))

    for n in range(5):
        window(entry(f"EV{n}", f"催し{n}", "event", "events"), n + 1, "meeting")
    window(entry("PG1", "開発補助の公募", "programme", "rd-subsidy", source=CREDIT), 30)
    window(entry("PG2", "終わった公募", "programme", "rd-subsidy"), -1)
    window(entry("PG3", "内輪の公募", "programme", "rd-subsidy", is_public=False), 5)
    window(entry("PG4", "取りやめた公募", "programme", "rd-subsidy", withdrawn_on=today), 5)
    page = text_of("public-help")
    assert re.findall("催し[0-9]", page) == ["催し0", "催し1", "催し2"]
    assert "開発補助の公募" in page
    assert page.count(CREDIT) == 1
    for hidden in ("終わった公募", "内輪の公募", "取りやめた公募"):
        assert hidden not in page


def test_only_what_can_be_had_today_is_shown(asking: World) -> None:
    Provision.objects.filter(service_id="loan").update(valid_to=clock.today() - dt.timedelta(days=1))
    Provision.objects.filter(service_id="events", body_id=LAB).update(withdrawn=True)
    Body.objects.filter(pk=CENTER).update(closed_on=clock.today())
    page = text_of("public-help")
    assert "つなぎ融資" not in page
    assert "ひばり産業センター" not in page
    assert re.findall(r'<h2 id="h-([\w-]+)"', page) == ["technical"]


def test_a_plan_without_asks_is_shown_by_stage(world: World) -> None:
    page = text_of("public-help")
    assert re.findall(r'<h2 id="h-([\w-]+)">([^<]+)</h2>', page) == [
        ("stage-1", "きっかけ"), ("stage-2", "資金"), ("stage-3", "開発・試験"), ("stage-4", "販路"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_pages_say_whose_desk_it_is_and_lead_on(world: World, name: str) -> None:
    page = text_of(name)
    assert "ひばり県連携支援計画" in page
    assert "窓口：ひばり県産業課" in page
    for target in PAGES[2:]:
        assert f'href="{reverse(target)}"' in page
    assert "style=" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("name", PAGES)
def test_pages_stand_before_a_plan_is_published(db: None, name: str) -> None:
    answer = Client().get(reverse(name))
    assert answer.status_code in {200, 409}
    if answer.status_code == 409:
        assert "計画がまだ公開されていません" in answer.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_only_read(world: World, name: str) -> None:
    assert Client().post(reverse(name)).status_code == 405


def test_privacy_says_who_reads_what_and_how_long(world: World) -> None:
    page = text_of("public-privacy")
    for words in ("窓口（ひばり県産業課）", "始めてから30日で開けなくなります", "730日使えます", "クッキー", "外のAI"):
        assert words in page


def test_accessibility_names_what_does_not_work_yet(world: World) -> None:
    page = text_of("public-accessibility")
    for words in ("JIS X 8341-3:2016", "まだ受けていません", "まだできていないこと"):
        assert words in page


def test_under_the_web_login_the_front_door_opens(committed_world: World, login: Any) -> None:
    with login("web"):
        for name in PAGES:
            assert "ひばり県産業課" in text_of(name)


@pytest.mark.covers("C25")
def test_the_shipped_plan_answers_every_kind_of_question_firms_ask(db: None) -> None:
    """Information, exchange, training, technical help, consultation, money, sales: each leads to services and bodies."""
    publish_built_in()
    page = text_of("public-help")
    sections = dict(re.findall(r'<section class="sec" id="([\w-]+)"(.*?)</section>', page))
    assert list(sections) == ["information", "exchange", "training", "technical", "consultation", "funds", "sales"]
    for code, section in sections.items():
        offers = section.split("<li>")[1:]
        assert offers, code
        for offer in offers:
            assert re.search(r'<h3>[^<]+</h3> <p>[^<]+。</p> <p class="sub"><span class="stage s[1-4x]">', offer), offer
    assert "つなぎ融資" in sections["funds"]
