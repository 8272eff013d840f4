"""How a story goes: one generator a plot. Each acts, then yields the moment at which it goes on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, decline, finish_support, record_answer, start_work
from renkei.cases.actions.closing import close_case, found_another_way, give_feedback, reopen_case
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.holding import Pack, offer_handover, set_next_step
from renkei.cases.actions.intake import Received, Said, receive, send_draft, start_draft
from renkei.cases.actions.offers import Pick, send_offers
from renkei.cases.actions.talk import company_writes, log_contact, write_to_company
from renkei.cases.actions.triage import add_need, ask_company, keep_case, settle_need
from renkei.cases.models import Case, Consent, ConsentHow, Need, Support
from renkei.cases.states import NeedState, SupportState
from renkei.cases.steps import NextStep
from renkei.companies.models import Company, CompanyPerson
from renkei.example.cast import Cast
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days

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
        assert self.case is not None  # noqa: S101  every plot begins by opening it
        self.case.refresh_from_db()
        return self.case

    def supports(self) -> list[Support]:
        """Return the supports in the order they were asked for."""
        return list(self.now().supports.order_by("need__order", "made_at"))


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
            received = receive(said, by=taker, body=Body.objects.get(pk=taker.body), to_desk=body is None)
    scene.case = received.case


def _said(row: dict[str, Any], firm: Company | None, person: CompanyPerson | None) -> Said:
    return Said(
        text=row["text"], channel=row["channel"], consulted_at=clock.now(), title=row["title"],
        summary=row["text"][:300], company=firm, person=person, company_given=firm.name if firm else "",
        person_given=person.name if person else "", phone=person.phone if person else "080-0000-0000",
        email=person.email if person else "", summary_seen=row["channel"] == "web",
        standing_classes=["summary", "technical", "financial"],
    )  # fmt: skip


def _by_form(scene: Scene, said: Said) -> Received:
    token, link = start_draft()
    scene.link = link_holder(link, name=said.person_given)
    with playing(scene.link):
        return send_draft(said, by=scene.link, token=token)


def sort_out(scene: Scene) -> list[Need]:
    """Write the needs into the case."""
    case, text = scene.now(), scene.story.row["text"]
    made = []
    with playing(scene.desk):
        for need in scene.story.needs:
            at = text.find(need["quote"])
            span = [(at, at + len(need["quote"]))] if need["quote"] and at >= 0 else []
            made.append(add_need(case, title=need["title"], stage=need["stage"], spans=span, by=scene.desk))
    return made


def ask_bodies(scene: Scene, *, takes_over: bool = False) -> None:
    """Send the offers of the story's needs."""
    picks = []
    for index, (need, told) in enumerate(zip(sort_out(scene), scene.story.needs, strict=True)):
        kind = Body.objects.get(pk=told["body"]).kind
        classes = ["summary", "financial"] if kind == "bank" else ["summary", "technical"]
        picks.append(Pick(need=need, service=told["service"], body=told["body"], ask=f"{need.title}。",
                          classes=classes, takes_over=takes_over and index == 0))
    with playing(scene.desk):
        send_offers(scene.now(), picks, by=scene.desk)


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
        log_contact(scene.now(), by=who, channel="phone", text=scene.phrase("contacts", stage), support=support,
                    minutes=15, happened_at=clock.now() - dt.timedelta(minutes=20))
    runner = _runner(scene)
    if step is not None:
        with playing(runner):
            set_next_step(scene.now(), step, by=runner)


def _runner(scene: Scene) -> Actor:
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
    who = _runner(scene)
    with playing(who):
        for need in scene.now().needs.filter(state=NeedState.OPEN):
            settle_need(need, state=NeedState.SETTLED if reason in {"solved", "partly"} else NeedState.DROPPED, by=who)
        close_case(scene.now(), by=who, reason=reason, words=words[:1000], answer_to_company=words)


# -- plots -------------------------------------------------------------------------------------------------------


