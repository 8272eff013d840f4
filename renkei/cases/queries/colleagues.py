"""Whom to choose among the people of a body: who fits, and who has least to carry, both told beside the name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from renkei.accounts.models import Absence, Membership
from renkei.accounts.queries import away_in, members_of
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.text import search_key
from renkei.cases.models import Case, Support
from renkei.cases.states import AT_WORK, SupportState
from renkei.matching.models import Entry, EntryKind, Load
from renkei.matching.tying import ACCOUNT
from renkei.plan.queries import content_now


@dataclass(frozen=True, slots=True)
class Carried:
    """What a person has in hand in a body: open cases held, supports asked or at work, next steps overdue."""

    held: int = 0
    supports: int = 0
    late: int = 0

    @property
    def total(self) -> int:
        """Return how much it is; what is late counts twice, as it is work and has waited."""
        return self.held + self.supports + self.late


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of a body as somebody to choose: what the person carries, and which specialities fit the case."""

    membership: Membership
    carried: Carried = Carried()
    fits: tuple[str, ...] = ()
    away: Absence | None = None

    @property
    def person(self) -> uuid.UUID:
        """Return the person's id."""
        return self.membership.person_id

    @property
    def rank(self) -> tuple[bool, bool, int, str]:
        """Sort by: who is there first, then a fitting speciality, then the least to carry, then the name."""
        return (self.away is not None, not self.fits, self.carried.total, self.membership.person.kana)


