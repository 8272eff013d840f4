"""A mail server that takes a message, notes its Message-ID, and then hangs until somebody kills the worker."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class Backend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        log = Path(os.environ["STORM_LOG"])
        for message in email_messages:
            with log.open("a") as lines:
                lines.write(message.extra_headers["Message-ID"] + "\n")
            if os.environ.get("STORM_HANG"):
                time.sleep(60)
        return len(email_messages)
