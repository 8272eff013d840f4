"""Mail backend of the example region: mails go to a mailbox on screen and never leave the machine."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from renkei.base import clock
from renkei.post.models import ScreenMail


class Mailbox(BaseEmailBackend):
    """Write each message into ``ScreenMail``."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store the messages; returns how many."""
        for message in email_messages:
            ScreenMail.objects.create(
                to=", ".join(message.to)[:254], subject=str(message.subject), text=str(message.body), sent_at=clock.now()
            )
        return len(email_messages)
