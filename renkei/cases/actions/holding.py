"""Who holds the case and what happens next. A transfer is an offer: until it is accepted the giver holds (P1)."""

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
from renkei.base.era import screen_date
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Attachment, Case, Consent, Handover, Message, Need, Support, Verb, log_step
from renkei.cases.rules import receives, require, runs_case
from renkei.cases.states import (
    HANDOVER_STEPS,
    OPEN_SUPPORTS,
    CaseState,
    DisclosureClass,
    HandoverState,
    NeedState,
    check_step,
)
from renkei.cases.steps import NextStep, due, fit, lock_case, put_next_step, require_open, save_case, set_state
from renkei.plan.models import Body
from renkei.plan.queries import front_desk


@dataclass(frozen=True, slots=True)
class Pack:
    """What the next holder must know: made by the system, edited by the giver."""

    state: str
    promises: str
    open_points: str
    files: list[str] = field(default_factory=list)


@transaction.atomic
def set_next_step(case: Case, step: NextStep, *, by: Actor, version: int | None = None) -> Case:
    """Say what happens next, by when, and who moves."""
    locked = lock_case(case, version=version)
    require(runs_case(by, locked))
    require_open(locked)
    if step.on < clock.today():
        raise Refused(_("その日は過ぎています。今日からあとの日を入れてください。"), "next_step_past", field="next_on")
    before = locked.next_step
    put_next_step(locked, step)
    save_case(locked)
    log_step(locked, Verb.NEXT_STEP, by=by)
    record(by, "case.next_step", locked, before=before, what=step.what, on=step.on)
    return locked


@transaction.atomic
def take_case(case: Case, *, by: Actor, person: uuid.UUID) -> Case:
    """Name the person of the holding body who has the case in hand. Raises Refused for somebody of another body."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    if not is_member(person, locked.holder_id):
        raise Refused(_("主担当の機関の人から選んでください。"), "not_a_member", field="person")
    if locked.holder_person_id == person:
        return locked
    before, locked.holder_person_id = locked.holder_person_id, person
    locked.next_person_id = person if locked.next_body_id == locked.holder_id else locked.next_person_id
    save_case(locked)
    log_step(locked, Verb.PASSED_ON, by=by, before=str(before or ""), after=str(person), about_body=locked.holder_id)
    record(by, "case.take", locked, person=person)
    return locked


@transaction.atomic
def move_holder(
    case: Case, *, to: Body, by: Actor, verb: Verb, note: str = "", person: uuid.UUID | None = None
) -> Case:
    """Change the holder. The front desk never refuses; any other body needs the firm's consent to the summary."""
    locked = lock_case(case)
    require(runs_case(by, locked) or by.is_staff and by.body == to.pk)
    require_open(locked)
    desk, before = front_desk(), locked.holder
    if locked.holder_id == to.pk:
        return locked
    if to.pk == desk.pk:
        put_next_step(locked, NextStep(what=_("内容を読み、宛先を決める"), on=due("first_answer"), kind="choose", body=to.pk))
        save_case(locked)
        with connection.cursor() as cursor:
            cursor.execute("SELECT case_to_desk(%s, %s)", [locked.pk, clock.today()])
        _log_move(locked, before, to, by=by, verb=verb, note=note)
        locked.holder, locked.at_desk = to, True
        return locked
    _require_summary(locked, to)
    locked.holder, locked.holder_person_id, locked.holder_since = to, person, clock.today()
    if locked.state == CaseState.ARRIVED:
        set_state(locked, CaseState.ACTIVE)
    locked.next_body_id, locked.next_person_id = to.pk, person
    save_case(locked)
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_holder_meets_company(%s, %s)", [locked.pk, clock.today()])
    _log_move(locked, before, to, by=by, verb=verb, note=note)
    return locked


