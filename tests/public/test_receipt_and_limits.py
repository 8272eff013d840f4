"""The receipt says only what still holds; and a draft's link is mailed often enough, not without end."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.cases.actions.closing import close_case
from renkei.post import limits
from renkei.post.models import Mail
from tests.portal.scene import came, running
from tests.public.test_consult import begin, filled, step, text_of
from tests.world import World

FIRST = "までに、最初のお返事をします"


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


def receipt(token: str) -> str:
    answer = Client().get(reverse("public-receipt", kwargs={"token": token}))
    assert answer.status_code == 200
    return text_of(answer)


def test_a_fresh_receipt_names_the_day_of_the_first_answer(world: World) -> None:
    firm = came(world)
    assert FIRST in receipt(firm.token)
    assert firm.case.number in receipt(firm.token)


def test_a_receipt_kept_for_later_promises_no_first_answer_again(world: World) -> None:
    firm = running(world)
    shown = receipt(firm.token)
    assert FIRST not in shown
    assert "いまの様子は、状況の画面で見られます" in shown
    other = came(world)
    close_case(other.case, by=world.desk, reason="solved", words="解決した")
    assert FIRST not in receipt(other.token)


def test_a_draft_has_no_receipt_before_it_is_sent(world: World) -> None:
    token = begin(Client())
    assert Client().get(reverse("public-receipt", kwargs={"token": token})).status_code == 404


def test_a_link_is_mailed_a_few_times_an_hour_and_then_no_more(world: World) -> None:
    client = Client()
    token = filled(client)
    url = reverse("public-draft-link", kwargs={"token": token})
    for _ in range(limits.LINKS_AN_HOUR):
        assert "メールで送りました" in text_of(client.post(url))
    answer = client.post(url)
    assert "続けて送ったため" in text_of(answer)
    assert Mail.objects.count() == limits.LINKS_AN_HOUR
    assert client.get(step(token, 2)).status_code == 200  # the draft itself stays open


def test_one_firms_mails_count_for_nobody_else(world: World) -> None:
    for _ in range(limits.LINKS_AN_HOUR + 1):
        token = filled(Client())
        answer = Client().post(reverse("public-draft-link", kwargs={"token": token}))
        assert "メールで送りました" in text_of(answer)


def test_a_status_link_is_mailed_a_few_times_an_hour_too(world: World) -> None:
    firm = came(world)
    Mail.objects.all().delete()
    for _ in range(limits.LINKS_AN_HOUR + 2):
        answer = Client().post(firm.url("link"))
    assert answer.status_code == 409
    assert "続けて送ったため" in text_of(answer)
    assert Mail.objects.count() == limits.LINKS_AN_HOUR
