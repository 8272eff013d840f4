"""A year with tricky cases, made by the actions people use; ``names`` tells which record is whose."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from renkei.base import clock
from renkei.cases.actions.answers import (
    accept,
    correct_answer,
    decline,
    finish_support,
    record_answer,
    withdraw_support,
)
from renkei.cases.actions.closing import close_case, give_feedback, reopen_case
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.shares import answer_shares, propose_shares
from renkei.cases.actions.talk import log_contact, write_to_company
from renkei.cases.actions.triage import add_need, change_need, set_analysis, settle_need
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Need, RegionalProject, Support, Verb, log_step
from renkei.companies.models import Company
from renkei.plan.models import Body, Field, Municipality, Plan, PlanVersion
from tests.cases.making import company, fresh, leave, pick, said
from tests.ground import kept
from tests.world import CENTER, CONTENT, DESK, LAB, World

CLASSES = ["summary", "technical"]
AIMS = {
    "targets": [
        {"fiscal_years": [2025, 2026], "written": "令和 7・8 年度", "count": 2},
        {"fiscal_years": [2027], "written": "令和 9 年度", "count": 1},
    ],
    "areas": [{"code": "north", "name": "ひばり県北部", "kind": "municipalities"}, {"code": "coast", "name": "ひばり湾岸", "kind": "municipalities"},
              {"code": "estates", "name": "内陸の団地", "kind": "estates"}],
    "estates": [{"code": "hill", "name": "ひばり丘団地", "area": "estates"}],
    "pressures": [{"code": "population", "name": "人口減少・少子高齢化"}, {"code": "global", "name": "国際化"}],
}  # fmt: skip


def at(month: int, day: int, hour: int = 12) -> dt.datetime:
    """Noon on a day of fiscal year 2026."""
    return clock.at(dt.date(2026 if month >= 4 else 2027, month, day), hour)


@dataclass
class Year:
    """The cases by the name the tests call them, and what hangs on them."""

    world: World
    cases: dict[str, Case] = field(default_factory=dict)
    supports: dict[str, Support] = field(default_factory=dict)
    needs: dict[str, Need] = field(default_factory=dict)
    projects: dict[str, RegionalProject] = field(default_factory=dict)

    @property
    def names(self) -> dict[Any, str]:
        """Every record's name."""
        found: dict[Any, str] = {}
        for rows in (self.cases, self.supports, self.needs, self.projects):
            found |= {row.pk: name for name, row in rows.items()}
        for name, case in self.cases.items():
            found |= {one.pk: name for one in case.consultations.all()}
        return found

    def case(self, name: str, firm: Company | None = None, body: str = DESK, **more: Any) -> Case:
        """A consultation of now."""
        given = {"summary": "試作と試験", "summary_seen": True, "standing_classes": CLASSES, "company": firm}
        by = self.world.actor(body)
        made = receive(said(**{**given, **more}), by=by, body=Body.objects.get(pk=body), to_desk=body == DESK)
        self.cases[name] = made.case
        return made.case

    def asked(self, name: str, body: str = LAB, service: str = "equipment-tests", stage: str = "3", **more: Any) -> Support:
        """A body is asked for help with a case, and the recall window is over."""
        case = fresh(self.cases[name])
        need = self.needs.get(name) or add_need(case, title="雷サージの試験", stage=stage, by=self.world.desk)
        self.needs[name] = need
        support = send_offers(fresh(case), [replace(pick(need, body, service), **more)], by=self.world.desk)[0]
        leave(support)
        self.supports[name] = fresh(support)
        return self.supports[name]

    def end(self, name: str, reason: str = "solved", result: str = "solved", by: Any = None) -> None:
        """Close a case now."""
        close_case(fresh(self.cases[name]), by=by or self.world.desk, reason=reason, words="終わりました。", result=result, needs="settled",
                   answer_to_company="ありがとうございました。")  # fmt: skip


def aims(world: World) -> None:
    """Publish a plan with targets and overlapping areas."""
    content = {**CONTENT, **AIMS, "vocabularies": {**CONTENT["vocabularies"], "pressures": AIMS["pressures"]}}
    last = PlanVersion.objects.order_by("-number").values_list("number", flat=True)[0]
    PlanVersion.objects.create(plan=Plan.objects.get(), number=last + 1, content=content, published_at=clock.now())
    Municipality.objects.create(code="999024", name="ひばり浜市", kana="ひばりはまし", areas=["north", "coast"])


@kept
def a_year(world: World) -> Year:
    """Write the year from March 2026 to November; each step stands at its own moment."""
    year = Year(world)
    with clock.moved_to(at(4, 1, 9)):
        aims(world)
        both = company(name="二つの地域株式会社", municipality_id="999024")
        hill = company(name="団地製作所", municipality_id="999016", estate="ひばり丘団地")
    _solved_twice(year, both)
    _late_and_spam(year)
    _answers(year, hill)
    _merged_and_split(year, both)
    _handed_over(year)
    _projects(year)
    return year


def _solved_twice(year: Year, firm: Company) -> None:
    """「twice」 was solved, taken up again and solved in part; its firm said so later. Answered on the fourth working day."""
    world = year.world
    with clock.moved_to(at(4, 10)):
        case = year.case("twice", firm)
    with clock.moved_to(at(4, 13)):
        log_contact(fresh(case), by=world.desk, channel="phone", text="", outcome="absent", happened_at=clock.now())
        set_analysis(fresh(case), support_field="A", pressures=["population", "global"], purposes=["new_field"], by=world.desk)
        year.asked("twice")
    with clock.moved_to(at(4, 15)):
        accept(fresh(year.supports["twice"]), by=world.lab)
    with clock.moved_to(at(4, 16)):
        write_to_company(fresh(case), by=world.desk, text="試験所に頼みました。")
    with clock.moved_to(at(5, 20)):
        finish_support(fresh(year.supports["twice"]), by=world.lab, text="試験した", helped=True)
        change_need(fresh(year.needs["twice"]), stage="4", by=world.desk)
    with clock.moved_to(at(6, 1)):
        year.end("twice")
    with clock.moved_to(at(6, 10)):
        give_feedback(fresh(case), by=world.desk, result="partly", satisfaction=4)
    with clock.moved_to(at(7, 1)):
        reopen_case(fresh(case), by=world.desk, reason="もう一度試す")
    with clock.moved_to(at(8, 3)):
        year.end("twice", "partly", "")


