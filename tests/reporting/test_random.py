"""Every figure on random steps, in random order and recorded late, against a count in plain Python that shares nothing with the SQL."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Case, Consultation, Transition
from renkei.plan.models import Service
from renkei.reporting.figures import BY_CODE
from renkei.reporting.queries import count, end_of
from tests.world import BANK, CENTER, DESK, LAB, World

NOW = clock.at(dt.date(2027, 6, 30), 15)
BODIES = [DESK, LAB, CENTER, BANK]
LIFE = ["closed", "reopened", "merged", "unmerged", "import_undone", "feedback", "staff_wrote", "contact", "handover_accepted", "triaged"]
ANSWERS = ["accepted", "declined", "expired", "recalled", "withdrawn", "silent"]
PARTS = ["need_added", "stage_moved", "need_settled"]


class Dice:
    """Cases with steps in any order: more than the actions would ever write."""

    def __init__(self, world: World, seed: int) -> None:
        self.chance, self.world = random.Random(seed), world  # noqa: S311  a test's dice
        self.steps: list[Transition] = []
        self.cases = [self.case(number) for number in range(12)]
        Case.objects.bulk_create(self.cases)
        Consultation.objects.bulk_create([self.consultation(case) for case in self.cases])
        for case in self.cases:
            self.life(case)
        Transition.objects.bulk_create(self.steps)

    def case(self, number: int) -> Case:
        return Case(
            number=f"乱 8-{number:04d}", plan=self.world.plan, company_given="ある会社", title="件名", received_by_id=DESK, arrived_at=NOW,
            state="active", holder_id=self.chance.choice(BODIES), holder_since=NOW.date(), next_kind="work", next_step="する",
            next_on=NOW.date(), next_body_id=DESK, next_set_at=NOW, result=self.chance.choice(["", "solved", "no"]),
            pressures=["population"] if self.chance.random() < 0.5 else [],
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
        for _ in range(self.chance.randrange(3)):
            support, body = uuid.uuid4(), self.chance.choice(BODIES)
            given = {"about_body": body, "service": self.chance.choice(["loan", "equipment-tests", "sales-adviser"])}
            self.step(case, "offered", "support", support, **given)
            for _ in range(self.chance.randrange(4)):
                verb = self.chance.choice(ANSWERS)
                self.step(case, verb, "support", support, **given, reason=self.chance.choice(["busy", "other"]) if verb == "declined" else "")
        for _ in range(self.chance.randrange(3)):
            need = uuid.uuid4()
            for verb in [self.chance.choice(PARTS) for _ in range(self.chance.randrange(5))]:
                after = self.chance.choice(["open", "settled", "dropped"]) if verb == "need_settled" else self.chance.choice("1234")
                self.step(case, verb, "need", need, to_state=after)


class ByHand:
    """The same figures from the list of steps, as somebody would count with a pencil."""

    def __init__(self, dice: Dice, year: FiscalYear, as_of: dt.datetime) -> None:
        self.dice, self.year, self.as_of = dice, year, as_of
        self.known = [one for one in dice.steps if one.recorded_at <= as_of]
        self.known.sort(key=lambda one: (one.happened_on, one.recorded_at))
        self.service = dict(Service.objects.values_list("code", "stage_id"))

    def upto(self, day: dt.date, **wanted: Any) -> list[Transition]:
        return [one for one in self.known if one.happened_on <= day and all(getattr(one, name) in value for name, value in wanted.items())]

    def never(self, case: Case) -> bool:
        mine = sorted((one for one in self.known if one.case == case), key=lambda one: one.recorded_at)
        nuisance = False
        for one in mine:
            if one.verb == "import_undone":
                return True
            if one.verb == "closed" and one.reason == "spam":
                nuisance = True
            elif one.verb == "reopened":
                nuisance = False
        return nuisance

    def holder(self, case: Case, day: dt.date) -> str:
        moves = [one for one in self.known if one.case == case and one.verb == "handover_accepted" and one.happened_on <= day]
        if moves:
            return moves[-1].to_state
        ever = sorted((one for one in self.dice.steps if one.case == case and one.verb == "handover_accepted"), key=lambda one: (one.happened_on, one.recorded_at))
        return ever[0].from_state if ever else case.holder_id

    def last_state(self, case: Case, day: dt.date) -> Transition | None:
        turns = {"received", "imported", "closed", "reopened", "import_undone"}
        mine = [one for one in self.upto(day, case=[case]) if one.verb in turns or (one.verb in {"merged", "unmerged"} and one.subject == case.pk)]
        return mine[-1] if mine else None

    def figures(self) -> dict[str, Counter[tuple[Any, ...]]]:
        return {name: Counter(getattr(self, name)()) for name in (
            "consultations", "closed", "results", "open", "first_answer", "body_answer", "supports", "declines", "silent", "dwell", "pressures")}  # fmt: skip

    def consultations(self) -> Iterator[tuple[Any, ...]]:
        for case in self.dice.cases:
            one = next((one for one in self.known if one.case == case and one.verb in {"received", "imported"}), None)
            if one is not None and self.year.contains(one.happened_on) and not self.never(case):
                said = case.consultations.get()
                yield said.pk, said.received_by_id, said.channel, one.happened_on

    def ended(self) -> Iterator[tuple[Case, Transition]]:
        for case in self.dice.cases:
            one = self.last_state(case, self.year.last_day)
            if one is not None and one.verb == "closed" and one.reason != "spam" and one.happened_on >= self.year.first_day:
                yield case, one

    def closed(self) -> Iterator[tuple[Any, ...]]:
        for case, one in self.ended():
            yield case.pk, self.holder(case, one.happened_on), one.reason, one.happened_on

    def results(self) -> Iterator[tuple[Any, ...]]:
        for case, one in self.ended():
            told = sorted((step for step in self.dice.steps if step.case == case and step.verb in {"feedback", "closed"}), key=lambda step: step.recorded_at)
            before = [step for step in told if step.recorded_at <= self.as_of and step.verb == "feedback"]
            after = [step for step in told if step.recorded_at > self.as_of]
            known = before[-1].to_state if before else case.result
            if not before and after:
                known = after[0].from_state if after[0].verb == "feedback" else "?"
            yield case.pk, self.holder(case, one.happened_on), known, one.happened_on

    def open(self) -> Iterator[tuple[Any, ...]]:
        day = min(self.year.last_day, self.as_of.astimezone(clock.JST).date())
        for case in self.dice.cases:
            one = self.last_state(case, day)
            if one is not None and one.verb not in {"closed", "merged", "import_undone"}:
                yield case.pk, self.holder(case, day), "", min(step.happened_on for step in self.dice.steps if step.case == case)

    def first_answer(self) -> Iterator[tuple[Any, ...]]:
        for case in self.dice.cases:
            come = self.upto(self.year.last_day, case=[case], verb=["received"])
            said = [one for one in self.upto(self.year.last_day, case=[case], verb=["staff_wrote", "closed", "contact"])
                    if one.verb != "contact" or one.to_state != "absent"]  # fmt: skip
            if come and said and not self.never(case):
                day = max(said[0].happened_on, come[0].happened_on)
                if self.year.contains(day):
                    yield case.pk, said[0].body, "", day

    def by_support(self, *verbs: str) -> Iterator[tuple[Transition, list[Transition]]]:
        for asked in (one for one in self.known if one.verb == "offered"):
            yield asked, self.upto(self.year.last_day, subject=[asked.subject], verb=verbs)

    def body_answer(self) -> Iterator[tuple[Any, ...]]:
        for asked, said in self.by_support("accepted", "declined"):
            if said and asked.happened_on <= self.year.last_day:
                day = max(said[0].happened_on, asked.happened_on)
                if self.year.contains(day):
                    yield asked.subject, asked.about_body, said[0].verb, day

    def last_answers(self, verb: str) -> Iterator[Transition]:
        for subject in {one.subject for one in self.known if one.subject_kind == "support"}:
            said = self.upto(self.year.last_day, subject=[subject], verb=["accepted", "declined", "expired", "recalled", "withdrawn"])
            if said and said[-1].verb == verb and said[-1].happened_on >= self.year.first_day:
                yield said[-1]

    def supports(self) -> Iterator[tuple[Any, ...]]:
        for one in self.last_answers("accepted"):
            yield one.subject, one.about_body, self.service[one.service], one.happened_on

    def declines(self) -> Iterator[tuple[Any, ...]]:
        for one in self.last_answers("declined"):
            yield one.subject, one.about_body, one.reason, one.happened_on

    def silent(self) -> Iterator[tuple[Any, ...]]:
        for subject in {one.subject for one in self.known if one.subject_kind == "support"}:
            told = self.upto(self.year.last_day, subject=[subject], verb=["silent", "expired"])
            if told and told[0].happened_on >= self.year.first_day:
                yield subject, told[0].about_body, "", told[0].happened_on

    def dwell(self) -> Iterator[tuple[Any, ...]]:
        for subject in {one.subject for one in self.known if one.subject_kind == "need"}:
            stage, since, last = "", None, ""
            for one in self.upto(self.year.last_day, subject=[subject]):
                if stage and since and self.year.contains(one.happened_on):
                    yield subject, self.holder(one.case, one.happened_on), stage, one.happened_on, (one.happened_on - since).days
                if one.verb != "need_settled":
                    last = one.to_state
                stage, since = (last if one.verb != "need_settled" or one.to_state == "open" else ""), one.happened_on

    def pressures(self) -> Iterator[tuple[Any, ...]]:
        for case in self.dice.cases:
            for record, body, _channel, day in self.consultations():
                if record == case.consultations.get().pk:
                    anew = any(one.case == case and one.verb == "triaged" and one.from_state == one.to_state and one.recorded_at > self.as_of
                               for one in self.dice.steps)  # fmt: skip
                    yield case.pk, body, "?" if anew else (case.pressures or [""])[0], day


@pytest.mark.covers("C38", "C78")
@pytest.mark.parametrize("seed", range(6))
def test_on_random_steps_sql_and_pencil_agree_on_any_day(world: World, seed: int) -> None:
    with clock.moved_to(NOW):
        dice = Dice(world, seed)
        seen = 0
        for year in (2025, 2026, 2027):
            for day in (dt.date(2026, 7, 1), dt.date(2027, 3, 31), dt.date(2027, 6, 30)):
                hand = ByHand(dice, FiscalYear(year), end_of(day))
                for code, wanted in hand.figures().items():
                    rows = count(BY_CODE[code], FiscalYear(year), as_of=end_of(day)).rows
                    days = code == "dwell"
                    found = Counter((row.record, row.body, row.split, row.day, *([row.days] if days else [])) for row in rows)
                    assert found == wanted, (code, year, day)
                    seen += len(rows)
        assert seen > 100
