"""Read people and memberships."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import Q

from renkei.accounts.models import Absence, MemberReview, Membership, Person
from renkei.base import clock
from renkei.base.memo import once
from renkei.plan.queries import content_now

FACTORS = (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)


def has_second_factor(person: Person) -> bool:
    """Tell whether the person has a passkey or an authenticator app. Recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=person, type__in=FACTORS).exists())


@dataclass(slots=True)
class PersonRow:
    """A member as the page of a body's people shows them."""

    member: Membership
    factors: set[str]
    is_dormant: bool
    has_left: bool
    role_name: str = ""


def people_of(body: str) -> list[PersonRow]:
    """Return the body's members, those to come and those who left within a year, with what keeps their sign-in safe.

    Dormant is who may sign in and has not for the plan's days (``accounts.dormant_days``; or never, that long after the start).
    """
    today, most = clock.today(), content_now().accounts.dormant_days
    recent = Q(until__isnull=True) | Q(until__gte=today - dt.timedelta(days=366))
    members = list(Membership.objects.filter(recent, body_id=body).select_related("person").order_by("person__kana", "since"))
    factors: dict[uuid.UUID, set[str]] = {}
    for person, kind in Authenticator.objects.filter(user__in=[one.person_id for one in members], type__in=FACTORS).values_list("user", "type"):
        factors.setdefault(person, set()).add(kind)
    return [
        PersonRow(one, factors.get(one.person_id, set()), _is_dormant(one, today, most),
                  (one.until is not None and one.until < today) or not one.person.is_active)
        for one in members
    ]  # fmt: skip


def half_year(day: dt.date) -> dt.date:
    """Return the first day of the half-year the day lies in; halves begin on the 1st of the plan's ``accounts.review_months``."""
    begun = [dt.date(year, month, 1) for year in (day.year - 1, day.year) for month in content_now().accounts.review_months]
    return max(one for one in begun if one <= day)


def review_is_due(body: str) -> bool:
    """Tell whether the body's members have not been reviewed in this half-year."""
    return not MemberReview.objects.filter(body_id=body, half=half_year(clock.today())).exists()


def _is_dormant(member: Membership, today: dt.date, most: int) -> bool:
    last = member.person.last_login
    seen = max(member.since, last.astimezone(clock.JST).date()) if last else member.since
    return (today - seen).days >= most


def ways_to_confirm(person: Person) -> set[str]:
    """Return how a person can show once more who is there: ``password``, ``code`` (app), ``credential`` (passkey)."""
    types = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    ways = {"password"} if person.has_usable_password() else set()
    ways |= {"code"} if types & {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES} else set()
    return ways | ({"credential"} if Authenticator.Type.WEBAUTHN in types else set())


def members_of(body: str, on: dt.date | None = None) -> list[Membership]:
    """Return the current members of a body, by reading of their names."""
    return list(Membership.objects.current(on).filter(body_id=body).order_by("person__kana"))


def teams_of(body: str, on: dt.date | None = None) -> dict[str, int]:
    """Return the teams of a body and how many of its current members are in each, by name."""
    found: dict[str, int] = {}
    for team in Membership.objects.holding(on).filter(body_id=body).exclude(team="").order_by("team").values_list("team", flat=True):
        found[team] = found.get(team, 0) + 1
    return found


def team_of(person: uuid.UUID | None, body: str | None) -> str:
    """Return the team of a person in a body today; empty when there is none."""
    return Membership.objects.holding().filter(person_id=person, body_id=body).values_list("team", flat=True).first() or "" if person else ""


def is_member(person: uuid.UUID, body: str, on: dt.date | None = None) -> bool:
    """Tell whether the person belongs to the body on that day."""
    return Membership.objects.current(on).filter(person_id=person, body_id=body).exists()


def bodies_of(person: Person) -> list[Membership]:
    """Return the person's current memberships in the order of the bodies."""
    return list(Membership.objects.current().filter(person=person).order_by("body__order"))


def first_members() -> list[Membership]:
    """Return one current member a body, an administrator before others, in the order of the bodies."""
    ordered = Membership.objects.current().order_by("body__order", "-is_admin", "person__kana")
    first: dict[str, Membership] = {}
    for one in ordered:
        first.setdefault(one.body_id, one)
    return list(first.values())


def away_in(body: str, on: dt.date | None = None) -> dict[uuid.UUID, Absence]:
    """Return who of a body is away on a day (today), by person."""
    away = Absence.objects.on(on or clock.today()).filter(body_id=body).select_related("substitute")
    return {one.person_id: one for one in away}


def answering_for(person: uuid.UUID | None, body: str | None) -> set[uuid.UUID]:
    """Return for whom of a body a person answers today, beside themself: who is away and ends, through every absence, at them."""
    if person is None or body is None:
        return set()
    return once(("answering for", person, body), lambda: _answering_for(person, away_in(body)))


def _answering_for(person: uuid.UUID, away: dict[uuid.UUID, Absence]) -> set[uuid.UUID]:
    found = set()
    for start in away:
        now, seen = start, set[uuid.UUID]()
        while now in away and now not in seen:
            seen.add(now)
            stand_in = away[now].substitute_id
            if stand_in is None:
                break
            now = stand_in
        if now == person and start != person:
            found.add(start)
    return found


def stands_in_for(person: uuid.UUID | None, body: str) -> list[Absence]:
    """Return the absences of today in which a person answers for somebody of a body, with who is away, the first to be back first."""
    whose = answering_for(person, body)
    away = Absence.objects.on(clock.today()).filter(body_id=body, person_id__in=whose) if whose else Absence.objects.none()
    return list(away.select_related("person").order_by("until", "person__kana"))


def standing_in(person: Person, body: str, on: dt.date | None = None) -> Person | None:
    """Return who answers for a person of a body on a day: the person, or whoever stands in, through every absence.

    None when nobody does: the person has left, or the last in the row is away without a substitute or has left.
    """
    away, seen = away_in(body, on), set()
    found: Person | None = person
    while found is not None and found.pk in away and found.pk not in seen:
        seen.add(found.pk)
        found = away[found.pk].substitute
    return found if found is not None and found.pk not in seen and is_member(found.pk, body, on) else None
