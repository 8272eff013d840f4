"""A story on stage, and the steps that several plots share."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, finish_support, start_work
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.intake import Received, Said, receive, send_draft, start_draft
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.actions.talk import log_contact
from renkei.cases.actions.triage import add_need, set_analysis, settle_need
from renkei.cases.models import Case, Need, Support
from renkei.cases.states import NeedState
from renkei.cases.steps import NextStep
from renkei.companies.models import Company, CompanyPerson
from renkei.example.cast import Cast
from renkei.matching.analysis import codes, field_of
from renkei.matching.cues import Met
from renkei.matching.knowledge import knowledge
from renkei.matching.reading import points
from renkei.plan.queries import add_business_days, front_desk, providers

Play = Iterator[dt.datetime]


def playing(actor: Actor) -> AbstractContextManager[None]:
    """Act as somebody. Loading runs as the owner, whom no policy binds: only what a link does must be told who it is."""
    return acting(actor) if actor.kind is ActorKind.LINK else nullcontext()


@lru_cache(maxsize=1)
def phrases() -> dict[str, Any]:
    """Return what people write in the stories."""
    text = resources.files("renkei.example").joinpath("data", "phrases.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


class Story:
    """One row of ``stories.jsonl``."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.plot: str = row["plot"]
        self.days_ago: int = row["days_ago"]
        self.needs: list[dict[str, Any]] = row["needs"]


@dataclass
class Scene:
    """A story on stage: who plays, and what has come of it so far."""

    story: Story
    cast: Cast
    turn: int
    start: dt.datetime
    case: Case | None = None
    link: Actor | None = None

    def later(self, days: int, hour: int = 10) -> dt.datetime:
        """Return a working hour ``days`` business days after the story's present."""
        return clock.at(add_business_days(clock.today(), days), hour, (self.turn * 7) % 60)

    def phrase(self, kind: str, key: str | None = None) -> str:
        """Return a phrase, another one for each story."""
        found = phrases()[kind]
        choice = found[key] if key is not None else found
        return choice if isinstance(choice, str) else str(choice[self.turn % len(choice)])

    @property
    def desk(self) -> Actor:
        """Return the member of the front desk who has this story."""
        return self.cast.desk(self.turn)

    def now(self) -> Case:
        """Return the case as it stands in the database."""
        self.opened.refresh_from_db()
        return self.opened

    @property
    def opened(self) -> Case:
        """Return the case for an action, which reads it anew under its own lock."""
        assert self.case is not None  # noqa: S101  every plot begins by opening it
        return self.case

    def supports(self) -> list[Support]:
        """Return the supports in the order they were asked for."""
        return list(self.opened.supports.order_by("need__order", "made_at"))


# -- steps that several plots share ------------------------------------------------------------------------------


def open_case(scene: Scene, *, body: str | None = None) -> None:
    """Let the consultation arrive: through the web form by the firm itself, or written down by a member of staff."""
    row = scene.story.row
    firm = scene.cast.firms.get(row["company"] or "")
    person = list(firm.people.all())[row["person"]] if firm else None
    said = _said(row, firm, person)
    if row["channel"] in {"web", "mail"} and body is None:
        received = _by_form(scene, said)
    else:
        taker = scene.cast.of(body, scene.turn) if body else scene.desk
        with playing(taker):
            received = receive(said, by=taker, body=scene.cast.bodies[body] if body else front_desk(), to_desk=body is None)
    scene.case = received.case


def _said(row: dict[str, Any], firm: Company | None, person: CompanyPerson | None) -> Said:
    return Said(
        text=row["text"], channel=row["channel"], consulted_at=clock.now(), title=row["title"],
        summary=row["text"][:300], company=firm, person=person, company_given=firm.name if firm else "",
        person_given=person.name if person else "", phone=person.phone if person else "080-0000-0000",
        email=person.email if person else "", summary_seen=True,
        standing_classes=["summary", "technical", "financial"],
    )  # fmt: skip


def _by_form(scene: Scene, said: Said) -> Received:
    token, link = start_draft()
    scene.link = link_holder(link, name=said.person_given)
    with playing(scene.link):
        return send_draft(said, by=scene.link, token=token)


