"""All open cases by stage, with what should worry first."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field, replace

from django.db.models import Case as When
from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models import When as If
from django.db.models.functions import Coalesce, RowNumber
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import shown_day
from renkei.cases.models import Case, Consent, Need
from renkei.cases.queries.finding import Wanted, narrowed
from renkei.cases.queries.today import CaseRow, as_rows, slim
from renkei.cases.states import CaseState, NeedState
from renkei.plan.queries import stages

ARRIVED = "arrived"
AGES = [
    ("", gettext_lazy("すべて"), None, None), ("30", gettext_lazy("30日まで"), None, 30),
    ("60", gettext_lazy("31日から60日"), 31, 60), ("61", gettext_lazy("61日から"), 61, None),
]  # fmt: skip
MOST_ALARMS, MOST_READ, CONSENT_AHEAD = 12, 100, dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class BoardFilters:
    """What the board is narrowed to: a holder's code, an age bucket (30, 60, 61), the order, cards a column, and more."""

    body: str = ""
    age: str = ""
    order: str = "date"
    limit: int = 8
    more: Wanted | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One stage: how many cases, and the first of them."""

    code: str
    name: str
    count: int
    rows: list[CaseRow]

    @property
    def more(self) -> int:
        """Return how many are not shown."""
        return self.count - len(self.rows)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter with its count."""

    code: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reason to look at a case: ``kind`` is late, idle or consent; ``text`` says what is wrong."""

    kind: str
    row: CaseRow
    text: str


@dataclass(frozen=True, slots=True)
class Board:
    """The board: alarms first, then the columns, and the filters with their counts."""

    columns: list[Column] = field(default_factory=list)
    bodies: list[Choice] = field(default_factory=list)
    ages: list[Choice] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    alarm_count: int = 0
    total: int = 0


def board(actor: Actor, filters: BoardFilters | None = None) -> Board:
    """Return the board in a fixed number of queries, however many cases there are."""
    chosen = filters or BoardFilters()
    everything = Case.objects.visible_to(actor).open()
    if chosen.more is not None:
        everything = narrowed(everything, replace(chosen.more, state="open"), actor)
    shown = _narrow(everything, chosen)
    counts = dict(shown.annotate(stage=_stage()).values_list("stage").annotate(n=Count("pk")).order_by())
    cards, (burning, ending, count) = list(_cards(shown, chosen)), _burning(actor, shown)
    rows = as_rows([*cards, *burning])
    rows, burning_rows = rows[:len(cards)], rows[len(cards):]
    names = {ARRIVED: _("振り分け前"), **{one.code: one.short for one in stages()}, "": _("課題を決める前")}
    columns = [
        Column(code, name, counts.get(code, 0), [row for row in rows if row.stage == code])
        for code, name in names.items() if code or counts.get("")
    ]  # fmt: skip
    alarms = _alarms(burning, burning_rows, ending)
    bodies, ages = _choices(everything)
    return Board(columns=columns, bodies=bodies, ages=ages, alarms=alarms[:MOST_ALARMS], alarm_count=len(alarms) if count is None else count,
                 total=sum(counts.values()))


def _stage() -> When:
    """Return where a case stands: not sorted yet, or the first stage with an open need (across comes last)."""
    first = Need.objects.filter(case=OuterRef("pk"), state=NeedState.OPEN).order_by("stage__order").values("stage_id")[:1]
    stage = Coalesce(Subquery(first), Value(""), output_field=CharField())
    return When(If(state=CaseState.ARRIVED, then=Value(ARRIVED)), default=stage, output_field=CharField())


def _narrow(cases: QuerySet[Case], chosen: BoardFilters) -> QuerySet[Case]:
    if chosen.body:
        cases = cases.filter(holder_id=chosen.body)
    return cases.filter(_age(chosen.age))


def _age(code: str) -> Q:
    """Return the condition of an age bucket; the day of arrival is the first day."""
    least, most = next(((low, high) for key, _name, low, high in AGES if key == code), (None, None))
    tomorrow = clock.at(clock.today() + dt.timedelta(days=1), 0)
    condition = Q()
    if least is not None:
        condition &= Q(arrived_at__lt=tomorrow - dt.timedelta(days=least - 1))
    if most is not None:
        condition &= Q(arrived_at__gte=tomorrow - dt.timedelta(days=most))
    return condition


def _cards(cases: QuerySet[Case], chosen: BoardFilters) -> QuerySet[Case]:
    order = ["arrived_at", "pk"] if chosen.order == "age" else ["next_on", "arrived_at", "pk"]
    placed = cases.annotate(stage=_stage()).annotate(
        place=Window(RowNumber(), partition_by=[F("stage")], order_by=order)
    )
    return slim(placed.filter(place__lte=chosen.limit).order_by("place"))


def _choices(cases: QuerySet[Case]) -> tuple[list[Choice], list[Choice]]:
    """Return the values of both filters with their counts, from one query over all open cases."""
    ages = {f"age{code}": Count("pk", filter=_age(code)) for code, *_ in AGES}
    names = ["holder__order", "holder_id", "holder__number", "holder__short"]
    rows = sorted(cases.order_by().values_list(*names).annotate(**ages))
    bodies = [Choice(code, f"{number}{short}", counts[0]) for _order, code, number, short, *counts in rows]
    sums = {code: sum(row[len(names) + n] for row in rows) for n, (code, *_) in enumerate(AGES)}
    return [Choice("", _("すべて"), sums[""]), *bodies], [Choice(code, str(name), sums[code]) for code, name, _least, _most in AGES]


def _burning(actor: Actor, cases: QuerySet[Case]) -> tuple[list[Case], dict[uuid.UUID, dt.date | None], int | None]:
    """Return what may be overdue, stand still or lose its consent, the consents' last days, and past a hundred how many there are."""
    soon = clock.today() + CONSENT_AHEAD
    ending = dict(
        Consent.objects.visible_to(actor).live().filter(until__lte=soon, case__in=cases).order_by("-until")
        .values_list("case_id", "until")
    )  # fmt: skip
    burning = Q(next_on__lt=clock.today()) | Q(idle_told_at__isnull=False) | Q(pk__in=set(ending))
    found = list(slim(cases.filter(burning), "idle_told_at").order_by("next_on", "pk")[:MOST_READ])
    return found, ending, None if len(found) < MOST_READ else cases.filter(burning).count()


def _alarms(burning: list[Case], rows: list[CaseRow], ending: dict[uuid.UUID, dt.date | None]) -> list[Alarm]:
    """Return why to look at each case, the worst first; each case once."""
    alarms = []
    for case, row in zip(burning, rows, strict=True):
        if row.is_late:
            alarms.append(Alarm("late", row, f"{row.what}（{row.body}）"))
        elif case.idle_told_at is not None:
            alarms.append(Alarm("idle", row, _("動きがありません")))
        elif day := ending.get(case.pk):
            alarms.append(Alarm("consent", row, _("同意が%(day)sまで") % {"day": shown_day(day, clock.today())}))
    return alarms
