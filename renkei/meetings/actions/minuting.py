"""Write notes while meeting, decide, send the minutes out [C77, C89]."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.actions.escalation import end_rung, let_wait, wait_for
from renkei.cases.models import RungEnd
from renkei.cases.states import check_step
from renkei.cases.steps import NextStep, due, fit
from renkei.meetings.actions.agenda import lock_item, meeting_step
from renkei.meetings.actions.calling import lock_meeting
from renkei.meetings.models import (
    MEETING_STEPS,
    OF_CASES,
    AgendaItem,
    Attendance,
    ItemKind,
    ItemOutcome,
    ItemSource,
    Meeting,
    MeetingKind,
    MeetingState,
    Minutes,
    Task,
    following_meeting,
)
from renkei.meetings.telling import (
    TASK,
    answer_day,
    meeting_name,
    settle_own,
    tell_of_minutes,
    tell_of_task,
)
from renkei.plan.models import Body

_ENDS = {ItemOutcome.HELPED: RungEnd.HELPED, ItemOutcome.OUTSIDE: RungEnd.HIGHER, ItemOutcome.DROPPED: RungEnd.DROPPED}


@transaction.atomic
def write_notes(item: AgendaItem, *, by: Actor, notes: str, version: int) -> AgendaItem:
    """Write what was said. Two people who write the same item at once: the second is shown the first one's words.

    Refused: ``changed_meanwhile``, ``too_long``, ``locked``, ``not_allowed``.
    """
    locked = lock_item(item, by=by, version=version)
    locked.notes = fit(notes, 8000, "notes")
    _save(locked)
    record(by, "meeting.note", locked, notes=locked.notes)
    return locked


@transaction.atomic
def decide(item: AgendaItem, *, by: Actor, outcome: str, decision: str, version: int) -> AgendaItem:
    """Write down what the meeting made of an item. The worker brings it into its case, or onto the next agenda, a minute later.

    Until that, another decision replaces it. Refused: ``unknown_outcome``, ``decision_empty``, ``not_of_case``, ``taken_up``,
    ``not_held``, and as for notes.
    """
    locked = lock_item(item, by=by, version=version)
    if locked.meeting.state == MeetingState.PLANNED:
        raise Refused(_("会議を開いてから、決めたことを書いてください。"), "not_held")
    if locked.taken_up_at is not None:
        raise Refused(_("この決定は、もう案件に伝わっています。変わったときは、次の会議で諮り直してください。"), "taken_up")
    if outcome not in ItemOutcome.values or not outcome:
        raise Refused(_("どうなったかを1つ選んでください。"), "unknown_outcome", field="outcome")
    if outcome in OF_CASES and locked.kind not in {ItemKind.CASE, ItemKind.CARRIED}:
        raise Refused(_("難しい相談の議題だけで選べます。"), "not_of_case", field="outcome")
    words = fit(decision, 1000, "decision")
    if not words:
        raise Refused(_("決めたことを書いてください。"), "decision_empty", field="decision")
    locked.outcome, locked.decision, locked.decided_at = outcome, words, clock.now()
    _save(locked)
    record(by, "meeting.decide", locked, outcome=outcome, decision=words)
    return locked


@transaction.atomic
def give_task(item: AgendaItem, *, by: Actor, what: str, body: Body, due_on: dt.date) -> Task:
    """Write down what a body does until when. Refused: ``what_empty``, ``due_past``, ``not_theirs`` (it may not read the item)."""
    locked = lock_item(item, by=by)
    words = fit(what, 200, "what")
    if not words:
        raise Refused(_("することを書いてください。"), "what_empty", field="what")
    if due_on < locked.meeting.held_on:
        raise Refused(_("会議の日より前です。期限を確かめてください。"), "due_past", field="due_on")
    if locked.level == "named" and body.pk not in {*locked.bodies, locked.put_up_by_id}:
        raise Refused(_("%(body)sは、この議題を読めません。") % {"body": body.short}, "not_theirs", field="body")
    made = Task.objects.create(item=locked, what=words, body=body, due_on=due_on)
    tell_of_task(made, locked.meeting, by=by)
    record(by, "meeting.task", made, locked, what=words, body=body.pk, due_on=due_on)
    return made


@transaction.atomic
def finish_task(task: Task, *, by: Actor, words: str) -> Task:
    """Write down that a task is done, and how: the body that has it, or who runs the meeting. Twice changes nothing."""
    locked = Task.objects.select_for_update(of=("self",)).select_related("item__meeting").get(pk=task.pk)
    if not by.is_staff or by.body != locked.body_id:
        lock_meeting(locked.item.meeting, by=by)
    if locked.done_on is not None:
        return locked
    told = fit(words, 400, "words")
    if not told:
        raise Refused(_("どうなったかを、ひとことで書いてください。"), "words_empty", field="words")
    locked.done_on, locked.done_words = clock.today(), told
    locked.save(update_fields=["done_on", "done_words"])
    settle_own(TASK, locked.pk, by=by)
    record(by, "meeting.task_done", locked, words=told)
    return locked


@transaction.atomic
def send_out(meeting: Meeting, *, by: Actor) -> Minutes:
    """Freeze the minutes as they stand and ask every body to confirm; after a change was asked for, once more.

    Refused: ``undecided`` (an item has no outcome, be it one the host may not read), ``nobody_there``, ``wrong_state``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by)
    check_step(MEETING_STEPS, MeetingState(locked.state), MeetingState.CHECKING)
    _require_decided(locked, by=by)
    present = Attendance.objects.filter(meeting=locked, ended_at__isnull=True).select_related("body")
    if not present and locked.kind != MeetingKind.CIRCULATION:
        raise Refused(_("出席者を入れてから送ってください。"), "nobody_there")
    number = 1 + max(Minutes.objects.filter(meeting=locked).values_list("number", flat=True), default=0)
    head = {
        "held_on": locked.held_on.isoformat(), "place": locked.place, "chair": locked.chair, "name": meeting_name(locked),
        "attendance": [
            {"body": one.body_id or "", "name": one.name, "organisation": one.organisation, "in_place_of": one.in_place_of} for one in present
        ],
    }  # fmt: skip
    made = Minutes.objects.create(meeting=locked, number=number, head=head, sent_at=clock.now(), sent_by_id=by.person,
                                  due_on=answer_day())
    with connection.cursor() as cursor:
        cursor.execute("SELECT meeting_freeze(%s)", [made.pk])
    locked.state = MeetingState.CHECKING
    _save(locked)
    tell_of_minutes(made, locked, by=by)
    record(by, "meeting.send_out", made, locked, number=number)
    return made