def draft_pack(case: Case, actor: Actor) -> Pack:
    """Compose the pack from the records: where it stands, what was promised, what is open, which files."""
    supports = Support.objects.visible_to(actor).filter(case=case).select_related("service", "body")
    needs = Need.objects.visible_to(actor).filter(case=case, state=NeedState.OPEN)
    said = Message.objects.visible_to(actor).filter(case=case, from_company=False)[:5]  # type: ignore[attr-defined]
    files = Attachment.objects.visible_to(actor).filter(case=case)  # type: ignore[attr-defined]
    state = [f"{s.body.short}　{s.service.short}：{s.get_state_display()}" for s in supports]
    promises = [f"{screen_date(case.next_on, clock.today())}　{case.next_step}"] if case.next_on else []
    promises += [f"会社へ（{screen_date(m.sent_at.astimezone(clock.JST).date(), clock.today())}）：{m.text[:120]}" for m in said]
    points = [f"課題　{need.title}" for need in needs]
    points += [f"返事を待っている　{s.body.short}　{s.service.short}" for s in supports if s.state in OPEN_SUPPORTS]
    return Pack("\n".join(state)[:2000], "\n".join(promises)[:2000], "\n".join(points)[:2000], [f.name for f in files])


@transaction.atomic
def offer_handover(
    case: Case,
    *,
    to_body: Body,
    by: Actor,
    pack: Pack,
    to_person: uuid.UUID | None = None,
    reason: str = "",
    due_on: dt.date | None = None,
) -> Handover:
    """Offer the case with its pack to another body. Refused ``no_consent`` where the firm has not opened the summary."""
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    if to_body.pk == locked.holder_id:
        raise Refused(_("いまの主担当と同じ機関です。別の機関を選んでください。"), "same_body", field="to_body")
    if locked.handovers.filter(state=HandoverState.OFFERED).exists():
        raise Refused(_("もう引継ぎを頼んでいます。返事を待つか、取り消してください。"), "handover_open")
    if to_body.pk != front_desk().pk:
        _require_summary(locked, to_body)
    handover = Handover.objects.create(
        case=locked, from_body=locked.holder, to_body=to_body, to_person_id=to_person, offered_at=clock.now(),
        pack_state=fit(pack.state, 2000, "state"), pack_promises=fit(pack.promises, 2000, "promises"),
        pack_open=fit(pack.open_points, 2000, "open_points"), pack_files=list(pack.files),
        reason=fit(reason, 200, "reason"), offered_by_id=by.person, due_on=due_on or due("handover_answer"),
    )  # fmt: skip
    put_next_step(locked, NextStep(what=_("%(body)sの引継ぎの返事を待つ") % {"body": to_body.short}, on=handover.due_on,
                                   kind="wait", person=locked.holder_person_id))
    save_case(locked)
    _tell(to_body, locked, by=by, subject=_("引継ぎのお願い"), words=_("案件の引継ぎのお願いが届いています。連携の画面の「依頼」からお答えください。"))
    log_step(locked, Verb.HANDOVER_OFFERED, by=by, subject=handover, after=handover.state, about_body=to_body.pk)
    record(by, "handover.offer", handover, locked, to=to_body.pk)
    return handover


@transaction.atomic
def accept_handover(handover: Handover, *, by: Actor, next_step: NextStep | None = None) -> Handover:
    """Take the case over: from now on this body holds it, with a next step of its own."""
    locked = _answer(handover, HandoverState.ACCEPTED, by=by, text="")
    case = locked.case
    before = case.holder
    if handover.to_body_id == front_desk().pk:
        move_holder(case, to=locked.to_body, by=by, verb=Verb.HANDOVER_ACCEPTED)
        return locked
    _require_summary(case, locked.to_body)
    case.holder, case.holder_person_id, case.holder_since = locked.to_body, by.person, clock.today()
    step = next_step or NextStep(what=_("引き継いだ内容を会社と確かめる"), on=due("first_answer"), person=by.person)
    put_next_step(case, step)
    save_case(case)
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_holder_meets_company(%s, %s)", [case.pk, clock.today()])
    _log_move(case, before, locked.to_body, by=by, verb=Verb.HANDOVER_ACCEPTED, note="")
    mails.tell_company(case, by=by, subject=_("担当の機関が替わりました"),
                       words=_("%(body)sが、ご相談を引き継ぎました。") % {"body": locked.to_body.name})
    return locked


