"""How a story goes: one generator a plot. Each acts, then yields the moment at which it goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from renkei.base import clock
from renkei.cases.actions.answers import decline, record_answer
from renkei.cases.actions.closing import found_another_way, give_feedback, reopen_case
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.holding import Pack, offer_handover, set_next_step
from renkei.cases.actions.talk import company_writes, log_contact, write_to_company
from renkei.cases.actions.triage import ask_company, keep_case
from renkei.cases.models import Consent, ConsentHow
from renkei.cases.states import SupportState
from renkei.cases.steps import NextStep
from renkei.example.scene import (
    Play,
    Scene,
    ask_bodies,
    close,
    finish,
    open_case,
    phrases,
    playing,
    runner_of,
    say_yes,
    sort_out,
    talk,
)
from renkei.plan.queries import add_business_days

# -- plots -------------------------------------------------------------------------------------------------------


def untriaged(scene: Scene) -> Play:
    """It has just arrived."""
    open_case(scene)
    yield scene.later(400)


def call(scene: Scene) -> Play:
    """Somebody must be called back today."""
    open_case(scene)
    case, who = scene.opened, scene.desk
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
        ask_company(scene.opened, phrases()["questions"], by=scene.desk)
    yield scene.later(400)


def waiting(scene: Scene) -> Play:
    """Offers have left; answers are awaited (or overdue, when the story began long enough ago)."""
    open_case(scene)
    yield scene.later(1)
    ask_bodies(scene)
    yield scene.later(1)
    with playing(scene.desk):
        write_to_company(scene.opened, by=scene.desk, text=scene.phrase("to_company"))
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
                company_writes(scene.opened, by=scene.link, text=scene.phrase("company"))
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
        keep_case(scene.opened, by=who, next_step=NextStep(
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
    who, pack = runner_of(scene), phrases()["handover"]
    with playing(who):
        offer_handover(scene.opened, to_body=scene.cast.bodies[second.body_id], by=who,
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
        consent = Consent.objects.live().filter(case=scene.opened, klass="technical").order_by("given_at").first()
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
            found_another_way(scene.opened, by=scene.link, words=scene.phrase("other_way"))
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
            give_feedback(scene.opened, by=scene.link, result=result, satisfaction=5 - scene.turn % 3,
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
    who = runner_of(scene)
    with playing(who):
        reopen_case(scene.opened, by=who, reason=scene.phrase("reopen"))
    yield scene.later(400)


PLOTS: dict[str, Callable[[Scene], Play]] = {
    "untriaged": untriaged, "call": call, "asked": asked, "waiting": waiting, "overdue": overdue, "choose": choose,
    "running": running, "running_late": running_late, "two": two, "own": own, "handover": handover,
    "withdrawn": withdrawn, "not_ours": not_ours, "spam": spam, "other_way": other_way, "closed": closed,
    "reopened": reopened,
}  # fmt: skip
