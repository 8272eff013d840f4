"""Narrow the list of cases: one set of named filters for the table, saved views, alerts, bulk deeds and exports.

A filter is a word in a query string; what is not known is left out here and named beside its field by the page.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields

from django.db.models import Count, F, Q
from django.db.models.expressions import OrderBy
from django.http import QueryDict

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import clean_text, search_key
from renkei.cases.models import Case, Need, Support
from renkei.cases.models.case import CaseQuerySet
from renkei.cases.states import SEEN_BY_BODY, CaseState

AGES: dict[str, tuple[int | None, int | None]] = {"30": (None, 30), "60": (31, 60), "61": (61, None)}
MINE, QUEUE = "mine", "queue"
DEFAULT_ORDER = "due"
ORDERS: dict[str, list[str | OrderBy]] = {
    "due": [F("next_on").asc(nulls_last=True), F("next_time").asc(nulls_last=True), "arrived_at", "pk"],
    "old": ["arrived_at", "pk"],
    "new": ["-arrived_at", "pk"],
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; an empty word does not narrow. ``who`` is mine, queue (nobody yet) or a person's id."""

    q: str = ""
    by: str = ""
    asked: str = ""
    stage: str = ""
    state: str = ""
    field: str = ""
    tech: str = ""
    area: str = ""
    company: str = ""
    who: str = ""
    age: str = ""
    late: str = ""
    idle: str = ""
    order: str = ""

    @property
    def query(self) -> str:
        """Return the query string: the same filters always give the same one."""
        return wanted_query({one.name: getattr(self, one.name) for one in fields(self)})


NAMES = tuple(one.name for one in fields(Wanted))


def wanted_query(given: Mapping[str, str]) -> str:
    """Return a query string of the filters that are set, in a fixed order."""
    query = QueryDict(mutable=True)
    for name in NAMES:
        if given.get(name):
            query[name] = given[name]
    return query.urlencode()


def read_query(text: str) -> dict[str, str]:
    """Return the filters of a query string; what is no filter of the list (a page number) is left out."""
    query = QueryDict(text)
    return {name: value for name in NAMES if (value := clean_text(query.get(name, "")))}


def cases_wanted(wanted: Wanted, actor: Actor) -> CaseQuerySet:
    """Return the cases the actor may see that pass the filters, in the chosen order."""
    found = narrowed(Case.objects.visible_to(actor), wanted, actor)
    return found.order_by(*ORDERS.get(wanted.order, ORDERS[DEFAULT_ORDER]))


def narrowed(found: CaseQuerySet, wanted: Wanted, actor: Actor) -> CaseQuerySet:
    """Return ``found`` narrowed by everything that is set."""
    if not wanted.state or wanted.state == "open":
        found = found.open()
    elif wanted.state in CaseState.values:
        found = found.filter(state=wanted.state)
    if len(search_key(wanted.q)) >= 2:
        found = found.containing(wanted.q)
    if wanted.late:
        found = found.overdue()
    if wanted.idle:
        found = found.open().filter(idle_told_at__isnull=False)
    return found.filter(_plain(wanted), _linked(wanted, actor), _of_person(wanted.who, actor), of_age(wanted.age))


def _plain(wanted: Wanted) -> Q:
    """Return the conditions on the case's own columns."""
    condition = Q()
    if wanted.by:
        condition &= Q(holder_id=wanted.by)
    if wanted.field:
        condition &= Q(support_field=wanted.field)
    if wanted.tech:
        condition &= Q(tech_fields__contains=[wanted.tech])
    if company := as_id(wanted.company):
        condition &= Q(company_id=company)
    if wanted.area:
        condition &= Q(company__municipality__areas__contains=[wanted.area])
    return condition


def _linked(wanted: Wanted, actor: Actor) -> Q:
    """Return the conditions on needs and supports, as sets: a join would show a case twice and count it twice."""
    condition = Q()
    if wanted.stage:
        condition &= Q(pk__in=Need.objects.visible_to(actor).filter(stage_id=wanted.stage).values("case_id"))
    if wanted.asked:
        asked = Support.objects.visible_to(actor).filter(body_id=wanted.asked, state__in=SEEN_BY_BODY)
        condition &= Q(pk__in=asked.values("case_id"))
    return condition


def _of_person(who: str, actor: Actor) -> Q:
    if who == MINE:
        return Q(holder_person_id=actor.person) | Q(next_person_id=actor.person)
    if who == QUEUE:
        return Q(holder_id=actor.body, holder_person__isnull=True)
    person = as_id(who)
    return Q(holder_person_id=person) | Q(next_person_id=person) if person else Q()


def as_id(text: str) -> uuid.UUID | None:
    """Return an id written in a query string, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def of_age(age: str) -> Q:
    """Return the condition for an age band: the day of arrival is the first day."""
    least, most = AGES.get(age, (None, None))
    tomorrow = clock.at(clock.today() + dt.timedelta(days=1), 0)
    condition = Q()
    if least is not None:
        condition &= Q(arrived_at__lt=tomorrow - dt.timedelta(days=least - 1))
    if most is not None:
        condition &= Q(arrived_at__gte=tomorrow - dt.timedelta(days=most))
    return condition


@dataclass(frozen=True, slots=True)
class Facets:
    """How many of the cases that are listed fall under a value of a filter; empty beyond what is counted cheaply."""

    bodies: dict[str, int]
    stages: dict[str, int]
    others: dict[str, int]


def facets(found: CaseQuerySet, actor: Actor) -> Facets:
    """Return the counts in two queries over the narrowed set: by holder (with age, lateness, person), and by stage."""
    bands = {f"age={code}": Count("pk", filter=of_age(code)) for code in AGES}
    bands["late=on"] = Count("pk", filter=Q(next_on__lt=clock.today()))
    bands["idle=on"] = Count("pk", filter=Q(idle_told_at__isnull=False))
    bands["who=mine"] = Count("pk", filter=_of_person(MINE, actor))
    bands["who=queue"] = Count("pk", filter=_of_person(QUEUE, actor))
    aliases = {f"n{place}": count for place, count in enumerate(bands.values())}
    rows = list(found.order_by().values_list("holder_id").annotate(n=Count("pk"), **aliases))
    others = {name: sum(row[2 + place] for row in rows) for place, name in enumerate(bands)}
    needs = Need.objects.visible_to(actor).filter(case__in=found.order_by().values("pk"), state="open")
    stages = dict(needs.order_by().values_list("stage_id").annotate(n=Count("case_id", distinct=True)))
    return Facets({row[0]: row[1] for row in rows}, stages, {name: n for name, n in others.items() if n})
