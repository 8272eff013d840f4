"""Kinds of help, their next dates, the guide found and not found, and the way from every page to its topic."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from renkei.base import clock, routes
from renkei.base.actor import GUEST
from renkei.config.context import front_desk, guide, page
from renkei.matching.models import Entry, Window
from renkei.plan.models import Body, PlanVersion, Provision
from renkei.plan.queries import current_plan
from renkei.public.consult.draft import COOKIE
from renkei.public.guide.topics import TOPICS, Topic, topic_of
from renkei.public.guide.views import LONGEST_SEARCH
from renkei.public.home.offers import Kind, kinds_of_help
from renkei.public.home.views import first_answer_days
from tests.cases.making import NOON
from tests.world import CENTER, CONTENT, DESK, LAB, World

DAY = dt.timedelta(days=1)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def asking(world: World) -> World:
    """The plan says what firms ask for; one service answers two questions, one question has no service."""
    content: dict[str, Any] = deepcopy(CONTENT)
    content["vocabularies"]["asks"] = [{"code": code, "name": name} for code, name in (("funds", "お金"), ("technical", "測る"), ("nobody", "だれも"), ("news", "知る"))]
    content["services"] = [{"code": "events", "asks": ["news", "technical"], "about": "催しです。"}, {"code": "equipment-tests", "asks": ["technical"]},
                           {"code": "loan", "asks": ["funds"]}, {"code": "gone", "asks": ["funds"]}]  # fmt: skip
    PlanVersion.objects.create(plan=current_plan(), number=2, content=content, published_at=NOON)
    return world


def entry(code: str, service: str = "events", **more: Any) -> Entry:
    given: dict[str, Any] = {"kind": "event", "name": f"催し{code}", "kept_by": "test", "is_public": True, "text_hash": code, "body_id": LAB}
    return Entry.objects.create(id=code, service_id=service, **given | more)


def opens(one: Entry, **more: Any) -> Window:
    return Window.objects.create(entry=one, **{"kind": "course", "closes": TODAY + 30 * DAY} | more)


def coming(kinds: list[Kind]) -> dict[str, list[str]]:
    return {kind.code: [window.entry_id for window in kind.coming] for kind in kinds}


class TestKinds:
    def test_in_the_plans_order_with_every_service_that_answers(self, asking: World) -> None:
        kinds = kinds_of_help()
        assert [(kind.code, kind.name, [offer.service.pk for offer in kind.offers]) for kind in kinds] == [
            ("funds", "お金", ["loan"]), ("technical", "測る", ["events", "equipment-tests"]), ("news", "知る", ["events"])]
        assert [kind.shorts for kind in kinds] == ["つなぎ融資", "催し、設備・試験", "催し"]
        assert [(offer.about, [body.pk for body in offer.bodies]) for offer in kinds[1].offers] == [("催しです。", [LAB, CENTER]), ("", [LAB])]
        with override("en"):
            assert kinds[1].shorts == "催し, 設備・試験"

    def test_without_asks_the_stages_arrange_it(self, world: World) -> None:
        kinds = kinds_of_help()
        assert {kind.code: {offer.service.pk for offer in kind.offers} for kind in kinds} == {
            "stage-1": {"events"}, "stage-2": {"rd-subsidy", "loan"}, "stage-3": {"equipment-tests", "tech-consultation"}, "stage-4": {"sales-adviser"}}

    @pytest.mark.parametrize(("span", "is_there"), [({}, True), ({"valid_from": TODAY}, True), ({"valid_from": TODAY + DAY}, False), ({"valid_to": TODAY}, True), ({"valid_to": TODAY - DAY}, False)])
    def test_only_what_can_be_had_today(self, asking: World, span: dict[str, dt.date], is_there: bool) -> None:
        Provision.objects.filter(service="loan").update(**span)
        assert ("funds" in {kind.code for kind in kinds_of_help()}) is is_there

    def test_the_questions_asked_of_the_database_do_not_grow(self, asking: World) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                kinds_of_help(with_dates=True)
            return len(asked)

        opens(entry("a"))
        queries()
        one = queries()
        for n in range(5):
            opens(entry(f"b{n}"), starts=TODAY + DAY)
        assert queries() == one


class TestDates:
    def test_the_next_three_each_entry_once_soonest_first(self, asking: World) -> None:
        for n, days in enumerate((9, 3, 5, 7)):
            one = entry(f"e{n}")
            opens(one, starts=TODAY + days * DAY, closes=TODAY + days * DAY)
            opens(one, starts=TODAY + (days + 1) * DAY, closes=TODAY + (days + 1) * DAY)
        assert coming(kinds_of_help(with_dates=True)) == {"funds": [], "technical": ["e1", "e2", "e3"], "news": ["e1", "e2", "e3"]}
        assert coming(kinds_of_help()) == {"funds": [], "technical": [], "news": []}

    @pytest.mark.parametrize(
        ("window", "is_there"),
        [
            ({"starts": TODAY}, True), ({"starts": TODAY - DAY}, False), ({"starts": TODAY + 400 * DAY, "closes": TODAY + 400 * DAY}, True),
            ({"closes": TODAY}, True), ({"closes": TODAY - DAY}, False), ({"always_open": True}, False), ({"starts": TODAY - DAY, "closes": TODAY + DAY}, False),
        ],
    )  # fmt: skip
    def test_what_is_over_or_always_there_is_no_date(self, asking: World, window: dict[str, Any], is_there: bool) -> None:
        opens(entry("e"), **window)
        assert coming(kinds_of_help(with_dates=True))["news"] == (["e"] if is_there else [])

    @pytest.mark.parametrize(
        ("more", "is_there"),
        [
            ({}, True), ({"kind": "programme"}, True), ({"kind": "equipment"}, False), ({"kind": "person"}, False), ({"is_public": False}, False),
            ({"withdrawn_on": TODAY}, False), ({"service": None}, False), ({"service": "loan"}, False), ({"body_id": None}, True),
        ],
    )  # fmt: skip
    def test_only_public_events_and_programmes_of_the_service(self, asking: World, more: dict[str, Any], is_there: bool) -> None:
        service = more.pop("service", "events")
        opens(entry("e", service, **more))
        assert coming(kinds_of_help(with_dates=True))["news"] == (["e"] if is_there else [])

    def test_the_page_names_them(self, asking: World) -> None:
        opens(entry("e", name="秋の講座"), starts=TODAY + DAY)
        opens(entry("x", name="内輪の会", is_public=False), starts=TODAY + DAY)
        text = Client().get(reverse("public-help")).content.decode()
        assert ("秋の講座" in text, "内輪の会" in text) == (True, False)


class TestPromise:
    @pytest.mark.parametrize(("days", "words"), [(2, "2営業日のうちに"), (1, "1営業日のうちに"), (None, "できるだけ早く")])
    def test_the_first_answer_is_promised_as_the_plan_says(self, world: World, days: int | None, words: str) -> None:
        clocks = {name: one for name, one in CONTENT["clocks"].items() if name != "first_answer"} | ({"first_answer": {"business_days": days}} if days else {})
        PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"clocks": clocks}, published_at=NOON)
        assert first_answer_days() == words
        assert words in Client().get(reverse("public-home")).content.decode()

    def test_closed_bodies_are_counted_no_more(self, world: World) -> None:
        assert Client().get(reverse("public-home")).context["bodies"] == 4
        Body.objects.filter(pk=CENTER).update(closed_on=TODAY)
        assert Client().get(reverse("public-home")).context["bodies"] == 3

    def test_a_made_up_draft_is_not_offered_again(self, world: World) -> None:
        one = Client()
        for token in ("", "x", "x" * 43, "../../etc", "%00"):
            one.cookies.load({COOKIE: token})
            answer = one.get(reverse("public-home"))
            assert (answer.status_code, answer.context["resume"]) == (200, "")


class TestGuide:
    def search(self, words: str, language: str = "ja") -> set[str]:
        answer = Client(HTTP_ACCEPT_LANGUAGE=language).get(reverse("public-guide"), {"q": words})
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
        return {topic.slug for topic in answer.context["topics"]}

    @pytest.mark.parametrize("words", ["", "  ", "　", "・", "株式会社"])
    def test_words_that_say_nothing_leave_all(self, db: None, words: str) -> None:
        assert self.search(words) == {topic.slug for topic in TOPICS}

    @pytest.mark.parametrize("words", ["<script>alert(1)</script>", "\x00", "%", "' OR 1=1", "あ" * 5000, "zzzz", "メール zzzz"])
    def test_odd_words_break_nothing(self, db: None, words: str) -> None:
        found = self.search(words)
        assert found == {topic.slug for topic in TOPICS if topic.has(words.strip()[:LONGEST_SEARCH])} or not words.strip()

    def test_every_topic_is_found_by_its_own_title_in_both_languages(self, db: None) -> None:
        for language in ("ja", "en"):
            with override(language):
                titles = {topic.slug: str(topic.title) for topic in TOPICS}
                assert len(set(titles.values())) == len(TOPICS)
                assert [slug for slug, title in titles.items() if slug not in self.search(title[:LONGEST_SEARCH], language)] == []

    def test_all_words_have_to_be_there_in_any_order_and_width(self, db: None) -> None:
        both = self.search("依頼 メール")
        assert both == self.search("メール　依頼") == self.search("ﾒｰﾙ 依頼") == self.search("依頼") & self.search("メール")
        assert both < set(self.search("メール"))

    @pytest.mark.parametrize("topic", ["", "no-such", "call/", "../call", "CALL"])
    def test_no_other_page_is_there(self, db: None, topic: str) -> None:
        assert Client().get(f"/guide/{topic}/").status_code == 404

    def test_the_longest_beginning_wins(self) -> None:
        starts = [(start, topic.slug) for topic in TOPICS for start in topic.pages]
        assert len({start for start, _slug in starts}) == len(starts)
        for start, slug in starts:
            found = topic_of(start)
            assert isinstance(found, Topic)
            assert found.slug == slug
        assert topic_of("portal-status-share") != topic_of("portal-status") != topic_of("portal-")
        assert [topic_of(name) for name in ("", "nothing", "Desk-call")] == [None, None, None]


class TestEveryTemplate:
    def request(self, name: str | None, **more: Any) -> Any:
        made = RequestFactory().get("/")
        match = type("Match", (), {"url_name": name})()
        made.resolver_match = match if name is not None else None  # type: ignore[assignment]  # all that is asked of it
        for key, value in more.items():
            setattr(made, key, value)
        return made

    def test_a_page_leads_to_its_topic_or_to_the_list(self) -> None:
        for one in routes.all_routes():
            topic = topic_of(one.name)
            assert guide(self.request(one.name))["guide_url"] == (reverse("public-guide-topic", kwargs={"topic": topic.slug}) if topic else reverse("public-guide"))
        assert guide(self.request("desk-call"))["guide_url"] == "/guide/call/"
        assert guide(self.request("nothing"))["guide_url"] == guide(self.request(None))["guide_url"] == guide(self.request(""))["guide_url"] == "/guide/"

    def test_who_acts_and_for_whom(self, world: World, settings: Any) -> None:
        bare = page(self.request("x"))
        assert (bare["actor"], bare["membership"]) == (None, None)
        given = page(self.request("x", actor=world.desk, membership="m"))
        assert (given["actor"], given["membership"]) == (world.desk, "m")
        settings.RENKEI_EXAMPLE = False
        plain = page(self.request("x", actor=GUEST))
        assert set(plain) == {"actor", "membership", "is_example", "outside_providers"}
        assert plain["is_example"] is False

    def test_the_desk_is_asked_for_only_when_it_is_shown(self, world: World) -> None:
        with CaptureQueriesContext(connection) as asked:
            given = front_desk(self.request("x"))
        assert len(asked) == 0
        assert (given["desk"].body.pk, given["desk"].plan_title) == (DESK, "ひばり県連携支援計画")
