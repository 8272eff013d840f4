"""The day of a body: what is overdue, whom to call, what is due, what has arrived. A fixed number of queries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Left

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Consultation, Contact
from renkei.cases.states import CaseState
from renkei.plan.queries import business_days_between, content_now, is_front_desk
from renkei.post.models import NoticeReceipt

AHEAD = dt.timedelta(days=21)
MOST_ARRIVALS, MOST_COMING, MOST_ROWS = 20, 6, 40


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list: who, what happens next, who moves, by when. ``days`` is business days left, negative if late.

    ``attempts`` counts calls in vain of the last 14 days, ``called_at`` is when somebody was reached today.
    """

    id: uuid.UUID
    number: str
    company: str
    title: str
    state: str
    what: str
    kind: str
    on: dt.date | None
    at: dt.time | None
    phone: str
    holder: str
    body: str
    person: str
    days: int
    arrived_at: dt.datetime
    channel: str = ""
    text: str = ""
    attempts: int = 0
    called_at: dt.datetime | None = None
    stage: str = ""

    @property
    def is_late(self) -> bool:
        """Tell whether the day has passed."""
        return self.on is not None and self.on < clock.today()

    @property
    def age(self) -> int:
        """Return the day of its life: the day of arrival is the first."""
        return (clock.today() - self.arrived_at.astimezone(clock.JST).date()).days + 1


@dataclass(frozen=True, slots=True)
class Today:
    """The first page of a working day."""

    overdue: list[CaseRow] = field(default_factory=list)
    calls: list[CaseRow] = field(default_factory=list)
    due_today: list[CaseRow] = field(default_factory=list)
    arrivals: list[CaseRow] = field(default_factory=list)
    coming: list[CaseRow] = field(default_factory=list)
    notices: list[NoticeReceipt] = field(default_factory=list)
    overdue_count: int = 0
    due_today_count: int = 0
    arrivals_count: int = 0

    @property
    def calls_left(self) -> int:
        """Return how many calls nobody has made yet today."""
        return sum(row.called_at is None for row in self.calls)


_SHOWN = (
    "number", "company_given", "title", "state", "next_step", "next_kind", "next_on", "next_time", "next_phone", "arrived_at",
    "company__name", "holder__short", "next_body__short", "next_person__name",
)  # fmt: skip


def concerning(actor: Actor, body: str) -> QuerySet[Case]:
    """Return open cases in which ``body`` moves or holds; for the front desk all that were sent to it."""
    mine = Q(holder_id=body) | Q(next_body_id=body)
    if is_front_desk(body):
        mine |= Q(at_desk=True)
    return Case.objects.visible_to(actor).open().filter(mine)


def rows_of(cases: QuerySet[Case]) -> list[CaseRow]:
    """Return rows for a list, in one query; firms the body does not know show the name given with the case."""
    return as_rows(slim(cases))


def slim(cases: QuerySet[Case], *more: str) -> QuerySet[Case]:
    """Load what a row shows and nothing more: whole cases, firms and people made the day's page a third slower."""
    return cases.select_related("company", "holder", "next_body", "next_person").only(*_SHOWN, *more)


def as_rows(cases: Iterable[Case]) -> list[CaseRow]:
    """Return rows of cases with holder, next body and next person loaded; each day's distance is counted once."""
    start, closed = clock.today(), content_now().closed_days
    days: dict[dt.date | None, int] = {None: 0}
    rows = []
    for case in cases:
        if case.next_on not in days and case.next_on:
            days[case.next_on] = business_days_between(start, case.next_on, closed)
        rows.append(_row(case, days[case.next_on]))
    return rows


def _row(case: Case, days: int) -> CaseRow:
    return CaseRow(
        id=case.pk, number=case.number, company=case.company_name, title=case.title, state=case.state,
        what=case.next_step, kind=case.next_kind, on=case.next_on, at=case.next_time, phone=case.next_phone,
        holder=case.holder.short, body=case.next_body.short,
        person=case.next_person.surname if case.next_person else "",
        days=days, arrived_at=case.arrived_at, stage=getattr(case, "stage", None) or "",
    )  # fmt: skip


def today(actor: Actor, body: str) -> Today:
    """Return the day of ``body``: the same number of queries however much there is to do."""
    day = clock.today()
    mine = concerning(actor, body).order_by("next_on", "next_time", "arrived_at", "pk")
    late, now = mine.filter(next_on__lt=day), mine.filter(next_on=day)
    ahead = mine.filter(next_on__gt=day, next_on__lte=day + AHEAD).exclude(state=CaseState.ARRIVED)
    arrived = mine.filter(state=CaseState.ARRIVED)
    counts = mine.order_by().aggregate(
        overdue_count=Count("pk", filter=Q(next_on__lt=day)),
        due_today_count=Count("pk", filter=Q(next_on=day) & ~Q(next_kind="call")),
        arrivals_count=Count("pk", filter=Q(state=CaseState.ARRIVED)),
    )
    calls = rows_of(now.filter(next_kind="call")[:MOST_ROWS])
    calls = sorted(_with_attempts(calls, actor) + _called_today(actor, body, {row.id for row in calls}),
                   key=lambda row: (row.called_at is not None, row.at or dt.time.max))
    return Today(
        overdue=rows_of(late[:MOST_ROWS]),
        calls=calls,
        due_today=rows_of(now.exclude(next_kind="call")[:MOST_ROWS]),
        arrivals=with_words(rows_of(arrived[:MOST_ARRIVALS]), actor),
        coming=rows_of(ahead[:MOST_COMING]),
        notices=list(
            NoticeReceipt.objects.filter(body=body, read_at__isnull=True).select_related("notice")
            .order_by("-notice__sent_at")[:10]
        ),
        **counts,
    )  # fmt: skip


def with_words(rows: list[CaseRow], actor: Actor) -> list[CaseRow]:
    """Add channel and the beginning of the firm's words where the actor may read them, in one query."""
    content = content_now()
    said = Consultation.objects.visible_to(actor).filter(case__in=[row.id for row in rows]).order_by("-consulted_at")
    words = {case: (channel, text) for case, channel, text in said.values_list("case_id", "channel", Left("text", 80))}
    return [
        replace(row, channel=content.word("channels", words[row.id][0]), text=words[row.id][1].replace("\n", " "))
        if row.id in words else row for row in rows
    ]  # fmt: skip


def _with_attempts(rows: list[CaseRow], actor: Actor) -> list[CaseRow]:
    tries = dict(
        Contact.objects.visible_to(actor).filter(case__in=[row.id for row in rows], outcome="absent")
        .filter(happened_at__gte=clock.now() - dt.timedelta(days=14))
        .values_list("case_id").annotate(n=Count("pk"))
    )  # fmt: skip
    return [replace(row, attempts=tries.get(row.id, 0)) for row in rows]


def _called_today(actor: Actor, body: str, waiting: set[uuid.UUID]) -> list[CaseRow]:
    """Return cases whose firm was reached by telephone today, so that the list shows what is done."""
    midnight = clock.at(clock.today(), 0)
    reached = dict(
        Contact.objects.visible_to(actor).filter(author_body_id=body, channel="phone", happened_at__gte=midnight)
        .exclude(outcome="absent").values_list("case_id").annotate(at=Max("happened_at"))
    )  # fmt: skip
    done = rows_of(Case.objects.visible_to(actor).filter(pk__in=set(reached) - waiting))
    return [replace(row, called_at=reached[row.id]) for row in done]
