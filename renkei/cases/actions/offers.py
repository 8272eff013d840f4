"""Who is asked for what, with the firm's consent, by when; and how an offer is taken back."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Person
from renkei.accounts.queries import is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.actions.reading import read_case
from renkei.cases.actions.waiting import choose_step, waiting_step
from renkei.cases.models import Case, Consent, ConsentHow, Incident, Need, Origin, Passage, Support, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.states import (
    OPEN_SUPPORTS,
    SUPPORT_STEPS,
    CaseState,
    DisclosureClass,
    NeedState,
    SupportState,
    check_step,
)  # fmt: skip
from renkei.cases.steps import due, fit, lock_case, put_next_step, require_open, require_open_body, save_case, set_state
from renkei.plan.models import Body, Provision
from renkei.plan.queries import add_business_days, clock_named, content_now, provisions_on
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose

SUMMARY = DisclosureClass.SUMMARY.value


@dataclass(frozen=True, slots=True)
class Pick:
    """One tick of the desk: a body's service for a need, what it is asked, what it may see, by when.

    ``classes`` always holds the summary; ``takes_over`` makes the body the holder when it accepts [C32]. ``place`` is
    where the proposal had the body among those who offer the service, ``put_first`` whom it put first [C67].
    """

    need: Need
    service: str
    body: str
    ask: str
    classes: list[str] = field(default_factory=list)
    due_on: dt.date | None = None
    person: uuid.UUID | None = None
    entries: list[str] = field(default_factory=list)
    takes_over: bool = False
    origin: str = Origin.PROPOSED
    place: int | None = None
    put_first: str | None = None


@transaction.atomic
def save_picks(case: Case, picks: list[Pick], *, by: Actor, version: int | None = None) -> list[Support]:
    """Keep the choice without sending anything: the bodies see nothing. Choosing the same again changes the first."""
    locked = _lock(case, by=by, version=version)
    supports = [_propose(locked, pick, by=by) for pick in picks]
    save_case(locked)
    record(by, "offer.save", locked, *supports)
    return supports


@transaction.atomic
def send_offers(case: Case, picks: list[Pick], *, by: Actor, version: int | None = None) -> list[Support]:
    """Ask the bodies. Mails wait out the recall window; nothing is ever wider than the firm's consent (P2).

    Refused: ``no_picks``, ``no_consent`` (naming body and class), ``no_provision``, ``already_asked``,
    ``two_takeovers``, ``due_past``, ``summary_empty``, ``second_person``, ``changed_meanwhile``.
    """
    locked = _lock(case, by=by, version=version)
    _check_sending(locked, picks, by=by)
    chosen = list({one.pk: one for one in (_propose(locked, pick, by=by) for pick in picks)}.values())
    _check_takeover(locked, chosen)
    supports = [_send(support, by=by) for support in chosen]
    before = set_state(locked, CaseState.ACTIVE)
    if before != locked.state:
        log_step(locked, Verb.TRIAGED, by=by, before=before, after=locked.state)
    put_next_step(locked, waiting_step(locked) or choose_step(locked))
    save_case(locked)
    return supports


@transaction.atomic
def recall(support: Support, *, by: Actor, reason: str = "") -> Support:
    """Take an offer back. Inside the window it leaves no trace at the body; later it opens a disclosure incident."""
    case = _lock(support.case, by=by)
    locked = lock_support(support)
    check_step(SUPPORT_STEPS, SupportState(locked.state), SupportState.RECALLED)
    late = locked.has_left
    if late and not fit(reason, 400, "reason"):
        raise Refused(_("相手がもう見られるようになっています。取り消す理由を書いてください。"), "reason_empty",
                      field="reason")
    if late:
        _open_incident(case, locked, reason=fit(reason, 400, "reason"), by=by)
    close_offer(locked)
    move_support(locked, SupportState.RECALLED, Verb.RECALLED, by=by, case=case)
    if late:
        mails.tell_body(locked.body, locked, by=by, purpose="recalled", subject=written("お願いを取り消しました"),
                        words=written("このお願いは取り消しました。届いた内容は消してください。お手数をおかけします。"))
    put_next_step(case, waiting_step(case) or choose_step(case))
    save_case(case)
    return locked


@transaction.atomic
def offer_next(
    support: Support,
    *,
    by: Actor,
    body: str,
    service: str = "",
    ask: str = "",
    classes: list[str] | None = None,
    due_on: dt.date | None = None,
    person: uuid.UUID | None = None,
    entries: list[str] | None = None,
) -> Support:
    """Ask the next body for what this one declined or left unanswered, in the same words unless others are given."""
    if SupportState(support.state) not in {SupportState.DECLINED, SupportState.EXPIRED, SupportState.RECALLED}:
        raise Refused(_("前の依頼の返事がまだです。取り消してから、次の機関に頼んでください。"), "still_open")
    first = Passage.objects.filter(support=support, klass=SUMMARY).order_by("written_at").first()
    pick = Pick(
        need=support.need, service=service or support.service_id, body=body, ask=ask or (first.text if first else ""),
        classes=support.classes if classes is None else classes, due_on=due_on, person=person, entries=entries or [],
        takes_over=support.takes_over, origin=support.origin,
    )  # fmt: skip
    return send_offers(support.case, [pick], by=by)[0]


def lock_support(support: Support) -> Support:
    """Return the support, its row locked. The case's row is always locked before it, so nobody waits in a circle.

    Refused ``gone`` when it was recalled in this moment: a body never sees a recalled offer.
    """
    rows = Support.objects.select_for_update(of=("self",)).select_related("body", "service")
    locked = rows.filter(pk=support.pk).first()
    if locked is None:
        raise Refused(_("この依頼は、いま取り消されました。窓口にお尋ねください。"), "gone")
    return locked


def close_offer(support: Support, *, but_not: uuid.UUID | None = None) -> int:
    """Close the links of an offer and stop its mails that wait; returns how many mails. The last act of a link."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_close_offer(%s, %s, %s)", [support.pk, clock.now(), but_not])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def recipient(support: Support, *, by: Actor) -> tuple[str, str]:
    """Return whom an offer is for: name and address of the person (or who stands in), or no name and the body's mailbox."""
    person = mails.who_answers(support.case, support.body_id, support.person, by=by)
    return (person.name, person.email) if person else ("", support.body.mail)


