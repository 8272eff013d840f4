"""What a plan says on a day: at the edges of fiscal years, with areas that overlap, and as the page writes it in Japanese."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.plan import reading
from renkei.plan.actions import publish
from renkei.plan.content import PlanContent
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import Plan
from tests.plan.region import region

DAYS = st.dates(dt.date(2024, 4, 1), dt.date(2027, 3, 31))


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.moved_to(clock.at(dt.date(2026, 11, 25))):
        yield


@pytest.fixture(scope="module")
def following() -> PlanContent:
    return PlanContent(load(builtin_plans()["chiba-next"]).document)


def content(**sections: Any) -> PlanContent:
    return PlanContent({**region(), **sections})


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# Rows that hold on a day ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "day", "is_held"),
    [
        ({}, "1900-01-01", True), ({"from": None, "to": None}, "2999-12-31", True), ({"from": "2026-04-01"}, "2026-03-31", False),
        ({"from": "2026-04-01"}, "2026-04-01", True), ({"to": "2026-03-31"}, "2026-03-31", True), ({"to": "2026-03-31"}, "2026-04-01", False),
        ({"from": "2028-02-29", "to": "2028-02-29"}, "2028-02-29", True), ({"from": "2028-02-29", "to": "2028-02-29"}, "2028-03-01", False),
        ({"from": "2025-12-31", "to": "2026-01-01"}, "2026-01-01", True), ({"from": "", "to": ""}, "2026-01-01", True),
    ],
)  # fmt: skip
def test_a_row_holds_from_its_first_to_its_last_day(row: dict[str, Any], day: str, is_held: bool) -> None:
    assert reading.holds(row, on(day)) is is_held


@given(DAYS, st.one_of(st.none(), DAYS), st.one_of(st.none(), DAYS))
def test_text_of_days_is_compared_as_days(day: dt.date, start: dt.date | None, end: dt.date | None) -> None:
    row = {"from": start and start.isoformat(), "to": end and end.isoformat()}
    assert reading.holds(row, day) == ((start is None or start <= day) and (end is None or day <= end))


@pytest.mark.parametrize(
    ("day", "loans"),
    [("2024-03-31", 0), ("2024-04-01", 1), ("2025-03-31", 1), ("2025-04-01", 1), ("2027-03-31", 1)],
)
@pytest.mark.covers("C66")
def test_the_figure_of_a_day_has_one_cell_a_pair(day: str, loans: int) -> None:
    """Two spans of one pair that follow each other are one cell, on the last day of the old year and the first of the new."""
    figure = reading.figure(content(), on(day))
    cells = {line.service["code"]: [cell.source for cell in line.cells] for group in figure.groups for line in group.lines}
    assert cells["loan"].count("figure") == loans
    assert all(len(row) == 3 for row in cells.values())


@settings(max_examples=30)
@given(DAYS, st.dictionaries(st.tuples(st.sampled_from(["events", "loan", "tech-consultation"]),
                                       st.sampled_from(["hibari-desk", "hibari-lab", "hibari-bank"])), st.integers(0, 99)))  # fmt: skip
def test_each_total_of_the_figure_is_the_sum_of_its_column(day: dt.date, counts: dict[tuple[str, str], int]) -> None:
    figure = reading.figure(content(), day, counts)
    for column, (body, total) in enumerate(figure.totals):
        cells = [line.cells[column] for group in figure.groups for line in group.lines]
        assert {cell.body["code"] for cell in cells} == {body["code"]}
        assert sum(cell.count or 0 for cell in cells) == total


@pytest.mark.covers("C34")
@pytest.mark.parametrize(
    ("day", "codes"),
    [("2026-03-30", ["tkf", "kinrin", "ended"]), ("2026-03-31", ["tkf", "kinrin", "ended"]), ("2026-04-01", ["tkf", "kinrin"])],
)
def test_a_network_ends_with_its_fiscal_year(following: PlanContent, day: str, codes: list[str]) -> None:
    assert [network["code"] for network, _members in reading.networks(following, on(day))] == codes


@pytest.mark.covers("C34")
@pytest.mark.parametrize(("code", "first_day"), [("tiri", "2002-04-01"), ("yokohama", "2008-04-01"), ("niigata", "2015-04-01")])
def test_a_member_joins_on_its_day(following: PlanContent, code: str, first_day: str) -> None:
    def members(day: dt.date) -> set[str]:
        return {member["code"] for network, members in reading.networks(following, day) for member in members if network["code"] == "tkf"}

    assert code in members(on(first_day))
    assert code not in members(on(first_day) - dt.timedelta(days=1))


@pytest.mark.covers("C74")
@pytest.mark.parametrize(
    ("day", "name", "other"),
    [("2025-03-31", "古い 知事", "知事 新しい 知事（令和7年4月1日から）"), ("2025-04-01", "新しい 知事", "知事 古い 知事（計画書のとおり）")],
)
def test_a_representative_changes_with_the_fiscal_year(day: str, name: str, other: str) -> None:
    lead = reading.parties(content(), on(day))[0]
    assert (lead.person["name"], lead.other) == (name, [other])


@pytest.mark.covers("C74")
def test_names_and_addresses_have_their_days_too() -> None:
    rows = region()["parties"]
    rows[1]["names"].append({"from": "2026-10-01", "value": "新ひばり銀行"})
    rows[1]["addresses"].append({"from": "2027-01-01", "value": "ひばり市9-9"})
    rows[1]["roles"].append({"from": "2026-12-01", "body": "hibari-bank", "heading": "後から", "items": ["助言"]})
    seen = {day: reading.parties(content(parties=rows), on(day))[1] for day in ("2026-09-30", "2026-10-01", "2026-12-01", "2027-01-01")}
    assert [(one.name, one.address, len(one.roles)) for one in seen.values()] == [
        ("ひばり銀行", "ひばり市2-2", 1), ("新ひばり銀行", "ひばり市2-2", 1), ("新ひばり銀行", "ひばり市2-2", 2), ("新ひばり銀行", "ひばり市9-9", 2),
    ]  # fmt: skip
    assert seen["2026-09-30"].other == ["新ひばり銀行（令和8年10月1日から）", "ひばり市9-9（令和9年1月1日から）"]


@pytest.mark.parametrize(
    ("today", "begun"),
    [("2024-03-31", [False, False]), ("2024-04-01", [True, False]), ("2026-03-31", [True, False]), ("2026-04-01", [True, True])],
)
@pytest.mark.covers("C38", "C39")
def test_a_target_begins_with_the_first_of_its_years(today: str, begun: list[bool]) -> None:
    with clock.moved_to(clock.at(on(today))):
        assert [line.is_begun for line in reading.targets(content())] == begun


@pytest.mark.parametrize(
    ("results", "hits", "missing"),
    [({}, "", "○○"), ({2026: 1}, "●", "○"), ({2026: 2}, "●●", ""), ({2026: 5}, "●●●●●", ""), ({2025: 9}, "", "○○")],
)
def test_dots_show_results_and_what_is_missing_but_never_less_than_nothing(results: dict[int, int], hits: str, missing: str) -> None:
    line = reading.targets(content(), results)[1]
    assert (line.hits, line.missing) == (hits, missing)


# Areas that overlap --------------------------------------------------------------------------------------------------


@pytest.fixture
def overlapping() -> PlanContent:
    areas = [{"code": "north", "name": "北", "kind": "municipalities"}, {"code": "coast", "name": "海沿い", "kind": "municipalities"},
             {"code": "inland", "name": "内陸", "kind": "estates"}]  # fmt: skip
    towns = [{"code": "999016", "name": "ひばり市", "kana": "ひばりし", "areas": ["north", "coast"]},
             {"code": "999024", "name": "つぐみ町", "kana": "つぐみまち", "areas": ["coast"]},
             {"code": "999032", "name": "めじろ村", "kana": "めじろむら", "areas": []}]  # fmt: skip
    rows = [{"area": area, "name": "機械", "value": 60.0, "unit": "%", "written": "機械60%"} for area in ("north", "coast")]
    estates = [{"code": "e", "name": "めじろ団地", "area": "inland", "municipality": "999032"}]
    return content(areas=areas, municipalities=towns, indicators=rows, estates=estates)


@pytest.mark.covers("C08", "C09", "C10")
def test_a_town_in_two_areas_stands_in_both_and_nothing_is_summed(overlapping: PlanContent) -> None:
    lines = {line.area["code"]: line for line in reading.areas(overlapping)}
    assert {code: line.municipalities for code, line in lines.items()} == {
        "north": ["ひばり市"], "coast": ["ひばり市", "つぐみ町"], "inland": [],
    }  # fmt: skip
    assert [estate["name"] for estate in lines["inland"].estates] == ["めじろ団地"]
    assert [row["written"] for code in ("north", "coast") for row in lines[code].indicators] == ["機械60%", "機械60%"]
    assert "" not in lines


def test_without_areas_there_is_no_line_at_all() -> None:
    assert reading.areas(content(areas=[], indicators=[])) == []


# As the page writes it -----------------------------------------------------------------------------------------------


def page(document: dict[str, Any]) -> str:
    plan: Plan = publish(document, by=SYSTEM).plan
    return " ".join(render_to_string("plan/sections.html", reading.page(plan)).split())


def plain(html: str) -> str:
    return re.sub(r"<[^>]+>|\s", "", html)


def test_the_smallest_plan_has_no_empty_headings(db: None) -> None:
    html = page(region())
    heads = re.findall(r"<h2[^>]*>([^<]*)</h2>", html)
    assert heads == ["計画のあらまし", "支援する分野", "者と役割", "目標", "地域の指標", "書面の決まりと任意の記載"]
    assert "2者、3機関" in html
    assert "<dt>前の計画</dt>" not in html


def test_the_areas_say_that_they_overlap(db: None, overlapping: PlanContent) -> None:
    words = plain(page(overlapping.raw))
    assert "地域は重なるので、足し合わせられません" in words
    assert "市町村：ひばり市、つぐみ町" in words
    assert "工業団地：めじろ団地" in words
    assert "120" not in words


def test_what_a_plan_says_is_text_and_never_html(db: None) -> None:
    document = region()
    hostile = "<script>alert(1)</script>"
    document["fields"][0]["definition"] = document["parties"][0]["names"][0]["value"] = hostile
    document["bodies"][0]["short"] = document["areas"][0]["name"] = document["targets"][0]["written"] = hostile
    document["notes"] = [{"code": "n", "title": hostile, "note": hostile}]
    html = page(document)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 6


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ({"from": "2024-04-01", "to": "2027-03-31", "written": "x"}, "2024-04-01から2027-03-31［令和8年度末］まで"),
        ({"from": None, "to": "2024-03-31", "written": "x", "from_written": "計画承認の日", "to_written": "平成 35 年度末日"},
         "計画承認の日から平成35年度末日［令和5年度末］まで"),
        ({"from": "2024-04-01", "to": "2027-03-31", "written": "x", "from_written": "令和6年4月1日", "to_written": "令和8年度末日"},
         "令和6年4月1日から令和8年度末日まで"),
        ({"from": "2019-05-01", "to": "2020-03-31", "written": "x", "to_written": "令和元年度末"}, "2019-05-01から令和元年度末まで"),
    ],
)  # fmt: skip
@pytest.mark.covers("C01")
def test_the_term_is_written_as_in_the_plan_with_our_count_beside_it(db: None, term: dict[str, Any], words: str) -> None:
    document = region()
    document["plan"]["term"] = term
    document["targets"], document["targets_total"] = [], {"count": 0}
    assert reading.term_words(publish(document, by=SYSTEM).plan) == words


def test_plans_that_follow_each_other_lead_to_each_other(db: None) -> None:
    first = publish(region(), by=SYSTEM).plan
    document = region()
    document["plan"] |= {"code": "hibari-next", "predecessor": "hibari-files", "title": "次のひばり県計画"}
    document["plan"]["term"] = {"from": "2027-04-01", "to": "2030-03-31", "written": "次の3年"}
    document["targets"], document["targets_total"] = [], {"count": 0}
    html = page(document)
    assert '<dt>前の計画</dt><dd><a href="/plan/hibari-files/">ひばり県連携支援計画</a></dd>' in html
    assert [one.pk for one in reading.page(first)["successors"]] == ["hibari-next"]
    assert reading.day_of(first) == dt.date(2026, 11, 25)
    assert reading.day_of(Plan.objects.get(pk="hibari-next")) == dt.date(2027, 4, 1)


def test_reading_a_page_takes_as_many_questions_for_a_large_plan_as_for_a_small_one(
    db: None, django_assert_num_queries: Any
) -> None:
    document = region()
    for body, prefix in zip(document["bodies"], "甲乙丙", strict=True):
        body["number_prefix"] = prefix
    for plan in (publish(document, by=SYSTEM).plan, publish(load(builtin_plans()["chiba"]).document, by=SYSTEM).plan):
        reading.page(plan)
        with django_assert_num_queries(4):
            reading.page(plan)
