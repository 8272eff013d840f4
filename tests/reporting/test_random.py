"""Every figure on random steps, in random order and recorded late, against a count in plain Python that shares nothing with the SQL."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from typing import Any

import pytest

from bench.pencil import CODES, Books, Pencil
from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Case, Consultation, Need, ProjectShares, RegionalProject, ShareAnswer, Transition
from renkei.cases.models.gap import Gap, GapSource
from renkei.meetings.models import Meeting, TrendEnd, TrendNote
from renkei.reporting.figures import BY_CODE, FIGURES
from renkei.reporting.queries import count, end_of
from tests.cases.making import company
from tests.reporting.year import aims
from tests.world import BANK, CENTER, DESK, LAB, World

NOW = clock.at(dt.date(2027, 6, 30), 15)
BODIES = [DESK, LAB, CENTER, BANK]
LIFE = ["closed", "reopened", "merged", "unmerged", "import_undone", "feedback", "staff_wrote", "contact", "handover_accepted", "triaged", "company_bound"]
ANSWERS = ["accepted", "declined", "expired", "recalled", "withdrawn", "silent"]
PARTS = ["need_added", "stage_moved", "need_settled"]


class Dice:
    """Cases with steps in any order: more than the actions would ever write."""

    def __init__(self, world: World, seed: int) -> None:
        self.chance, self.world = random.Random(seed), world  # noqa: S311  a test's dice
        self.steps: list[Transition] = []
        aims(world)
        self.firm = company(name="団地製作所", municipality_id="999016", estate="ひばり丘団地")
        self.far = company(name="浜の会社", municipality_id="999024")
        self.cases = [self.case(number) for number in range(24)]
        Case.objects.bulk_create(self.cases)
        Consultation.objects.bulk_create([self.consultation(case) for case in self.cases])
        for case in self.cases:
            self.life(case)
        Transition.objects.bulk_create(self.steps)
        self.projects()
        self.meetings()
        self.gaps()

    def projects(self) -> None:
        """Approved plans, recorded months later, helped by none, one or two bodies."""
        for number in range(8):
            day = dt.date(2026, 3, 1) + dt.timedelta(days=self.chance.randrange(440))
            made = RegionalProject.objects.create(
                plan=self.world.plan, company=self.firm, number=f"牽引-{number}", approved_on=day, field_id="A", title="事業",
                counted_fiscal_year=FiscalYear.of(day).start_year, recorded_at=clock.at(day + dt.timedelta(days=self.chance.choice([0, 90])), 9),
            )  # fmt: skip
            made.bodies.set(self.chance.sample(BODIES, self.chance.randrange(4)))
            self.shares(made, day)

    def shares(self, project: RegionalProject, day: dt.date) -> None:
        """Proposals, some with bodies that did not help, answered by all, by some, by none, and one with a no."""
        person = self.world.people[DESK]
        for number in range(1, self.chance.randrange(4)):
            bodies, first = self.chance.sample(BODIES, self.chance.randrange(1, 4)), self.chance.randrange(1, 60)
            parts = {1: [100], 2: [first, 100 - first], 3: [first, 1, 99 - first]}[len(bodies)]
            made = ProjectShares.objects.create(
                project=project, number=number, bodies=bodies, percents=parts, proposed_at=clock.at(day + dt.timedelta(days=30 * number), 10),
                proposed_body_id=bodies[0], proposed_by=person,
            )  # fmt: skip
            for body in bodies[: self.chance.choice([len(bodies), len(bodies), 1, 0])]:
                agreed, when = self.chance.random() < 0.9, day + dt.timedelta(days=30 * number + self.chance.choice([0, 50]))
                ShareAnswer.objects.create(shares=made, body_id=body, agreed=agreed, words="別に", answered_at=clock.at(when, 11), answered_by=person)

    def gaps(self) -> None:
        """What was missing, some of it written down with no need beside it."""
        for number in range(16):
            day = dt.date(2026, 3, 1) + dt.timedelta(days=self.chance.randrange(440))
            made = Gap.objects.create(
                kind=self.chance.choice(["equipment", "skill", "capacity", "other"]), what=f"測る機械 {number}", key=f"測る機械{number}", said_on=day,
                said_at=clock.at(day + dt.timedelta(days=self.chance.choice([0, 30])), 9), said_body_id=self.chance.choice(BODIES), said_by=self.world.people[DESK],
            )  # fmt: skip
            if number % 3:
                case = self.chance.choice(self.cases)
                need = Need.objects.create(case=case, title="課題", stage_id="3", added_at=NOW)
                GapSource.objects.create(gap=made, case=case, need=need)

    def meetings(self) -> None:
        """Meetings to come, called off and held; some written down late."""
        for number in range(1, 13):
            day = dt.date(2026, 3, 1) + dt.timedelta(days=self.chance.randrange(440))
            state = self.chance.choice(["planned", "off", "held", "checking"])
            is_held = state in {"held", "checking"}
            Meeting.objects.create(
                plan=self.world.plan, series=self.chance.choice(["working", "full"]), fiscal_year=FiscalYear.of(day).start_year, number=number,
                host_id=self.chance.choice(BODIES), held_on=day, state=state, kind=self.chance.choice(["regular", "regular", "circulation"]), called_at=NOW, changed_at=NOW,
                held_at=clock.at(day + dt.timedelta(days=self.chance.choice([0, 40])), 17) if is_held else None,
            )  # fmt: skip
            self.trend(Meeting.objects.latest("number"), day)

    def trend(self, meeting: Meeting, day: dt.date) -> None:
        """A note, now and then corrected, without its client any more, or taken back."""
        told, person = day - dt.timedelta(days=self.chance.randrange(30)), self.world.people[DESK]
        given = {"meeting": meeting, "body_id": self.chance.choice(BODIES), "text": "受注が増えた", "basis": "anonymous", "written_by": person}
        first = TrendNote.objects.create(**given, written_at=clock.at(told, 23))
        last = self.chance.choice([1, 1, 2, 3])
        for version in range(2, last + 1):
            TrendNote.objects.create(**given, first=first, version=version, written_at=clock.at(told + dt.timedelta(days=20 * version), 9))
        if kind := self.chance.choice(["", "taken_back", "consent"]):
            TrendEnd.objects.create(note=first, version=last, kind=kind, reason="誤り", meeting=meeting, body_id=given["body_id"], ended_by=person,
                                    ended_at=clock.at(told + dt.timedelta(days=70), 9))  # fmt: skip

    def case(self, number: int) -> Case:
        return Case(
            number=f"乱 8-{number:04d}", plan=self.world.plan, company_given="ある会社", title="件名", received_by_id=DESK, arrived_at=NOW,
            state="active", holder_id=self.chance.choice(BODIES), holder_since=NOW.date(), next_kind="work", next_step="する",
            next_on=NOW.date(), next_body_id=DESK, next_set_at=NOW, result=self.chance.choice(["", "solved", "no"]),
            pressures=self.chance.sample(["population", "global"], self.chance.randrange(3)), purposes=self.chance.sample(["new_field"], self.chance.randrange(2)),
            company=self.chance.choice([None, self.firm, self.far]),
        )  # fmt: skip

    def consultation(self, case: Case) -> Consultation:
        return Consultation(case=case, number=case.number, channel=self.chance.choice(["web", "phone"]), received_by_id=self.chance.choice(BODIES),
                            consulted_at=NOW, recorded_at=NOW, text="文")  # fmt: skip

    def step(self, case: Case, verb: str, kind: str, subject: uuid.UUID, **more: Any) -> None:
        """One step; what happened was written down at once, or weeks later. No two at one moment."""
        happened = dt.date(2026, 3, 1) + dt.timedelta(days=self.chance.randrange(440))
        late = self.chance.choice([0, 0, 1, 20, 60])
        recorded = clock.at(happened + dt.timedelta(days=late), 9) + dt.timedelta(seconds=len(self.steps))
        given = {"actor_kind": "staff", "body": self.chance.choice(BODIES), **more}
        self.steps.append(Transition(case=case, verb=verb, subject_kind=kind, subject=subject, happened_on=happened, recorded_at=recorded, **given))

    def life(self, case: Case) -> None:
        first = self.chance.choice(["received", "received", "imported"])
        subject = case.consultations.get().pk if first == "received" else case.pk
        self.step(case, first, "consultation" if first == "received" else "case", subject)
        for _ in range(self.chance.randrange(1, 8)):
            verb = self.chance.choice(LIFE)
            other = verb in {"merged", "unmerged"} and self.chance.random() < 0.3
            more: dict[str, Any] = {"closed": {"reason": self.chance.choice(["solved", "partly", "spam"])}, "contact": {
                "to_state": self.chance.choice(["", "talked", "absent"])}, "handover_accepted": {
                "from_state": self.chance.choice(BODIES), "to_state": self.chance.choice(BODIES)}, "feedback": {
                "from_state": self.chance.choice(["", "no"]), "to_state": self.chance.choice(["solved", "partly"])}, "triaged": {
                "from_state": "active", "to_state": self.chance.choice(["active", "closed"])}}.get(verb, {})  # fmt: skip
            kind = "contact" if verb == "contact" else "case"
            self.step(case, verb, kind, self.chance.choice(self.cases).pk if other else case.pk, **more)
        for _ in range(self.chance.randrange(1, 5)):
            support, body = uuid.uuid4(), self.chance.choice(BODIES)
            given = {"about_body": body, "service": self.chance.choice(["loan", "equipment-tests", "sales-adviser"])}
            self.step(case, "offered", "support", support, **given)
            for _ in range(self.chance.randrange(4)):
                verb = self.chance.choice(ANSWERS)
                self.step(case, verb, "support", support, **given, reason=self.chance.choice(["busy", "other"]) if verb == "declined" else "")
        for _ in range(self.chance.randrange(2)):
            self.step(case, "climbed", "escalation", uuid.uuid4(), to_state=self.chance.choice("23"))
            request, said = uuid.uuid4(), self.chance.choice([["asked"], ["asked", "accepted", "ended"], ["asked", "declined"]])
            for state in said:
                self.step(case, "asked_outside", "outsiderequest", request, to_state=state)
        for _ in range(self.chance.randrange(3)):
            need = uuid.uuid4()
            for verb in [self.chance.choice(PARTS) for _ in range(self.chance.randrange(5))]:
                after = self.chance.choice(["open", "settled", "dropped"]) if verb == "need_settled" else self.chance.choice("1234")
                self.step(case, verb, "need", need, to_state=after)


@pytest.mark.covers("C38", "C78")
@pytest.mark.parametrize("seed", range(6))
def test_on_random_steps_sql_and_pencil_agree_on_any_day(world: World, seed: int) -> None:
    with clock.moved_to(NOW):
        Dice(world, seed)
        books, seen = Books.of_the_house(), Counter[str]()
        for year in (2025, 2026, 2027):
            for day in (dt.date(2026, 7, 1), dt.date(2027, 3, 31), dt.date(2027, 6, 30)):
                for code, wanted in Pencil(books, FiscalYear(year), end_of(day)).figures().items():
                    rows = count(BY_CODE[code], FiscalYear(year), as_of=end_of(day)).rows
                    found = Counter((row.record, row.body, row.split, row.day, *(one for one in (row.days, row.percent) if one is not None)) for row in rows)
                    assert found == wanted, (code, year, day)
                    seen[code] += len(rows)
        assert Counter(row.percent is None for row in count(BY_CODE["projects"], FiscalYear(2025), FiscalYear(2027), as_of=clock.now()).rows).keys() == {True, False}
        assert {code for code, number in seen.items() if number} == set(CODES) == {one.code for one in FIGURES}
