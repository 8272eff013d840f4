"""What the pages of meetings show."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Escalation, RungNumber
from renkei.meetings.models import (
    AgendaItem,
    Attendance,
    Confirmation,
    ItemSource,
    Meeting,
    MeetingKind,
    MeetingState,
    Minutes,
    Participant,
    Task,
)
from renkei.plan.content import Series
from renkei.plan.models import Body
from renkei.plan.queries import content_now, current_plan


@dataclass(frozen=True, slots=True)
class Year:
    """A series in a fiscal year: how many took place of how many the plan wants, and the meetings, the next first."""

    series: Series
    host: Body | None
    held: int
    ahead: list[Meeting]
    gone: list[Meeting]


@dataclass(frozen=True, slots=True)
class Presence:
    """Who came to a meeting, counted by body and by party [C90]."""

    people: list[Attendance]
    bodies: int
    parties: int
    all_bodies: int
    all_parties: int
    missing: list[str]  # bodies of whom nobody came, by their short names


@dataclass(frozen=True, slots=True)
class Checking:
    """How far the bodies are with minutes: who finds them right, who wants a change, who has not answered; short names."""

    minutes: Minutes
    agreed: list[str]
    objected: list[str]
    silent: list[str]


def years(actor: Actor, year: FiscalYear) -> list[Year]:
    """Return every series of the plan in a fiscal year, in the plan's order."""
    bodies = Body.objects.in_bulk()
    meetings: dict[str, list[Meeting]] = defaultdict(list)
    seen = Meeting.objects.visible_to(actor).filter(plan=current_plan(), fiscal_year=year.start_year)
    for one in seen:
        meetings[one.series].append(one)
    counted = set(seen.counted().values_list("pk", flat=True))
    found = []
    for series in content_now().series:
        own = meetings[series.code]
        ahead = sorted((one for one in own if one.state == MeetingState.PLANNED), key=lambda one: (one.held_on, one.number))
        gone = [one for one in own if one.state != MeetingState.PLANNED]
        found.append(Year(series, bodies.get(series.owner), sum(one.pk in counted for one in own), ahead, gone))
    return found


def waiting(actor: Actor) -> list[Escalation]:
    """Return the needs that stand on the rung of the meetings and on no agenda, of the cases the actor sees from inside."""
    asked = ItemSource.objects.visible_to(actor).filter(item__outcome="").values("escalation_id")
    rungs = Escalation.objects.visible_to(actor).open().filter(rung=RungNumber.MEETING)
    return list(rungs.exclude(pk__in=asked).select_related("case", "need").order_by("opened_at"))


def ladder_meetings(actor: Actor) -> list[Meeting]:
    """Return the meetings ahead, or being held, that take up hard cases; the nearest first."""
    rungs = content_now().ladder
    series = rungs[RungNumber.MEETING - 1].meetings if len(rungs) >= RungNumber.MEETING else ()
    open_ones = Meeting.objects.visible_to(actor).filter(plan=current_plan(), series__in=series, state__in=[MeetingState.PLANNED, MeetingState.HELD])
    return list(open_ones.order_by("held_on", "number"))


def to_confirm(actor: Actor) -> list[Minutes]:
    """Return the newest minutes that wait for the word of the actor's body."""
    newer = Minutes.objects.filter(meeting=OuterRef("meeting"), number__gt=OuterRef("number"))
    said = Confirmation.objects.filter(minutes=OuterRef("pk"), body_id=actor.body)
    waiting = Minutes.objects.visible_to(actor).filter(~Exists(newer), ~Exists(said), meeting__state=MeetingState.CHECKING)
    return list(waiting.select_related("meeting").order_by(F("due_on").asc(nulls_last=True), "sent_at"))


def own_tasks(actor: Actor) -> list[Task]:
    """Return what the actor's body has promised in meetings and not done yet."""
    return list(Task.objects.visible_to(actor).filter(body_id=actor.body, done_on__isnull=True).select_related("item__meeting"))