def sort_out(scene: Scene) -> list[Need]:
    """Write the needs into the case."""
    case, text = scene.opened, scene.story.row["text"]
    made = []
    with playing(scene.desk):
        for need in scene.story.needs:
            at = text.find(need["quote"])
            span = [(at, at + len(need["quote"]))] if need["quote"] and at >= 0 else []
            made.append(add_need(case, title=need["title"], stage=need["stage"], spans=span, by=scene.desk))
        _say_what_it_is(scene, text)
    return made


def _say_what_it_is(scene: Scene, text: str) -> None:
    """Keep field, pressures and purposes as the house reads them in the text: what the desk mostly takes over [C23, C24]."""
    known, met = knowledge(), Met(points(text))
    pressures, purposes, techniques = (codes(known, name, met) for name in ("pressures", "purposes", "tech_fields"))
    set_analysis(scene.opened, support_field=field_of(known, met, ""), pressures=pressures, purposes=purposes, tech_fields=techniques, by=scene.desk)


def ask_bodies(scene: Scene, *, takes_over: bool = False) -> None:
    """Send the offers of the story's needs."""
    picks = []
    for index, (need, told) in enumerate(zip(sort_out(scene), scene.story.needs, strict=True)):
        kind = scene.cast.bodies[told["body"]].kind
        classes = ["summary", "financial"] if kind == "bank" else ["summary", "technical"]
        picks.append(Pick(need=need, service=told["service"], body=told["body"], ask=f"{need.title}。",
                          classes=classes, takes_over=takes_over and index == 0, **_place(told["service"], told["body"])))
    with playing(scene.desk):
        send_offers(scene.opened, picks, by=scene.desk)
        if words := scene.story.row.get("found"):  # read to the firm on the telephone, which let them stand in the search
            write_public(picks[0].need, title=words["title"], summary=words["summary"], by=scene.desk, seen=True, listed=True)


def _place(service: str, body: str) -> dict[str, Any]:
    """Return where the body stood: in the example the proposal names those who offer the service in the order of the plan."""
    order = [one.pk for one in providers(service)]
    return {"place": order.index(body) + 1, "put_first": order[0]} if body in order else {}


def say_yes(scene: Scene, support: Support) -> None:
    """Let the asked body accept."""
    who = scene.cast.of(support.body_id, scene.turn)
    with playing(who):
        accept(support, by=who, person=who.person)


def talk(scene: Scene, support: Support, *, next_in: int | None = None) -> None:
    """Log a contact about a support, with the next step in so many business days."""
    who = scene.cast.of(support.body_id, scene.turn)
    stage = support.need.stage_id
    step = None
    if next_in is not None:
        step = NextStep(what=phrases()["next"][stage], on=add_business_days(clock.today(), next_in), body=support.body_id,
                        person=who.person)
    with playing(who):
        log_contact(scene.opened, by=who, channel="phone", text=scene.phrase("contacts", stage), support=support,
                    minutes=15, happened_at=clock.now() - dt.timedelta(minutes=20))
    runner = runner_of(scene)
    if step is not None:
        with playing(runner):
            set_next_step(scene.opened, step, by=runner)


def runner_of(scene: Scene) -> Actor:
    """Return somebody of the body that holds the case."""
    return scene.cast.of(scene.now().holder_id, scene.turn)


def finish(scene: Scene, support: Support) -> None:
    """Let the body do and finish its support."""
    who = scene.cast.of(support.body_id, scene.turn)
    with playing(who):
        start_work(support, by=who)
        finish_support(support, by=who, text=scene.phrase("done"), helped=True)


def close(scene: Scene, reason: str, words: str) -> None:
    """Settle what is open and close the case."""
    who = runner_of(scene)
    with playing(who):
        for need in scene.opened.needs.filter(state=NeedState.OPEN):
            settle_need(need, state=NeedState.SETTLED if reason in {"solved", "partly"} else NeedState.DROPPED, by=who)
        close_case(scene.opened, by=who, reason=reason, words=words[:1000], answer_to_company=words)