def link_for(support: Support, *, by: Actor, name: str, email: str) -> str:
    """Make the private link to one offer: bound to its recipient, for the offered classes, until the offer expires."""
    last = add_business_days(support.due_on or clock.today(), clock_named("offer_expiry").business_days)
    return make_link(
        by=by, purpose=LinkPurpose.OFFER, expires_at=clock.at(last + dt.timedelta(days=1), 0), subject=support.pk,
        case=support.case_id, body=support.body_id, classes=support.classes, recipient_name=name,
        recipient_email=email,
    )  # fmt: skip


def _lock(case: Case, *, by: Actor, version: int | None = None) -> Case:
    locked = lock_case(case, version=version)
    require(runs_case(by, locked))
    require_open(locked)
    return locked


def _check_sending(case: Case, picks: list[Pick], *, by: Actor) -> None:
    if not picks:
        raise Refused(_("だれに頼むかを、1つ以上選んでください。"), "no_picks")
    if not case.summary:
        raise Refused(_("ほかの機関が読む要約を書いてください。"), "summary_empty", field="summary")
    if case.summary_seen_at is None:  # other bodies read only what the firm has read itself (P2)
        raise Refused(
            _("会社が、いまの要約をまだ確かめていません。読んで確かめてもらい、「要約を直す」で印を付けてください。"),
            "summary_not_seen", field="summary",
        )  # fmt: skip
    if content_now().needs_second_person("send_outside"):
        for pick in picks:
            _require_second_person(case, pick, by=by)


def _check_takeover(case: Case, chosen: list[Support]) -> None:
    offered = case.supports.filter(takes_over=True, state=SupportState.OFFERED).count()
    if offered + sum(support.takes_over for support in chosen) > 1:
        raise Refused(_("主担当をお願いできるのは1機関だけです。1つだけ選んでください。"), "two_takeovers",
                      field="takes_over")


