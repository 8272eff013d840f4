"""What tests of the support route start from: a plan with an order of things, a small catalogue, a fixed proposal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.routes import make_route
from renkei.cases.models import Case, Need, Route, RouteStep
from renkei.matching.models import Entry
from renkei.matching.proposal import Analysis, Candidate, EntryHit, Evidence, Proposal, ProposedNeed
from renkei.plan.models import PlanVersion, Provision
from tests.cases.making import arrived, need_of
from tests.world import BANK, CENTER, CONTENT, LAB, World

PRECEDENCE = [
    {"code": "course-first", "before": "events", "after": "equipment-tests", "when": "qualification", "text": "講習が先。", "advice": True},
    {"code": "award-first", "before": "rd-subsidy", "after": "loan", "when": "award", "text": "決定が先。"},
    {"code": "no-order", "before": "rd-subsidy", "after": "order", "when": "award", "text": "決定より前に注文しない。"},
]
QUESTIONS = [
    {"key": "award", "services": ["loan"], "text": "補助は決まりましたか", "choices": ["決まった", "まだ"]},
    {"key": "qualification", "services": ["equipment-tests"], "text": "講習は受けましたか", "choices": ["受けた", "まだ"]},
]
SPEAKS = {"equipment": ["equipment-tests"], "test": ["equipment-tests"]}  # what a machine and a test speak for
NOON = clock.at(dt.date(2026, 11, 25), 12)


def plan(world: World, **more: Any) -> None:
    """Publish the plan with its order of things."""
    content = {**CONTENT, "precedence": PRECEDENCE, "cues": {"questions": QUESTIONS, "entry_services": SPEAKS}, **more}
    PlanVersion.objects.create(plan=world.plan, number=2 + PlanVersion.objects.count(), content=content, published_at=clock.now())


def entry(code: str, kind: str, service: str | None, body: str | None, *windows: dict[str, Any], **facts: Any) -> Entry:
    made = Entry.objects.create(id=code, kind=kind, name=f"{code}の名", service_id=service, body_id=body, kept_by="test", facts=facts,
                                text_hash=code, is_public=True)
    for window in windows:
        made.windows.create(**window)
    return made


def catalogue() -> None:
    """A call open until 18 December, a course on the 8th, a machine that needs it, and a loan that is always open."""
    entry("PG1", "programme", "rd-subsidy", CENTER, {"kind": "call", "opens": dt.date(2026, 11, 1), "closes": dt.date(2026, 12, 18)}, decision_weeks=6, fee_yen=0)
    entry("PG2", "programme", "rd-subsidy", CENTER, {"kind": "call", "opens": dt.date(2027, 1, 12), "closes": dt.date(2027, 1, 29)}, decision_weeks=4, fee_yen=3000)
    entry("LN1", "programme", "loan", BANK, {"kind": "call", "always_open": True}, decision_weeks=3)
    entry("EV1", "event", "events", LAB, {"kind": "course", "closes": dt.date(2026, 12, 1), "starts": dt.date(2026, 12, 8)}, qualifies_for=["EQ1の名"])
    entry("EQ1", "equipment", None, LAB, training_level=2, opening="weekday 09:00-17:00", days=2)


def candidate(service: str, body: str, hit: tuple[str, str] | None = None, score: float = 0.9, why: str = "") -> Candidate:
    hits = [EntryHit(hit[0], hit[1], 1.0, hit[0])] if hit else []
    return Candidate(service, body, "3", score, 1, entries=hits, evidence=[Evidence("met", why)] if why else [])


def proposal(needs: dict[str, list[Candidate]]) -> Proposal:
    listed = [ProposedNeed(number, title, "3", [(number, number + 2)], found, []) for number, (title, found) in enumerate(needs.items(), 1)]
    every = [one for found in needs.values() for one in found]
    return Proposal("route", "A", ["3"], listed, every, [], [], [], [], [], Analysis("A", ["3"], [], [], [], [], []))


NEEDS = {
    "試作の補助": [candidate("rd-subsidy", CENTER, ("PG1", "programme")), candidate("loan", BANK, ("LN1", "programme"), 0.5)],
    "雷サージの試験": [candidate("equipment-tests", LAB, ("EQ1", "equipment"), why="所在地に近い機関です"),
                       candidate("tech-consultation", LAB), candidate("tech-consultation", CENTER, score=0.4)],
}  # fmt: skip


@dataclass
class Routed:
    """A case with its route."""

    world: World
    case: Case
    route: Route

    @property
    def steps(self) -> list[RouteStep]:
        head = Route.objects.get(pk=self.route.pk)
        return list(RouteStep.objects.filter(version__route=head, version__number=head.version))

    def step(self, service: str) -> RouteStep:
        return next(one for one in self.steps if one.service_id == service)

    @property
    def days(self) -> dict[str, tuple[dt.date | None, dt.date | None]]:
        return {one.service_id: (one.begins_on, one.ends_on) for one in self.steps}

    @property
    def version(self) -> int:
        return Route.objects.get(pk=self.route.pk).version


def proposing(monkeypatch: pytest.MonkeyPatch, needs: dict[str, list[Candidate]] | None = None) -> None:
    """Let the matcher say this; what it really says has its own tests."""
    def propose(_text: str, **given: Any) -> Proposal:
        said = {title: [one for one in found if (one.service, one.body) not in given.get("declined", ())] for title, found in (needs or NEEDS).items()}
        return proposal(said)

    monkeypatch.setattr("renkei.cases.queries.route_proposal.propose", propose)


def routed(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    """A case the desk took, with a route made from the proposal."""
    plan(world)
    catalogue()
    proposing(monkeypatch)
    Provision.objects.get_or_create(plan=world.plan, service_id="events", body_id=LAB, defaults={"source": "both"})
    case = arrived(world).case
    need_of(case, world, title="雷サージの試験")
    return Routed(world, case, make_route(case, by=world.desk))


def first_need(case: Case) -> Need:
    return Need.objects.filter(case=case).order_by("order").first()  # type: ignore[return-value]  # there is one
