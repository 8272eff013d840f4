"""Bodies confirm minutes, on screen or by the link in a mail, and are reminded once; then they are locked [C77, C89]."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.rules import signed
from renkei.cases.states import check_step
from renkei.cases.steps import fit, fit_name
from renkei.meetings.actions.calling import hold_meeting, lock_meeting
from renkei.meetings.models import MEETING_STEPS, Confirmation, Meeting, MeetingState, Minutes
from renkei.meetings.telling import CONFIRM, CONFIRM_REMINDER, MINUTES, day_words, meeting_name, settle_own
from renkei.plan.models import Body
from renkei.post.models import Mail, MailState
from renkei.post.outbox import put_mail


@transaction.atomic
def confirm(minutes: Minutes, *, by: Actor, agrees: bool, words: str = "", name: str = "") -> Confirmation:
    """Say for one's body that the minutes are right, or what should change; by a link ``name`` is who says it. The newest word counts.

    Refused: ``words_empty``, ``name_empty``, ``outdated`` (newer ones were sent out), ``wrong_state``, ``too_long``, ``not_allowed``.
    """
    body, person = (by.body, None) if by.kind is ActorKind.LINK and by.body else signed(by)
    if not Minutes.objects.visible_to(by).filter(pk=minutes.pk).exists():
        raise Refused(_("この議事録は読めません。"), "not_allowed")
    meeting = hold_meeting(minutes.meeting_id)  # nobody locks the minutes meanwhile
    if meeting.state != MeetingState.CHECKING:
        raise Refused(_("確認を待っている議事録ではありません。"), "wrong_state")
    if Minutes.objects.filter(meeting=meeting, number__gt=minutes.number).exists():
        raise Refused(_("新しい議事録が送られています。新しいほうを確かめてください。"), "outdated")
    told = fit(words, 1000, "words")
    if not agrees and not told:
        raise Refused(_("直してほしいところを書いてください。"), "words_empty", field="words")
    who = fit_name(name or by.name, "name")
    if person is None and not who:
        raise Refused(_("お名前を入れてください。"), "name_empty", field="name")
    made = Confirmation.objects.create(minutes=minutes, body_id=body, agrees=agrees, words=told, said_at=clock.now(), said_by_id=person, said_name=who)
    settle_own(MINUTES, minutes.pk, by=by)
    record(by, "meeting.confirm", made, minutes, agrees=agrees)
    return made


@transaction.atomic
def lock_minutes(meeting: Meeting, *, by: Actor, version: int) -> Meeting:
    """Let the newest minutes stand for good. Refused: ``change_asked`` (a body's newest word asks for one), ``wrong_state``."""
    locked = lock_meeting(meeting, by=by, version=version)
    check_step(MEETING_STEPS, MeetingState(locked.state), MeetingState.LOCKED)
    newest = Minutes.objects.filter(meeting=locked).first()
    asking = [word.body.short for word in words_on(newest).values() if not word.agrees] if newest else []
    if asking:
        raise Refused(_("直してほしいと言っている機関があります：%(bodies)s") % {"bodies": "、".join(asking)}, "change_asked")
    locked.state, locked.locked_number = MeetingState.LOCKED, newest.number if newest else None
    locked.version, locked.changed_at = locked.version + 1, clock.now()
    locked.save()
    record(by, "meeting.lock", locked, number=locked.locked_number)
    return locked


def remind_of_minutes(meeting_id: UUID, *, by: Actor) -> int:
    """Remind the bodies that have said nothing to the newest minutes, once each sending; returns how many. For the worker."""
    with transaction.atomic():
        locked = Meeting.objects.select_for_update(of=("self",)).get(pk=meeting_id)
        minutes = Minutes.objects.filter(meeting=locked).first()
        if minutes is None or minutes.due_on is None or locked.state != MeetingState.CHECKING or locked.reminded_minutes >= minutes.number:
            return 0
        locked.reminded_minutes = minutes.number
        locked.save(update_fields=["reminded_minutes"])
        silent = [one for one in silent_on(minutes) if one.pk != locked.host_id]  # who wrote them is not asked
        for body in silent:
            text = written(
                "%(body)s 御中\n\n「%(meeting)s」の議事録の確認を、%(day)sまでにお願いしています。\n"
                "先にお送りしたメールのページか、連携の画面の「会議」からお答えください。\n"
            ) % {"body": body.name, "meeting": meeting_name(locked), "day": day_words(minutes.due_on)}
            put_mail(by=by, to=body.mail, subject=written("議事録の確認をお待ちしています"), text=text, purpose=CONFIRM_REMINDER, about=minutes.pk,
                     to_body=body.pk, daily=True)  # fmt: skip
        record(by, "meeting.remind_minutes", minutes, locked, count=len(silent))
        return len(silent)


def stop_confirmed(minutes: Minutes) -> int:
    """Let no mail leave that asks for a word that was said, or about minutes that are replaced or locked. For the worker."""
    waiting = Mail.objects.filter(about=minutes.pk, purpose__in=[CONFIRM, CONFIRM_REMINDER], state=MailState.WAITING)
    newer = Minutes.objects.filter(meeting_id=minutes.meeting_id, number__gt=minutes.number)
    if minutes.meeting.state == MeetingState.CHECKING and not newer.exists():
        waiting = waiting.exclude(to_body__in=[one.pk for one in silent_on(minutes)])
    return waiting.update(state=MailState.CANCELLED)


def silent_on(minutes: Minutes) -> list[Body]:
    """Return the bodies that have said nothing to minutes."""
    return list(Body.objects.filter(closed_on__isnull=True).exclude(pk__in=Confirmation.objects.filter(minutes=minutes).values("body_id")))


def words_on(minutes: Minutes) -> dict[str, Confirmation]:
    """Return the newest word of each body on minutes."""
    found: dict[str, Confirmation] = {}
    for one in Confirmation.objects.filter(minutes=minutes).select_related("body").order_by("said_at"):
        found[one.body_id] = one
    return found
