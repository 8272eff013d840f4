"""Make, open and close signed links. The token is 256 random bits; the database keeps its hash only."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.post.models import Link, LinkPurpose


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What an open link says about itself, before any row-level policy lets its holder read more."""

    id: uuid.UUID
    purpose: str
    subject: uuid.UUID | None
    case: uuid.UUID | None
    company: uuid.UUID | None
    body: str | None
    recipient_name: str
    classes: list[str]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(
    *,
    by: Actor,
    purpose: LinkPurpose,
    expires_at: dt.datetime,
    subject: uuid.UUID | None = None,
    case: uuid.UUID | None = None,
    company: uuid.UUID | None = None,
    body: str = "",
    classes: list[str] | None = None,
    recipient_name: str = "",
    recipient_email: str = "",
) -> str:
    """Make a link and return its token, which is shown once and never stored."""
    token = secrets.token_urlsafe(32)
    Link.objects.create(
        purpose=purpose,
        token_hash=_digest(token),
        subject=subject,
        case=case,
        company=company,
        body=body,
        made_by_body=by.body or "",
        classes=classes or [],
        recipient_name=recipient_name,
        recipient_email=recipient_email,
        made_at=clock.now(),
        expires_at=expires_at,
    )
    return token


def open_link(token: str) -> OpenLink | None:
    """Resolve a token by its hash; None when unknown, expired or closed."""
    if len(token) > 100:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, purpose, subject, link_case, company, body, recipient_name, classes FROM post_open_link(%s)",
            [_digest(token)],
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        return None
    classes = row[7] if isinstance(row[7], list) else json.loads(row[7] or "[]")
    return OpenLink(row[0], row[1], row[2], row[3], row[4], row[5] or None, row[6], classes)


def mark_opened() -> bool:
    """Write that the acting link was opened, at its holder's first deed or first page shown; False when it was before.

    Never at a GET: mail scanners open every link, and no person has.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_link_opened(%s)", [clock.now()])
        row = cursor.fetchone()
    return bool(row and row[0])


def start_draft_link(expires_at: dt.datetime) -> tuple[str, uuid.UUID]:
    """Let a guest begin: make a draft link through the one reviewed definer function. Returns token and link id."""
    token = secrets.token_urlsafe(32)
    with connection.cursor() as cursor:
        cursor.execute("SELECT post_start_draft(%s, %s, %s)", [_digest(token), clock.now(), expires_at])
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the database made no link")
    return token, row[0]


def close_links(subject: uuid.UUID, purpose: LinkPurpose, *, after: dt.timedelta | None = None) -> int:
    """Close every open link of one purpose about ``subject``; returns how many. Closed links resolve to nothing.

    With ``after`` they end that much later instead: what they open must have ended by itself.
    """
    links = Link.objects.filter(subject=subject, purpose=purpose, closed_at__isnull=True)
    if after is None:
        return links.update(closed_at=clock.now())
    return links.filter(expires_at__gt=clock.now() + after).update(expires_at=clock.now() + after)
