"""The link in an offer's mail: one answer, for one body, while the firm lets it read; GET never decides anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, decline, record_answer, withdraw_support
from renkei.cases.actions.consents import give_consent, request_consent, withdraw_consent
from renkei.cases.actions.offers import recall
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Case, Consent, Message, Passage, Support, Transition
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.linking import firm, firm_by_mail, web
from tests.cases.making import arrived, fresh, offered, refuses
from tests.cases.test_offers import token_of
from tests.world import BANK, CENTER, DESK, LAB, World

GONE = "このリンクでは、もう答えられません。"
ANSWERS: dict[str, dict[str, str]] = {
    "accept": {"answer": "accept", "answered_by": "江澤"},
    "decline": {"answer": "decline", "reason": "busy", "text": "今月は無理です", "answered_by": "江澤"},
    "ask": {"answer": "ask", "question": "大きさは。", "answered_by": "江澤"},
}


def page_of(support: Support) -> str:
    return reverse("public-offer", kwargs={"token": token_of(support)})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def trace(support: Support) -> tuple[Any, ...]:
    """What an answer would change."""
    row = Support.objects.filter(pk=support.pk).values().get()
    return row, Transition.objects.count(), Mail.objects.count(), Case.objects.get(pk=support.case_id).version


@pytest.mark.parametrize("second", ANSWERS)
@pytest.mark.parametrize("first", ["accept", "decline"])
def test_an_answer_uses_the_link_up(world: World, first: str, second: str) -> None:
    support = offered(world)
    url, client = page_of(support), Client()
    assert "答えを受け取りました" in text_of(client.post(url, ANSWERS[first]))
    before = trace(support)
    again = client.post(url, ANSWERS[second])
    assert (again.status_code, GONE in text_of(again), trace(support)) == (404, True, before)


@pytest.mark.parametrize("second", ["accept", "decline"])
def test_a_question_leaves_the_link_for_the_answer(world: World, second: str) -> None:
    support = offered(world)
    url, client = page_of(support), Client()
    client.post(url, ANSWERS["ask"])
    assert "大きさは。" in text_of(client.get(url))
    client.post(url, ANSWERS[second])
    assert (fresh(support).state, fresh(support).answered_how) == ("accepted" if second == "accept" else "declined", "link")


def test_opening_it_any_number_of_times_decides_nothing(world: World) -> None:
    """Mail scanners open every link; each reading is on record for a late recall."""
    support = offered(world)
    url, before, reads = page_of(support), trace(support), Event.objects.filter(verb="read").count()
    for _scanner in range(3):
        assert Client().get(url).status_code == 200
    assert Client().get(url + "?answer=accept&answered_by=x").status_code == 200
    assert trace(support) == before
    assert Event.objects.filter(verb="read").count() == reads + 4
    assert open_link(token_of(support)) is not None


REVOKED: dict[str, Callable[[World, Support], Any]] = {
    "recalled": lambda world, one: recall(one, by=world.desk, reason="相手を間違えた"),
    "withdrawn": lambda world, one: withdraw_support(one, by=world.desk, reason="不要"),
    "answered on screen": lambda world, one: decline(one, by=world.lab, reason="busy"),
    "answered by telephone": lambda world, one: record_answer(one, by=world.desk, answer="accept", answered_by="江澤"),
    "passed on": lambda world, one: pass_on(one, by=world.lab, person=world.lab.person),
    "out of date": lambda _world, _one: Link.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1)),
    "closed to it by the firm": lambda _world, one: withdraw_consent(
        Consent.objects.get(case=one.case, body=LAB, klass="summary"), by=firm(one.case), how="link"),
    "narrowed by the firm": lambda _world, one: withdraw_consent(
        Consent.objects.get(case=one.case, body=LAB, klass="technical"), by=firm(one.case), how="link"),
}  # fmt: skip


@pytest.mark.parametrize("how", REVOKED)
def test_between_the_page_and_its_button_the_offer_is(world: World, how: str) -> None:
    support = offered(world, classes=["technical"])
    url, client = page_of(support), Client()
    assert client.get(url).status_code == 200
    REVOKED[how](world, support)
    before = trace(support)
    answer = client.post(url, ANSWERS["accept"])
    assert (answer.status_code, GONE in text_of(answer), trace(support)) == (404, True, before)
    assert client.get(url).status_code == 404


def test_passed_on_only_the_new_link_answers(world: World) -> None:
    support = offered(world)
    old = page_of(support)
    with clock.moved_to(clock.now() + dt.timedelta(minutes=1)):
        pass_on(support, by=world.lab, person=world.lab.person)
    new = page_of(support)
    assert new != old
    assert 'value="小出 渉"' in text_of(Client().get(new))
    Client().post(new, ANSWERS["accept"] | {"answered_by": "小出 渉"})
    assert (fresh(support).state, fresh(support).answered_by) == ("accepted", "小出 渉")


@pytest.mark.parametrize("body", [CENTER, BANK, DESK, ""])
def test_a_link_made_out_to_another_body_opens_nothing(world: World, body: str) -> None:
    support = offered(world)
    Link.objects.filter(subject=support.pk, purpose="offer").update(body=body)
    before = trace(support)
    client = Client()
    assert [client.get(page_of(support)).status_code, client.post(page_of(support), ANSWERS["accept"]).status_code] == [404, 404]
    assert trace(support) == before


@pytest.mark.parametrize("sent", [{}, {"answer": ""}, {"answer": ["accept", "decline"]}, {"answer": "accept\x00"},
                                  {"answer": "accept", "answered_by": "\u200b \u3000"}])  # fmt: skip
def test_an_unclear_answer_is_none(world: World, sent: dict[str, Any]) -> None:
    support = offered(world)
    before = trace(support)
    answer = Client().post(page_of(support), sent)
    assert (answer.status_code, trace(support)) == (200, before)
    assert 'class="err"' in text_of(answer)


def test_what_was_typed_stays_and_is_only_text(world: World) -> None:
    support = offered(world)
    evil = '<script>alert("鹿")</script>'
    answer = text_of(Client().post(page_of(support), {"answer": "decline", "reason": "", "text": evil, "answered_by": evil}))
    assert evil not in answer
    assert answer.count("&lt;script&gt;alert(") == 2


class TestUnderTheWebLogin:
    """The database agrees: committed data, policies on."""

    def test_a_link_reads_its_own_offer_in_the_offered_classes(self, committed_world: World, login: Any) -> None:
        world = committed_world
        mine, other = offered(world, classes=["technical"]), offered(world)
        for klass in ("summary", "technical", "financial"):
            for case in (mine.case, other.case):
                Passage.objects.create(case=case, klass=klass, text=f"{klass}の文", author_body_id=DESK, written_at=clock.now())
        Message.objects.create(case=mine.case, klass="financial", text="借入", from_company=True, sent_at=clock.now())
        lab = Body.objects.get(pk=LAB)
        give_consent(mine.case, body=lab, klass="financial", by=firm(mine.case), how="link")
        url, actor = page_of(mine), link_holder(open_link(token_of(mine)).id, body=LAB)
        with web(login, actor):
            assert list(Support.objects.all()) == [mine]
            assert sorted(Passage.objects.values_list("klass", flat=True)) == ["summary", "summary", "technical"]
            assert not Message.objects.exists()  # the firm has opened it, this offer does not show it
        with login("web"):
            shown = text_of(Client().get(url))
            assert ("technicalの文" in shown, "financialの文" in shown) == (True, False)

    def test_narrowed_meanwhile_neither_link_nor_screen_shows_it(self, committed_world: World, login: Any) -> None:
        world = committed_world
        with transaction.atomic():
            support = offered(world, classes=["technical"])
            Passage.objects.create(case=support.case, klass="technical", text="秘密の寸法", author_body_id=DESK,
                                   written_at=clock.now())
        screen = reverse("desk-request", kwargs={"body": LAB, "support": support.pk})
        by, technical = firm(support.case), Consent.objects.get(klass="technical")
        url = page_of(support)
        with login("web"):
            staff = Client()
            staff.force_login(world.people[LAB])
            assert ["秘密の寸法" in text_of(one) for one in (Client().get(url), staff.get(screen))] == [True, True]
            with acting(by):
                withdraw_consent(technical, by=by, how="link")
            late = Client().post(url, ANSWERS["accept"])
            assert (late.status_code, "秘密の寸法" in text_of(late)) == (404, False)
            assert "秘密の寸法" not in text_of(staff.get(screen))
            assert fresh_state(support, world) == "offered"
            assert staff.post(screen, {"answer": "accept", "person": str(world.people[LAB].pk)}).status_code == 302
            assert "秘密の寸法" not in text_of(staff.get(screen))
        assert fresh(support).state == "accepted"

    def test_closed_by_the_firm_between_page_and_button_nothing_is_accepted(
        self, committed_world: World, login: Any
    ) -> None:
        world = committed_world
        with transaction.atomic():
            support = offered(world, takes_over=True)
        screen = reverse("desk-request", kwargs={"body": LAB, "support": support.pk})
        by, summary = firm(support.case), Consent.objects.get(klass="summary")
        with login("web"):
            staff = Client()
            staff.force_login(world.people[LAB])
            assert staff.get(screen).status_code == 200
            with acting(by):
                withdraw_consent(summary, by=by, how="link")
            answer = staff.post(screen, {"answer": "accept", "person": str(world.people[LAB].pk)})
            assert answer.status_code == 200
            assert "会社が同意を取り消しました" in text_of(answer)
        assert (fresh(support).state, fresh(support.case).holder_id) == ("offered", DESK)

    def test_a_link_answers_no_other_offer_of_its_body(self, committed_world: World, login: Any) -> None:
        world = committed_world
        mine, other = offered(world), offered(world)
        actor = link_holder(open_link(token_of(mine)).id, body=LAB, name="江澤")
        for act in (lambda: accept(other, by=actor), lambda: decline(other, by=actor, reason="busy"),
                    lambda: pass_on(other, by=actor, person=world.lab.person)):
            with pytest.raises(Refused) as refusal, web(login, actor):
                act()
            assert refusal.value.code == "no_consent"
        assert (fresh(other).state, fresh(other).person_id) == ("offered", None)

    def test_the_firms_answer_link_is_used_once_and_replaced_when_more_is_asked(
        self, committed_world: World, login: Any
    ) -> None:
        world = committed_world
        case, bank = arrived(world).case, Body.objects.get(pk=BANK)
        with web(login, world.desk):
            asked = request_consent(case, body=bank, classes=["summary"], by=world.desk)
        old = firm_by_mail("consent")
        with clock.moved_to(clock.now() + dt.timedelta(minutes=1)), web(login, world.desk):
            request_consent(case, body=bank, classes=["financial"], by=world.desk)
        new = firm_by_mail("consent")
        assert old.link != new.link
        with web(login, old):
            assert not Case.objects.exists()
        url = reverse("portal-consent", kwargs={"token": consent_token()})
        with login("web"):
            assert "見せます" in text_of(Client().post(url, {"answer": "yes", "classes": ["financial", "summary"]}))
            assert Client().post(url, {"answer": "no"}).status_code == 404
        assert sorted(Consent.objects.values_list("klass", flat=True)) == ["financial", "summary"]
        assert fresh(asked).given == ["summary", "financial"]


def fresh_state(support: Support, world: World) -> str:
    with acting(world.desk):
        return str(Support.objects.get(pk=support.pk).state)


def consent_token() -> str:
    text = Mail.objects.filter(text__contains="/consent/").latest("made_at").text
    return str(text.split("/consent/")[1].split("/")[0])


def test_a_body_of_another_case_stays_out(world: World) -> None:
    """The rule asks for the body; the row itself is fetched by the link's own subject."""
    support = offered(world)
    stranger = link_holder(Link.objects.get(purpose="offer").pk, body=CENTER, name="露崎")
    with refuses("not_allowed"):
        accept(support, by=stranger)
