"""One case that is somebody's own and one that is foreign to most, and everybody who may knock at a URL."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from renkei.accounts.actions.invitations import invite
from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, company_person
from renkei.base.context import acting
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.consents import request_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.actions.holding import draft_pack, offer_handover
from renkei.cases.actions.intake import Said, receive, start_draft
from renkei.cases.actions.letters import Text, draft_letter
from renkei.cases.actions.moves import open_move
from renkei.cases.actions.ndas import record_nda
from renkei.cases.actions.saved import ViewWords, save_view
from renkei.cases.actions.searching import save_search
from renkei.cases.actions.talk import add_file, log_contact
from renkei.cases.actions.triage import add_need
from renkei.cases.models import (
    Asked,
    Candidate,
    Case,
    Consent,
    ConsentRequest,
    Escalation,
    FollowUp,
    Incoming,
    Letter,
    LetterStep,
    Match,
    Need,
    Opening,
    OutsideRequest,
    PartnerFile,
    Passage,
    ProjectShares,
    RegionalProject,
    Route,
    RouteSending,
    RouteSentStep,
    RouteStep,
    RouteVersion,
    Suggestion,
)
from renkei.companies.actions import (
    Place,
    Profile,
    add_person,
    know_company,
    merge_companies,
    register_company,
    save_site,
)
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation
from renkei.documents.models import LetterTemplate
from renkei.documents.shipped import shipped_template
from renkei.documents.store import keep
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import Entry, Harvest
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.going_round import send_round
from renkei.meetings.actions.materials import add_material
from renkei.meetings.actions.minuting import give_task
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.models import Attendance, Minutes
from renkei.plan.models import Body
from renkei.post.links import make_link, open_link
from renkei.post.models import Link, LinkPurpose, Mail
from renkei.post.notices import Words, send_notice
from renkei.reporting.models import Report
from renkei.research.actions.bridging import Other, start_bridge
from renkei.research.actions.logging import Line, log_activity
from renkei.research.actions.reporting import draft_report
from tests.accounts.test_invitations import asked, token
from tests.desk.scene import Scene, running
from tests.meetings.making import held, meeting, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

STAFF_ACTORS = {"desk": DESK, "holder": LAB, "declined": CENTER, "stranger": BANK}


@dataclass
class Everyone:
    """Objects by the names URLs use (``own``, ``foreign``), tokens by actor, and clients."""

    own: dict[str, Any] = field(default_factory=dict)
    foreign: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)


def gather(world: World) -> Everyone:
    """Build it all as the owner, by the actions people use."""
    scene = running(world)
    made = Everyone()
    made.own = _own(world, scene)
    made.foreign = _foreign(world)
    made.own["entry"], made.own["harvest"] = _catalogue()
    made.own["code"] = "000001"
    _meetings(world, made)
    _coordinators(world, made)
    made.own["yearly"] = Report.objects.create(plan=world.plan, kind="year", fiscal_year=2026, number=1, begun_at=clock.now()).pk
    made.own["move"], made.foreign["move"] = _move(world, LAB), _move(world, BANK)
    made.tokens = _tokens(world, scene, made)
    made.own["asked"] = ConsentRequest.objects.get(case=scene.case).pk
    outsider = Person.objects.create_user("nobody@people.example", "hibari-secret-1", name="無所属 太郎", kana="ム")
    for actor, body in STAFF_ACTORS.items():
        made.clients[actor] = Client()
        made.clients[actor].force_login(world.people[body])
    made.clients["outsider"] = Client()
    made.clients["outsider"].force_login(outsider)
    _firms(made)
    return made


def _firms(made: Everyone) -> None:
    """An administrator and a colleague of the own firm, and somebody of the foreign one."""
    people = (("firm", made.own, "admin"), ("colleague", made.own, "member"), ("other-firm", made.foreign, "admin"))
    for actor, objects, role in people:
        person = Person.objects.create_user(f"{actor}@firms.example", "hibari-secret-1", name=f"会社の{actor}")
        access = CompanyAccess.objects.create(company_id=objects["company"], person=person, role=role, since=clock.now())
        objects["account"] = access.pk
        objects.setdefault("firm_search", save_search("kind=seed", "シーズ", by=company_person(person.pk)).pk)
        made.clients[actor] = Client()
        made.clients[actor].force_login(person)
    for objects in (made.own, made.foreign):
        objects["guest"] = CompanyInvitation.objects.create(
            company_id=objects["company"], email="new@firms.example", role="member", invited_at=clock.now(),
            expires_at=clock.now().replace(year=clock.now().year + 1),
        ).pk  # fmt: skip
    opening = Opening.objects.create(
        case_id=made.own["case"], body_id=LAB, kind="outside", name="研究 花子", organisation="大学", email="a@d.example",
        classes=["summary"], asked_at=clock.now(), asked_by=Person.objects.first(), given_at=clock.now(),
    )  # fmt: skip
    made.own["opening"] = opening.pk
    for objects in (made.own, made.foreign):
        objects["follow_up"] = FollowUp.objects.create(
            case_id=objects["case"], months=6, due_on=clock.today(), planned_at=clock.now(), asked_at=clock.now(), asked_how="mail").pk  # fmt: skip
    made.tokens["after"] = make_link(by=GUEST, purpose=LinkPurpose.FOLLOWUP, subject=made.own["follow_up"], case=made.own["case"],
                                     expires_at=clock.now().replace(year=clock.now().year + 1))
    for objects in (made.own, made.foreign):
        objects["planned"] = _route(objects["case"])
    paper = keep("測り方.txt", b"x")
    made.own["sent"] = PartnerFile.objects.create(
        opening=opening, name=paper.name, media_type=paper.media_type, size=paper.size, sha256=paper.sha256, from_partner=True,
        author_name="研究 花子", added_at=clock.now(),
    ).pk  # fmt: skip
    made.tokens["partner"] = make_link(by=GUEST, purpose=LinkPurpose.PARTNER, subject=opening.pk, case=opening.case_id,
                                       expires_at=clock.now().replace(year=clock.now().year + 1))
    made.tokens["round"] = make_link(by=GUEST, purpose=LinkPurpose.ROUND, subject=made.own["around"], body=LAB,
                                     expires_at=clock.now().replace(year=clock.now().year + 1))
    made.tokens["minutes"] = make_link(by=GUEST, purpose=LinkPurpose.MINUTES, subject=made.own["meeting"], body=LAB,
                                       expires_at=clock.now().replace(year=clock.now().year + 1))
    made.tokens["join"] = make_link(
        by=GUEST, purpose=LinkPurpose.JOIN, expires_at=clock.now().replace(year=clock.now().year + 1),
        company=made.own["company"], subject=made.own["guest"],
    )  # fmt: skip


def _route(case: uuid.UUID) -> uuid.UUID:
    """A route of one step that the firm was sent; returns the step's key."""
    route = Route.objects.create(case_id=case, made_at=clock.now())
    version = RouteVersion.objects.create(route=route, number=1, did="made", made_at=clock.now(), made_body_id=DESK)
    need = Need.objects.filter(case=case).first() or Need.objects.create(case_id=case, title="課題", stage_id="3", added_at=clock.now())
    step = RouteStep.objects.create(version=version, order=1, need=need, service_id="tech-consultation", body_id=LAB)
    sending = RouteSending.objects.create(route=route, version=version, number=version.number, sent_at=clock.now(), sent_body_id=DESK)
    RouteSentStep.objects.create(sending=sending, order=1, need=need, service_id="tech-consultation", body_id=LAB)
    return step.key


