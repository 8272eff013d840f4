"""The private address of a person's calendar: made, renewed, ended. The token is 256 random bits, kept as a hash only."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.post.models import CalendarLink


@dataclass(frozen=True, slots=True)
class OpenCalendar:
    """Whose calendar an address shows, and whether with the words of the steps."""

    person: uuid.UUID
    with_words: bool


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_calendar(*, by: Actor, with_words: bool = False) -> str:
    """Give the actor a new address and return its token, shown once; an earlier one ends in the same moment."""
    if by.person is None:
        raise Refused(_("入ってから作ってください。"), "not_person")
    _end(by)
    token = secrets.token_urlsafe(32)
    made = CalendarLink.objects.create(person=by.person, token_hash=_digest(token), with_words=with_words, made_at=clock.now())
    record(by, "calendar.make", made, with_words=with_words)
    return token


@transaction.atomic
def end_calendar(*, by: Actor) -> None:
    """End the actor's address: it answers nobody any more. Refused: ``no_calendar``."""
    ended = _end(by)
    if ended is None:
        raise Refused(_("使われているアドレスはありません。"), "no_calendar")
    record(by, "calendar.end", ended)


def _end(by: Actor) -> CalendarLink | None:
    row = CalendarLink.objects.visible_to(by).select_for_update().filter(ended_at=None).first()
    if row is not None:
        row.ended_at = clock.now()
        row.save(update_fields=["ended_at"])
    return row


def open_calendar(token: str) -> OpenCalendar | None:
    """Resolve an address by its hash; None when unknown or ended."""
    if len(token) > 100:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, with_words FROM post_open_calendar(%s)", [_digest(token)])
        row = cursor.fetchone()
    return OpenCalendar(row[0], row[1]) if row else None
