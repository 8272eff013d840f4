"""Somebody a body named is asked outside the region: the request starts from what was said of them [C94, C95]."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.candidates import Named, name_somebody
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.escalation import end_rung
from renkei.cases.models import Asked, Candidate, Case, Escalation, Need, RungEnd
from renkei.meetings.models import AgendaItem
from tests.cases.making import NOON, fresh
from tests.meetings.making import on_agenda, with_meetings
from tests.world import BANK, LAB, World

pytestmark = pytest.mark.covers("C94", "C95")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def named_outside(world: World, named: Named) -> Candidate:
    """The need stands outside the region, the lab leads, and the bank knows somebody."""
    with_meetings(world)
    item: AgendaItem = on_agenda(world)
    need = Need.objects.get(pk=item.source.escalation.need_id)
    end_rung(Escalation.objects.open().get(need=need), by=world.desk, end=RungEnd.HIGHER, words="県外に求める")
    circulate(fresh(need), by=world.desk, place="", sure=True, asks_around=True)
    Case.objects.filter(pk=need.case_id).update(holder_id=LAB)
    name_somebody(Asked.objects.get(body_id=BANK), [named], by=world.bank)
    return Candidate.objects.get()


def pages(world: World, one: Candidate) -> tuple[Client, str, str]:
    client = Client()
    client.force_login(world.people[LAB])
    need = Need.objects.get(circulations__inquiry=one.asked.inquiry_id)
    click = reverse("desk-candidate", kwargs={"body": LAB, "case": need.case_id, "candidate": one.pk})
    ask = reverse("desk-case-outside-ask", kwargs={"body": LAB, "case": need.case_id, "subject": need.pk})
    return client, click, ask


def text(response: Any) -> str:
    return str(response.content.decode())


def test_one_click_opens_the_request_with_what_was_said(world: World) -> None:
    one = named_outside(world, Named("となり県試験所", "隣 花子", "t@tonari.example", "反りに詳しい"))
    client, click, ask = pages(world, one)
    answer = client.post(click, {"use": "outside"})
    assert (answer.status_code, answer["Location"], fresh(one).use) == (302, f"{ask}?candidate={one.pk}", "outside")
    page = text(client.get(answer["Location"]))
    assert [word for word in ('value="隣 花子"', 'value="t@tonari.example"', "ひばり銀の心当たり：となり県試験所 隣 花子", "反りに詳しい", 'value="kazenet|tonari" selected') if word not in page] == []


def test_a_telephone_number_is_no_address_and_who_is_in_no_network_is_chosen_by_hand(world: World) -> None:
    one = named_outside(world, Named("架空大学", "空木 教授", "000-111-2222"))
    client, _click, ask = pages(world, one)
    page = text(client.get(f"{ask}?candidate={one.pk}"))
    assert ('value="空木 教授"' in page, "000-111-2222" in page, 'value="000-111-2222"' in page) == (True, True, False)


@pytest.mark.parametrize("given", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_any_hint_is_answered(world: World, given: str) -> None:
    one = named_outside(world, Named("架空大学"))
    client, _click, ask = pages(world, one)
    answer = client.get(ask, {"candidate": given})
    assert (answer.status_code, "の心当たり：" in text(answer)) == (200, False)
