"""Send what is due. Safe to run twice: a row is locked, sent and marked in one transaction, and carries its own id."""

from __future__ import annotations

import datetime as dt
import logging
import re
import uuid

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.language import written
from renkei.post import daily
from renkei.post.models import Mail, MailState, Nudge
from renkei.post.replies import reply_address

MOST_ATTEMPTS = 5
SECRET = {"invitation", "join"}  # their link makes an account; sending again makes a new one
_ADDRESS = re.compile(r"https?://\S+")
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
            sent += _send_daily(mail) if mail.daily else _send(mail, [], [])
    return sent


def _send_daily(mail: Mail) -> int:
    """Send the day's mail with everything that waits for its address; what comes later waits for tomorrow."""
    daily.hold_address(mail.to)
    others = daily.waiting_with(mail)
    if daily.had_mail_today(mail.to):
        for one in (mail, *others):
            one.not_before = daily.next_opening()
            one.save(update_fields=["not_before"])
        return 0
    nudges = daily.nudges_for(mail.to)
    if mail.purpose == daily.DIGEST and not nudges and not others:  # all of it was settled or read meanwhile
        mail.state = MailState.CANCELLED
        mail.save(update_fields=["state"])
        return 0
    return _send(mail, others, nudges)


def _send(mail: Mail, others: list[Mail], nudges: list[Nudge]) -> int:
    letter = daily.compose([mail, *others], nudges) if mail.daily else daily.Letter(mail.subject, mail.text)
    cases = {one.case for one in (mail, *others)} | {one.case for one in nudges}
    message = _message(mail, letter, {one for one in cases if one is not None})
    mail.attempts += 1
    try:
        with transaction.atomic():
            message.send()
    except (OSError, ValueError) as error:
        _put_off(mail, error)
        return 0
    mail.state, mail.sent_at, mail.error = MailState.SENT, clock.now(), ""
    if mail.purpose == daily.DIGEST:
        mail.subject, mail.text = letter.subject, letter.text
    _forget_secret(mail)
    mail.save(update_fields=["attempts", "state", "sent_at", "error", "subject", "text", "case"])
    for one in others:
        one.state, one.carrier, one.sent_at = MailState.JOINED, mail, mail.sent_at
        one.save(update_fields=["state", "carrier", "sent_at"])
    Nudge.objects.filter(pk__in=[one.pk for one in nudges]).update(mail=mail)
    return 1


def _message(mail: Mail, letter: daily.Letter, cases: set[uuid.UUID]) -> EmailMessage:
    """Return the letter with the address that answers it, when it is about one case only. A bounce comes back there, too."""
    if len(cases) == 1:
        mail.case = next(iter(cases))
    answer = reply_address(mail) if len(cases) == 1 else ""
    headers = {"Message-ID": mail.message_id}
    if answer:
        headers |= {"From": settings.DEFAULT_FROM_EMAIL, "X-Renkei": "1"}
    return EmailMessage(letter.subject, letter.text, from_email=answer or None, to=[mail.to],
                        reply_to=[answer] if answer else None, headers=headers)  # fmt: skip


def _put_off(mail: Mail, error: Exception) -> None:
    _log.warning("mail %s could not be sent: %s", mail.pk, error)
    mail.error = str(error)[:500]
    mail.not_before = clock.now() + (2**mail.attempts) * _MINUTE
    is_hopeless = isinstance(error, ValueError)  # an address or a line that makes no mail: no server will take it
    if is_hopeless or mail.attempts >= MOST_ATTEMPTS:
        mail.state = MailState.FAILED
        _forget_secret(mail)
    mail.save(update_fields=["attempts", "error", "not_before", "state", "text"])


def _forget_secret(mail: Mail) -> None:
    """Take the address out of an invitation that needs it no more: who reads the outbox could come in by it."""
    if mail.purpose in SECRET:
        mail.text = _ADDRESS.sub(written("（送ったあと、ここのアドレスは消しました）"), mail.text)
