"""A route before it is written: what stands in it, and where the planner puts it on the calendar.

Everything regional comes from the plan (clocks, closures, ``precedence``) and the catalogue (windows, weeks, days, hours,
training levels); ``renkei.matching.schedule`` places, this gathers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.models import Case, Consultation, Need, RegionalProject, RouteStep, RouteVersion, Support
from renkei.cases.queries.facts import facts_of
from renkei.cases.queries.route_meetings import councils
from renkei.cases.states import AT_WORK, SupportState
from renkei.matching.advice import QUALIFICATION
from renkei.matching.courses import qualifies, wants_course
from renkei.matching.cues import Met
from renkei.matching.facts import gather
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, EntryKind
from renkei.matching.opening import weekdays_of
from renkei.matching.reading import points
from renkei.matching.schedule import Council, Link, Placed, Reason, Span, Task, linked, place
from renkei.plan.queries import business_days_between, clock_named, content_now

IN_VAIN = {SupportState.DECLINED, SupportState.EXPIRED}
GONE = {SupportState.RECALLED, SupportState.WITHDRAWN}
_BY_SIGN_UP = {EntryKind.PROGRAMME, EntryKind.EVENT}  # one applies; nobody has to say yes first
Ask = tuple[uuid.UUID, str, str]  # need, service, body


@dataclass(frozen=True, slots=True)
class Draft:
    """One step as people think of it: who does what for which need; dates only where people set them."""

    key: uuid.UUID
    need: uuid.UUID
    service: str
    body: str
    entry: str = ""
    set_begin: dt.date | None = None
    set_end: dt.date | None = None
    chosen: tuple[str, ...] = ()
    override: str = ""
    trained_on: dt.date | None = None
    trained_by: uuid.UUID | None = None

    @property
    def ask(self) -> Ask:
        """Return what a support for it is found by."""
        return (self.need, self.service, self.body)


@dataclass(frozen=True)
class Ground:
    """What plans of one case rest on, read once: entries, supports, rules, what the firm has said."""

    today: dt.date
    entries: Mapping[str, Entry]
    supports: Mapping[Ask, Support]
    precedence: Sequence[Mapping[str, Any]]
    services: frozenset[str]
    asked_about: frozenset[str]
    settled: frozenset[str]
    closed: list[tuple[int, int, int, int]] = field(default_factory=list)
    answer_days: int = 0
    councils: Mapping[str, Council] = field(default_factory=dict)  # who meets to decide on a service
    is_approved: bool = False  # the firm has an approved plan of the region, with its number

    def with_entries(self, codes: Iterable[str]) -> Ground:
        """Return the same ground with more entries read."""
        wanted = set(codes) - set(self.entries) - {""}
        return replace(self, entries={**self.entries, **_entries(wanted)}) if wanted else self


def ground(case: Case, drafts: Sequence[Draft], *, actor: Actor) -> Ground:
    """Read what planning needs, as far as the actor may see the case; a fixed number of queries."""
    said = list(Consultation.objects.visible_to(actor).filter(case=case))
    text = "\n\n".join(one.text for one in said) or case.summary or case.title
    known = knowledge()
    facts = gather(text, Met(points(text)), known, facts_of(case, said))
    rows = Support.objects.visible_to(actor).filter(case=case).exclude(state__in=GONE).select_related("body", "service")
    supports = {(one.need_id, one.service_id, one.body_id): one for one in rows.order_by("made_at")}
    return Ground(
        today=clock.today(),
        entries=_entries({one.entry for one in drafts if one.entry}),
        supports=supports,
        precedence=known.precedence,
        services=frozenset(known.services),
        asked_about=frozenset(str(one["key"]) for one in known.cues.get("questions", [])),
        settled=facts.states,
        closed=content_now().closed_days,
        answer_days=clock_named("offer_answer").business_days,
        councils=councils(actor),
        is_approved=any(rule["before"] not in known.services for rule in known.precedence) and _is_approved(case, actor),
    )


def drafts_of(version: RouteVersion) -> list[Draft]:
    """Return the steps of a version as drafts, in their order."""
    return [draft_of(one) for one in RouteStep.objects.filter(version=version)]


def told_days(steps: Iterable[RouteStep], on: Ground) -> dict[uuid.UUID, dt.date | None]:
    """Return the first days of written steps by key, without those that waited for what is no wait any more.

    A step that waited for another follows it; one that waited for a decision outside the route is free once that is there.
    """
    return {one.key: one.begins_on for one in steps if not _is_let_go(one, on)}


def _is_let_go(step: RouteStep, on: Ground) -> bool:
    codes = {why["code"] for why in step.why}
    return "after" in codes or ("decided" in codes and _decided(draft_of(step), on) is None)


def draft_of(step: RouteStep) -> Draft:
    """Return a written step as a draft."""
    return Draft(step.key, step.need_id, step.service_id, step.body_id, step.entry, step.set_begin, step.set_end,
                 tuple(step.chosen), step.override, step.trained_on, step.trained_by_id)


def planned(drafts: Sequence[Draft], on: Ground, told: Mapping[uuid.UUID, dt.date | None] | None = None) -> list[Placed]:
    """Return the drafts with their days, in their order.

    ``told`` are the first days people know already: a step that waits for no other keeps its day while it can be had, so
    that nothing moves only because a day has gone by.
    """
    drafts, told = list(drafts), told or {}
    known = {str(one.key): _settled(one, on) for one in drafts}
    links = _links(drafts, on, known)
    tasks = [_task(one, on, links[str(one.key)], told.get(one.key)) for one in drafts]
    placed = place(tasks, on=on.today, closed=on.closed)
    return [_told(one, draft, drafts, known[one.key], on) for one, draft in zip(placed, drafts, strict=True)]


def _links(drafts: Sequence[Draft], on: Ground, known: Mapping[str, frozenset[str]]) -> dict[str, tuple[Link, ...]]:
    """Return what each step waits for: by the plan's rules its services, a machine only for a course that qualifies for it."""
    rules = [rule for rule in on.precedence if rule.get("when") != QUALIFICATION]
    links = linked([(str(one.key), one.service, str(one.need)) for one in drafts], rules, known)
    for rule in on.precedence:
        for one in drafts if rule not in rules else ():
            if rule["after"] == one.service and QUALIFICATION not in known[str(one.key)]:
                courses = courses_for(one, str(rule["before"]), drafts, on)
                links[str(one.key)] += tuple(Link(str(course.key), str(rule["text"]), bool(rule.get("advice"))) for course in courses)
    return links


