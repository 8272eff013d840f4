"""What stands in a person's calendar: the steps that are theirs, and the answers they owe."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.accounts.models import Absence, AbsenceNote
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Support


@dataclass(frozen=True, slots=True)
class Entry:
    """One day (with ``until`` several, with ``at`` a moment) of a calendar. ``words`` are shown only to who chose so.

    Without a ``case`` it is an absence.
    """

    uid: str
    on: dt.date
    at: dt.time | None
    title: str
    words: str
    changed_at: dt.datetime
    case: uuid.UUID | None
    body: str
    until: dt.date | None = None


def calendar_of(actor: Actor) -> list[Entry]:
    """Return the acting person's own next steps, due answers and absences in the acting body, by day."""
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
    return sorted([*entries, *_absences(actor)], key=lambda entry: (entry.on, entry.uid))


def _absences(actor: Actor) -> list[Entry]:
    """Return when the person is away, with the own note as words, and whom the person stands in for; what is over is left out."""
    if actor.person is None:
        return []
    body = str(actor.body)
    ahead = Absence.objects.standing().filter(body_id=body, until__gte=clock.today()).select_related("person", "substitute")
    own = list(ahead.filter(person_id=actor.person))
    notes = dict(AbsenceNote.objects.visible_to(actor).filter(absence__in=own).values_list("absence_id", "text"))
    entries = [Entry(f"{one.pk}-absence@renkei", one.since, None, _("不在"), notes.get(one.pk, ""), one.made_at, None, body, one.until)
               for one in own]  # fmt: skip
    return entries + [
        Entry(f"{one.pk}-substitute@renkei", one.since, None, _("%(name)sさんの代わり") % {"name": one.person.name}, "", one.made_at,
              None, body, one.until)
        for one in ahead.filter(substitute_id=actor.person)
    ]  # fmt: skip
