"""A plan as people read it: the figure, the parties on a day, targets and indicators, ready for a page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.base.language import in_english, shown_fiscal_year, shown_full_day, shown_list
from renkei.plan.content import PlanContent
from renkei.plan.models import Plan
from renkei.plan.queries import plan_content, published_plans

_PARTS = re.compile(r"[ァ-ヶー]+|[^ァ-ヶー]+")  # a narrow column head may break between these
_CATEGORY = {"figure": gettext_lazy("図"), "text": gettext_lazy("本文"), "both": gettext_lazy("図と本文")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One body under one service: ``source`` is empty where the plan has no such pair."""

    body: dict[str, Any]
    source: str = ""
    note: str = ""
    count: int | None = None

    @property
    def where(self) -> str:
        """Return where the plan says so, in a word."""
        return str(_CATEGORY.get(self.source, ""))


@dataclass(frozen=True, slots=True)
class Line:
    """One service with a cell for each body."""

    service: dict[str, Any]
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Group:
    """One stage with its services."""

    stage: dict[str, Any]
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Figure:
    """The plan's figure: stages and services down, bodies across [C66]."""

    bodies: list[dict[str, Any]]
    heads: list[tuple[str, int]]  # what stands over neighbouring bodies of one party, and over how many
    groups: list[Group]
    totals: list[tuple[dict[str, Any], int]]

    @property
    def width(self) -> int:
        """Return the number of columns."""
        return len(self.bodies) + 1


@dataclass(frozen=True, slots=True)
class PartyLine:
    """A party on a day, with the values it had before and will have [C74]."""

    number: str
    name: str
    address: str
    person: dict[str, Any]
    roles: list[dict[str, Any]]
    other: list[str]


@dataclass(frozen=True, slots=True)
class TargetLine:
    """What is aimed at in a set of fiscal years together [C39]; ``result`` is None where one may not know it."""

    words: str
    years: tuple[int, ...]
    count: int
    result: int | None = None
    is_begun: bool = True

    @property
    def hits(self) -> str:
        """Return a dot for each result."""
        return "●" * (self.result or 0)

    @property
    def missing(self) -> str:
        """Return a circle for each that is missing."""
        return "○" * max(self.count - (self.result or 0), 0)

    @property
    def key(self) -> str:
        """Return the years as an address carries them."""
        return "-".join(map(str, self.years))


@dataclass(frozen=True, slots=True)
class AreaLine:
    """An area with its indicators; shares of two areas overlap and are never summed [C10]."""

    area: dict[str, Any]
    indicators: list[dict[str, Any]]
    municipalities: list[str] = field(default_factory=list)
    estates: list[dict[str, Any]] = field(default_factory=list)


def day_of(plan: Plan) -> dt.date:
    """Return the day a plan is read on: today inside its term, else the nearest day of the term."""
    today = clock.today()
    if plan.term_from and today < plan.term_from:
        return plan.term_from
    return min(today, plan.term_to)


def holds(row: Mapping[str, Any], on: dt.date) -> bool:
    """Tell whether a dated row holds on a day."""
    day = on.isoformat()
    return (row.get("from") or "") <= day <= (row.get("to") or "9999")


def figure(content: PlanContent, on: dt.date, counts: Mapping[tuple[str, str], int] | None = None) -> Figure:
    """Return the figure on a day; ``counts`` (by service and body) fill the cells for those who may know them."""
    bodies = [body | {"parts": _PARTS.findall(body["short"])} for body in content.section("bodies")]
    offers = {(row["service"], row["body"]): row for row in content.section("provisions") if holds(row, on)}

    def cell(service: str, body: dict[str, Any]) -> Cell:
        row = offers.get((service, body["code"]))
        if row is None:
            return Cell(body)
        count = None if counts is None else counts.get((service, body["code"]), 0)
        return Cell(body, row["source"], row.get("note", ""), count)

    groups = [
        Group(stage, [Line(service, [cell(service["code"], body) for body in bodies])
                      for service in content.section("services") if service["stage"] == stage["code"]])
        for stage in content.section("stages")
    ]  # fmt: skip
    totals = [(body, sum((counts or {}).get((service, body["code"]), 0) for service, owner in offers if owner == body["code"]))
              for body in bodies]  # fmt: skip
    return Figure(bodies, _heads(content, bodies, on), groups, totals)


def _heads(content: PlanContent, bodies: list[dict[str, Any]], on: dt.date) -> list[tuple[str, int]]:
    """Return party names over parties with several bodies side by side, and empty ones over the others."""
    names = {party["code"]: content.dated(party["names"], on)["value"] for party in content.section("parties")}
    heads = []
    for code, run in groupby(bodies, key=lambda body: body["party"]):
        span = len(list(run))
        heads.append((str(names.get(code, "")) if span > 1 else "", span))
    return heads