def _task(draft: Draft, on: Ground, links: tuple[Link, ...], told: dt.date | None) -> Task:
    task = task_of(draft, on)
    if task.ready is not None and task.ready.day is not None and told is not None and told >= on.today:
        task = replace(task, ready=replace(task.ready, day=min(task.ready.day, told)))  # the wait does not begin anew each day
    return replace(task, after=links, not_before=None if links or task.council else told)


def task_of(draft: Draft, on: Ground) -> Task:
    """Return a draft as the planner takes it: its entry's windows and facts, its support's answers."""
    entry = on.entries.get(draft.entry)
    facts: dict[str, Any] = entry.facts if entry else {}
    support = on.supports.get(draft.ask)
    state = SupportState(support.state) if support else None
    began = support.started_on or _day(support.answered_at) if support and state in AT_WORK | {SupportState.DONE} else None
    answer = 0 if entry is not None and entry.kind in _BY_SIGN_UP else on.answer_days
    if support and state == SupportState.OFFERED and support.due_on:
        answer = max(business_days_between(on.today, support.due_on, on.closed), 0)
    council = None if state in AT_WORK | {SupportState.DONE} else on.councils.get(draft.service)
    return Task(
        key=str(draft.key),
        spans=tuple(Span(one.kind, one.opens, one.closes, one.starts, one.always_open) for one in entry.windows.all()) if entry else (),
        weekdays=weekdays_of(str(facts.get("opening", ""))),
        days=_count(facts.get("days")),
        weeks=_count(facts.get("decision_weeks")),
        lead_days=_count(facts.get("lead_days")) or 0,
        answer_days=0 if began or council else answer,
        begin=draft.set_begin,
        end=draft.set_end,
        began=began,
        done=support.done_on if support and state == SupportState.DONE else None,
        ready=None if began else _decided(draft, on),
        council=council,
        asked=_day(support.offered_at) if support and state == SupportState.OFFERED else None,
    )  # fmt: skip


def _decided(draft: Draft, on: Ground) -> Reason | None:
    """Return when what no step of a route brings (the approval of the firm's plan) can be decided, by the weeks the plan gives for it.

    A plan that gives no weeks leaves the day free: the step then says what is missing.
    """
    for rule in on.precedence:
        weeks = _count(rule.get("weeks"))
        if weeks and _needs_approval(rule, draft, on):
            return Reason("decided", day=on.today + dt.timedelta(weeks=weeks), n=weeks, text=str(rule["text"]))
    return None


