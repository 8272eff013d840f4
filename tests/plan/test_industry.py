"""Which firms count as small and medium-sized: limits by industry, and what is not known stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.plan.content import PlanContent
from renkei.plan.files import builtin_plans, load
from renkei.plan.industry import Size, industry_of, size_of

CONTENT = PlanContent({"industry": {
    "revisions": [{"code": "H25", "name": "平成25年改定"}],
    "divisions": {"E": "09-32", "G": "37-41", "I": "50-61", "L": "71-74"},
    "groups": [
        {"code": "wholesale", "name": "卸売業", "jsic": ["50", "55"], "capital_yen": 100_000_000, "employees": 100},
        {"code": "retail", "name": "小売業", "jsic": ["56"], "capital_yen": 50_000_000, "employees": 50},
        {"code": "service", "name": "サービス業", "jsic": ["411", "L"], "capital_yen": 50_000_000, "employees": 100},
        {"code": "other", "name": "製造業その他", "jsic": [], "capital_yen": 300_000_000, "employees": 300},
    ],
}})  # fmt: skip
INDUSTRY = industry_of(CONTENT)


def size(jsic: str = "", yen: int | None = None, heads: int | None = None, **more: Any) -> Size:
    return size_of(INDUSTRY, jsic=jsic, capital_yen=yen, employees=heads, **more)


@pytest.mark.parametrize(
    ("jsic", "yen", "heads", "is_sme"),
    [
        ("27", 300_000_000, 301, True), ("27", 300_000_001, 300, True), ("27", 300_000_001, 301, False), ("E", 300_000_001, 301, False),
        ("5011", 100_000_000, 999, True), ("50", 100_000_001, 101, False), ("I55", 100_000_001, 100, True),
        ("56", 50_000_001, 50, True), ("56", 50_000_001, 51, False),
        ("L", 50_000_001, 100, True), ("72", 50_000_001, 101, False), ("４１１", 50_000_001, 101, False), ("412", 50_000_001, 101, True),
        ("99", 300_000_000, 9_999, True),
    ],
)  # fmt: skip
def test_either_limit_of_the_industry_is_enough(jsic: str, yen: int, heads: int, is_sme: bool) -> None:
    assert size(jsic, yen, heads).is_sme is is_sme


@pytest.mark.parametrize(
    ("jsic", "yen", "heads", "missing"),
    [
        ("27", None, None, ("employees", "capital_yen")),
        ("27", 300_000_001, None, ("employees",)),
        ("27", None, 301, ("capital_yen",)),
        ("", 60_000_000, 200, ("jsic",)),
        ("I", 60_000_000, 80, ("jsic",)),
        ("41", 60_000_000, 200, ("jsic",)),
        ("", None, 60, ("jsic", "capital_yen")),
    ],
)
def test_what_is_not_known_is_asked_and_never_a_no(jsic: str, yen: int | None, heads: int | None, missing: tuple[str, ...]) -> None:
    found = size(jsic, yen, heads)
    assert (found.is_sme, found.missing) == (None, missing)


def test_without_an_industry_the_same_answer_of_all_is_an_answer() -> None:
    assert size("", 10_000_000, None).is_sme is True
    assert size("", 400_000_000, 400).is_sme is False
    assert size("", None, 30).is_sme is True


def test_a_large_firms_own_is_not_small() -> None:
    assert size("27", 1, 1, deemed_large=True) == Size(False, "大企業の子会社など（みなし大企業）")
    assert size("27", 1, 1, deemed_large=False).is_sme is True
    assert size("27", 1, 1, deemed_large=None).is_sme is True


def test_the_reason_names_limit_and_fact() -> None:
    assert size("27", 30_000_000, None).reason == "製造業その他は資本金3億円以下か従業員300人以下（資本金3,000万円）"
    assert size("56", 60_000_000, 51).reason == "小売業は資本金5,000万円以下か従業員50人以下（資本金6,000万円、従業員51人）"


def test_a_plan_without_the_section_goes_by_the_law() -> None:
    for content in (None, PlanContent({})):
        industry = industry_of(content)
        assert [one.code for one in industry.groups] == ["other"]
        assert size_of(industry, capital_yen=300_000_001, employees=301).is_sme is False


@pytest.mark.parametrize("code", sorted(builtin_plans()))
def test_the_plans_that_come_along_tell_every_division(code: str) -> None:
    industry = industry_of(PlanContent(load(builtin_plans()[code]).document))
    assert "".join(name for name, _first, _last in industry.divisions) == "ABCDEFGHIJKLMNOPQRST"
    assert [industry.division(figures) for figures in ("27", "50", "3911", "E", "")] == ["E", "I", "G", "E", ""]
    assert {one.code for one in industry.groups} == {"wholesale", "retail", "service", "other"}
    assert [one.code for one in industry.groups_of("2731")] == ["other"]
    assert {name for name, _words in industry.revisions} == {"H25", "R5"}