def parties(content: PlanContent, on: dt.date) -> list[PartyLine]:
    """Return the parties as they are on a day."""
    names = {body["code"]: f"{body['number']}{body['short']}" for body in content.section("bodies")}
    lines = []
    for party in content.section("parties"):
        chosen = {key: content.dated(party[key], on) for key in ("names", "addresses", "representatives")}
        other = [
            f"{value.get('title', '')} {value.get('value') or value['name']}（{_since(value)}）".strip()
            for key in ("names", "addresses", "representatives") for value in party[key] if value is not chosen[key]
        ]  # fmt: skip
        roles = [role | {"body_name": names.get(role["body"], ""), "tasks": role["items"]} for role in party["roles"] if holds(role, on)]
        person = chosen["representatives"]
        lines.append(
            PartyLine(party["number"], chosen["names"]["value"], chosen["addresses"]["value"], person, roles, other)
        )
    return lines


def _since(value: dict[str, Any]) -> str:
    if not value["from"]:
        return _("計画書のとおり")
    return _("%(day)sから") % {"day": shown_full_day(dt.date.fromisoformat(value["from"]))}


def targets(content: PlanContent, results: Mapping[int, int] | None = None) -> list[TargetLine]:
    """Return the targets; ``results`` (projects by fiscal year) only for those who may know them."""
    this_year = FiscalYear.of(clock.today()).start_year
    lines = []
    for target in content.targets:
        ours = "・".join(str(FiscalYear(year)) for year in target.fiscal_years)
        plain = target.written.replace(" ", "")
        words = plain if plain == ours else f"{plain}［{ours}］"
        if in_english():
            words = shown_list([shown_fiscal_year(FiscalYear(year)) for year in target.fiscal_years])
        result = None if results is None else sum(results.get(year, 0) for year in target.fiscal_years)
        lines.append(TargetLine(words, target.fiscal_years, target.count, result, min(target.fiscal_years) <= this_year))
    return lines


def areas(content: PlanContent) -> list[AreaLine]:
    """Return the areas with what is known of each; the whole region first."""
    whole = AreaLine({"code": "", "name": _("全体")}, [row for row in content.section("indicators") if not row["area"]])
    lines = [whole] if whole.indicators else []
    for area in content.section("areas"):
        code = area["code"]
        lines.append(
            AreaLine(
                area,
                [row for row in content.section("indicators") if row["area"] == code],
                [row["name"] for row in content.section("municipalities") if code in row["areas"]],
                [row for row in content.section("estates") if row["area"] == code],
            )
        )
    return lines


def units(content: PlanContent, on: dt.date) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return units with their state on a day; one whose opening is only planned stays planned [C15]."""
    return [(unit, content.dated(unit["states"], on)) for unit in content.section("units")]


def networks(content: PlanContent, on: dt.date) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return the networks that hold on a day with their members of that day [C34]."""
    return [
        (network, [member for member in network["members"] if holds(member, on)])
        for network in content.section("networks")
        if holds(network, on)
    ]


def head_of(plan: Plan) -> dict[str, Any]:
    """Return the head as published; what the row says where a version has none."""
    dates = {"from": plan.term_from.isoformat() if plan.term_from else None, "to": plan.term_to.isoformat()}
    head: dict[str, Any] = plan_content(plan).raw.get("plan") or {"term": dates, "approval": {"written": ""}}
    return head


def term_words(plan: Plan) -> str:
    """Return the term as written, with our count of years beside it where the plan's differs."""
    term = head_of(plan)["term"]
    if in_english():
        days = {name: shown_full_day(dt.date.fromisoformat(term[name])) if term[name] else "" for name in ("from", "to")}
        return f"{days['from']} – {days['to']}".strip()
    start, end = term.get("from_written") or term["from"] or "", term.get("to_written") or term["to"]
    year = FiscalYear.of(dt.date.fromisoformat(term["to"]))
    plain = str(end).replace(" ", "")
    beside = "" if str(year) in plain else f"［{year}末］"
    return f"{start}から{plain}{beside}まで"


def page(plan: Plan) -> dict[str, Any]:
    """Return what ``plan/sections.html`` shows of a plan to everyone."""
    content, on = plan_content(plan), day_of(plan)
    names = {body["code"]: body["short"] for body in content.section("bodies")}
    plain = ["fields", "ladder", "universities", "medical_partners", "form_rules", "optional_sections", "notes"]
    return {
        "plan": plan,
        "head": head_of(plan),
        "term": term_words(plan),
        "successors": [one for one in published_plans() if one.predecessor_id == plan.pk],
        "figure": figure(content, on),
        "parties": parties(content, on),
        "targets": targets(content),
        "target_total": sum(target.count for target in content.targets),
        "total": content.raw.get("targets_total") or {},
        "meetings": [row | {"owner_name": names.get(row["owner"], "")} for row in content.section("meetings")],
        "areas": areas(content),
        "areas_note": content.raw.get("areas_note", ""),
        "units": units(content, on),
        "networks": networks(content, on),
        **{name: content.section(name) for name in plain},
    }
