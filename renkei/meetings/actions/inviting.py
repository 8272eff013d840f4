"""Send the bodies the invitation to a meeting: when, where, and what stands on the agenda [C87]."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.meetings.actions.calling import lock_meeting
from renkei.meetings.models import AgendaItem, Meeting, MeetingKind, MeetingState
from renkei.meetings.telling import tell_of_invitation


@transaction.atomic
def invite(meeting: Meeting, *, by: Actor, version: int) -> int:
    """Send every other body the invitation; returns how many were told. It may be sent anew once something was changed.

    Refused: ``wrong_state`` (held, called off, or in writing), ``over``, ``agenda_empty``, ``sent_already`` (pressed twice),
    ``changed_meanwhile``, ``not_allowed``.
    """
    locked = lock_meeting(meeting, by=by)
    if locked.state != MeetingState.PLANNED or locked.kind == MeetingKind.CIRCULATION:
        raise Refused(_("案内を送れるのは、これから集まる会議だけです。"), "wrong_state")
    if locked.invited_at is not None and locked.version != version:
        raise Refused(_("案内はもう送ってあります。内容を確かめて、要るときだけもう一度送ってください。"), "sent_already")
    lock_meeting(meeting, by=by, version=version)
    if locked.held_on < clock.today():
        raise Refused(_("開催日が過ぎています。日を直してから、案内を送ってください。"), "over")
    items = list(AgendaItem.objects.visible_to(by).filter(meeting=locked).select_related("put_up_by"))
    if not items:
        raise Refused(_("議題がまだありません。議題を足してから、案内を送ってください。"), "agenda_empty")
    count = tell_of_invitation(locked, items, by=by)
    locked.invited_at = clock.now()
    locked.version += 1
    locked.save(update_fields=["invited_at", "version"])
    record(by, "meeting.invite", locked, count=count)
    return count
