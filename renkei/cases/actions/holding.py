"""One holder, one next step (P1): who moves next, and how a case changes hands. A handover is an offer until accepted."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.accounts.queries import is_member
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import screen_date
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Attachment, Case, Consent, Contact, Handover, Message, Need, Support, Verb, log_step
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
from renkei.cases.steps import (
    NextStep,
    due,
    fit,
    lock_case,
    put_next_step,
    require_open,
    require_open_body,
    save_case,
    set_state,
)
from renkei.plan.models import Body
from renkei.plan.queries import front_desk, is_front_desk

NOTE = "note"  # channel of a contact that is a note between bodies


@dataclass(frozen=True, slots=True)
class Pack:
    """What the receiver needs: the state, what was promised, what is open, which files."""

    state: str = ""
    promises: str = ""
    open_points: str = ""
    files: list[str] = field(default_factory=list)


@transaction.atomic
def set_next_step(case: Case, step: NextStep, *, by: Actor, version: int | None = None) -> Case:
    """Say what happens next, when, and who moves. Refused: ``next_on_past``, ``not_a_member``, ``changed_meanwhile``."""
    locked = lock_case(case, version=version)
    require(runs_case(by, locked))
    require_open(locked)
    if step.on < clock.today():
        raise Refused(_("過ぎた日です。今日か、今日より後の日を入れてください。"), "next_on_past", field="next_on")
    if step.person is not None and not is_member(step.person, step.body or locked.holder_id):
        raise Refused(_("その機関の人を選んでください。"), "not_a_member", field="person")
    put_next_step(locked, step)
    save_case(locked)
    log_step(locked, Verb.NEXT_STEP, by=by, after=step.kind, about_body=locked.next_body_id)
    record(by, "case.next_step", locked, what=step.what, on=step.on)
    return locked


@transaction.atomic
def take_case(case: Case, *, by: Actor, person: uuid.UUID, was: str | None = None) -> Case:
    """Name the person of the holder who has the case in hand.

    ``was`` is the id of who had it when the page was shown ("": nobody): of two who take a case at once, the second is told who
    was first. Refused: ``not_a_member``, ``taken_meanwhile``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    now = locked.holder_person
    if was is not None and now is not None and str(now.pk) not in {was, str(person)}:
        raise Refused(_("先に%(name)sさんが担当になりました。替わるときは、相談してから、もう一度押してください。") % {"name": now.name},
                      "taken_meanwhile", field="person")
    if not is_member(person, locked.holder_id):
        raise Refused(_("主担当の機関の人を選んでください。"), "not_a_member", field="person")
    if locked.holder_person_id == person:
        return locked
    before, locked.holder_person_id = locked.holder_person_id, person
    if locked.next_body_id == locked.holder_id:
        locked.next_person_id = person
    save_case(locked)
    log_step(locked, Verb.PASSED_ON, by=by, before=str(before or ""), after=str(person), about_body=locked.holder_id)
    record(by, "case.take", locked, person=person)
    return locked


@transaction.atomic
def move_holder(
    case: Case,
    *,
    to: Body,
    by: Actor,
    verb: Verb,
    note: str = "",
    person: uuid.UUID | None = None,
    next_step: NextStep | None = None,
    about: Handover | None = None,
) -> Case:
    """Change the holder at once. The front desk never refuses; any other body must be allowed to read the summary.

    The step is written before the holder changes: the giver may not see the case afterwards. Refused: ``no_consent``.
    """
    locked = lock_case(case)
    require_open(locked)
    require(_may_move(by, locked, to))
    if locked.holder_id == to.pk:
        return locked
    require_open_body(to)
    _require_summary(locked, to)
    note_row = write_note(locked, fit(note, 4000, "note"), by=by)
    log_step(locked, verb, by=by, subject=about or note_row, before=locked.holder_id, after=to.pk, about_body=to.pk)
    record(by, "case.move_holder", locked, to=to.pk, step=verb)
    step = next_step or _first_step(locked, to, person)
    put_next_step(locked, replace(step, body=step.body or to.pk))
    if is_front_desk(to.pk):
        _to_desk(locked, by=by)
    else:
        _to_body(locked, to, person)
    return locked