def take_up_decision(item_id: uuid.UUID, *, by: Actor) -> bool:
    """Bring a decision into its case, or the item onto the next agenda of its series. For the worker; twice does it once."""
    with transaction.atomic():
        item = AgendaItem.objects.select_for_update(of=("self",)).select_related("meeting").get(pk=item_id)
        if item.is_open or item.taken_up_at is not None:
            return False
        source = ItemSource.objects.filter(item=item).select_related("escalation").first()
        if item.outcome == ItemOutcome.CARRIED:
            if not _carry(item, source, by=by):
                return False
        elif source is not None and (rung := source.escalation) is None:
            let_wait(source.case_id, _read_step(), by=by)
        elif source is not None and rung is not None:
            end = _ENDS.get(ItemOutcome(item.outcome))
            if end is None:  # only noted: the need stays on its rung, for another meeting
                wait_for(rung, _read_step(), by=by)
            else:
                end_rung(rung, by=by, end=end, words=item.decision)
        item.taken_up_at = clock.now()
        item.save(update_fields=["taken_up_at"])
        record(by, "meeting.take_up", item, outcome=item.outcome)
        return True


def _read_step() -> NextStep:
    return NextStep(what=written("会議で決まったことを読み、次を決める"), on=due("first_answer"), kind="choose")


def _carry(item: AgendaItem, source: ItemSource | None, *, by: Actor) -> bool:
    """Put an item on the next agenda of its series; False while none has been called."""
    meeting = item.meeting
    following = following_meeting(meeting.plan_id, meeting.series, meeting.held_on).exclude(pk=meeting.pk).first()
    if following is None:
        return False
    last = max(AgendaItem.objects.filter(meeting=following).values_list("order", flat=True), default=0)
    made = AgendaItem.objects.create(
        meeting=following, order=last + 1, kind=ItemKind.STALLED if item.kind == ItemKind.STALLED else ItemKind.CARRIED, title=item.title, question=item.question, tried=item.tried, level=item.level,
        bodies=item.bodies, put_up_by_id=item.put_up_by_id, presenter=item.presenter, planned_minutes=item.planned_minutes, carried_from=item,
    )  # fmt: skip
    if source is not None:
        ItemSource.objects.create(item=made, case_id=source.case_id, escalation=source.escalation)
        let_wait(source.case_id, meeting_step(following), by=by)
    record(by, "meeting.carry", made, following)
    return True


def _require_decided(meeting: Meeting, *, by: Actor) -> None:
    """Name what is undecided: by its title what the actor may read, by the body that put it up what it may not."""
    titles = list(AgendaItem.objects.visible_to(by).filter(meeting=meeting, outcome="").values_list("title", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT meeting_undecided(%s)", [meeting.pk])
        behind = [code for (code,) in cursor.fetchall()]
    if titles:
        raise Refused(_("まだ結果を書いていない議題があります：%(titles)s") % {"titles": "、".join(titles)}, "undecided")
    if behind:
        bodies = "、".join(Body.objects.filter(pk__in=behind).values_list("short", flat=True))
        raise Refused(_("名指しした機関だけの議題に、まだ結果が書かれていません。議題を出した機関に書いてもらってください：%(bodies)s") % {"bodies": bodies},
                      "undecided")  # fmt: skip


def _save(row: AgendaItem | Meeting) -> None:
    row.version += 1
    if isinstance(row, Meeting):
        row.changed_at = clock.now()
    row.save()
