"""A proposal as the matcher gives it, for pages: two needs, four candidates, one blocked, one near miss, two questions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from renkei.matching.proposal import (
    Analysis,
    Candidate,
    Clash,
    EntryHit,
    Evidence,
    Mark,
    NearMiss,
    PathStep,
    Proposal,
    ProposedNeed,
    Question,
)  # fmt: skip
from tests.world import BANK, CENTER, LAB

MONEY, DROP = "部品を仕入れるお金", "落としても狂わないか"
ORDERED = Question("ordered", "部品の発注は、もうお済みですか", "発注済みの分は対象になりません。", ["まだ", "済み"])
SIZE = Question("size", "試作品の大きさと電源は", "入る部屋が決まります。", [])


def candidates() -> list[list[Candidate]]:
    subsidy = Candidate(
        "rd-subsidy", CENTER, "2", 0.9, 1, dt.date(2027, 4, 12), "受付 来年4月12日から",
        [EntryHit("PG001", "programme", 1.0, "新商品開発助成（一般枠）", "上限250万円")],
        [Evidence("word", "お金"), Evidence("word", "部品"), Evidence("met", "県内の中小企業"), Evidence("unknown", "発注をまだしていないこと", "ordered")],
    )  # fmt: skip
    loan = Candidate("loan", BANK, "2", 0.5, 1, None, "交付決定のあと", [], [Evidence("failed", "交付決定前の資金は対象外")],
                     "つなぎ融資は交付決定のあとです。")
    tests = Candidate("equipment-tests", LAB, "3", 0.8, 2, None, "",
                      [EntryHit("EQ001", "equipment", 1.0, "落下試験機", "1時間1,900円"),
                       EntryHit("EX001", "example", 0.4, "落下で外れた例", "爪を厚くした")], [])
    advice = Candidate("tech-consultation", LAB, "3", 0.6, 2)
    return [[subsidy, loan], [tests, advice]]


def proposal(text: str, **more: Any) -> Proposal:
    """Return the proposal for a text that holds both places (``scene.WORDS``)."""
    first, second = candidates()
    spans = [(text.find(words), text.find(words) + len(words)) for words in (MONEY, DROP)]
    miss = NearMiss("試作実証補助", "rd-subsidy", CENTER, "theme", "水質計だけの計画は対象外。")
    needs = [ProposedNeed(1, "仕入れの資金", "2", [spans[0]], first, [miss]),
             ProposedNeed(2, "落下試験", "3", [spans[1]], second, [])]  # fmt: skip
    values: dict[str, Any] = {
        "kind": "route", "field": "A", "stages": ["2", "3"], "needs": needs, "supports": first + second,
        "near_misses": [miss], "questions": [ORDERED, SIZE],
        "clashes": [Clash("先に注文すると、助成を受けられません", "交付決定より前の費用は対象外です。")],
        "path": [PathStep("3", "12月", ["試験"]), PathStep("2", "来年4月", ["申込み"])], "outside": [],
        "analysis": Analysis("A", ["2", "3"], [], [], [], [], [Mark(*spans[0], 1), Mark(*spans[1], 2)]),
    }  # fmt: skip
    return Proposal(**values | more)
