"""All cases of a firm in plain words: who holds each, what happens next, what the firm is asked."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from renkei.base.actor import Actor
from renkei.cases.models import Case, ConsentRequest, FollowUp, Message
from renkei.cases.models.case import CaseQuerySet
from renkei.cases.states import CaseState
from renkei.portal.status.page import open_questions
from renkei.portal.status.words import class_words, next_words, state_words


@dataclass(frozen=True, slots=True)
class FirmCase:
    """One case as the firm reads it in a list."""

    case: Case
    state: str
    next_words: str
    questions: list[Message] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Return how many answers the firm owes."""
        return len(self.questions) + len(self.requests)


def cases_of(company: uuid.UUID, actor: Actor) -> CaseQuerySet:
    """Return the firm's cases with who holds them."""
    seen = Case.objects.visible_to(actor).filter(company_id=company)
    return seen.select_related("holder", "holder_person", "company").order_by("-arrived_at")


def firm_cases(cases: CaseQuerySet, actor: Actor) -> list[FirmCase]:
    """Return the cases in words; three queries, however many there are. What the firm is asked comes first."""
    rows = list(cases)
    keys = [one.pk for one in rows if one.is_open]
    messages: dict[uuid.UUID, list[Message]] = defaultdict(list)
    for message in Message.objects.visible_to(actor).filter(case__in=keys).select_related("author_body").order_by("-sent_at"):
        messages[message.case_id].append(message)
    requests: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    waiting = ConsentRequest.objects.visible_to(actor).filter(case__in=keys, answered_at__isnull=True)
    for one in waiting.select_related("body", "asked_by_body"):
        requests[one.case_id].append({"request": one, "words": class_words(one.classes)})
    made = [_row(case, open_questions(messages[case.pk]), requests[case.pk]) for case in rows]
    return sorted(made, key=lambda row: not row.asked)


def open_follow_ups(company: uuid.UUID, actor: Actor) -> list[FollowUp]:
    """Return what the firm is asked about cases that ended, the newest question first."""
    rows = FollowUp.objects.visible_to(actor).waiting().filter(case__company=company, case__state=CaseState.CLOSED)
    return list(rows.select_related("case").order_by("-asked_at"))


def _row(case: Case, questions: list[Message], requests: list[dict[str, Any]]) -> FirmCase:
    words = next_words(case, firm_is_asked=bool(questions or requests)) if case.is_open else ""
    return FirmCase(case, state_words(case), words, questions, requests)
