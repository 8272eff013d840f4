"""Whether the mails about a case arrived: states in words, for whoever runs it."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from renkei.post.models import MailState


def _said(state: str, attempts: int) -> str:
    if state == MailState.WAITING and attempts:
        return _("送れなかったので、もう一度試します（%(n)s回目まで済み）") % {"n": attempts}
    return str(MailState(state).label)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail about a case: to the firm, or to a body (``to_body``); the address as a hint only.

    ``opened_at`` is when the link in it was first opened by somebody, ``may_again`` whether it is lost and nothing
    like it has been written since; ``support`` is the request it carries.
    """

    id: uuid.UUID
    subject: str
    purpose: str
    state: str
    attempts: int
    made_at: dt.datetime
    sent_at: dt.datetime | None
    error: str
    address: str
    to_body: str
    support: uuid.UUID | None
    opened_at: dt.datetime | None
    may_again: bool

    @property
    def label(self) -> str:
        """Return the state in words; a mail that is tried again says so."""
        return _said(self.state, self.attempts)

    @property
    def is_lost(self) -> bool:
        """Tell whether it did not arrive."""
        return self.state in {MailState.FAILED, MailState.BOUNCED}


def deliveries(case: uuid.UUID) -> list[Delivery]:
    """Return the mails about one case the acting body holds or took (200 at most), newest first; nothing to anybody else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM case_deliveries(%s)", [case])
        return [Delivery(*row) for row in cursor.fetchall()]


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
        return _said(self.state, self.attempts)

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