def untriaged(scene: Scene) -> Play:
    """It has just arrived."""
    open_case(scene)
    yield scene.later(400)


def call(scene: Scene) -> Play:
    """Somebody must be called back today."""
    open_case(scene)
    case, who = scene.now(), scene.desk
    at = (dt.time(10), dt.time(13, 30), dt.time(16, 30))[scene.turn % 3]
    phone = case.consultations.get().phone
    with playing(who):
        step = NextStep(what="折り返しの電話をかけ、内容を聞く", on=_working_day(), kind="call", at=at, phone=phone,
                        person=who.person)
        set_next_step(case, step, by=who)
        if scene.turn % 2:
            log_contact(case, by=who, channel="phone", text=scene.phrase("absent"), outcome="absent")
    yield scene.later(400)


def _working_day() -> dt.date:
    """Return the first business day not before the present day of loading (stories start on days gone by)."""
    return add_business_days(dt.datetime.now(clock.JST).date() - dt.timedelta(days=1), 1)


def asked(scene: Scene) -> Play:
    """The firm was asked something."""
    open_case(scene)
    yield scene.later(1)
    sort_out(scene)
    with playing(scene.desk):
        ask_company(scene.now(), phrases()["questions"], by=scene.desk)
    yield scene.later(400)


def waiting(scene: Scene) -> Play:
    """Offers have left; answers are awaited (or overdue, when the story began long enough ago)."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(1)
    with playing(scene.desk):
        write_to_company(scene.now(), by=scene.desk, text=scene.phrase("to_company"))
    yield scene.later(400)


def overdue(scene: Scene) -> Play:
    """One body stays silent, the others accept."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(2)
    for support in scene.supports()[1:]:
        say_yes(scene, support)
    yield scene.later(400)


