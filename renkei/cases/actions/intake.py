"""A consultation arrives: stored, held and dated in one transaction, then acknowledged."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.numbers import is_corporate_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.cases import mails
from renkei.cases.models import Case, Consultation, Draft, Passage, Verb, log_step
from renkei.cases.numbers import draw_number
from renkei.cases.rules import require, runs_case
from renkei.cases.states import CaseState, DisclosureClass
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, require_open_body, save_case
from renkei.companies.models import Company, CompanyPerson
from renkei.plan.models import Body
from renkei.plan.queries import content_now, current_plan, front_desk
from renkei.post.links import make_link, start_draft_link
from renkei.post.models import LinkPurpose

STATUS_LINK_LIFE = dt.timedelta(days=730)
DRAFT_LIFE = dt.timedelta(days=30)
MOST_CHARACTERS = 8000
MOST_YEN = 10**12
MOST_IN = {"wish": 1000, "company_given": 200, "person_given": 100, "phone": 20, "email": 254, "reach_me": 200,
           "financial": 4000}  # fmt: skip


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
    check_said(said)
    earlier = _earlier(idempotency_key)
    if earlier is not None:
        return Received(earlier.case, earlier, "")
    require_open_body(body, "body")
    moment = clock.now()
    holder = front_desk() if to_desk else body
    number = draw_number(body, clock.today())
    case = Case(
        id=case_id or uuid.uuid4(),
        number=number,
        plan=current_plan(),
        company=said.company,
        company_given=_name_of(said),
        title=fit(said.title, 100, "title") or _headline(said.text),
        summary=fit(said.summary, 600, "summary"),
        summary_seen_at=moment if said.summary_seen and said.summary.strip() else None,
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
        mails.receipt(case, _address_of(said), token, by=by)
    return Received(case, consultation, token)


@transaction.atomic
def refer_to_desk(case: Case, *, by: Actor, note: str = "") -> Case:
    """Send a consultation a body kept to the front desk: the desk holds it from now on (it never refuses) [C92].

    Only who runs it gives it: the desk does not take what was not sent to it, as it reads the words from then on (P2).
    """
    from renkei.cases.actions.holding import move_holder  # noqa: PLC0415  holding imports intake's neighbours

    require(runs_case(by, lock_case(case)))
    return move_holder(case, to=front_desk(), by=by, verb=Verb.REFERRED, note=note)


def start_draft(*, moment: dt.datetime | None = None) -> tuple[str, uuid.UUID]:
    """Begin a draft for a guest: returns the private token and the link id the guest then acts as."""
    return start_draft_link((moment or clock.now()) + DRAFT_LIFE)


def save_draft(data: dict[str, object], *, by: Actor, step: int = 1) -> Draft:
    """Keep what a firm has typed so far, exactly as typed. Raises Refused when it has been sent already."""
    if by.kind is not ActorKind.LINK or by.link is None:
        raise Refused(_("下書きのリンクから開き直してください。"), "no_draft")
    draft = Draft.objects.filter(pk=by.link).first() or Draft(pk=by.link)
    if draft.sent_case is not None:
        raise Refused(_("この相談はもう届いています。状況の画面をご覧ください。"), "draft_sent")
    draft.data, draft.step, draft.saved_at = plain(data), step, clock.now()
    draft.save()
    return draft


@transaction.atomic
def send_draft(said: Said, *, by: Actor, token: str) -> Received:
    """Turn a draft into a case held by the front desk. Sending twice gives the same case and the same link."""
    if by.kind is not ActorKind.LINK or by.link is None:
        raise Refused(_("下書きのリンクから開き直してください。"), "no_draft")
    _one_at_a_time(str(by.link))
    draft = Draft.objects.filter(pk=by.link).first()
    if draft is not None and draft.sent_case is not None:
        case = Case.objects.get(pk=draft.sent_case)
        return Received(case, case.consultations.get(), token)
    check_said(said)
    case_id = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_bind_link(%s, %s)", [case_id, clock.now() + STATUS_LINK_LIFE])
    received = receive(said, by=by, body=front_desk(), to_desk=True, idempotency_key=str(by.link), case_id=case_id)
    Draft.objects.update_or_create(
        pk=by.link, defaults={"data": {}, "saved_at": clock.now(), "sent_case": received.case.pk}
    )
    mails.receipt(received.case, _address_of(said), token, by=by)
    return Received(received.case, received.consultation, token)


@transaction.atomic
def bind_company(case: Case, company: Company, *, by: Actor) -> Case:
    """Say which registered firm the case belongs to. Refused ``other_company`` once it belongs to one (split it then)."""
    locked = lock_case(case)
    require(runs_case(by, locked) or (by.is_staff and locked.received_by_id == by.body))
    require_open(locked)
    if locked.company_id not in {None, company.pk}:
        raise Refused(_("この案件は、もう別の会社に結び付いています。分けるときは、案件を分けてください。"), "other_company")
    if not Company.objects.visible_to(by).standing().filter(pk=company.pk).exists():
        raise Refused(_("この会社は、いまの機関では開けません。窓口にお尋ねください。"), "not_visible")
    if locked.company_id == company.pk:
        return locked
    before = locked.company_name
    locked.company, locked.company_given = company, company.name[:200]
    save_case(locked)
    log_step(locked, Verb.COMPANY_BOUND, by=by, subject=company)
    record(by, "case.bind_company", locked, company, before=before)
    return locked


def claimed_company(number: str, name: str) -> Company | None:
    """Return the firm whose number and name both match what a guest typed; the guest learns nothing from it."""
    if not is_corporate_number(number):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_claim(%s, %s)", [number, search_key(name)])
        row = cursor.fetchone()
    return Company(pk=row[0]) if row and row[0] else None


def check_said(said: Said) -> None:
    """Check what was typed against the plan's words and the fields' lengths. Raises Refused naming the form's field."""
    _check_text(said)
    if said.channel not in {term.code for term in content_now().vocabulary("channels")}:
        raise Refused(_("どうやって届いた相談かを、一覧から選んでください。"), "unknown_channel", field="channel")
    for name, most in MOST_IN.items():
        fit(getattr(said, name), most, name)
    for prior in said.prior_bodies:
        fit(prior, 100, "prior_bodies")
    if said.budget_yen is not None and not 0 <= said.budget_yen < MOST_YEN:
        raise Refused(_("予算は、0円から1兆円までの数で入れてください。"), "budget_out_of_range", field="budget_yen")
    if said.consulted_at is not None and said.consulted_at > clock.now():
        raise Refused(_("まだ来ていない日時です。相談を受けた日時を入れてください。"), "future", field="consulted_at")
    if set(said.standing_classes) - set(DisclosureClass.values):
        raise Refused(_("見せてよいものを一覧から選んでください。"), "unknown_class", field="standing_classes")
    _check_address(said.email)


