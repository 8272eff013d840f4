"""Who may do what with a meeting."""

from __future__ import annotations

from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import Case, Consent
from renkei.cases.states import DisclosureClass
from renkei.meetings.models import AgendaItem, Level, Meeting
from renkei.plan.queries import is_front_desk


def runs_meeting(actor: Actor, host: str) -> bool:
    """Tell whether the actor runs the meetings of a host: its staff, and the front desk."""
    return actor.is_system or (actor.is_staff and (actor.body == host or is_front_desk(actor.body)))


def writes_item(actor: Actor, item: AgendaItem) -> bool:
    """Tell whether the actor writes notes and decision of an item it may read: who runs the meeting, and who put it up."""
    return runs_meeting(actor, item.meeting.host_id) or (actor.is_staff and actor.body == item.put_up_by_id)


def reads_item(body: str, item: AgendaItem) -> bool:
    """Tell whether a body reads an item."""
    return item.level == Level.ALL or body in item.bodies or body == item.put_up_by_id


def knowing(case: Case, body: str) -> set[str]:
    """Return the bodies an item about a case may name: those with a live consent for the summary, who runs and who took it, and ``body``."""
    consented = set(Consent.objects.live().filter(case=case, klass=DisclosureClass.SUMMARY).values_list("body_id", flat=True))
    return consented | {case.holder_id, case.received_by_id, body}


def require_runs(actor: Actor, meeting: Meeting) -> None:
    """Raise Refused unless the actor runs the meeting."""
    if not runs_meeting(actor, meeting.host_id):
        raise Refused(_("これは、会議を開く機関か窓口だけができます。"), "not_allowed")


def require_writes(actor: Actor, item: AgendaItem) -> None:
    """Raise Refused unless the actor writes the item."""
    if not writes_item(actor, item):
        raise Refused(_("これは、会議を開く機関か、議題を出した機関だけができます。"), "not_allowed")