def _late_and_spam(year: Year) -> None:
    """「late」 was said in March and written down in April; 「spam」 was a nuisance; 「undone」 was taken back in May."""
    with clock.moved_to(at(4, 2)):
        year.case("late", consulted_at=clock.at(dt.date(2026, 3, 30), 10))
    with clock.moved_to(at(4, 20)):
        year.case("spam")
    with clock.moved_to(at(4, 21)):
        year.end("spam", "spam", "")
    with clock.moved_to(at(4, 22)):
        undone = year.case("undone")
    with clock.moved_to(at(5, 11)):
        log_step(undone, Verb.IMPORT_UNDONE, by=year.world.desk, before="active", after="closed")


def _answers(year: Year, firm: Company) -> None:
    """The centre's no was a yes wrongly taken down; the bank said no; the lab said nothing; one yes was withdrawn."""
    world = year.world
    with clock.moved_to(at(6, 1)):
        for name in ("wrong", "no", "silent", "withdrawn"):
            year.case(name, firm)
        year.asked("wrong", CENTER, "rd-subsidy", "2")
        year.asked("no", CENTER, "sales-adviser", "4")
        year.asked("silent", LAB)
        year.asked("withdrawn", LAB)
    with clock.moved_to(at(6, 3)):
        record_answer(year.supports["wrong"], by=world.desk, answer="decline", answered_by="露崎", reason="busy", happened_on=dt.date(2026, 6, 2))
        decline(fresh(year.supports["no"]), by=world.center, reason="not_our_field")
        accept(fresh(year.supports["withdrawn"]), by=world.lab)
    with clock.moved_to(at(6, 5)):
        correct_answer(fresh(year.supports["wrong"]), by=world.center, answer="accept")
        withdraw_support(fresh(year.supports["withdrawn"]), by=world.desk, reason="会社がやめた")
    for day in (8, 9):
        with clock.moved_to(at(6, day)):
            run_clocks()


def _merged_and_split(year: Year, firm: Company) -> None:
    """「gone」 went into 「kept」, out of which 「part」 was split with one need."""
    world = year.world
    with clock.moved_to(at(9, 1)):
        kept, gone = year.case("kept", firm), year.case("gone", firm)
        year.needs["kept"] = add_need(fresh(kept), title="量産", stage="3", by=world.desk)
        year.needs["part"] = add_need(fresh(kept), title="販路", stage="4", by=world.desk)
    with clock.moved_to(at(9, 2)):
        merge_cases(fresh(kept), fresh(gone), by=world.desk)
    with clock.moved_to(at(9, 10)):
        year.cases["part"] = split_case(fresh(kept), needs=[fresh(year.needs["part"])], title="販路", by=world.desk)
    with clock.moved_to(at(9, 24)):
        settle_need(fresh(year.needs["part"]), state="settled", by=world.desk)
    with clock.moved_to(at(9, 28)):
        settle_need(fresh(year.needs["part"]), state="open", by=world.desk)


def _handed_over(year: Year) -> None:
    """「given」 was taken by the lab itself; 「moved」 went from the desk to the lab in October."""
    world = year.world
    with clock.moved_to(at(10, 1)):
        year.case("given", body=LAB)
        moved = year.case("moved")
    with clock.moved_to(at(10, 5)):
        consent = {"to_body": Body.objects.get(pk=LAB), "by": world.desk, "pack": Pack("受けた", "試験する", "結果を伝える")}
        year.asked("moved")
        handover = offer_handover(fresh(moved), **consent)  # type: ignore[arg-type]  one table for one call
    with clock.moved_to(at(10, 7)):
        accept_handover(handover, by=world.lab)


def _projects(year: Year) -> None:
    """「two」 was helped by two bodies through two cases; 「march」 was approved in March and written down in June."""
    world, field_a = year.world, Field.objects.get(pk="A")
    given = {"field": field_a, "by": world.desk}
    bodies = {one.pk: one for one in Body.objects.all()}
    with clock.moved_to(at(6, 15)):
        year.projects["march"] = record_project(fresh(year.cases["wrong"]), number="牽引-1", approved_on=dt.date(2026, 3, 31), title="量産",
                                                bodies=[bodies[LAB]], **given)  # fmt: skip
    with clock.moved_to(at(10, 20)):
        two = year.projects["two"] = record_project(fresh(year.cases["kept"]), number="牽引-2", approved_on=dt.date(2026, 10, 15), title="電源",
                                              bodies=[bodies[LAB], bodies[CENTER]], **given)  # fmt: skip
        record_project(fresh(year.cases["part"]), number="牽引-2", approved_on=dt.date(2026, 10, 15), title="電源",
                       bodies=[bodies[CENTER]], **given)  # fmt: skip
    with clock.moved_to(at(10, 25)):
        shares = propose_shares(two, {LAB: 60, CENTER: 40}, by=world.desk)
        answer_shares(shares, agreed=True, by=world.lab)
    with clock.moved_to(at(11, 10)):
        answer_shares(shares, agreed=True, by=world.center)