def _require_second_person(case: Case, pick: Pick, *, by: Actor) -> None:
    parties = dict(Body.objects.filter(pk__in=[pick.body, by.body]).values_list("pk", "party_id"))
    if parties.get(pick.body) == parties.get(by.body or ""):
        return
    saved = case.supports.filter(
        need=pick.need, service_id=pick.service, body_id=pick.body, state=SupportState.PROPOSED
    ).first()
    if saved is None or saved.asked_by_id in {None, by.person}:
        raise Refused(
            _("ほかの者（組織）へ送るには、もう1人の確認が要ります。保存して、別の人に送ってもらってください。"),
            "second_person",
        )


def _propose(case: Case, pick: Pick, *, by: Actor) -> Support:
    """Write the choice, checked against need, plan and people; a choice that is open already is refused or changed."""
    body = _body(pick.body)
    require_open_body(body, "body")
    if not case.needs.filter(pk=pick.need.pk, state=NeedState.OPEN).exists():
        raise Refused(_("この案件の、対応中の課題を選んでください。"), "wrong_need")
    if pick.person is not None and not is_member(pick.person, body.pk):
        raise Refused(_("%(body)sの人を選んでください。") % {"body": body.short}, "not_a_member", field="person")
    provision = _provision(pick, body)
    open_one = case.supports.select_for_update(of=("self",)).filter(
        need=pick.need, service_id=pick.service, body=body, state__in=OPEN_SUPPORTS
    ).first()
    if open_one is not None and open_one.state != SupportState.PROPOSED:
        raise Refused(_("%(body)sには、この支援をもうお願いしています。") % {"body": body.short}, "already_asked")
    support = open_one or Support(case=case, need=pick.need, service_id=pick.service, body=body, made_at=clock.now())
    support.provision, support.person_id, support.origin = provision, pick.person, pick.origin
    support.entries, support.takes_over = [entry[:60] for entry in pick.entries], pick.takes_over
    support.place, support.put_first_id = (pick.place, pick.put_first) if pick.place else (None, None)
    support.classes, support.due_on = _classes(pick), _due_on(pick)
    support.asked_by_body_id, support.asked_by_id = by.body or case.holder_id, by.person
    support.save()
    _write_ask(support, pick)
    return support


def _body(code: str) -> Body:
    found = Body.objects.filter(pk=code).first()
    if found is None:
        raise Refused(_("機関を一覧から選んでください。"), "unknown_body", field="body")
    return found


def _provision(pick: Pick, body: Body) -> Provision | None:
    """Return what the offer rests on in the plan today; only what is recorded afterwards may rest on nothing [C66]."""
    found = provisions_on().filter(service_id=pick.service, body=body).first()
    if found is None and pick.origin != Origin.RECORDED:
        raise Refused(
            _("%(body)sは、いまの計画ではこの支援をしていません。別の機関を選んでください。") % {"body": body.short},
            "no_provision",
            field="body",
        )
    return found


def _classes(pick: Pick) -> list[str]:
    wanted = {*pick.classes, SUMMARY}
    if wanted - set(DisclosureClass.values):
        raise Refused(_("見せるものを一覧から選んでください。"), "unknown_class", field="classes")
    return [klass for klass in DisclosureClass.values if klass in wanted]


def _due_on(pick: Pick) -> dt.date:
    day = pick.due_on or due("offer_answer")
    if day < clock.today():
        raise Refused(_("返事の期限が過ぎています。今日より後の日を入れてください。"), "due_past", field="due_on")
    return day


def _write_ask(support: Support, pick: Pick) -> None:
    ask = fit(pick.ask, 1000, "ask")
    if not ask:
        raise Refused(_("お願いしたいことを、ひとことで書いてください。"), "ask_empty", field="ask")
    passage = Passage.objects.filter(support=support).order_by("written_at").first()
    passage = passage or Passage(support=support, case_id=support.case_id, need=support.need, klass=SUMMARY)
    passage.text, passage.author_body_id, passage.written_at = ask, support.asked_by_body_id, clock.now()
    passage.save()