def _check_address(email: str) -> None:
    try:
        if email.strip():
            validate_email(email.strip())
    except ValidationError as error:
        raise Refused(_("メールアドレスの形が違います。「名前@会社.example」のように入れてください。"), "email_wrong",
                      field="email") from error


def _check_text(said: Said) -> None:
    text = clean_text(said.text)
    if not text:
        raise Refused(_("ご相談の内容を、ひとことでよいので書いてください。"), "text_empty", field="text")
    if len(text) > MOST_CHARACTERS:
        raise Refused(
            _("%(most)s字までです。長い資料は、ファイルで付けてください。") % {"most": f"{MOST_CHARACTERS:,}"},
            "text_too_long",
            field="text",
        )


def _earlier(key: str | None) -> Consultation | None:
    if key is None:
        return None
    _one_at_a_time(key)
    return Consultation.objects.select_related("case").filter(idempotency_key=key).first()


def _one_at_a_time(key: str) -> None:
    """Let a second sending of the same thing wait for the first one's end; it then finds what the first has stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"intake {key}"])


def _name_of(said: Said) -> str:
    """Return the name a case goes by: the registered one, what was said, or that nobody knows yet."""
    registered = said.company.name if said.company else ""
    return registered[:200] or fit(said.company_given, 200, "company_given") or "社名は未確認"


def _address_of(said: Said) -> str:
    return said.email.strip() or (said.person.email if said.person else "")


def plain(value: Any) -> Any:
    """Return JSON values with their texts cleaned: the database takes no NUL characters."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def _headline(text: str) -> str:
    line = clean_text(text).replace("\n", " ")
    head = next((part.strip() for part in line.split("。") if part.strip()), line)
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
        taken_by_id=by.person if by.is_staff else None,  # the firm may write for itself
        consulted_at=said.consulted_at or clock.now(),
        recorded_at=clock.now(),
        text=clean_text(said.text),
        wish=clean_text(said.wish),
        wanted_by=said.wanted_by,
        budget_yen=said.budget_yen,
        prior_bodies=[clean_text(prior) for prior in said.prior_bodies],
        company_given=clean_text(said.company_given),
        person=said.person,
        person_given=clean_text(said.person_given),
        phone=clean_text(said.phone),
        email=said.email.strip(),
        reach_me=clean_text(said.reach_me),
        facts=plain(said.facts),
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
        recipient_name=clean_text(said.person_given) or (said.person.name if said.person else ""),
        recipient_email=_address_of(said),
    )
