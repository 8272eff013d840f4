"""What the rules propose for an agenda: needs that climbed, cases that stand still, what is new, what was promised [C88, C89, C93].

Nothing is put up by itself: people tick what is taken up. Each proposal carries who may read it, never more than the firm's consent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import written
from renkei.cases.models import Case, Escalation, Need
from renkei.cases.queries.ladder import tried_in_words
from renkei.cases.states import NeedState
from renkei.meetings.models import AgendaItem, ItemKind, ItemSource, Level, Meeting, Task
from renkei.meetings.queries import ladder_meetings, waiting
from renkei.meetings.rules import knowing
from renkei.plan.content import PlanContent
from renkei.plan.models import Body
from renkei.plan.queries import add_business_days, clock_named, content_now
from renkei.research.models import ActivityReport

MOST = 30  # of each kind: a meeting is two hours
_NAMED_TITLES = 8


@dataclass(frozen=True, slots=True)
class Proposed:
    """One thing the rules propose: ``why`` for who ticks it, the rest as it would stand on the agenda."""

    key: str
    kind: str
    title: str
    question: str
    why: str
    level: str = Level.ALL
    bodies: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    minutes: int = 10
    case: Case | None = None
    need: Need | None = None


# Reports that other packages table at a meeting: each is asked for what lies ready between two days [C88].
def _activity_reports(actor: Actor, since: dt.date, until: dt.date) -> list[Proposed]:
    """Propose the monthly reports that coordinators have tabled since the last meeting."""
    rows = ActivityReport.objects.visible_to(actor).tabled().filter(tabled_at__gte=clock.at(since, 0), month__lte=until)
    return [
        Proposed(f"activity:{one.pk}", ItemKind.REPORT, written("%(name)s　%(month)s月の活動報告") % {"name": one.person.name, "month": one.month.month},
                 one.text[:1000], _("コーディネーターが報告を出しました"))
        for one in rows.select_related("person")[:MOST]
    ]  # fmt: skip


REPORTS: list[Callable[[Actor, dt.date, dt.date], Iterable[Proposed]]] = [_activity_reports]


def proposals(meeting: Meeting, actor: Actor) -> list[Proposed]:
    """Return what may be put on the agenda, of the cases the actor sees from inside: escalated, standing still, new, promised, reported."""
    since = last_day(meeting)
    found = _escalated(meeting, actor) + _stalled(actor) + _new(meeting, actor, since) + _promised(meeting, actor)
    for ask in REPORTS:
        found += list(ask(actor, since, meeting.held_on))
    taken = set(AgendaItem.objects.visible_to(actor).filter(meeting=meeting).exclude(made_from="").values_list("made_from", flat=True))
    return [one for one in found if one.key not in taken]


def last_day(meeting: Meeting) -> dt.date:
    """Return the day of the meeting of the series before this one; without one, the first day of the fiscal year."""
    before = Meeting.objects.filter(plan_id=meeting.plan_id, series=meeting.series, held_on__lt=meeting.held_on).counted()
    return before.aggregate(last=Max("held_on"))["last"] or FiscalYear(meeting.fiscal_year).first_day


def _escalated(meeting: Meeting, actor: Actor) -> list[Proposed]:
    if meeting.pk not in {one.pk for one in ladder_meetings(actor)}:
        return []
    content, bodies = content_now(), Body.objects.in_bulk()
    return [_of_need(f"rung:{one.pk}", ItemKind.CASE, one.need, one.case, actor, why=_("会議の段で待っています"), rung=_tried(one, content, bodies))
            for one in waiting(actor)[:MOST]]  # fmt: skip


def _tried(rung: Escalation, content: PlanContent, bodies: dict[str, Body]) -> tuple[str, ...]:
    told = tried_in_words(rung.tried, content, bodies)
    return tuple("　".join(part for part in (one.body, one.said, one.reason) if part)[:200] for one in told)


def stalled_cases(actor: Actor) -> list[Case]:
    """Return open cases seen from inside where nothing has happened for the plan's days and the next step lies behind, longest first [C26]."""
    last = add_business_days(clock.today(), -clock_named("idle").business_days)
    moved = Max("transitions__recorded_at", filter=~Q(transitions__actor_kind=ActorKind.SYSTEM))  # a reminder by the clock is no movement
    rows = Case.objects.inside(actor).open().filter(next_on__lte=clock.today()).annotate(moved_at=moved)
    return list(rows.filter(moved_at__lt=clock.at(last, 0)).order_by("moved_at", "pk")[:MOST])


