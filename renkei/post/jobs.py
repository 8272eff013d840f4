"""Send what is due. Safe to run twice: a row is locked, sent and marked in one transaction, and carries its own id."""

from __future__ import annotations

import datetime as dt
import logging

from django.core.mail import EmailMessage
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.post.models import Mail, MailState

MOST_ATTEMPTS = 5
_MINUTE = dt.timedelta(minutes=1)
_log = logging.getLogger("renkei.post")


def send_due(limit: int = 200) -> int:
    """Send up to ``limit`` mails whose time has come; returns how many left."""
    sent = 0
    for _ in range(limit):
        with acting(SYSTEM):
            mail = (
                Mail.objects.select_for_update(skip_locked=True)
                .filter(state=MailState.WAITING, not_before__lte=clock.now())
                .order_by("not_before", "made_at")
                .first()
            )
            if mail is None:
                return sent
            sent += _send(mail)
    return sent


def _send(mail: Mail) -> int:
    message = EmailMessage(mail.subject, mail.text, to=[mail.to], headers={"Message-ID": mail.message_id})
    mail.attempts += 1
    try:
        with transaction.atomic():
            message.send()
    except (OSError, ValueError) as error:
        _log.warning("mail %s could not be sent: %s", mail.pk, error)
        mail.error = str(error)[:500]
        mail.not_before = clock.now() + (2**mail.attempts) * _MINUTE
        is_hopeless = isinstance(error, ValueError)  # an address or a line that makes no mail: no server will take it
        if is_hopeless or mail.attempts >= MOST_ATTEMPTS:
            mail.state = MailState.FAILED
        mail.save(update_fields=["attempts", "error", "not_before", "state"])
        return 0
    mail.state, mail.sent_at = MailState.SENT, clock.now()
    mail.save(update_fields=["attempts", "state", "sent_at"])
    return 1