def _send(support: Support, *, by: Actor) -> Support:
    check_step(SUPPORT_STEPS, SupportState(support.state), SupportState.OFFERED)
    _require_consent(support, by=by)
    now = clock.now()
    support.state, support.offered_at = SupportState.OFFERED, now
    support.leaves_at = now + dt.timedelta(minutes=clock_named("recall").minutes)
    support.asked_by_body_id, support.asked_by_id = by.body or support.case.holder_id, by.person
    support.takes_over_from_id = support.case.holder_id if support.takes_over else None
    support.save()
    name, address = recipient(support, by=by)
    token = link_for(support, by=by, name=name, email=address)
    mails.offer(support, address, token, by=by, not_before=support.leaves_at)
    log_step(support.case, Verb.OFFERED, by=by, subject=support, before=SupportState.PROPOSED, after=support.state,
             about_body=support.body_id, service=support.service_id)
    record(by, "offer.send", support, support.case, classes=support.classes, due=support.due_on)
    return support


def _require_consent(support: Support, *, by: Actor) -> None:
    """Refuse unless each class is open to the body; the firm's general consent opens what the plan lets it open.

    A class the firm has once withdrawn from this body is never opened again by the general consent.
    """
    case, body = support.case, support.body
    known = Consent.objects.filter(case=case, body=body)
    live = set(known.live().values_list("klass", flat=True))
    closed = content_now().classes_closed_to(body.kind) | set(known.values_list("klass", flat=True))
    for klass in support.classes:
        if klass in live:
            continue
        if klass not in case.standing_classes or klass in closed:
            raise Refused(
                _("%(body)sに「%(klass)s」を見せる同意が、まだありません。会社に同意を聞いてください。")
                % {"body": body.short, "klass": DisclosureClass(klass).label},
                "no_consent",
                field="classes",
            )
        consent = Consent.objects.create(case=case, body=body, klass=klass, how=ConsentHow.FORM, given_at=clock.now(),
                                         purpose=support.service.name)
        log_step(case, Verb.CONSENT_GIVEN, by=by, subject=consent, after=klass, about_body=body.pk)


def _open_incident(case: Case, support: Support, *, reason: str, by: Actor) -> None:
    if by.person is None:
        raise Refused(_("だれが取り消したかを残すため、職員として操作してください。"), "not_allowed")
    seen = _seen_by(support)
    incident = Incident.objects.create(
        case=case, support=support, body=support.body, classes=support.classes, was_opened=bool(seen), seen=seen,
        reason=reason, opened_at=clock.now(), opened_by_id=by.person,
    )  # fmt: skip
    log_step(case, Verb.INCIDENT, by=by, subject=incident, about_body=support.body_id, service=support.service_id)
    record(by, "incident.open", incident, case, support, classes=support.classes, was_opened=bool(seen))


def _seen_by(support: Support) -> list[dict[str, str]]:
    """Return who read the offer and when, from the audit's read events of this one support."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, person, holder FROM case_reads(%s)", [support.pk])
        rows = cursor.fetchall()
    names = dict(Person.objects.filter(pk__in={person for _at, person, _holder in rows}).values_list("pk", "name"))
    return [{"at": at.isoformat(), "who": names.get(person) or holder or support.body.name}
            for at, person, holder in rows]


def move_support(support: Support, after: SupportState, verb: Verb, *, by: Actor, case: Case) -> None:
    """Save a support in its new state with transition and audit event; the step was checked before."""
    before = support.state
    support.state = after
    support.save()
    log_step(case, verb, by=by, subject=support, before=before, after=after, about_body=support.body_id,
             service=support.service_id)
    record(by, f"support.{verb}", support, case, before=before, after=after)


def open_request(support: Support, *, by: Actor) -> None:
    """Put on record that a body reads an offer; called before its content is rendered (so a recall knows who saw it)."""
    case = Case.objects.filter(pk=support.case_id).first()
    if case is None:  # the firm took its consent back: the page says so, and shows nothing
        read_case(Case(pk=support.case_id), support, by=by, classes=[])
    else:
        read_case(case, support, by=by)
