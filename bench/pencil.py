"""Every figure counted a second time in plain Python, as somebody would with a pencil and the list of steps.

Shares nothing with the SQL of ``renkei.reporting.counting``: no figure may be changed in both places by one edit. Each method
yields one tuple a record: record, body, part, day, and then the number of days or, of what is agreed to be shared, the per cent.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Case, Consultation, ProjectShares, RegionalProject, Transition
from renkei.cases.models.gap import Gap
from renkei.companies.models import Company
from renkei.meetings.models import Meeting, TrendEnd, TrendNote
from renkei.plan.models import Municipality, Service
from renkei.plan.queries import business_days_between, plan_content, published_plans

Line = tuple[Any, ...]
TURNS = {"received", "imported", "closed", "reopened", "import_undone"}
MOVES = {"referred", "handover_accepted", "holder_back"}
CODES = (
    "projects", "consultations", "closed", "results", "first_answer", "body_answer", "supports", "declines", "silent", "open", "dwell",
    "areas", "pressures", "purposes", "services", "climbs", "outside", "gaps", "meetings", "trends",
)  # fmt: skip


@dataclass
class Books:
    """Everything on record, read once and kept as people would keep it: by case and by subject, in the order it happened."""

    steps: list[Transition]
    cases: dict[UUID, Case]
    consultations: list[Consultation]
    projects: list[RegionalProject] = field(default_factory=list)
    shares: list[ProjectShares] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    trends: list[TrendNote] = field(default_factory=list)
    trend_ends: list[TrendEnd] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sort the steps and lay them out."""
        self.steps.sort(key=lambda one: (one.happened_on, one.recorded_at))
        self.of_case: dict[UUID, list[Transition]] = defaultdict(list)
        self.of_subject: dict[UUID, list[Transition]] = defaultdict(list)
        for one in self.steps:
            self.of_case[one.case_id].append(one)
            if one.subject is not None:
                self.of_subject[one.subject].append(one)
        self.said: dict[UUID, list[Consultation]] = defaultdict(list)
        for said in self.consultations:
            self.said[said.case_id].append(said)
        self.stage = dict(Service.objects.values_list("code", "stage_id"))

    @classmethod
    def of_the_house(cls) -> Books:
        """Read the whole database; only who sees everything gets everything."""
        return cls(list(Transition.objects.all()), Case.objects.in_bulk(), list(Consultation.objects.all()),
                   list(RegionalProject.objects.prefetch_related("bodies")), list(ProjectShares.objects.prefetch_related("answers")),
                   list(Meeting.objects.all()), list(Gap.objects.all()), list(TrendNote.objects.select_related("meeting")),
                   list(TrendEnd.objects.all()))  # fmt: skip

    @cached_property
    def areas(self) -> dict[UUID, list[str]]:
        """The areas of each case's firm of today: by its place and by its estate."""
        firms = {one.pk: one for one in Company.objects.all()}
        places = {one.pk: list(one.areas or []) for one in Municipality.objects.all()}
        estates = {plan.pk: {one["name"]: one["area"] for one in plan_content(plan).section("estates")} for plan in published_plans()}
        found = {}
        for case in self.cases.values():
            firm = firms.get(case.company_id) if case.company_id else None
            here = set(places.get(firm.municipality_id, [])) if firm and firm.municipality_id else set()
            if firm and firm.estate and firm.estate in estates[case.plan_id]:
                here.add(estates[case.plan_id][firm.estate])
            found[case.pk] = sorted(here) or [""]
        return found