def _own(world: World, scene: Scene) -> dict[str, Any]:
    """The case the desk took, the lab holds and the centre declined."""
    case = scene.case
    file = add_file(case, by=world.lab, name="結果.txt", data="結果です".encode())
    handover = offer_handover(case, to_body=Body.objects.get(pk=CENTER), by=world.lab, pack=draft_pack(case, world.lab))
    notice = send_notice(Words("書式が変わりました", "来週から使ってください。"), to={LAB: ""}, by=world.desk, sender="産業課")
    view = save_view("late=on", ViewWords("遅れ"), by=world.lab)
    search = save_search("kind=seed", "シーズ", by=world.lab)
    contact = log_contact(case, by=world.lab, channel="phone", text="板を送ってもらう。")
    need = write_public(scene.needs[0], title="名を伏せた題", summary="名を伏せた文", by=world.lab, seen=True)
    circulation = circulate(need, by=world.lab, place="", sure=True)
    nda = record_nda(case, by=world.lab, body=Body.objects.get(pk=CENTER), signed_on=clock.today(), known="paper")
    passage = Passage.objects.create(case=case, klass="financial", text="資金のこと", author_body_id=LAB, written_at=clock.now())
    invited = invite(Body.objects.get(pk=LAB), asked=asked(), by=world.lab)
    other = register_company(Profile(name="株式会社まぼろし計測二"), by=world.desk)
    know_company(other, Body.objects.get(pk=LAB), by=world.desk)
    person = add_person(Company.objects.get(pk=case.company_id), name="髙梨 芽衣", by=world.desk)
    site = save_site(Company.objects.get(pk=case.company_id), Place("第二工場"), by=world.desk)
    gone = register_company(Profile(name="まぼろし三"), by=world.desk)
    merge = merge_companies(Company.objects.get(pk=case.company_id), gone, by=world.desk)
    return {
        "figure": "consultations", "circulation": circulation.pk, "nda": nda.pk, "passage": passage.pk,
        "match": Match.objects.get(need=need, body_id=CENTER).pk, "inquiry": Asked.objects.get(inquiry=circulation.inquiry, body_id=BANK).pk,
        "secret": token(invited), "invitation": invited.pk, "member": Membership.objects.get(body_id=LAB).pk,
        "contact": contact.pk, "case": case.pk, "company": case.company_id, "support": scene.supports[0].pk, "need": scene.needs[0].pk,
        "other": other.pk, "person": person.pk, "site": site.pk, "merge": merge.pk,
        "attachment": file.pk, "file": file.pk, "handover": handover.pk, "notice": notice.pk,
        "view": view.pk, "search": search.pk, "suggestion": _suggestion(case).pk, **_letter(case, world.lab),
        "consent": Consent.objects.filter(case=case, body_id=LAB).first().pk,  # type: ignore[union-attr]
        "mail": _lost_mail(case).pk, "incoming": _held_letter(case).pk,
    }  # fmt: skip


