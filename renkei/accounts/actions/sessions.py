"""End sign-ins on other devices."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Person
from renkei.audit.record import record
from renkei.base.actor import Actor
from renkei.base.refusal import Refused


@transaction.atomic
def end_session(session: UserSession, *, by: Actor) -> None:
    """End one sign-in of the actor's own. Refuses ``not_own``."""
    if by.person is None or session.user_id != by.person:
        raise Refused(_("ほかの人のサインインは終えられません。"), "not_own")
    record(by, "session.end", session.user)
    session.end()


@transaction.atomic
def end_other_sessions(person: Person, *, keep: str | None, by: Actor) -> int:
    """End every sign-in of the person but the one with the key ``keep``; returns how many. Refuses ``not_own``."""
    if by.person != person.pk:
        raise Refused(_("ほかの人のサインインは終えられません。"), "not_own")
    others = list(UserSession.objects.filter(user=person).exclude(session_key=keep))
    for session in others:
        session.end()
    record(by, "session.end_others", person, count=len(others))
    return len(others)
