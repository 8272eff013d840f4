"""Put a mail into the outbox, in the transaction of the act it tells about."""

from __future__ import annotations

import datetime as dt
import uuid

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text
from renkei.post.models import Mail, MailState


def put_mail(
    *,
    by: Actor,
    to: str,
    subject: str,
    text: str,
    purpose: str,
    about: uuid.UUID | None = None,
    case: uuid.UUID | None = None,
    to_body: str = "",
    not_before: dt.datetime | None = None,
    daily: bool = False,
) -> Mail | None:
    """Write one plain-text mail; None when there is no address. It leaves at ``not_before`` or as soon as possible.

    A ``daily`` one leaves as, or inside, the one mail its address gets that day.
    """
    if not to:
        return None
    moment = clock.now()
    return Mail.objects.create(
        to=to,
        subject=clean_text(subject).replace("\n", " ")[:200],
        text=text,
        purpose=purpose,
        about=about,
        case=case,
        made_by_body=by.body or "",
        to_body=to_body,
        made_at=moment,
        not_before=not_before or moment,
        daily=daily,
    )


def cancel_mails(about: uuid.UUID, purpose: str) -> int:
    """Cancel what has not left yet about one object; returns how many."""
    return Mail.objects.filter(about=about, purpose=purpose, state=MailState.WAITING).update(state=MailState.CANCELLED)