def _meetings(world: World, made: Everyone) -> None:
    """A meeting that was held, with an item for all, one for the bank alone, a task, somebody present, minutes; a need outside the region."""
    found = held(world, meeting(with_meetings(world), held_on=clock.today()))
    item = add_item(found, by=world.lab, wording=Wording("報告"))
    secret = add_item(found, by=world.bank, wording=Wording("内々の話", level="named", bodies=(BANK,)))
    made.own |= {"meeting": found.pk, "item": item.pk, "task": give_task(item, by=world.lab, what="尋ねる", body=Body.objects.get(pk=LAB), due_on=clock.today()).pk,
                 "who": Attendance.objects.get(meeting=found).pk}  # fmt: skip
    made.foreign["item"] = secret.pk
    around = meeting(world, kind="circulation", held_on=clock.today())
    add_item(around, by=world.lab, wording=Wording("持ち回りの議題"))
    send_round(around, by=world.center, version=0)
    made.own["around"] = around.pk
    made.own["material"] = add_material(found, by=world.lab, name="資料.txt", data=b"x").pk
    made.foreign["material"] = add_material(found, by=world.bank, name="内々.txt", data=b"x", item=secret).pk
    made.own["note"] = tell_trend(found, by=world.lab, text="受注が減った。", basis="consent", client="あじさい精機", consent_on=clock.today()).pk
    made.foreign["note"] = tell_trend(found, by=world.bank, text="受注が減った。", basis="anonymous").pk
    Minutes.objects.create(meeting=found, number=1, head={"name": "会議 第1回", "held_on": "2026-11-25", "attendance": []}, sent_at=clock.now())
    case = Case.objects.get(pk=made.own["case"])
    need = Need.objects.create(case=case, title="県外の課題", stage_id="3", added_at=clock.now())
    below = None
    for rung, end in ((1, "higher"), (2, "higher"), (3, "")):
        below = Escalation.objects.create(
            case=case, need=need, rung=rung, below=below, below_rung=rung - 1 or None, below_end="higher" if below else None, reason="難しい",
            opened_on=clock.today(), opened_at=clock.now(), opened_body_id=DESK, end=end, ended_on=clock.today() if end else None,
            ended_at=clock.now() if end else None,
        )  # fmt: skip
    opening = Opening.objects.create(case=case, body_id=LAB, kind="outside", name="隣 花子", organisation="となり県試験所", email="t@t.example",
                                     classes=["summary"], asked_at=clock.now(), asked_by=Person.objects.first())  # fmt: skip
    made.own["climbed"] = need.pk
    made.own["request"] = OutsideRequest.objects.create(
        case=case, escalation=below, opening=opening, network="kazenet", network_name="風の網", member="tonari", member_name="となり県試験所", ask="測る",
        asked_on=clock.today(), asked_body_id=LAB, due_on=clock.today(),
    ).pk  # fmt: skip


