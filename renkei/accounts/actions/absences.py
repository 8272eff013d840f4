"""Say that one is away and who stands in; come back early; call it off."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.actions.members import body_rows
from renkei.accounts.models import Absence, AbsenceNote, Membership
from renkei.accounts.rules import administers
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import clean_text

LONGEST = dt.timedelta(days=400)


@transaction.atomic
def enter_absence(
    membership: Membership, *, since: dt.date, until: dt.date, by: Actor, substitute: uuid.UUID | None = None, note: str = ""
) -> Absence:
    """Enter an absence, both days included; by the person or an administrator of the body.

    The note is kept only when the person writes it. Refused: ``not_allowed``, ``until_before_since``, ``past``, ``too_long``,
    ``overlap``, ``is_substitute``, and for the substitute ``same_person``, ``not_a_member``, ``away_too``.
    """
    members = body_rows(membership.body_id)  # locked: two who name each other wait for each other
    _require_own(membership.person_id, membership.body_id, by)
    _check_span(since, until)
    standing = Absence.objects.meeting(since, until).filter(body_id=membership.body_id)
    if standing.filter(person_id=membership.person_id).exists():
        raise Refused(_("この間には、もう不在の予定があります。先の予定を取り消すか、日を変えてください。"), "overlap", field="since")
    if substitute is not None:
        _check_substitute(membership, members, substitute, since, until)
        if standing.filter(person_id=substitute).exists():
            raise Refused(_("この人も、この間は不在です。ほかの人を選んでください。"), "away_too", field="substitute")
    if substitute is None and standing.filter(substitute_id=membership.person_id).exists():
        raise Refused(_("この間は、ほかの人の代わりをしています。あなたの代わりの人も選んでください。"), "is_substitute", field="substitute")
    made = Absence.objects.create(person_id=membership.person_id, body_id=membership.body_id, since=since, until=until,
                                  substitute_id=substitute, made_at=clock.now(), made_by_id=by.person)
    words = clean_text(note)[:200]
    if words and by.person == membership.person_id:
        AbsenceNote.objects.create(absence=made, person_id=membership.person_id, text=words)
    record(by, "absence.enter", made, person=membership.person_id, since=since, until=until, substitute=substitute)
    return made


@transaction.atomic
def end_absence(absence: Absence, *, by: Actor) -> Absence:
    """Come back: one that has not begun (or began today) is called off, one that runs ended yesterday. Twice is once.

    Refused: ``not_allowed``.
    """
    locked = Absence.objects.select_for_update().get(pk=absence.pk)
    _require_own(locked.person_id, locked.body_id, by)
    today = clock.today()
    if locked.cancelled_at is not None or locked.until < today:
        return locked
    if locked.since >= today:
        locked.cancelled_at = clock.now()
    else:
        locked.until = today - dt.timedelta(days=1)
    locked.save(update_fields=["cancelled_at", "until"])
    record(by, "absence.end", locked, until=locked.until)
    return locked


def _require_own(person: uuid.UUID, body: str, by: Actor) -> None:
    own = by.is_staff and (by.person, by.body) == (person, body)
    if not own and not administers(by, body):
        raise Refused(_("不在を入れられるのは、本人と、その機関の管理者だけです。"), "not_allowed")


def _check_span(since: dt.date, until: dt.date) -> None:
    if until < since:
        raise Refused(_("終わりの日が、始まりの日より前です。"), "until_before_since", field="until")
    if until < clock.today():
        raise Refused(_("もう過ぎた日です。今日か、今日より後の日を入れてください。"), "past", field="until")
    if until - since > LONGEST:
        raise Refused(_("1年を超える不在は入れられません。担当替えを使ってください。"), "too_long", field="until")


def _check_substitute(
    membership: Membership, members: list[Membership], substitute: uuid.UUID, since: dt.date, until: dt.date
) -> None:
    if substitute == membership.person_id:
        raise Refused(_("自分のほかの人を選んでください。"), "same_person", field="substitute")
    there = [one for one in members if one.person_id == substitute]
    if not any(one.since <= since and (one.until is None or one.until >= until) for one in there):
        raise Refused(_("この間ずっと、この機関にいる人を選んでください。"), "not_a_member", field="substitute")
