"""Asking again after the end: once, gently once more, and then no more. Safe to run twice and by two workers at once.

Each row stands in its own transaction, under the lock of its case, and is looked at again there.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable

from django.db import transaction
from django.urls import reverse

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.language import written
from renkei.cases import mails
from renkei.cases.actions.follow_ups import KIND, end_one
from renkei.cases.models import AskedHow, Case, Ended, FollowUp, Verb, log_step
from renkei.cases.queries.follow_ups import Recipient, is_gone, whom_to_ask
from renkei.plan.queries import content_now, is_business_day
from renkei.post.links import make_link
from renkei.post.models import LinkPurpose

_log = logging.getLogger("renkei.after")


def run_follow_ups() -> int:
    """Ask what is due, remind, and stop waiting; returns how many acts there were. Firms are written to on business days."""
    with acting(SYSTEM):
        if not is_business_day(clock.today()):
            return 0
        rule = content_now().follow_up
        due = _ids(FollowUp.objects.due())
        waiting = FollowUp.objects.waiting().exclude(asked_how=AskedHow.PHONE)
        silent = _ids(waiting.filter(reminded_at__isnull=True, asked_at__lt=_days_ago(rule.remind_after_days)))
        over = _ids(FollowUp.objects.waiting().filter(asked_at__lt=_days_ago(rule.wait_days)))
    return _each(over, _stop_waiting) + _each(silent, _remind) + _each(due, _ask)


def _ids(rows: object) -> list[uuid.UUID]:
    return list(rows.order_by("due_on", "pk").values_list("pk", flat=True))  # type: ignore[attr-defined]  # a query set


def _days_ago(days: int) -> dt.datetime:
    return clock.now() - dt.timedelta(days=days)


def _each(ids: list[uuid.UUID], act: Callable[[Case, FollowUp], bool]) -> int:
    count = 0
    for one in ids:
        with acting(SYSTEM), transaction.atomic():
            found = _locked(one)
            count += found is not None and act(*found)
    return count


def _locked(follow_up: uuid.UUID) -> tuple[Case, FollowUp] | None:
    """Return case and row, locked, if the row is still open."""
    seen = FollowUp.objects.filter(pk=follow_up).values("case_id")
    case = Case.objects.select_for_update().get(pk__in=seen)  # without joins
    row = FollowUp.objects.select_for_update(of=("self",)).get(pk=follow_up)
    if row.answered_at is not None or row.ended_at is not None:
        return None
    row.case = case
    return case, row


def _ask(case: Case, row: FollowUp) -> bool:
    """Ask once. Of several times that have come meanwhile only the last is asked; a firm that is gone is not."""
    if row.asked_at is not None or case.is_open:
        return False
    if is_gone(case.company):
        return _end(case, row, Ended.FIRM_GONE)
    if FollowUp.objects.due().filter(case=case, due_on__gt=row.due_on).exists():
        return _end(case, row, Ended.LATER)
    for earlier in FollowUp.objects.waiting().filter(case=case).select_for_update(of=("self",)):
        _end(case, earlier, Ended.LATER)
    whom = whom_to_ask(case)
    row.asked_at = clock.now()
    row.asked_how = AskedHow.ACCOUNT if whom.company else AskedHow.MAIL if whom.email else AskedHow.PHONE
    row.save()
    if row.asked_how == AskedHow.PHONE:
        mails.tell_holder(case, by=SYSTEM, purpose=KIND, about=row.pk, subject=written("会社に、その後の様子を電話で聞いてください"),
                          words=written("終わった案件の会社にその後をうかがう時期ですが、メールの宛先がありません。聞いたことは、案件の画面の「その後」に書いてください。"))
    else:
        _write_to(row, whom, again=False)
    _log_step(case, row, f"asked_{row.asked_how}")
    record(SYSTEM, "follow_up.ask", row, case, how=row.asked_how)
    return True


def _remind(case: Case, row: FollowUp) -> bool:
    """Ask once more; nothing when there is nobody to write to any more."""
    whom = whom_to_ask(case)
    if row.reminded_at is not None or row.asked_at is None or not whom.email:
        return False
    row.reminded_at = clock.now()
    row.save()
    _write_to(row, whom, again=True)
    _log_step(case, row, "reminded")
    record(SYSTEM, "follow_up.remind", row, case)
    return True


def _stop_waiting(case: Case, row: FollowUp) -> bool:
    return _end(case, row, Ended.SILENT)


def _end(case: Case, row: FollowUp, because: Ended) -> bool:
    end_one(row, because)
    if because == Ended.SILENT:
        _log_step(case, row, "silent")
    record(SYSTEM, "follow_up.end", case, row, because=because.value)
    return True


def _write_to(row: FollowUp, whom: Recipient, *, again: bool) -> None:
    asked_at = row.asked_at or clock.now()
    last = asked_at + dt.timedelta(days=content_now().follow_up.wait_days)
    if whom.company:
        address = reverse("portal-case-follow-up", kwargs={"company": whom.company, "case": row.case_id, "follow_up": row.pk})
    else:
        token = make_link(by=SYSTEM, purpose=LinkPurpose.FOLLOWUP, expires_at=last, subject=row.pk, case=row.case_id,
                          recipient_name=whom.name, recipient_email=whom.email)
        address = f"/after/{token}/"  # stands in every mail ever sent: it never changes
    mails.follow_up(row, whom.email, address, by=SYSTEM, last=last.astimezone(clock.JST).date(), again=again,
                    by_account=whom.company is not None)


def _log_step(case: Case, row: FollowUp, what: str) -> None:
    log_step(case, Verb.FOLLOW_UP, by=SYSTEM, subject=row, after=what, reason=str(row.months), about_body=case.holder_id)
