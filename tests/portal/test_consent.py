"""The link in a mail by which a firm answers what it is asked to show, or confirms what it said on the telephone."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.consents import give_consent, request_consent, withdraw_consent
from renkei.cases.models import Consent, ConsentRequest, Transition
from renkei.plan.models import Body
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose, Mail
from tests.portal.scene import BANK, SUMMARY, WORDS, Firm, asked, came
from tests.world import World


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def mailed(firm: Firm) -> str:
    """Return the address in the last mail to the firm."""
    mail = Mail.objects.filter(case=firm.case_id, to="mei@maboroshi.example", text__contains="/consent/").latest("made_at")
    found = re.search(r"/consent/([\w-]+)/", mail.text)
    assert found
    return reverse("portal-consent", kwargs={"token": found[1]})


def request_(firm: Firm) -> ConsentRequest:
    bank = Body.objects.get(pk=BANK)
    return request_consent(firm.case, body=bank, classes=["summary", "financial"], by=firm.world.desk, purpose="つなぎ融資の相談")


def oral(firm: Firm, klass: str = "summary") -> Consent:
    bank = Body.objects.get(pk=BANK)
    return give_consent(firm.case, body=bank, klass=klass, by=firm.world.desk, how="oral", given_by="髙梨 芽衣")


def live(firm: Firm) -> list[str]:
    rows = Consent.objects.live().filter(case_id=firm.case_id, body_id=BANK)
    return list(rows.order_by("klass").values_list("klass", flat=True))


@pytest.mark.covers("C36")
def test_a_request_shows_who_asks_for_what_and_why(world: World) -> None:
    firm = came(world)
    request_(firm)
    shown = text_of(Client().get(mailed(firm)))
    for words in ("ひばり銀行に見せてよいですか", "ひばり県産業課からのおたずねです。", "つなぎ融資の相談", SUMMARY, "お金のこと"):
        assert words in shown, words
    assert "技術の内容" not in shown
    assert WORDS not in shown
    assert live(firm) == []


@pytest.mark.parametrize(
    ("data", "given", "words"),
    [
        ({"answer": "yes", "classes": ["summary", "financial"]}, ["financial", "summary"], "ひばり銀行に、要約、お金のことを見せます。"),
        ({"answer": "yes", "classes": ["summary"]}, ["summary"], "ひばり銀行に、要約を見せます。"),
        ({"answer": "no", "classes": ["summary"]}, [], "ひばり銀行には見せません。"),
    ],
)
def test_all_a_part_or_nothing_is_given_and_the_link_dies(
    world: World, data: dict[str, Any], given: list[str], words: str
) -> None:
    firm = came(world)
    asked_ = request_(firm)
    url = mailed(firm)
    assert words in text_of(Client().post(url, data))
    assert live(firm) == given
    asked_.refresh_from_db()
    assert asked_.answered_at is not None
    assert sorted(asked_.given) == given
    gone = Client().get(url)
    assert gone.status_code == 404
    assert "状況の画面" in text_of(gone)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "「見せてよい」か「見せない」を選んでください。"),
        ({"answer": "yes"}, "見せてよいものに印を付けてください。"),
        ({"answer": "yes", "classes": ["technical"]}, "technical"),
    ],
)
def test_an_unclear_answer_is_asked_again(world: World, data: dict[str, Any], words: str) -> None:
    firm = came(world)
    request_(firm)
    answer = Client().post(mailed(firm), data)
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert live(firm) == []
    assert not ConsentRequest.objects.filter(answered_at__isnull=False).exists()


def test_a_request_can_be_answered_on_the_status_page_too(world: World) -> None:
    firm = came(world)
    asked_ = request_(firm)
    page = text_of(Client().get(firm.url()))
    assert "見せてよいか、お返事をください" in page
    url = firm.url("request", asked=asked_.pk)
    assert f'href="{url}?of={firm.case_id}"' in page
    assert "ひばり銀行に見せてよいですか" in text_of(Client().get(url))
    assert Client().post(url, {"answer": "yes", "classes": ["summary"]}).status_code == 302
    assert live(firm) == ["summary"]
    assert Client().get(url).status_code == 404
    assert Client().get(mailed(firm)).status_code == 404


def test_an_oral_consent_is_confirmed(world: World) -> None:
    firm = came(world)
    one = oral(firm)
    url = mailed(firm)
    shown = text_of(Client().get(url))
    for words in ("ひばり銀行に要約を見せてよい、でよいですか", "髙梨 芽衣様から口頭でうかがいました（聞いた人 相川 志保）", SUMMARY):
        assert words in shown, words
    assert "どちらかを選んでください。" in text_of(Client().post(url, {}))
    assert "ひばり銀行に、要約を見せます。" in text_of(Client().post(url, {"answer": "yes"}))
    one.refresh_from_db()
    assert one.confirmed_at is not None
    assert Transition.objects.filter(verb="consent_confirmed").count() == 1
    assert Client().get(url).status_code == 404


def test_an_oral_consent_that_was_not_given_is_taken_back(world: World) -> None:
    firm = came(world)
    one = oral(firm)
    assert "ひばり銀行には見せません。" in text_of(Client().post(mailed(firm), {"answer": "no"}))
    one.refresh_from_db()
    assert (one.withdrawn_at is not None, one.withdrawn_how) == (True, "link")
    assert live(firm) == []


def test_a_consent_withdrawn_meanwhile_says_so(world: World) -> None:
    firm = came(world)
    one = oral(firm)
    url = mailed(firm)
    withdraw_consent(one, by=world.desk, how="oral")
    assert "この同意は、取り消されています。" in text_of(Client().get(url))
    answer = Client().post(url, {"answer": "yes"})
    assert answer.status_code == 200
    assert live(firm) == []


def test_get_answers_nothing(world: World) -> None:
    firm = came(world)
    oral(firm)
    request_(firm)
    before = Transition.objects.count()
    for _ in range(3):
        assert Client().get(mailed(firm)).status_code == 200
    assert Transition.objects.count() == before


def test_other_links_do_not_open_it(world: World) -> None:
    firm = asked(world)
    assert Client().get(reverse("portal-consent", kwargs={"token": firm.token})).status_code == 404
    token = make_link(by=world.desk, purpose=LinkPurpose.CONSENT, expires_at=clock.now() + dt.timedelta(days=1),
                      case=firm.case_id, subject=firm.case_id)  # fmt: skip
    assert Client().get(reverse("portal-consent", kwargs={"token": token})).status_code == 404


def test_under_the_web_login_the_firm_answers_by_its_link(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"), acting(world.desk):
        firm, other = came(world), came(world)
        request_(firm)
        oral(other)
    urls = [mailed(firm), mailed(other)]
    with login("web"):
        shown = text_of(Client().get(urls[0]))
        assert SUMMARY in shown
        assert WORDS not in shown
        assert "見せます" in text_of(Client().post(urls[0], {"answer": "yes", "classes": ["summary", "financial"]}))
        assert "見せません" in text_of(Client().post(urls[1], {"answer": "no"}))
    assert live(firm) == ["financial", "summary"]
    assert live(other) == []
