"""Whether the mails to a firm arrived: states in words, for whoever runs the case."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from renkei.post.models import MailState


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail to a firm: its address only as a hint (``s…@k…``), ``error`` as the mail server said it."""

    id: uuid.UUID
    case: uuid.UUID
    subject: str
    purpose: str
    state: str
    attempts: int
    made_at: dt.datetime
    sent_at: dt.datetime | None
    error: str
    address: str

    @property
    def label(self) -> str:
        """Return the state in words; a mail that is tried again says so."""
        if self.state == MailState.WAITING and self.attempts:
            return _("送れなかったので、もう一度試します（%(n)s回目まで済み）") % {"n": self.attempts}
        return str(MailState(self.state).label)

    @property
    def is_lost(self) -> bool:
        """Tell whether somebody has to tell the firm in another way."""
        return self.state in {MailState.FAILED, MailState.BOUNCED}


def mails_to_firm(case: uuid.UUID | None = None) -> list[Sent]:
    """Return the mails to the firm of one case, or of all the acting body runs (500 at most), newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT id, "case", subject, purpose, state, attempts, made_at, sent_at, error, address FROM case_mails(%s)', [case]
        )
        return [Sent(*row) for row in cursor.fetchall()]
