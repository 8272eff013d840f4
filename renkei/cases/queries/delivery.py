"""Whether the mails about a case arrived: states in words, for whoever runs it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from renkei.post.models import MailState


@dataclass(frozen=True, slots=True)
class _Sent:
    """A mail and its state: its address only as a hint (``s…@k…``), ``error`` as the mail server said it."""

    id: uuid.UUID
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
        """Tell whether it did not arrive, so that somebody has to tell the reader in another way."""
        return self.state in {MailState.FAILED, MailState.BOUNCED}


@dataclass(frozen=True, slots=True)
class Delivery(_Sent):
    """One mail about a case: to the firm, or to a body (``to_body``).

    ``opened_at`` is when the link in it was first opened by somebody, ``may_again`` whether it is lost and nothing
    like it has been written since; ``support`` is the request it carries.
    """

    to_body: str
    support: uuid.UUID | None
    opened_at: dt.datetime | None
    may_again: bool


@dataclass(frozen=True, slots=True)
class Sent(_Sent):
    """One mail to a firm."""

    case: uuid.UUID


def deliveries(case: uuid.UUID) -> list[Delivery]:
    """Return the mails about one case the acting body holds or took (200 at most), newest first; nothing to anybody else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM case_deliveries(%s)", [case])
        return [Delivery(*row) for row in cursor.fetchall()]


def mails_to_firm(case: uuid.UUID | None = None) -> list[Sent]:
    """Return the mails to the firm of one case, or of all the acting body runs (500 at most), newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT id, subject, purpose, state, attempts, made_at, sent_at, error, address, "case" FROM case_mails(%s)', [case]
        )
        return [Sent(*row) for row in cursor.fetchall()]
