"""Read people and memberships."""

from __future__ import annotations

import datetime as dt
import uuid

from allauth.mfa.models import Authenticator

from renkei.accounts.models import Membership, Person

FACTORS = (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP)


def has_second_factor(person: Person) -> bool:
    """Tell whether the person has a passkey or an authenticator app. Recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user=person, type__in=FACTORS).exists())


def ways_to_confirm(person: Person) -> set[str]:
    """Return how a person can show once more who is there: ``password``, ``code`` (app), ``credential`` (passkey)."""
    types = set(Authenticator.objects.filter(user=person).values_list("type", flat=True))
    ways = {"password"} if person.has_usable_password() else set()
    ways |= {"code"} if types & {Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES} else set()
    return ways | ({"credential"} if Authenticator.Type.WEBAUTHN in types else set())


def members_of(body: str, on: dt.date | None = None) -> list[Membership]:
    """Return the current members of a body, by reading of their names."""
    return list(Membership.objects.current(on).filter(body_id=body).order_by("person__kana"))


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
