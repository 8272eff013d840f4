"""Change and end memberships. Every act locks all memberships of the body: two administrators may act at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.rules import require_administrator, require_someone_left
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.base.text import clean_text
from renkei.plan.models import Body
from renkei.plan.queries import content_now
from renkei.post.models import Link
from renkei.post.outbox import cancel_mails

MOST_SPECIALITIES, LONGEST_SPECIALITY = 20, 40


@dataclass(frozen=True, slots=True)
class Place:
    """What a person is in a body: ``role`` is a code of the plan's roles or posts."""

    role: str
    title: str = ""
    specialities: tuple[str, ...] = ()
    team: str = ""


@transaction.atomic
def change_member(membership: Membership, *, place: Place, by: Actor) -> Membership:
    """Change role, title, specialities and team.

    Refuses ``not_admin``, ``ended``, ``role_unknown``, ``too_long`` and ``too_many``.
    """
    found, _rows = _locked(membership, by)
    require_role(place.role)
    words = list(dict.fromkeys(word for one in place.specialities if (word := clean_text(one).strip())))
    if any(len(word) > LONGEST_SPECIALITY for word in words):
        raise Refused(_("得意分野は、1つ%(most)s字までです。「、」で区切ってください。") % {"most": LONGEST_SPECIALITY}, "too_long", field="specialities")
    if len(words) > MOST_SPECIALITIES:
        raise Refused(_("得意分野は%(most)sまでです。") % {"most": MOST_SPECIALITIES}, "too_many", field="specialities")
    found.role, found.title, found.specialities = place.role, clean_text(place.title), words
    found.team = " ".join(clean_text(place.team).split())[:60]
    found.save(update_fields=["role", "title", "specialities", "team"])
    record(by, "member.change", found, role=found.role, title=found.title, specialities=words, team=found.team)
    return found


@transaction.atomic
def make_admin(membership: Membership, *, is_admin: bool = True, by: Actor) -> Membership:
    """Make a member an administrator, or an ordinary one again. Refuses ``not_admin``, ``ended`` and ``last_admin``."""
    found, rows = _locked(membership, by)
    if found.is_admin == is_admin:
        return found
    found.is_admin = is_admin
    require_someone_left(found.body_id, rows)
    found.save(update_fields=["is_admin"])
    record(by, "member.admin" if is_admin else "member.no_admin", found)
    return found


@transaction.atomic
def end_membership(membership: Membership, *, until: dt.date, by: Actor) -> Membership:
    """End a membership with ``until`` as its last day, and with it what lets the person in for that body.

    Open invitations of that address to the body are withdrawn; signed links to it end with that day. When the last day is
    today or past, the person is signed out everywhere (who still belongs to another body signs in again).
    Refuses ``not_admin``, ``ended``, ``before_start``, ``body_closed``, ``last_admin`` and ``last_member``.
    """
    found, rows = _locked(membership, by)
    if until < found.since:
        raise Refused(_("着任日より前の日には終えられません。"), "before_start", field="until")
    ended = Body.objects.get(pk=found.body_id).closed_on
    if ended is not None and until > ended:
        raise Refused(_("この機関は計画から外れています。その日までの日を入れてください。"), "body_closed", field="until")
    found.until = until
    require_someone_left(found.body_id, rows)
    person = Person.objects.get(pk=found.person_id)
    _close_doors(person, found.body_id, until)
    found.save(update_fields=["until"])
    if until <= clock.today() and person.pk != by.person:
        end_sessions(person)
    record(by, "member.end", found, until=until)
    return found


def members_of_closed_bodies() -> list[str]:
    """Return the dissolved bodies that still have members or open invitations."""
    closed = Body.objects.filter(closed_on__isnull=False)
    left = Q(until__isnull=True) | Q(until__gt=F("body__closed_on"))
    joined = set(Membership.objects.filter(left, body__in=closed).values_list("body_id", flat=True))
    return sorted(joined | set(Invitation.objects.waiting().filter(body__in=closed).values_list("body_id", flat=True)))


@transaction.atomic
def leave_closed_body(body: str, *, by: Actor) -> int:
    """End every membership of a dissolved body with its last day, all in one, and withdraw what would let more in.

    Nobody is signed out of another body: who belonged to this one only finds no door at the next request. Returns how
    many memberships ended; twice is once. Refused: ``not_admin``, ``body_open``.
    """
    require_administrator(by, body)
    rows = body_rows(body)
    found = Body.objects.get(pk=body)
    if found.closed_on is None:
        raise Refused(_("この機関は、いまの計画にあります。"), "body_open")
    count = 0
    for one in rows:
        if one.until is not None and one.until <= found.closed_on:
            continue
        one.since, one.until = min(one.since, found.closed_on), found.closed_on  # who was to come never came
        one.save(update_fields=["since", "until"])
        _close_doors(Person.objects.get(pk=one.person_id), body, found.closed_on)
        record(by, "member.end", one, until=one.until, reason="body_closed")
        count += 1
    for invitation in Invitation.objects.waiting().filter(body_id=body):
        _withdraw(invitation)
        record(by, "invitation.withdraw", invitation, reason="body_closed")
    return count


def end_sessions(person: Person) -> int:
    """Sign a person out on every device; returns on how many."""
    sessions = list(UserSession.objects.filter(user=person))
    for session in sessions:
        session.end()
    return len(sessions)


def require_role(role: str) -> None:
    """Refuse a role that is neither a role nor a post of the running plan."""
    content = content_now()
    known = {term.code for name in ("roles", "posts") for term in content.vocabulary(name)}
    if role not in known:
        raise Refused(_("役割を選んでください。"), "role_unknown", field="role")


def body_rows(body: str) -> list[Membership]:
    """Lock every membership of a body, in one order, and return those of active people that have not ended."""
    rows = list(Membership.objects.filter(body_id=body).order_by("pk").select_for_update())
    active = set(Person.objects.filter(pk__in=[one.person_id for one in rows], is_active=True).values_list("pk", flat=True))
    today = clock.today()
    return [one for one in rows if one.person_id in active and (one.until is None or one.until >= today)]


def _locked(membership: Membership, by: Actor) -> tuple[Membership, list[Membership]]:
    rows = body_rows(membership.body_id)
    require_administrator(by, membership.body_id)
    found = next((one for one in rows if one.pk == membership.pk), None)
    if found is None:
        raise Refused(_("この人は、もうこの機関を離れています。"), "ended")
    return found, rows


def _close_doors(person: Person, body: str, until: dt.date) -> None:
    for invitation in Invitation.objects.waiting().filter(body_id=body, email__iexact=person.email):
        _withdraw(invitation)
    links = Link.objects.filter(body=body, recipient_email__iexact=person.email, closed_at__isnull=True)
    if until <= clock.today():
        links.update(closed_at=clock.now())
        return
    over = clock.at(until + dt.timedelta(days=1), 0)  # until then the person answers for the body
    links.filter(expires_at__gt=over).update(expires_at=over)


def _withdraw(invitation: Invitation) -> None:
    invitation.withdrawn_at = clock.now()
    invitation.save(update_fields=["withdrawn_at"])
    cancel_mails(invitation.pk, "invitation")
