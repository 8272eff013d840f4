"""With whom a body's requests are: its researchers and partners by name, since when, and whose word is awaited [C85]."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Opening, PartnerFile, PartnerNote


@dataclass(frozen=True, slots=True)
class Handed:
    """One person who has a part of a case: ``heard_at`` is their last word (a message or a file), ``told_at`` the body's."""

    opening: Opening
    heard_at: dt.datetime | None
    told_at: dt.datetime | None

    @property
    def since(self) -> dt.datetime:
        """Return since when the person may read, or since when the firm is asked."""
        return self.opening.given_at or self.opening.asked_at

    @property
    def has_news(self) -> bool:
        """Tell whether the last word is theirs: the body is to answer."""
        return self.heard_at is not None and (self.told_at is None or self.told_at < self.heard_at)

    @property
    def is_awaited(self) -> bool:
        """Tell whether their word is awaited. While the firm is asked, nobody awaits theirs."""
        return self.opening.given_at is not None and not self.has_news


def handed_by_case(cases: Iterable[uuid.UUID], *, actor: Actor) -> dict[uuid.UUID, list[Handed]]:
    """Return who has a part of these cases through the actor's body today, the latest first; a second query where anybody has."""
    found: dict[uuid.UUID, list[Handed]] = defaultdict(list)
    standing = list(_own(actor).filter(case_id__in=list(cases)).order_by("-asked_at", "pk"))
    last = _last_words([one.pk for one in standing]) if standing else {}
    for one in standing:
        found[one.case_id].append(Handed(one, last.get((one.pk, True)), last.get((one.pk, False))))
    return found


def _last_words(openings: list[uuid.UUID]) -> dict[tuple[uuid.UUID, bool], dt.datetime]:
    """Return when the last message or file of each side was, by opening and whether it was the partner's."""
    of_side = ("opening_id", "from_partner")
    notes = PartnerNote.objects.filter(opening__in=openings).order_by().values_list(*of_side).annotate(at=Max("written_at"))
    files = PartnerFile.objects.filter(opening__in=openings).order_by().values_list(*of_side).annotate(at=Max("added_at"))
    last: dict[tuple[uuid.UUID, bool], dt.datetime] = {}
    for opening, from_partner, at in notes.union(files, all=True):
        last[opening, from_partner] = max(at, last.get((opening, from_partner), at))
    return last


def handed_cases(actor: Actor, *, awaited: bool = False) -> QuerySet[Opening]:
    """Return the ids of the cases somebody has a part of through the actor's body; ``awaited``: whose word is awaited."""
    rows = _own(actor)
    if awaited:  # as ``Handed.is_awaited`` says
        rows = rows.annotate(heard_at=_last(from_partner=True), told_at=_last(from_partner=False))
        rows = rows.filter(Q(heard_at__isnull=True) | Q(told_at__gte=F("heard_at")), given_at__isnull=False)
    return rows.order_by().values("case_id")  # type: ignore[return-value]  # one column of them


def _own(actor: Actor) -> QuerySet[Opening]:
    ends = Q(until__isnull=True) | Q(until__gte=clock.today())
    return Opening.objects.visible_to(actor).filter(ends, body_id=actor.body, ended_at__isnull=True, declined_at__isnull=True)


def _last(*, from_partner: bool) -> Greatest:
    """Return when the last message or file of one side was; nothing when there was none."""
    of_one = {"opening": OuterRef("pk"), "from_partner": from_partner}
    note = Subquery(PartnerNote.objects.filter(**of_one).order_by("-written_at").values("written_at")[:1])
    file = Subquery(PartnerFile.objects.filter(**of_one).order_by("-added_at").values("added_at")[:1])
    return Greatest(Coalesce(note, file), Coalesce(file, note))  # each stands in for the other when that is missing