def rest_at_desk(case: Case, *, by: Actor) -> None:
    """Let a closed case (locked) lie with the front desk, as its holder may not read it any longer; nobody has to move."""
    log_step(case, Verb.HOLDER_BACK, by=by, before=case.holder_id, after=front_desk().pk, about_body=front_desk().pk)
    record(by, "case.rest_at_desk", case)
    _to_desk(case, by=by)


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
    """Ask another body to hold the case. Until it accepts, the giver holds it; the front desk takes it at once.

    Refused: ``same_body``, ``already_offered``, ``no_consent``, ``due_past``, ``not_a_member``, ``pack_empty``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    day = due_on or due("handover_answer")
    _check_offer(locked, to_body, pack, to_person, day)
    handover = Handover.objects.create(
        case=locked, from_body_id=locked.holder_id, to_body=to_body, to_person_id=to_person, due_on=day,
        pack_state=fit(pack.state, 2000, "state"), pack_promises=fit(pack.promises, 2000, "promises"),
        pack_open=fit(pack.open_points, 2000, "open_points"), pack_files=list(pack.files),
        reason=fit(reason, 200, "reason"), offered_at=clock.now(), offered_by_id=by.person,
    )  # fmt: skip
    log_step(locked, Verb.HANDOVER_OFFERED, by=by, subject=handover, after=handover.state, about_body=to_body.pk)
    record(by, "handover.offer", handover, locked, to=to_body.pk, pack=pack.state)
    if is_front_desk(to_body.pk):
        return _take_at_desk(locked, handover, by=by)
    bring_forward(locked, NextStep(what=written("%(body)sの引継ぎの返事を待つ") % {"body": to_body.short}, on=day, kind="wait",
                                   body=to_body.pk, person=to_person))
    save_case(locked)
    mails.tell_other(to_body, locked, by=by, subject=written("引継ぎのお願い"), purpose="handover", person=handover.to_person,
                     about=handover.pk, words=written(
        "%(giver)sから、案件の引継ぎのお願いです。%(day)sまでに、連携の画面で引き受けるか断るかをお答えください。")
        % {"giver": locked.holder.name, "day": screen_date(day, clock.today())})
    return handover


@transaction.atomic
def accept_handover(handover: Handover, *, by: Actor, next_step: NextStep | None = None) -> Handover:
    """Become the holder, with a first step and its date. The giver and the firm are told."""
    case, locked = _lock(handover)
    require(receives(by, locked), _("返事は、引継ぎを頼まれた機関だけができます。"))
    check_step(HANDOVER_STEPS, HandoverState(locked.state), HandoverState.ACCEPTED)
    giver = case.holder
    asked = locked.to_person_id
    person = asked if asked is not None and is_member(asked, locked.to_body_id) else by.person  # who was asked may have left since (P1)
    moved = move_holder(case, to=locked.to_body, by=by, verb=Verb.HANDOVER_ACCEPTED, person=person,
                        next_step=next_step, about=locked)
    if moved.state == CaseState.ARRIVED:
        before = set_state(moved, CaseState.ACTIVE)
        save_case(moved)
        log_step(moved, Verb.TRIAGED, by=by, before=before, after=moved.state)
    _answer(moved, locked, HandoverState.ACCEPTED, by=by)
    mails.tell_other(giver, moved, by=by, subject=written("引き継ぎました"), person=locked.offered_by, words=written(
        "%(body)sが案件を引き継ぎました。") % {"body": locked.to_body.name})
    mails.tell_company(moved, by=by, subject=written("担当が変わりました"), words=written(
        "これからは、%(body)s（電話 %(phone)s）が担当します。")
        % {"body": locked.to_body.name, "phone": locked.to_body.phone})
    return locked


@transaction.atomic
def decline_handover(handover: Handover, *, by: Actor, reason: str) -> Handover:
    """Say no, with the reason: the giver keeps the case and finds another way. Refused: ``reason_empty``."""
    case, locked = _lock(handover)
    require(receives(by, locked), _("返事は、引継ぎを頼まれた機関だけができます。"))
    check_step(HANDOVER_STEPS, HandoverState(locked.state), HandoverState.DECLINED)
    locked.answer_text = fit(reason, 400, "reason")
    if not locked.answer_text:
        raise Refused(_("断る理由を書いてください。次を探す手がかりになります。"), "reason_empty", field="reason")
    log_step(case, Verb.HANDOVER_DECLINED, by=by, subject=locked, before=locked.state, after=HandoverState.DECLINED,
             about_body=locked.to_body_id)
    put_next_step(case, _other_way(locked.to_body))
    save_case(case)
    mails.tell_holder(case, by=by, subject=written("引継ぎが断られました"), words=written(
        "%(body)sから、引継ぎを受けられないとのお返事です。主担当は変わりません。次を決めてください。")
        % {"body": locked.to_body.name})
    _answer(case, locked, HandoverState.DECLINED, by=by)
    return locked


@transaction.atomic
def recall_handover(handover: Handover, *, by: Actor) -> Handover:
    """Take the offer back before it is answered."""
    case, locked = _lock(handover)
    require(runs_case(by, case))
    check_step(HANDOVER_STEPS, HandoverState(locked.state), HandoverState.RECALLED)
    log_step(case, Verb.RECALLED, by=by, subject=locked, before=locked.state, after=HandoverState.RECALLED,
             about_body=locked.to_body_id)
    if case.next_kind == "wait" and case.next_body_id == locked.to_body_id:
        put_next_step(case, _other_way(locked.to_body))
        save_case(case)
    _answer(case, locked, HandoverState.RECALLED, by=by)
    mails.tell_other(locked.to_body, case, by=by, subject=written("引継ぎのお願いを取り消しました"),
                   words=written("引継ぎのお願いは取り消しました。お手数をおかけします。"))
    return locked


def bring_forward(case: Case, step: NextStep) -> bool:
    """Put ``step`` (unsaved) unless an earlier one stands already; tells whether it did. Nothing promised is lost."""
    if case.next_on is not None and case.next_on < step.on:
        return False
    put_next_step(case, step)
    return True


def write_note(case: Case, words: str, *, by: Actor) -> Contact | None:
    """Keep a word between bodies, of the summary class. The worker has no name to sign with: it writes none."""
    if by.body is None or by.person is None or not words:
        return None
    now = clock.now()
    return Contact.objects.create(case=case, channel=NOTE, text=words, klass=DisclosureClass.SUMMARY,
                                  author_body_id=by.body, author_id=by.person, happened_at=now, recorded_at=now)


def draft_pack(case: Case, actor: Actor) -> Pack:
    """Write the pack from what is on record and the actor may see; the giver edits it."""
    supports = list(Support.objects.visible_to(actor).filter(case=case).select_related("body", "service"))
    open_ones = [one for one in supports if one.state in OPEN_SUPPORTS]
    needs = Need.objects.visible_to(actor).filter(case=case, state=NeedState.OPEN).select_related("stage")
    told = Message.objects.filter(pk__in=Message.objects.visible_to(actor).filter(case=case, from_company=False))
    files = Attachment.objects.visible_to(actor).filter(case=case)
    lines = [f"{one.body.short} {one.service.short}：{one.get_state_display()}" for one in supports]
    step = f"{screen_date(case.next_on, clock.today())} {case.next_step}" if case.next_on else ""
    questions = [written("%(body)sの質問に未回答") % {"body": one.body.short} for one in open_ones
                 if one.question and one.question_answered_at is None]
    asked = [written("%(body)s %(service)sの返事待ち") % {"body": one.body.short, "service": one.service.short}
             for one in open_ones if one.state == "offered"]
    return Pack(
        state="\n".join([case.summary or case.title, *lines])[:2000],
        promises="\n".join([step, *(f"{screen_date(one.sent_at.astimezone(clock.JST).date(), clock.today())} {one.text}" for one in told.order_by("-sent_at")[:5])])[:2000],
        open_points="\n".join([*(f"{need.stage.short}：{need.title}" for need in needs), *asked, *questions])[:2000],
        files=list(dict.fromkeys(files.values_list("name", flat=True))),
    )


def _may_move(by: Actor, case: Case, to: Body) -> bool:
    """The one who runs it gives; the receiver takes after its yes; the firm's withdrawal sends it back to the desk.

    A withdrawal is said by the firm itself or written down by the body that took its words.
    """
    gives = runs_case(by, case) and (is_front_desk(to.pk) or is_front_desk(by.body) or by.is_system or by.body == to.pk)
    takes = by.body == to.pk
    withdraws = not by.is_staff or by.body == case.received_by_id
    return gives or takes or (withdraws and is_front_desk(to.pk))


def _require_summary(case: Case, to: Body) -> None:
    if is_front_desk(to.pk) or case.received_by_id == to.pk:
        return
    if not Consent.objects.live().filter(case=case, body=to, klass="summary").exists():
        raise Refused(
            _("%(body)sに要約を見せる同意がまだありません。会社に同意を聞いてから頼んでください。") % {"body": to.short},
            "no_consent",
            field="to_body",
        )


def _first_step(case: Case, to: Body, person: uuid.UUID | None) -> NextStep:
    what = written("次の主担当を決める") if is_front_desk(to.pk) else written("引継ぎを読み、会社に連絡する")
    return NextStep(what=what, on=due("first_answer"), kind="choose" if is_front_desk(to.pk) else "answer",
                    phone=case.next_phone, body=to.pk, person=person)


def _other_way(asked: Body) -> NextStep:
    return NextStep(what=written("%(body)sのほかに、だれが引き継ぐか決める") % {"body": asked.short}, on=due("first_answer"),
                    kind="choose")


def _to_body(case: Case, to: Body, person: uuid.UUID | None) -> None:
    case.holder, case.holder_person_id, case.holder_since = to, person, clock.today()
    save_case(case)
    with connection.cursor() as cursor:
        cursor.execute("SELECT case_holder_meets_company(%s, %s)", [case.pk, clock.today()])


def _to_desk(case: Case, *, by: Actor) -> None:
    """Give it to the desk, which reads the words from now on. A giver that loses sight of it lets the database do it."""
    leaves = by.is_staff and by.body == case.holder_id != case.received_by_id
    if leaves:
        save_case(case)
        with connection.cursor() as cursor:
            cursor.execute("SELECT case_to_desk(%s, %s)", [case.pk, clock.today()])
    case.holder, case.holder_person_id, case.holder_since, case.at_desk = front_desk(), None, clock.today(), True
    case.next_body, case.next_person_id = case.holder, None
    if not leaves:
        save_case(case)


def _check_offer(case: Case, to: Body, pack: Pack, person: uuid.UUID | None, day: dt.date) -> None:
    if to.pk == case.holder_id:
        raise Refused(_("いまの主担当です。ほかの機関を選んでください。"), "same_body", field="to_body")
    require_open_body(to)
    if day < clock.today():
        raise Refused(_("返事の期限が過ぎています。今日より後の日を入れてください。"), "due_past", field="due_on")
    if person is not None and not is_member(person, to.pk):
        raise Refused(_("%(body)sの人を選んでください。") % {"body": to.short}, "not_a_member", field="person")
    if not pack.state.strip():
        raise Refused(_("いまの状態を書いてください。引き継ぐ人が最初に読みます。"), "pack_empty", field="state")
    if case.handovers.filter(state=HandoverState.OFFERED).exists():
        raise Refused(_("引継ぎの返事を待っているところです。取り消してから頼み直してください。"), "already_offered")
    _require_summary(case, to)


def _take_at_desk(case: Case, handover: Handover, *, by: Actor) -> Handover:
    _answer(case, handover, HandoverState.ACCEPTED, by=by)
    mails.tell_other(handover.to_body, case, by=by, subject=written("引継ぎがありました"), words=written(
        "%(giver)sから案件が戻りました。次の主担当を決めてください。") % {"giver": handover.from_body.name})
    move_holder(case, to=handover.to_body, by=by, verb=Verb.HOLDER_BACK, about=handover)
    return handover


def _lock(handover: Handover) -> tuple[Case, Handover]:
    # No joins here: a row that had to wait for its lock is checked again against the old joined row, and would be lost.
    case = Case.objects.select_for_update().filter(pk=handover.case_id).first()
    if case is None:
        raise Refused(_("会社が同意を取り消したため、この案件はもう開けません。"), "no_consent")
    require_open(case)
    return case, Handover.objects.select_for_update(of=("self",)).select_related("to_body", "from_body").get(
        pk=handover.pk
    )


def _answer(case: Case, handover: Handover, after: HandoverState, *, by: Actor) -> None:
    handover.state, handover.answered_at = after, clock.now()
    handover.save()
    record(by, f"handover.{after}", handover, case)
