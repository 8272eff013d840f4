"""Needs that the firm lets be found: entries of the catalogue while they are open, anonymous examples once help has helped.

A yes of its own, beside the one that lets the words go to bodies that were chosen. It may be given with the words, on the firm's page
or by telephone, and taken back at any time, also after the case; then the words leave the catalogue in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases import mails
from renkei.cases.models import Case, Need, Support, Verb, log_step
from renkei.cases.rules import require, runs_case, speaks_for_company
from renkei.cases.states import CaseState, NeedState, SupportState
from renkei.cases.steps import lock_case, require_open
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import EntryKind
from renkei.matching.standing import CASES
from renkei.plan.queries import content_now

NO_HELP = "no"  # the result that makes no example; every other says that something came of it


@transaction.atomic
def list_need(need: Need, *, by: Actor) -> Need:
    """Let the confirmed words of a need be found; said by the firm, or written down by who runs the case and heard it. Twice changes nothing.

    Refused: ``not_allowed``, ``case_closed``, ``not_confirmed``.
    """
    case = lock_case(need.case)
    is_firm = speaks_for_company(by, case)
    require(is_firm or runs_case(by, case))
    require_open(case)
    locked = _lock(need)
    if locked.public_confirmed_at is None:
        raise Refused(_("先に、名を伏せた文を会社が確かめてください。"), "not_confirmed")
    if locked.listed_at is not None:
        return locked
    put_on_list(locked, case, by=by)
    if is_firm:
        mails.tell_holder(case, by=by, subject=written("名を伏せた文が検索に載ります"), words=written(
            "会社が、名を伏せた文を協力機関の検索に載せてよいと答えました。問合せは、窓口を通して届きます。"))
    return locked


@transaction.atomic
def unlist_need(need: Need, *, by: Actor) -> Need:
    """Let the words be found no longer, need and example alike; it acts at once, also after the case. Twice changes nothing.

    Refused: ``not_allowed``.
    """
    case = lock_case(need.case)
    is_firm = speaks_for_company(by, case)
    require(is_firm or runs_case(by, case))
    locked = _lock(need)
    if locked.listed_at is None:
        return locked
    take_off_list(locked, case, by=by)
    if is_firm:
        mails.tell_holder(case, by=by, subject=written("名を伏せた文を検索から外しました"), words=written(
            "会社が、名を伏せた文を検索に載せるのをやめました。文はもう読めません。"))
    return locked


def put_on_list(need: Need, case: Case, *, by: Actor) -> None:
    """Write down the firm's yes and list the need; the rows of case and need are locked."""
    need.listed_at, need.listed_by = clock.now(), by.name[:100]
    need.save(update_fields=["listed_at", "listed_by"])
    log_step(case, Verb.NEED_CHANGED, by=by, subject=need, after="listed")
    record(by, "need.list", need, case, title=need.public_title, summary=need.public_summary)
    bring_in_line(case, by=by)
    need.refresh_from_db(fields=["entry"])


def take_off_list(need: Need, case: Case, *, by: Actor) -> None:
    """Write down that the yes is gone, and the words with it; nothing when there was none. The rows of case and need are locked."""
    if need.listed_at is None:
        return
    need.entry, need.listed_at, need.listed_by = None, None, ""
    need.save(update_fields=["entry", "listed_at", "listed_by"])
    log_step(case, Verb.NEED_CHANGED, by=by, subject=need, before="listed", after="unlisted")
    record(by, "need.unlist", need, case)
    transaction.on_commit(index.follow)


def bring_in_line(case: Case, *, by: Actor) -> None:
    """Make the entries of a case say what its state says now. For every action that changes the case or its needs; the case is locked and saved.

    Staff and the worker write entries. The firm has no right on the catalogue: what it changes it takes out, at once, and the
    worker puts in again what stands (``waiting_to_be_listed``), within a minute.
    """
    rows: list[EntryRow] = []
    for need in Need.objects.select_for_update(of=("self",)).filter(case=case, listed_at__isnull=False).order_by("pk"):
        kind = _kind(need, case)
        if kind is not None and (by.is_staff or by.is_system):
            if need.entry_id is None:  # drawn by lot: it leads to nobody, and can be said on the telephone
                need.entry_id = f"n-{secrets.randbelow(10**10):010}"
                need.save(update_fields=["entry"])
            rows.append(_row(need, case, kind))
        elif need.entry_id is not None and kind != EntryKind.NEED:
            need.entry = None
            need.save(update_fields=["entry"])
            transaction.on_commit(index.follow)
    if rows:
        put_entries(rows, kept_by=CASES, by=by)


def waiting_to_be_listed() -> QuerySet[Case]:
    """Return the cases with needs that the firm lets be found and that are in no entry: for the worker."""
    helped = Q(state=NeedState.SETTLED, case__state=CaseState.CLOSED, case__merged_into=None) & ~Q(case__result__in=["", NO_HELP])
    under_way = Q(state=NeedState.OPEN) & ~Q(case__state=CaseState.CLOSED)
    listed = Need.objects.filter(under_way | helped, listed_at__isnull=False, entry=None)
    return Case.objects.filter(pk__in=listed.values("case_id")).order_by("pk")


@transaction.atomic
def list_waiting(case: uuid.UUID, *, by: Actor) -> bool:
    """Put in what waits for the worker; False when nothing waits any more."""
    locked = Case.objects.select_for_update().get(pk=case)
    if not waiting_to_be_listed().filter(pk=case).exists():
        return False
    bring_in_line(locked, by=by)
    return True


def _kind(need: Need, case: Case) -> EntryKind | None:
    """Return what a listed need is in the catalogue; ``waiting_to_be_listed`` says the same."""
    if need.state == NeedState.OPEN and case.is_open:
        return EntryKind.NEED
    helped = case.result not in {"", NO_HELP} and case.merged_into_id is None
    return EntryKind.EXAMPLE if need.state == NeedState.SETTLED and not case.is_open and helped else None


def _row(need: Need, case: Case, kind: EntryKind) -> EntryRow:
    """Return the entry: no body, no name, no day. Of an example also what helped, what came of it and in how many months."""
    row = {"id": str(need.entry_id), "kind": kind, "name": need.public_title, "summary": need.public_summary, "tech_fields": list(need.tech_fields)}
    if kind == EntryKind.NEED or case.closed_at is None:
        return EntryRow(**row)  # type: ignore[arg-type]  # each of its own type
    done = Support.objects.filter(need=need, state=SupportState.DONE).exclude(helped=False).order_by("done_on", "made_at", "pk")
    services = list(dict.fromkeys(done.values_list("service_id", flat=True)))
    facts = {"result": content_now().word("results", case.result), "months": _months(case.arrived_at, case.closed_at),
             "supports": [[service, "", SupportState.DONE.value] for service in services]}  # fmt: skip
    return EntryRow(**row, service=next(iter(services), None), facts=facts)  # type: ignore[arg-type]  # as above


def _months(begun: dt.datetime, ended: dt.datetime) -> int:
    first, last = timezone.localtime(begun), timezone.localtime(ended)
    return max(1, (last.year - first.year) * 12 + last.month - first.month)


def _lock(need: Need) -> Need:
    return Need.objects.select_for_update(of=("self",)).get(pk=need.pk)
