"""The guide: a searchable list of short pages, each with pictures that exist, found from the page it explains."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import override

from bench.pictures import FOR_GUIDE, GUIDE, SIZES, WORDS
from renkei.base import routes
from renkei.public.guide.topics import BY_SLUG, TOPICS, Topic, topic_of
from tests.world import DESK, World

TEMPLATES = Path(__file__).parents[2] / "renkei" / "public" / "templates" / "public" / "guide"
NAMED = re.compile(r'{% picture "([^"]+)" "([^"]+)" %}')


def _links(html: str) -> list[str]:
    return re.findall(r'href="(/guide/[a-z-]+/)"', html.split("<main", 1)[1].split("</main>", 1)[0])


def test_the_list_holds_every_topic(db: None) -> None:
    answer = Client().get(reverse("public-guide"))
    assert answer.status_code == 200
    assert _links(answer.content.decode()) == [f"/guide/{topic.slug}/" for topic in TOPICS]


@pytest.mark.parametrize(("words", "found"), [
    ("引継ぎの頼み", {"handover"}), ("エクセル", {"register", "companies", "exports", "catalogue", "reports", "stuck"}), ("受付番号 電話口", set()), ("ｴｸｾﾙ 取り消せ", {"register", "companies", "catalogue"}),
    ("口頭　同意", {"call", "triage", "consent", "accounts"}), ("秘密保持", {"inquiries"}), ("決裁", {"letters"}), ("離任", {"people"}), ("パスキー", {"accounts"}),
    ("言い換え", {"search", "words"}), ("組み直し 講習", {"routes"}), ("偏り", {"choices"}), ("橋渡し 月次報告", {"coordinators"}), ("締める", {"figures", "reports"}), ("全機関 心当たり", {"stuck"}), ("新旧", {"plan"}), ("重み 戻す", {"learning"}),
])  # fmt: skip
def test_the_list_is_searched(db: None, words: str, found: set[str]) -> None:
    html = Client().get(reverse("public-guide"), {"q": words}).content.decode()
    assert set(_links(html)) == {f"/guide/{slug}/" for slug in found}
    assert ("見つかりません" in html) == (not found)
    assert f'value="{words}"' in html


def test_english_readers_search_english(db: None) -> None:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    assert _links(client.get(reverse("public-guide"), {"q": "recovery code"}).content.decode()) == ["/guide/accounts/", "/guide/trouble/"]
    assert _links(client.get(reverse("public-guide"), {"q": "控えの番号"}).content.decode()) == []


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_topic_opens_in_both_languages(db: None, topic: Any, language: str) -> None:
    answer = Client(HTTP_ACCEPT_LANGUAGE=language).get(reverse("public-guide-topic", kwargs={"topic": topic.slug}))
    html = answer.content.decode()
    with override(language):
        assert f'<h1 class="ph">{escape(topic.title)}</h1>' in html
    assert set(_links(html)) == {f"/guide/{one.slug}/" for one in TOPICS if one is not topic and one.reader == topic.reader}
    assert 'href="/guide/">' in html.split("<main", 1)[1]
    assert html.count("<li><b>") >= 3


def test_an_unknown_topic_is_not_found(db: None) -> None:
    assert Client().get("/guide/nothing/").status_code == 404


def test_both_languages_have_the_same_topics_and_pictures() -> None:
    files = {language: {path.stem for path in (TEMPLATES / language).iterdir()} for language in ("ja", "en")}
    assert files == {"ja": set(BY_SLUG), "en": set(BY_SLUG)}
    for slug in BY_SLUG:
        names = {language: [name for name, _words in NAMED.findall((TEMPLATES / language / f"{slug}.html").read_text(encoding="utf-8"))]
                 for language in ("ja", "en")}  # fmt: skip
        assert names["ja"] == names["en"]


def test_every_picture_named_is_made_and_every_picture_made_is_named() -> None:
    named = {name for path in (TEMPLATES / "ja").iterdir() for name, _words in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert named == set(FOR_GUIDE)
    assert {path.name for path in GUIDE.iterdir()} == {f"{name}-{width}.webp" for name in named for width, _height in SIZES}


def test_the_words_of_every_picture_are_kept() -> None:
    """What the browser test compares the pages with."""
    said = json.loads(WORDS.read_text(encoding="utf-8"))
    assert set(said) == set(FOR_GUIDE)
    assert [name for name, words in said.items() if not words] == []


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.slug)
def test_every_topic_shows_a_page_that_it_explains(topic: Topic) -> None:
    names = [name for name, _words in NAMED.findall((TEMPLATES / "ja" / f"{topic.slug}.html").read_text(encoding="utf-8"))]
    assert [name for name in names if FOR_GUIDE[name] not in {route.name for route in routes.all_routes()}] == []
    assert names
    assert any(topic_of(FOR_GUIDE[name]) is topic for name in names) or topic.slug == "sharing"  # a part of a page that another topic explains


def test_the_pictures_stay_small() -> None:
    assert sum(path.stat().st_size for path in GUIDE.iterdir()) < 3_200_000
    assert all(path.read_bytes()[:4] == b"RIFF" for path in GUIDE.iterdir())


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_picture_says_what_it_shows(language: str) -> None:
    with override(language):
        pages = [render_to_string(topic.template) for topic in TOPICS]
    images = [image for page in pages for image in re.findall(r"<img [^>]+>", page)]
    assert len(images) == sum(len(NAMED.findall((TEMPLATES / language / f"{topic.slug}.html").read_text(encoding="utf-8"))) for topic in TOPICS)
    assert all(re.search(r'alt="[^"]{8,}"', image) for image in images)


@pytest.mark.parametrize(("page", "slug"), [
    ("desk-call-back", "call"), ("desk-triage", "triage"), ("desk-requests", "requests"), ("desk-case-handover-accept", "handover"),
    ("desk-case-consent-withdraw", "consent"), ("portal-status", "company-page"), ("portal-status-share", "sharing"),
    ("desk-register-import", "register"), ("account_login", "trouble"), ("desk-today", "notices"),
    ("desk-move-packs", "moves"), ("desk-absences", "absence"), ("desk-letter-step", "letters"), ("desk-template-upload", "letters"),
    ("desk-inquiry", "inquiries"), ("desk-case-match-offer", "inquiries"), ("desk-case-nda", "inquiries"), ("desk-openings", "openings"),
    ("portal-partner", "openings"), ("desk-view-new", "views"), ("desk-cases", "views"), ("desk-bulk", "views"), ("desk-export", "exports"),
    ("desk-register-export", "exports"), ("desk-companies-import", "companies"), ("desk-companies-export", "exports"),
    ("desk-mail-in", "mails"), ("desk-nudges", "notices"), ("my-calendar", "notices"), ("invitation", "accounts"), ("mfa_index", "accounts"),
    ("desk-people-review", "people"), ("portal-home", "firm-account"), ("portal-join", "firm-account"), ("portal-case", "company-page"),
    ("portal-case-share", "sharing"), ("desk-catalogue-import", "catalogue"), ("desk-entries", "search"), ("desk-search-saved", "search"),
    ("desk-entry-reach", "search"), ("desk-route-step", "routes"), ("desk-meeting-minutes", "meetings"), ("desk-case-put-up", "meetings"), ("desk-words-import", "words"),
    ("desk-climbs", "stuck"), ("desk-gaps-xlsx", "stuck"), ("desk-case-bridge", "coordinators"), ("desk-coordinators-log", "coordinators"),
    ("desk-figures-overview", "figures"), ("desk-figure", "figures"), ("desk-report-approve", "reports"), ("desk-plan-change", "plan"), ("public-round", "meetings"), ("desk-learning", "learning"),
    ("desk-choices", "choices"), ("public-find", "find"),
])  # fmt: skip
def test_a_page_finds_its_topic(page: str, slug: str) -> None:
    found = topic_of(page)
    assert found is not None
    assert found.slug == slug


def test_a_page_without_a_topic_is_led_to_the_list() -> None:
    assert topic_of("desk-board") is None
    assert topic_of("") is None


def test_every_page_a_topic_names_exists() -> None:
    names = [route.name for route in routes.all_routes()]
    assert [start for topic in TOPICS for start in topic.pages if not any(name.startswith(start) for name in names)] == []


def test_staff_find_the_guide_on_their_page(world: World) -> None:
    client = Client()
    client.force_login(world.people[DESK])
    pages = {name: client.get(reverse(name, kwargs={"body": DESK})).content.decode() for name in ("desk-call", "desk-board")}
    assert '<a class="ask" href="/guide/call/">' in pages["desk-call"]
    assert '<a class="ask" href="/guide/">' in pages["desk-board"]


def test_firms_find_the_guide_at_the_foot_of_their_page(world: World) -> None:
    foot = Client().get("/").content.decode().split('<footer class="foot">', 1)[1]
    assert '<a href="/guide/company-page/">使い方</a>' in foot
