"""The day of a body: what is overdue, whom to call, what is due, what has arrived. A fixed number of queries."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Left

from renkei.accounts.models import surname
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.memo import once
from renkei.cases.models import Case, Consultation, Contact
from renkei.cases.states import CaseState
from renkei.plan.queries import business_days_between, content_now, is_front_desk
from renkei.post.models import NoticeReceipt

AHEAD = dt.timedelta(days=21)
MOST_ARRIVALS, MOST_COMING, MOST_ROWS = 8, 6, 40


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
    "number", "company", "company_given", "title", "state", "holder", "next_step", "next_kind", "next_on", "next_time", "next_phone",
    "next_body", "next_person", "arrived_at", "received_by", "at_desk",
)  # fmt: skip
_NAMES = """
    SELECT id::text, name FROM companies_company WHERE id = ANY (%s) UNION ALL
    SELECT id::text, name FROM accounts_person WHERE id = ANY (%s) UNION ALL SELECT code, short FROM plan_body
"""


def concerning(actor: Actor, body: str) -> QuerySet[Case]:
    """Return open cases in which ``body`` moves or holds; for the front desk all that were sent to it."""
    mine = Q(holder_id=body) | Q(next_body_id=body)
    if is_front_desk(body):
        mine |= Q(at_desk=True)
    return Case.objects.visible_to(actor).open().filter(mine)


def slim(cases: QuerySet[Case], *more: str) -> QuerySet[Case]:
    """Load what a row shows of the case itself and nothing more; ``as_rows`` asks for the names of firms, bodies and people.

    Joined, firms were compared one by one with every case: under its policy PostgreSQL takes the table for far smaller than it is.
    """
    return cases.only(*_SHOWN, *more)


def as_rows(cases: Iterable[Case]) -> list[CaseRow]:
    """Return rows of ``slim`` cases, in one query for all their names; each day's distance is counted once."""
    given, start, closed = list(cases), clock.today(), content_now().closed_days
    names = _names(given)
    days: dict[dt.date | None, int] = {None: 0}
    rows = []
    for case in given:
        if case.next_on not in days and case.next_on:
            days[case.next_on] = business_days_between(start, case.next_on, closed)
        rows.append(_row(case, days[case.next_on], names))
    return rows


def _names(cases: list[Case]) -> dict[str, str]:
    """Return the names of firms the reader may know of, of people and of bodies, by id or code."""
    firms, people = ({getattr(case, key) for case in cases} - {None} for key in ("company_id", "next_person_id"))
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [list(firms), list(people)])
        return dict(cursor.fetchall())


def _row(case: Case, days: int, names: dict[str, str]) -> CaseRow:
    return CaseRow(
        id=case.pk, number=case.number, company=names.get(str(case.company_id)) or case.company_given, title=case.title,
        state=case.state, what=case.next_step, kind=case.next_kind, on=case.next_on, at=case.next_time, phone=case.next_phone,
        holder=names[case.holder_id], body=names[case.next_body_id], person=surname(names.get(str(case.next_person_id), "")),
        days=days, arrived_at=case.arrived_at, stage=getattr(case, "stage", None) or "",
    )  # fmt: skip


def today(actor: Actor, body: str) -> Today:
    """Return the day of ``body``: the same number of queries however much there is to do."""
    day = clock.today()
    mine = concerning(actor, body).order_by("next_on", "next_time", "arrived_at", "pk")
    late, now = mine.filter(next_on__lt=day), mine.filter(next_on=day)
    ahead = mine.filter(next_on__gt=day, next_on__lte=day + AHEAD).exclude(state=CaseState.ARRIVED)
    arrived = mine.filter(state=CaseState.ARRIVED)
    counts, reached = day_counts(actor, body), _reached_today(actor, body)
    lists = [list(slim(found)) for found in (
        late[:MOST_ROWS], now.filter(next_kind="call")[:MOST_ROWS], now.exclude(next_kind="call")[:MOST_ROWS], arrived[:MOST_ARRIVALS],
        ahead[:MOST_COMING], Case.objects.visible_to(actor).filter(pk__in=reached),
    )]  # fmt: skip
    rows = iter(as_rows(chain(*lists)))
    overdue, waiting, due_today, arrivals, coming, done = (list(islice(rows, len(found))) for found in lists)
    to_call = {row.id for row in waiting}
    calls = _with_attempts(waiting, lists[1], actor) + [replace(row, called_at=reached[row.id]) for row in done if row.id not in to_call]
    return Today(
        overdue=overdue,
        calls=sorted(calls, key=lambda row: (row.called_at is not None, row.at or dt.time.max)),
        due_today=due_today,
        arrivals=with_words(arrivals, lists[3], actor),
        coming=coming,
        notices=list(
            NoticeReceipt.objects.filter(body=body, read_at__isnull=True).select_related("notice")
            .order_by("-notice__sent_at")[:10]
        ),
        overdue_count=counts["overdue"], due_today_count=counts["due_today"], arrivals_count=counts["arrivals"],
    )  # fmt: skip


def day_counts(actor: Actor, body: str) -> dict[str, int]:
    """Return how many cases wait in the inbox, are overdue, to be called or due today, or have arrived; asked once a page."""
    day = clock.today()
    waiting = Q(holder_id=body) & (Q(state=CaseState.ARRIVED) | Q(next_kind="answer"))
    counted = {
        "inbox": waiting, "overdue": Q(next_on__lt=day), "calls": Q(next_on=day, next_kind="call"),
        "due_today": Q(next_on=day) & ~Q(next_kind="call"), "arrivals": Q(state=CaseState.ARRIVED),
    }  # fmt: skip
    asked = {name: Count("pk", filter=which) for name, which in counted.items()}
    return once(("counts of the day", actor, body), lambda: concerning(actor, body).aggregate(**asked))


def with_words(rows: list[CaseRow], cases: list[Case], actor: Actor) -> list[CaseRow]:
    """Add channel and the beginning of the firm's words where the actor may read them, in one query; ``cases`` are those of the rows."""
    content = content_now()
    said = Consultation.objects.visible_to(actor, cases).order_by("-consulted_at")
    words = {case: (channel, text) for case, channel, text in said.values_list("case_id", "channel", Left("text", 80))}
    return [
        replace(row, channel=content.word("channels", words[row.id][0]), text=words[row.id][1].replace("\n", " "))
        if row.id in words else row for row in rows
    ]  # fmt: skip


def _with_attempts(rows: list[CaseRow], cases: list[Case], actor: Actor) -> list[CaseRow]:
    tries = dict(
        Contact.objects.visible_to(actor, cases).filter(outcome="absent")
        .filter(happened_at__gte=clock.now() - dt.timedelta(days=14))
        .values_list("case_id").annotate(n=Count("pk"))
    )  # fmt: skip
    return [replace(row, attempts=tries.get(row.id, 0)) for row in rows]


def _reached_today(actor: Actor, body: str) -> dict[uuid.UUID, dt.datetime]:
    """Return the cases whose firm a body of the actor's reached by telephone today, and when: of what it sees, the list shows what is done.

    Its own writing it reads in every case it sees, so which class it is of is not asked.
    """
    midnight = clock.at(clock.today(), 0)
    own = Contact.objects.filter(author_body_id=body) if actor.body == body else Contact.objects.none()
    return dict(
        own.filter(channel="phone", happened_at__gte=midnight)
        .exclude(outcome="absent").values_list("case_id").annotate(at=Max("happened_at"))
    )  # fmt: skip
