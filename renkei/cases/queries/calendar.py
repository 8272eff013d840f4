"""What stands in a person's calendar: the steps that are theirs, and the answers they owe."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base.actor import Actor
from renkei.cases.models import Case, Support


@dataclass(frozen=True, slots=True)
class Entry:
    """One day (or, with ``at``, moment) of a calendar. ``words`` are shown only to who chose so."""

    uid: str
    on: dt.date
    at: dt.time | None
    title: str
    words: str
    changed_at: dt.datetime
    case: uuid.UUID
    body: str


def calendar_of(actor: Actor) -> list[Entry]:
    """Return the acting person's own next steps and due answers in the acting body, by day."""
    mine = Q(next_person=actor.person) | Q(next_person=None, holder_person=actor.person)
    cases = Case.objects.visible_to(actor).open().filter(mine, next_body_id=actor.body, next_on__isnull=False)
    entries = [
        Entry(f"{case.pk}-next@renkei", case.next_on, case.next_time, _("次の一手（%(number)s）") % {"number": case.number},
              f"{case.company_name}　{case.next_step}", case.next_set_at, case.pk, str(actor.body))
        for case in cases if case.next_on is not None
    ]  # fmt: skip
    asked = Support.objects.visible_to(actor).waiting().filter(body_id=actor.body, person=actor.person, due_on__isnull=False)
    entries += [
        Entry(f"{one.pk}-answer@renkei", one.due_on, None, _("依頼の返事の期限（%(number)s）") % {"number": one.case.number},
              one.service.name, one.offered_at or one.made_at, one.case_id, str(actor.body))
        for one in asked.select_related("case", "service") if one.due_on is not None
    ]  # fmt: skip
    return sorted(entries, key=lambda entry: (entry.on, entry.uid))
