"""The firm reads what other bodies would read of it, and says that it may stand so (P2)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.models import Case, Verb, log_step
from renkei.cases.rules import speaks_for_company
from renkei.cases.steps import lock_case, require_open, save_case


@transaction.atomic
def confirm_summary(case: Case, *, by: Actor, version: int | None = None) -> Case:
    """The firm confirms the summary it was shown; twice changes nothing. ``version`` is that of the page it read.

    Refused: ``not_company``, ``changed_meanwhile``, ``case_closed``.
    """
    locked = lock_case(case, version=version)
    if not speaks_for_company(by, locked):
        raise Refused(_("これは、会社の方だけが、届いたリンクからできます。"), "not_company")
    require_open(locked)
    if locked.summary_seen_at is not None:
        return locked
    locked.summary_seen_at = clock.now()
    save_case(locked)
    log_step(locked, Verb.SUMMARY_SEEN, by=by)
    record(by, "case.confirm_summary", locked, title=locked.title, summary=locked.summary)
    return locked