def presence(meeting: Meeting, actor: Actor) -> Presence:
    """Return who came, counted; guests count for nobody."""
    people = list(Attendance.objects.visible_to(actor).filter(meeting=meeting, ended_at__isnull=True).select_related("body"))
    there = {one.body.pk: one.body.party_id for one in people if one.body is not None}
    stand = list(Body.objects.filter(closed_on__isnull=True))
    missing = [one.short for one in stand if one.pk not in there]
    return Presence(people, len(there), len(set(there.values())), len(stand), len({one.party_id for one in stand}), missing)


def last_of(series: str, actor: Actor, *, before: Meeting | None = None) -> Meeting | None:
    """Return the newest meeting of a series in a room, or the one before another; what was called off and circulations aside."""
    found = Meeting.objects.visible_to(actor).filter(series=series).exclude(state=MeetingState.OFF).exclude(kind=MeetingKind.CIRCULATION)
    if before is not None:
        found = found.filter(state__in=[MeetingState.HELD, MeetingState.CHECKING, MeetingState.LOCKED], held_on__lte=before.held_on).exclude(pk=before.pk)
    return found.order_by("-held_on", "-number").first()


def came_before(meeting: Meeting, actor: Actor) -> list[Attendance]:
    """Return who came to the meeting before, of bodies that still stand, and is not written down for this one; each with that meeting."""
    last = last_of(meeting.series, actor, before=meeting)
    if last is None:
        return []
    there = set(Attendance.objects.visible_to(actor).filter(meeting=meeting, ended_at__isnull=True).values_list("body_id", "name"))
    people = Attendance.objects.visible_to(actor).filter(meeting=last, ended_at__isnull=True, body__closed_on__isnull=True).select_related("body", "meeting")
    return [one for one in people if (one.body_id, one.name) not in there]


def checking(meeting: Meeting, actor: Actor) -> Checking | None:
    """Return how far the bodies are with the newest minutes; None when they are not asked."""
    newest = Minutes.objects.visible_to(actor).filter(meeting=meeting).order_by("-number").first() if meeting.state == MeetingState.CHECKING else None
    if newest is None:
        return None
    said = dict(Confirmation.objects.filter(minutes=newest).order_by("said_at").values_list("body_id", "agrees"))
    names: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for code, short in Body.objects.filter(closed_on__isnull=True).values_list("pk", "short"):
        names[said.get(code)].append(short)
    return Checking(newest, names[True], names[False], names[None])


def missing_regulars(meeting: Meeting, actor: Actor) -> list[Participant]:
    """Return the participants of the series who are not written down as present."""
    there = set(Attendance.objects.visible_to(actor).filter(meeting=meeting, ended_at__isnull=True, body__isnull=True).values_list("organisation", "name"))
    known = Participant.objects.visible_to(actor).standing().filter(plan_id=meeting.plan_id, series=meeting.series)
    return [one for one in known if (one.organisation, one.name) not in there]


def items_of(meeting: Meeting, actor: Actor) -> list[AgendaItem]:
    """Return the items the actor may read, in order, each with its tasks."""
    found = list(AgendaItem.objects.visible_to(actor).filter(meeting=meeting).select_related("put_up_by", "carried_from__meeting").prefetch_related("tasks__body"))
    for one in found:
        one.meeting = meeting
    return found


def cases_of(items: list[AgendaItem], actor: Actor) -> dict[UUID, ItemSource]:
    """Return which case each item came from, as far as the actor sees that case from inside."""
    sources = ItemSource.objects.visible_to(actor).filter(item__in=items).select_related("case")
    return {one.item_id: one for one in sources}


def series_names() -> dict[str, str]:
    """Return the names of the series by the plan."""
    return {one.code: one.name for one in content_now().series}


def this_year() -> FiscalYear:
    """Return the fiscal year of today."""
    return FiscalYear.of(clock.today())
