"""Scores: the strongest cue counts most, overlaps once, sayings by nearness; ties fall by code."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching import vectors
from renkei.matching.cues import lexicon
from renkei.matching.reading import read
from renkei.matching.scoring import LIKENESS, Fit, Sayings, cues_met, fits

NO_SAYINGS = Sayings({})


@pytest.fixture(autouse=True)
def without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "table", lambda: None)


def scored(cues: dict[str, dict[str, list[str]]], text: str, votes: dict[str, float] | None = None) -> list[Fit]:
    clauses = read(text, lexicon(cues))
    return fits(clauses, NO_SAYINGS.of(clauses), list(cues), votes or {})


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
    assert [(fit.code, fit.score, fit.by_clause) for fit in fits([], [], ["a"], {})] == [("a", 0.0, [])]


@pytest.mark.parametrize(
    ("count", "told"), [(0, 0.0), (1, 1.5), (2, 1.5 * (1 + 0.62)), (3, 1.5 * (1 + 0.62 + 0.62**2))]
)
def test_each_further_cue_counts_less(count: int, told: float) -> None:
    [one] = scored({"a": {"words": ["測定", "出展", "特許"]}}, "".join(["測定、", "出展、", "特許、"][:count]) or "何も。")
    assert one.told == pytest.approx(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("契約は要らない。", -0.6 * 1.5),
        ("契約したい。", 1.25 * 1.5),
        ("まず契約。", 1.2 * 1.5),
        ("いずれ契約。", 0.72 * 1.5),
        ("契約。契約。", 1.5 * (1 + 0.62)),
        ("契約。契約は要らない。", 1.5 - 0.6 * 1.5),
    ],
)
def test_a_clause_counts_by_its_weight(text: str, told: float) -> None:
    assert scored({"a": {"words": ["契約"]}}, text)[0].told == pytest.approx(told)


def test_cues_against_count_no_more_than_twice() -> None:
    [one] = scored({"a": {"against": ["融資", "借入", "保証", "返済"]}}, "融資、借入、保証、返済。")
    assert one.told == pytest.approx(-4.0)


def test_what_a_clause_tells_stands_by_its_number() -> None:
    [one] = scored({"a": {"words": ["測定"], "strong": ["出展"]}}, "挨拶。測定。出展したい。")
    assert one.by_clause == pytest.approx([0.0, 1.5, 3.0 * 1.25])


def test_hits_of_others_are_not_taken() -> None:
    found = {fit.code: [hit.code for hit in fit.hits] for fit in scored({"a": {"words": ["測定"]}, "b": {"words": ["出展"]}}, "測定と出展")}
    assert found == {"a": ["a"], "b": ["b"]}


def test_a_score_below_nought_is_not_turned_by_its_place() -> None:
    [one] = scored({"a": {"against": ["融資"]}}, "融資。")
    assert one.score == one.told == pytest.approx(-2.0)


def test_a_code_that_is_not_asked_for_gets_no_score() -> None:
    cues = {"a": {"words": ["測定"]}, "b": {"words": ["測定"]}}
    clauses = read("測定", lexicon(cues))
    assert [fit.code for fit in fits(clauses, NO_SAYINGS.of(clauses), ["a"], {"b": 9.0})] == ["a"]


def test_sayings_are_compared_clause_by_clause() -> None:
    sayings = Sayings({"tests": ["部品の強度を測ってほしい。"], "loan": ["入金まで資金を借りたい。"]})
    clauses = read("強度を測ってほしい。資金を借りたい。", lexicon({}))
    both = fits(clauses, sayings.of(clauses), ["tests", "loan"], {})
    by_clause = {fit.code: [value > 0 for value in fit.by_clause] for fit in both}
    assert by_clause == {"tests": [True, False], "loan": [False, True]}


def test_a_saying_repeated_word_for_word_is_as_near_as_can_be() -> None:
    sayings = Sayings({"tests": ["部品の強度を測ってほしい。"], "loan": ["入金まで資金を借りたい。"]})
    assert sayings.nearness("部品の強度を測ってほしい。") == {"tests": pytest.approx(LIKENESS), "loan": 0.0}


def test_of_many_sayings_the_two_nearest_count() -> None:
    one = Sayings({"tests": ["強度の測定"], "loan": ["融資"]}).nearness("強度の測定")["tests"]
    two = Sayings({"tests": ["強度の測定", "売り先"], "loan": ["融資"]}).nearness("強度の測定")["tests"]
    three = Sayings({"tests": ["強度の測定", "売り先", "展示会"], "loan": ["融資"]}).nearness("強度の測定")["tests"]
    assert one > two == three > 0


@pytest.mark.parametrize("text", ["", "。", "\x00", "を、が。", "🦊🦊"])
def test_a_text_without_words_is_near_to_nothing(text: str) -> None:
    assert Sayings({"a": ["測定したい"]}).nearness(text) == {"a": 0.0}


CUES = {"a": {"strong": ["測定"], "words": ["出展"], "weak": ["特許"]}, "b": {"words": ["融資", "測定"]}, "c": {"against": ["出展"]}}
TOLD = st.lists(st.sampled_from(["測定。", "出展したい。", "まず特許。", "いずれ融資。", "測定は要らない。", "挨拶。"]), max_size=6)


@settings(max_examples=50)
@given(TOLD, st.sampled_from(["測定。", "出展。", "特許。"]))
def test_a_matching_word_added_never_lowers_what_is_told(told: list[str], word: str) -> None:
    before = {fit.code: fit for fit in scored(CUES, "".join(told))}
    after = {fit.code: fit for fit in scored(CUES, "".join([*told, word]))}
    assert after["a"].told >= before["a"].told
    assert after["a"].score >= before["a"].score - 1e-9
    assert len(after["a"].hits) > len(before["a"].hits)


@settings(max_examples=50)
@given(TOLD, st.permutations(list(CUES)))
def test_the_order_of_the_codes_does_not_matter(told: list[str], order: list[str]) -> None:
    clauses = read("".join(told), lexicon(CUES))
    votes = {"b": 0.25}
    assert fits(clauses, NO_SAYINGS.of(clauses), order, votes) == fits(clauses, NO_SAYINGS.of(clauses), list(CUES), votes)


@settings(max_examples=50)
@given(TOLD, st.floats(0, 3), st.floats(0, 3))
def test_a_larger_vote_never_lowers_the_score(told: list[str], one: float, other: float) -> None:
    less, more = sorted((one, other))
    low, high = (scored({"a": CUES["a"]}, "".join(told), {"a": vote})[0] for vote in (less, more))
    assert high.score >= low.score
    assert high.told == low.told


@settings(max_examples=30)
@given(TOLD)
def test_scores_fall_and_are_finite(told: list[str]) -> None:
    found = scored(CUES, "".join(told))
    assert [fit.score for fit in found] == sorted((fit.score for fit in found), reverse=True)
    assert all(math.isfinite(fit.score) for fit in found)
    assert {fit.code for fit in found} == set(CUES)


@given(values=st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1, 1, width=32)), min_size=1, max_size=12))
@settings(max_examples=60)
def test_the_three_nearest_sayings_of_each_code_are_meant_the_furthest_again_where_there_are_fewer(values: list[tuple[str, float]]) -> None:
    listed: dict[str, list[str]] = {code: [] for code in "abcd"}
    for number, (code, _value) in enumerate(values):
        listed[code].append(f"文{number}")
    sayings = Sayings(listed)
    given_ = [value for code in "abcd" for own, value in values if own == code]
    found = sayings._by_code(np.array(given_, dtype=np.float32))
    for number, code in enumerate(sayings.codes):
        nearest = sorted((np.float32(value) for own, value in values if own == code), reverse=True)[:3]
        nearest += nearest[-1:] * (3 - len(nearest))
        assert found[number] == pytest.approx(sum(nearest) / 3 if nearest else 0.0, abs=1e-6)


@given(st.lists(st.sampled_from(["共同研究", "特許ではない", "補助", "融資。", "測定", "、", "何も"]), max_size=8))
@settings(max_examples=40)
def test_what_the_cues_say_is_told_for_each_code_as_if_it_were_alone(told: list[str]) -> None:
    known = lexicon({
        "a": {"strong": ["共同研究"], "words": ["研究", "特許"], "against": ["融資"]}, "b": {"words": ["特許", "補助"]},
        "c": {"weak": ["測定"], "against": ["補助"]}, "d": {"words": ["出展"]},
    })  # fmt: skip
    clauses = read("".join(told), known)
    found = cues_met(clauses)
    assert set(found) == {hit.code for clause in clauses for hit in clause.hits}
    for code in found:
        alone = [replace(clause, hits=tuple(hit for hit in clause.hits if hit.code == code), weight=1.0) for clause in clauses]
        assert found[code] == max(0.0, fits(alone, NO_SAYINGS.of(alone), [code], {})[0].told)