def choose(scene: Scene) -> Play:
    """The first body declines, once by telephone; the next one has to be chosen."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(2)
    support = scene.supports()[0]
    reason = ("busy", "not_our_field", "no_equipment")[scene.turn % 3]
    if scene.turn % 2:
        with playing(scene.desk):
            record_answer(support, by=scene.desk, answer="decline", answered_by="担当の方", reason=reason,
                          text=phrases()["declines"][reason])
    else:
        who = scene.cast.of(support.body_id, scene.turn)
        with playing(who):
            decline(support, by=who, reason=reason, text=phrases()["declines"][reason])
    yield scene.later(400)


def running(scene: Scene, *, next_in: int = 4) -> Play:
    """A body took the case over and works on it."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene, takes_over=True)
    yield scene.later(2)
    for support in scene.supports():
        say_yes(scene, support)
    gap = max(2, scene.story.days_ago // 5)
    for _turn in range(2):
        yield scene.later(gap)
        talk(scene, scene.supports()[0], next_in=max(next_in, 3))
        if scene.link is not None:
            with playing(scene.link):
                company_writes(scene.now(), by=scene.link, text=scene.phrase("company"))
    yield clock.at(add_business_days(dt.datetime.now(clock.JST).date(), -2), 14)
    talk(scene, scene.supports()[0], next_in=next_in)
    yield scene.later(400)


def running_late(scene: Scene) -> Play:
    """The next step's day has passed."""
    yield from running(scene, next_in=1)


def two(scene: Scene) -> Play:
    """One body has finished, the other is asked."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(2)
    first = scene.supports()[0]
    say_yes(scene, first)
    yield scene.later(3)
    talk(scene, first)
    if scene.turn % 2:
        finish(scene, scene.supports()[0])
    yield scene.later(400)


def own(scene: Scene) -> Play:
    """A body takes, keeps and serves its own consultation."""
    body = scene.story.needs[0]["body"]
    open_case(scene, body=body)
    who = scene.cast.of(body, scene.turn)
    with playing(who):
        keep_case(scene.now(), by=who, next_step=NextStep(
            what=phrases()["next"][scene.story.needs[0]["stage"]], on=_working_day(), body=body, person=who.person))
    yield scene.later(400)


def handover(scene: Scene) -> Play:
    """The holder has done its part and offers the case to the next body."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene, takes_over=True)
    yield scene.later(2)
    for support in scene.supports():
        say_yes(scene, support)
    yield clock.at(add_business_days(dt.datetime.now(clock.JST).date(), -1), 11)
    first, second = scene.supports()[:2]
    finish(scene, first)
    who, pack = _runner(scene), phrases()["handover"]
    with playing(who):
        offer_handover(scene.now(), to_body=Body.objects.get(pk=second.body_id), by=who,
                       pack=Pack(pack["state"], pack["promises"], pack["open"], []))
    yield scene.later(400)


def withdrawn(scene: Scene) -> Play:
    """The firm takes back its consent for one body."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene, takes_over=True)
    yield scene.later(2)
    say_yes(scene, scene.supports()[-1])
    yield scene.later(2)
    link = scene.link
    if link is not None:
        consent = Consent.objects.live().filter(case=scene.now(), klass="technical").order_by("given_at").first()
        if consent is not None:
            with playing(link):
                withdraw_consent(consent, by=link, how=ConsentHow.LINK)
    yield scene.later(400)


def not_ours(scene: Scene) -> Play:
    """Somebody else's field: closed with an answer."""
    open_case(scene)
    yield scene.later(1)
    close(scene, "not_ours", scene.phrase("not_ours"))
    yield scene.later(400)


def spam(scene: Scene) -> Play:
    """Not a consultation at all."""
    open_case(scene)
    yield scene.later(1)
    close(scene, "spam", scene.phrase("spam"))
    yield scene.later(400)


def other_way(scene: Scene) -> Play:
    """The firm found another way while a body was asked."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(3)
    if scene.link is not None:
        with playing(scene.link):
            found_another_way(scene.now(), by=scene.link, words=scene.phrase("other_way"))
    yield scene.later(400)


def closed(scene: Scene) -> Play:
    """A whole story: asked, accepted or declined, done, closed, with the firm's word on it."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene, takes_over=True)
    yield scene.later(2)
    for support, told in zip(scene.supports(), scene.story.needs, strict=True):
        if told.get("result", "done") == "done":
            say_yes(scene, support)
        else:
            who = scene.cast.of(support.body_id, scene.turn)
            with playing(who):
                decline(support, by=who, reason="busy", text=phrases()["declines"]["busy"])
    yield scene.later(4)
    talk(scene, next(s for s in scene.supports() if s.state != SupportState.DECLINED))
    yield scene.later(9)
    for support in scene.supports():
        if support.state in {SupportState.ACCEPTED, SupportState.UNDER_WAY}:
            finish(scene, support)
    yield scene.later(1)
    result = scene.story.row.get("result", "solved")
    close(scene, {"solved": "solved", "partly": "partly"}.get(result, "not_possible"),
          scene.story.row.get("story") or scene.phrase("close"))
    yield scene.later(5)
    if scene.link is not None and scene.turn % 3:
        with playing(scene.link):
            give_feedback(scene.now(), by=scene.link, result=result, satisfaction=5 - scene.turn % 3,
                          words=scene.phrase("feedback"))
    yield scene.later(400)


def reopened(scene: Scene) -> Play:
    """Closed once; the trouble came back."""
    play = closed(scene)
    for moment in play:
        yield moment
        if scene.case is not None and not scene.now().is_open:
            break
    yield scene.later(6)
    who = _runner(scene)
    with playing(who):
        reopen_case(scene.now(), by=who, reason=scene.phrase("reopen"))
    yield scene.later(400)


PLOTS: dict[str, Callable[[Scene], Play]] = {
    "untriaged": untriaged, "call": call, "asked": asked, "waiting": waiting, "overdue": overdue, "choose": choose,
    "running": running, "running_late": running_late, "two": two, "own": own, "handover": handover,
    "withdrawn": withdrawn, "not_ours": not_ours, "spam": spam, "other_way": other_way, "closed": closed,
    "reopened": reopened,
}  # fmt: skip
