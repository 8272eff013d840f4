"""Who takes part in a series beside the bodies: joins, leaves [C21, C71]."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.steps import fit, fit_name
from renkei.meetings.actions.calling import series_named
from renkei.meetings.models import Participant
from renkei.meetings.rules import runs_meeting
from renkei.plan.queries import current_plan


@transaction.atomic
def join_series(series: str, *, by: Actor, organisation: str, name: str) -> Participant:
    """Write down who takes part from today. Refused: ``unknown_series``, ``no_guests``, ``organisation_empty``, ``name_empty``,
    ``there_already``, ``too_long``, ``not_allowed``.
    """  # noqa: D205  one sentence
    rule = series_named(series)
    if not runs_meeting(by, rule.owner):
        raise Refused(_("これは、会議を開く機関か窓口だけができます。"), "not_allowed")
    if not rule.guests:
        raise Refused(_("この会議に、機関の外の人は加わりません。"), "no_guests")
    where, who = fit(" ".join(organisation.split()), 200, "organisation"), fit_name(" ".join(name.split()), "name")
    if not where:
        raise Refused(_("所属を入れてください。"), "organisation_empty", field="organisation")
    if not who:
        raise Refused(_("お名前を入れてください。"), "name_empty", field="name")
    try:
        with transaction.atomic():
            made = Participant.objects.create(plan=current_plan(), series=rule.code, organisation=where, name=who, since=clock.today())
    except IntegrityError as error:
        raise Refused(_("この方は、もう参加者に入っています。"), "there_already", field="name") from error
    record(by, "meeting.join", made, series=rule.code, name=who)
    return made


@transaction.atomic
def leave_series(participant: Participant, *, by: Actor) -> Participant:
    """Write down that somebody takes part no more; twice changes nothing. Refused: ``not_allowed``."""
    if not runs_meeting(by, series_named(participant.series).owner):
        raise Refused(_("これは、会議を開く機関か窓口だけができます。"), "not_allowed")
    locked = Participant.objects.select_for_update(of=("self",)).get(pk=participant.pk)
    if locked.until is None:
        locked.until = clock.today()
        locked.save(update_fields=["until"])
        record(by, "meeting.leave", locked, series=locked.series)
    return locked
