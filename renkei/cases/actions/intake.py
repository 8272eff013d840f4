"""A consultation arrives: stored, held and dated in one transaction, then acknowledged."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import connection, transaction

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.numbers import is_corporate_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.cases import mails
from renkei.cases.models import Case, Consultation, Draft, Passage, Verb, log_step
from renkei.cases.numbers import draw_number
from renkei.cases.states import CaseState, DisclosureClass
from renkei.cases.steps import NextStep, due, put_next_step
from renkei.companies.models import Company, CompanyPerson
from renkei.plan.models import Body
from renkei.plan.queries import current_plan, front_desk
from renkei.post.links import make_link, start_draft_link
from renkei.post.models import LinkPurpose

STATUS_LINK_LIFE = dt.timedelta(days=730)
DRAFT_LIFE = dt.timedelta(days=30)
MOST_CHARACTERS = 8000


@dataclass(frozen=True, slots=True)
class Said:
    """What was said, by whom, and how to reach them."""

    text: str
    channel: str
    consulted_at: dt.datetime | None = None
    title: str = ""
    summary: str = ""
    wish: str = ""
    wanted_by: dt.date | None = None
    budget_yen: int | None = None
    prior_bodies: list[str] = field(default_factory=list)
    company: Company | None = None
    person: CompanyPerson | None = None
    company_given: str = ""
    person_given: str = ""
    phone: str = ""
    email: str = ""
    reach_me: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    financial: str = ""
    standing_classes: list[str] = field(default_factory=list)
    summary_seen: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """What intake gives back: the case, its consultation and the token of the private status link (shown once)."""

    case: Case
    consultation: Consultation
    token: str


@transaction.atomic
def receive(
    said: Said,
    *,
    by: Actor,
    body: Body,
    to_desk: bool = True,
    idempotency_key: str | None = None,
    next_step: NextStep | None = None,
    case_id: uuid.UUID | None = None,
) -> Received:
    """Store what was said; the body that took it holds it, next step is the first answer by the clock.

    ``to_desk`` sends it to the front desk for triage across bodies (then the desk holds it); without it the body
    keeps and serves the consultation itself. Doing it twice with one key gives the first result's case.
    """
    _check(said)
    earlier = _earlier(idempotency_key)
    if earlier is not None:
        return Received(earlier.case, earlier, "")
    moment = clock.now()
    desk = front_desk()
    holder = desk if to_desk else body
    number = draw_number(body, clock.today())
    case = Case(
        id=case_id or uuid.uuid4(),
        number=number,
        plan=current_plan(),
        company=said.company,
        company_given=said.company_given.strip() or ("" if said.company else "社名は未確認"),
        title=(said.title or _headline(said.text))[:100],
        summary=clean_text(said.summary)[:600],
        summary_seen_at=moment if said.summary_seen else None,
        standing_classes=sorted(set(said.standing_classes)),
        received_by=body,
        at_desk=to_desk,
        arrived_at=moment,
        state=CaseState.ARRIVED if to_desk else CaseState.ACTIVE,
        holder=holder,
        holder_person_id=by.person if holder.pk == by.body else None,
        holder_since=clock.today(),
    )
    put_next_step(case, next_step or _first_answer(holder, said))
    case.index_text()
    case.save(force_insert=True)
    consultation = _write_consultation(case, said, by=by, key=idempotency_key)
    _write_financial(case, said, by=by)
    log_step(case, Verb.RECEIVED, by=by, subject=consultation, after=case.state,
             happened_on=(said.consulted_at or moment).astimezone(clock.JST).date())
    record(by, "case.receive", case, consultation, number=number, channel=said.channel)
    token = _status_link(case, said, by=by)
    if token:
        mails.receipt(case, said.email, token, by=by)
    return Received(case, consultation, token)


@transaction.atomic
def refer_to_desk(case: Case, *, by: Actor, note: str = "") -> Case:
    """Send a consultation a body kept to the front desk: the desk holds it from now on (it never refuses) [C92]."""
    from renkei.cases.actions.holding import move_holder  # noqa: PLC0415  holding imports intake's neighbours

    return move_holder(case, to=front_desk(), by=by, verb=Verb.REFERRED, note=note)


def start_draft(*, moment: dt.datetime | None = None) -> tuple[str, uuid.UUID]:
    """Begin a draft for a guest: returns the private token and the link id the guest then acts as."""
    return start_draft_link((moment or clock.now()) + DRAFT_LIFE)


def save_draft(data: dict[str, object], *, by: Actor, step: int = 1) -> Draft:
    """Keep what a firm has typed so far, exactly as typed. Raises Refused when it has been sent already."""
    if by.kind is not ActorKind.LINK or by.link is None:
        raise Refused("下書きのリンクから開き直してください。", "no_draft")
    draft = Draft.objects.filter(pk=by.link).first() or Draft(pk=by.link)
    if draft.sent_case is not None:
        raise Refused("この相談はもう届いています。状況の画面をご覧ください。", "draft_sent")
    draft.data, draft.step, draft.saved_at = data, step, clock.now()
    draft.save()
    return draft


@transaction.atomic
def send_draft(said: Said, *, by: Actor, token: str) -> Received:
    """Turn a draft into a case held by the front desk. Sending twice gives the same case and the same link."""
    if by.kind is not ActorKind.LINK or by.link is None:
        raise Refused("下書きのリンクから開き直してください。", "no_draft")
    draft = Draft.objects.select_for_update().filter(pk=by.link).first()
    if draft is not None and draft.sent_case is not None:
        case = Case.objects.get(pk=draft.sent_case)
        return Received(case, case.consultations.get(), token)
    _check(said)
    case_id = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_bind_link(%s, %s)", [case_id, clock.now() + STATUS_LINK_LIFE])
    received = receive(said, by=by, body=front_desk(), to_desk=True, idempotency_key=str(by.link), case_id=case_id)
    Draft.objects.update_or_create(
        pk=by.link, defaults={"data": {}, "saved_at": clock.now(), "sent_case": received.case.pk}
    )
    mails.receipt(received.case, said.email, token, by=by)
    return Received(received.case, received.consultation, token)


def claimed_company(number: str, name: str) -> Company | None:
    """Return the firm whose number and name both match what a guest typed; the guest learns nothing from it."""
    if not is_corporate_number(number):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_claim(%s, %s)", [number, search_key(name)])
        row = cursor.fetchone()
    return Company(pk=row[0]) if row and row[0] else None


def _check(said: Said) -> None:
    text = clean_text(said.text)
    if not text:
        raise Refused("ご相談の内容を、ひとことでよいので書いてください。", "text_empty", field="text")
    if len(text) > MOST_CHARACTERS:
        raise Refused(
            f"{MOST_CHARACTERS:,}字までです。長い資料は、ファイルで付けてください。", "text_too_long", field="text"
        )


def _earlier(key: str | None) -> Consultation | None:
    if key is None:
        return None
    return Consultation.objects.select_related("case").filter(idempotency_key=key).first()


def _headline(text: str) -> str:
    line = clean_text(text).replace("\n", " ")
    head = line.split("。")[0]
    return head if len(head) <= 40 else head[:39] + "…"


def _first_answer(holder: Body, said: Said) -> NextStep:
    return NextStep(what="内容を読み、会社に最初の回答をする", on=due("first_answer"), kind="answer",
                    phone=said.phone, body=holder.pk)


def _write_consultation(case: Case, said: Said, *, by: Actor, key: str | None) -> Consultation:
    return Consultation.objects.create(
        case=case,
        number=case.number,
        channel=said.channel,
        received_by=case.received_by,
        taken_by_id=by.person,
        consulted_at=said.consulted_at or clock.now(),
        recorded_at=clock.now(),
        text=clean_text(said.text),
        wish=clean_text(said.wish),
        wanted_by=said.wanted_by,
        budget_yen=said.budget_yen,
        prior_bodies=said.prior_bodies,
        company_given=said.company_given.strip(),
        person=said.person,
        person_given=said.person_given.strip(),
        phone=said.phone,
        email=said.email,
        reach_me=said.reach_me.strip(),
        facts=said.facts,
        idempotency_key=key,
    )


def _write_financial(case: Case, said: Said, *, by: Actor) -> None:
    if text := clean_text(said.financial):
        Passage.objects.create(
            case=case, klass=DisclosureClass.FINANCIAL, text=text, author_body_id=by.body, written_at=clock.now()
        )


def _status_link(case: Case, said: Said, *, by: Actor) -> str:
    if by.kind is ActorKind.LINK:
        return ""  # the draft's own link has become the status link
    return make_link(
        by=by,
        purpose=LinkPurpose.STATUS,
        expires_at=clock.now() + STATUS_LINK_LIFE,
        case=case.pk,
        subject=case.pk,
        recipient_name=said.person_given or (said.person.name if said.person else ""),
        recipient_email=said.email,
    )
