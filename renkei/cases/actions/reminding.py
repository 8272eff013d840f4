"""Ask once more, by hand, the bodies that have not answered. The clocks do so by themselves, after the due day."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Case, Support, Verb, log_step
from renkei.cases.rules import require, runs_case
from renkei.cases.steps import fit, lock_case, require_open
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days

REST = 2  # business days a body is left alone after the request or the last reminder: nobody is nagged


@transaction.atomic
def remind_bodies(case: Case, *, by: Actor, words: str = "") -> list[Body]:
    """Remind every body asked in a case that owes an answer, and return them; it is news of the day, no mail of its own.

    Passed over: what has not left yet, whoever waits for an answer to a question, and whom was written to within
    ``REST`` business days. The clocks take such a reminder for their own. Refused: ``not_allowed``, ``case_closed``,
    ``nobody_waiting``, ``reminded_lately``, ``too_long``.
    """
    locked = lock_case(case)
    require(runs_case(by, locked))
    require_open(locked)
    said = fit(words, 200, "words")
    own = Support.objects.waiting().filter(case=locked).exclude(body_id=by.body).order_by("pk")
    waiting = [one for one in own.select_for_update() if one.has_left and not one.is_asking]
    if not waiting:
        raise Refused(_("返事を待っている依頼はありません。"), "nobody_waiting")
    rested = [one for one in waiting if clock.today() >= free_from(one)]
    if not rested:
        day = min(free_from(one) for one in waiting)
        raise Refused(_("依頼したばかりか、うながしたばかりです。%(m)s月%(d)s日からうながせます。") % {"m": day.month, "d": day.day}, "reminded_lately")
    for support in rested:
        support.case = locked
        support.reminded_at = clock.now()
        support.save(update_fields=["reminded_at"])
        mails.reminder(support, by=by, said=said)
        log_step(locked, Verb.REMINDED, by=by, subject=support, about_body=support.body_id, service=support.service_id)
        record(by, "support.remind", support, locked, words=said)
    return [one.body for one in rested]


def free_from(support: Support) -> dt.date:
    """Return the first day a body may be reminded of a request that has left."""
    last = max(one for one in (support.leaves_at, support.reminded_at) if one is not None)
    return add_business_days(last.astimezone(clock.JST).date(), REST)