class Pencil:
    """The figures of a year as known at a moment."""

    def __init__(self, books: Books, year: FiscalYear, as_of: dt.datetime) -> None:
        self.books, self.year, self.as_of = books, year, as_of

    def figures(self, codes: Iterable[str] = CODES) -> dict[str, Counter[Line]]:
        """Return the records of each figure and how often each stands there."""
        return {code: Counter(getattr(self, code)()) for code in codes}

    def known(self, steps: Iterable[Transition], day: dt.date, *verbs: str) -> list[Transition]:
        """Return what was on record and had happened by a day, in order."""
        return [one for one in steps if one.recorded_at <= self.as_of and one.happened_on <= day and (not verbs or one.verb in verbs)]

    def until(self, case: UUID, *verbs: str) -> list[Transition]:
        return self.known(self.books.of_case[case], self.year.last_day, *verbs)

    def never(self, case: UUID) -> bool:
        """Whether a case turned out to be none: a nuisance, or taken back."""
        nuisance = False
        for one in sorted((one for one in self.books.of_case[case] if one.recorded_at <= self.as_of), key=lambda one: one.recorded_at):
            if one.verb == "import_undone":
                return True
            nuisance = (one.verb == "closed" and one.reason == "spam") or (nuisance and one.verb != "reopened")
        return nuisance

    def holder(self, case: UUID, day: dt.date) -> str:
        """Return who held a case on a day."""
        moves = [one for one in self.books.of_case[case] if one.verb in MOVES]
        told = self.known(moves, day)
        if told:
            return told[-1].to_state
        return moves[0].from_state if moves else self.books.cases[case].holder_id

    def last_turn(self, case: UUID, day: dt.date) -> Transition | None:
        """Return the last step that began or ended a case; of one moment, what began it is the first."""
        known = [one for one in self.known(self.books.of_case[case], day)
                 if one.verb in TURNS or (one.verb in {"merged", "unmerged", "split"} and one.subject == case)]  # fmt: skip
        return max(known, key=lambda one: (one.happened_on, one.recorded_at, one.verb not in {"received", "imported", "split"}), default=None)

    def consultations(self) -> Iterator[Line]:
        for one in self.books.steps:
            if one.recorded_at > self.as_of or not self.year.contains(one.happened_on) or one.verb not in {"received", "imported"} or self.never(one.case_id):
                continue
            for said in self.books.said[one.case_id]:
                if one.verb == "imported" or said.pk == one.subject:
                    yield said.pk, said.received_by_id, said.channel, one.happened_on

    def ended(self) -> Iterator[Transition]:
        for case in self.books.cases:
            one = self.last_turn(case, self.year.last_day)
            if one is not None and one.verb == "closed" and one.reason != "spam" and one.happened_on >= self.year.first_day:
                yield one

    def closed(self) -> Iterator[Line]:
        for one in self.ended():
            yield one.case_id, self.holder(one.case_id, one.happened_on), one.reason, one.happened_on

    def results(self) -> Iterator[Line]:
        for one in self.ended():
            told = sorted((step for step in self.books.of_case[one.case_id] if step.verb in {"feedback", "closed"}), key=lambda step: step.recorded_at)
            before = [step for step in told if step.recorded_at <= self.as_of and step.verb == "feedback"]
            after = [step for step in told if step.recorded_at > self.as_of]
            known = before[-1].to_state if before else self.books.cases[one.case_id].result
            if not before and after:
                known = after[0].from_state if after[0].verb == "feedback" else "?"
            yield one.case_id, self.holder(one.case_id, one.happened_on), known, one.happened_on

    def open(self) -> Iterator[Line]:
        day = min(self.year.last_day, self.as_of.astimezone(clock.JST).date())
        for case in self.books.cases:
            one = self.last_turn(case, day)
            if one is not None and one.verb not in {"closed", "merged", "import_undone"}:
                yield case, self.holder(case, day), "", self.books.of_case[case][0].happened_on

    def first_answer(self) -> Iterator[Line]:
        for case in self.books.cases:
            come = self.until(case, "received")
            said = [one for one in self.until(case, "staff_wrote", "closed", "contact") if one.actor_kind == "staff" and (
                one.verb != "contact" or (one.subject_kind == "contact" and one.to_state != "absent"))]  # fmt: skip
            if come and said and not self.never(case):
                day = max(said[0].happened_on, come[0].happened_on)
                if self.year.contains(day):
                    yield case, said[0].body, "", day, business_days_between(come[0].happened_on, day)

    def supports_known(self) -> Iterator[tuple[UUID, list[Transition]]]:
        for subject, steps in self.books.of_subject.items():
            if steps[0].subject_kind == "support":
                yield subject, self.known(steps, self.year.last_day)

    def body_answer(self) -> Iterator[Line]:
        for subject, steps in self.supports_known():
            said = [one for one in steps if one.verb in {"accepted", "declined"}]
            for asked in (one for one in steps if one.verb == "offered") if said else ():
                day = max(said[0].happened_on, asked.happened_on)
                if self.year.contains(day):
                    yield subject, asked.about_body, said[0].verb, day, business_days_between(asked.happened_on, day)

    def answers(self, verb: str) -> Iterator[Transition]:
        for _subject, steps in self.supports_known():
            said = [one for one in steps if one.verb in {"accepted", "declined", "expired", "recalled", "withdrawn"}]
            if said and said[-1].verb == verb and said[-1].happened_on >= self.year.first_day:
                yield said[-1]

    def supports(self) -> Iterator[Line]:
        for one in self.answers("accepted"):
            yield one.subject, one.about_body, self.books.stage[one.service], one.happened_on

    def services(self) -> Iterator[Line]:
        for one in self.answers("accepted"):
            yield one.subject, one.about_body, one.service, one.happened_on

    def declines(self) -> Iterator[Line]:
        for one in self.answers("declined"):
            yield one.subject, one.about_body, one.reason, one.happened_on

    def silent(self) -> Iterator[Line]:
        for subject, steps in self.supports_known():
            told = [one for one in steps if one.verb in {"silent", "expired"}]
            if told and told[0].happened_on >= self.year.first_day:
                yield subject, told[0].about_body, "", told[0].happened_on

    def dwell(self) -> Iterator[Line]:
        for subject, steps in self.books.of_subject.items():
            stage, since, last = "", None, ""
            for one in self.known(steps, self.year.last_day, "need_added", "stage_moved", "need_settled") if steps[0].subject_kind == "need" else ():
                if stage and since and self.year.contains(one.happened_on):
                    yield subject, self.holder(one.case_id, one.happened_on), stage, one.happened_on, (one.happened_on - since).days
                if one.verb != "need_settled":
                    last = one.to_state
                stage, since = (last if one.verb != "need_settled" or one.to_state == "open" else ""), one.happened_on

    def arrived(self) -> dict[UUID, tuple[str, dt.date]]:
        """Return who took each case first, and when."""
        found: dict[UUID, tuple[dt.date, UUID, str]] = {}
        case_of = {one.pk: one.case_id for one in self.books.consultations}
        for record, body, _channel, day in self.consultations():
            case = case_of[record]
            found[case] = min(found.get(case, (day, record, body)), (day, record, body))
        return {case: (body, day) for case, (day, _record, body) in found.items()}

    def sorted_by(self, parts: dict[UUID, list[str]], changed: str) -> Iterator[Line]:
        """Yield a line for each part a case lies in; what was changed since is not known any more."""
        for case, (body, day) in self.arrived().items():
            later = [one for one in self.books.of_case[case] if one.verb == changed and one.recorded_at > self.as_of
                     and (changed != "triaged" or one.from_state == one.to_state)]  # fmt: skip
            for part in ["?"] if later else parts[case]:
                yield case, body, part, day

    def areas(self) -> Iterator[Line]:
        yield from self.sorted_by(self.books.areas, "company_bound")

    def pressures(self) -> Iterator[Line]:
        yield from self.sorted_by({key: sorted(set(one.pressures)) or [""] for key, one in self.books.cases.items()}, "triaged")

    def purposes(self) -> Iterator[Line]:
        yield from self.sorted_by({key: sorted(set(one.purposes)) or [""] for key, one in self.books.cases.items()}, "triaged")

    def projects(self) -> Iterator[Line]:
        for one in self.books.projects:
            if one.recorded_at <= self.as_of and one.counted_fiscal_year == self.year.start_year:
                part, helped = self.agreed(one), sorted(body.pk for body in one.bodies.all())
                if not part and len(helped) == 1:
                    part = {helped[0]: 100}
                for body in part or helped or [""]:
                    yield one.pk, body, str(one.counted_fiscal_year), one.approved_on, *([part[body]] if part else [])

    def agreed(self, project: RegionalProject) -> dict[str, int]:
        """Return each body's per cent by the last proposal that nobody named in it still had to say yes to."""
        found: dict[str, int] = {}
        for one in sorted((one for one in self.books.shares if one.project_id == project.pk and one.proposed_at <= self.as_of), key=lambda one: one.number):
            yes = {answer.body_id for answer in one.answers.all() if answer.agreed and answer.answered_at <= self.as_of}
            if set(one.bodies) <= yes:
                found = dict(zip(one.bodies, one.percents, strict=True))
        return found

    def climbs(self) -> Iterator[Line]:
        for one in self.books.steps:
            if one.verb == "climbed" and one.recorded_at <= self.as_of and self.year.contains(one.happened_on):
                yield one.subject, self.holder(one.case_id, one.happened_on), one.to_state, one.happened_on

    def outside(self) -> Iterator[Line]:
        for subject, steps in self.books.of_subject.items():
            told = self.known(steps, self.year.last_day, "asked_outside")
            for one in told:
                if one.to_state == "asked" and one.happened_on >= self.year.first_day:
                    yield subject, one.body, told[-1].to_state, one.happened_on

    def gaps(self) -> Iterator[Line]:
        for one in self.books.gaps:
            if one.said_at <= self.as_of and self.year.contains(one.said_on):
                yield one.pk, one.said_body_id, one.kind, one.said_on

    def meetings(self) -> Iterator[Line]:
        for one in self.books.meetings:
            if one.kind != "circulation" and one.held_at is not None and one.held_at <= self.as_of and self.year.contains(one.held_on):
                yield one.pk, one.host_id, one.series, one.held_on

    def trends(self) -> Iterator[Line]:
        gone = {one.note_id for one in self.books.trend_ends if one.kind == "taken_back" and one.ended_at <= self.as_of}
        for one in self.books.trends:
            day = one.written_at.astimezone(clock.JST).date()
            if one.version == 1 and one.pk not in gone and one.written_at <= self.as_of and self.year.contains(day):
                yield one.pk, one.body_id, one.meeting.series, day
