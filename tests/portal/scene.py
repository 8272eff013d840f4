"""A firm with its private link: a case that came through the web form and went some way."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.intake import Said, receive
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, Support
from renkei.plan.models import Body
from tests.world import BANK, CENTER, DESK, LAB, World

WORDS = "手のひらに乗る水質計を発売したい。落としても狂わないか試したい。部品を仕入れるお金も心配です。"
SUMMARY = "養殖場で使う小さな水質計。落下、振動、高温の試験と、販路を探している。"


@dataclass
class Firm:
    """The case, the firm's token, and the supports by body."""

    world: World
    case_id: Any
    token: str
    supports: dict[str, Support]

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.case_id)

    def url(self, name: str = "", **more: Any) -> str:
        return reverse(f"portal-status{'-' + name if name else ''}", kwargs={"token": self.token, **more})


def came(world: World, **more: Any) -> Firm:
    """A consultation with a mail address; the firm lets the desk show summary and technical matters."""
    said = Said(
        text=WORDS, channel="phone", title="水質計を発売したい", summary=SUMMARY, summary_seen=True,
        company_given="株式会社まぼろし計測", person_given="髙梨 芽衣", phone="0471-00-0001",
        email="mei@maboroshi.example", standing_classes=["summary", "technical"],
    )  # fmt: skip
    received = receive(said, by=world.desk, body=Body.objects.get(pk=DESK), **more)
    return Firm(world, received.case.pk, received.token, {})


def asked(world: World, *, left: bool = True) -> Firm:
    """The lab (it would take over) and the centre are asked."""
    firm = came(world)
    tests = add_need(firm.case, title="落下でも狂わないか", stage="3", by=world.desk)
    sales = add_need(firm.case, title="春の見本市に出す", stage="4", by=world.desk)
    picks = [
        Pick(tests, "equipment-tests", LAB, "落下と振動の試験をしてほしい", ["summary", "technical"], takes_over=True),
        Pick(sales, "sales-adviser", CENTER, "見本市への出し方を助言してほしい", ["summary"]),
    ]
    sent = send_offers(firm.case, picks, by=world.desk)
    if left:
        Support.objects.update(leaves_at=clock.now() - dt.timedelta(minutes=1))
    firm.supports = {one.body_id: Support.objects.get(pk=one.pk) for one in sent}
    return firm


def running(world: World) -> Firm:
    """The lab has taken over, the centre has declined."""
    firm = asked(world)
    accept(firm.supports[LAB], by=world.lab)
    decline(firm.supports[CENTER], by=world.center, reason="not_our_field", text="水質計は担当外で、前にもめたことがある。")
    return firm


__all__ = ["BANK", "CENTER", "DESK", "LAB", "SUMMARY", "WORDS", "Firm", "asked", "came", "running"]