def _coordinators(world: World, made: Everyone) -> None:
    """A line, an attempt and a draft of the lab's; the same of the bank's; and somebody a body named."""
    asked = Asked.objects.filter(inquiry__circulation__case=made.own["case"]).first()
    assert asked is not None
    own = Case.objects.get(pk=made.own["case"])
    project = RegionalProject.objects.create(
        plan=own.plan, company=own.company or Company.objects.earliest("entered_at"), number="牽引-1", approved_on=clock.today(), field_id="A", title="量産",
        counted_fiscal_year=2026, recorded_at=clock.now(),
    )  # fmt: skip
    project.cases.add(own)
    project.bodies.set([LAB, DESK])
    ProjectShares.objects.create(project=project, number=1, bodies=[LAB, DESK], percents=[60, 40], proposed_at=clock.now(), proposed_body_id=LAB,
                                 proposed_by=world.people[LAB])  # fmt: skip
    made.own["project"] = project.pk
    made.own["candidate"] = Candidate.objects.create(asked=asked, organisation="架空大学").pk
    made.own["gap"] = record_gap(Need.objects.get(pk=made.own["need"]), Missing("skill", "測り方"), by=world.lab).pk
    for objects, by in ((made.own, world.lab), (made.foreign, world.bank)):
        case = Case.objects.get(pk=objects["case"])
        need = Need.objects.filter(case=case).first() or add_need(case, title="つなぎの資金", stage="2", by=by)
        objects["activity"] = log_activity(Line("話した", 10, "visit", case=case), by=by).pk
        objects["bridge"] = start_bridge(need, Other("空木 教授", "架空大学"), by=by).pk
        objects["report"] = draft_report(clock.today(), by=by).pk


def _catalogue() -> tuple[str, uuid.UUID]:
    """An entry that the lab keeps on screen, and a list of another institute."""
    put_entries([EntryRow(id="E-own", kind="equipment", name="膜厚計", body=LAB)], kept_by="screen", by=SYSTEM)
    harvest = Harvest.objects.create(name="となりの県の一覧", way="folder", place="list.csv", kind="outside", owner_name="となりの県")
    return "E-own", harvest.pk


def _letter(case: Case, by: Actor) -> dict[str, Any]:
    """A letter that goes round, a step on its way, and a template of the body."""
    letter = draft_letter(case, "reply", Text({}), by=by)
    Letter.objects.filter(pk=letter.pk).update(state="asked")
    step = LetterStep.objects.create(letter=letter, body_id=by.body, round=0, place=0, kind="read", person_id=by.person,
                                     state="waiting", asked_at=clock.now())
    kept = keep("様式.docx", shipped_template("reply"))
    template = LetterTemplate.objects.create(body=by.body, kind="reply", version=1, name=kept.name, size=kept.size, sha256=kept.sha256,
                                             made_at=clock.now(), made_by=by.person, made_by_name=by.name)
    return {"letter": letter.pk, "turn": step.pk, "template": template.pk}


