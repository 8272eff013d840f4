"""Cues: met as written and in normal form, both parts of a pair, weighed by how many share them."""

from __future__ import annotations

import pytest

from renkei.matching.cues import lexicon, word_lexicon
from renkei.matching.words import sentences


def met(cue: str, text: str) -> list[str]:
    """Return the parts of the text a cue is met in."""
    found = lexicon({"x": {"strong": [cue]}})
    return [text[a:b] for one in sentences(text) for hit in found.hits(one) for a, b in hit.spans]


@pytest.mark.parametrize(
    ("cue", "text", "places"),
    [
        ("測ってほしい", "厚さを測っていただけますか", ["測っていただけ"]),
        ("測ってほしい", "厚さを測って下さい", ["測って下さい"]),
        ("装置を借りる", "装置をお借りしたい", ["装置をお借り"]),
        ("原因が分からない", "原因がわかりません", ["原因がわかりません"]),
        ("EMC", "ＥＭＣの試験", ["ＥＭＣ"]),
        ("ランプ", "ﾗﾝﾌﾟがつかない", ["ﾗﾝﾌﾟ"]),
        ("開発+補助", "開発の費用の補助", ["開発", "補助"]),
        ("開発+補助", "開発した。補助がほしい。", []),
        ("剥がれる", "塗膜がはがれた", ["はがれ"]),
        ("何でできているか", "何か手はないか", []),
        ("測ってほしい", "測る話ではない", []),
    ],
)
def test_a_cue_is_met(cue: str, text: str, places: list[str]) -> None:
    assert met(cue, text) == places


def test_a_cue_of_many_owners_weighs_less() -> None:
    found = lexicon({"a": {"words": ["契約", "特許"]}, "b": {"words": ["契約"]}})
    weights = {(hit.code, hit.spans): round(hit.weight, 3) for hit in found.hits(sentences("契約と特許")[0])}
    assert weights == {("a", ((0, 2),)): 1.154, ("b", ((0, 2),)): 1.154, ("a", ((3, 5),)): 1.5}


def test_a_cue_against_keeps_its_full_weight() -> None:
    found = lexicon({"a": {"against": ["融資"]}, "b": {"strong": ["融資"]}})
    assert sorted((hit.code, hit.weight) for hit in found.hits(sentences("融資")[0])) == [("a", -2.0), ("b", 3.0)]


def test_plain_word_lists_weigh_one() -> None:
    found = word_lexicon({"lab": ["めっき"], "center": ["基板"]})
    assert [(hit.code, hit.weight) for hit in found.hits(sentences("メッキと基板")[0])] == [("lab", 1.0), ("center", 1.0)]


def test_no_cues_no_hits() -> None:
    assert lexicon({}).hits(sentences("めっき")[0]) == []
