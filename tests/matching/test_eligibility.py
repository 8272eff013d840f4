"""Each rule: met, failed, unknown."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.matching.eligibility import general_questions, rulings, window_words
from renkei.matching.facts import Facts
from renkei.matching.models import Window
from renkei.matching.proposal import Evidence

DAY = dt.date(2026, 11, 25)
NONE = Facts()


@pytest.mark.parametrize(
    ("eligible", "facts", "is_met"),
    [
        ({"sme_only": True}, NONE, None),
        ({"sme_only": True}, Facts(employees=300), True),
        ({"sme_only": True}, Facts(employees=301), None),
        ({"sme_only": True}, Facts(employees=301, capital_yen=300_000_000), True),
        ({"sme_only": True}, Facts(employees=301, capital_yen=300_000_001), False),
        ({"max_employees": 20}, NONE, None),
        ({"max_employees": 20}, Facts(employees=20), True),
        ({"max_employees": 20}, Facts(employees=21), False),
        ({"in_prefecture": True}, NONE, None),
        ({"in_prefecture": True}, Facts(in_region=False), False),
        ({"municipalities": ["1"]}, NONE, None),
        ({"municipalities": ["1"]}, Facts(municipality="1"), True),
        ({"municipalities": ["1"]}, Facts(municipality="2"), False),
        ({"min_age_years": 3}, Facts(age_years=3), True),
        ({"min_age_years": 3}, Facts(age_years=2), False),
        ({"min_age_years": 3}, NONE, None),
        ({"jsic": ["E", "39"]}, NONE, None),
        ({"jsic": ["E", "39"]}, Facts(jsic="24"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="E2499"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="391"), True),
        ({"jsic": ["E", "39"]}, Facts(jsic="I56"), False),
        ({"jsic": ["09"]}, Facts(jsic="24"), False),
        ({"consortium_min": 2}, NONE, None),
        ({"consortium_min": 2}, Facts(partners=1), True),
        ({"consortium_min": 3}, Facts(partners=1), False),
        ({"consortium_min": 2}, Facts(states=frozenset({"partner"})), True),
        ({"consortium_min": 3}, Facts(states=frozenset({"partner"})), None),
    ],
)
def test_a_rule(eligible: dict[str, Any], facts: Facts, is_met: bool | None) -> None:
    assert [ruling.is_met for ruling in rulings(eligible, facts)] == [is_met]


def test_a_programme_without_rules_asks_nothing() -> None:
    assert rulings({"sme_only": False, "consortium_min": 0, "jsic": [], "max_employees": None}, NONE) == []


def test_evidence_names_its_question_only_when_unknown() -> None:
    [unknown] = rulings({"in_prefecture": True}, NONE)
    [met] = rulings({"in_prefecture": True}, Facts(in_region=True))
    [failed] = rulings({"in_prefecture": True}, Facts(in_region=False))
    text = "地域内に事業所があること"
    assert [one.evidence() for one in (unknown, met, failed)] == [
        Evidence("unknown", text, "municipality"), Evidence("met", text), Evidence("failed", text),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], (None, "", True)),
        ([Window(kind="call", always_open=True)], (None, "いつでも申し込めます", True)),
        ([Window(kind="call", opens=dt.date(2026, 12, 7), closes=dt.date(2027, 1, 29))], (dt.date(2026, 12, 7), "12月7日から受付", True)),
        ([Window(kind="call", opens=DAY, closes=DAY)], (DAY, "受付中（11月25日まで）", True)),
        ([Window(kind="call", closes=dt.date(2026, 11, 24))], (None, "今年の受付は終わりました", False)),
        ([Window(kind="course", closes=dt.date(2026, 12, 1), starts=dt.date(2026, 12, 5))],
         (dt.date(2026, 12, 1), "12月5日開催（申込みは12月1日まで）", True)),
        ([Window(kind="call", closes=dt.date(2026, 3, 1)), Window(kind="call", opens=dt.date(2026, 11, 1), closes=dt.date(2026, 12, 1))],
         (dt.date(2026, 12, 1), "受付中（12月1日まで）", True)),
    ],
)  # fmt: skip
def test_windows_in_words(windows: list[Window], expected: tuple[dt.date | None, str, bool]) -> None:
    assert window_words(windows, DAY) == expected


def test_only_the_questions_needed_are_asked() -> None:
    assert [one.key for one in general_questions({"age_years", "jsic", "window"})] == ["age_years", "jsic"]
