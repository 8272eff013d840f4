"""Whom to ask what became of it, and the list of what was asked and answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key
from renkei.cases.models import AskedHow, Case, Consultation, FollowUp, Trouble
from renkei.cases.states import CaseState
from renkei.companies.models import Company, CompanyAccess, Merge, MergeMove

STATES = ("due", "phone", "asked", "answered", "trouble", "planned", "ended")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to ask: a mail address, and the firm when it is asked by its account. No address: somebody has to call."""

    email: str = ""
    name: str = ""
    company: uuid.UUID | None = None


def whom_to_ask(case: Case) -> Recipient:
    """Return whom to ask about a case: one account of its firm, else who wrote, else the firm's own address.

    The firm is the one the case belongs to now: after a merge the one that stands, and then its own address comes before
    that of somebody who wrote for the firm that is gone. Who has left a firm is not written to.
    """
    said = _who_wrote(case)
    accounts = CompanyAccess.objects.current().filter(company_id=case.company_id).select_related("person") if case.company_id else ()
    if accounts:
        wrote = said.email.lower() if said else ""
        first = min(accounts, key=lambda one: (one.person.email.lower() != wrote, one.role != "admin", one.since))
        return Recipient(first.person.email, first.person.name, first.company_id)
    firm = case.company
    own = Recipient(firm.email, "") if firm is not None and firm.email else None
    if own is not None and (said is None or _came_by_merge(case)):
        return own
    return said or Recipient()


def is_gone(company: Company | None) -> bool:
    """Tell whether a case's firm was taken off the register (an import undone); a merged one has a successor."""
    return company is not None and company.withdrawn_at is not None


def _who_wrote(case: Case) -> Recipient | None:
    """Return who spoke for the firm last and gave an address, unless that person has left it."""
    for said in Consultation.objects.filter(case=case).select_related("person").order_by("-consulted_at"):
        person = said.person
        has_left = person is not None and (person.left_on is not None or person.withdrawn_at is not None)
        own = person.email if person is not None else ""
        if said.email and not (has_left and said.email.lower() == own.lower()):
            return Recipient(said.email, said.person_given)
        if own and not has_left:
            return Recipient(own, said.person_given)
    return None


def _came_by_merge(case: Case) -> bool:
    standing = Merge.objects.filter(undone_at__isnull=True).values("pk")
    moved = MergeMove.objects.filter(of_table="cases_case", row_id=case.pk, deed="moved", merge__in=standing)
    return moved.exists()


@dataclass(frozen=True, slots=True)
class FollowUpsWanted:
    """What is looked for in the list; an empty word does not narrow. ``months`` is a number in digits."""

    state: str = ""
    months: str = ""
    by: str = ""
    q: str = ""

    @property
    def query(self) -> str:
        """Return the query string: the same filters always give the same one."""
        query = QueryDict(mutable=True)
        query.update({one.name: value for one in fields(self) if (value := getattr(self, one.name))})
        return query.urlencode()


def read_wanted(text: str) -> FollowUpsWanted:
    """Return the filters of a query string; what is unknown is left out."""
    query = QueryDict(text)
    given: dict[str, Any] = {one.name: clean_text(query.get(one.name, ""))[:100] for one in fields(FollowUpsWanted)}
    given["state"] = given["state"] if given["state"] in STATES else ""
    given["months"] = given["months"] if given["months"].isascii() and given["months"].isdigit() and len(given["months"]) < 3 else ""
    return FollowUpsWanted(**given)


def follow_ups_wanted(wanted: FollowUpsWanted, actor: Actor) -> Any:
    """Return the follow-ups the actor may see that pass the filters; what was planned for later only when asked for."""
    found = FollowUp.objects.visible_to(actor).filter(_in_state(wanted.state))
    if wanted.months:
        found = found.filter(months=int(wanted.months))
    if wanted.by:
        found = found.filter(case__holder_id=wanted.by)
    if len(search_key(wanted.q)) >= 2:
        found = found.filter(case__in=Case.objects.visible_to(actor).containing(wanted.q).values("pk"))
    order = ["-answered_at", "pk"] if wanted.state in {"answered", "trouble"} else ["due_on", "pk"]
    return found.order_by(*order)


def _in_state(state: str) -> Q:
    open_ones = Q(answered_at__isnull=True, ended_at__isnull=True)
    troubled = Q(trouble__in=[Trouble.SAME, Trouble.OTHER], case__state=CaseState.CLOSED)
    conditions = {
        "": ~Q(due_on__gt=clock.today(), asked_at__isnull=True) & Q(ended_at__isnull=True) | Q(answered_at__isnull=False),
        "planned": open_ones & Q(asked_at__isnull=True, due_on__gt=clock.today()),
        "due": open_ones & Q(asked_at__isnull=True, due_on__lte=clock.today()),
        "phone": open_ones & Q(asked_how=AskedHow.PHONE),
        "asked": open_ones & Q(asked_at__isnull=False) & ~Q(asked_how=AskedHow.PHONE),
        "answered": Q(answered_at__isnull=False), "trouble": troubled, "ended": Q(ended_at__isnull=False),
    }  # fmt: skip
    return conditions[state]