def _foreign(world: World) -> dict[str, Any]:
    """A consultation the bank took and keeps; nobody else but the desk's count knows of it."""
    company = register_company(Profile(name="株式会社よその会社", kana="ヨソ", phone="000-111-2222"), by=world.bank)
    said = Said(text="運転資金の相談です。", channel="visit", company=company, phone="000-111-2222", email="yoso@yoso.example")
    case = receive(said, by=world.bank, body=Body.objects.get(pk=BANK), to_desk=False).case
    file = add_file(case, by=world.bank, name="決算.txt", data="決算です".encode())
    notice = send_notice(Words("県外の話", "内輪です。"), to={DESK: ""}, by=world.bank, sender="銀行")
    view = save_view("", ViewWords("よその条件", shared=True), by=world.bank)
    search = save_search("kind=seed", "シーズ", by=world.bank)
    invited = invite(Body.objects.get(pk=BANK), asked=asked(), by=world.bank)
    return {**_letter(case, world.bank), "invitation": invited.pk, "member": Membership.objects.get(body_id=BANK).pk, "view": view.pk, "search": search.pk, "suggestion": _suggestion(case).pk, "case": case.pk, "company": company.pk, "attachment": file.pk, "file": file.pk, "notice": notice.pk,
            "mail": _lost_mail(case).pk, "incoming": _held_letter(case).pk}  # fmt: skip


def _move(world: World, body: str) -> uuid.UUID:
    """The caseload of a body's first member, being given away."""
    leaver = Membership.objects.get(body_id=body, person=world.people[body])
    return open_move(leaver, on=clock.today(), by=world.actor(body)).pk


def _lost_mail(case: Case) -> Mail:
    moment = clock.now()
    return Mail.objects.create(to="firm@firm.example", subject="お知らせ", text="文", purpose="company", case=case.pk, about=case.pk,
                               made_at=moment, not_before=moment, state="bounced", sent_at=moment, error="550")  # fmt: skip


def _held_letter(case: Case) -> Incoming:
    return Incoming.objects.create(case=case, message_id=f"<{case.pk}@firm>", sender="x@firm.example", text="文", sha256="0" * 64,
                                   size=1, state="held", held_for="sender", received_at=clock.now())  # fmt: skip


def _tokens(world: World, scene: Scene, made: Everyone) -> dict[str, str]:
    case, later = scene.case, clock.now().replace(year=clock.now().year + 1)
    status = make_link(by=world.desk, purpose=LinkPurpose.STATUS, expires_at=later, case=case.pk, subject=case.pk)
    offer = make_link(by=world.desk, purpose=LinkPurpose.OFFER, expires_at=later, case=case.pk, body=LAB,
                      subject=scene.supports[0].pk, classes=["summary"])
    foreign = make_link(by=world.bank, purpose=LinkPurpose.STATUS, expires_at=later, case=made.foreign["case"],
                        subject=made.foreign["case"])
    closed = make_link(by=world.desk, purpose=LinkPurpose.STATUS, expires_at=later, case=case.pk, subject=case.pk)
    Link.objects.filter(pk=open_link(closed).id).update(closed_at=clock.now())  # type: ignore[union-attr]
    request_consent(case, body=Body.objects.get(pk=CENTER), classes=["technical"], by=world.lab)
    asked = ConsentRequest.objects.get(case=case)
    consent = make_link(by=world.desk, purpose=LinkPurpose.CONSENT, expires_at=later, case=case.pk, subject=asked.pk)
    with acting(GUEST):
        draft, _link = start_draft()
    return {"status": status, "offer": offer, "consent": consent, "other": foreign, "closed": closed, "draft": draft,
            "made-up": "x" * 43}


def missing(own: dict[str, Any]) -> dict[str, Any]:
    """The same names with ids of nothing."""
    return {name: uuid.uuid4() for name in own}


def _suggestion(case: Case) -> Suggestion:
    entry, _made = Entry.objects.get_or_create(id="EQ-NEWS", kind="equipment", name="新しい装置", kept_by="test", text_hash="x")
    need = case.needs.first() or Need.objects.create(case=case, title="測りたい", stage_id="3", added_at=clock.now())
    return Suggestion.objects.create(case=case, need=need, entry=entry, score=1, found_at=clock.now())
