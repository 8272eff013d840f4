"""Words that tell something, and words that most texts or most entries have."""

from __future__ import annotations

import pytest

from renkei.matching import telling as subject
from renkei.matching import vectors
from renkei.matching.telling import MANY, as_said, is_weak, says_something, telling, telling_or_all
from renkei.matching.words import words


def told(text: str, **often: float) -> list[str]:
    return [unit.surface for unit in telling(words(text), often)]


@pytest.mark.parametrize("word", ["方法", "資料", "品", "こと", "必要", "使う", "新しい", "対応", "mm", "作る", "場合", "会社", "装置", "機械", "安全", "部品", "開発", "費用", "古い", "深い", "弱い"])
def test_words_of_every_office_tell_nothing(word: str) -> None:
    assert told(word) == []


@pytest.mark.parametrize("word", ["めっき", "腐食", "樹脂", "検査", "補助", "耐火", "割れる", "測る", "サビ", "輸出"])
def test_words_of_a_trade_tell_something(word: str) -> None:
    assert told(word) == [word]


def test_a_piece_of_a_word_tells_nothing() -> None:
    assert told("不良品の検査費") == ["不良", "検査"]
    assert told("再検査") == ["検査"]


def test_what_many_entries_have_tells_nothing_there_and_something_elsewhere() -> None:
    assert told("樹脂の検査", 樹脂=MANY, 検査=MANY - 0.01) == ["検査"]
    assert told("樹脂の検査") == ["樹脂", "検査"]


def test_what_is_common_in_all_text_tells_nothing_though_no_list_names_it() -> None:
    word = "写真"
    assert is_weak(word) == (vectors.table() is not None)


def test_without_word_vectors_the_list_and_the_catalogue_still_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject.vectors, "table", lambda: None)
    assert (is_weak("方法"), is_weak("写真"), is_weak("写真", MANY)) == (True, False, True)


def test_somebody_who_types_only_common_words_gets_them_as_reasons() -> None:
    assert [unit.surface for unit in telling_or_all(words("資料の方法"), {})] == ["資料", "方法"]
    assert [unit.surface for unit in telling_or_all(words("資料の輸出"), {})] == ["輸出"]


@pytest.mark.parametrize(("said", "expected"), [("分からない", False), ("原因が分からない", True), ("方法", False), ("めっき", True), ("べたべた", True), ("、", True)])
def test_a_cue_is_named_when_it_says_more_than_every_text(said: str, expected: bool) -> None:
    text = f"これは{said}です。"
    assert says_something(text, [(3, 3 + len(said))]) is expected


def test_a_cue_of_several_words_says_something_though_each_is_common() -> None:
    text = "作る方法"
    assert says_something(text, [(0, 2), (2, 4)])


@pytest.mark.parametrize(
    ("text", "met", "said"),
    [
        ("表面処理で直せないか。", "直せ", "直せない"), ("厚さを測っています", "測っ", "測って"), ("膜厚を測りました", "測り", "測りました"), ("測れば分かる", "測れ", "測れば"),
        ("歪んでしまった", "歪ん", "歪んで"), ("黒くて困る", "黒く", "黒くて"), ("錆びるので", "錆びる", "錆びる"), ("測り、削る", "測り", "測り"), ("直せ。", "直せ", "直せ"),
        ("表面処理で直す", "処理", "処理"), ("膜厚を測った", "測っ", "測った"), ("測っ", "測っ", "測っ"), ("錆びるでしょう", "錆びる", "錆びる"),
    ],
)  # fmt: skip
def test_a_word_is_named_with_the_ending_it_has_in_the_text(text: str, met: str, said: str) -> None:
    at = text.index(met)
    assert as_said(text, at, at + len(met)) == said


def test_an_ending_is_read_where_the_word_stands_in_a_long_text() -> None:
    text = "測る。" * 2_000 + "測っていました"
    assert as_said(text, len(text) - 7, len(text) - 5) == "測って"
