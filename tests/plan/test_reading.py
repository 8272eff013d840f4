"""A plan is read on a day: who offers what then, who stands for a party then, what holds then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.plan import reading
from renkei.plan.content import PlanContent
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import Plan
from tests.plan.region import region

DAY = dt.date(2026, 11, 25)


def content(**sections: Any) -> PlanContent:
    return PlanContent({**region(), **sections})


@pytest.mark.parametrize(
    ("today", "read_on"),
    [("2020-01-01", "2024-04-01"), ("2025-05-05", "2025-05-05"), ("2030-01-01", "2027-03-31")],
)
def test_a_plan_is_read_inside_its_term(today: str, read_on: str) -> None:
    plan = Plan(code="x", term_from=dt.date(2024, 4, 1), term_to=dt.date(2027, 3, 31))
    with clock.moved_to(clock.at(dt.date.fromisoformat(today))):
        assert reading.day_of(plan).isoformat() == read_on
        plan.term_from = None
        assert reading.day_of(plan) == min(dt.date.fromisoformat(today), plan.term_to)


def test_the_figure_follows_the_dates_of_the_provisions() -> None:
    ended = region()["provisions"]
    ended[0]["to"] = "2026-03-31"
    figure = reading.figure(content(provisions=ended), DAY, {("loan", "hibari-bank"): 3, ("events", "hibari-lab"): 9})
    lines = {line.service["code"]: [(cell.source, cell.count) for cell in line.cells] for g in figure.groups for line in g.lines}
    nothing = ("", None)
    assert lines == {
        "events": [nothing, nothing, nothing],
        "loan": [nothing, nothing, ("figure", 3)],
        "tech-consultation": [nothing, ("text", 0), nothing],
    }
    assert [(body["code"], total) for body, total in figure.totals] == [
        ("hibari-desk", 0), ("hibari-lab", 0), ("hibari-bank", 3),
    ]  # fmt: skip
    assert (figure.heads, figure.width) == ([("ひばり県", 2), ("", 1)], 4)
    assert [cell.where for cell in figure.groups[1].lines[1].cells] == ["", "本文", ""]


def test_without_counts_no_cell_has_a_number() -> None:
    figure = reading.figure(content(), DAY)
    assert {cell.count for group in figure.groups for line in group.lines for cell in line.cells} == {None}


@pytest.mark.covers("C74")
def test_a_party_has_the_representative_of_the_day() -> None:
    then, now = reading.parties(content(), dt.date(2024, 6, 1)), reading.parties(content(), DAY)
    assert (then[0].person["name"], now[0].person["name"]) == ("古い 知事", "新しい 知事")
    assert then[0].other == ["知事 新しい 知事（令和7年4月1日から）"]
    assert now[0].other == ["知事 古い 知事（計画書のとおり）"]
    assert [role["body_name"] for role in now[0].roles] == ["①産業課", "②工業試験所"]


@pytest.mark.covers("C38", "C39")
def test_targets_of_two_years_together_count_both() -> None:
    with clock.moved_to(clock.at(DAY)):
        lines = reading.targets(content(), {2024: 1, 2025: 1, 2026: 0})
        unknown = reading.targets(content())
    assert [(line.words, line.result, line.hits, line.missing, line.key) for line in lines] == [
        ("令和6・7年度［令和6年度・令和7年度］", 2, "●●", "", "2024-2025"), ("令和8年度", 0, "", "○○", "2026"),
    ]  # fmt: skip
    assert {line.result for line in unknown} == {None}


@pytest.mark.covers("C34")
def test_an_ended_network_and_later_members_are_left_out() -> None:
    following = PlanContent(load(builtin_plans()["chiba-next"]).document)
    before, after = reading.networks(following, dt.date(2025, 4, 1)), reading.networks(following, DAY)
    assert [network["code"] for network, _ in before] == ["tkf", "kinrin", "ended"]
    assert [network["code"] for network, _ in after] == ["tkf", "kinrin"]
    assert len(reading.networks(following, dt.date(2010, 1, 1))[0][1]) == 5


@pytest.mark.covers("C15")
def test_a_planned_hub_opens_on_its_day() -> None:
    following = PlanContent(load(builtin_plans()["chiba-next"]).document)
    states = {
        year: [state["state"] for _, state in reading.units(following, dt.date(year, 5, 1))] for year in (2019, 2026)
    }
    assert states == {2019: ["open", "open", "planned"], 2026: ["open", "open", "open"]}


def test_areas_keep_their_municipalities_and_the_whole_comes_first() -> None:
    rows = [{"area": "", "name": "額", "value": 1, "unit": "億円", "written": "1億円"}]
    first, north = reading.areas(content(indicators=rows))
    assert (first.area["name"], [row["written"] for row in first.indicators]) == ("全体", ["1億円"])
    assert (north.area["code"], north.municipalities, north.indicators) == ("north", ["ひばり市"], [])
