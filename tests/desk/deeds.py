"""Every deed of the case page once: who does it, on what, and the words of a good try."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from renkei.base import clock
from renkei.cases.actions.answers import accept, ask, decline, finish_support
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.escalation import climb, end_rung
from renkei.cases.actions.holding import Pack, offer_handover
from renkei.cases.actions.inquiries import ask_about, show_interest
from renkei.cases.actions.intake import Said, receive
from renkei.cases.actions.listing import list_need
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.ndas import record_nda
from renkei.cases.actions.outside import answer_outside, ask_outside
from renkei.cases.actions.talk import add_file, log_contact
from renkei.cases.models import Asked, Case, Consent, FollowUp, Match, Opening, OutsideRequest, Passage, RungEnd
from renkei.meetings.models import Meeting
from renkei.plan.models import Body, PlanVersion
from tests.desk.scene import Scene, arrived, asked, running
from tests.meetings.making import meeting, with_meetings
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)  # a Wednesday
NOW = clock.at(TODAY, 9, 20)
CLOSING = {"reason": "solved", "words": "終わった。", "result": "solved", "needs": "settled"}


def no_subject(scene: Scene) -> Any:
    del scene


@dataclass(frozen=True)
class Deed:
    """A deed in a scene that allows it. ``words`` are its fields of free text; ``once`` says that a second press finds it done."""

    slug: str
    body: str
    start: Callable[[World], Scene]
    given: dict[str, Any] = field(default_factory=dict)
    subject: Callable[[Scene], Any] = no_subject
    words: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    once: bool = True

    def __str__(self) -> str:
        return self.slug


def first_support(scene: Scene) -> Any:
    return scene.supports[0]


def first_need(scene: Scene) -> Any:
    return scene.needs[0]


def unnamed(world: World) -> Scene:
    scene = running(world)
    Case.objects.update(holder_person=None)
    return scene


def written(world: World) -> Scene:
    scene = running(world)
    log_contact(scene.case, by=world.lab, channel="phone", text="電池ぶたが外れた。", happened_at=clock.now())
    return scene


def handed(world: World) -> Scene:
    scene = running(world)
    pack = Pack(state="試験が終わった", promises="12月に報告", open_points="販路", files=[])
    offer_handover(scene.case, to_body=Body.objects.get(pk=CENTER), by=world.lab, pack=pack, reason="販路が主になる",
                   due_on=TODAY + dt.timedelta(days=6))  # fmt: skip
    return scene


def questioned(world: World) -> Scene:
    scene = asked(world)
    ask(scene.supports[0], by=world.lab, question="大きさは。")
    return scene


def finished(world: World) -> Scene:
    scene = running(world)
    finish_support(scene.supports[0], by=world.lab, text="試験を終えた。", helped=True)
    return scene


def closed(world: World) -> Scene:
    scene = finished(world)
    close_case(scene.case, by=world.lab, **CLOSING)
    return scene


def afterwards(world: World) -> Scene:
    scene = closed(world)
    FollowUp.objects.filter(months=6).update(due_on=TODAY, asked_at=clock.now(), asked_how="mail")
    return scene


def waiting_to_close(world: World) -> Scene:
    PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"second_person": ["close"]}, published_at=clock.now())
    return closed(world)


def with_another(world: World) -> Scene:
    scene = asked(world)
    arrived(world, company=scene.case.company)
    return scene


def merged(world: World) -> Scene:
    scene = asked(world)
    other = arrived(world, company=scene.case.company)
    merge_cases(scene.case, other.case, by=world.desk)
    return Scene(world, other, [], [])


def split(world: World) -> Scene:
    scene = asked(world)
    new = split_case(scene.case, needs=[scene.needs[1]], title="春の見本市", by=world.desk)
    scene.received.case.pk = new.pk
    return scene


def half_declined(world: World) -> Scene:
    scene = asked(world)
    decline(scene.supports[1], by=world.center, reason="busy")
    return scene


def at_work_elsewhere(world: World) -> Scene:
    scene = asked(world)
    accept(scene.supports[1], by=world.center)
    return scene


def kept_by_the_lab(world: World) -> Scene:
    said = Said(text="治具を測りたい。", channel="visit", company_given="架空工業", phone="047-000-0001")
    return Scene(world, receive(said, by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False), [], [])


def worded(world: World) -> Scene:
    scene = running(world)
    write_public(scene.needs[0], title="揺れに耐えるかを試したい", summary="小さな計器の揺れの試験をしたい。", by=world.lab, seen=True)
    return scene


def listed(world: World) -> Scene:
    scene = worded(world)
    list_need(scene.needs[0], by=world.lab)
    return scene


def circulating(world: World) -> Scene:
    scene = worded(world)
    circulate(scene.needs[0], by=world.lab, place="", sure=True)
    return scene


def wondered(world: World) -> Scene:
    scene = circulating(world)
    ask_about(Asked.objects.get(body_id=CENTER), by=world.center, question="大きさは。")
    return scene


def consented(world: World) -> Scene:
    scene = circulating(world)
    show_interest(Asked.objects.get(body_id=CENTER), by=world.center, offer="揺れの台で試せる")
    give_consent(scene.case, body=Body.objects.get(pk=CENTER), klass="summary", by=world.lab, how="oral", given_by="髙梨")
    return scene


def promised(world: World) -> Scene:
    scene = running(world)
    record_nda(scene.case, by=world.lab, body=Body.objects.get(pk=CENTER), signed_on=TODAY, known="paper")
    return scene


def filed(world: World) -> Scene:
    scene = running(world)
    add_file(scene.case, by=world.lab, name="図面.txt", data="図面です".encode())
    Passage.objects.create(case=scene.case, klass="financial", text="資金のこと", author_body_id=LAB, written_at=clock.now())
    return scene


def before_a_meeting(world: World) -> Scene:
    scene = running(with_meetings(world))
    meeting(world)
    return scene


def outside(world: World) -> Scene:
    """What the centre declined was taken to a meeting, and from there outside; the lab holds the case and leads there."""
    scene = running(with_meetings(world))
    end_rung(climb(scene.needs[1], by=world.lab, reason="県内で売り先が見つからない。"), by=world.lab, end=RungEnd.HIGHER, words="外へ。")
    return scene


def asked_outside(world: World) -> Scene:
    scene = outside(world)
    ask_outside(scene.needs[1], by=world.lab, network="kazenet", member="tonari", name="隣 花子", email="t@outside.example", ask="試したい",
                due_on=TODAY + dt.timedelta(days=9), classes=["summary"])  # fmt: skip
    Opening.objects.update(given_at=clock.now())
    return scene


def accepted_outside(world: World) -> Scene:
    scene = asked_outside(world)
    answer_outside(OutsideRequest.objects.get(), by=world.lab, accepts=True, words="来週できる。")
    return scene


def second_need(scene: Scene) -> Any:
    return scene.needs[1]


def the_request(scene: Scene) -> Any:
    return OutsideRequest.objects.get(case=scene.case)


def the_match(scene: Scene) -> Any:
    return Match.objects.get(need=scene.needs[0], body_id=CENTER)


def the_bank_match(scene: Scene) -> Any:
    return Match.objects.get(need=scene.needs[0], body_id=BANK)


def the_follow_up(scene: Scene) -> Any:
    return FollowUp.objects.get(case=scene.case, months=6)


def the_contact(scene: Scene) -> Any:
    return scene.case.contacts.get()


def the_handover(scene: Scene) -> Any:
    return scene.case.handovers.get()


def a_consent(scene: Scene) -> Any:
    return Consent.objects.get(case=scene.case, body_id=LAB, klass="technical")


def the_other(scene: Scene) -> str:
    return str(Case.objects.exclude(pk=scene.case.pk).get().pk)


DEEDS = [
    Deed("contact", LAB, running, {"text": "電話した。", "channel": "phone", "klass": "technical"}, words=("text",), needed=("text", "channel"), once=False),
    Deed("contact-correct", LAB, written, {"text": "電池ぶたが割れた。", "channel": "phone", "klass": "technical"}, the_contact, ("text",), ("text",), once=False),
    Deed("message", LAB, running, {"text": "27日に試験します。", "kind": "message", "klass": "technical"}, words=("text",), needed=("text", "kind"), once=False),
    Deed("summary", LAB, running, {"title": "水質計の試験", "summary": "小さな水質計。"}, words=("title", "summary"), needed=("title",), once=False),
    Deed("take", LAB, unnamed, needed=("person",), once=False),
    Deed("refer", LAB, kept_by_the_lab, {"note": "販路の相談です。"}, words=("note",)),
    Deed("handover", LAB, running, {"to_body": CENTER, "state": "試験中", "promises": "報告", "open_points": "販路", "reason": "販路が主", "due_on": "12月1日"},
         words=("state", "promises", "open_points", "reason"), needed=("to_body", "state", "reason", "due_on")),
    Deed("handover-accept", CENTER, handed, {"next_step": "あいさつ", "next_on": "明日"}, the_handover, ("next_step",), ("next_step", "next_on")),
    Deed("handover-decline", CENTER, handed, {"reason": "手がいっぱい"}, the_handover, ("reason",), ("reason",)),
    Deed("handover-recall", LAB, handed, {}, the_handover),
    Deed("need-add", LAB, running, {"title": "量産の治具", "stage": "3"}, words=("title",), needed=("title", "stage"), once=False),
    Deed("need", LAB, running, {"title": "落下に耐えるか", "stage": "2"}, first_need, ("title",), ("title", "stage"), once=False),
    Deed("need-settle", LAB, finished, {"state": "settled"}, first_need, needed=("state",)),
    Deed("support-start", LAB, running, {}, first_support),
    Deed("support-finish", LAB, running, {"text": "試験を終えた。", "helped": "yes"}, first_support, ("text",), ("text",)),
    Deed("support-withdraw", LAB, running, {"reason": "会社の都合"}, first_support, ("reason",), ("reason",)),
    Deed("support-recall", DESK, asked, {"reason": "相手を誤った"}, first_support, ("reason",)),
    Deed("answer-record", DESK, half_declined, {"answer": "accept", "answered_by": "小出"}, first_support, ("answered_by", "text"), ("answer", "answered_by")),
    Deed("question-answer", DESK, questioned, {"text": "手のひらほどです。"}, first_support, ("text",), ("text",)),
    Deed("consent", LAB, running, {"to_body": CENTER, "classes": ["technical"], "how": "oral", "given_by": "髙梨"}, words=("given_by", "purpose"),
         needed=("to_body", "classes", "how"), once=False),
    Deed("consent-withdraw", DESK, asked, {}, a_consent),
    Deed("close", LAB, finished, CLOSING, words=("words", "answer_to_company"), needed=("reason", "words", "needs")),
    Deed("close-confirm", DESK, waiting_to_close),
    Deed("close-return", DESK, waiting_to_close, {"reason": "まだ試験がある"}, words=("reason",), needed=("reason",)),
    Deed("reopen", LAB, closed, {"reason": "量産で新しい問題"}, words=("reason",), needed=("reason",)),
    Deed("feedback", LAB, closed, {"result": "solved", "satisfaction": "4", "words": "助かった"}, words=("words",), needed=("result",), once=False),
    Deed("follow-up", LAB, afterwards, {"said_by": "髙梨", "heard_on": "11月25日", "useful": "yes", "trouble": "no", "words": "売れ始めた"},
         the_follow_up, ("said_by", "words"), ("said_by", "heard_on", "useful", "trouble"), once=False),
    Deed("follow-up-stop", LAB, afterwards, {}, the_follow_up),
    Deed("merge", DESK, with_another, words=("number",)),
    Deed("unmerge", DESK, merged),
    Deed("split", DESK, asked, {"title": "春の見本市"}, words=("title",), needed=("title", "needs")),
    Deed("unsplit", DESK, split),
    Deed("need-public", LAB, running, {"title": "揺れの試験", "summary": "小さな計器を試したい。"}, first_need, ("title", "summary"), ("title", "summary"), once=False),
    Deed("need-unlist", LAB, listed, {}, first_need),
    Deed("need-circulate", LAB, worded, {"place": "", "to": "all", "due_on": "12月1日", "sure": "on"}, first_need, needed=("to", "due_on", "sure")),
    Deed("circulation-end", LAB, circulating, {}, lambda scene: scene.case.circulations.get()),
    Deed("match-add", LAB, running, {"to_body": CENTER, "why": "前に手伝った"}, first_need, ("why",), ("to_body",)),
    Deed("match-reply", LAB, wondered, {"text": "手のひらほどです。"}, the_match, ("text",), ("text",)),
    Deed("match-consent", LAB, circulating, {"classes": ["summary"], "purpose": "試験"}, the_bank_match, ("purpose",), ("classes",), once=False),
    Deed("match-offer", LAB, consented, {"service": "rd-subsidy", "ask": "試験の費用を助けてほしい", "due_on": "12月1日"}, the_match, ("ask",), ("service", "ask", "due_on")),
    Deed("match-meeting", LAB, consented, {"met_on": "11月24日", "text": "会って話した。"}, the_match, ("text",), ("met_on",), once=False),
    Deed("match-outcome", LAB, consented, {"outcome": "studying", "text": "検討する"}, the_match, ("text",), ("outcome",), once=False),
    Deed("nda", LAB, running, {"to_body": CENTER, "kind": "three", "third_party": "架空大学", "signed_on": "11月20日", "known": "paper"}, words=("third_party",),
         needed=("to_body", "kind", "third_party", "signed_on", "known"), once=False),
    Deed("match-nda", LAB, consented, {"kind": "two", "signed_on": "11月20日", "known": "company"}, the_match, ("third_party",), ("kind", "signed_on", "known"), once=False),
    Deed("secrecy-end", LAB, promised, {}, lambda scene: scene.case.ndas.get()),
    Deed("file-secrecy", LAB, filed, {"keep": "yes"}, lambda scene: scene.case.attachments.get(), needed=("keep",), once=False),
    Deed("passage-secrecy", LAB, filed, {"keep": "yes"}, lambda scene: scene.case.passages.get(klass="financial"), needed=("keep",), once=False),
    Deed("put-up", LAB, before_a_meeting, {"reason": "断られた。", "title": "売り先", "question": "知りませんか。", "level": "named", "bodies": [LAB], "minutes": "10"},
         second_need, ("reason", "title", "question", "presenter"), ("meeting", "reason", "title", "level", "minutes")),
    Deed("outside-ask", LAB, outside, {"member": "kazenet|tonari", "name": "隣 花子", "email": "t@outside.example", "ask": "試したい", "classes": ["summary"],
                                       "due_on": "12月1日"}, second_need, ("name", "ask"), ("member", "name", "email", "ask", "classes", "due_on")),
    Deed("outside-answer", LAB, asked_outside, {"accepts": "yes", "words": "来週できる。"}, the_request, ("words",), ("accepts", "words")),
    Deed("outside-end", LAB, accepted_outside, {"result": "試せた。", "helped": "yes"}, the_request, ("result",), ("result", "helped")),
    Deed("outside-give-up", LAB, outside, {"words": "見つからない。"}, second_need, ("words",), ("words",)),
    Deed("activity", LAB, running, {"words": "測り方を話し合った", "kind": "visit", "minutes": "30"}, words=("words",), needed=("words", "kind", "minutes"), once=False),
    Deed("bridge", LAB, running, {"who": "空木 教授", "organisation": "架空大学", "words": "電話で打診した"}, first_need, ("who", "organisation", "words"), ("who",)),
    Deed("gap", LAB, running, {"kind": "equipment", "what": "大きな恒温槽", "words": "入る槽がない。", "yen": "1,200万円"}, first_need, ("what", "words"), ("kind", "what"), once=False),
    Deed("project", LAB, running, {"number": "県 12", "approved_on": "11月20日", "title": "事業化", "field_code": "A", "bodies": [LAB]},
         words=("number", "title"), needed=("number", "approved_on", "title", "field_code", "bodies"), once=False),
]  # fmt: skip
NEXT_STEP = Deed("next-step", LAB, running, {"next_step": "会社に電話", "kind": "work", "next_on": "明日"}, words=("next_step",),
                 needed=("next_step", "kind", "next_on", "version"))  # fmt: skip


def words_of(deed: Deed, scene: Scene) -> dict[str, Any]:
    """The good try, with what only the scene knows."""
    of_scene: dict[str, Callable[[], dict[str, Any]]] = {
        "put-up": lambda: {"meeting": str(Meeting.objects.get().pk)},
        "take": lambda: {"person": str(scene.world.people[LAB].pk)},
        "merge": lambda: {"other": the_other(scene)},
        "split": lambda: {"needs": [str(scene.needs[1].pk)]},
        "next-step": lambda: {"version": scene.case.version},
    }
    return deed.given | of_scene.get(deed.slug, dict)()
