"""Scores: the strongest cue counts most, overlaps once, sayings by nearness; ties fall by code."""

from __future__ import annotations

import pytest

from renkei.matching import vectors
from renkei.matching.cues import lexicon
from renkei.matching.reading import read
from renkei.matching.scoring import Fit, Sayings, fits

NO_SAYINGS = Sayings({})


@pytest.fixture(autouse=True)
def without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "table", lambda: None)


def scored(cues: dict[str, dict[str, list[str]]], text: str, votes: dict[str, float] | None = None) -> list[Fit]:
    return fits(read(text, lexicon(cues)), NO_SAYINGS, list(cues), votes or {})


def test_overlapping_cues_count_once_and_further_ones_less() -> None:
    [one] = scored({"a": {"strong": ["共同研究"], "words": ["研究", "特許"]}}, "特許、共同研究。")
    assert one.told == pytest.approx(3.0 + 1.5 * 0.62)
    assert len(one.hits) == 3


def test_what_comes_first_in_the_text_counts_more() -> None:
    cues = {"b": {"strong": ["出展"]}, "a": {"strong": ["測定"]}}
    assert [fit.code for fit in scored(cues, "測定。それから出展。")] == ["a", "b"]
    assert [fit.code for fit in scored(cues, "出展。それから測定。")] == ["b", "a"]


def test_ties_fall_by_code() -> None:
    assert [fit.code for fit in scored({"b": {}, "a": {}}, "何も当たらない。")] == ["a", "b"]


def test_cues_against_count_less_beside_a_strong_one() -> None:
    [alone] = scored({"a": {"words": ["補助"], "against": ["融資"]}}, "補助と融資。")
    [strong] = scored({"a": {"strong": ["補助"], "against": ["融資"]}}, "補助と融資。")
    assert alone.told == pytest.approx(1.5 - 2.0)
    assert strong.told == pytest.approx(3.0 - 0.8)


def test_votes_change_the_score_and_not_what_the_text_told() -> None:
    [one] = scored({"a": {}}, "何も。", {"a": 1.0})
    assert (one.told, one.score > 0) == (0.0, True)


def test_sayings_find_their_owner_without_a_shared_cue() -> None:
    sayings = Sayings({"loan": ["入金まで資金を借りたい。"], "tests": ["部品の強度を測ってほしい。"]})
    near = sayings.nearness("強度の測定をお願いしたい。")
    assert near["tests"] > near["loan"] == 0.0


def test_no_sayings_no_nearness() -> None:
    assert NO_SAYINGS.nearness("何か") == {}


def test_an_empty_text_scores_nothing() -> None:
    assert [(fit.code, fit.score, fit.by_clause) for fit in fits([], NO_SAYINGS, ["a"], {})] == [("a", 0.0, [])]
