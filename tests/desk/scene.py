"""One firm with a case that has gone some way, made by the actions people use."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from renkei.base import clock
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.intake import Received, Said, receive
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.actions.triage import add_need, set_summary
from renkei.cases.models import Case, Need, Support
from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company
from renkei.plan.models import Body
from tests.world import CENTER, DESK, LAB, World

WORDS = "手のひらに乗る水質計を発売したい。落としても狂わないか試したい。部品を仕入れるお金も心配です。"
SUMMARY = "養殖場で使う小さな水質計。落下、振動、高温の試験と、販路を探している。"
NOW = clock.at(dt.date(2026, 11, 25), 9, 20)


@dataclass
class Scene:
    """The case, how it came, and its supports."""

    world: World
    received: Received
    needs: list[Need]
    supports: list[Support]

    @property
    def case(self) -> Case:
        return Case.objects.get(pk=self.received.case.pk)

    def client(self, body: str) -> Client:
        client = Client()
        client.force_login(self.world.people[body])
        return client


def arrived(world: World, name: str = "株式会社まぼろし計測", company: Company | None = None, **more: Any) -> Received:
    """A consultation by telephone, taken by the front desk."""
    company = company or register_company(
        Profile(name=name, kana="マボロシケイソク", municipality="999016", phone="0471-00-0001"), by=world.desk
    )
    said = Said(
        text=WORDS, channel="phone", company=company, person_given="髙梨 芽衣", phone="0471-00-0001",
        email="mei@maboroshi.example", summary_seen=True, standing_classes=["summary", "technical"], **more,
    )  # fmt: skip
    return receive(said, by=world.desk, body=Body.objects.get(pk=DESK))


def asked(world: World, *, left: bool = True) -> Scene:
    """The lab is asked for tests (it would take over), the centre for its sales adviser; both have until Tuesday."""
    received = arrived(world)
    case = received.case
    set_summary(case, title="水質計を発売したい", summary=SUMMARY, by=world.desk, seen=True)
    needs = [
        add_need(case, title="落下・振動・高温でも狂わないか", stage="3", by=world.desk),
        add_need(case, title="春の見本市に出す", stage="4", by=world.desk),
    ]
    picks = [
        Pick(needs[0], "equipment-tests", LAB, "落下と振動の試験をしてほしい", ["summary", "technical"], takes_over=True),
        Pick(needs[1], "sales-adviser", CENTER, "見本市への出し方を助言してほしい", ["summary"]),
    ]
    supports = send_offers(Case.objects.get(pk=case.pk), picks, by=world.desk)
    if left:
        Support.objects.filter(pk__in=[one.pk for one in supports]).update(leaves_at=clock.now() - dt.timedelta(minutes=1))
    return Scene(world, received, needs, [Support.objects.get(pk=one.pk) for one in supports])


def running(world: World) -> Scene:
    """The lab has taken over, the centre has declined."""
    scene = asked(world)
    accept(scene.supports[0], by=world.lab)
    decline(scene.supports[1], by=world.center, reason="not_our_field", text="水質計の販路は担当外です。")
    return scene


def plain(answer: Any) -> str:
    """The page without its one-time tokens, to compare two answers byte by byte."""
    return re.sub(r'(X-CSRFToken": "|csrfmiddlewaretoken" value=")[^"]+', r"\1", answer.content.decode())