@transaction.atomic
def decline_handover(handover: Handover, *, by: Actor, reason: str) -> Handover:
    """Say no, with the reason; the giver still holds and has to choose again."""
    if not fit(reason, 400, "reason"):
        raise Refused(_("断る理由を書いてください。"), "reason_empty", field="reason")
    locked = _answer(handover, HandoverState.DECLINED, by=by, text=reason)
    case = locked.case
    put_next_step(case, NextStep(what=_("%(body)sが引継ぎを断ったので、次を決める") % {"body": locked.to_body.short},
                                 on=due("first_answer"), kind="choose", body=case.holder_id))
    save_case(case)
    log_step(case, Verb.HANDOVER_DECLINED, by=by, subject=locked, before=HandoverState.OFFERED, after=locked.state,
             about_body=locked.to_body_id)
    mails.tell_holder(case, by=by, subject=_("引継ぎが断られました"), words=_("理由を案件の画面で確かめ、次を決めてください。"))
    return locked


@transaction.atomic
def recall_handover(handover: Handover, *, by: Actor) -> Handover:
    """Take the offer back; the giver holds on."""
    case = lock_case(handover.case)
    require(runs_case(by, case))
    locked = Handover.objects.select_for_update().get(pk=handover.pk)
    check_step(HANDOVER_STEPS, HandoverState(locked.state), HandoverState.RECALLED)
    locked.state = HandoverState.RECALLED
    locked.save(update_fields=["state"])
    put_next_step(case, NextStep(what=_("次にすることを決める"), on=due("first_answer"), kind="choose"))
    save_case(case)
    log_step(case, Verb.RECALLED, by=by, subject=locked, before=HandoverState.OFFERED, after=locked.state,
             about_body=locked.to_body_id)
    record(by, "handover.recall", locked, case)
    return locked


def _answer(handover: Handover, after: HandoverState, *, by: Actor, text: str) -> Handover:
    case = lock_case(handover.case)
    require(receives(by, handover), _("答えられるのは、頼まれた機関だけです。"))
    locked = Handover.objects.select_for_update().get(pk=handover.pk)
    check_step(HANDOVER_STEPS, HandoverState(locked.state), after)
    require_open(case)
    locked.state, locked.answered_at, locked.answer_text = after, clock.now(), fit(text, 400, "reason")
    locked.save(update_fields=["state", "answered_at", "answer_text"])
    locked.case = case
    record(by, f"handover.{after}", locked, case)
    return locked


def _require_summary(case: Case, body: Body) -> None:
    """Refuse a holder the firm has not opened the summary to (who took the words knows them anyway)."""
    known = Consent.objects.live().filter(case=case, body=body, klass=DisclosureClass.SUMMARY).exists()
    if not known and case.received_by_id != body.pk:
        raise Refused(
            _("%(body)sに要約を見せる同意が、まだありません。会社に同意を聞いてください。") % {"body": body.short},
            "no_consent", field="to_body",
        )  # fmt: skip


def _log_move(case: Case, before: Body, to: Body, *, by: Actor, verb: Verb, note: str) -> None:
    log_step(case, verb, by=by, before=before.pk, after=to.pk, about_body=to.pk, reason=note[:40])
    record(by, "case.move_holder", case, before=before.pk, to=to.pk, note=note)


def _tell(body: Body, case: Case, *, by: Actor, subject: str, words: str) -> None:
    from renkei.post.outbox import put_mail  # noqa: PLC0415  the mails of supports stand in ``mails``

    text = f"{body.name} 御中\n\n受付番号　{case.number}\n\n{words}\n"
    put_mail(by=by, to=body.mail, subject=f"{subject}（{case.number}）", text=text, purpose="handover", about=case.pk,
             case=case.pk, to_body=body.pk)


__all__ = ["Pack", "Person", "accept_handover", "decline_handover", "draft_pack", "move_holder", "offer_handover",
           "recall_handover", "set_next_step", "take_case"]  # fmt: skip