def _stalled(actor: Actor) -> list[Proposed]:
    cases = stalled_cases(actor)
    asked = set(ItemSource.objects.visible_to(actor).filter(case__in=cases, item__outcome="").values_list("case_id", flat=True))
    needs = _first_needs(cases)
    days = clock_named("idle").business_days
    why = _("%(days)s営業日より長く、動きがありません") % {"days": days}
    return [_of_need(f"idle:{one.pk}", ItemKind.STALLED, needs.get(one.pk), one, actor, why=why) for one in cases if one.pk not in asked]


def _first_needs(cases: list[Case]) -> dict[UUID, Need]:
    """Return a need a case: an open one, rather one whose words without a name the firm has confirmed."""
    found: dict[UUID, Need] = {}
    for need in Need.objects.filter(case__in=cases, state=NeedState.OPEN).order_by("added_at", "pk"):
        known = found.get(need.case_id)
        if known is None or (known.public_confirmed_at is None and need.public_confirmed_at is not None):
            found[need.case_id] = need
    return found


def _of_need(key: str, kind: str, need: Need | None, case: Case, actor: Actor, *, why: str, rung: tuple[str, ...] = ()) -> Proposed:  # noqa: PLR0913  parts of one proposal
    """Return a proposal in words that all may read where the firm has confirmed such, else for those that may read the summary."""
    if need is not None and need.public_confirmed_at is not None:
        return Proposed(key, kind, need.public_title, need.public_summary, why, tried=rung, case=case, need=need)
    told = tuple(sorted(knowing(case, str(actor.body))))
    title = (need.title if need is not None else case.title)[:100]
    return Proposed(key, kind, title, "", why, Level.NAMED, told, rung, case=case, need=need)


def _new(meeting: Meeting, actor: Actor, since: dt.date) -> list[Proposed]:
    """Propose one report of what has arrived since the last meeting: how many, and those whose words the firm has confirmed."""
    cases = list(Case.objects.inside(actor).filter(arrived_at__gte=clock.at(since, 0)).order_by("-arrived_at").values_list("pk", flat=True))
    if not cases:
        return []
    confirmed = Need.objects.filter(case__in=cases, public_confirmed_at__isnull=False).order_by("-public_confirmed_at")
    titles = list(dict.fromkeys(confirmed.values_list("public_title", flat=True)))[:_NAMED_TITLES]
    lines = [written("前回から%(count)s件の相談がありました。") % {"count": len(cases)}, *(f"・{one}" for one in titles)]
    title = written("新しい相談の報告（%(count)s件）") % {"count": len(cases)}
    return [Proposed(f"new:{meeting.pk}:{actor.body}", ItemKind.NEW, title, "\n".join(lines), _("前回の会議より後に来た相談"), minutes=5)]


def _promised(meeting: Meeting, actor: Actor) -> list[Proposed]:
    """Propose one item about what bodies promised in earlier meetings of the series and have not done."""
    of_series = Task.objects.filter(item__meeting__plan_id=meeting.plan_id, item__meeting__series=meeting.series, item__meeting__held_on__lt=meeting.held_on)
    tasks = list(of_series.filter(item__level=Level.ALL, done_on__isnull=True).select_related("body")[:MOST])
    if not tasks or not actor.is_staff:
        return []
    lines = [f"・{one.body.short}　{one.what}（{one.due_on.month}/{one.due_on.day}）" for one in tasks]
    title = written("前回までの宿題（%(count)s件）") % {"count": len(tasks)}
    return [Proposed(f"tasks:{meeting.pk}", ItemKind.CARRIED, title, "\n".join(lines)[:1000], _("まだ済んでいない宿題"), minutes=5)]
