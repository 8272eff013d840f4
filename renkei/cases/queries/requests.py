"""That a body reads what it was asked."""

from __future__ import annotations

from renkei.audit.record import record_read
from renkei.base.actor import Actor
from renkei.cases.models import Case, Support


def open_request(support: Support, *, by: Actor) -> None:
    """Put on record that a body reads an offer; called before its content is rendered (so a recall knows who saw it)."""
    record_read(by, support, Case(pk=support.case_id))