def _needs_approval(rule: Mapping[str, Any], draft: Draft, on: Ground) -> bool:
    """Tell whether the entry is known to need what no service brings, and the firm is not known to have it."""
    entry, when = on.entries.get(draft.entry), str(rule.get("when", ""))
    if rule["after"] != draft.service or rule["before"] in on.services or when in on.settled or on.is_approved:
        return False
    return entry is not None and entry.facts.get(when) is True


def _is_approved(case: Case, actor: Actor) -> bool:
    return case.company_id is not None and RegionalProject.objects.visible_to(actor).filter(company=case.company_id).exists()


def needs_course(draft: Draft, on: Ground) -> bool:
    """Tell whether a step uses a machine that only people with a course may use, and nobody is known to have one [C57]."""
    entry, is_settled = on.entries.get(draft.entry), draft.trained_on is not None or QUALIFICATION in on.settled
    return entry is not None and wants_course(entry.facts) and not is_settled


def waits_for_course(draft: Draft, on: Ground) -> bool:
    """Tell whether a rule of the plan puts a course before a step, and nobody is known to have had it."""
    return bool(_course_rules(draft, on)) and needs_course(draft, on)


def idle_courses(machine: Draft, drafts: Sequence[Draft], on: Ground) -> set[uuid.UUID]:
    """Return the courses planned for a machine alone, by key: nobody was asked for them, and no other machine among the steps waits for them."""
    found = set()
    for service in [str(rule["before"]) for rule in _course_rules(machine, on)]:
        for course in courses_for(machine, service, drafts, on):
            others = [one for one in drafts if one.key != machine.key and waits_for_course(one, on)]
            is_for_others = any(course in courses_for(one, service, drafts, on) for one in others)
            if course.entry and course.ask not in on.supports and not is_for_others:
                found.add(course.key)
    return found


def _course_rules(draft: Draft, on: Ground) -> list[Mapping[str, Any]]:
    return [rule for rule in on.precedence if rule.get("when") == QUALIFICATION and rule["after"] == draft.service]


def courses_for(machine: Draft, service: str, drafts: Iterable[Draft], on: Ground) -> list[Draft]:
    """Return the steps of a service that stand for the course before a machine; one without an event counts for its own need."""
    used, found = on.entries.get(machine.entry), []
    for one in drafts:
        event = on.entries.get(one.entry)
        fits = used is not None and qualifies(event, used) if event is not None else one.need == machine.need
        if one.service == service and one.key != machine.key and fits:
            found.append(one)
    return found


def _settled(draft: Draft, on: Ground) -> frozenset[str]:
    """Return the rules (their ``when``) that need nothing more for a step: what the firm has, and what is not asked of it."""
    entry = on.entries.get(draft.entry)
    free = {str(rule.get("when", "")) for rule in on.precedence if entry is not None and entry.facts.get(str(rule.get("when"))) is False}
    if not needs_course(draft, on):
        free.add(QUALIFICATION)
    return on.settled | free


def _told(one: Placed, draft: Draft, drafts: Sequence[Draft], settled: frozenset[str], on: Ground) -> Placed:
    """Add what the plan says about a step beside its days: what has to come before and is not there, what waits for it."""
    services = {other.service for other in drafts}
    notes, missing = [], []
    for rule in on.precedence:
        when, text = str(rule.get("when", "")), str(rule["text"])
        if rule["before"] == draft.service and rule["after"] not in on.services:
            notes.append(Reason("note", text=text))
        is_course = when == QUALIFICATION
        there = courses_for(draft, str(rule["before"]), drafts, on) if is_course else rule["before"] in services
        if rule["after"] == draft.service and when not in settled and not there and (is_course or when in on.asked_about):
            missing.append(Reason("course_missing" if is_course else "earlier_missing", text=text))
        elif not rule.get("weeks") and _needs_approval(rule, draft, on):
            missing.append(Reason("earlier_missing", text=text))
    return replace(one, why=(*one.why, *notes), missing=(*one.missing, *missing))


def _entries(codes: set[str]) -> dict[str, Entry]:
    rows = Entry.objects.filter(pk__in=codes).prefetch_related("windows") if codes else Entry.objects.none()
    return {one.pk: one for one in rows}


def _day(moment: dt.datetime | None) -> dt.date | None:
    return moment.astimezone(clock.JST).date() if moment else None


def _count(value: Any) -> int | None:
    """Return a whole number of a fact, however it was typed; None for what is none."""
    try:
        return max(int(value), 0) if value is not None and value != "" else None
    except (TypeError, ValueError):
        return None


def open_needs(case: Case) -> list[Need]:
    """Return the needs a step can be for, in their order."""
    return list(Need.objects.filter(case=case, state="open"))