@dataclass(frozen=True, slots=True)
class Manned:
    """How much a body has in hand as far as everybody may know it, and who is there: counts only, no case is named."""

    supports: int = 0
    by_service: dict[str, int] = field(default_factory=dict)
    people: int = 0
    away: int = 0
    back_on: dt.date | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether everybody who works there is away today; ``back_on`` is then the first day somebody is back."""
        return 0 < self.people <= self.away


def manned() -> dict[str, Manned]:
    """Return, by body, the open supports the worker counted last, the people of today and how many of them are away."""
    counts: dict[str, dict[str, int]] = {}
    loads = Load.objects.filter(entry__isnull=True, service__isnull=False, open_count__gt=0)
    for body, service, count in loads.values_list("body_id", "service_id", "open_count"):
        counts.setdefault(body, {})[str(service)] = count
    people: dict[str, set[uuid.UUID]] = {}
    for body, person in Membership.objects.holding().values_list("body_id", "person_id"):
        people.setdefault(body, set()).add(person)
    back: dict[str, dict[uuid.UUID, dt.date]] = {}
    for body, person, until in Absence.objects.on(clock.today()).values_list("body_id", "person_id", "until"):
        if person in people.get(body, set()):
            back.setdefault(body, {})[person] = until + dt.timedelta(days=1)
    return {
        body: Manned(sum(counts.get(body, {}).values()), counts.get(body, {}), len(people.get(body, set())), len(back.get(body, {})),
                     min(back.get(body, {}).values(), default=None))
        for body in {*counts, *people}
    }  # fmt: skip


@dataclass(slots=True)
class Share:
    """Deal cases out: each to whoever fits and carries least, counting what was dealt before."""

    people: list[Colleague]
    dealt: dict[uuid.UUID, int] = field(default_factory=dict)

    def next_for(self, words: str) -> Colleague | None:
        """Return who should get a case with these words; None when there is nobody."""
        rated = [(one.away is not None, not fitting(one.membership, words), one.carried.total + self.dealt.get(one.person, 0), place, one)
                 for place, one in enumerate(self.people)]  # fmt: skip
        if not rated:
            return None
        best = min(rated, key=lambda row: row[:4])[4]
        self.dealt[best.person] = self.dealt.get(best.person, 0) + 1
        return best


def carried_in(body: str, actor: Actor) -> dict[uuid.UUID, Carried]:
    """Return what each person of ``body`` has in hand, as far as the actor sees it, in three queries."""
    seen = Case.objects.visible_to(actor).open().order_by()
    held = _counts(seen.filter(holder_id=body, holder_person__isnull=False).values_list("holder_person").annotate(n=Count("pk")))
    late = _counts(
        seen.filter(next_body_id=body, next_person__isnull=False, next_on__lt=clock.today())
        .values_list("next_person").annotate(n=Count("pk"))
    )  # fmt: skip
    asked = Support.objects.visible_to(actor).filter(body_id=body, person__isnull=False).order_by()
    asked = asked.filter(Q(state__in=AT_WORK) | Q(state=SupportState.OFFERED))
    supports = _counts(asked.values_list("person").annotate(n=Count("pk")))
    return {
        one: Carried(held.get(one, 0), supports.get(one, 0), late.get(one, 0)) for one in {*held, *late, *supports}
    }


def loads_to_push() -> list[tuple[str, str, int, int]]:
    """Return (body, service, open supports, asked in twelve months) where the matcher knows other counts. For the worker."""
    now = _asked_and_open("body_id", "service_id")
    rows = Load.objects.filter(entry__isnull=True, service__isnull=False)
    known = {
        (body, str(service)): (count, asked)
        for body, service, count, asked in rows.values_list("body_id", "service_id", "open_count", "asked_count")
    }
    differing = {key for key in {*now, *known} if now.get(key, (0, 0)) != known.get(key, (0, 0))}
    return [(*key, *now.get(key, (0, 0))) for key in sorted(differing)]


def person_loads_to_push() -> list[tuple[str, str, int, int]]:
    """Return (body, entry, on hand, asked in twelve months) where the matcher knows other counts of a person. For the worker.

    On hand are the open cases held for the body and its supports asked or at work; nobody's, once an entry is tied to no account.
    """
    tied = Entry.objects.filter(kind=EntryKind.PERSON, facts__has_key=ACCOUNT, body__isnull=False, withdrawn_on=None)
    people = {(body, entry): (body, uuid.UUID(account)) for entry, body, account in tied.values_list("pk", "body_id", f"facts__{ACCOUNT}")}
    persons = {person for _body, person in people.values()}
    held = Counter(Case.objects.open().filter(holder_person__in=persons).order_by().values_list("holder_id", "holder_person_id"))
    asked = _asked_and_open("body_id", "person_id", of=Q(person__in=persons))
    now = {}
    for key, whose in people.items():
        supports, year = asked.get(whose, (0, 0))
        now[key] = (held[whose] + supports, year)
    rows = Load.objects.filter(entry__isnull=False).values_list("body_id", "entry_id", "open_count", "asked_count")
    known = {(body, str(entry)): (count, year) for body, entry, count, year in rows}
    return [(*key, *now.get(key, (0, 0))) for key in sorted({*now, *known}) if now.get(key, (0, 0)) != known.get(key, (0, 0))]


def _asked_and_open(*by: str, of: Q | None = None) -> dict[tuple[Any, Any], tuple[int, int]]:
    """Return, by two columns, the supports open now and the requests of the last twelve months that were not taken back."""
    is_open = Q(state__in=[SupportState.OFFERED, *AT_WORK]) & ~Q(case__state="closed")
    asked = Q(offered_at__gte=clock.now() - dt.timedelta(days=365)) & ~Q(state__in=[SupportState.PROPOSED, SupportState.RECALLED])
    rows = Support.objects.filter(of or Q()).order_by().values_list(*by).annotate(
        now=Count("pk", filter=is_open), year=Count("pk", filter=asked)
    )  # fmt: skip
    return {(one, other): (now, year) for one, other, now, year in rows if now or year}


def colleagues(
    body: str, actor: Actor, *, case: Case | None = None, on: dt.date | None = None, without: uuid.UUID | None = None
) -> list[Colleague]:
    """Return the members of ``body`` on a day (today), the best choice for ``case`` first."""
    carried = carried_in(body, actor)
    words = words_of(case) if case is not None else ""
    away = away_in(body, on)
    found = [
        Colleague(one, carried.get(one.person_id, Carried()), fitting(one, words), away.get(one.person_id))
        for one in members_of(body, on) if one.person_id != without
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.rank)


def words_of(case: Case, needs: Iterable[str] = ()) -> str:
    """Return what a speciality is compared with: title, summary, needs and the plan's words for its fields."""
    content = content_now()
    terms = [content.word("tech_fields", code) for code in case.tech_fields]
    terms += [content.word("themes", code) for code in case.themes]
    return search_key(" ".join([case.title, case.summary, *needs, *terms]))


def fitting(membership: Membership, words: str) -> tuple[str, ...]:
    """Return the person's specialities that the words name; ``words`` as ``words_of`` returns them."""
    return tuple(
        word for word in membership.specialities
        if len(key := search_key(str(word))) > 1 and key in words
    )  # fmt: skip


def _counts(rows: Iterable[tuple[uuid.UUID, int]]) -> dict[uuid.UUID, int]:
    return dict(rows)
